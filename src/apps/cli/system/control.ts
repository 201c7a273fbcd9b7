import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Paths, SYSTEM } from '../../paths.ts';
import { ask, askAsOwner, type Reply } from '../client.ts';
import { run } from './accounts.ts';
import { DAEMON_ENVIRONMENT, SERVICE_UNIT, SOCKET_UNIT } from './units.ts';

const POLL_MS = 30;
const READY_MS = 15_000;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/sbin/setpriv'];

export const NEEDS_ROOT = 'this is a system installation, so that takes root: use sudo';
export const NO_CAPABILITY =
  'the daemon may not read what accounts keep private here (no `setpriv`, or no CAP_DAC_READ_SEARCH to give): what it cannot see is unknown, and so held';

export type Started = { readonly ok: true; readonly note?: string } | { readonly ok: false; readonly why: string };

/** Source: sd_booted(3) */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

function underSystemd(): boolean {
  return hasSystemd() && existsSync(path.join(SYSTEM.units, SOCKET_UNIT));
}

/** Starts the daemon of a system installation under its own account; for root. */
export async function startSystemDaemon(paths: Paths, command: readonly string[]): Promise<Started> {
  if (underSystemd()) {
    // The service too, not only the socket: a fault shows now and not at the first call of an agent.
    const started = run(['systemctl', 'start', SOCKET_UNIT, SERVICE_UNIT]);
    if (!started.ok) return { ok: false, why: started.why };
    return (
      (await answersSoon(paths, () => true)) ?? {
        ok: false,
        why: `it does not answer; see \`journalctl -u ${SERVICE_UNIT}\``,
      }
    );
  }
  const gid = paths.system?.gid ?? -1;
  mkdirSync(paths.runtime, { recursive: true, mode: 0o755 });
  chownSync(paths.runtime, paths.ownerUid, gid);
  chmodSync(paths.runtime, 0o755);
  const logFile = path.join(paths.state, 'daemon.log');
  // SECURITY: the log is opened with the daemon's rights. Its folder is the daemon's, and a link there would lead root's pen.
  const shell = ['/bin/sh', '-c', `umask 077; exec "$0" "$@" >>'${logFile}' 2>&1`, ...command, 'up', '--foreground'];
  const privileges = privilegeCommand(paths.ownerUid, gid);
  const [program = '', ...args] = [...(privileges ?? []), ...shell];
  const child = spawn(program, args, {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: DAEMON_ENVIRONMENT,
    ...(privileges === undefined ? { uid: paths.ownerUid, gid } : {}),
  });
  child.unref();
  const ready = await answersSoon(paths, () => isAlive(child));
  if (ready === undefined) return { ok: false, why: `the daemon did not start; its last words are in \`${logFile}\`` };
  return privileges === undefined ? { ok: true, note: NO_CAPABILITY } : ready;
}

/** Stops it; for root. `undefined` where nothing ran. */
export async function stopSystemDaemon(paths: Paths): Promise<Reply | undefined> {
  if (underSystemd()) {
    const stopped = run(['systemctl', 'stop', SOCKET_UNIT, SERVICE_UNIT]);
    return stopped.ok ? { ok: true } : { ok: false, error: stopped.why };
  }
  const before = await askAsOwner(paths, { op: 'status' });
  const reply = await askAsOwner(paths, { op: 'stop' });
  if (!reply.ok) return reply.down === true ? undefined : reply;
  const { pid } = before.ok ? (before.status as { readonly pid: number }) : { pid: 0 };
  // The socket goes first; ledger and account are free only when the process has ended.
  for (const untilMs = Date.now() + READY_MS; Date.now() < untilMs; ) {
    if (!(await ask(paths, { op: 'status' })).ok && !isRunning(pid)) return { ok: true };
    await pause();
  }
  return { ok: false, error: 'the daemon is still there' };
}

async function answersSoon(paths: Paths, alive: () => boolean): Promise<{ readonly ok: true } | undefined> {
  for (const untilMs = Date.now() + READY_MS; Date.now() < untilMs; ) {
    if ((await ask(paths, { op: 'status' }, 2_000)).ok) return { ok: true };
    if (!alive()) return undefined;
    await pause();
  }
  return undefined;
}

/**
 * Words that run a program as the account with the one capability, which lasts over its start. `undefined` where a trial
 * fails: no setpriv, busybox's, or a container that has not that capability to give.
 */
function privilegeCommand(uid: number, gid: number): readonly string[] | undefined {
  const setpriv = SETPRIV.find((file) => existsSync(file));
  if (setpriv === undefined) return undefined;
  const words = [
    setpriv,
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=-all,+dac_read_search',
    '--ambient-caps=-all,+dac_read_search',
    '--bounding-set=-all,+dac_read_search',
    '--no-new-privs',
    '--',
  ];
  const trial = spawnSync(setpriv, [...words.slice(1), '/bin/sh', '-c', ':'], { env: {}, cwd: '/', stdio: 'ignore' });
  return trial.status === 0 ? words : undefined;
}

/** A dead process that nobody has reaped counts as gone. Source: proc_pid_stat(5) */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
}

function pause(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, POLL_MS));
}
