import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { renderCard } from '../../../src/apps/cli/render-card.ts';
import type { Card } from '../../../src/core/card.ts';

const BASE: Card = {
  sentence: 'deletes the volume `data` with everything in it',
  environment: 'production',
  targets: ['destroy railway volume v1 (1)'],
  checks: [{ mark: '✗', text: `backups: 3, ${'all inside what would be deleted, '.repeat(6)}and so on` }],
  reversal: 'cannot be undone',
  safeguards: [],
  rules: [{ rule: 'floor/destructive', reason: 'deletes volume v1; that cannot be undone' }],
  asks: 'agent for ada, task t, in /w, by the hook door',
  statedPurpose: 'tidying up',
  action: { before: 'cd /w && ', danger: 'rm -rf data', after: ' && ls' },
  fits: true,
};
const cells = (line: string): number =>
  [...line].reduce((sum, char) => sum + (/[\u4e00-\u9fff]/.test(char) ? 2 : 1), 0);

const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', '漢', '-', 'é'), minLength: 1, maxLength: 90 });
const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));

test('no line is wider than the terminal, and nothing but blanks is lost', () => {
  fc.assert(
    fc.property(text, text, text, fc.integer({ min: 40, max: 120 }), fc.boolean(), (a, b, c, width, color) => {
      const card: Card = { ...BASE, sentence: a, action: { before: `${a} `, danger: b, after: ` ${c}` }, asks: c };
      const shown = stripVTControlCharacters(renderCard(card, { color, width }));
      for (const line of shown.split('\n')) assert.ok(cells(line) <= width, `${cells(line)} cells: ${line}`);
      const solid = shown.replaceAll(/\s/g, '');
      const action = color ? `${a}${b}${c}` : `${a}»${b}«${c}`;
      for (const whole of [a, action, c]) assert.ok(solid.includes(whole.replaceAll(' ', '')), whole);
    }),
  );
});

test('only the dangerous part is inverse, on every line that it takes, and never the label', () => {
  const danger = Array.from({ length: 30 }, (_, i) => `/srv/data-${i}`).join(' ');
  const card: Card = { ...BASE, action: { before: 'rm -rf ', danger, after: ' && echo done' } };
  const shown = renderCard(card, { color: true, width: 80 });
  const [, ...opened] = shown.split('\u001b[7m');
  const inverse = opened.map((from) => from.slice(0, from.indexOf('\u001b[27m')));
  assert.ok(inverse.length > 1);
  assert.equal(inverse.join(' ').replaceAll(/ +/g, ' ').trim(), danger);
  for (const line of shown.split('\n')) assert.equal(line.split('\u001b[7m').length, line.split('\u001b[27m').length);
});

test('without colours the dangerous part stands between marks', () => {
  assert.ok(renderCard(BASE, { color: false, width: 100 }).includes('cd /w && »rm -rf data« && ls'));
});

test('lines of one check stand below its text, not below its mark', () => {
  const lines = renderCard(BASE, { color: false, width: 80 }).split('\n');
  const at = lines.findIndex((line) => line.includes('✗'));
  assert.match(lines[at] ?? '', /^checked {7}✗ backups/);
  assert.match(lines[at + 1] ?? '', /^ {16}\S/);
});
