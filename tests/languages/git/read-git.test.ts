import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Danger, worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import { readGit } from '../../../src/languages/git/read-git.ts';

const context = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };
const judge = (text: string): Danger =>
  worstDanger(readGit({ kind: 'git', bytes: new TextEncoder().encode(text) }, context).effects);

test('arguments alone are git’s', () => {
  assert.equal(judge('status --short'), 'harmless');
  assert.equal(judge('push --force origin main'), 'destructive');
  assert.equal(judge('reset --hard HEAD~3'), 'destructive');
  assert.equal(judge('-C /w clean -fdx'), 'destructive');
  assert.equal(judge('status; rm -rf ~'), 'destructive');
  const [effect] = readGit({ kind: 'git', bytes: new TextEncoder().encode('push --force') }, context).effects;
  assert.deepEqual(effect?.span, [0, 'push --force'.length]);
});

test('git actions are shell text with git in it', () => {
  assert.equal(judge('git status'), 'harmless');
  assert.equal(judge('git fetch && git rebase origin/x && git push'), 'harmless');
  assert.equal(judge('git fetch; git push --force origin main'), 'destructive');
  assert.equal(judge('HUSKY=0 git push'), 'destructive');
  assert.equal(judge('git status; rm -rf ~'), 'destructive');
  assert.equal(judge('git "$X"'), 'opaque');
});
