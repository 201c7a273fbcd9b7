import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import type { RehearsalCommand, Rehearsed, Rehearser } from '../../ports/rehearsal.ts';
import { type Layer, readChanges } from './changes.ts';
import { isWithin, mountPointsHere, type Place, planPlaces, secretPlaces } from './places.ts';
import { boundProcesses } from './process-bound.ts';
import { SETUP_SCRIPT } from './setup-script.ts';
import { syscallFilter } from './syscall-filter.ts';
import { readStarted, TRACE_FOLDER, traceArguments } from './trace.ts';

export interface RehearserOptions {
  readonly home: string;
  /** Of the command. Nothing of the guard's own environment goes in besides. */
  readonly path: string;
  /** A folder of this account in which an empty folder may be made; the system's temporary one will do. */
  readonly scratchIn: string;
  /** Hidden besides the secrets of `home`: the guard's own places. */
  readonly hidden: readonly string[];
  readonly limits?: Partial<Limits>;
  /** `false`: secrets stand in the view. For canaries that are none. */
  readonly hideSecrets?: boolean;
  /** Records which programs were started, where `strace` is there. */
  readonly trace?: boolean;
  /** Variables of the command besides HOME, PATH and their like. */
  readonly environment?: Readonly<Record<string, string>>;
}

export const REHEARSAL_LIMITS = {
  timeoutMs: 3_000,
  /** Making the view and reading it afterwards. */
  aroundMs: 4_000,
  writtenBytes: 256 * 1024 * 1024,
  processes: 256,
  /** Private memory of one process. */
  memoryBytes: 2 * 1024 * 1024 * 1024,
  /** Of all together, where the kernel lets us say so. */
  memoryOfAllBytes: 3 * 1024 * 1024 * 1024,
  cpuSeconds: 10,
} as const;

type Limits = { readonly [K in keyof typeof REHEARSAL_LIMITS]: number };

const TOOLS = ['unshare', 'mount', 'prlimit', 'timeout', 'bwrap', 'bash'] as const;
const TOOL_FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

/**
 * A rehearser over Linux namespaces: overlays made by `unshare` and `mount`, in which `bwrap` runs the command. What
 * changed is read from the overlays after the last process of the command is gone.
 */
export function makeRehearser(options: RehearserOptions): Rehearser {
  const limits: Limits = { ...REHEARSAL_LIMITS, ...options.limits };
  return {
    rehearse: async (command, signal) => {
      try {
        return await rehearseOnce(command, options, limits, signal);
      } catch (error) {
        // A machine that is not as thought must cost the rehearsal and nothing else.
        return cannot(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

async function rehearseOnce(
  command: RehearsalCommand,
  options: RehearserOptions,
  limits: Limits,
  signal: AbortSignal,
): Promise<Rehearsed> {
  if (process.platform !== 'linux') return cannot(`needs Linux, not ${process.platform}`);
  const tools = new Map(TOOLS.map((name) => [name, findTool(name)]));
  const lacking = TOOLS.filter((name) => tools.get(name) === undefined);
  if (lacking.length > 0) return cannot(`\`${lacking.join('`, `')}\` not installed`);
  const tracer = options.trace === true ? findTool('strace') : undefined;
  const filter = syscallFilter(process.arch, tracer !== undefined);
  if (filter === undefined) return cannot(`no list of system calls for ${process.arch}`);
  if (command.text.includes('\0')) return cannot('the command contains a NUL byte');
  if (!isFolder(command.cwd)) return cannot(`\`${command.cwd}\` is not a directory`);
  if (signal.aborted) return cannot('withdrawn before it began');
  const plan = planPlaces(mountPointsHere());
  if (!plan.ok) return cannot(plan.why);
  const cwd = realpathSync(command.cwd);
  if (!plan.places.some((place) => place.how === 'overlay' && isWithin(cwd, place.path)))
    return cannot(`\`${cwd}\` lies where no view can be laid over it`);
  const bound = boundProcesses(limits.processes, limits.memoryOfAllBytes);
  if (!bound.ok) return cannot(bound.why);
  // SECURITY: made by us just now, so that nothing of anybody is mounted over.
  const scratch = mkdtempSync(join(realpathSync(options.scratchIn), 'rehearsal-'));
  let child: ChildProcess | undefined;
  const kill = (): void => {
    // The whole group: the script alone would leave its children to themselves.
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  };
  const timer = setTimeout(kill, limits.timeoutMs + limits.aroundMs);
  signal.addEventListener('abort', kill, { once: true });
  try {
    const secrets = options.hideSecrets === false ? [] : secretPlaces(options.home, cwd);
    const bash = [tools.get('bash') ?? '', '--noprofile', '--norc', '-c'];
    const arguments_ = [
      ...placeArguments(plan.places),
      '--',
      tools.get('prlimit') ?? '',
      `--nproc=${limits.processes}`,
      `--data=${limits.memoryBytes}`,
      `--fsize=${limits.writtenBytes}`,
      `--cpu=${limits.cpuSeconds}`,
      '--core=0',
      tools.get('bwrap') ?? '',
      ...sandboxArguments(cwd, join(scratch, 'view'), plan.places, [...secrets, ...options.hidden], options),
      ...(tracer === undefined ? [] : ['--bind', join(scratch, 'trace'), TRACE_FOLDER]),
      '--',
      // What the sandbox itself has to complain about is read; what the command says is not.
      ...bash,
      'exec "$@" 2>/dev/null',
      'rehearsal',
      ...(tracer === undefined ? [] : traceArguments(tracer)),
      ...bash,
      '--',
      command.text,
    ];
    child = spawn(
      tools.get('unshare') ?? '',
      [
        '--user',
        '--map-root-user',
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        ...bash,
        SETUP_SCRIPT,
        'rehearsal',
        scratch,
        String(limits.writtenBytes),
        String(limits.timeoutMs / 1000),
        ...arguments_,
      ],
      // SECURITY: our own variables may hold secrets, and the shell believes some of them.
      { env: {}, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe'] },
    );
    return await conduct(child, filter, bound.join, async (status) => {
      const view = `/proc/${child?.pid ?? 0}/root${scratch}`;
      const layers = layersOf(plan.places, view);
      // SECURITY: if the namespace is not the one that was made, its paths are the real disk's; nothing is read then.
      if (!existsSync(join(view, 'view')) || existsSync(join(scratch, 'view'))) return cannot('the view was lost');
      const read = await readChanges(layers, performance.now() + limits.aroundMs);
      const started = tracer === undefined ? undefined : readStarted(join(view, 'trace'));
      return {
        ok: true,
        // 137: `timeout` kills itself too, as a shell would report it.
        ended: status === 137 || status === 124 ? 'timed-out' : 'exited',
        exitCode: status,
        changes: read.changes,
        capped: read.capped,
        ...(started === undefined ? {} : { started }),
      };
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
    await gone(child);
    await bound.release();
    // Nothing was ever written to it outside of the namespace that is gone now.
    rmdirSync(scratch);
  }
}

/** The conversation with the setup script. */
async function conduct(
  child: ChildProcess,
  filter: Buffer,
  join_: (pid: number) => void,
  read: (status: number) => Promise<Rehearsed>,
): Promise<Rehearsed> {
  const [stdin, , stderr, report, filterPipe] = child.stdio;
  let said = '';
  stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(0, 2_000);
  });
  // Both ends may close while we write; what matters is what the script reports.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  child.once('error', (error) => {
    said = error.message;
  });
  (filterPipe as Writable).end(filter);
  if (report === null || report === undefined || !('read' in report) || stdin === null) return cannot('no pipes');
  for await (const line of createInterface({ input: report })) {
    if (line === 'ready') {
      // The script is the one child of `unshare`; both ends of its pipes are open, so it is waiting.
      const script = readFileSync(`/proc/${child.pid ?? 0}/task/${child.pid ?? 0}/children`, 'utf8').trim();
      join_(Number(script));
      (stdin as Writable).write('go\n');
    } else if (line.startsWith('ended ')) {
      const status = Number(line.slice('ended '.length));
      // What `bwrap` itself could not do is told on its own line.
      const fault = /^(bwrap|prlimit|timeout|rehearsal): .*/m.exec(said)?.[0];
      if (fault !== undefined && status !== 0) return cannot(fault);
      return read(status);
    }
  }
  await gone(child);
  const fault = /^(mount|unshare|mkdir|rehearsal): .*/m.exec(said)?.[0];
  return cannot(fault ?? said.trim().split('\n').at(-1) ?? 'the view could not be made');
}

function placeArguments(places: readonly Place[]): string[] {
  return places.flatMap((place) => {
    switch (place.how) {
      case 'overlay':
        return [place.writable ? 'overlay' : 'sealed', place.path];
      case 'folder':
        return ['folder', place.path];
      case 'link':
        return ['link', place.path, place.to];
      case 'file':
        return [];
      default:
        return place satisfies never;
    }
  });
}

function layersOf(places: readonly Place[], view: string): readonly Layer[] {
  return places
    .filter((place) => place.how === 'overlay')
    .map((place, index) => ({
      real: place.path,
      upper: join(view, 'upper', String(index + 1)),
      merged: join(view, 'view', place.path),
    }));
}

function sandboxArguments(
  cwd: string,
  view: string,
  places: readonly Place[],
  hidden: readonly string[],
  options: RehearserOptions,
): readonly string[] {
  const account = ['--uid', String(process.getuid?.() ?? 0), '--gid', String(process.getgid?.() ?? 0)];
  const variables = {
    HOME: options.home,
    PATH: options.path,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    PWD: cwd,
    ...options.environment,
  };
  const mounts = [
    ['--bind', view, '/'],
    ['--dev', '/dev'],
    ['--proc', '/proc'],
    // SECURITY: root of the machine stays root to the kernel's own settings, whatever namespace it is in.
    ['--ro-bind-try', '/proc/sys', '/proc/sys'],
    ['--tmpfs', '/run'],
    ...places.filter((place) => place.how === 'file').map(({ path }) => ['--ro-bind-try', path, path]),
  ];
  const isolation = '--unshare-user --disable-userns --unshare-pid --unshare-net --unshare-ipc --unshare-uts';
  return [
    ...isolation.split(' '),
    '--unshare-cgroup-try',
    ...account,
    '--cap-drop',
    'ALL',
    '--die-with-parent',
    '--new-session',
    ...mounts.flat(),
    ...hidden.filter((path) => existsSync(path)).flatMap(hideArguments),
    '--clearenv',
    ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir',
    cwd,
    '--seccomp',
    '4',
  ];
}

function hideArguments(path: string): readonly string[] {
  const real = realpathSync(path);
  return lstatSync(real).isDirectory() ? ['--tmpfs', real] : ['--ro-bind', '/dev/null', real];
}

function gone(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

function findTool(name: string): string | undefined {
  return TOOL_FOLDERS.map((folder) => join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

function isFolder(path: string): boolean {
  try {
    return path.startsWith('/') && statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function cannot(why: string): Rehearsed {
  return { ok: false, why };
}
