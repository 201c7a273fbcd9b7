import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeMcpServers } from '../../../src/adapters/mcp-servers/mcp-servers.ts';
import { claudeCacheDir, findClaude } from '../../../src/apps/replay/claude-client.ts';

/** The real client, or why these tests are left out. Continuous integration installs it. */
const claudePath = process.env['HOLDPOINT_TEST_CLAUDE'] ?? findClaude(claudeCacheDir(process.env));
const skip =
  claudePath === undefined &&
  'the real Claude Code client is not installed (set HOLDPOINT_TEST_CLAUDE, or run the replay once)';
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

/** Who defines the server: the definition of each place is told apart by its argument, which is the place's name. */
type Where = 'local' | 'local-above' | 'project' | 'project-above' | 'user' | 'settings';
const LAYOUTS: readonly { readonly at: readonly Where[]; readonly known: boolean }[] = [
  { at: ['user'], known: true },
  { at: ['local'], known: true },
  { at: ['project'], known: true },
  { at: ['project-above'], known: true },
  { at: ['local', 'project', 'user'], known: true },
  { at: ['project', 'user'], known: false },
  { at: ['project', 'project-above'], known: false },
  { at: ['local-above', 'user'], known: false },
  { at: ['settings'], known: false },
];

const entryOf = (where: string) => ({ command: '/bin/false', args: [where] });
const one = (where: Where) => ({ mcpServers: { x: entryOf(where) } });

describe('what a name stands for, beside the real client', { skip }, () => {
  for (const { at, known } of LAYOUTS)
    it(`${at.join(', ')}: ${known ? 'known, and the same' : 'not known'}`, async () => {
      const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-mcp-real-')));
      try {
        const [home, work] = [path.join(root, 'home'), path.join(root, 'up/work')];
        for (const folder of [path.join(home, '.claude'), work]) mkdirSync(folder, { recursive: true });
        execFileSync('git', ['init', '-q', work]);
        const put = (file: string, content: object): void => writeFileSync(file, JSON.stringify(content));
        const above = path.dirname(work);
        put(path.join(home, '.claude.json'), {
          ...(at.includes('user') ? one('user') : {}),
          projects: {
            ...(at.includes('local') ? { [work]: one('local') } : {}),
            ...(at.includes('local-above') ? { [above]: one('local-above') } : {}),
          },
        });
        if (at.includes('project')) put(path.join(work, '.mcp.json'), one('project'));
        if (at.includes('project-above')) put(path.join(above, '.mcp.json'), one('project-above'));
        if (at.includes('settings')) put(path.join(home, '.claude/settings.json'), one('settings'));

        const servers = makeMcpServers({ home, key: Buffer.alloc(1), clock });
        const place = { host: 'claude-code', cwd: work, workspace: work };
        const ours = await servers.identify({ by: 'name', value: 'x' }, place);
        assert.equal('known' in ours, known, JSON.stringify(ours));
        const theirs = await clientSays(home, work);
        if (at.includes('settings'))
          assert.equal(theirs, undefined, 'the client does not read servers from its settings');
        if (!('known' in ours)) return;
        assert.ok(theirs);
        // The identity of the client's answer, standing alone.
        put(path.join(home, '.claude.json'), { mcpServers: { x: entryOf(theirs) } });
        rmSync(path.join(work, '.mcp.json'), { force: true });
        rmSync(path.join(above, '.mcp.json'), { force: true });
        assert.deepEqual(await servers.identify({ by: 'name', value: 'x' }, place), ours);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    });
});

/** The argument of the launch that the client would use for `x`. */
async function clientSays(home: string, cwd: string): Promise<string | undefined> {
  const env = { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' };
  const options = { cwd, env: { ...env, ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' } };
  const { stdout } = await promisify(execFile)(claudePath ?? '', ['mcp', 'get', 'x'], options).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  return /^\s*Args: (\S+)$/m.exec(stdout)?.[1];
}
