import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  findUserSystemd,
  installUserUnits,
  removeUserUnits,
  stopUserUnits,
  type UserSystemd,
} from '../../../src/apps/cli/install/user-units.ts';
import { findPaths } from '../../../src/apps/paths.ts';

const OPTIONS = {
  socket: '/run/user/1000/holdpoint/holdpoint.sock',
  command: ['/opt/a "b"/node', '--flag', '/opt/100%/cli.mjs', 'up', '--foreground'],
  path: '/usr/bin:/bin',
  running: false,
} as const;

function place(
  t: TestContext,
  fault?: string,
): { systemd: UserSystemd; asked: string[]; units(): (string | undefined)[] } {
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-units-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const asked: string[] = [];
  const read = (name: string): string | undefined => {
    const file = path.join(folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
  return {
    asked,
    units: () => [read('holdpoint.socket'), read('holdpoint.service')],
    systemd: {
      folder,
      systemctl: (...args) => {
        asked.push(args.join(' '));
        return args[0] === 'enable' ? fault : undefined;
      },
    },
  };
}

test('the units are written once, and taken out whole', (t) => {
  const { systemd, asked, units } = place(t);
  assert.equal(removeUserUnits(systemd), false);
  assert.equal(stopUserUnits(systemd), false);
  assert.match(installUserUnits(systemd, OPTIONS), /^starts the daemon when it is asked/);
  assert.deepEqual(asked, ['daemon-reload', 'enable --now holdpoint.socket']);
  const [socket = '', service = ''] = units();
  assert.match(socket, /^ListenStream=\/run\/user\/1000\/holdpoint\/holdpoint\.sock$/m);
  assert.match(socket, /^SocketMode=0600$/m);
  assert.ok(service.includes('ExecStart="/opt/a \\"b\\"/node" --flag "/opt/100%%/cli.mjs" up --foreground\n'), service);

  assert.match(installUserUnits(systemd, OPTIONS), /^already in/);
  assert.equal(asked.length, 2);
  assert.equal(stopUserUnits(systemd), true);
  assert.equal(removeUserUnits(systemd), true);
  assert.deepEqual(asked.slice(2), [
    'stop holdpoint.socket holdpoint.service',
    'disable --now holdpoint.socket',
    'daemon-reload',
  ]);
  assert.deepEqual(units(), [undefined, undefined]);
});

test('a daemon that runs keeps its socket, and a refusal of systemd leaves nothing', (t) => {
  const running = place(t);
  installUserUnits(running.systemd, { ...OPTIONS, running: true });
  assert.ok(running.asked.includes('enable holdpoint.socket'));
  const refused = place(t, 'no bus');
  assert.match(installUserUnits(refused.systemd, OPTIONS), /not used \(no bus\)/);
  assert.deepEqual(refused.units(), [undefined, undefined]);
  assert.throws(
    () => installUserUnits(refused.systemd, { ...OPTIONS, command: ['/opt/a\nExecStartPre=x'] }),
    TypeError,
  );
});

test('an environment that is not the one of the units finds no systemd', (t) => {
  const runtime = mkdtempSync(path.join(tmpdir(), 'hp-run-'));
  t.after(() => rmSync(runtime, { recursive: true, force: true }));
  mkdirSync(path.join(runtime, 'systemd'));
  writeFileSync(path.join(runtime, 'systemd/private'), '');
  const env = { HOME: userInfo().homedir, XDG_RUNTIME_DIR: runtime };
  const find = (more: NodeJS.ProcessEnv) => findUserSystemd({ ...env, ...more }, findPaths({ ...env, ...more }));
  const there = existsSync('/usr/bin/systemctl') || existsSync('/bin/systemctl');
  assert.equal(find({}) !== undefined, there && process.platform === 'linux');
  for (const more of [
    { HOME: runtime },
    { XDG_STATE_HOME: runtime },
    { XDG_CONFIG_HOME: runtime },
    { XDG_RUNTIME_DIR: '/nonexistent' },
  ])
    assert.equal(find(more), undefined, JSON.stringify(more));
});
