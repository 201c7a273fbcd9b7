import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { toAction } from '../../../src/apps/egress/action.ts';
import { findPaths } from '../../../src/apps/paths.ts';
import { type OpenedJudge, openJudge } from '../../../src/apps/wire.ts';
import { isRefused } from '../../../src/pipeline/products.ts';
import { skipUnless } from '../../platform.ts';
import { serveGit } from '../../stand-ins/git/git-server.ts';
import { HOST, openWorld, type World } from './fixture.ts';

const run = promisify(execFile);
const fingerprintKey = Buffer.alloc(32, 7);

describe('a real git client behind the gateway', { skip: skipUnless('git') }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-git-push-'));
  const work = path.join(folder, 'work');
  const bare = path.join(folder, 'served', 'shop.git');
  let world: World;
  let judging: OpenedJudge;
  let reasons: string[] = [];

  const serve: RequestListener = (request, response) =>
    serveGit(request, world.seen.at(-1)?.body ?? Buffer.alloc(0), response, path.join(folder, 'served'));

  const env = (): Record<string, string> => ({
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 't',
    GIT_AUTHOR_EMAIL: 't@example.com',
    GIT_COMMITTER_NAME: 't',
    GIT_COMMITTER_EMAIL: 't@example.com',
    ...world.egress.environmentFor('task-1', 'pw'),
  });
  const git = async (...args: string[]): Promise<{ readonly ok: boolean; readonly text: string }> => {
    try {
      const done = await run('git', args, { cwd: work, env: env() });
      return { ok: true, text: done.stdout + done.stderr };
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      return { ok: false, text: `${stdout ?? ''}${stderr ?? ''}` };
    }
  };
  const served = (...args: string[]): string => execFileSync('git', ['-C', bare, ...args], { encoding: 'utf8' }).trim();
  const commit = async (file: string, bytes: Uint8Array | string): Promise<void> => {
    writeFileSync(path.join(work, file), bytes);
    await git('add', '-A');
    assert.ok((await git('commit', '-qm', file)).ok);
  };

  before(async () => {
    mkdirSync(work, { recursive: true });
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    execFileSync('git', ['-C', bare, 'config', 'http.receivepack', 'true']);
    judging = await openJudge(findPaths({ HOME: folder, XDG_STATE_HOME: path.join(folder, 'state') }), () => undefined);
    world = await openWorld({
      answer: serve,
      judge: async (request, _signal, pass) => {
        const { action } = toAction(request, { fingerprintKey, cwd: work });
        const judged = await judging.judge(
          { id: 'r', action, origin: { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: work } },
          undefined,
        );
        assert.ok(!isRefused(judged), JSON.stringify(judged));
        if (judged.says === 'allow') return pass;
        reasons = judged.effects.map((effect) => effect.summary);
        return {
          kind: 'refuse',
          status: 403,
          problem: { type: 'urn:test', title: 'held', detail: reasons.join('; '), hold: 'h-1', rule: 'r' },
        };
      },
    });
    await git('init', '-q', '-b', 'main');
    await git('remote', 'add', 'origin', `https://${HOST}/shop.git`);
    await commit('a.txt', 'one');
  });
  after(async () => {
    await world.close();
    await judging.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('pushes, fetches and clones unprompted, also what is larger than is judged', async () => {
    assert.ok((await git('push', '-q', '-u', 'origin', 'main')).ok);
    await commit('big.bin', randomBytes(3 * 1024 * 1024));
    const pushed = await git('push', '-q', 'origin', 'main');
    assert.ok(pushed.ok, pushed.text);
    assert.equal(served('rev-parse', 'main'), (await git('rev-parse', 'HEAD')).text.trim());
    assert.ok((await git('push', '-q', 'origin', 'HEAD:refs/heads/feature/x', 'HEAD:refs/tags/v1')).ok);
    assert.ok((await git('fetch', '-q', 'origin')).ok);
    const cloned = await git('clone', '-q', `https://${HOST}/shop.git`, path.join(folder, 'clone'));
    assert.ok(cloned.ok, cloned.text);
  });

  for (const [what, args] of [
    ['a push that leaves commits out', ['--force', 'origin', 'HEAD~1:main']],
    ['the same by a plus', ['origin', '+HEAD~1:refs/heads/main']],
    ['the same beside a harmless ref', ['--force', 'origin', 'HEAD:refs/heads/other', 'HEAD~1:main']],
    ['a branch deleted', ['origin', '--delete', 'feature/x']],
    ['a tag deleted', ['origin', ':refs/tags/v1']],
    ['a tag moved', ['--force', 'origin', 'HEAD~1:refs/tags/v1']],
  ] as const)
    it(`holds ${what}`, async () => {
      const before = served('for-each-ref');
      const pushed = await git('push', ...args);
      assert.ok(!pushed.ok, pushed.text);
      assert.match(reasons.join('; '), /rewrites|deletes|moves/);
      assert.equal(served('for-each-ref'), before);
    });

  for (const [what, refspec] of [
    ['the branch', 'HEAD:main'],
    ['a new branch', 'HEAD:refs/heads/pipeline'],
  ] as const)
    it(`holds a push that changes what continuous integration runs, to ${what}`, async () => {
      const before = served('for-each-ref');
      mkdirSync(path.join(work, '.github/workflows'), { recursive: true });
      await commit('.github/workflows/deploy.yml', `on: push # ${refspec}`);
      const pushed = await git('push', 'origin', refspec);
      assert.ok(!pushed.ok, pushed.text);
      assert.match(reasons.join('; '), /continuous integration .* runs \(\.github\/workflows\)/);
      assert.equal(served('for-each-ref'), before);
      await git('reset', '-q', '--hard', 'HEAD~1');
    });

  it('holds what it cannot show to be forward', async () => {
    // Somebody else has pushed: their commit is not in this repository.
    const other = path.join(folder, 'other');
    execFileSync('git', ['clone', '-q', bare, other]);
    writeFileSync(path.join(other, 'theirs.txt'), 'theirs');
    execFileSync('git', ['-C', other, 'add', '-A']);
    execFileSync('git', [
      '-C',
      other,
      '-c',
      'user.name=o',
      '-c',
      'user.email=o@example.com',
      'commit',
      '-qm',
      'theirs',
    ]);
    execFileSync('git', ['-C', other, 'push', '-q', 'origin', 'main']);
    const before = served('rev-parse', 'main');
    assert.ok(!(await git('push', '--force', 'origin', 'HEAD:main')).ok);
    assert.equal(served('rev-parse', 'main'), before);
    assert.ok((await git('pull', '-q', '--rebase', 'origin', 'main')).ok);
    const pushed = await git('push', '-q', 'origin', 'main');
    assert.ok(pushed.ok, pushed.text);
  });
});
