import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSystemClock } from '../../../src/adapters/system-clock/system-clock.ts';
import { makeWorkspaceVerifier } from '../../../src/adapters/workspace/workspace-verifier.ts';
import { verifierContract } from '../../contracts/verifier.ts';
import { Fixture, needsGit } from './fixture.ts';

test('no program that the workspace names is run by any question', needsGit, async () => {
  const f = new Fixture().write({ 'a.txt': 'one\n', 'b.bin': 'two\n', 'dist/x': '', '.gitignore': 'dist\n' });
  f.git('init', '-q');
  f.commit();
  const canary = f.path('canary');
  const script = f.path('trap.sh');
  writeFileSync(script, `#!/bin/sh\necho "$0 $@" >> ${canary}\ncat\n`);
  chmodSync(script, 0o755);
  f.write({
    '.gitattributes': '* filter=trap diff=trap merge=trap\n',
    'included.config': `[core]\n\tfsmonitor = ${script}\n`,
    '.env': 'A=1',
  });
  for (const [name, value] of [
    ['core.fsmonitor', script],
    ['core.hooksPath', f.path('hooks')],
    ['core.sshCommand', script],
    ['core.pager', script],
    ['core.editor', script],
    ['core.askPass', script],
    ['core.gitProxy', script],
    ['core.alternateRefsCommand', script],
    ['credential.helper', `!${script}`],
    ['diff.external', script],
    ['diff.trap.command', script],
    ['diff.trap.textconv', script],
    ['filter.trap.clean', script],
    ['filter.trap.smudge', script],
    ['filter.trap.process', script],
    ['filter.trap.required', 'true'],
    ['gpg.program', script],
    ['merge.trap.driver', script],
    ['alias.status', `!${script}`],
    ['include.path', f.path('included.config')],
  ] as const)
    f.git('config', name, value);
  mkdirSync(f.path('hooks'));
  for (const hook of ['post-index-change', 'fsmonitor-watchman', 'post-checkout', 'reference-transaction'])
    writeFileSync(f.path(`hooks/${hook}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  writeFileSync(f.path('a.txt'), 'changed\n');
  const untouched = readdirSync(f.path('.git')).sort();

  // The trap works: git itself falls into it.
  try {
    f.git('status');
  } catch {
    // It may well fall so hard that it fails.
  }
  assert.ok(existsSync(canary), 'git did not run the canary: this test would prove nothing');
  rmSync(canary);

  // An included file might say anything, so git's own view is not claimed; what HEAD holds does not depend on it.
  const state = await f.state();
  assert.ok('unknown' in state && /includes other files/.test(state.unknown));
  f.git('config', '--unset', 'include.path');
  rmSync(canary, { force: true });
  assert.ok('known' in (await f.state()));
  assert.equal((await f.recovery('a.txt')).trackedAndClean, false);
  assert.equal((await f.recovery('b.bin')).trackedAndClean, true);
  for (const name of ['', 'dist', '*', '.env', '.git', '.git/config', 'trap.sh']) {
    await f.recovery(name);
    await f.content(name);
    await f.state(name);
  }
  assert.equal(existsSync(canary), false, 'a program of the workspace was run');
  assert.deepEqual(readdirSync(f.path('.git')).sort(), untouched);
});

for (const [check, system, name] of [
  ['recovery', 'file', 'a.txt'],
  ['content', 'file', 'a.txt'],
  ['environment', 'git', ''],
] as const) {
  verifierContract(`workspace, ${check}`, async () => {
    const f = new Fixture().write({
      'a.txt': 'text',
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/config': '[core]\n\tbare = false\n',
      '.git/objects/x': '',
      '.git/refs/x': '',
    });
    const kind = system === 'git' ? 'repository' : 'path';
    const about = (path: string) => ({ system, kind, path: [path] });
    return {
      verifier: makeWorkspaceVerifier({ clock: makeSystemClock(), tasks: f.tasks }),
      attempt: f.attempt(),
      answerable: { check, about: about(join(f.root, name)) },
      unanswerable: { check, about: about('not/absolute') },
      foreign: { check: 'dependents', about: about(f.root) },
      world: async () => readdirSync(f.root, { recursive: true, encoding: 'utf8' }).sort(),
    };
  });
}
