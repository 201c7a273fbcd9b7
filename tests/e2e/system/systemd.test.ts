import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { AGENT, buildProgram, CLI, type Machine, PACKAGE, reasonToSkip, startMachine } from './machine.ts';

const tool = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const reason =
  reasonToSkip() ??
  (tool('systemctl') && tool('systemd-analyze') && tool('systemd-socket-activate')
    ? undefined
    : 'the tools of systemd are not installed');
const machine: Machine | undefined = reason === undefined ? await startMachine(buildProgram()) : undefined;
after(() => machine?.end());

const INIT = [
  `${PACKAGE}/runtime/node`,
  `${PACKAGE}/dist/cli.mjs`,
  'init',
  '--system',
  '--agent-user',
  AGENT.name,
  '--yes',
];

/**
 * Stands in for systemctl, since no systemd can run beside the machine's own without touching it: `start` listens as the
 * socket unit says and runs what the service unit says at the first connection, `stop` ends it.
 */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/opt/systemctl.log
units=/etc/systemd/system
wants=$units/sockets.target.wants
case $1 in
  enable) mkdir -p $wants && ln -sf $units/$2 $wants/$2 ;;
  disable) rm -rf $wants ;;
  stop) pkill -TERM -u holdpoint; sleep 1 ;;
  start)
    [ -S /run/holdpoint/holdpoint.sock ] && pgrep -r S,R,D -u holdpoint >/dev/null && exit 0
    install -d -o holdpoint -g holdpoint -m 755 /run/holdpoint
    rm -f /run/holdpoint/holdpoint.sock
    socket=$(sed -n 's/^ListenStream=//p' $units/holdpoint.socket)
    command=$(sed -n 's/^ExecStart=//p' $units/holdpoint.service)
    cd /
    setsid setpriv --reuid=holdpoint --regid=holdpoint --clear-groups systemd-socket-activate -E HOME=/var/lib/holdpoint -l $socket $command </dev/null >/opt/service.log 2>&1 &
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -S $socket ] && chmod $(sed -n 's/^SocketMode=//p' $units/holdpoint.socket) $socket && exit 0; sleep 0.1; done
    exit 1 ;;
esac
exit 0
`;

test('where systemd runs, its socket starts the daemon at the first question', { skip: reason ?? false }, () => {
  assert.ok(machine !== undefined);
  const succeeds = (who: 'root' | 'agent', argv: readonly string[]): string => {
    const done = machine.run(who, argv);
    const log = existsSync(machine.at('/opt/service.log')) ? readFileSync(machine.at('/opt/service.log'), 'utf8') : '';
    assert.equal(done.status, 0, `${argv.join(' ')}: ${done.stdout}${done.stderr}${log}`);
    return done.stdout;
  };
  mkdirSync(machine.at('/run/systemd/system'), { recursive: true });
  writeFileSync(machine.at('/opt/systemctl'), SYSTEMCTL);
  chmodSync(machine.at('/opt/systemctl'), 0o755);
  succeeds('root', ['sh', '-c', 'mount --bind /opt/systemctl "$(command -v systemctl)"']);
  const asked = (): readonly string[] => readFileSync(machine.at('/opt/systemctl.log'), 'utf8').trim().split('\n');

  succeeds('root', INIT);
  assert.deepEqual(asked(), ['daemon-reload', 'enable holdpoint.socket', 'start holdpoint.socket holdpoint.service']);
  const status = JSON.parse(succeeds('agent', [CLI, 'status', '--json'])) as { pid: number; trust: string };
  assert.equal(status.trust, 'system');
  assert.match(readFileSync(machine.at('/opt/service.log'), 'utf8'), /Connection from|Execing/i);
  assert.match(succeeds('root', INIT), /nothing changes/);

  assert.notEqual(machine.run('agent', [CLI, 'down']).status, 0);
  succeeds('root', [CLI, 'down']);
  assert.equal(asked().at(-1), 'stop holdpoint.socket holdpoint.service');
  assert.equal(machine.run('agent', [CLI, 'status']).status, 69);
  succeeds('root', [CLI, 'up']);
  succeeds('agent', [CLI, 'status']);

  // Last, since it takes the socket away as the end of the unit would.
  succeeds('root', [
    'systemd-analyze',
    'verify',
    '/etc/systemd/system/holdpoint.service',
    '/etc/systemd/system/holdpoint.socket',
  ]);
  succeeds('root', [CLI, 'uninstall', '--system']);
  assert.ok(asked().includes('disable holdpoint.socket'));
  assert.ok(
    !existsSync(machine.at('/etc/systemd/system/holdpoint.socket')) &&
      !existsSync(machine.at('/etc/systemd/system/holdpoint.service')),
  );
});
