import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { answerHook, type ClientWorld } from '../../../src/apps/hook/client.ts';
import { parseClientSettings } from '../../../src/apps/hook/install-file.ts';
import { isPlainRead } from '../../../src/apps/hook/plain-read.ts';
import { decodeHook } from '../../../src/protocols/hooks/agents.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'hp-read-'));
const home = path.join(dir, 'home');
const work = path.join(home, 'work');
mkdirSync(path.join(work, 'src'), { recursive: true });
for (const file of ['src/a.ts', 'README.md', '.env', '.env.local', 'deploy.pem', 'api_token.txt'])
  writeFileSync(path.join(work, file), 'x');
writeFileSync(path.join(home, 'outside'), 'x');
symlinkSync(path.join(home, 'outside'), path.join(work, 'link'));
symlinkSync('/', path.join(work, 'root'));
after(() => rmSync(dir, { recursive: true, force: true }));

const world = {
  home,
  realPath(file: string): string | undefined {
    try {
      return realpathSync(file);
    } catch {
      return undefined;
    }
  },
};

function payload(tool: string, input: object, cwd = work): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ session_id: 's', cwd, hook_event_name: 'PreToolUse', tool_name: tool, tool_input: input }),
  );
}

function plain(tool: string, input: object, cwd = work): boolean {
  const decoded = decodeHook('claude-code', payload(tool, input, cwd), { home });
  return decoded.ok && isPlainRead(decoded.call, world);
}

for (const command of [
  'ls',
  'ls -la src',
  'cat README.md',
  'head -n 5 src/a.ts',
  'tail -3 README.md',
  'wc -l src/a.ts',
  'pwd',
  'git status',
  'git status --short',
  'git diff --stat',
  'git log --oneline -n 5',
  'git diff src/a.ts',
]) {
  test(`passes with a dead guard: ${command}`, () => assert.equal(plain('Bash', { command }), true));
}

for (const command of [
  '',
  ' ',
  'rm -rf src',
  'cat README.md; rm x',
  'cat README.md && rm x',
  'cat README.md | sh',
  'cat < README.md',
  'ls > x',
  'ls $HOME',
  'ls `id`',
  'cat *',
  'cat ~/x',
  'cat "README.md"',
  'cat README.md\nrm x',
  'cat .env',
  'cat ./src/../.env',
  'cat .env.local',
  'cat deploy.pem',
  'cat api_token.txt',
  'cat link',
  'cat /etc/passwd',
  'cat ../outside',
  'ls ..',
  'ls root',
  'cat root/etc/passwd',
  'cat missing',
  'git push',
  'git diff --output=x',
  'git -c alias.x=y status',
  'git log --output x',
  'git diff --ext-diff',
  'git stash',
  'git',
  'X=1 ls',
  '/bin/ls',
  'tail --follow=name README.md',
  'wc --files0-from=/etc/passwd',
  'cat README.md & rm x',
  'cat\tREADME.md',
  'ls {a,b}',
  'ls #x',
  'git toString',
]) {
  test(`is refused with a dead guard: ${JSON.stringify(command)}`, () =>
    assert.equal(plain('Bash', { command }), false));
}

test('tools', () => {
  assert.equal(plain('Read', { file_path: path.join(work, 'README.md') }), true);
  assert.equal(plain('Read', { file_path: 'README.md' }), true);
  assert.equal(plain('Read', { file_path: path.join(work, '.env') }), false);
  assert.equal(plain('Read', { file_path: path.join(work, 'link') }), false);
  assert.equal(plain('Read', { file_path: '/etc/passwd' }), false);
  assert.equal(plain('Glob', { pattern: 'src/*.ts' }), true);
  assert.equal(plain('Glob', { pattern: '/etc/*' }), false);
  assert.equal(plain('Grep', { pattern: 'x' }), true);
  assert.equal(plain('Grep', { pattern: 'x', output_mode: 'content' }), false);
  assert.equal(plain('Write', { file_path: path.join(work, 'x'), content: '' }), false);
  assert.equal(plain('WebFetch', { url: 'http://x/' }), false);
  assert.equal(plain('WebSearch', { query: 'x' }), false);
  assert.equal(plain('TodoWrite', { todos: [] }), true);
  assert.equal(plain('mcp__a__read', {}), false);
  assert.equal(plain('Bash', { command: 'ls', run_in_background: true }), false);
});

test('a workspace that holds the home folder protects nothing, so nothing in it is free', () => {
  for (const cwd of ['/', home, path.join(work, 'root')])
    assert.equal(plain('Bash', { command: 'ls' }, cwd), false, cwd);
});

test('the client: asks, starts, asks again, and only then reads the list', async () => {
  const asked: string[] = [];
  const fake = (answers: readonly ('unreachable' | 'silent' | 'reply')[]): ClientWorld => ({
    ...world,
    ask: async () => {
      const next = answers[asked.filter((one) => one === 'ask').length] ?? 'unreachable';
      asked.push('ask');
      return next === 'reply' ? { exitCode: 0, stdout: '{"from":"daemon"}' } : next;
    },
    start: async () => void asked.push('start'),
    pause: async () => undefined,
  });
  const settings = { socket: '/s', ownerUid: 0, start: ['/up'] };
  const rm = payload('Bash', { command: 'rm -rf src' });
  const run = async (
    answers: readonly ('unreachable' | 'silent' | 'reply')[],
    bytes = rm,
    use: typeof settings | undefined = settings,
  ): Promise<unknown> => {
    asked.length = 0;
    return answerHook('claude-code', bytes, use, fake(answers));
  };
  assert.deepEqual(await run(['unreachable', 'unreachable', 'reply']), { exitCode: 0, stdout: '{"from":"daemon"}' });
  assert.deepEqual(asked, ['ask', 'start', 'ask', 'ask']);
  const refused = {
    exitCode: 2,
    stderr:
      'holdpoint: the guard is not running, so this call is refused; fix: run `holdpoint up` (plain reads inside the workspace still pass)',
  };
  assert.deepEqual(await run([]), refused);
  assert.deepEqual(await run(['silent']), refused);
  assert.deepEqual(asked, ['ask'], 'a silent daemon is not started again');
  assert.deepEqual(await run([], rm, undefined), refused);
  assert.deepEqual(await run([], payload('Bash', { command: 'ls' })), { exitCode: 0, stdout: '' });
  const odd = (await run([], new TextEncoder().encode('{"tool_name":1}'))) as { exitCode: number };
  assert.equal(odd.exitCode, 2);
});

test('a start command that is not absolute, or odd settings, are not used', () => {
  assert.equal(parseClientSettings('{"socket":"/s","ownerUid":0,"start":["holdpoint","up"]}'), undefined);
  assert.equal(parseClientSettings('{"socket":"s","ownerUid":0}'), undefined);
  assert.equal(parseClientSettings('{'), undefined);
  assert.deepEqual(parseClientSettings('{"socket":"/s","ownerUid":0,"other":1}'), { socket: '/s', ownerUid: 0 });
});
