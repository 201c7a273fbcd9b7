import type { Action } from '../../core/attempt.ts';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import {
  asMembers,
  excerpt,
  FieldFault,
  type Members,
  needAbsolute,
  needFilled,
  needList,
  needText,
  optionalFlag,
  optionalText,
  own,
  parseMembers,
} from './fields.ts';
import {
  type DecodeOptions,
  fileAction,
  type HarmlessTool,
  type HookCall,
  type HookDecoded,
  type HookOutput,
  type HookReply,
  hostPath,
  httpGetAction,
  type McpIdentity,
  mcpAction,
  shellAction,
} from './hook.ts';

/**
 * Tools without an effect of their own: they talk to the person, keep the agent's own lists, or start agents and
 * prompts whose tools come through this hook. Anything else that is not in `readTool` is opaque.
 * Left out on purpose: `Skill`, `SlashCommand`, `Workflow` (may run shell text from files), `Artifact`, `SendFeedback`,
 * `RemoteTrigger` (send things away).
 */
const HARMLESS_TOOLS: ReadonlySet<string> = new Set([
  'Agent',
  'AgentOutputTool',
  'AskUserQuestion',
  'BashOutput',
  'CronCreate',
  'CronDelete',
  'CronList',
  'EnterPlanMode',
  'EnterWorktree',
  'ExitPlanMode',
  'KillBash',
  'KillShell',
  'ListMcpResourcesTool',
  'LSP',
  'PushNotification',
  'ReadMcpResourceTool',
  'ReadNotifications',
  'RefreshMcpTools',
  'ReportFindings',
  'ScheduleWakeup',
  'SendMessage',
  'StructuredOutput',
  'Task',
  'TaskCreate',
  'TaskGet',
  'TaskList',
  'TaskOutput',
  'TaskStop',
  'TaskUpdate',
  'TodoRead',
  'TodoWrite',
  'ToolSearch',
  'WebSearch',
]);

interface Read {
  readonly action: Action | HarmlessTool;
  readonly mcp?: McpIdentity;
  readonly notes?: readonly string[];
}

/**
 * Decodes what Claude Code writes to a command hook. Extra fields are fine; a missing or ill-typed needed one is refused.
 * Source: https://code.claude.com/docs/en/hooks
 */
export function decodeClaudeCode(payload: Uint8Array, options: DecodeOptions = {}): HookDecoded {
  try {
    const members = parseMembers(payload);
    const hostEvent = needText(members, 'hook_event_name');
    const sessionId = needFilled(members, 'session_id');
    const cwd = needAbsolute(members, 'cwd');
    const event = eventOf(hostEvent);
    const toolName = needFilled(members, 'tool_name');
    const toolInput = asMembers(own(members, 'tool_input'), '`tool_input`');
    const toolUseId = optionalText(members, 'tool_use_id');
    const read = readTool(toolName, toolInput, cwd, options);
    const statedPurpose = optionalText(toolInput, 'description');
    const call: HookCall = {
      agent: 'claude-code',
      hostEvent,
      event,
      sessionId,
      cwd,
      toolName,
      ...(toolUseId === undefined ? {} : { toolUseId }),
      action: read.action,
      ...(read.mcp === undefined ? {} : { mcp: read.mcp }),
      ...(statedPurpose === undefined ? {} : { statedPurpose }),
      notes: read.notes ?? [],
      preview: false,
      rewritable: event === 'before' && read.action.kind === 'shell',
      toolInput,
      ...(event === 'after' ? { outcome: outcomeOf(hostEvent, members) } : {}),
    };
    return { ok: true, call };
  } catch (error) {
    if (error instanceof FieldFault) return { ok: false, error: error.message };
    throw error;
  }
}

/** A plain allow says nothing, so that the user's own permission rules still ask. A rewrite has to say allow. */
export function encodeClaudeCode(reply: HookReply, call: HookCall): HookOutput {
  if (reply.kind === 'nothing') return { exitCode: 0, stdout: '' };
  if (call.event === 'after') {
    // The act is over: nothing can be blocked, and a `deny` here would only confuse the model.
    return { exitCode: 0, stdout: '' };
  }
  if (reply.kind === 'deny')
    return claudeDecision({ permissionDecision: 'deny', permissionDecisionReason: reply.reason });
  if (reply.updatedInput === undefined) return { exitCode: 0, stdout: '' };
  return claudeDecision({ permissionDecision: 'allow', updatedInput: reply.updatedInput });
}

function claudeDecision(decision: Members): HookOutput {
  return { exitCode: 0, stdout: canonicalJson({ hookSpecificOutput: { hookEventName: 'PreToolUse', ...decision } }) };
}

function eventOf(hostEvent: string): 'before' | 'after' {
  switch (hostEvent) {
    case 'PreToolUse':
      return 'before';
    case 'PostToolUse':
    case 'PostToolUseFailure':
      return 'after';
    default:
      throw new FieldFault(`\`hook_event_name\` is \`${hostEvent.slice(0, 60)}\`, which is not expected here`);
  }
}

function outcomeOf(hostEvent: string, members: Members): NonNullable<HookCall['outcome']> {
  if (hostEvent === 'PostToolUseFailure') {
    const error = own(members, 'error');
    // The tool failed, which does not say that nothing happened: the shell may have failed half way.
    return { outcome: 'failed', detail: excerpt(error, 2000) };
  }
  const response = own(members, 'tool_response');
  const interrupted =
    typeof response === 'object' &&
    response !== null &&
    !Array.isArray(response) &&
    own(response as Members, 'interrupted') === true;
  return { outcome: interrupted ? 'unknown' : 'done', detail: excerpt(response, 2000) };
}

function readTool(tool: string, input: Members, cwd: string, options: DecodeOptions): Read {
  switch (tool) {
    case 'Bash':
      return { action: shellAction(cwd, needText(input, 'command')), notes: shellNotes(input) };
    case 'PowerShell':
      return { action: shellAction(cwd, needText(input, 'command'), 'powershell'), notes: shellNotes(input) };
    case 'Monitor': {
      const command = optionalText(input, 'command');
      if (command === undefined) return opaque(tool, input, cwd);
      return { action: shellAction(cwd, command), notes: ['runs in the background'] };
    }
    case 'Read':
      return file('read', tool, needText(input, 'file_path'), cwd, options);
    case 'NotebookRead':
      return file('read', tool, needText(input, 'notebook_path'), cwd, options);
    case 'LS':
      return file('read', tool, optionalText(input, 'path') ?? cwd, cwd, options);
    case 'Grep':
      return file('read', tool, optionalText(input, 'path') ?? cwd, cwd, options);
    case 'Glob': {
      const base = optionalText(input, 'path') ?? cwd;
      const pattern = needText(input, 'pattern');
      return file('read', tool, globRoot(base, pattern), cwd, options);
    }
    case 'Write':
      return file('write', tool, needText(input, 'file_path'), cwd, options, needText(input, 'content'));
    case 'Edit':
      return file('write', tool, needText(input, 'file_path'), cwd, options, editText([input]));
    case 'MultiEdit':
      return file('write', tool, needText(input, 'file_path'), cwd, options, editText(needList(input, 'edits')));
    case 'NotebookEdit': {
      const content = canonicalJson({
        cell: optionalText(input, 'cell_id'),
        mode: optionalText(input, 'edit_mode'),
        new: optionalText(input, 'new_source'),
      });
      return file('write', tool, needText(input, 'notebook_path'), cwd, options, content);
    }
    case 'WebFetch':
      return { action: httpGetAction(cwd, needText(input, 'url')) };
    case 'ExitWorktree':
      // Removing a worktree can throw work away; keeping it cannot.
      return own(input, 'action') === 'keep' ? harmless(tool) : opaque(tool, input, cwd);
    default:
      if (tool.startsWith('mcp__')) return mcp(tool, input, cwd);
      return HARMLESS_TOOLS.has(tool) ? harmless(tool) : opaque(tool, input, cwd);
  }
}

function harmless(tool: string): Read {
  return { action: { kind: 'harmless-tool', tool } };
}

/** A tool that nobody here knows is judged as a call to a server that nobody knows. */
function opaque(tool: string, input: Members, cwd: string): Read {
  return { action: mcpAction(cwd, 'claude-code', tool, input as Json), mcp: { by: 'name', value: 'claude-code' } };
}

function mcp(tool: string, input: Members, cwd: string): Read {
  const rest = tool.slice('mcp__'.length);
  const cut = rest.indexOf('__');
  const server = cut === -1 ? rest : rest.slice(0, cut);
  const name = cut === -1 ? '' : rest.slice(cut + 2);
  if (server === '' || name === '')
    throw new FieldFault(`\`tool_name\` \`${tool.slice(0, 80)}\` names no server and tool`);
  return { action: mcpAction(cwd, server, name, input as Json), mcp: { by: 'name', value: server } };
}

function file(
  op: 'read' | 'write',
  tool: string,
  text: string,
  cwd: string,
  options: DecodeOptions,
  content?: string,
): Read {
  const path = hostPath(text, cwd, options);
  if (path === undefined) throw new FieldFault('a file path is empty, has white space around it, or has a NUL in it');
  return { action: fileAction(cwd, { op, path, tool, ...(content === undefined ? {} : { content }) }) };
}

/** Canonical JSON of the replacements: an edit's content is what it takes out and puts in, so that two edits never share a key. */
function editText(edits: readonly Json[]): string {
  return canonicalJson({
    edits: edits.map((edit) => {
      const members = asMembers(edit, '`edits`');
      return {
        old: needText(members, 'old_string'),
        new: needText(members, 'new_string'),
        all: optionalFlag(members, 'replace_all'),
      };
    }),
  });
}

/** The folder that a glob looks in: its literal beginning. */
function globRoot(base: string, pattern: string): string {
  const parts = pattern.split('/');
  const literal: string[] = [];
  for (const part of parts) {
    if (/[*?[\]{}!()+@\\]/.test(part)) break;
    literal.push(part);
  }
  const start = literal.join('/');
  if (pattern.startsWith('/')) return start === '' ? '/' : start;
  return start === '' ? base : `${base}/${start}`;
}

function shellNotes(input: Members): readonly string[] {
  const notes: string[] = [];
  if (optionalFlag(input, 'run_in_background')) notes.push('runs in the background');
  if (optionalFlag(input, 'dangerouslyDisableSandbox')) notes.push("asks to run outside the agent's own sandbox");
  return notes;
}
