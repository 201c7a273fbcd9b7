import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

/** What a command may touch. Given in, so that tests can run commands in process. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  out(text: string): void;
  err(text: string): void;
  /** Resolves when what was written to standard output has room again. */
  drained?(): Promise<void>;
  /** A person can be asked: standard input and error are terminals and this is no CI. */
  readonly interactive: boolean;
  readonly outIsTerminal: boolean;
  /** Width of the terminal, where there is one. */
  readonly columns?: number;
}

/** Exit codes, the same for every command. 64 and 70 are those of sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  hold: 10,
  deny: 20,
  usage: 64,
  dataFormat: 65,
  unavailable: 69,
  internal: 70,
} as const;

export function processIo(): Io {
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
    drained: async () => {
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    },
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && process.env.CI === undefined,
    outIsTerminal: process.stdout.isTTY === true,
    ...(process.stderr.columns === undefined ? {} : { columns: process.stderr.columns }),
  };
}

/** What a same-user installation says of itself, wherever it speaks of itself. */
export const ADVISORY =
  'advisory (same account as the agents, who could tamper with it; `holdpoint init --system` separates them)';

/** Who asks, as far as the environment of a command line tells: a label, never proof. */
export function originOf(env: NodeJS.ProcessEnv): { readonly agent: string; readonly task: string } {
  const task = env.HOLDPOINT_TASK ?? env.CLAUDE_SESSION_ID ?? env.CLAUDE_CODE_SESSION_ID ?? '';
  const agent = env.HOLDPOINT_AGENT ?? (env.CLAUDECODE === undefined ? 'command line' : 'claude-code');
  return { agent: agent.slice(0, 200), task: (task === '' ? `cli-${sessionOf(env)}` : task).slice(0, 200) };
}

/** The same for every command of one terminal, so that a repeat has the same task. */
function sessionOf(env: NodeJS.ProcessEnv): string {
  return env.HOLDPOINT_SESSION ?? env.TERM_SESSION_ID ?? env.SSH_TTY ?? env.TMUX_PANE ?? env.WINDOWID ?? 'local';
}

export function newNonce(): string {
  return randomBytes(32).toString('hex');
}
