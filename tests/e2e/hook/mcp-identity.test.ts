import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostReleaseExecutor } from '../../../src/adapters/local-executor/host-release.ts';
import { makeHookDoor } from '../../../src/apps/daemon/hook-door.ts';
import { makeService } from '../../../src/apps/daemon/service.ts';
import { allReaders } from '../../../src/apps/readers.ts';
import { known, type Tri, unknown } from '../../../src/core/tri.ts';
import type { McpServerIdentity, McpServerNamed, McpServerPlace } from '../../../src/ports/mcp-servers.ts';
import type { HookAgent } from '../../../src/protocols/hooks/hook.ts';
import { testWorld } from '../../fakes/pipeline-world.ts';

const KNOWN: McpServerIdentity = { by: 'launch', digest: '1'.repeat(64) };

/** The hook door over the real service, pipeline and readers; only where servers come from is a fake. */
async function door(found: { now: Tri<McpServerIdentity> | Error }) {
  const world = testWorld({ read: await allReaders() });
  const asked: (McpServerNamed & McpServerPlace)[] = [];
  const service = makeService({
    pipeline: world.pipeline,
    store: world.store,
    clock: world.clock,
    person: 'ada',
    release: hostReleaseExecutor,
    onAttempt: () => undefined,
    onDone: () => undefined,
  });
  const hook = makeHookDoor(service, {
    home: '/home/ada',
    execCommand: ['holdpoint', 'exec'],
    mcpServers: {
      identify: (server, place) => {
        asked.push({ ...server, ...place });
        return found.now instanceof Error ? Promise.reject(found.now) : Promise.resolve(found.now);
      },
    },
  });
  const send = async (agent: HookAgent, payload: object): Promise<string> => {
    const output = await hook(agent, new TextEncoder().encode(JSON.stringify(payload)));
    assert.equal(output.exitCode, 0);
    return output.exitCode === 0 ? output.stdout : '';
  };
  const claude = (tool: string, input: object = {}, more: object = {}): Promise<string> =>
    send('claude-code', {
      session_id: 's',
      cwd: '/w',
      hook_event_name: 'PreToolUse',
      tool_name: tool,
      tool_input: input,
      ...more,
    });
  return { ...world, asked, send, claude };
}

describe('an MCP call at the hook', () => {
  it('of a known launch is judged by its tool', async () => {
    const { claude, asked } = await door({ now: known(KNOWN) });
    assert.equal(await claude('mcp__db__list_tables'), '');
    assert.match(await claude('mcp__db__delete_volume', { id: 'v' }), /"deny"/);
    assert.deepEqual(asked[0], { by: 'name', value: 'db', host: 'claude-code', cwd: '/w', workspace: '/w' });
  });

  it('of a server of which only the name is known is held, and the answer says why', async () => {
    const found = { now: unknown('it is nowhere defined') as Tri<McpServerIdentity> | Error };
    const { claude, store } = await door(found);
    assert.match(await claude('mcp__db__list_tables'), /only the name is known.*it is nowhere defined/);
    const [hold] = await store.holds({ states: ['open'] });
    assert.match(new TextDecoder().decode(hold?.attempt.action.bytes), /"identity":\{"by":"name","why":"it is/);
    found.now = new Error('a bug');
    assert.match(await claude('mcp__db__list_rows'), /only the name is known/);
  });

  it('of another launch is another attempt: what was asked for the first does not hold for it', async () => {
    const found: { now: Tri<McpServerIdentity> | Error } = { now: known(KNOWN) };
    const { claude, store } = await door(found);
    await claude('mcp__db__delete_volume', { id: 'v' });
    await claude('mcp__db__delete_volume', { id: 'v' });
    assert.equal((await store.holds({})).length, 1, 'the honest repeat');
    found.now = known({ ...KNOWN, digest: '2'.repeat(64) });
    await claude('mcp__db__delete_volume', { id: 'v' });
    const keys = (await store.holds({})).map((hold) => hold.attempt.key);
    assert.equal(new Set(keys).size, 2);
  });

  it('is reported as what ran, though the host knows nothing of the identity', async () => {
    const { claude, store } = await door({ now: known(KNOWN) });
    await claude('mcp__db__create_note', { text: 'x' }, { tool_use_id: 'u' });
    await claude(
      'mcp__db__create_note',
      { text: 'x' },
      { tool_use_id: 'u', hook_event_name: 'PostToolUse', tool_response: {} },
    );
    const outcomes = await store.receipts({ kind: 'outcome' });
    assert.deepEqual(
      outcomes.map((one) => one.kind === 'outcome' && one.outcome),
      ['done'],
    );
  });

  it('leaves the host’s own tools as they are', async () => {
    const { claude, asked, store } = await door({ now: known(KNOWN) });
    await claude('Skill', { skill: 'x' });
    assert.equal(asked.length, 0);
    const [hold] = await store.holds({});
    assert.doesNotMatch(new TextDecoder().decode(hold?.attempt.action.bytes), /identity/);
    await claude('mcp__claude-code__list_x');
    assert.equal(asked.length, 1, 'a server that takes the name of the host is a server');
  });

  it('from Cursor is identified at its exact event, by URL or command', async () => {
    const { send, asked } = await door({ now: known({ by: 'url', url: 'https://a.example', digest: '3'.repeat(64) }) });
    const base = { conversation_id: 'c', workspace_roots: ['/w'] };
    const preview = await send('cursor', {
      ...base,
      hook_event_name: 'preToolUse',
      tool_name: 'MCP:list_tables',
      tool_input: {},
    });
    assert.match(preview, /"allow"/);
    assert.equal(asked.length, 0);
    const exact = await send('cursor', {
      ...base,
      hook_event_name: 'beforeMCPExecution',
      tool_name: 'list_tables',
      tool_input: '{}',
      url: 'https://a.example/mcp',
    });
    assert.match(exact, /"allow"/);
    assert.deepEqual(asked, [
      { by: 'url', value: 'https://a.example/mcp', host: 'cursor', cwd: '/w', workspace: '/w' },
    ]);
  });
});
