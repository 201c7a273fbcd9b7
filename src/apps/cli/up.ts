import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { visibleText } from '../../core/visible-text.ts';
import type { Paths } from '../paths.ts';
import { ask } from './client.ts';
import { failed, usage } from './holds.ts';
import { daemonEnvironment } from './install/daemon-environment.ts';
import { ADVISORY, EXIT, type Io } from './io.ts';
import { NEEDS_ROOT, startSystemDaemon, stopSystemDaemon } from './system/control.ts';

export interface UpDeps {
  readonly paths: Paths;
  /** `[program, ...arguments]` that runs this very program in the foreground. */
  readonly self: readonly string[];
  /** Before it is stopped: tells the account's own systemd not to start it again. Left out where there is none. */
  readonly stopUnits?: () => boolean;
  /** Runs the daemon in this process until it is stopped. */
  serve(): Promise<
    | { readonly ok: true; readonly ended: Promise<void>; close(): Promise<void>; reload(): void }
    | { readonly ok: false; readonly why: string }
  >;
}

const READY_MS = 10_000;
const POLL_MS = 30;

/** `holdpoint up [--foreground]` */
export async function runUp(args: readonly string[], io: Io, deps: UpDeps): Promise<number> {
  if (args.some((arg) => arg !== '--foreground'))
    return usage(io, `up: cannot use \`${args.join(' ')}\`; only \`--foreground\``);
  // systemd's socket exists before the daemon that answers on it: asking there now would be waiting for oneself.
  const activated = args.includes('--foreground') && process.env.LISTEN_PID === String(process.pid);
  const running = activated ? undefined : await ask(deps.paths, { op: 'status' });
  if (running?.ok === true) {
    io.out(`already running (${describe(running.status)})\n`);
    return EXIT.ok;
  }
  if (deps.paths.trust === 'system' && process.geteuid?.() !== deps.paths.ownerUid) return upAsRoot(args, io, deps);
  if (args.includes('--foreground')) return foreground(io, deps);
  mkdirSync(deps.paths.state, { recursive: true, mode: 0o700 });
  const logFile = path.join(deps.paths.state, 'daemon.log');
  const log = openSync(logFile, 'a', 0o600);
  const [program = process.execPath, ...rest] = deps.self;
  const child = spawn(program, [...rest, 'up', '--foreground'], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: daemonEnvironment(io.env),
  });
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  child.unref();
  for (const untilMs = Date.now() + READY_MS; Date.now() < untilMs && !exited; ) {
    const reply = await ask(deps.paths, { op: 'status' });
    if (reply.ok) {
      io.out(`running (${describe(reply.status)})\n`);
      return EXIT.ok;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const second = await ask(deps.paths, { op: 'status' });
  if (second.ok) {
    io.out(`already running (${describe(second.status)})\n`);
    return EXIT.ok;
  }
  io.err(
    exited
      ? `holdpoint: the daemon did not start; its last words are in \`${logFile}\`\n`
      : `holdpoint: the daemon has not answered within ${READY_MS / 1_000} s and may still be starting; \`holdpoint status\` says, and its words are in \`${logFile}\`\n`,
  );
  return EXIT.unavailable;
}

/** The daemon of a system installation never runs as anyone but its own account. */
async function upAsRoot(args: readonly string[], io: Io, deps: UpDeps): Promise<number> {
  if (process.geteuid?.() !== 0) {
    io.err(`holdpoint: ${NEEDS_ROOT}\n`);
    return EXIT.unavailable;
  }
  if (args.includes('--foreground')) return usage(io, 'up: root starts it in the background, under its own account');
  const started = await startSystemDaemon(deps.paths, deps.self);
  if (!started.ok) {
    io.err(`holdpoint: ${started.why}\n`);
    return EXIT.unavailable;
  }
  const reply = await ask(deps.paths, { op: 'status' });
  io.out(`running (${reply.ok ? describe(reply.status) : reply.error})\n`);
  if (started.note !== undefined) io.err(`holdpoint: ${started.note}\n`);
  return EXIT.ok;
}

async function foreground(io: Io, deps: UpDeps): Promise<number> {
  const served = await deps.serve();
  if (!served.ok) {
    io.err(`holdpoint: ${served.why}\n`);
    return EXIT.unavailable;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      served.close().catch(() => process.exit(EXIT.internal));
    });
  }
  // As daemons do: read the policy anew, without a gap.
  process.on('SIGHUP', () => served.reload());
  io.err('holdpoint: running in the foreground; Ctrl-C ends it\n');
  await served.ended;
  return EXIT.ok;
}

/** `holdpoint status [--json]` */
export async function runStatus(args: readonly string[], io: Io, deps: Pick<UpDeps, 'paths'>): Promise<number> {
  if (args.some((arg) => arg !== '--json')) return usage(io, `status: cannot use \`${args.join(' ')}\``);
  const reply = await ask(deps.paths, { op: 'status' });
  if (args.includes('--json')) {
    io.out(
      `${JSON.stringify(reply.ok ? reply.status : { running: false, why: reply.error, trust: deps.paths.trust })}\n`,
    );
    return reply.ok ? EXIT.ok : EXIT.unavailable;
  }
  if (!reply.ok) return failed(io, reply);
  const status = reply.status as StatusView;
  const trust = status.trust === 'advisory' ? ADVISORY : 'system (its own account)';
  const lines = [
    `running   pid ${status.pid}, version ${status.version}, since ${new Date(status.startedAtMs).toISOString()}`,
    `mode      ${status.mode}${status.mode === 'shadow' ? ' (only catastrophic classes are stopped; `holdpoint enforce` switches on)' : ''}`,
    `trust     ${trust}`,
    `people    ${status.people.words}`,
    `policy    ${visibleText(status.policy.words)}`,
    ...status.policy.troubles.map((trouble) => `  !!      ${visibleText(trouble)}`),
    `holds     ${status.openHolds} open`,
    `log       ${status.log.size} records, root ${status.log.root.slice(0, 16)}`,
    `unknown   ${status.unknownAtStart} begun before the last start without an outcome; ${status.unfinished} without one now`,
    `page      ${status.page}`,
    `gateway   ${status.gatewayPort === undefined ? 'off' : `127.0.0.1:${status.gatewayPort}`}`,
    `state     ${status.state}`,
  ];
  io.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

interface StatusView {
  readonly pid: number;
  readonly version: string;
  readonly startedAtMs: number;
  readonly mode: string;
  readonly trust: string;
  readonly people: { readonly words: string };
  readonly policy: { readonly words: string; readonly troubles: readonly string[] };
  readonly openHolds: number;
  readonly unfinished: number;
  readonly unknownAtStart: number;
  readonly log: { readonly size: number; readonly root: string };
  readonly page: string;
  readonly gatewayPort?: number;
  readonly state: string;
}

/** `holdpoint down` */
export async function runDown(
  args: readonly string[],
  io: Io,
  deps: Pick<UpDeps, 'paths' | 'stopUnits'>,
): Promise<number> {
  if (args.length > 0) return usage(io, `down: cannot use \`${args.join(' ')}\``);
  if (deps.paths.trust === 'system') return downAsRoot(io, deps);
  const byUnits = deps.stopUnits?.() === true;
  const reply = await ask(deps.paths, { op: 'stop' });
  if (!reply.ok && reply.down !== true) return failed(io, reply);
  if (!reply.ok && !byUnits) {
    io.out('not running\n');
    return EXIT.ok;
  }
  for (const untilMs = Date.now() + READY_MS; Date.now() < untilMs; ) {
    const still = await ask(deps.paths, { op: 'status' });
    // One whose ledger broke answers with an error, and is there all the same.
    if (!still.ok && still.down === true) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  io.out('stopped; until `holdpoint up`, hooked agents may only read\n');
  return EXIT.ok;
}

async function downAsRoot(io: Io, deps: Pick<UpDeps, 'paths'>): Promise<number> {
  if (process.geteuid?.() !== 0) {
    io.err(`holdpoint: ${NEEDS_ROOT}\n`);
    return EXIT.failed;
  }
  const stopped = await stopSystemDaemon(deps.paths);
  if (stopped?.ok === false) return failed(io, stopped);
  io.out(stopped === undefined ? 'not running\n' : 'stopped; until `sudo holdpoint up`, hooked agents may only read\n');
  return EXIT.ok;
}

function describe(status: unknown): string {
  const { pid, mode, trust } = status as StatusView;
  return `pid ${pid}, mode ${mode}, ${trust}`;
}
