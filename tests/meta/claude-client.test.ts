import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { CLAUDE_VERSION, claudeCacheDir, findClaude, installClaude } from '../../src/apps/replay/claude-client.ts';
import { skipUnless } from '../platform.ts';

const skip = skipUnless('unix');
const state = { folder: '', path: process.env['PATH'] };
const platform = `${process.platform}-${process.arch}`;

beforeEach(() => {
  state.folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-claude-'));
  mkdirSync(path.join(state.folder, 'bin'));
  process.env['PATH'] = `${path.join(state.folder, 'bin')}:${state.path}`;
});
afterEach(() => {
  process.env['PATH'] = state.path;
  rmSync(state.folder, { recursive: true, force: true });
});

/** A stand-in for npm that lays down a client which prints `version`. */
function npmThat(script: string): void {
  const file = path.join(state.folder, 'bin/npm');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}
const layDown = (version: string): string => `
for platform in ${platform} ${platform}-musl; do
  mkdir -p "node_modules/@anthropic-ai/claude-code-$platform"
  printf '#!/bin/sh\\necho ${version}\\n' > "node_modules/@anthropic-ai/claude-code-$platform/claude"
  chmod +x "node_modules/@anthropic-ai/claude-code-$platform/claude"
done`;
const cache = (): string => path.join(state.folder, 'cache');

test('installs once and finds it again', { skip }, async () => {
  npmThat(layDown(CLAUDE_VERSION));
  assert.equal(findClaude(cache()), undefined);
  const lines: string[] = [];
  const first = await installClaude(cache(), (line) => lines.push(line));
  assert.ok(first.ok);
  assert.equal(lines.length, 1);
  assert.equal(findClaude(cache()), first.path);
  npmThat('exit 1');
  assert.deepEqual(await installClaude(cache(), () => assert.fail('nothing to fetch')), first);
  assert.deepEqual(readdirSync(cache()), [`claude-code-${CLAUDE_VERSION}`]);
});

test('two at once both end with the same client', { skip }, async () => {
  npmThat(layDown(CLAUDE_VERSION));
  const both = await Promise.all([installClaude(cache(), () => {}), installClaude(cache(), () => {})]);
  assert.deepEqual(both[0], both[1]);
  assert.ok(both[0].ok);
});

const failures: readonly (readonly [note: string, npm: string, why: RegExp])[] = [
  ['npm fails', 'echo "no network" >&2; exit 1', /npm could not install .*: no network/],
  [
    'npm has no network',
    `printf 'npm error code %s\\nnpm error request to https://r.example failed, reason: getaddrinfo %s\\nnpm error A complete log of this run can be found in: /x\\n' EAI_AGAIN EAI_AGAIN >&2; exit 1`,
    /npm could not install .*: request to https:\/\/r\.example failed, reason: getaddrinfo EAI_AGAIN$/,
  ],
  ['there is no build for the platform', 'mkdir node_modules', /has no program for/],
  ['another version came', layDown('1.0.0'), /does not start: 1\.0\.0/],
  ['the client does not start', `${layDown('x')}\nchmod -x node_modules/@anthropic-ai/*/claude`, /does not start/],
];
for (const [note, npm, why] of failures) {
  test(`says why where ${note}, and leaves nothing behind`, { skip }, async () => {
    npmThat(npm);
    const result = await installClaude(cache(), () => {});
    assert.ok(!result.ok);
    assert.match(result.why, why);
    assert.deepEqual(readdirSync(cache()), []);
  });
}

test('says why where the folder cannot be made', { skip }, async () => {
  writeFileSync(cache(), 'a file');
  const result = await installClaude(cache(), () => {});
  assert.ok(!result.ok);
  assert.match(result.why, /cannot install into/);
});

test('the cache folder follows the environment', () => {
  assert.equal(claudeCacheDir({ HOLDPOINT_TEST_CACHE: '/a' }), '/a');
  assert.equal(claudeCacheDir({ XDG_CACHE_HOME: '/b' }), '/b/holdpoint-dev');
  assert.match(claudeCacheDir({}), /\.cache\/holdpoint-dev$/);
});
