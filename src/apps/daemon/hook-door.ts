import type { Action, Origin } from '../../core/attempt.ts';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { digestOfBytes } from '../../core/digest.ts';
import type { Receipt } from '../../core/receipt.ts';
import { unknown } from '../../core/tri.ts';
import type { Ran } from '../../pipeline/pipeline.ts';
import { type AnyJudged, isRefused, type Refused } from '../../pipeline/products.ts';
import type { McpServers } from '../../ports/mcp-servers.ts';
import { decodeHook, encodeHook, withCommand } from '../../protocols/hooks/agents.ts';
import { type HookAgent, type HookCall, type HookOutput, refuseUndecoded } from '../../protocols/hooks/hook.ts';
import { messageForAgent } from '../advice.ts';
import { realFolder, workspaceOf } from './origin.ts';
import type { Service } from './service.ts';

/** Calls whose outcome the host has still to report. */
const MOST_RUNNING = 10_000;

export interface HookDoorOptions {
  readonly home: string;
  /** The command that runs a begun hold, fixed at start: `[program, ...arguments]`, before the hold's id. */
  readonly execCommand: readonly string[];
  readonly mcpServers: McpServers;
}

interface RunningCall {
  readonly intent: Promise<Receipt>;
  readonly judged: AnyJudged;
  /** Digest of the action as the host asked, without what this door added. */
  readonly asked: string;
  readonly taken: Ran['taken'];
}

export type HookDoor = (agent: HookAgent, payload: Uint8Array) => Promise<HookOutput>;

/** The hook door: what an agent's host asks before a tool runs, and reports after it. */
export function makeHookDoor(service: Service, options: HookDoorOptions): HookDoor {
  const running = new Map<string, RunningCall>();

  async function before(call: HookCall, asked: Action): Promise<HookOutput> {
    const action = await identified(call, asked, options.mcpServers);
    const origin: Origin = {
      door: 'hook',
      person: service.person,
      agent: call.agent,
      task: call.sessionId,
      workspace: workspaceFor(call),
    };
    const attempt = service.raw(action, origin, call.statedPurpose);
    const judged = await service.pipeline.judge(attempt);
    const deny = (refusal: Refused): HookOutput =>
      encodeHook({ kind: 'deny', reason: messageForAgent(refusal, isRefused(judged) ? undefined : judged) }, call);
    if (!isRefused(judged) && judged.says === 'hold' && (call.preview || canRewrite(call, action))) {
      const standing = await service.pipeline.standing(attempt, judged);
      if (isRefused(standing)) return deny(standing);
      if (call.preview) return encodeHook({ kind: 'allow' }, call);
      const ticket = service.issueTicket(standing.id);
      const command = [...options.execCommand, standing.id, '--ticket', ticket].map(quote).join(' ');
      return encodeHook(withCommand(call, command), call);
    }
    if (call.preview && !isRefused(judged) && judged.says === 'allow') return encodeHook({ kind: 'allow' }, call);
    const ran = await service.pipeline.proceed(attempt, judged, service.releaser);
    if (isRefused(ran)) return deny(ran);
    remember(callKey(call, asked), {
      intent: ran.intent,
      judged: ran.judged,
      asked: digestOfBytes(asked.bytes),
      taken: ran.taken,
    });
    return encodeHook({ kind: 'allow' }, call);
  }

  function remember(key: string, entry: RunningCall): void {
    const [oldest] = running.keys();
    if (running.size >= MOST_RUNNING && oldest !== undefined) running.delete(oldest);
    running.set(key, entry);
  }

  async function after(call: HookCall): Promise<HookOutput> {
    if (call.action.kind === 'harmless-tool') return encodeHook({ kind: 'nothing' }, call);
    const key = callKey(call, call.action);
    const entry = running.get(key);
    if (entry !== undefined) {
      running.delete(key);
      const { outcome, detail } = call.outcome ?? { outcome: 'unknown' as const, detail: '' };
      const other = digestOfBytes(call.action.bytes) !== entry.asked;
      // Another hook of the host has rewritten what was judged: the record says that something else ran.
      if (other)
        await service.report(
          await entry.intent,
          entry.judged,
          'unknown',
          {
            warning: 'the host ran other bytes than were judged',
            detail,
          },
          entry.taken,
        );
      else await service.report(await entry.intent, entry.judged, outcome, detail, entry.taken);
    }
    return encodeHook({ kind: 'nothing' }, call);
  }

  return async (agent, payload) => {
    const decoded = decodeHook(agent, payload, { home: options.home });
    if (!decoded.ok) {
      await recordUndecoded(service, agent, decoded.error, payload);
      return refuseUndecoded(decoded.error);
    }
    const { call } = decoded;
    if (call.event === 'after') return after(call);
    if (call.action.kind === 'harmless-tool') return encodeHook({ kind: 'allow' }, call);
    return before(call, call.action);
  };
}

/**
 * A call to an MCP server with the server's identity in its bytes: another launch or URL is another attempt, and a
 * server of which only the name is known is opaque to the reader.
 */
async function identified(call: HookCall, action: Action, servers: McpServers): Promise<Action> {
  if (call.mcp === undefined || action.kind !== 'mcp' || !namesServer(call)) return action;
  const place = { host: call.agent, cwd: call.cwd, workspace: workspaceFor(call) };
  const found = await servers.identify(call.mcp, place).catch(() => unknown('its configuration could not be read'));
  const identity: Json = 'known' in found ? { ...found.known } : { by: 'name', why: found.unknown };
  const asked = JSON.parse(new TextDecoder().decode(action.bytes)) as { readonly [name: string]: Json };
  return { ...action, bytes: canonicalBytes({ ...asked, identity }) };
}

/**
 * Whether the call goes to an MCP server at all: the host's own tools that nobody here knows are judged in the same form,
 * by their names. Cursor's preview names no server; its exact event does, and comes next.
 */
function namesServer(call: HookCall): boolean {
  switch (call.agent) {
    case 'claude-code':
      return call.toolName.startsWith('mcp__');
    case 'cursor':
      return call.hostEvent === 'beforeMCPExecution';
    default:
      return call.agent satisfies never;
  }
}

function workspaceFor(call: HookCall): string {
  return call.workspace === undefined ? workspaceOf(call.cwd) : realFolder(call.workspace);
}

/** Ties a report to its call: by the host's id, else by the bytes. */
function callKey(call: HookCall, action: Action): string {
  return `${call.sessionId} ${call.toolUseId ?? digestOfBytes(action.bytes)}`;
}

function canRewrite(call: HookCall, action: Action): boolean {
  return (
    call.rewritable &&
    (action.kind === 'shell' || action.kind === 'git') &&
    !call.notes.includes('runs in the background')
  );
}

function quote(word: string): string {
  return /^[A-Za-z0-9_./=:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What cannot be read is refused, and that it came is on the record; its bytes are not. */
async function recordUndecoded(service: Service, agent: HookAgent, error: string, payload: Uint8Array): Promise<void> {
  const action: Action = {
    kind: 'mcp',
    bytes: new TextEncoder().encode(JSON.stringify({ unreadable: payload.byteLength })),
  };
  const attempt = service.raw(action, { door: 'hook', person: service.person, agent, task: 'unknown', workspace: '' });
  await service.pipeline.proceed(
    attempt,
    { kind: 'refused', says: 'deny', rule: 'floor/unreadable', reason: error },
    service.releaser,
  );
}
