import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import { readProgram } from '../../../src/languages/programs/read-program.ts';
import { type Grammar, PROGRAM_LIMITS, parseProgram } from '../../../src/languages/programs/syntax.ts';
import type { Machine } from '../../../src/languages/shell/machine.ts';
import { collector, newScope } from '../../../src/languages/shell/machine.ts';
import { loadPrograms } from '../../program-parser.ts';

test('until the parser is loaded every program is opaque', () => {
  assert.deepEqual(parseProgram('print(1)', 'python'), { ok: false, why: 'the parser of programs is not loaded' });
});

test('each grammar fits its language', async () => {
  await loadPrograms();
  const texts: Readonly<Record<Grammar, string>> = {
    python: 'print(1)',
    javascript: 'console.log(1)',
    typescript: 'const a: number = <number>1',
    tsx: 'const a = <b>{1 as number}</b>',
    ruby: 'puts 1',
    php: '<?php echo 1;',
  };
  for (const [grammar, text] of Object.entries(texts)) {
    const parsed = parseProgram(text, grammar as Grammar);
    assert.ok(parsed.ok && !parsed.broken, grammar);
  }
});

test('what is too long, too deep or has too many parts is refused with the reason', async () => {
  await loadPrograms();
  const cases: readonly (readonly [string, RegExp])[] = [
    ['#'.repeat(PROGRAM_LIMITS.chars + 1), /longer than/],
    [`${'('.repeat(2_000)}1${')'.repeat(2_000)}`, /deeper than/],
    ['1\n'.repeat(100_000), /more than/],
  ];
  for (const [text, why] of cases) {
    const parsed = parseProgram(text, 'python');
    assert.ok(!parsed.ok && why.test(parsed.why), JSON.stringify(parsed).slice(0, 200));
  }
});

test('a program that is refused is opaque, and later ones are read', async () => {
  await loadPrograms();
  const effects: string[] = [];
  const context = { workspace: '', cwd: '', fact: () => unknown('text alone') };
  const machine = {
    ...collector(context),
    context,
    readers: {},
    span: undefined,
    nested: true,
    run: () => '',
    script: () => '',
    walk: () => '',
    walkNode: () => '',
  } as Machine & { full: boolean };
  readProgram(`${'('.repeat(2_000)}1${')'.repeat(2_000)}`, 'python', newScope(''), machine);
  effects.push(worstDanger(machine.effects));
  machine.effects.length = 0;
  readProgram('print(1)', 'python', newScope(''), machine);
  effects.push(worstDanger(machine.effects));
  assert.deepEqual(effects, ['opaque', 'harmless']);
});

test('a tangle of names is opaque and not endless', async () => {
  await loadPrograms();
  const names = Array.from({ length: 400 }, (_, n) => `f${n}`);
  const text = names
    .map(
      (name) =>
        `${name} = [${names
          .map((other) => `${other}(${other})`)
          .slice(0, 60)
          .join(', ')}]`,
    )
    .join('\n');
  const context = { workspace: '', cwd: '', fact: () => unknown('text alone') };
  const machine = {
    ...collector(context),
    context,
    readers: {},
    span: undefined,
    nested: true,
    run: () => '',
    script: () => '',
    walk: () => '',
    walkNode: () => '',
  } as Machine & { full: boolean };
  readProgram(text, 'python', newScope(''), machine);
  assert.notEqual(worstDanger(machine.effects), 'harmless');
});
