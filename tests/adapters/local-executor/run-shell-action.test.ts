import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cleanEnvironment } from '../../../src/adapters/local-executor/clean-environment.ts';
import { hostReleaseExecutor } from '../../../src/adapters/local-executor/host-release.ts';
import { runShellAction, type ShellRun } from '../../../src/adapters/local-executor/run-shell-action.ts';
import { type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { executorContract } from '../../contracts/executor.ts';

const dir = mkdtempSync(join(tmpdir(), 'run-shell-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function shellAttempt(text: string): Attempt {
  const action = { kind: 'shell' as const, bytes: Buffer.from(text), cwd: dir };
  const origin = { door: 'cli' as const, person: 'p', agent: 'a', task: 't', workspace: dir };
  return { id: 'a1', atMs: 0, action, ...origin, key: attemptKey(action, origin) };
}

async function run(
  text: string | Uint8Array,
  more: Partial<ShellRun> = {},
): Promise<{ out: string; execution: unknown }> {
  let out = '';
  const execution = await runShellAction({
    command: typeof text === 'string' ? Buffer.from(text) : text,
    cwd: dir,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
    onStart: (child) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
      void more.onStart?.(child);
    },
    ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== 'onStart')),
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { out, execution };
}

executorContract('host release', () => ({
  executor: hostReleaseExecutor,
  attempt: shellAttempt('true'),
  ran: () => 0,
}));
executorContract('shell run', () => {
  const file = join(mkdtempSync(join(dir, 'once-')), 'count');
  const attempt = shellAttempt(`echo x >> ${file}`);
  return {
    attempt,
    executor: {
      execute: (one) => runShellAction({ command: one.action.bytes, cwd: dir, env: {}, stdio: 'ignore' }),
    },
    ran: () => readFileSync(file, 'utf8').split('\n').length - 1,
  };
});

test('exit status is the outcome', async () => {
  assert.deepEqual((await run('exit 0')).execution, { kind: 'finished', outcome: 'done', detail: { exitCode: 0 } });
  assert.deepEqual((await run('exit 3')).execution, { kind: 'finished', outcome: 'failed', detail: { exitCode: 3 } });
  assert.deepEqual((await run('kill -9 $$')).execution, {
    kind: 'finished',
    outcome: 'unknown',
    detail: { why: 'ended by a signal', signal: 'SIGKILL' },
  });
});

test('the shell gets the judged bytes and nothing else', async () => {
  const odd = `printf '%s' 'a "b" \\ $HOME \u00e9\u202e\ufeff'`;
  assert.equal((await run(odd)).out, 'a "b" \\ $HOME \u00e9\u202e\ufeff');
  // A script that looks like options, or starts with a byte order mark, is not taken for something else.
  const file = join(dir, 'not-made');
  const dash = await run(`-c 'echo x > ${file}'`);
  assert.deepEqual(dash.execution, { kind: 'finished', outcome: 'failed', detail: { exitCode: 127 } });
  const mark = await run(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('true')]));
  assert.deepEqual(mark.execution, { kind: 'finished', outcome: 'failed', detail: { exitCode: 127 } });
  assert.throws(() => readFileSync(file));
});

test('start-up files and exported functions have no say', async () => {
  const startup = join(dir, 'startup.sh');
  writeFileSync(startup, `echo started; ls() { echo fake; }`);
  const env = {
    PATH: `.::/usr/bin:/bin`,
    HOME: dir,
    BASH_ENV: startup,
    ENV: startup,
    SHELLOPTS: 'xtrace',
    PS4: '$(echo evil >&2)',
    PROMPT_COMMAND: 'echo prompt',
    'BASH_FUNC_echo%%': '() { builtin echo hijacked; }',
    LD_PRELOAD: '/nonexistent.so',
    GIT_DIR: '/elsewhere',
    KEPT: 'yes',
  };
  writeFileSync(join(dir, '.bashrc'), 'echo rc');
  writeFileSync(join(dir, '.bash_profile'), 'echo profile');
  const { out } = await run('echo "$KEPT|$PATH|$GIT_DIR|$LD_PRELOAD"', { env });
  assert.equal(out, 'yes|/usr/bin:/bin||\n');
  assert.deepEqual(cleanEnvironment({ LD_AUDIT: 'x', DYLD_INSERT_LIBRARIES: 'x', GIT_CONFIG_COUNT: '1' }), {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
  });
});

test('what cannot be run as judged does not start', async () => {
  const outcome = async (text: string | Uint8Array, more?: Partial<ShellRun>): Promise<unknown> =>
    ((await run(text, more)).execution as { outcome: string }).outcome;
  assert.equal(await outcome(''), 'not-started');
  assert.equal(await outcome('a\0b'), 'not-started');
  assert.equal(await outcome(Buffer.from([0x61, 0xff])), 'not-started');
  assert.equal(await outcome(`: ${'x'.repeat(LIMITS.commandBytes)}`), 'not-started');
  assert.equal(await outcome('true', { cwd: join(dir, 'gone') }), 'not-started');
  assert.equal(await outcome('true', { cwd: '.' }), 'not-started');
  assert.equal(await outcome('true', { signal: AbortSignal.abort() }), 'not-started');
});

test('ended by us is unknown, even where the command traps the signal', async () => {
  const stop = new AbortController();
  const { execution } = await run(`trap 'exit 0' TERM; echo ready; while :; do read -t 0.05 <> <(:); done`, {
    signal: stop.signal,
    onStart: (child) => void child.stdout?.once('data', () => stop.abort()),
  });
  assert.equal((execution as { outcome: string }).outcome, 'unknown');
  const stubborn = await run(`trap '' TERM; while :; do read -t 0.05 <> <(:); done`, {
    timeoutMs: 50,
    killAfterMs: 50,
  });
  assert.equal((stubborn.execution as { outcome: string }).outcome, 'unknown');
});

test('Ctrl-C reaches the command, and the runner stays to report', async () => {
  const script = `
    import { runShellAction } from ${JSON.stringify(join(import.meta.dirname, '../../../src/adapters/local-executor/run-shell-action.ts'))};
    const execution = await runShellAction({ command: Buffer.from('echo ready; sleep 60'), cwd: '/', env: process.env });
    console.log(JSON.stringify(execution));
  `;
  const runner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let out = '';
  runner.stdout.on('data', (chunk: Buffer) => {
    const before = out;
    out += chunk.toString();
    // To the whole process group, as a terminal does.
    if (!before.includes('ready') && out.includes('ready') && runner.pid !== undefined)
      process.kill(-runner.pid, 'SIGINT');
  });
  const [code] = (await once(runner, 'close')) as [number | null];
  assert.equal(code, 0);
  assert.match(out, /"outcome":"unknown".*SIGINT/);
});
