import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realFiles } from '../../../src/adapters/workspace/bounded-files.ts';
import { gitDifferenceOf } from '../../../src/adapters/workspace/git-difference.ts';
import { Fixture, needsGit } from './fixture.ts';

const plenty = { spent: () => undefined };
const PLACES = ['.github/workflows', '.gitlab-ci.yml', 'absent/place'];

function repository(): { readonly f: Fixture; commit(files: Readonly<Record<string, string | undefined>>): string } {
  const f = new Fixture();
  f.git('init', '-q', '-b', 'main');
  const commit = (files: Readonly<Record<string, string | undefined>>): string => {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(f.root, name);
      mkdirSync(path.dirname(file), { recursive: true });
      if (text === undefined) rmSync(file);
      else writeFileSync(file, text);
    }
    f.git('add', '-A');
    f.git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-q', '-m', 'c');
    return f.git('rev-parse', 'HEAD').trim();
  };
  return { f, commit };
}

test('says which places differ between two commits', needsGit, async () => {
  const { f, commit } = repository();
  const first = commit({ 'a.txt': '1', '.github/workflows/ci.yml': 'on: push' });
  const second = commit({ 'a.txt': '2' });
  const third = commit({ '.github/workflows/ci.yml': 'on: [push]', '.gitlab-ci.yml': 'x: {}' });
  const fourth = commit({ '.gitlab-ci.yml': undefined });
  f.git('repack', '-adq');
  for (const [older, newer, changed] of [
    [first, second, []],
    [first, third, ['.github/workflows', '.gitlab-ci.yml']],
    [third, fourth, ['.gitlab-ci.yml']],
    [second, 'main', ['.github/workflows']],
    [second, '', ['.github/workflows']],
  ] as const)
    assert.deepEqual(await gitDifferenceOf(realFiles, [f.root, older, newer, ...PLACES], plenty), {
      known: { changed: [...changed] },
    });
});

test('compares with what remote-tracking refs name, loose and packed', needsGit, async () => {
  const { f, commit } = repository();
  const first = commit({ '.github/workflows/ci.yml': 'on: push' });
  const asked = (newer: string) => gitDifferenceOf(realFiles, [f.root, '', newer, ...PLACES], plenty);
  assert.deepEqual(await asked(''), { known: { changed: ['.github/workflows'] } }, 'nothing was pushed yet');
  f.git('update-ref', 'refs/remotes/origin/main', first);
  commit({ 'a.txt': '1' });
  assert.deepEqual(await asked(''), { known: { changed: [] } });
  f.git('pack-refs', '--all');
  assert.deepEqual(await asked('main'), { known: { changed: [] } });
  commit({ '.github/workflows/more.yml': 'on: push' });
  assert.deepEqual(await asked('refs/heads/main'), { known: { changed: ['.github/workflows'] } });
  // Gone is nothing that could run.
  commit({ '.github/workflows/more.yml': undefined, '.github/workflows/ci.yml': undefined });
  assert.deepEqual(await asked(''), { known: { changed: [] } });
});

test('what cannot be read is unknown', needsGit, async () => {
  const { f, commit } = repository();
  const first = commit({ 'a.txt': '1' });
  for (const [older, newer] of [
    ['a'.repeat(40), first],
    [first, 'a'.repeat(40)],
    [first, 'nowhere'],
    [first, '../../x'],
  ] as const)
    assert.ok('unknown' in (await gitDifferenceOf(realFiles, [f.root, older, newer, ...PLACES], plenty)), newer);
  assert.ok('unknown' in (await gitDifferenceOf(realFiles, ['', first, first, ...PLACES], plenty)));
  assert.deepEqual(await gitDifferenceOf(realFiles, [f.root, first, first, ...PLACES], { spent: () => 'too slow' }), {
    unknown: 'too slow',
  });
});
