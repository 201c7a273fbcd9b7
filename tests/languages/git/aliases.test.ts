import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dangerIn, type SeenWorld } from '../shell/seen-world.ts';

const world: SeenWorld = {
  files: {
    '/w/clean.ts': { trackedAndClean: true, irreplaceable: [] },
    '/w/edited.ts': {},
    '/w/src': { type: 'directory' },
  },
  texts: {
    '/w/.git/HEAD': 'ref: refs/heads/x\n',
    '/w/ok.sh': 'echo hi\n',
    '/w/bad.sh': 'rm -rf src\n',
    '/w/.git/config':
      '[core]\n\tbare = false\n[alias]\n\tnuke = !rm -rf src # all\n\thr = "reset --hard"\n\tst = status\n\tloop = loop\n',
  },
  facts: {
    'environment:/w': { dirty: true, branch: 'x', untracked: 1 },
    'environment:/clean-tree': { dirty: false, branch: 'x', untracked: 0 },
    'environment:/dirty-tree': { dirty: true, branch: 'x', untracked: 0 },
  },
};

for (const [command, danger] of [
  ['git nuke', 'destructive'],
  ['git NUKE', 'destructive'],
  ['cd src && git nuke', 'destructive'],
  ['git hr', 'destructive'],
  ['git st', 'harmless'],
  ['cd "$(git rev-parse --show-toplevel)" && bash ok.sh', 'harmless'],
  ['cd "$(git rev-parse --show-toplevel)" && bash bad.sh', 'destructive'],
  ['GIT_DIR=/x; cd "$(git rev-parse --show-toplevel)" && bash ok.sh', 'opaque'],
  ['git loop', 'harmless'],
  ['git co main', 'harmless'],
  ["git -c alias.x='!rm -rf src' x", 'destructive'],
  ["git -c alias.x='!rm -rf src' X", 'destructive'],
  ["git config alias.x '!rm -rf src'", 'destructive'],
  ['git -c core.fsmonitor="rm -rf src" status', 'destructive'],
  ['git -c include.path=/tmp/x status', 'opaque'],
  ['git --config-env=core.hooksPath=X commit -m y', 'opaque'],
  ['GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.x GIT_CONFIG_VALUE_0="!rm -rf src" git x', 'opaque'],
  ['git checkout -- clean.ts', 'harmless'],
  ['git checkout -- edited.ts', 'destructive'],
  ['git restore clean.ts edited.ts', 'destructive'],
  ['git rm -f clean.ts', 'harmless'],
  ['git rm -f edited.ts', 'destructive'],
  ['git worktree remove --force /clean-tree', 'harmless'],
  ['git worktree remove --force /dirty-tree', 'destructive'],
  ['git clean -d', 'harmless'],
  ['git -c clean.requireForce=false clean -d', 'destructive'],
] as const)
  test(`git where the disk can be seen: ${command}`, () => assert.equal(dangerIn(world, command), danger));
