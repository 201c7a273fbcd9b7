import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { oldNodePath, repoRoot, skipUnless } from '../platform.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-launcher-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const launcher = path.join(repoRoot, 'bin/runtime.cjs');
const program = path.join(folder, 'program.mjs');
writeFileSync(
  program,
  `const [what] = process.argv.slice(2);
if (what === 'version') process.stdout.write(process.versions.node);
if (what === 'status') process.exitCode = 20;
if (what === 'die') process.kill(process.pid, 'SIGKILL');
if (what === 'wait') {
  process.on('SIGTERM', () => process.exit(7));
  setInterval(() => {}, 1000);
  process.stdout.write('ready');
}
`,
);
const skip = skipUnless('old-node', 'unix');
const old = oldNodePath() ?? '';
// A new enough Node replaces itself; an older one has to start a child and pass things on.
const launchers: readonly (readonly [name: string, node: string, options: { readonly skip: string | false }])[] = [
  ['an old node', old, { skip }],
  ['the pinned node', process.execPath, { skip: false }],
];

for (const [name, node, options] of launchers) {
  test(`${name} hands over to node 24`, options, () => {
    const { stdout, stderr, status } = spawnSync(node, [launcher, program, 'version'], { encoding: 'utf8' });
    assert.match(stdout, /^24\./);
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  test(`${name} passes on exit status and fatal signal`, options, () => {
    assert.equal(spawnSync(node, [launcher, program, 'status']).status, 20);
    assert.equal(spawnSync(node, [launcher, program, 'die']).signal, 'SIGKILL');
  });

  test(`${name} passes on a signal`, options, async () => {
    const child = spawn(node, [launcher, program, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [7, null]);
  });
}

test('an old node without the runtime says in one line what to do', { skip }, () => {
  cpSync(path.join(repoRoot, 'bin'), path.join(folder, 'bare/bin'), { recursive: true });
  for (const bin of ['holdpoint.cjs', 'verify-log.cjs']) {
    const { stdout, stderr, status } = spawnSync(old, [path.join(folder, 'bare/bin', bin)], { encoding: 'utf8' });
    assert.equal(status, 69);
    assert.equal(stdout, '');
    assert.match(stderr, /^holdpoint: needs Node 24 or newer \(this is [\d.]+\); install it[^\n]*\n$/);
  }
});

test('a new enough node stands in for a missing runtime', { skip: skipUnless('unix') }, () => {
  cpSync(path.join(repoRoot, 'bin'), path.join(folder, 'alone/bin'), { recursive: true });
  const bare = path.join(folder, 'alone/bin/runtime.cjs');
  assert.match(spawnSync(process.execPath, [bare, program, 'version'], { encoding: 'utf8' }).stdout, /^24\./);
});

test('a package without its bundle says so', { skip: skipUnless('unix') }, () => {
  cpSync(path.join(repoRoot, 'bin'), path.join(folder, 'empty/bin'), { recursive: true });
  const { stderr, status } = spawnSync(process.execPath, [path.join(folder, 'empty/bin/holdpoint.cjs')], {
    encoding: 'utf8',
  });
  assert.equal(status, 69);
  assert.match(stderr, /cli\.mjs` is missing; reinstall holdpoint/);
});
