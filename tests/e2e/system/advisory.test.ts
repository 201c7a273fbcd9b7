import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { repoRoot, skipUnless } from '../../platform.ts';

const skip = existsSync('/etc/holdpoint/system.json') ? 'a system installation is here' : skipUnless('unix');

test('an installation in the account of the agent calls itself advisory wherever it speaks of itself', {
  skip,
}, async (t) => {
  const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-adv-')));
  const project = path.join(home, 'shop');
  mkdirSync(path.join(project, 'data'), { recursive: true });
  writeFileSync(path.join(project, 'data/ledger.txt'), 'precious\n');
  const run = (...args: string[]) => {
    const done = spawnSync(process.execPath, [path.join(repoRoot, 'src/apps/cli/main.ts'), ...args], {
      encoding: 'utf8',
      cwd: project,
      input: '',
      timeout: 60_000,
      env: { HOME: home, PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', HOLDPOINT_NO_WAIT: '1' },
    });
    return { ...done, all: `${done.stdout}${done.stderr}` };
  };
  t.after(() => {
    run('down');
    rmSync(home, { recursive: true, force: true });
  });
  assert.match(run('init', '--agent', 'claude-code', '--yes').all, /trust {5}advisory/);
  assert.match(run('up').all, /advisory/);
  run('enforce');
  assert.match(run('status').all, /trust {5}advisory/);
  const { page } = JSON.parse(run('status', '--json').stdout) as { page: string };
  assert.match(await (await fetch(page)).text(), /advisory/);
  const { hold } = JSON.parse(run('exec', '--', 'rm', '-rf', 'data').stdout) as { hold: string };
  assert.match(run('show', hold).all, /trust {9}advisory/);
  assert.match(run('approve', hold).all, /advisory/);
  const down = run('down');
  assert.equal(down.status, 0, down.all);
});
