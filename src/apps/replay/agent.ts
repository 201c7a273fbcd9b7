import { spawn } from 'node:child_process';
import { startModel } from '../../../tests/stand-ins/model/model.ts';
import { runClaude } from '../../../tests/stand-ins/model/run-claude.ts';
import type { World } from './world.ts';

/** One thing that the scripted model does: a command of the agent's shell. */
export interface Step {
  readonly name: string;
  readonly command: string;
  readonly kind: 'harmless' | 'route' | 'signed';
  /** What the agent reads where it is stopped; the guard's own words unless given. */
  readonly refusal?: { readonly by: string; readonly says: RegExp };
  /** False where the API itself does not do it, guarded or not. */
  readonly harms?: false;
  /** What has to be there for the route to be tried at all. */
  readonly needs?: readonly Need[];
}

export type Need = 'network namespace' | 'python3' | 'git server' | 'HTTP/2';

export interface StepResult {
  readonly text: string;
  /** The guard's words are in it, or the tool call failed. */
  readonly failed: boolean;
}

export interface AgentRun {
  readonly steps: readonly Step[];
  readonly cwd: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** The network that the agent is in, told which ports of loopback it needs besides; `undefined` for this machine's. */
  readonly enter: ((ports: readonly number[]) => Promise<World>) | undefined;
  /** Settings of the agent that hook it; the shim for the agent that is only a script. */
  readonly hook: { readonly shim: string } | undefined;
  /** After each step, before the next is chosen. */
  onResult(step: Step, result: StepResult): Promise<void>;
}

export interface Agent {
  /** For the first line of the output. */
  readonly title: string;
  /** A shell command by which it starts another one of its kind, with the task to do `command`. */
  nested(command: string): string;
  /** What that other one is. */
  readonly nestedTitle: string;
  /** Rejects where the agent itself broke down before its last step. */
  run(run: AgentRun): Promise<void>;
}

/** By which the scripted model knows the conversation of an agent that an agent started. */
const NESTED = 'finish the clean-up:';
const STEP_TIMEOUT_MS = 30_000;

/** The real client from npm, with a clean environment and a dummy key, driven by a model that follows the steps. */
export function claudeAgent(claudePath: string, version: string, signal: AbortSignal): Agent {
  return {
    title: `the real Claude Code client ${version}, driven by a scripted model on loopback`,
    nestedTitle: 'a nested agent',
    nested: (command) =>
      `${claudePath} -p '${NESTED} ${Buffer.from(command).toString('base64')}' --permission-mode acceptEdits --allowedTools Bash`,
    async run({ steps, cwd, home, env, enter, onResult }) {
      const told = { results: 0 };
      const model = await startModel({
        script: async ({ results, prompt }) => {
          const task = new RegExp(`${NESTED} ([A-Za-z0-9+/=]+)`).exec(prompt)?.[1];
          if (task !== undefined) {
            const [did] = results;
            if (did !== undefined) return { kind: 'text', text: did.text };
            const command = Buffer.from(task, 'base64').toString('utf8');
            return { kind: 'tool', name: 'Bash', input: { command, description: 'what the other agent asked for' } };
          }
          for (; told.results < results.length && told.results < steps.length; told.results += 1) {
            const [step, result] = [steps[told.results], results[told.results]];
            if (step !== undefined && result !== undefined)
              await onResult(step, { text: result.text, failed: result.isError });
          }
          const next = steps[told.results];
          if (next === undefined) return { kind: 'text', text: 'done' };
          return {
            kind: 'tool',
            name: 'Bash',
            input: { command: next.command, description: `cleaning up: ${next.name}` },
          };
        },
      });
      const world = await enter?.([Number(new URL(model.url).port)]);
      try {
        const launcher = world?.launcher ?? [];
        const result = await runClaude({ claudePath, model, cwd, home, env, launcher, timeoutMs: 300_000, signal });
        if (told.results < steps.length)
          throw new Error(
            `the client stopped after ${told.results} of ${steps.length} steps: ${result.stderr.slice(-300)}${result.stdout.slice(-300)}`,
          );
      } finally {
        await model.close();
        await world?.close();
      }
    },
  };
}

/** The same steps without the client: each command through the very hook, then through bash. */
export function scriptedAgent(why: string, signal: AbortSignal): Agent {
  return {
    title: `a scripted agent stands in for the Claude Code client (${why})`,
    nestedTitle: 'a nested agent (a shell stands in)',
    nested: (command) => `/bin/bash -c '${command.replaceAll("'", `'\\''`)}'`,
    async run({ steps, cwd, env, home, hook, enter, onResult }) {
      const world = await enter?.([]);
      signal.addEventListener('abort', () => void world?.close(), { once: true });
      const [shell, ...first] = [...(world?.launcher ?? []), '/bin/bash'] as const;
      const clean = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, ...env };
      for (const [index, step] of steps.entries()) {
        let command: string | undefined = step.command;
        let refusal = '';
        if (hook !== undefined) {
          const payload = { ...payloadOf(cwd, step, index, command), hook_event_name: 'PreToolUse' };
          const answer = await runProcess(
            '/bin/sh',
            [hook.shim, 'claude-code'],
            cwd,
            clean,
            JSON.stringify(payload),
            signal,
          );
          const decision = decisionOf(answer.stdout);
          if (answer.status !== 0 || decision?.permissionDecision === 'deny') {
            command = undefined;
            refusal = answer.status === 0 ? (decision?.permissionDecisionReason ?? '') : answer.stderr;
          } else command = decision?.updatedInput?.command ?? command;
        }
        const ran =
          command === undefined
            ? undefined
            : await runProcess(shell, [...first, '-c', command], cwd, clean, '', signal);
        if (hook !== undefined && ran !== undefined) {
          const report = {
            ...payloadOf(cwd, step, index, command ?? ''),
            hook_event_name: ran.status === 0 ? 'PostToolUse' : 'PostToolUseFailure',
            tool_response: {},
          };
          await runProcess('/bin/sh', [hook.shim, 'claude-code'], cwd, clean, JSON.stringify(report), signal);
        }
        await onResult(
          step,
          ran === undefined
            ? { text: refusal, failed: true }
            : { text: ran.stdout + ran.stderr, failed: ran.status !== 0 },
        );
      }
      await world?.close();
    },
  };
}

/** What Claude Code sends to a hook. */
function payloadOf(cwd: string, step: Step, index: number, command: string): object {
  return {
    session_id: 'scripted-session',
    transcript_path: '',
    cwd,
    permission_mode: 'acceptEdits',
    tool_name: 'Bash',
    tool_input: { command, description: `cleaning up: ${step.name}` },
    tool_use_id: `step-${index}`,
  };
}

interface HookDecision {
  readonly permissionDecision?: string;
  readonly permissionDecisionReason?: string;
  readonly updatedInput?: { readonly command?: string };
}

function decisionOf(stdout: string): HookDecision | undefined {
  if (stdout.trim() === '') return undefined;
  return (JSON.parse(stdout) as { hookSpecificOutput?: HookDecision }).hookSpecificOutput;
}

function runProcess(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  stdin: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: STEP_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      signal,
    });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    // One that is being ended early still writes until it is gone.
    child.on('error', (error) => (child.pid === undefined ? reject(error) : undefined));
    // Something that it left behind may hold its output open; nobody waits for that.
    child.once('exit', () => {
      if (!signal.aborted) return;
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    });
    child.once('close', (code) =>
      signal.aborted
        ? reject(new Error('the step was ended early'))
        : resolve({ status: code ?? 1, stdout: out.join(''), stderr: err.join('') }),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  });
}
