import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { LIMITS } from '../../core/limits.ts';
import type { Execution } from '../../ports/executor.ts';
import { cleanEnvironment } from './clean-environment.ts';

export interface ShellRun {
  /** The judged bytes: UTF-8, at most `LIMITS.commandBytes`. */
  readonly command: Uint8Array;
  /** Absolute path of an existing directory. */
  readonly cwd: string;
  /** What `cleanEnvironment` leaves of it is what the command sees. */
  readonly env: { readonly [name: string]: string | undefined };
  /** `inherit` where left out: the agent's own terminal. */
  readonly stdio?: StdioOptions;
  /** Ends the command: `SIGTERM`, and `SIGKILL` after `killAfterMs`. The outcome is then unknown. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** 2 seconds where left out. */
  readonly killAfterMs?: number;
  readonly onStart?: (child: ChildProcess) => void;
}

const SHELLS = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash', '/bin/sh', '/usr/bin/sh'];
const PASSED_ON = ['SIGTERM', 'SIGHUP'] as const;

/**
 * Runs exactly the judged bytes, once, in a shell that reads no start-up file. Never rejects.
 * `not-started`: no process came to be. `done`: exit status 0. `failed`: any other status. `unknown`: ended by a
 * signal or by us, so that how far it came is not known.
 */
export function runShellAction(run: ShellRun): Promise<Execution> {
  const script = decode(run.command);
  if ('why' in script) return Promise.resolve(notStarted(script.why));
  const shell = SHELLS.find(isExecutable);
  if (shell === undefined) return Promise.resolve(notStarted('no shell found'));
  if (!run.cwd.startsWith('/') || !isDirectory(run.cwd))
    return Promise.resolve(notStarted(`\`${run.cwd}\` is not a directory`));
  if (run.signal?.aborted === true) return Promise.resolve(notStarted('withdrawn before it began'));
  // `--`: a script that starts with a dash is a script all the same.
  const flags = shell.endsWith('bash') ? ['--noprofile', '--norc', '-c', '--'] : ['-c', '--'];
  const { promise, resolve } = Promise.withResolvers<Execution>();
  let child: ChildProcess;
  // The terminal sends Ctrl-C to the whole foreground group: the command gets it by itself, and we stay to record.
  // Listening begins before there is a command: one that is quick must not find us deaf.
  const stay = (): void => undefined;
  const passOn = PASSED_ON.map((name) => [name, (): void => void child.kill(name)] as const);
  const listeners = [['SIGINT', stay], ['SIGQUIT', stay], ...passOn] as const;
  for (const [name, listener] of listeners) process.on(name, listener);
  const deaf = (): void => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
  try {
    child = spawn(shell, [...flags, script.text], {
      cwd: run.cwd,
      env: cleanEnvironment(run.env),
      stdio: run.stdio ?? 'inherit',
      shell: false,
      detached: false,
    });
  } catch (error) {
    deaf();
    return Promise.resolve(notStarted(error instanceof Error ? error.message : String(error)));
  }
  let ended: string | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const end = (why: string): void => {
    if (ended !== undefined) return;
    ended = why;
    child.kill('SIGTERM');
    killTimer = setTimeout(() => child.kill('SIGKILL'), run.killAfterMs ?? 2_000);
  };
  const onAbort = (): void => end('withdrawn while it ran');
  const timeout =
    run.timeoutMs === undefined ? undefined : setTimeout(() => end('took longer than it may'), run.timeoutMs);
  run.signal?.addEventListener('abort', onAbort, { once: true });
  const settle = (execution: Execution): void => {
    clearTimeout(timeout);
    clearTimeout(killTimer);
    run.signal?.removeEventListener('abort', onAbort);
    deaf();
    resolve(execution);
  };
  child.once('spawn', () => run.onStart?.(child));
  child.once('error', (error) => {
    // Also raised where a signal could not be sent; only without a process is it certain that nothing ran.
    if (child.pid === undefined) settle(notStarted(error.message));
  });
  child.once('exit', (exitCode, signal) => settle(outcomeOf(exitCode, signal, ended)));
  return promise;
}

function outcomeOf(exitCode: number | null, signal: NodeJS.Signals | null, ended: string | undefined): Execution {
  if (ended !== undefined)
    return { kind: 'finished', outcome: 'unknown', detail: { why: ended, exitCode, signal: signal ?? null } };
  if (exitCode === null)
    return { kind: 'finished', outcome: 'unknown', detail: { why: 'ended by a signal', signal: signal ?? null } };
  return { kind: 'finished', outcome: exitCode === 0 ? 'done' : 'failed', detail: { exitCode } };
}

function decode(bytes: Uint8Array): { readonly text: string } | { readonly why: string } {
  if (bytes.length === 0) return { why: 'the command is empty' };
  if (bytes.length > LIMITS.commandBytes) return { why: `the command is longer than ${LIMITS.commandBytes} bytes` };
  if (bytes.includes(0)) return { why: 'the command contains a NUL byte' };
  try {
    // INVARIANT: what reaches the shell is byte for byte what was judged, a byte order mark included.
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { why: 'the command is not valid UTF-8' };
  }
}

function notStarted(why: string): Execution {
  return { kind: 'finished', outcome: 'not-started', detail: { why } };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
