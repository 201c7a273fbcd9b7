import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { Account, Done, Surroundings } from '../../ports/people.ts';

/** Variables that agents set for what they start. */
const AGENT_VARIABLE =
  /^(?:CLAUDECODE|CLAUDE_CODE_\w+|CURSOR_\w+|CODEX_\w+|GEMINI_CLI\w*|OPENCODE\w*|COPILOT_\w+|AIDER_\w+|AI_AGENT)$/;
/** Programs and packages of agents, as a whole segment of a path or the name of a process. */
const AGENT_PROGRAMS: ReadonlySet<string> = new Set([
  'claude',
  'claude-code',
  'codex',
  'cursor-agent',
  'gemini',
  'gemini-cli',
  'opencode',
  'copilot',
  'aider',
  'goose',
  'amp',
  'cline',
  'qwen',
  'crush',
  'droid',
]);
const MAX_ANCESTORS = 64;

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly comm: string;
  readonly argv: readonly string[];
  readonly variables: readonly string[];
}

export interface SurroundingsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Facts about a process, `undefined` where they cannot be had. Default: `/proc`. */
  readonly processFacts?: (pid: number) => Promise<ProcessFacts | undefined>;
  readonly parentPid?: number;
}

export function createSurroundings(options: SurroundingsOptions): Surroundings {
  const facts = options.processFacts ?? factsFromProc;
  return {
    uid: process.geteuid?.() ?? -1,
    async agentNearby() {
      const own = Object.keys(options.env).find((name) => AGENT_VARIABLE.test(name));
      if (own !== undefined) return `\`${own}\` is set`;
      let pid = options.parentPid ?? process.ppid;
      for (let step = 0; step < MAX_ANCESTORS && pid > 0; step += 1) {
        const one = await facts(pid);
        if (one === undefined) return undefined;
        const sign = signOf(one);
        if (sign !== undefined) return `process ${pid} above this one ${sign}`;
        pid = one.parent;
      }
      return undefined;
    },
    passwordlessSudo: () =>
      new Promise((resolve) => {
        // A fixed path list: a `sudo` that the agent put first in PATH would answer as it likes.
        const env = { PATH: '/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin', LC_ALL: 'C' };
        execFile('sudo', ['-n', 'true'], { env, timeout: 5000 }, (error) => resolve(error === null));
      }),
  };
}

function signOf(one: ProcessFacts): string | undefined {
  const variable = one.variables.find((name) => AGENT_VARIABLE.test(name));
  if (variable !== undefined) return `has \`${variable}\` set`;
  // The interpreter, the script and one more: further words may merely mention a name.
  const segments = [one.comm, ...one.argv.slice(0, 3).flatMap((word) => word.split(/[/\\]/))];
  const program = segments
    .map((segment) => segment.replace(/\.(?:c|m)?js$|\.exe$/, ''))
    .find((segment) => AGENT_PROGRAMS.has(segment));
  return program === undefined ? undefined : `is \`${program}\``;
}

async function factsFromProc(pid: number): Promise<ProcessFacts | undefined> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(`/proc/${pid}/${name}`, 'utf8');
    } catch {
      return '';
    }
  };
  const stat = await read('stat');
  // The name stands in brackets and may hold brackets itself: state and parent follow the last one.
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  if (stat === '' || !Number.isInteger(parent)) return undefined;
  const words = (text: string): string[] => text.split('\0').filter((word) => word !== '');
  return {
    pid,
    parent,
    comm: (await read('comm')).trim(),
    argv: words(await read('cmdline')),
    variables: words(await read('environ')).map((line) => line.split('=')[0] ?? ''),
  };
}

/**
 * The account that is meant: `wanted` (a name or number; root only), else the one that called sudo, else this
 * process's own. `SUDO_UID` is believed of root alone, who could write any registry anyway.
 */
export async function accountFor(
  env: Readonly<Record<string, string | undefined>>,
  wanted: string | undefined,
): Promise<Done<{ readonly account: Account }>> {
  const uid = process.geteuid?.();
  if (uid === undefined) return { ok: false, why: 'this platform has no accounts to enrol people for' };
  const name = wanted ?? (uid === 0 ? env.SUDO_UID : undefined);
  if (name === undefined)
    return { ok: true, account: { uid, gid: process.getegid?.() ?? uid, home: env.HOME ?? homedir() } };
  if (uid !== 0) return { ok: false, why: 'only root may name another account' };
  const found = await passwdEntry(name);
  return found === undefined ? { ok: false, why: `there is no account \`${name}\`` } : { ok: true, account: found };
}

async function passwdEntry(name: string): Promise<Account | undefined> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [login, , uid, gid, , home] = line.split(':');
    if ((login === name || uid === name) && home !== undefined) return { uid: Number(uid), gid: Number(gid), home };
  }
  return undefined;
}
