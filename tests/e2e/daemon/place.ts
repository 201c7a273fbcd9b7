import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Reply } from '../../../src/apps/cli/client.ts';
import { findPaths, type Paths } from '../../../src/apps/paths.ts';
import { type RegistryEntry, registryJson } from '../../fakes/people.ts';
import { repoRoot } from '../../platform.ts';

export const LAUNCHER = path.join(repoRoot, 'bin/holdpoint.cjs');
const WITH_PEOPLE = path.join(repoRoot, 'tests/fakes/daemon-with-people.ts');
const READY_MS = 60_000;

/** An installation of its own: folders, a workspace, and an environment that leads there and nowhere else. */
export interface Place {
  readonly dir: string;
  readonly work: string;
  readonly env: Record<string, string>;
  readonly paths: Paths;
  readonly registryFile: string;
  /** Started here; what still runs is ended by `remove`, so that a failed test does not hang. */
  readonly daemons: ChildProcess[];
  remove(): void;
}

export interface PlaceOptions {
  /** Where state goes instead: a small disk. */
  readonly state?: string;
  /** Enrolled in a registry that only `startDaemon(place, 'people')` believes. */
  readonly people?: readonly RegistryEntry[];
}

export function makePlace(options: PlaceOptions = {}): Place {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-place-')));
  const at = (name: string): string => {
    mkdirSync(path.join(dir, name), { recursive: true, mode: 0o700 });
    return path.join(dir, name);
  };
  const env = {
    HOME: at('home'),
    PATH: '/usr/local/bin:/usr/bin:/bin',
    XDG_CONFIG_HOME: at('config'),
    XDG_STATE_HOME: options.state ?? at('state'),
    XDG_RUNTIME_DIR: at('run'),
  };
  const daemons: ChildProcess[] = [];
  const registryFile = path.join(dir, 'registry.json');
  writeFileSync(registryFile, registryJson(options.people ?? [], process.getuid?.() ?? 0), { mode: 0o644 });
  return {
    dir,
    work: at('work'),
    env,
    paths: findPaths(env),
    registryFile,
    daemons,
    remove: () => {
      for (const child of daemons) child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly uid?: number;
  /** Sees the child once it runs. */
  readonly onChild?: (child: ChildProcess) => void;
}

/** Runs the installed command line as a process of its own, without a terminal. */
export async function holdpoint(place: Place, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd ?? place.work,
    env: { ...place.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  options.onChild?.(child);
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text.out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.err += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...text };
}

export interface RunningDaemon {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  words(): string;
  /** Ends it in order. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** `shipped`: the program as installed. `people`: the same engine, with the place's registry. Resolves when it answers. */
export async function startDaemon(place: Place, which: 'shipped' | 'people' = 'shipped'): Promise<RunningDaemon> {
  const daemon = spawnDaemon(place, which);
  await ready(place, daemon);
  return daemon;
}

/** As `startDaemon`, without waiting: the first answer may never come. */
export function spawnDaemon(place: Place, which: 'shipped' | 'people'): RunningDaemon {
  const argv = which === 'shipped' ? [LAUNCHER, 'up', '--foreground'] : [WITH_PEOPLE, place.registryFile];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...argv], {
    cwd: '/',
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  place.daemons.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
  const closed = once(child, 'close');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await closed;
  };
  return { child, words: () => said, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function ready(place: Place, daemon: RunningDaemon): Promise<void> {
  for (const untilMs = Date.now() + READY_MS; Date.now() < untilMs; await sleep(30)) {
    if ((await ask(place.paths, { op: 'status' })).ok) return;
    if (daemon.child.exitCode !== null) break;
  }
  await daemon.kill();
  throw new Error(`the daemon did not start: ${daemon.words()}`);
}

/** One request that must be answered with `ok`. */
export async function demand(place: Place, request: object): Promise<Extract<Reply, { ok: true }>> {
  const reply = await ask(place.paths, request);
  if (!reply.ok) throw new Error(`\`${JSON.stringify(request).slice(0, 200)}\` failed: ${reply.error}`);
  return reply;
}

export interface Exchange {
  readonly text: string;
  /** The daemon ended its side, in order or not. */
  readonly ended: boolean;
}

/**
 * Raw bytes to the socket; resolves with what came back once the daemon closes, or after `quietMs` of silence.
 * `half`: closes its own side after the bytes.
 */
export function exchange(
  socketPath: string,
  chunks: readonly (string | Uint8Array)[],
  options: { readonly half?: boolean; readonly quietMs?: number; readonly gapMs?: number } = {},
): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    const got: Buffer[] = [];
    const done = (ended: boolean): void => {
      socket.destroy();
      resolve({ text: Buffer.concat(got).toString('utf8'), ended });
    };
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    socket.once('end', () => done(true));
    socket.once('close', () => done(true));
    socket.on('error', () => undefined);
    socket.setTimeout(options.quietMs ?? 15_000, () => done(false));
    const send = async (): Promise<void> => {
      for (const chunk of chunks) {
        if (socket.destroyed || socket.writableEnded) return;
        await new Promise<void>((written) => socket.write(chunk, () => written()));
        if (options.gapMs !== undefined) await sleep(options.gapMs);
      }
      if (options.half === true) socket.end();
    };
    socket.once('connect', () => {
      send().catch(() => undefined);
    });
  });
}

/** All receipts, oldest first. */
export async function receiptsOf(place: Place): Promise<readonly Receiptish[]> {
  return (await demand(place, { op: 'log', limit: 10_000 })).receipts as readonly Receiptish[];
}

export interface Receiptish {
  readonly index: number;
  readonly kind: 'refusal' | 'intent' | 'outcome';
  readonly rules?: readonly string[];
  readonly intent?: number;
  readonly outcome?: string;
  readonly payload?: { readonly reason?: string; readonly action?: { readonly text?: string; readonly kind?: string } };
}
