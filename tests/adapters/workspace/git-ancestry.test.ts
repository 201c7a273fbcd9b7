import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { realFiles } from '../../../src/adapters/workspace/bounded-files.ts';
import { gitAncestryOf } from '../../../src/adapters/workspace/git-ancestry.ts';
import { Fixture, needsGit } from './fixture.ts';

const plenty = { spent: () => undefined };

test('knows the ancestors that git knows', needsGit, async () => {
  const f = new Fixture();
  f.git('init', '-q', '-b', 'main');
  const oids: string[] = [];
  const commit = (...parents: string[]): void => {
    const tree = f.git('write-tree').trim();
    const args = parents.flatMap((parent) => ['-p', parent]);
    oids.push(f.git('commit-tree', tree, ...args, '-m', `c${oids.length}`).trim());
  };
  commit();
  // A history with merges, two roots, and a fork.
  commit(oids[0] ?? '');
  commit(oids[0] ?? '');
  commit(oids[1] ?? '', oids[2] ?? '');
  commit();
  commit(oids[3] ?? '', oids[4] ?? '');
  commit(oids[2] ?? '');
  f.git('update-ref', 'refs/heads/main', oids[5] ?? '');
  f.git('update-ref', 'refs/heads/fork', oids[6] ?? '');
  f.git('repack', '-adq');
  let ancestors = 0;
  for (const from of oids)
    for (const to of oids) {
      const said = spawnSync('git', ['-C', f.root, 'merge-base', '--is-ancestor', from, to]).status === 0;
      const answer = await gitAncestryOf(realFiles, [f.root, from, to], plenty);
      assert.deepEqual(answer, { known: { isAncestor: said } }, `${from} ${to}`);
      if (said) ancestors += 1;
    }
  assert.ok(ancestors > oids.length && ancestors < oids.length ** 2);
});

test('what cannot be read is unknown', needsGit, async () => {
  const f = new Fixture();
  f.git('init', '-q');
  const absent = 'a'.repeat(40);
  for (const [path, says] of [
    [[f.root, absent, 'b'.repeat(40)], /not in the repository/],
    [[f.root, 'main', absent], /not the name/],
    [['', absent, absent], /workspace/],
    [['/', absent, absent], /not in a git repository/],
  ] as const) {
    const answer = await gitAncestryOf(realFiles, path, plenty);
    assert.ok('unknown' in answer && says.test(answer.unknown), JSON.stringify(answer));
  }
  assert.deepEqual(await gitAncestryOf(realFiles, [f.root, absent, 'b'.repeat(40)], { spent: () => 'too slow' }), {
    unknown: 'too slow',
  });
});
