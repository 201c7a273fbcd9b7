import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Danger, worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import { readFile } from '../../../src/languages/file/read-file.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const context = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };
const judge = (action: unknown): Danger =>
  worstDanger(
    readFile(
      { kind: 'file', bytes: new TextEncoder().encode(typeof action === 'string' ? action : JSON.stringify(action)) },
      context,
    ).effects,
  );

test('file actions by what they touch', () => {
  for (const [action, want] of [
    [{ op: 'read', path: 'src/a.ts' }, 'harmless'],
    [{ op: 'read', path: '/home/u/.ssh/id_ed25519' }, 'destructive'],
    [{ op: 'read', path: '.env.example' }, 'harmless'],
    [{ op: 'write', path: 'src/a.ts', content: 'fs.rmSync(tmp)' }, 'harmless'],
    [{ op: 'write', path: 'x.sh', content: 'rm -rf ~' }, 'destructive'],
    [{ op: 'write', path: 'tests/x.test.ts', content: "execSync('rm -rf ~')" }, 'harmless'],
    [{ op: 'write', path: '.claude/settings.json', content: '{}' }, 'destructive'],
    [{ op: 'write', path: '/etc/passwd', content: '' }, 'destructive'],
    [{ op: 'delete', path: 'src/a.ts' }, 'destructive'],
    [{ op: 'delete', path: 'dist/a.js' }, 'harmless'],
    [{ op: 'delete', path: '/tmp/x/y.md' }, 'harmless'],
  ] as const) {
    assert.equal(judge(action), want, JSON.stringify(action));
  }
});

test('what is no file action is opaque', () => {
  for (const action of [
    '',
    '{',
    '[]',
    'null',
    '{"op":"read"}',
    '{"op":"move","path":"a"}',
    '{"op":"read","op":"delete","path":"a"}',
    '{"op":"read","path":""}',
  ])
    assert.equal(judge(action), 'opaque', action);
});
