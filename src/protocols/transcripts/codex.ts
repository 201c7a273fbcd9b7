import type { Action } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { type HarmlessTool, mcpAction, shellAction } from '../hooks/hook.ts';
import { patchActions } from './patch.ts';
import { pendingCalls } from './pending.ts';
import {
  absolute,
  carried,
  listOf,
  looksLikeObject,
  type Members,
  memberOf,
  membersOf,
  parseRecord,
  type RecordedCall,
  type RecordedOutcome,
  type TranscriptParser,
  textAt,
  timeOf,
} from './transcript.ts';

/** Tools without an effect of their own. `write_stdin` goes to a program that was judged when it started. */
const HARMLESS_TOOLS: ReadonlySet<string> = new Set([
  'close_agent',
  'create_goal',
  'get_goal',
  'list_mcp_resources',
  'list_mcp_resource_templates',
  'read_mcp_resource',
  'request_user_input',
  'resume_agent',
  'send_input',
  'spawn_agent',
  'update_goal',
  'update_plan',
  'view_image',
  'wait',
  'wait_agent',
  'web_search',
  'write_stdin',
]);

/**
 * Reads `~/.codex/sessions/**` `/rollout-*.jsonl`: `response_item` lines hold `function_call`, `custom_tool_call` and
 * `local_shell_call`, and their `…_output`; `session_meta` and `turn_context` say the folder. Seen live with 0.169; the
 * forms of `shell` and `local_shell_call` are those of earlier versions.
 */
export function codexTranscript(): TranscriptParser {
  const pending = pendingCalls();
  const state = { faults: 0, cwd: '', session: '' };

  function call(payload: Members, atMs: number, session: string): readonly RecordedCall[] {
    const id = textAt(payload, 'call_id', 'id') ?? '';
    const tool = textAt(payload, 'name') ?? 'local_shell';
    const actions = actionsOf(payload, tool, state.cwd);
    if (actions === undefined) {
      state.faults += 1;
      return [];
    }
    return pending.add(
      id,
      actions.map((action, index) => ({
        agent: 'codex',
        session,
        cwd: 'bytes' in action ? (action.cwd ?? state.cwd) : state.cwd,
        atMs,
        tool,
        action,
        identity: `${id} ${atMs} ${index}`,
      })),
    );
  }

  return {
    read({ text, session, cwd }) {
      if (text.trim() === '') return [];
      if (!/session_meta|turn_context|_call/.test(text)) {
        if (!looksLikeObject(text)) state.faults += 1;
        return [];
      }
      const line = parseRecord(text);
      if (line === undefined) {
        state.faults += 1;
        return [];
      }
      const payload = membersOf(memberOf(line, 'payload'));
      const type = textAt(line, 'type');
      if (state.cwd === '') state.cwd = cwd;
      if (type === 'session_meta' || type === 'turn_context') {
        state.cwd = absolute(textAt(payload, 'cwd')) || state.cwd;
        state.session = textAt(payload, 'id', 'session_id') ?? state.session;
        return [];
      }
      // The first versions wrote the items themselves, one a line.
      const item = type === 'response_item' ? payload : line;
      const atMs = timeOf(memberOf(line, 'timestamp'));
      switch (textAt(item, 'type')) {
        case 'function_call':
        case 'custom_tool_call':
        case 'local_shell_call':
          return item === undefined ? [] : call(item, atMs, state.session || session);
        case 'function_call_output':
        case 'custom_tool_call_output':
        case 'local_shell_call_output':
          return pending.settle(textAt(item, 'call_id') ?? '', outcomeOf(memberOf(item, 'output')));
        default:
          return [];
      }
    },
    end: () => pending.rest(),
    malformed: () => state.faults,
  };
}

/** `undefined` where the call's arguments cannot be read. */
function actionsOf(payload: Members, tool: string, cwd: string): readonly (Action | HarmlessTool)[] | undefined {
  if (HARMLESS_TOOLS.has(tool)) return [{ kind: 'harmless-tool', tool }];
  const input = textAt(payload, 'input');
  if (tool === 'apply_patch' && input !== undefined) return patchActions(input, cwd);
  const args =
    textAt(payload, 'type') === 'local_shell_call'
      ? membersOf(memberOf(payload, 'action'))
      : parseRecord(textAt(payload, 'arguments') ?? (input === undefined ? '{}' : JSON.stringify({ input })));
  if (args === undefined) return undefined;
  const folder = absolute(textAt(args, 'workdir', 'working_directory')) || cwd;
  switch (tool) {
    case 'exec_command':
    case 'shell':
    case 'shell_command':
    case 'container.exec':
    case 'local_shell': {
      const command = commandOf(memberOf(args, 'cmd') ?? memberOf(args, 'command'));
      if (command === undefined) return undefined;
      const patch = /^apply_patch\s+(?:<<\s*'?(\w+)'?\n)([\s\S]*?)\n\1\s*$/.exec(command);
      return patch === null ? [shellAction(folder, command)] : patchActions(patch[2] ?? '', folder);
    }
    case 'apply_patch': {
      const patch = textAt(args, 'input', 'patch');
      return patch === undefined ? undefined : patchActions(patch, cwd);
    }
    default: {
      const [server, name] = mcpName(tool, textAt(payload, 'namespace'));
      return [mcpAction(cwd, server, name, carried(args))];
    }
  }
}

/** A text, or an argument list: `["bash", "-lc", TEXT]` stands for the text. */
function commandOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  const words = listOf(value).filter((word): word is string => typeof word === 'string');
  if (words.length === 0) return undefined;
  const [shell = '', flag = '', text] = words;
  if (text !== undefined && words.length === 3 && /(^|\/)(ba|z|da)?sh$/.test(shell) && /^-l?c$/.test(flag)) return text;
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function mcpName(tool: string, namespace: string | undefined): readonly [string, string] {
  if (namespace !== undefined && namespace !== '') return [namespace.replace(/^mcp__|__$/g, ''), tool];
  const [server, ...rest] = tool.replace(/^mcp__/, '').split('__');
  return rest.length === 0 || server === undefined ? ['codex', tool] : [server, rest.join('__')];
}

function outcomeOf(output: Json | undefined): RecordedOutcome {
  const text =
    typeof output === 'string' ? output : (textAt(membersOf(output), 'content') ?? JSON.stringify(output ?? ''));
  const exit =
    /^(?:.*\n){0,4}?(?:Process exited with code|Exit code:) (-?\d+)/.exec(text) ??
    /"exit_code":\s?(-?\d+)/.exec(text.slice(-400));
  if (exit !== null) return Number(exit[1]) === 0 ? 'ran' : 'failed';
  if (/^[^\n]{0,200}(rejected|denied|not permitted|declined)/i.test(text)) return 'refused';
  if (/^[^\n]{0,80}(failed|error|unsupported)/i.test(text)) return 'failed';
  return /^(?:.*\n){0,3}?Process running/.test(text) ? 'unknown' : 'ran';
}
