import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Paths } from '../paths.ts';
import { ask } from './client.ts';
import { failed, usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';

/** `holdpoint run [--task NAME] -- PROGRAM [ARGUMENT]...`: starts a program behind the egress gateway. */
export async function runRun(
  args: readonly string[],
  io: Io,
  deps: { readonly paths: Paths; workspaceOf(cwd: string): string },
): Promise<number> {
  const split = args.indexOf('--');
  const options = split === -1 ? args : args.slice(0, split);
  const [program, ...words] = split === -1 ? [] : args.slice(split + 1);
  const [flag, name, ...more] = options;
  if (program === undefined || more.length > 0 || (flag !== undefined && (flag !== '--task' || name === undefined))) {
    return usage(io, 'run: `holdpoint run [--task NAME] -- PROGRAM [ARGUMENT]...`');
  }
  const task = name ?? `run-${randomBytes(6).toString('hex')}`;
  const agent = program.split('/').at(-1) ?? program;
  const reply = await ask(deps.paths, {
    op: 'agent-environment',
    task,
    workspace: deps.workspaceOf(io.cwd),
    agent: agent.slice(0, 200),
  });
  if (!reply.ok) return failed(io, reply);
  const environment = reply.environment as Record<string, string>;
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      stdio: 'inherit',
      env: { ...io.env, ...environment, HOLDPOINT_TASK: task, HOLDPOINT_AGENT: agent },
    });
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    // The terminal sends Ctrl-C to the whole group; this process stays to pass on the exit status.
    process.on('SIGINT', () => undefined);
    child.once('error', (error) => {
      io.err(`holdpoint: cannot run \`${program}\`: ${error.message}\n`);
      resolve(EXIT.unavailable);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15)));
  });
}
