import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openEngine } from '../../src/apps/wire.ts';
import { encodeHookRequest } from '../../src/protocols/hooks/wire.ts';

export interface DecisionRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** Decisions before those that count: V8 goes on optimising for the first ten thousand or so. */
const WARM_UP = 5_000;
const LONG_WARM_UP = 20_000;
const RUNS = 2_000;
/** Their text says all. */
const COMMANDS = ['ls -la', 'git status --short', 'cat README.md | head -5', 'grep -rn TODO src', 'echo done'];

/** How long the daemon takes to decide, in process and over its socket, beside a socket that answers without deciding. */
export async function benchDecision(): Promise<readonly DecisionRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-bench-'));
  const workspace = path.join(folder, 'workspace');
  mkdirSync(workspace);
  const [config, state, runtime] = ['config', 'state', 'run'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  const socket = path.join(runtime, 'holdpoint.sock');
  const opened = await openEngine({
    paths: { config, state, runtime, socket, trust: 'advisory', ownerUid: process.getuid?.() ?? 0 },
    home: folder,
    person: 'bench',
    version: 'bench',
    execCommand: ['holdpoint', 'exec'],
    mode: () => 'enforce',
  });
  if (!opened.ok) throw new Error(opened.why);
  const { engine } = opened;
  try {
    const { service } = engine;
    const judge = async (index: number): Promise<void> => {
      const command = COMMANDS[index % COMMANDS.length] ?? '';
      const attempt = service.shellAttempt(command, workspace, { agent: 'bench', task: 'bench', workspace });
      await service.pipeline.judge(attempt);
    };
    const judgeMicros = await sample(judge);
    const warmMicros = await sample(judge, LONG_WARM_UP);
    const judgeOne = (command: string) => async (): Promise<void> => {
      const attempt = service.shellAttempt(command, workspace, { agent: 'bench', task: 'bench', workspace });
      await service.pipeline.judge(attempt);
    };
    const scriptMicros = await sample(judgeOne('npm test'));
    const factMicros = await sample(judgeOne('rm -rf build'));
    const read = payload('Read', { file_path: path.join(workspace, 'README.md') }, workspace);
    const bash = payload('Bash', { command: 'ls -la' }, workspace);
    const readMicros = await sample(() => roundTrip(socket, encodeHookRequest('claude-code', read)));
    const bashMicros = await sample(() => roundTrip(socket, encodeHookRequest('claude-code', bash)));
    const echo = await startEcho(path.join(runtime, 'echo.sock'));
    const echoMicros = await sample(() =>
      roundTrip(path.join(runtime, 'echo.sock'), encodeHookRequest('claude-code', read)),
    );
    echo.close();
    return [
      ...rows('decision in process, no outside checks, after 5,000 decisions', judgeMicros),
      ...rows('decision in process, no outside checks, after 27,000', warmMicros),
      ...rows('decision in process that reads the package file (`npm test`)', scriptMicros),
      ...rows('decision in process that asks the disk (`rm -rf build`)', factMicros),
      ...rows('hook over the socket, plain read (intent not awaited)', readMicros),
      ...rows('hook over the socket, `ls -la` (intent awaited, fsync)', bashMicros),
      ...rows('floor: a socket that answers without deciding', echoMicros),
    ];
  } finally {
    await engine.daemon.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sample(run: (index: number) => Promise<void>, warmUp = WARM_UP): Promise<readonly number[]> {
  const micros: number[] = [];
  for (let index = 0; index < warmUp + RUNS; index += 1) {
    // A decision starts from the event loop, as in the daemon; back to back the loop would never turn.
    await nextTurn();
    const startedMs = performance.now();
    await run(index);
    if (index >= warmUp) micros.push((performance.now() - startedMs) * 1000);
  }
  return micros.sort((a, b) => a - b);
}

function rows(name: string, sorted: readonly number[]): readonly DecisionRow[] {
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return [
    { name: `${name}, p50`, value: at(0.5), unit: 'µs' },
    { name: `${name}, p99`, value: at(0.99), unit: 'µs' },
  ];
}

function payload(tool: string, input: object, cwd: string): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      session_id: 'bench',
      transcript_path: '',
      cwd,
      hook_event_name: 'PreToolUse',
      tool_name: tool,
      tool_input: input,
    }),
  );
}

function roundTrip(socketPath: string, request: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.end(request));
    socket.on('data', () => undefined);
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}

function startEcho(socketPath: string): Promise<{ close(): void }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', () => undefined);
    socket.once('end', () => socket.end('HOLDPOINT/1 0 \n'));
    socket.on('error', () => undefined);
  });
  return new Promise((resolve) => server.listen(socketPath, () => resolve(server)));
}
