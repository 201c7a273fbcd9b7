import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeRehearser, type RehearserOptions } from '../../../src/adapters/rehearsal/sandbox.ts';
import type { RehearsedRun } from '../../../src/ports/rehearsal.ts';
import { skipUnless } from '../../platform.ts';

const options = { skip: skipUnless('rehearsal') };
const never = new AbortController().signal;

describe('a rehearsal', options, () => {
  let root = '';
  let work = '';
  let home = '';
  before(() => {
    root = realpathSync(mkdtempSync(path.join(tmpdir(), 'rehearsal-test-')));
    [work, home] = [path.join(root, 'home/work'), path.join(root, 'home')];
    mkdirSync(work, { recursive: true });
    for (const [name, text] of [
      ['a.txt', 'one\n'],
      ['b.txt', 'two\n'],
      ['empty', ''],
      ['folder/c.txt', 'three\n'],
      ['folder/deep/d.txt', 'four\n'],
      ['../outside.txt', 'five\n'],
      ['../.ssh/id_ed25519', 'a key'],
      ['../.netrc', 'a password'],
      ['../.state/ledger', 'the record'],
    ] as const) {
      mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
      writeFileSync(path.join(work, name), text);
    }
    symlinkSync('a.txt', path.join(work, 'link'));
  });
  after(() => rmSync(root, { recursive: true }));

  async function rehearse(text: string, more: Partial<RehearserOptions> = {}): Promise<RehearsedRun> {
    const rehearser = makeRehearser({
      home,
      path: '/usr/local/bin:/usr/bin:/bin',
      scratchIn: tmpdir(),
      hidden: [path.join(home, '.state')],
      ...more,
    });
    const files = picture(root);
    const run = await rehearser.rehearse({ text, cwd: work }, never);
    assert.deepEqual(picture(root), files, `the real disk changed: ${text}`);
    assert.ok(run.ok, JSON.stringify(run));
    return run;
  }
  const lost = (run: RehearsedRun): string[] =>
    run.changes.map((one) => `${one.fate} ${path.relative(work, one.path)} ${one.bytes}`);

  const table: readonly (readonly [command: string, ...lost: string[]])[] = [
    ['ls -la; cat a.txt'],
    ['rm a.txt', 'deleted a.txt 4'],
    ['rm -r folder', 'deleted folder 11'],
    ['rm -r folder/deep; rm ../outside.txt', 'deleted ../outside.txt 5', 'deleted folder/deep 5'],
    ['rm link', 'deleted link 0'],
    ['> link', 'emptied a.txt 4'],
    ['echo 1 > a.txt', 'overwritten a.txt 4'],
    ['echo 1 >> a.txt'],
    ['truncate -s 2 a.txt', 'overwritten a.txt 4'],
    ['mv a.txt c', 'moved a.txt 4'],
    ['mv a.txt b.txt', 'moved a.txt 4', 'overwritten b.txt 4'],
    ['mv folder other', 'moved folder 11'],
    ['mv a.txt c && rm c', 'deleted a.txt 4'],
    ['chmod 600 a.txt; touch b.txt; touch new'],
    ['cp a.txt tmp; cp tmp a.txt'],
    ['rm -r folder && mkdir folder && touch folder/x', 'deleted folder/c.txt 6', 'deleted folder/deep 5'],
    ['rm a.txt && mkdir a.txt', 'deleted a.txt 4'],
    ['ln -sf b.txt link', 'overwritten link 0'],
    ['rm empty', 'deleted empty 0'],
    ['eval "$(printf \'\\162\\155 a.txt\')"', 'deleted a.txt 4'],
  ];
  for (const [command, ...wanted] of table)
    test(command, async () => {
      const run = await rehearse(command);
      assert.deepEqual(lost(run), wanted);
      assert.equal(run.ended, 'exited');
    });

  test('tells how it ended, within its time', async () => {
    assert.equal((await rehearse('exit 7')).exitCode, 7);
    const cut = await rehearse('rm a.txt; sleep 60; rm b.txt', { limits: { timeoutMs: 500 } });
    assert.deepEqual([cut.ended, ...lost(cut)], ['timed-out', 'deleted a.txt 4']);
  });

  test('says why where it cannot be', async () => {
    const rehearser = makeRehearser({ home, path: '/usr/bin', scratchIn: tmpdir(), hidden: [] });
    for (const [command, why] of [
      [{ text: 'ls', cwd: path.join(root, 'none') }, /not a directory/],
      [{ text: 'ls\0', cwd: work }, /NUL/],
      [{ text: 'ls', cwd: '/proc' }, /no view/],
    ] as const) {
      const answer = await rehearser.rehearse(command, never);
      assert.ok(!answer.ok && why.test(answer.why), JSON.stringify(answer));
    }
    const withdrawn = await rehearser.rehearse({ text: 'ls', cwd: work }, AbortSignal.abort());
    assert.ok(!withdrawn.ok);
    const late = await rehearser.rehearse({ text: 'sleep 60', cwd: work }, AbortSignal.timeout(300));
    assert.ok(!late.ok, 'ends with its signal');
  });

  /** Each probe deletes its own flag where it gets through; the last one shows that flags work at all. */
  test('reaches nothing outside of the view', async () => {
    const socket = path.join(work, 'docker.sock');
    const seen: string[] = [];
    const unix = createServer(() => seen.push('unix')).listen(socket);
    const tcp = createServer(() => seen.push('tcp')).listen(0, '127.0.0.1');
    await new Promise((resolve) => tcp.once('listening', resolve));
    const address = tcp.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const node = process.execPath;
    process.env.HOLDPOINT_TEST_SECRET = 'a token';
    const probes = {
      key: 'grep -q key ~/.ssh/id_ed25519',
      netrc: '[ -s ~/.netrc ]',
      ledger: '[ -e ~/.state/ledger ]',
      environment: 'env | grep -q HOLDPOINT_TEST_SECRET',
      variables: 'cat /proc/*/environ | tr "\\0" "\\n" | grep -q HOLDPOINT_TEST_SECRET',
      process: `kill -0 ${process.pid}`,
      processes: `[ "$(ls -d /proc/[0-9]* | wc -l)" -gt 12 ]`,
      unix: `"${node}" -e 'require("net").connect("${socket}").on("connect",()=>process.exit(0)).on("error",()=>process.exit(1))'`,
      tcp: `exec 9<>/dev/tcp/127.0.0.1/${port}`,
      interfaces: 'ls /sys/class/net | grep -v lo',
      mount: 'mount -t tmpfs x /mnt',
      unmount: 'umount /proc',
      namespace: 'unshare -Ur true',
      chroot: 'chroot / true',
      devices: '[ -e /dev/vda ] || [ -e /dev/sda ] || [ -e /dev/kmsg ]',
      node: 'mknod /tmp/disk b 8 0',
      kernel: '[ -w /proc/sys/kernel/core_pattern ] || [ -w /proc/sysrq-trigger ]',
      setting: 'echo 0 > /proc/sys/kernel/randomize_va_space',
      groups: 'ls /sys/fs/cgroup',
      descriptors: '[ "$(ls /proc/self/fd | wc -l)" -gt 4 ]',
      runtime: '[ -n "$(ls /run/user /run/*.sock)" ]',
      terminal: 'echo x > /dev/tty',
      control: 'true',
    };
    for (const name of Object.keys(probes)) writeFileSync(path.join(work, `flag-${name}`), name);
    try {
      const run = await rehearse(
        Object.entries(probes)
          .map(([name, probe]) => `if (${probe}) >/dev/null 2>&1; then rm flag-${name}; fi`)
          .join('\n'),
        { limits: { timeoutMs: 8_000 } },
      );
      assert.equal(run.ended, 'exited');
      assert.deepEqual(lost(run), ['deleted flag-control 7']);
      assert.deepEqual(seen, []);
    } finally {
      delete process.env.HOLDPOINT_TEST_SECRET;
      unix.close();
      tcp.close();
    }
  });

  test('the programs that the workspace names run inside only', async () => {
    const repository = path.join(work, 'repository');
    const canary = path.join(root, 'canary');
    const trap = path.join(work, 'trap.sh');
    writeFileSync(canary, '');
    writeFileSync(trap, `#!/bin/sh\nrm -f '${canary}'\ncat\n`);
    chmodSync(trap, 0o755);
    execFileSync('git', ['init', '-q', repository]);
    writeFileSync(path.join(repository, 'x'), 'x');
    writeFileSync(path.join(repository, '.gitattributes'), '* diff=trap filter=trap\n');
    for (const [name, value] of [
      ['core.fsmonitor', trap],
      ['diff.trap.textconv', trap],
      ['filter.trap.clean', trap],
      ['core.pager', trap],
    ] as const)
      execFileSync('git', ['-C', repository, 'config', name, value]);
    mkdirSync(path.join(repository, '.git/hooks'), { recursive: true });
    writeFileSync(path.join(repository, '.git/hooks/pre-commit'), `#!/bin/sh\n${trap} </dev/null\n`, { mode: 0o755 });
    writeFileSync(
      path.join(repository, 'kubeconfig'),
      `users: [{name: x, user: {exec: {command: ${trap}, apiVersion: client.authentication.k8s.io/v1}}}]\n`,
    );
    const run = await rehearse('cd repository && git status && git add -A && git commit -m x');
    assert.ok(
      run.changes.some((one) => one.path === canary),
      'git did not fall into the trap: this would prove nothing',
    );
    assert.ok(existsSync(canary));
  });

  test('a fork bomb ends, and its processes with it', async () => {
    const before_ = processes();
    const run = await rehearse('rm a.txt; :(){ :|:& };:; sleep 60', { limits: { timeoutMs: 1_000 } });
    assert.deepEqual([run.ended, ...lost(run)], ['timed-out', 'deleted a.txt 4']);
    assert.ok(processes() < before_ + 50, `${before_} processes before, ${processes()} after`);
  });

  test('what it writes is bounded', async () => {
    const run = await rehearse(
      'dd if=/dev/zero of=big bs=1M count=100 && rm a.txt; for i in 1 2 3; do head -c 8M /dev/zero > big$i; done && rm b.txt',
      { limits: { writtenBytes: 16 * 1024 * 1024 } },
    );
    assert.deepEqual(lost(run), []);
  });

  test('a view leaves nothing behind', async () => {
    const scratchIn = path.join(root, 'scratch');
    mkdirSync(scratchIn);
    await rehearse('mkdir -p /tmp/made-in-a-view && echo x > /tmp/made-in-a-view/x', { scratchIn });
    assert.ok(!existsSync('/tmp/made-in-a-view'));
    assert.deepEqual(readdirSync(scratchIn), []);
    const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory'].filter((one) => existsSync(one));
    const ours = new RegExp(`^holdpoint-rehearsal-${process.pid}-`);
    assert.deepEqual(
      groups.flatMap((one) => readdirSync(one)).filter((name) => ours.test(name)),
      [],
    );
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes('rehearsal-'));
  });
});

function picture(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const at = path.join(entry.parentPath, entry.name);
      return entry.isFile() ? `${at}: ${readFileSync(at, 'latin1')}` : at;
    })
    .sort();
}

function processes(): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}
