import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { runExplain } from '../../../src/apps/cli/explain.ts';
import type { Io } from '../../../src/apps/cli/io.ts';
import { underlined } from '../../../src/apps/cli/underline.ts';
import { findPaths } from '../../../src/apps/paths.ts';
import { allReaders } from '../../../src/apps/readers.ts';
import { openJudge, workspaceOf } from '../../../src/apps/wire.ts';
import { unknown } from '../../../src/core/tri.ts';
import { newTrace } from '../../../src/languages/trace.ts';
import { mutated } from '../../fuzz/shell-fuzz.ts';

const read = await allReaders();
const { judge, close } = await openJudge(findPaths({ HOME: '/nonexistent' }), () => undefined);
after(close);
let work: string;
before(() => {
  work = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-explain-')));
  mkdirSync(path.join(work, '.git'));
  writeFileSync(path.join(work, 'clean.sh'), '#!/bin/sh\nls\nrm -f only.txt\n');
  writeFileSync(path.join(work, 'only.txt'), 'exists nowhere else');
});
after(() => rmSync(work, { recursive: true, force: true }));

async function explain(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: '', err: '' };
  const io: Io = {
    env: {},
    cwd: work,
    stdin: process.stdin,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    interactive: false,
    outIsTerminal: false,
  };
  const code = await runExplain(args, io, { judge, read, workspaceOf, person: 'ada' });
  return { code, ...said };
}

test('a script: what runs what, which characters, what was asked, which rule', async () => {
  const { code, out } = await explain('cd . && sudo ./clean.sh');
  assert.equal(code, 10);
  assert.ok(
    out.startsWith(
      ['hold', '', ' 1 │ cd . && sudo ./clean.sh', '   │         ^~~~~~~~~~~~~~~ 1', '', '1. deletes '].join('\n'),
    ),
    out,
  );
  assert.match(out, /hold by floor\/destructive: deletes .*only\.txt/);
  assert.ok(
    out.includes(
      [
        '  sudo ./clean.sh',
        '    ./clean.sh',
        '      text that is run:',
        '         1 │ #!/bin/sh',
        '         2 │ ls',
        '         3 │ rm -f only.txt',
        '           │ ^~~~~~~~~~~~~~ 1',
      ].join('\n'),
    ),
    out,
  );
  assert.match(out, /\nasked\n[\s\S]*✗ .*only\.txt/);
});

test('what only the running shell knows is named, and harmless commands have nothing to answer for', async () => {
  const { code, out } = await explain('rm -rf "$DIR/x"');
  assert.equal(code, 10);
  assert.match(out, /only the running shell knows: …\/x/);
  const quiet = await explain('ls | wc -l');
  assert.equal(quiet.code, 0);
  assert.match(quiet.out, /^allow\n[\s\S]*no effect to speak of[\s\S]*what runs what\n {2}ls\n {2}wc -l\n/);
});

test('what a container takes with it is said to be taken back', async () => {
  const { code, out } = await explain('docker run --rm x rm -rf /y');
  assert.equal(code, 0);
  assert.match(out, /rm -rf \/y\n +1 effect taken back/);
});

test('other kinds have no tree, and bad arguments are 64', async () => {
  const sql = await explain('--kind', 'sql', 'SELECT 1; DROP TABLE users');
  assert.equal(sql.code, 10);
  assert.match(sql.out, / {3}│ +\^~~~~~~~~~~~~~~~ \d/);
  assert.doesNotMatch(sql.out, /what runs what/);
  assert.equal((await explain()).code, 64);
  assert.match((await explain('a', 'b')).err, /holdpoint explain 'rm -rf build'/);
});

test('as JSON: the same tree with the places of its effects', async () => {
  const { code, out } = await explain('--json', "bash -c 'git push --force'");
  assert.equal(code, 10);
  interface Node {
    readonly what: string;
    readonly text: string;
    readonly span?: readonly [number, number];
    readonly effects: readonly number[];
    readonly runs: readonly Node[];
  }
  const view = JSON.parse(out) as {
    readonly verdict: string;
    readonly effects: readonly { readonly verb: string; readonly rules: readonly { readonly says: string }[] }[];
    readonly tree: Node;
  };
  const script = view.tree.runs[0]?.runs.at(-1);
  assert.deepEqual([script?.what, script?.text], ['script', 'git push --force']);
  const push = script?.runs[0];
  assert.deepEqual([push?.text, push?.span], ['git push --force', [0, 16]]);
  const says = push?.effects.flatMap((at) => view.effects[at]?.rules.map((rule) => rule.says) ?? []);
  assert.deepEqual([...new Set(says)], ['hold']);
});

test('marks lie below wide characters, tabs, controls and over lines', () => {
  const gutter = (line: number | undefined): string => (line === undefined ? '|' : `${line}`);
  const draw = (text: string, part: string, mostLines = 9): readonly string[] => {
    const from = text.indexOf(part);
    return underlined(text, [{ span: [from, from + part.length], label: 'x' }], { gutter, mostLines });
  };
  assert.deepEqual(draw('日本 rm a', 'rm a'), ['1日本 rm a', '|     ^~~~ x']);
  assert.deepEqual(draw('\trm a', 'rm a'), ['1        rm a', '|        ^~~~ x']);
  assert.deepEqual(draw('e\u0301 rm', 'rm'), ['1e\u0301 rm', '|  ^~ x']);
  assert.deepEqual(draw('a\u001bb rm', 'rm'), ['1a\\u{1b}b rm', '|         ^~ x']);
  assert.deepEqual(draw('😀 rm', 'rm'), ['1😀 rm', '|   ^~ x']);
  // A Cyrillic letter that imitates a Latin one is shown as what it is.
  assert.deepEqual(draw('p\u0430y rm', 'rm'), ['1p\\u{430}y rm', '|          ^~ x']);
  assert.deepEqual(draw('ls\nrm \\\n  a\nls', 'rm \\\n  a'), ['1ls', '2rm \\', '|^~~~', '3  a', '|~~~ x', '4ls']);
  assert.deepEqual(draw('a\nb\nc\nrm\nd', 'rm', 2), ['|… 3 lines', '4rm', '|^~ x', '|… 1 line']);
});

test('a traced reading is the reading', () => {
  const context = { workspace: '/w', cwd: '/w', fact: () => unknown('nobody knows') };
  fc.assert(
    fc.property(fc.nat(1_000_000), (seed) => {
      const text = mutated(seed).toWellFormed();
      const action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: '/w' } as const;
      assert.deepEqual(read(action, { ...context, trace: newTrace(text) }), read(action, context));
    }),
    { numRuns: 1_000 },
  );
});
