import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runInit } from '../../../src/apps/cli/init.ts';
import { type FoundTools, findTools } from '../../../src/apps/cli/install/probe.ts';
import { quote, shimText } from '../../../src/apps/cli/install/shim.ts';
import { type FakeAnswer, type FakeDaemon, type Installation, newInstallation, startFakeDaemon } from './fixture.ts';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const PAYLOAD = {
  session_id: 's',
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command: 'rm -rf x' },
};
const state: { daemon?: FakeDaemon; answer: FakeAnswer } = { answer: { kind: 'allow' } };
let place: Installation;
let tools: FoundTools;

before(async () => {
  place = await newInstallation();
  tools = await findTools();
  state.daemon = await startFakeDaemon(place.paths.socket, () => state.answer);
  assert.equal(await place.init('--agent', 'claude-code', '--yes'), 0, place.said());
});
after(async () => {
  await state.daemon?.close();
  await place.remove();
});

type Variant = 'direct' | 'nc' | 'curl' | 'node';

/** A shim like the installed one, but with some of the tools taken away and a shorter wait. */
async function shimWith(variant: Variant, change: Partial<Parameters<typeof shimText>[0]> = {}): Promise<string> {
  const file = path.join(place.dir, `shim-${variant}-${Math.random().toString(36).slice(2)}`);
  const settings = {
    socket: place.paths.socket,
    cat: tools.cat,
    ...(variant === 'nc' || variant === 'direct' ? { nc: tools.nc } : {}),
    ...(variant === 'direct' ? { ncEndsInput: true } : {}),
    ...(variant === 'curl' ? { curl: tools.curl } : {}),
    node: variant === 'node' ? process.execPath : '/nonexistent/node',
    client: path.join(place.paths.state, 'hook/hook-client.cjs'),
    installFile: path.join(place.paths.config, 'install.json'),
    owner: 'self' as const,
    replyTimeoutS: 1,
    ...change,
  };
  await writeFile(file, shimText(settings));
  await chmod(file, 0o755);
  return file;
}

function run(
  argv: readonly string[],
  payload: string | object,
  env: NodeJS.ProcessEnv = { HOME: place.home },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { env, stdio: 'pipe' });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: out.join(''), err: err.join('') }));
    child.stdin.end(typeof payload === 'string' ? payload : JSON.stringify({ cwd: place.project, ...payload }));
  });
}

const SHELLS = [['/bin/sh'], ['dash'], ['bash', '--posix'], ['bash'], ['busybox', 'sh']] as const;
const shells = SHELLS.filter(([program]) =>
  [
    ['-c', 'true'],
    ['sh', '-c', 'true'],
  ].some((args) => spawnSync(program, args, { env: { PATH: '/usr/bin:/bin' } }).status === 0),
);
for (const shell of SHELLS.filter((one) => !shells.includes(one))) {
  test(`under ${shell.join(' ')}`, { skip: 'not on this machine' }, () => undefined);
}

for (const shell of shells) {
  test(`under ${shell.join(' ')}: allow, refusal in both forms, odd text`, {
    skip: process.platform === 'win32',
  }, async () => {
    const file = await shimWith(tools.nc === undefined ? 'node' : tools.ncEndsInput === true ? 'direct' : 'nc');
    const ask = (): Promise<Ran> => run([...shell, file, 'claude-code'], PAYLOAD);
    state.answer = { kind: 'allow' };
    assert.deepEqual(await ask(), { code: 0, out: '', err: '' });
    const reason = 'a \\n b \\c "q" \'s\' %s $(id) `id` é\nsecond line';
    state.answer = { kind: 'deny', reason };
    const denied = await ask();
    assert.equal(denied.code, 0);
    assert.equal(JSON.parse(denied.out).hookSpecificOutput.permissionDecisionReason, reason);
    state.answer = { kind: 'raw', text: `HOLDPOINT/1 2 ${reason.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n` };
    assert.deepEqual(await ask(), { code: 2, out: '', err: `${reason}\n` });
  });
}

for (const variant of ['direct', 'nc', 'curl', 'node'] as const) {
  const isThere = (): boolean =>
    variant === 'node' || (variant === 'direct' ? tools.ncEndsInput === true : tools[variant] !== undefined);
  test(`by ${variant}: what is not one whole reply is a refusal`, async (context) => {
    if (!isThere()) return context.skip(`no ${variant} on this machine`);
    const file = await shimWith(variant);
    for (const text of [
      '',
      '\n',
      'ok\n',
      'HOLDPOINT/1 0 ',
      'HOLDPOINT/1 0 {}',
      'HOLDPOINT/1 0 {"a":',
      'HOLDPOINT/1 0 {}\n\n{}\n',
      'HOLDPOINT/1 1 x\n',
      'HOLDPOINT/9 0 \n',
      'HOLDPOINT/1 0 yes\n',
      'HTTP/1.1 200 OK\n\n',
      'x'.repeat(200_000),
    ]) {
      state.answer = { kind: 'raw', text };
      const ran = await run([file, 'claude-code'], PAYLOAD);
      assert.equal(ran.code, 2, JSON.stringify(text.slice(0, 40)));
      assert.equal(ran.out, '');
      assert.match(ran.err, /holdpoint up/);
    }
  });

  test(`by ${variant}: a daemon that says nothing is a refusal`, async (context) => {
    if (!isThere()) return context.skip(`no ${variant} on this machine`);
    state.answer = { kind: 'silence' };
    const ran = await run([await shimWith(variant), 'claude-code'], PAYLOAD);
    assert.equal(ran.code, 2);
  });

  test(`by ${variant}: a large payload arrives whole`, async (context) => {
    if (!isThere()) return context.skip(`no ${variant} on this machine`);
    state.answer = { kind: 'allow' };
    const content = 'é\\"x'.repeat(300_000);
    const ran = await run([await shimWith(variant), 'claude-code'], {
      ...PAYLOAD,
      tool_name: 'Write',
      tool_input: { file_path: '/w/x', content },
    });
    assert.equal(ran.code, 0, ran.err);
    assert.equal(state.daemon?.calls.at(-1)?.toolInput['content'], content);
  });
}

test('no tool at all, no agent, an unknown agent, no payload', async () => {
  const bare = await shimWith('nc', { nc: '/nonexistent/nc' });
  assert.equal((await run([bare, 'claude-code'], PAYLOAD)).code, 2);
  const file = await shimWith('node');
  assert.equal((await run([file], PAYLOAD)).code, 2);
  assert.equal((await run([file, 'vim'], PAYLOAD)).code, 2);
  assert.equal((await run([file, 'claude-code'], '')).code, 2);
  assert.equal((await run([file, 'claude-code'], '{"tool_name"')).code, 2);
});

for (const shell of shells.filter(([program, ...options]) => program !== 'bash' || options.length > 0)) {
  test(`the agent's environment steers nothing, under ${shell.join(' ')}`, async (context) => {
    if (tools.nc === undefined) return context.skip('no nc on this machine');
    state.answer = { kind: 'deny', reason: 'no' };
    const lie = '#!/bin/sh\nprintf "HOLDPOINT/1 0 \\n"\n';
    for (const name of ['nc', 'cat', 'printf', 'node']) {
      await writeFile(path.join(place.dir, name), lie, { mode: 0o755 });
      await chmod(path.join(place.dir, name), 0o755);
    }
    const program = shell[0].startsWith('/') ? shell[0] : `/usr/bin/${shell[0]}`;
    const ran = await run([program, ...shell.slice(1), await shimWith('nc'), 'claude-code'], PAYLOAD, {
      PATH: place.dir,
      IFS: '/',
      NODE_OPTIONS: '--require=/nonexistent',
      'BASH_FUNC_printf%%': '() { exit 0; }',
      'BASH_FUNC_[%%': '() { return 1; }',
      socket: '/tmp/other',
      text: 'x',
    });
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /"deny"/);
  });
}

test("the agent's environment does not steer the Node client", async () => {
  state.answer = { kind: 'deny', reason: 'no' };
  const lie = path.join(place.dir, 'lie.cjs');
  await writeFile(lie, "process.stdout.write('HOLDPOINT/1 0 \\n'); process.exit(0);\n");
  const ran = await run([await shimWith('node'), 'claude-code'], PAYLOAD, {
    HOME: place.home,
    NODE_OPTIONS: `--require=${lie}`,
  });
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /"deny"/);
});

test('with the daemon dead: reads pass, the rest is refused with the fix', async () => {
  await state.daemon?.close();
  const installed = path.join(place.paths.state, 'hook/holdpoint-hook');
  const read = await run([installed, 'claude-code'], { ...PAYLOAD, tool_input: { command: 'ls' } });
  assert.deepEqual(read, { code: 0, out: '', err: '' });
  const refused = await run([installed, 'claude-code'], PAYLOAD);
  assert.equal(refused.code, 2);
  assert.equal(refused.out, '');
  assert.match(refused.err, /not running.*fix: run `holdpoint up`/);
  const cursor = await run([installed, 'cursor'], {
    conversation_id: 'c',
    workspace_roots: [place.project],
    hook_event_name: 'beforeReadFile',
    file_path: place.project,
    content: '',
  });
  assert.deepEqual(cursor, { code: 0, out: '{"permission":"allow"}\n', err: '' });
  state.daemon = await startFakeDaemon(place.paths.socket, () => state.answer);
});

test('with the daemon dead: it is started by the command of the install, with its environment and none of the call’s', async () => {
  await state.daemon?.close();
  const noted = path.join(place.dir, 'started');
  const starter = path.join(place.dir, 'starter');
  await writeFile(starter, `#!/bin/sh\n{ env | sort; echo "$*"; } > ${quote(noted)}\n`, { mode: 0o755 });
  const io = { ...place.io, env: { PATH: '/opt/bin:relative:/usr/bin', XDG_STATE_HOME: '/s', NODE_OPTIONS: '--no' } };
  assert.equal(await runInit(['--agent', 'claude-code', '--yes'], io, { ...place.deps, start: [starter, 'up'] }), 0);
  const agents = { XDG_STATE_HOME: '/tmp/agent', NODE_TLS_REJECT_UNAUTHORIZED: '0', HTTPS_PROXY: 'http://127.0.0.1:1' };
  const shim = path.join(place.paths.state, 'hook/holdpoint-hook');
  const refused = await run([shim, 'claude-code'], PAYLOAD, agents);
  assert.equal(refused.code, 2);
  const lines = (await readFile(noted, 'utf8')).trim().split('\n');
  // A shell adds these by itself.
  const seen = lines.filter((line) => !/^(PWD|SHLVL|OLDPWD|_)=/.test(line));
  assert.deepEqual(seen, ['PATH=/opt/bin:/usr/bin', 'XDG_STATE_HOME=/s', 'up']);
  state.daemon = await startFakeDaemon(place.paths.socket, () => state.answer);
});

test('a socket of the wrong owner is not asked', async () => {
  state.answer = { kind: 'allow' };
  // As if of a system installation: the socket is this user's own, so it is not the guard's.
  assert.equal(
    (
      await run(
        [
          await shimWith(tools.nc === undefined ? 'node' : 'nc', { owner: 'other', node: '/nonexistent' }),
          'claude-code',
        ],
        PAYLOAD,
      )
    ).code,
    2,
  );
});

test('a path is one word of shell, whatever is in it', () => {
  assert.equal(quote("a'b $x"), "'a'\\''b $x'");
  assert.throws(() => quote('a\nb'), TypeError);
});
