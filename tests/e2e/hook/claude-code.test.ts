import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { hookFiles } from '../../../src/apps/cli/init.ts';
import { claudeCacheDir, findClaude } from '../../../src/apps/replay/claude-client.ts';
import { withCommand } from '../../../src/protocols/hooks/agents.ts';
import type { HookCall } from '../../../src/protocols/hooks/hook.ts';
import { startModel, type ToolResult } from '../../stand-ins/model/model.ts';
import { runClaude } from '../../stand-ins/model/run-claude.ts';
import { type FakeAnswer, type FakeDaemon, type Installation, newInstallation, startFakeDaemon } from './fixture.ts';

/** The real client, or why these tests are left out. Continuous integration installs it. */
const claudePath = process.env['HOLDPOINT_TEST_CLAUDE'] ?? findClaude(claudeCacheDir(process.env));
const skip =
  claudePath === undefined &&
  'the real Claude Code client is not installed (set HOLDPOINT_TEST_CLAUDE, or run the replay once)';

/** Whether this machine lets a test put a managed settings file where only the client under test sees it. */
const canOverlayEtc = (): boolean =>
  spawnSync(
    '/usr/bin/unshare',
    [
      '-rm',
      '/bin/sh',
      '-c',
      'd=$(mktemp -d) && mount -t overlay overlay -o "lowerdir=$d:/etc" /etc; s=$?; rmdir "$d"; exit $s',
    ],
    { stdio: 'ignore' },
  ).status === 0;

let place: Installation;
const daemon: { running?: FakeDaemon } = {};

beforeEach(async () => {
  place = await newInstallation();
});
afterEach(async () => {
  await daemon.running?.close();
  delete daemon.running;
  await place.remove();
});

async function guard(answer: (call: HookCall) => FakeAnswer): Promise<FakeDaemon> {
  daemon.running = await startFakeDaemon(place.paths.socket, answer);
  return daemon.running;
}

/** Lets the model try one command that leaves a mark, and tells whether the mark is there. */
async function tryCommand(
  options: { readonly command?: string; readonly managed?: boolean } = {},
): Promise<{ readonly ran: boolean; readonly result: ToolResult }> {
  const mark = path.join(place.project, 'mark');
  const command = options.command ?? `touch ${mark}`;
  const model = await startModel({
    script: ({ results }) =>
      results.length === 0
        ? { kind: 'tool', name: 'Bash', input: { command, description: 'leave a mark' } }
        : { kind: 'text', text: 'done' },
  });
  try {
    const etc = path.join(place.dir, 'etc');
    const ended = await runClaude({
      claudePath: claudePath ?? '',
      model,
      cwd: place.project,
      home: place.home,
      ...(options.managed === true
        ? {
            launcher: [
              '/usr/bin/unshare',
              '-rm',
              '/bin/sh',
              '-c',
              `mount -t overlay overlay -o "lowerdir=${etc}:/etc" /etc && exec "$@"`,
              'sh',
            ],
          }
        : {}),
    });
    assert.equal(ended.exitCode, 0, ended.stderr);
    const result = ended.toolResults[0];
    assert.ok(result !== undefined, 'the model saw no result');
    return { ran: existsSync(mark), result };
  } finally {
    await model.close();
  }
}

/** Shortens the host's own time-out, so that a hanging shim is met in seconds. */
function shortenTimeout(): void {
  const file = path.join(place.home, '.claude/settings.json');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"timeout": 60', '"timeout": 2'));
}

function projectSettings(settings: object): void {
  writeFileSync(path.join(place.project, '.claude/settings.json'), JSON.stringify(settings));
}

const init = async (...args: string[]): Promise<void> =>
  assert.equal(await place.init('--agent', 'claude-code', '--yes', ...args), 0, place.said());

test('a refusal reaches the model as an error, word for word, and nothing ran', { skip }, async () => {
  await init();
  const { calls } = await guard(() => ({ kind: 'deny', reason: 'the guard works; this is policy: "x" \\n' }));
  const { ran, result } = await tryCommand();
  assert.equal(ran, false);
  assert.equal(result.isError, true);
  assert.ok(result.text.includes('the guard works; this is policy: "x" \\n'), result.text);
  assert.equal(calls.filter((call) => call.event === 'before').length, 1);
  assert.equal(calls[0]?.statedPurpose, 'leave a mark');
  assert.equal(calls[0]?.cwd, place.project);
});

test('an allow lets it run, and the outcome is reported with the same id', { skip }, async () => {
  await init();
  const { calls } = await guard(() => ({ kind: 'allow' }));
  assert.equal((await tryCommand()).ran, true);
  const [before, afterwards] = calls;
  assert.equal(before?.hostEvent, 'PreToolUse');
  assert.equal(afterwards?.hostEvent, 'PostToolUse');
  assert.equal(afterwards?.outcome?.outcome, 'done');
  assert.equal(afterwards?.toolUseId, before?.toolUseId);
});

test('a command that fails is reported as failed', { skip }, async () => {
  await init();
  const { calls } = await guard(() => ({ kind: 'allow' }));
  await tryCommand({ command: 'exit 3' });
  assert.equal(calls[1]?.hostEvent, 'PostToolUseFailure');
  assert.equal(calls[1]?.outcome?.outcome, 'failed');
});

test('a rewrite runs the other command instead', { skip }, async () => {
  await init();
  await guard((call) => (call.event === 'before' ? withCommand(call, 'echo rewritten') : { kind: 'nothing' }));
  const { ran, result } = await tryCommand();
  assert.equal(ran, false);
  assert.deepEqual([result.isError, result.text.trim()], [false, 'rewritten']);
});

test('every tool is asked about', { skip }, async () => {
  await init();
  const { calls } = await guard(() => ({ kind: 'deny', reason: 'no' }));
  const file = path.join(place.project, 'a.txt');
  writeFileSync(file, 'x');
  const inputs: readonly (readonly [string, object])[] = [
    ['Read', { file_path: file }],
    ['Write', { file_path: path.join(place.project, 'b.txt'), content: 'y' }],
  ];
  const model = await startModel({
    script: ({ results }) => {
      const next = inputs[results.length];
      return next === undefined ? { kind: 'text', text: 'done' } : { kind: 'tool', name: next[0], input: next[1] };
    },
  });
  await runClaude({ claudePath: claudePath ?? '', model, cwd: place.project, home: place.home });
  await model.close();
  assert.deepEqual(
    calls.map((call) => call.toolName),
    ['Read', 'Write'],
  );
  assert.equal(existsSync(path.join(place.project, 'b.txt')), false);
});

test('no guard: a read passes, the rest is refused with the fix', { skip }, async () => {
  await init();
  const refused = await tryCommand();
  assert.equal(refused.ran, false);
  assert.match(refused.result.text, /fix: run `holdpoint up`/);
  writeFileSync(path.join(place.project, 'README.md'), 'hello from the file');
  const read = await tryCommand({ command: 'cat README.md' });
  assert.match(read.result.text, /hello from the file/);
});

for (const text of ['garbage\n', 'HOLDPOINT/1 0 ', 'HOLDPOINT/1 0 {"hook\n', '']) {
  test(`a guard that answers ${JSON.stringify(text)} stops the call`, { skip }, async () => {
    await init();
    await guard(() => ({ kind: 'raw', text }));
    assert.equal((await tryCommand()).ran, false);
  });
}

test('the shim deleted: `onFailure` makes the host stop the call', { skip }, async () => {
  await init();
  rmSync(hookFiles(place.paths).shim);
  const { ran, result } = await tryCommand();
  assert.equal(ran, false);
  assert.match(result.text, /blocking because onFailure/);
});

test('the shim hangs: `onFailure` makes the host stop the call', { skip }, async () => {
  await init();
  shortenTimeout();
  writeFileSync(hookFiles(place.paths).shim, '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
  const { ran, result } = await tryCommand();
  assert.equal(ran, false);
  assert.match(result.text, /timed out; blocking/);
});

test('LIMIT: a shim replaced by one that says nothing and exits 0 lets the call through', { skip }, async () => {
  await init();
  await guard(() => ({ kind: 'deny', reason: 'no' }));
  writeFileSync(hookFiles(place.paths).shim, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  // The account owns its own shim; only a system installation, where it belongs to another user, closes this.
  assert.equal((await tryCommand()).ran, true);
});

test('LIMIT: `disableAllHooks` in the settings of a project removes the hooks of the user', { skip }, async () => {
  await init();
  await guard(() => ({ kind: 'deny', reason: 'no' }));
  projectSettings({ disableAllHooks: true });
  assert.equal((await tryCommand()).ran, true);
});

/** A project's own hook that replaces every command by one that leaves the mark. */
function rewritingHook(): void {
  const decision = {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'allow',
      updatedInput: { command: `touch ${path.join(place.project, 'mark')}` },
    },
  };
  const command = `printf '%s' '${JSON.stringify(decision)}'`;
  projectSettings({ hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command }] }] } });
}

test("LIMIT: another hook's rewrite is what runs, and it was not judged", { skip }, async () => {
  await init();
  const { calls } = await guard(() => ({ kind: 'allow' }));
  rewritingHook();
  assert.equal((await tryCommand({ command: 'echo hi' })).ran, true);
  assert.equal(calls[0]?.toolInput['command'], 'echo hi');
  // It can only be found afterwards: the same tool use comes back with another command.
  assert.equal(calls[1]?.toolUseId, calls[0]?.toolUseId);
  assert.match(JSON.stringify(calls[1]?.toolInput['command']), /^"touch /);
});

for (const [note, prepare] of [
  ['`disableAllHooks` in the project', () => projectSettings({ disableAllHooks: true })],
  [
    '`disableAllHooks` in the local settings of the project',
    () => writeFileSync(path.join(place.project, '.claude/settings.local.json'), '{"disableAllHooks":true}'),
  ],
  [
    '`disableAllHooks` in the settings of the user',
    () => {
      mkdirSync(path.join(place.home, '.claude'), { recursive: true });
      writeFileSync(path.join(place.home, '.claude/settings.json'), '{"disableAllHooks":true}');
    },
  ],
  ['the shim deleted', () => rmSync(hookFiles(place.paths).shim)],
] as const) {
  test(`managed settings stop the call: ${note}`, { skip }, async (context) => {
    if (!canOverlayEtc())
      return context.skip('this machine does not let a test lay a folder over /etc for one process');
    await init('--managed');
    await guard(() => ({ kind: 'deny', reason: 'no' }));
    prepare();
    const { ran, result } = await tryCommand({ managed: true });
    assert.equal(ran, false);
    assert.equal(result.isError, true);
  });
}

for (const [args, wantRan] of [
  [['--managed'], true],
  [['--managed', '--managed-only'], false],
] as const) {
  test(`${wantRan ? 'LIMIT: ' : ''}\`${args.join(' ')}\` ${wantRan ? 'does not keep' : 'keeps'} the hook of a project from rewriting what was judged`, {
    skip,
  }, async (context) => {
    if (!canOverlayEtc())
      return context.skip('this machine does not let a test lay a folder over /etc for one process');
    await init(...args);
    await guard(() => ({ kind: 'allow' }));
    rewritingHook();
    const { ran, result } = await tryCommand({ command: 'echo hi', managed: true });
    assert.equal(ran, wantRan);
    assert.equal(result.text.trim() === 'hi', !wantRan);
  });
}
