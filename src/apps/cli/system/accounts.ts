import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, type Stats } from 'node:fs';

export interface SystemAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** Members of these can become root when they like. */
const ROOT_LIKE_GROUPS: ReadonlySet<string> = new Set([
  'root',
  'sudo',
  'wheel',
  'admin',
  'docker',
  'podman',
  'lxd',
  'incus',
  'incus-admin',
  'libvirt',
  'disk',
  'shadow',
]);
const SAFE_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const LARGEST_SYSTEM_UID = 999;

/** An account by its name, from `/etc/passwd`, else from the machine's other directories. */
export function findAccount(name: string): SystemAccount | undefined {
  if (!/^[a-z_][a-z0-9_.-]{0,31}\$?$/i.test(name)) return undefined;
  const own = lineOf(readFileSync('/etc/passwd', 'utf8'), name);
  const line = own ?? lineOf(run(['getent', 'passwd', name]).stdout, name);
  const [, , uid, gid, , home, shell] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined || home === undefined) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell ?? '' };
}

/** Why an account that has the daemon's name already cannot be the daemon's; `undefined` where it can. */
export function faultOfDaemonAccount(account: SystemAccount): string | undefined {
  if (account.uid === 0) return 'it is root';
  if (account.uid > LARGEST_SYSTEM_UID) return `its uid ${account.uid} is that of a person, not of a service`;
  if (!/(^|\/)(nologin|false)$/.test(account.shell)) return `it can log in, by \`${account.shell}\``;
  return undefined;
}

/** The command that makes the daemon's account: shadow's tools, else busybox's. */
export function makeAccountCommands(name: string, home: string): readonly (readonly string[])[] | undefined {
  const nologin = ['/usr/sbin/nologin', '/sbin/nologin'].find((file) => existsSync(file)) ?? '/bin/false';
  if (has('useradd')) {
    return [
      [
        'useradd',
        '--system',
        '--user-group',
        '--no-create-home',
        '--no-log-init',
        '--home-dir',
        home,
        '--shell',
        nologin,
        name,
      ],
    ];
  }
  if (!has('adduser') || !has('addgroup')) return undefined;
  return [
    ['addgroup', '-S', name],
    ['adduser', '-S', '-D', '-H', '-h', home, '-s', nologin, '-G', name, name],
  ];
}

export function removeAccountCommand(name: string): readonly string[] {
  return has('userdel') ? ['userdel', name] : ['deluser', name];
}

/** Names of the account's groups by which it could be root. */
export function rootLikeGroups(account: SystemAccount): readonly string[] {
  const groups = run(['id', '-Gn', account.name]).stdout.trim().split(/\s+/);
  return groups.filter((group) => ROOT_LIKE_GROUPS.has(group));
}

export function groupIds(account: SystemAccount): readonly number[] {
  const ids = run(['id', '-G', account.name]).stdout.trim().split(/\s+/);
  return [account.gid, ...ids.filter((id) => /^\d+$/.test(id)).map(Number)];
}

/** Whether mode bits let the account change what lies there. Access control lists are not looked at. */
export function mayWrite(stat: Stats, uid: number, gids: readonly number[]): boolean {
  if (stat.uid === uid) return true;
  if ((stat.mode & 0o002) !== 0) return true;
  return (stat.mode & 0o020) !== 0 && gids.includes(stat.gid);
}

export interface Finished {
  readonly ok: boolean;
  readonly stdout: string;
  readonly why: string;
}

/** Runs a system tool from the system's own folders, with an environment of its own. */
export function run(command: readonly string[]): Finished {
  const [program = '', ...args] = command;
  const done = spawnSync(program, args, { encoding: 'utf8', env: { PATH: SAFE_PATH, LC_ALL: 'C' }, cwd: '/' });
  const why = done.error?.message ?? (done.stderr.trim() || `exit ${done.status}`);
  return { ok: done.status === 0, stdout: done.stdout ?? '', why };
}

export function has(program: string): boolean {
  return SAFE_PATH.split(':').some((folder) => existsSync(`${folder}/${program}`));
}

function lineOf(passwd: string, name: string): string | undefined {
  return passwd.split('\n').find((line) => line.startsWith(`${name}:`));
}
