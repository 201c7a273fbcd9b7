import type { Action } from '../../core/attempt.ts';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import type { Outcome } from '../../core/receipt.ts';

/** The agents whose hooks are understood. Each has one file in this folder. */
export const HOOK_AGENTS = ['claude-code', 'cursor'] as const;
export type HookAgent = (typeof HOOK_AGENTS)[number];

export function isHookAgent(text: string): text is HookAgent {
  return (HOOK_AGENTS as readonly string[]).includes(text);
}

/** A tool that has no effect of its own outside the agent: what it leads to comes through the hook again. */
export interface HarmlessTool {
  readonly kind: 'harmless-tool';
  readonly tool: string;
}

/** How an MCP server was named by the host. `name` is only a label that a configuration file gives: opaque. */
export interface McpIdentity {
  readonly by: 'url' | 'command' | 'name';
  readonly value: string;
}

/** One call of a hook, decoded. Every string is the host's; only `statedPurpose` is the model's own words. */
export interface HookCall {
  readonly agent: HookAgent;
  /** The host's own name of the event, e.g. `PreToolUse`. */
  readonly hostEvent: string;
  readonly event: 'before' | 'after';
  readonly sessionId: string;
  /** Absolute, or empty where the host did not say. */
  readonly cwd: string;
  /** Absolute path of the workspace, where the host names one. */
  readonly workspace?: string;
  readonly toolName: string;
  readonly toolUseId?: string;
  readonly action: Action | HarmlessTool;
  readonly mcp?: McpIdentity;
  readonly statedPurpose?: string;
  /** Circumstances that a card should mention: `runs in the background`, ... */
  readonly notes: readonly string[];
  /**
   * The host asks again about the same act, at another event, before it happens: judge and refuse here too, but consume
   * no approval and write no intent. Always false for `after`.
   */
  readonly preview: boolean;
  /** Whether this event may replace the command (`HookReply.updatedInput`). */
  readonly rewritable: boolean;
  /** The tool's whole input, to build `updatedInput` from. */
  readonly toolInput: { readonly [key: string]: Json | undefined };
  /** Only for `after`. */
  readonly outcome?: { readonly outcome: Outcome; readonly detail: string };
}

export type HookDecoded =
  | { readonly ok: true; readonly call: HookCall }
  | { readonly ok: false; readonly error: string };

/** What the host gets told. `allow` without `updatedInput` leaves the user's own permission prompts as they are. */
export type HookReply =
  | { readonly kind: 'allow'; readonly updatedInput?: { readonly [key: string]: Json | undefined } }
  | { readonly kind: 'deny'; readonly reason: string }
  | { readonly kind: 'nothing' };

/** What the hook process does: JSON on one line (or nothing) on stdout and exit 0, or text on stderr and exit 2. */
export type HookOutput =
  | { readonly exitCode: 0; readonly stdout: string }
  | { readonly exitCode: 2; readonly stderr: string };

export interface DecodeOptions {
  /** Absolute; hosts expand a leading `~` in file paths. Where it is not known such a path stays as written. */
  readonly home?: string;
}

/** A payload that cannot be decoded is refused in the one way that every host takes as a refusal. */
export function refuseUndecoded(error: string): HookOutput {
  return {
    exitCode: 2,
    stderr: `holdpoint refuses this call because it cannot read what the agent's host sent: ${error}`,
  };
}

export function fileAction(
  cwd: string,
  file: {
    readonly op: 'read' | 'write' | 'delete';
    readonly path: string;
    readonly tool: string;
    readonly content?: string;
  },
): Action {
  return action('file', canonicalBytes({ op: file.op, path: file.path, tool: file.tool, content: file.content }), cwd);
}

export function mcpAction(cwd: string, server: string, tool: string, args: Json): Action {
  return action('mcp', canonicalBytes({ server, tool, arguments: args }), cwd);
}

export function httpGetAction(cwd: string, url: string): Action {
  return action('http', canonicalBytes({ method: 'GET', url }), cwd);
}

export function shellAction(cwd: string, command: string, dialect?: string): Action {
  const made = action('shell', new TextEncoder().encode(command), cwd);
  return dialect === undefined ? made : { ...made, dialect };
}

function action(kind: Action['kind'], bytes: Uint8Array, cwd: string): Action {
  return cwd === '' ? { kind, bytes } : { kind, bytes, cwd };
}

/**
 * The path that the host will open, normalised: absolute where that can be told. A text that hosts read differently
 * from each other (white space around it, a NUL) has no path: `undefined`.
 */
export function hostPath(text: string, cwd: string, options: DecodeOptions): string | undefined {
  // SECURITY: some hosts trim a path and some do not; judging one reading while the other is opened would let a write escape.
  if (text === '' || text !== text.trim() || text.includes('\0')) return undefined;
  let path = text;
  if (path === '~' || path.startsWith('~/')) {
    if (options.home === undefined) return path;
    path = options.home + path.slice(1);
  }
  if (!path.startsWith('/')) {
    if (cwd === '') return path;
    path = `${cwd}/${path}`;
  }
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
