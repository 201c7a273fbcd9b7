import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeTaskMemory } from '../../../src/adapters/task-memory/task-memory.ts';

const dir = mkdtempSync(join(tmpdir(), 'task-memory-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function fresh(name: string): string {
  const path = join(mkdtempSync(join(dir, 'case-')), name);
  writeFileSync(path, 'x');
  return path;
}

test('what was there before the attempt was not made by it', () => {
  const memory = makeTaskMemory();
  const path = fresh('a');
  memory.noteCreated('t', path, Date.now() + 60_000);
  assert.equal(memory.wasCreated('t', path), false);
  memory.noteCreated('t', path, Date.now() - 60_000);
  assert.equal(memory.wasCreated('t', path), true);
  assert.equal(memory.wasCreated('other', path), false);
});

test('names lead to the same file through links, and nothing else is noted', () => {
  const memory = makeTaskMemory();
  const path = fresh('a');
  const alias = join(mkdtempSync(join(dir, 'case-')), 'alias');
  symlinkSync(join(path, '..'), alias);
  memory.noteCreated('t', join(alias, 'a'));
  assert.equal(memory.wasCreated('t', path), true);
  const folder = join(alias, 'folder');
  mkdirSync(folder);
  for (const odd of [folder, 'relative', '', '/a\0b', join(alias, 'gone')]) {
    memory.noteCreated('t', odd);
    assert.equal(memory.wasCreated('t', odd), false, odd);
  }
});

test('kept over a restart, bounded, and patient with a damaged file', () => {
  const file = join(mkdtempSync(join(dir, 'case-')), 'notes');
  const paths = ['a', 'b', 'c'].map(fresh);
  const first = makeTaskMemory({ file });
  for (const path of paths) first.noteCreated('t', path);
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"cut sho`);
  const second = makeTaskMemory({ file, maxFilesPerTask: 2 });
  assert.deepEqual(
    paths.map((path) => second.wasCreated('t', path)),
    [false, true, true],
  );
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 2);
  const crowded = makeTaskMemory({ maxTasks: 1 });
  crowded.noteCreated('one', paths[0] ?? '');
  crowded.noteCreated('two', paths[1] ?? '');
  assert.deepEqual(
    [crowded.wasCreated('one', paths[0] ?? ''), crowded.wasCreated('two', paths[1] ?? '')],
    [false, true],
  );
});
