import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StandInModel, ToolResult } from './model.ts';

export interface ClaudeRun {
  /** Absolute path of the real client. */
  readonly claudePath: string;
  readonly model: StandInModel;
  /** The client's working directory: the project. */
  readonly cwd: string;
  /** Its whole home; made if it is missing. */
  readonly home: string;
  readonly prompt?: string;
  /** Written to `~/.claude/settings.json` where given. */
  readonly settings?: object;
  /** Tools that run without a prompt; default `Bash`. */
  readonly allowedTools?: readonly string[];
  /** Added to an otherwise clean environment. */
  readonly env?: { readonly [name: string]: string };
  readonly timeoutMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** Put before the client's own path, e.g. a program that changes what `/etc` holds for it. */
  readonly launcher?: readonly string[];
}

export interface ClaudeResult {
  /** `undefined` where it was stopped at the time-out. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly toolResults: readonly ToolResult[];
}

/** Runs the real client once, with nothing of this process's environment, against a scripted model on loopback. */
export async function runClaude(run: ClaudeRun): Promise<ClaudeResult> {
  const temporary = path.join(run.home, 'tmp');
  await mkdir(path.join(run.home, '.claude'), { recursive: true });
  await mkdir(temporary, { recursive: true });
  if (run.settings !== undefined) {
    await writeFile(path.join(run.home, '.claude/settings.json'), JSON.stringify(run.settings, undefined, 2));
  }
  const args = [
    '-p',
    run.prompt ?? 'go',
    '--permission-mode',
    'acceptEdits',
    '--allowedTools',
    ...(run.allowedTools ?? ['Bash']),
  ];
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: run.home,
    ANTHROPIC_BASE_URL: run.model.url,
    ANTHROPIC_API_KEY: 'dummy',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    // Its default is shared by all accounts of the machine, and refused where another one made it.
    CLAUDE_CODE_TMPDIR: temporary,
    ...run.env,
  };
  const ended = await new Promise<Omit<ClaudeResult, 'toolResults'>>((resolve, reject) => {
    const [program, ...first] = [...(run.launcher ?? []), run.claudePath];
    const child = spawn(program ?? run.claudePath, [...first, ...args], {
      cwd: run.cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(run.signal === undefined ? {} : { signal: run.signal }),
    });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    const timer = setTimeout(() => child.kill('SIGKILL'), run.timeoutMs ?? 60_000);
    // One that is being ended early still writes until it is gone.
    child.on('error', (error) => (child.pid === undefined ? reject(error) : undefined));
    // Something that it left behind may hold its output open; nobody waits for that.
    child.on('exit', () => {
      if (run.signal?.aborted !== true) return;
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (run.signal?.aborted === true) reject(new Error('the client was ended early'));
      resolve({ exitCode: code ?? undefined, stdout: out.join(''), stderr: err.join('') });
    });
  });
  return { ...ended, toolResults: run.model.results() };
}
