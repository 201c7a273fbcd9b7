import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dangerIn, effectsIn, type SeenWorld } from './seen-world.ts';

const world: SeenWorld = {
  files: {
    '/w/precious': {},
    '/w/clean': { trackedAndClean: true, irreplaceable: [] },
    '/w/link': { type: 'symlink', linkTarget: '/w/precious', irreplaceable: [], regenerable: true },
    '/w/clean-link': { type: 'symlink', linkTarget: '/w/clean', irreplaceable: ['clean-link'] },
    '/w/dangling': { type: 'symlink' },
    '/w/nowhere': { type: 'symlink', regenerable: true },
    '/w/hooks': { type: 'symlink', linkTarget: '/home/u/.claude/settings.json', regenerable: true },
    '/w/folder': { type: 'symlink', linkTarget: '/srv/data', irreplaceable: [] },
    '/w/folder/': { type: 'directory', realPath: '/srv/data', insideWorkspace: false },
    '/srv/data': { type: 'directory', insideWorkspace: false },
    '/w/folder/../other': { realPath: '/srv/other', insideWorkspace: false },
    '/srv/other': { insideWorkspace: false },
    '/w/other': { trackedAndClean: true, irreplaceable: [] },
    '/w/*.txt': { realPath: '/w', trackedAndClean: true, irreplaceable: [] },
    '/w/[ab]?.md': { realPath: '/w', irreplaceable: ['a1.md'] },
    '/w/dir': { type: 'directory', trackedAndClean: true, irreplaceable: [] },
    '/w/dir/precious': {},
  },
};

for (const [command, danger] of [
  ['echo x > link', 'destructive'],
  [': > link', 'destructive'],
  ['truncate -s 0 link', 'destructive'],
  ['cp clean link', 'destructive'],
  ['date | tee link', 'destructive'],
  ['dd if=/dev/zero of=link', 'destructive'],
  ['echo x > clean-link', 'harmless'],
  ['echo x > nowhere', 'destructive'],
  ['rm link', 'harmless'],
  ['rm clean-link', 'harmless'],
  ['rm dangling', 'destructive'],
  ['echo {} > hooks', 'destructive'],
  ['echo {} >> hooks', 'destructive'],
  ['rm -rf folder', 'harmless'],
  ['rm -rf folder/', 'destructive'],
  ['rm -rf folder/../other', 'destructive'],
  ['rm -rf ./other', 'harmless'],
  ['rm *.txt', 'harmless'],
  ['rm [ab]?.md', 'destructive'],
  ['rm none*', 'harmless'],
  ['ln -s precious x; echo > x', 'destructive'],
  ['ln -s /w/precious sub/x && cd sub && : > x', 'destructive'],
  ['ln precious x; echo > x', 'destructive'],
  ['ln -s precious x; rm x', 'harmless'],
  ['ln -s / x; rm -rf x/home', 'destructive'],
  ['cp -s precious x; echo > x', 'destructive'],
  ['ln -s clean x; echo > x', 'harmless'],
  ['mv precious x && rm x', 'destructive'],
  ['mv precious dist && rm -rf dist', 'destructive'],
  ['mv precious x; echo > x', 'destructive'],
  ['mv clean x && rm x', 'harmless'],
  ['mv clean dir/precious', 'destructive'],
  ['cp precious dir/', 'destructive'],
  ['cp clean dir/', 'harmless'],
  ['ln -s evil ~/.claude/settings.json', 'destructive'],
] as const)
  test(`through links and moves: ${command}`, () => {
    assert.equal(dangerIn(world, command), danger, JSON.stringify(effectsIn(world, command), null, 1));
  });

test('a thing has one name, however its path was spelt', () => {
  for (const command of ['rm -rf folder/', 'rm -rf folder/.', 'rm -rf /srv/data']) {
    const effect = effectsIn(world, command).find((one) => one.verb === 'destroy');
    if (command !== 'rm -rf folder/.')
      assert.deepEqual(effect?.target, { known: { system: 'file', kind: 'path', path: ['/srv/data'] } });
    assert.ok(effect !== undefined);
  }
});

test('without a name to go by, find is asked about the folder, since patterns spare hidden names', () => {
  const tracked: SeenWorld = {
    files: { '/w/src/*': { trackedAndClean: true, irreplaceable: [] }, '/w/src': { type: 'directory' } },
  };
  assert.equal(dangerIn(tracked, 'find src -type f -delete'), 'destructive');
  assert.equal(dangerIn(tracked, 'shopt -s dotglob; rm -rf src/*'), 'destructive');
  assert.equal(dangerIn(tracked, 'rm -rf src/*'), 'harmless');
});
