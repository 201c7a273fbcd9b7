import type { Action } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { fileAction, type HarmlessTool, hostPath, httpGetAction, mcpAction, shellAction } from '../hooks/hook.ts';
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

const HARMLESS_TOOLS: ReadonlySet<string> = new Set([
  'activate_skill',
  'ask_user',
  'cli_help',
  'codebase_investigator',
  'complete_task',
  'delegate_to_agent',
  'enter_plan_mode',
  'exit_plan_mode',
  'generalist',
  'get_internal_docs',
  'google_web_search',
  'update_topic',
  'write_todos',
]);

/** Calls of one session that are remembered, since a message is written again whenever something in it changes. */
const MOST_SEEN = 10_000;

/**
 * Reads `~/.gemini/tmp/*` `/chats/*`: before 0.5x one JSON document a session, `{sessionId, messages}`, later JSON lines: a
 * message each, or `{"$set": {…}}`. A message of type `gemini` holds `toolCalls` with their arguments and status. Seen
 * live with 0.61 (lines); the document has the same messages.
 */
export function geminiTranscript(home: string): TranscriptParser {
  const seen = new Set<string>();
  const state = { faults: 0, cwd: '', session: '' };

  function message(value: Json, session: string): readonly RecordedCall[] {
    const one = membersOf(value);
    if (textAt(one, 'type') === 'user' && state.cwd === '')
      state.cwd = folderIn(JSON.stringify(memberOf(one, 'content') ?? ''));
    return listOf(memberOf(one, 'toolCalls')).flatMap((item) => {
      const call = membersOf(item);
      const id = textAt(call, 'id') ?? '';
      const status = textAt(call, 'status');
      // A call that still runs is written again when it has ended.
      if (call === undefined || seen.has(id) || (status !== 'success' && status !== 'error' && status !== 'cancelled'))
        return [];
      if (seen.size < MOST_SEEN) seen.add(id);
      const tool = textAt(call, 'name') ?? '';
      const args = membersOf(memberOf(call, 'args')) ?? {};
      const actions = actionsOf(tool, args, state.cwd, home);
      if (actions === undefined) {
        state.faults += 1;
        return [];
      }
      const atMs = timeOf(memberOf(call, 'timestamp')) || timeOf(memberOf(one, 'timestamp'));
      return actions.map(
        (action, index): RecordedCall => ({
          agent: 'gemini',
          session,
          cwd: 'bytes' in action ? (action.cwd ?? state.cwd) : state.cwd,
          atMs,
          tool,
          action,
          outcome: outcomeOf(status, call),
          identity: `${id} ${index}`,
        }),
      );
    });
  }

  return {
    read({ text, session, cwd }) {
      if (text.trim() === '') return [];
      if (state.cwd === '') state.cwd = cwd;
      if (!/toolCalls|sessionId|"type": ?"user"/.test(text)) {
        if (!looksLikeObject(text)) state.faults += 1;
        return [];
      }
      const record = parseRecord(text);
      if (record === undefined) {
        state.faults += 1;
        return [];
      }
      state.session = textAt(record, 'sessionId') ?? state.session;
      const set = membersOf(memberOf(record, '$set'));
      const messages = [...listOf(memberOf(record, 'messages')), ...listOf(memberOf(set, 'messages'))];
      return [...messages, record as Json].flatMap((one) => message(one, state.session || session));
    },
    end: () => [],
    malformed: () => state.faults,
  };
}

/** The folder that the client itself names in the first message of a session. */
function folderIn(text: string): string {
  const named =
    /Workspace Directories:\*\*(?:\\n|\s)+- (\/[^\\"]+)/.exec(text) ??
    /working in the (?:directory|folder): (\/[^\\"]+)/.exec(text);
  return absolute(named?.[1]?.trim());
}

function actionsOf(
  tool: string,
  args: Members,
  root: string,
  home: string,
): readonly (Action | HarmlessTool)[] | undefined {
  const file = (op: 'read' | 'write', text: string | undefined, content?: string): readonly Action[] | undefined => {
    const path = text === undefined ? undefined : hostPath(text, root, { home });
    return path === undefined
      ? undefined
      : [fileAction(root, { op, path, tool, ...(content === undefined ? {} : { content }) })];
  };
  switch (tool) {
    case 'run_shell_command': {
      const command = textAt(args, 'command');
      const within = textAt(args, 'dir_path', 'directory');
      const cwd = within === undefined ? root : (hostPath(within, root, { home }) ?? root);
      return command === undefined ? undefined : [shellAction(cwd, command)];
    }
    case 'write_file':
      return file('write', textAt(args, 'file_path'), textAt(args, 'content'));
    case 'replace':
    case 'edit':
      return file('write', textAt(args, 'file_path'), textAt(args, 'new_string'));
    case 'save_memory':
      return file('write', '~/.gemini/GEMINI.md', textAt(args, 'fact'));
    case 'read_file':
      return file('read', textAt(args, 'file_path', 'absolute_path'));
    case 'list_directory':
    case 'glob':
    case 'grep_search':
    case 'search_file_content':
      return file('read', textAt(args, 'dir_path', 'path') ?? (root === '' ? '.' : root));
    case 'read_many_files':
      return file('read', root === '' ? '.' : root);
    case 'web_fetch': {
      const urls = textAt(args, 'url') ?? textAt(args, 'prompt') ?? '';
      const found = urls.match(/https?:\/\/[^\s"'<>)\]]+/g) ?? [];
      return found.length === 0 ? undefined : found.slice(0, 20).map((url) => httpGetAction(root, url));
    }
    default: {
      if (HARMLESS_TOOLS.has(tool)) return [{ kind: 'harmless-tool', tool }];
      const parts = /^(?:mcp_([^_]+)_|([^_]+)__)(.+)$/.exec(tool);
      return [mcpAction(root, parts?.[1] ?? parts?.[2] ?? 'gemini', parts?.[3] ?? tool, carried(args))];
    }
  }
}

function outcomeOf(status: string, call: Members): RecordedOutcome {
  if (status === 'cancelled') return 'refused';
  if (status === 'error')
    return /denied by policy|not allowed|blocked by/i.test(resultText(call)) ? 'refused' : 'failed';
  // A command that fails counts as a success of the tool.
  return /(^|\n)Exit Code: -?[1-9]/.test(resultText(call)) ? 'failed' : 'ran';
}

function resultText(call: Members): string {
  return listOf(memberOf(call, 'result'))
    .map((part) => membersOf(memberOf(membersOf(memberOf(membersOf(part), 'functionResponse')), 'response')))
    .map((response) => textAt(response, 'output', 'error') ?? '')
    .join('\n');
}
