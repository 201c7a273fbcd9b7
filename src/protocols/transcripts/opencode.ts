import type { Action } from '../../core/attempt.ts';
import { fileAction, type HarmlessTool, hostPath, httpGetAction, mcpAction, shellAction } from '../hooks/hook.ts';
import { patchActions } from './patch.ts';
import {
  carried,
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
  'batch',
  'codesearch',
  'invalid',
  'lsp',
  'lsp_diagnostics',
  'lsp_hover',
  'plan_enter',
  'plan_exit',
  'question',
  'skill',
  'task',
  'todoread',
  'todowrite',
  'websearch',
]);

/**
 * Reads the parts of OpenCode's messages, one JSON object each: `{type: 'tool', tool, callID, state}`. They lie in
 * `storage/part/` (to 1.1) or in the table `part` of `opencode.db` (seen live with 1.18); the folder is the session's.
 */
export function opencodeTranscript(home: string): TranscriptParser {
  const state = { faults: 0 };
  return {
    read({ text, session, cwd }) {
      if (text.trim() === '') return [];
      if (!/"type": ?"tool"/.test(text)) {
        if (!looksLikeObject(text)) state.faults += 1;
        return [];
      }
      const part = parseRecord(text);
      if (part === undefined) {
        state.faults += 1;
        return [];
      }
      if (textAt(part, 'type') !== 'tool') return [];
      const tool = textAt(part, 'tool') ?? '';
      const run = membersOf(memberOf(part, 'state'));
      const actions = actionsOf(tool, membersOf(memberOf(run, 'input')) ?? {}, cwd, home);
      if (actions === undefined) {
        // A call that the model never finished has no input yet.
        if (textAt(run, 'status') !== 'pending') state.faults += 1;
        return [];
      }
      const atMs = timeOf(memberOf(membersOf(memberOf(run, 'time')), 'start'));
      return actions.map(
        (action, index): RecordedCall => ({
          agent: 'opencode',
          session: textAt(part, 'sessionID') ?? session,
          cwd,
          atMs,
          tool,
          action,
          outcome: outcomeOf(run),
          identity: `${textAt(part, 'callID') ?? ''} ${atMs} ${index}`,
        }),
      );
    },
    end: () => [],
    malformed: () => state.faults,
  };
}

function actionsOf(
  tool: string,
  input: Members,
  cwd: string,
  home: string,
): readonly (Action | HarmlessTool)[] | undefined {
  const file = (op: 'read' | 'write', text: string | undefined, content?: string): readonly Action[] | undefined => {
    const path = text === undefined ? undefined : hostPath(text, cwd, { home });
    return path === undefined
      ? undefined
      : [fileAction(cwd, { op, path, tool, ...(content === undefined ? {} : { content }) })];
  };
  switch (tool) {
    case 'bash':
    case 'shell': {
      const command = textAt(input, 'command');
      const within = textAt(input, 'workdir');
      const folder = within === undefined ? cwd : (hostPath(within, cwd, { home }) ?? cwd);
      return command === undefined ? undefined : [shellAction(folder, command)];
    }
    case 'write':
      return file('write', textAt(input, 'filePath'), textAt(input, 'content'));
    case 'edit':
      return file('write', textAt(input, 'filePath'), textAt(input, 'newString'));
    case 'multiedit':
      return file('write', textAt(input, 'filePath'), JSON.stringify(memberOf(input, 'edits') ?? []));
    case 'patch':
    case 'apply_patch': {
      const patch = textAt(input, 'patchText', 'patch');
      return patch === undefined ? undefined : patchActions(patch, cwd);
    }
    case 'read':
      return file('read', textAt(input, 'filePath'));
    case 'glob':
    case 'grep':
    case 'list':
      return file('read', textAt(input, 'path') ?? (cwd === '' ? '.' : cwd));
    case 'webfetch': {
      const url = textAt(input, 'url');
      return url === undefined ? undefined : [httpGetAction(cwd, url)];
    }
    default: {
      if (HARMLESS_TOOLS.has(tool)) return [{ kind: 'harmless-tool', tool }];
      const cut = tool.indexOf('_');
      const [server, name] = cut > 0 ? [tool.slice(0, cut), tool.slice(cut + 1)] : ['opencode', tool];
      return [mcpAction(cwd, server, name, carried(input))];
    }
  }
}

function outcomeOf(state: Members | undefined): RecordedOutcome {
  switch (textAt(state, 'status')) {
    case 'completed': {
      const exit = memberOf(membersOf(memberOf(state, 'metadata')), 'exit');
      return typeof exit === 'number' && exit !== 0 ? 'failed' : 'ran';
    }
    case 'error':
      return /rejected permission|user rejected|prevents you from using|denied/i.test(textAt(state, 'error') ?? '')
        ? 'refused'
        : 'failed';
    default:
      return 'unknown';
  }
}
