import type { Json } from '../../core/canonical-json.ts';
import { decodeClaudeCode } from '../hooks/claude-code.ts';
import { pendingCalls } from './pending.ts';
import {
  absolute,
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

/** What the client puts into a result that no tool gave. Seen in 2.0 to 2.1.330; newer lines say it in members of their own. */
const REFUSALS =
  /^(The user doesn't want to |Claude requested permissions to |Permission to use |.{0,200}hook (error|returned blocking)|.{0,80}denied this)/;

/**
 * Reads `~/.claude/projects/*` `/*.jsonl`: one JSON object a line; `assistant` lines hold `tool_use` blocks, `user` lines
 * their `tool_result`. Seen live with 2.1.330.
 */
export function claudeTranscript(home: string): TranscriptParser {
  const pending = pendingCalls();
  const faults = { count: 0 };

  function call(block: Members, line: Members, session: string): readonly RecordedCall[] {
    const id = textAt(block, 'id') ?? '';
    const tool = textAt(block, 'name') ?? '';
    const cwd = absolute(textAt(line, 'cwd'));
    const payload = JSON.stringify({
      hook_event_name: 'PreToolUse',
      session_id: session,
      cwd: cwd === '' ? '/' : cwd,
      tool_name: tool,
      tool_input: memberOf(block, 'input') ?? null,
    });
    // The hook's own codec: what a transcript's call would have been judged as is what the hook would have seen.
    const decoded = decodeClaudeCode(new TextEncoder().encode(payload), { home });
    if (!decoded.ok) {
      faults.count += 1;
      return [];
    }
    const atMs = timeOf(memberOf(line, 'timestamp'));
    const { action } = decoded.call;
    return pending.add(id, [
      { agent: 'claude-code', session, cwd, atMs, tool, action, identity: `${id} ${textAt(line, 'timestamp') ?? ''}` },
    ]);
  }

  return {
    read({ text, session }) {
      if (text.trim() === '') return [];
      if (!/tool_(use|result)/.test(text)) {
        if (!looksLikeObject(text)) faults.count += 1;
        return [];
      }
      const line = parseRecord(text);
      if (line === undefined) {
        faults.count += 1;
        return [];
      }
      const type = textAt(line, 'type');
      if (type !== 'assistant' && type !== 'user') return [];
      const name = textAt(line, 'sessionId') ?? session;
      return listOf(memberOf(membersOf(memberOf(line, 'message')), 'content')).flatMap((item) => {
        const block = membersOf(item);
        const kind = textAt(block, 'type');
        if (block === undefined) return [];
        if (type === 'assistant' && kind === 'tool_use') return call(block, line, name);
        if (type === 'user' && kind === 'tool_result')
          return pending.settle(textAt(block, 'tool_use_id') ?? '', outcomeOf(block, line));
        return [];
      });
    },
    end: () => pending.rest(),
    malformed: () => faults.count,
  };
}

function outcomeOf(result: Members, line: Members): RecordedOutcome {
  if (memberOf(result, 'is_error') !== true) return 'ran';
  const denied =
    textAt(line, 'toolDenialKind') !== undefined ||
    textAt(membersOf(memberOf(line, 'permissionDecision')), 'decision') === 'reject' ||
    REFUSALS.test(plainText(memberOf(result, 'content')));
  return denied ? 'refused' : 'failed';
}

function plainText(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((part) => textAt(membersOf(part), 'text') ?? '')
    .join('');
}
