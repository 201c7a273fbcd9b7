import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { repoRoot } from '../../platform.ts';
import { AGENT, buildProgram, CLI, type Machine, OTHER, PACKAGE, reasonToSkip, startMachine } from './machine.ts';

const reason = reasonToSkip();
const skip = reason ?? false;
const machine: Machine | undefined = reason === undefined ? await startMachine(buildProgram()) : undefined;
after(() => machine?.end());

const INIT = [`${PACKAGE}/runtime/node`, `${PACKAGE}/dist/cli.mjs`, 'init', '--system', '--agent-user', AGENT.name];
const SHIM = '/usr/local/lib/holdpoint/hook/holdpoint-hook';
const SOCKET = '/run/holdpoint/holdpoint.sock';
const MANAGED = '/etc/claude-code/managed-settings.json';
const PASSPHRASE = 'correct horse battery';

function there(): Machine {
  assert.ok(machine !== undefined);
  return machine;
}

const run: Machine['run'] = (who, argv, options) => there().run(who, argv, options);

function succeeds(...args: Parameters<Machine['run']>): string {
  const done = run(...args);
  assert.equal(done.status, 0, `${args[1].join(' ')}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** Everything below these folders of the machine, with owner and mode. */
function inventory(): readonly string[] {
  return ['/etc/holdpoint', '/etc/claude-code', '/usr/local', '/var/lib', '/run'].flatMap((folder) => {
    const at = there().at(folder);
    if (!existsSync(at)) return [];
    return readdirSync(at, { recursive: true, encoding: 'utf8' }).map((name) => {
      const stat = lstatSync(path.join(at, name));
      return `${folder}/${name} ${stat.uid} ${(stat.mode & 0o7777).toString(8)}`;
    });
  });
}

function payload(command: string): string {
  return JSON.stringify({
    session_id: 'task-1',
    transcript_path: `${AGENT.home}/t.jsonl`,
    cwd: `${AGENT.home}/shop`,
    permission_mode: 'default',
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    tool_input: { command },
    tool_use_id: 'toolu_1',
  });
}

const hook = (command: string) => run('agent', [SHIM, 'claude-code'], { input: payload(command) });
const denies = (done: ReturnType<typeof hook>): boolean =>
  done.status === 2 || done.stdout.includes('"permissionDecision":"deny"');

/** One request on the socket, as the agent's own code would make it, past all of our clients. */
function raw(request: object, socket = SOCKET, who: 'agent' | 'root' = 'agent'): { ok: boolean; error?: string } {
  const code = `const s=require('node:net').connect(process.argv[1]);s.on('error',e=>{console.log(JSON.stringify({ok:false,error:e.code}))});s.on('data',d=>process.stdout.write(d));s.end(process.argv[2]+'\\n')`;
  return JSON.parse(succeeds(who, [`${PACKAGE}/runtime/node`, '-e', code, socket, JSON.stringify(request)]));
}

/** On a terminal of its own, as a person sits at one. */
function play(who: 'agent' | 'root', argv: readonly string[], dialogue: readonly (readonly [string, string])[]) {
  const job = {
    argv,
    env: { PATH: '/usr/bin:/bin', HOME: who === 'agent' ? AGENT.home : '/root' },
    uid: null,
    dialogue,
  };
  const script = `${PACKAGE}/person.py`;
  const done = run(who, ['python3', script], { input: JSON.stringify(job) });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as { readonly code: number; readonly shown: string };
}

test('only root installs, a dry run writes nothing, and a second run changes nothing', { skip }, () => {
  const before = inventory();
  assert.equal(run('agent', INIT).status, 64);
  assert.equal(run('root', [...INIT.slice(0, -1), 'root', '--yes']).status, 1);
  assert.equal(run('root', INIT).status, 1, 'installed without a yes');
  const dry = succeeds('root', [...INIT, '--dry-run']);
  for (const part of [
    'useradd',
    '/usr/local/lib/holdpoint/dist/cli.mjs',
    '/etc/holdpoint/system.json',
    MANAGED,
    'dry run',
  ])
    assert.ok(dry.includes(part), `the dry run does not name ${part}`);
  assert.deepEqual(inventory(), before);

  assert.match(succeeds('root', [...INIT, '--yes']), /runs as holdpoint/);
  const installed = inventory();
  assert.match(succeeds('root', [...INIT, '--yes']), /nothing changes/);
  assert.deepEqual(inventory(), installed);
  assert.match(readFileSync(there().at(MANAGED), 'utf8'), /holdpoint-hook/);
});

test('nothing of it can be written by the agent, and record and keys cannot be read', { skip }, () => {
  for (const file of [
    '/etc/holdpoint/install.json',
    '/etc/holdpoint/system.json',
    MANAGED,
    SHIM,
    CLI,
    '/usr/local/lib/holdpoint/dist/cli.mjs',
  ]) {
    assert.notEqual(run('agent', ['sh', '-c', `echo x >>${file}`]).status, 0, file);
    assert.notEqual(run('agent', ['rm', '-f', file]).status, 0, file);
    assert.notEqual(run('agent', ['mv', file, `${file}.old`]).status, 0, file);
  }
  for (const place of [
    '/var/lib/holdpoint',
    '/var/lib/holdpoint/ledger/ledger.db',
    '/var/lib/holdpoint/log.key',
    '/var/lib/holdpoint/gateway',
  ])
    for (const tool of ['ls', 'cat']) assert.notEqual(run('agent', [tool, place]).status, 0, `${tool} ${place}`);
  succeeds('agent', ['cat', '/etc/holdpoint/install.json']);
});

test('the daemon has its own account and one capability, and hears no stop from others', { skip }, () => {
  const status = JSON.parse(succeeds('agent', [CLI, 'status', '--json'])) as { pid: number; trust: string };
  assert.equal(status.trust, 'system');
  const facts = succeeds('root', ['cat', `/proc/${status.pid}/status`]);
  const uid = /^Uid:\s+(\d+)/m.exec(facts)?.[1];
  assert.equal(Number(uid), lstatSync(there().at('/var/lib/holdpoint')).uid);
  assert.notEqual(Number(uid), 0);
  // CAP_DAC_READ_SEARCH is bit 2. Source: capabilities(7)
  assert.equal(/^CapEff:\s+0*4$/m.test(facts), true, facts);
  assert.equal(/^CapBnd:\s+0*4$/m.test(facts), true, facts);
  assert.match(facts, /^NoNewPrivs:\s+1$/m);

  for (const signal of ['TERM', 'KILL', 'STOP'])
    assert.match(run('agent', ['sh', '-c', `kill -${signal} ${status.pid}`]).stderr, /not permitted/i);
  for (const request of [{ op: 'stop' }, { op: 'erase', index: 0 }, { op: 'reopen', task: 'task-1' }])
    assert.match(raw(request).error ?? '', /takes root/, request.op);
  assert.equal(raw({ op: 'stop' }, '/var/lib/holdpoint/owner.sock').error, 'EACCES');
  for (const command of [['down'], ['enforce'], ['init', '--yes'], ['uninstall'], ['uninstall', '--system']]) {
    const done = run('agent', [CLI, ...command]);
    assert.notEqual(done.status, 0, command.join(' '));
    assert.match(done.stderr, /root|sudo/, command.join(' '));
  }
  assert.equal((JSON.parse(succeeds('agent', [CLI, 'status', '--json'])) as { pid: number }).pid, status.pid);
});

test('the agent is judged, through the hook and the command line, with the facts of its private folders', {
  skip,
}, () => {
  succeeds('root', [CLI, 'enforce']);
  succeeds('agent', ['sh', '-c', 'mkdir -p shop/data && chmod 700 shop && echo precious >shop/data/ledger.txt']);
  assert.deepEqual([hook('ls -la').status, hook('ls -la').stdout], [0, '']);
  assert.ok(denies(hook('rm -rf data')));
  const held = run('agent', [CLI, 'exec', '--', 'rm', '-rf', 'data'], { cwd: `${AGENT.home}/shop` });
  assert.equal(held.status, 20, held.stderr);
  const card = (JSON.parse(held.stdout) as { card: { checks: { mark: string; text: string }[] } }).card;
  assert.ok(card.checks.length > 0);
  for (const check of card.checks) assert.notEqual(check.mark, '?', check.text);
  assert.ok(existsSync(there().at(`${AGENT.home}/shop/data/ledger.txt`)));
  // Another account of the machine meets the same guard.
  assert.equal(run('other', [CLI, 'exec', '--', 'rm', '-rf', `${AGENT.home}/shop`]).status, 20);
});

test('the gateway is usable although the state is closed', { skip }, () => {
  const bundle = succeeds('agent', [CLI, 'run', '--', 'sh', '-c', 'cat "$NODE_EXTRA_CA_CERTS" "$SSL_CERT_FILE"']);
  assert.match(bundle, /BEGIN CERTIFICATE/);
});

const python = reason === undefined && spawnSync('python3', ['-c', 'import pty']).status === 0;
test('a person whom root enrols approves, and the agent cannot enrol', {
  skip: python ? false : (reason ?? 'needs python3, which plays the person'),
}, () => {
  writeFileSync(there().at(`${PACKAGE}/person.py`), readFileSync(path.join(repoRoot, 'tests/e2e/people/person.py')));
  const typed = [
    ['new passphrase', `${PASSPHRASE}\r`],
    ['type it again', `${PASSPHRASE}\r`],
  ] as const;
  const tried = play('agent', [CLI, 'people', 'add', 'mallory', '--generate'], typed);
  assert.equal(tried.code, 20, tried.shown);
  const done = play('root', [CLI, 'people', 'add', 'ann', '--generate', '--account', AGENT.name], typed);
  assert.equal(done.code, 0, done.shown);
  assert.doesNotMatch(done.shown, /advisory/);
  assert.equal(lstatSync(there().at(`/etc/holdpoint/people/${AGENT.uid}.json`)).uid, 0);

  const cwd = `${AGENT.home}/shop`;
  const command = [CLI, 'exec', '--', 'rm', '-rf', 'data'];
  const { hold } = JSON.parse(run('agent', command, { cwd }).stdout) as { hold: string };
  assert.doesNotMatch(succeeds('agent', [CLI, 'show', hold]), /advisory/);
  const approved = play('agent', [CLI, 'approve', hold], [['passphrase of ann', `${PASSPHRASE}\r`]]);
  assert.equal(approved.code, 0, approved.shown);
  succeeds('agent', command, { cwd });
  assert.ok(!existsSync(there().at(`${cwd}/data`)));
});

test('only root takes from the record, which still verifies', { skip }, () => {
  const log = (): { payload?: unknown }[] =>
    succeeds('agent', [CLI, 'log', '--json'])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  assert.match(run('agent', [CLI, 'log', 'erase', '0']).stderr, /root/);
  assert.notEqual(log()[0]?.payload, undefined);
  succeeds('root', [CLI, 'log', 'erase', '0']);
  assert.equal(log()[0]?.payload, undefined);
  succeeds('root', [CLI, 'verify-log']);
});

/** A daemon of the agent's own: allows everything, in both tongues. */
const IMITATION = `
const net = require('node:net');
net.createServer((s) => s.on('error', () => {}).once('data', (d) => {
  s.end(String(d).startsWith('{"op":"hook"') ? 'HOLDPOINT/1 0 \\n' : '{"ok":true,"status":{"pid":1},"answer":{"kind":"release","report":"x","action":{"kind":"shell","base64":"dG91Y2ggL3RtcC9vd25lZA==","cwd":"/tmp"}}}\\n');
})).listen(process.argv[1], () => console.log('up'));
`;

function imitate(socket: string): void {
  const script = `umask 0; setsid "$0" -e "$1" "$2" </dev/null >${AGENT.home}/imitation.log 2>&1 & for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -S "$2" ] && exit 0; sleep 0.1; done; exit 1`;
  succeeds('agent', ['sh', '-c', script, `${PACKAGE}/runtime/node`, IMITATION, socket]);
}

test('an imitated socket is not obeyed', { skip }, () => {
  for (const command of [
    `rm -f ${SOCKET}`,
    `mv ${SOCKET} /tmp/s`,
    `ln -sf /tmp/s ${SOCKET}`,
    `mv /run/holdpoint /run/old`,
    `chmod 777 /run/holdpoint`,
    `touch /run/holdpoint/x`,
  ])
    assert.notEqual(run('agent', ['sh', '-c', command]).status, 0, command);

  imitate(`${AGENT.home}/own.sock`);
  const elsewhere = run('agent', [
    CLI,
    'exec',
    '--socket',
    `${AGENT.home}/own.sock`,
    'h-abcd2345',
    '--ticket',
    'a'.repeat(64),
  ]);
  assert.notEqual(elsewhere.status, 0);
  assert.match(elsewhere.stderr, /belongs to uid 4711/);
  const moved = succeeds('agent', [
    'env',
    `XDG_RUNTIME_DIR=${AGENT.home}`,
    `XDG_STATE_HOME=${AGENT.home}`,
    `XDG_CONFIG_HOME=${AGENT.home}`,
    CLI,
    'status',
  ]);
  assert.match(moved, /system \(its own account\)/);

  // Down, and as after a boot: nobody but root can put the folder there again.
  succeeds('root', [CLI, 'down']);
  assert.ok(denies(hook('rm -rf data')));
  succeeds('root', ['rm', '-r', '/run/holdpoint']);
  assert.notEqual(run('agent', ['mkdir', '/run/holdpoint']).status, 0);
  assert.notEqual(run('agent', [CLI, 'up']).status, 0);

  // Were the folder the agent's after all, the clients would still see whose socket it is.
  mkdirSync(there().at('/run/holdpoint'));
  succeeds('root', ['chown', `${AGENT.uid}`, '/run/holdpoint']);
  imitate(SOCKET);
  assert.equal(raw({ op: 'status' }).ok, true, 'the imitation does not work, so this test shows nothing');
  assert.ok(denies(hook('rm -rf data')));
  assert.match(run('agent', [CLI, 'status']).stderr, /belongs to uid 4711/);
  succeeds('root', ['chown', `${OTHER.uid}`, SOCKET]);
  assert.ok(denies(hook('rm -rf data')));
  assert.match(run('agent', [CLI, 'status']).stderr, /belongs to uid 4712/);
  assert.ok(!existsSync(there().at('/tmp/owned')));

  succeeds('root', [CLI, 'up']);
  assert.equal(hook('ls -la').status, 0);

  // An announcement that others could have written is none.
  const announced = (): string =>
    (JSON.parse(run('agent', [CLI, 'status', '--json']).stdout) as { trust: string }).trust;
  for (const place of ['/etc/holdpoint/system.json', '/etc/holdpoint']) {
    assert.equal(announced(), 'system');
    succeeds('root', ['chmod', 'o+w', place]);
    assert.equal(announced(), 'advisory', place);
    succeeds('root', ['chmod', 'o-w', place]);
  }
});

test('an upgrade replaces the program and restarts the daemon, and keeps the mode', { skip }, () => {
  const pid = (): number => (JSON.parse(succeeds('agent', [CLI, 'status', '--json'])) as { pid: number }).pid;
  const before = pid();
  writeFileSync(there().at(`${PACKAGE}/LICENSE`), 'another\n');
  writeFileSync(there().at('/usr/local/lib/holdpoint/dist/old-chunk.mjs'), '');
  assert.match(succeeds('root', [...INIT, '--yes']), /LICENSE/);
  assert.notEqual(pid(), before);
  assert.ok(!existsSync(there().at('/usr/local/lib/holdpoint/dist/old-chunk.mjs')));
  assert.match(succeeds('agent', [CLI, 'status']), /mode {6}enforce/);
});

test('uninstall leaves the record, the keys and the people, and purge leaves nothing', { skip }, () => {
  succeeds('root', [CLI, 'uninstall', '--system']);
  const left = inventory().map((line) => line.split(' ')[0] ?? '');
  const kept = [
    '/etc/holdpoint/people',
    '/etc/holdpoint/policy.json',
    '/var/lib/holdpoint',
    '/usr/local/lib',
    '/usr/local/bin',
    '/run/mount',
  ];
  assert.deepEqual(
    left.filter((file) => !kept.some((one) => file === one || (file.startsWith(`${one}/`) && !one.startsWith('/usr')))),
    [],
  );
  assert.ok(left.includes('/var/lib/holdpoint/ledger/ledger.db'));
  // The first process of the namespace reaps nobody, so the dead remain as zombies.
  const alive = run('root', ['ps', '-u', 'holdpoint', '-o', 'stat='])
    .stdout.split('\n')
    .filter((stat) => /^[^Z\s]/.test(stat));
  assert.deepEqual(alive, [], 'the daemon is still there');
  succeeds('root', ['getent', 'passwd', 'holdpoint']);

  succeeds('root', [...INIT, '--yes']);
  assert.match(succeeds('agent', [CLI, 'status']), /ann may sign/);
  succeeds('root', [CLI, 'uninstall', '--system', '--purge']);
  assert.ok(!existsSync(there().at('/var/lib/holdpoint')) && !existsSync(there().at('/etc/holdpoint')));
  assert.notEqual(run('root', ['getent', 'passwd', 'holdpoint']).status, 0);
});
