import type { Action } from '../../core/attempt.ts';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import {
  asMembers,
  excerpt,
  FieldFault,
  type Members,
  membersOfText,
  needFilled,
  needList,
  needText,
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

/** Tools without an effect of their own. Anything else that is not in `readGenericTool` is opaque. */
const HARMLESS_TOOLS: ReadonlySet<string> = new Set([
  'AskQuestion',
  'ReadLints',
  'SemanticSearch',
  'SwitchMode',
  'Task',
  'TodoWrite',
  'WebSearch',
]);

interface Read {
  readonly toolName: string;
  readonly action: Action | HarmlessTool;
  readonly toolInput: Members;
  readonly mcp?: McpIdentity;
  /** A more exact event of the host follows for the same act. */
  readonly asksAgain?: boolean;
}

/**
 * Decodes what Cursor writes to a hook. Extra fields are fine; a missing or ill-typed needed one is refused.
 * Source: https://cursor.com/docs/agent/hooks
 */
export function decodeCursor(payload: Uint8Array, options: DecodeOptions = {}): HookDecoded {
  try {
    const members = parseMembers(payload);
    const hostEvent = needText(members, 'hook_event_name');
    const sessionId = needFilled(members, 'conversation_id');
    const workspace = workspaceOf(members);
    const saidCwd = optionalText(members, 'cwd') ?? '';
    const cwd = saidCwd.startsWith('/') ? saidCwd : (workspace ?? '');
    const event = BEFORE.has(hostEvent) ? 'before' : 'after';
    const read = readEvent(hostEvent, members, cwd, options);
    const toolUseId = optionalText(members, 'tool_use_id');
    const statedPurpose = optionalText(members, 'agent_message') ?? optionalText(read.toolInput, 'description');
    const call: HookCall = {
      agent: 'cursor',
      hostEvent,
      event,
      sessionId,
      cwd,
      ...(workspace === undefined ? {} : { workspace }),
      toolName: read.toolName,
      ...(toolUseId === undefined ? {} : { toolUseId }),
      action: read.action,
      ...(read.mcp === undefined ? {} : { mcp: read.mcp }),
      ...(statedPurpose === undefined ? {} : { statedPurpose }),
      notes: [],
      preview: event === 'before' && read.asksAgain === true,
      rewritable: hostEvent === 'preToolUse' && read.action.kind === 'shell',
      toolInput: read.toolInput,
      ...(event === 'after' ? { outcome: outcomeOf(hostEvent, members) } : {}),
    };
    return { ok: true, call };
  } catch (error) {
    if (error instanceof FieldFault) return { ok: false, error: error.message };
    throw error;
  }
}

/**
 * Always explicit: with `failClosed` an empty answer blocks. Both messages carry the whole text, since the model was
 * seen to get `user_message` and not `agent_message`. `beforeShellExecution` cannot replace a command: there a rewrite
 * becomes a refusal that names the command to run instead.
 */
export function encodeCursor(reply: HookReply, call: HookCall): HookOutput {
  if (call.event === 'after') return { exitCode: 0, stdout: '{}' };
  if (reply.kind === 'deny') return deny(reply.reason);
  if (reply.kind === 'nothing' || reply.updatedInput === undefined)
    return { exitCode: 0, stdout: '{"permission":"allow"}' };
  if (call.rewritable)
    return { exitCode: 0, stdout: canonicalJson({ permission: 'allow', updated_input: reply.updatedInput }) };
  const command = own(reply.updatedInput, 'command');
  return deny(
    `this is approved, but it has to run through holdpoint: run \`${typeof command === 'string' ? command : canonicalJson(reply.updatedInput)}\` instead`,
  );
}

function deny(reason: string): HookOutput {
  return { exitCode: 0, stdout: canonicalJson({ permission: 'deny', user_message: reason, agent_message: reason }) };
}

const BEFORE: ReadonlySet<string> = new Set([
  'beforeShellExecution',
  'beforeMCPExecution',
  'beforeReadFile',
  'beforeTabFileRead',
  'preToolUse',
]);

function workspaceOf(members: Members): string | undefined {
  if (own(members, 'workspace_roots') === undefined) return undefined;
  const first = needList(members, 'workspace_roots')[0];
  return typeof first === 'string' && first.startsWith('/') ? first : undefined;
}

function readEvent(hostEvent: string, members: Members, cwd: string, options: DecodeOptions): Read {
  switch (hostEvent) {
    case 'beforeShellExecution':
    case 'afterShellExecution': {
      const command = needText(members, 'command');
      return { toolName: 'Shell', action: shellAction(cwd, command), toolInput: { command } };
    }
    case 'beforeMCPExecution':
    case 'afterMCPExecution': {
      const tool = needFilled(members, 'tool_name');
      const mcp = mcpIdentity(members, tool);
      const args = argumentsOf(own(members, 'tool_input'));
      return { toolName: tool, action: mcpAction(cwd, mcp.value, tool, args as Json), toolInput: args, mcp };
    }
    case 'beforeReadFile':
    case 'beforeTabFileRead':
      return file('read', 'Read', members, cwd, options);
    case 'afterFileEdit':
      return file('write', 'Write', members, cwd, options, canonicalJson({ edits: needList(members, 'edits') }));
    case 'preToolUse':
    case 'postToolUse':
    case 'postToolUseFailure':
      return readGenericTool(needFilled(members, 'tool_name'), argumentsOf(own(members, 'tool_input')), cwd, options);
    default:
      throw new FieldFault(`\`hook_event_name\` is \`${hostEvent.slice(0, 60)}\`, which is not expected here`);
  }
}

function readGenericTool(tool: string, input: Members, cwd: string, options: DecodeOptions): Read {
  if (tool.startsWith('MCP:')) {
    const name = tool.slice(4);
    return {
      toolName: tool,
      action: mcpAction(cwd, 'cursor', name, input as Json),
      toolInput: input,
      mcp: { by: 'name', value: name },
      asksAgain: true,
    };
  }
  switch (tool) {
    case 'Shell': {
      const where = optionalText(input, 'working_directory') ?? optionalText(input, 'cwd') ?? cwd;
      const at = where.startsWith('/') ? where : cwd;
      return { toolName: tool, action: shellAction(at, needText(input, 'command')), toolInput: input, asksAgain: true };
    }
    case 'Read':
    case 'ReadFile':
      return { ...file('read', tool, input, cwd, options), asksAgain: true };
    case 'Grep':
    case 'Glob':
    case 'LS':
      return {
        toolName: tool,
        action: readIn(
          tool,
          optionalText(input, 'path') ?? optionalText(input, 'target_directory') ?? cwd,
          cwd,
          options,
        ),
        toolInput: input,
      };
    case 'Write':
    case 'StrReplace':
    case 'Edit':
    case 'EditNotebook':
    case 'TabWrite':
      return file('write', tool, input, cwd, options, canonicalJson(input as Json));
    case 'Delete':
      return file('delete', tool, input, cwd, options);
    case 'WebFetch':
      return { toolName: tool, action: httpGetAction(cwd, needText(input, 'url')), toolInput: input };
    default: {
      const harmless: HarmlessTool = { kind: 'harmless-tool', tool };
      if (HARMLESS_TOOLS.has(tool)) return { toolName: tool, action: harmless, toolInput: input };
      return {
        toolName: tool,
        action: mcpAction(cwd, 'cursor', tool, input as Json),
        toolInput: input,
        mcp: { by: 'name', value: 'cursor' },
      };
    }
  }
}

/** `tool_input` is an object at `preToolUse` and a text of JSON at `beforeMCPExecution`; both are taken at both. */
function argumentsOf(value: Json | undefined): Members {
  if (typeof value !== 'string') return asMembers(value, '`tool_input`');
  return value.trim() === '' ? {} : membersOfText(value, '`tool_input`');
}

function mcpIdentity(members: Members, tool: string): McpIdentity {
  const url = optionalText(members, 'url');
  if (url !== undefined && url !== '') return { by: 'url', value: url };
  const command = optionalText(members, 'command');
  if (command !== undefined && command !== '') return { by: 'command', value: command };
  return { by: 'name', value: tool };
}

function file(
  op: 'read' | 'write' | 'delete',
  tool: string,
  members: Members,
  cwd: string,
  options: DecodeOptions,
  content?: string,
): Read {
  const text =
    optionalText(members, 'file_path') ?? optionalText(members, 'path') ?? optionalText(members, 'target_notebook');
  if (text === undefined) throw new FieldFault('`file_path` is missing');
  return {
    toolName: tool,
    action: fileAction(cwd, {
      op,
      path: pathOf(text, cwd, options),
      tool,
      ...(content === undefined ? {} : { content }),
    }),
    toolInput: members,
  };
}

function readIn(tool: string, text: string, cwd: string, options: DecodeOptions): Action {
  return fileAction(cwd, { op: 'read', path: pathOf(text, cwd, options), tool });
}

function pathOf(text: string, cwd: string, options: DecodeOptions): string {
  const path = hostPath(text, cwd, options);
  if (path === undefined) throw new FieldFault('a file path is empty, has white space around it, or has a NUL in it');
  return path;
}

function outcomeOf(hostEvent: string, members: Members): NonNullable<HookCall['outcome']> {
  switch (hostEvent) {
    case 'postToolUseFailure': {
      const type = optionalText(members, 'failure_type') ?? '';
      const detail = excerpt(own(members, 'error_message'), 2000);
      if (type === 'permission_denied') return { outcome: 'not-started', detail };
      return { outcome: type === 'timeout' ? 'unknown' : 'failed', detail };
    }
    case 'afterShellExecution':
      // The host gives no exit status here.
      return { outcome: 'done', detail: excerpt(own(members, 'output'), 2000) };
    case 'afterMCPExecution':
      return { outcome: 'done', detail: excerpt(own(members, 'result_json'), 2000) };
    default:
      return { outcome: 'done', detail: excerpt(own(members, 'tool_output'), 2000) };
  }
}
