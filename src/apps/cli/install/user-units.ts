import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import type { Paths } from '../../paths.ts';
import { SERVICE_UNIT, SOCKET_UNIT, word } from '../system/units.ts';
import { replaceFile } from './replace-file.ts';

/** The account's own systemd, which can start the daemon at the first question. */
export interface UserSystemd {
  /** Where it reads units. Absolute. */
  readonly folder: string;
  /** What went wrong; `undefined` where nothing did. */
  systemctl(...args: readonly string[]): string | undefined;
}

const SYSTEMCTL = ['/usr/bin/systemctl', '/bin/systemctl'];

/**
 * `undefined` where none runs, or where this environment is not the one that it gives to its units: a unit would then
 * start a daemon with other folders (a test's home, say).
 */
export function findUserSystemd(env: NodeJS.ProcessEnv, paths: Paths): UserSystemd | undefined {
  const runtime = env.XDG_RUNTIME_DIR ?? '';
  const { homedir } = userInfo();
  const systemctl = SYSTEMCTL.find((file) => existsSync(file));
  if (process.platform !== 'linux' || systemctl === undefined || paths.trust === 'system') return undefined;
  if (!path.isAbsolute(runtime) || !existsSync(path.join(runtime, 'systemd/private'))) return undefined;
  if (env.HOME !== homedir || paths.socket !== path.join(runtime, 'holdpoint/holdpoint.sock')) return undefined;
  if (paths.config !== path.join(homedir, '.config/holdpoint')) return undefined;
  if (paths.state !== path.join(homedir, '.local/state/holdpoint')) return undefined;
  return {
    folder: path.join(homedir, '.config/systemd/user'),
    systemctl: (...args) => {
      const done = spawnSync(systemctl, ['--user', ...args], {
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin', HOME: homedir, XDG_RUNTIME_DIR: runtime, LC_ALL: 'C' },
      });
      if (done.status === 0) return undefined;
      return done.error?.message ?? (done.stderr.trim() || `exit ${done.status}`);
    },
  };
}

/**
 * Puts a socket and a service unit in place; says in one line what it did. Where systemd refuses, they are taken out again,
 * and the shim starts the daemon as it does elsewhere. `running`: a daemon has the socket now, so it is only enabled.
 */
export function installUserUnits(
  systemd: UserSystemd,
  options: {
    readonly socket: string;
    readonly command: readonly string[];
    readonly path: string;
    readonly running: boolean;
  },
): string {
  const texts = [
    [SOCKET_UNIT, socketUnit(options.socket)],
    [SERVICE_UNIT, serviceUnit(options.command, options.path)],
  ] as const;
  if (texts.every(([name, text]) => readText(path.join(systemd.folder, name)) === text))
    return `already in ${systemd.folder}`;
  for (const [name, text] of texts) replaceFile(path.join(systemd.folder, name), text, 0o644);
  const fault =
    systemd.systemctl('daemon-reload') ??
    systemd.systemctl('enable', ...(options.running ? [] : ['--now']), SOCKET_UNIT);
  if (fault === undefined) return `starts the daemon when it is asked, by ${path.join(systemd.folder, SOCKET_UNIT)}`;
  removeUserUnits(systemd);
  return `not used (${fault}); the hook starts the daemon`;
}

/** True where there was something to take out. */
export function removeUserUnits(systemd: UserSystemd): boolean {
  const files = [SOCKET_UNIT, SERVICE_UNIT].map((name) => path.join(systemd.folder, name));
  if (!files.some((file) => existsSync(file))) return false;
  systemd.systemctl('disable', '--now', SOCKET_UNIT);
  for (const file of files) rmSync(file, { force: true });
  systemd.systemctl('daemon-reload');
  return true;
}

/** Else the next question would start again what was just stopped. True where systemd has stopped it. */
export function stopUserUnits(systemd: UserSystemd): boolean {
  if (!existsSync(path.join(systemd.folder, SOCKET_UNIT))) return false;
  return systemd.systemctl('stop', SOCKET_UNIT, SERVICE_UNIT) === undefined;
}

function socketUnit(socket: string): string {
  return `# Written by \`holdpoint init\`.
[Unit]
Description=Holdpoint: where hooks and people ask

[Socket]
ListenStream=${socket.replaceAll('%', '%%')}
SocketMode=0600
DirectoryMode=0700

[Install]
WantedBy=sockets.target
`;
}

function serviceUnit(command: readonly string[], searchPath: string): string {
  return `# Written by \`holdpoint init\`.
[Unit]
Description=Holdpoint: judges what agents are about to do
Requires=${SOCKET_UNIT}
After=${SOCKET_UNIT}

[Service]
Type=exec
ExecStart=${command.map(word).join(' ')}
Environment=${word(`PATH=${searchPath}`)}
Restart=on-failure
RestartSec=1
UMask=0077
`;
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
