import type { Action } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { HarmlessTool } from '../hooks/hook.ts';

/** The agents whose transcripts are understood. Each has one file in this folder. */
export const TRANSCRIPT_AGENTS = ['claude-code', 'codex', 'gemini', 'opencode'] as const;
export type TranscriptAgent = (typeof TRANSCRIPT_AGENTS)[number];

export function isTranscriptAgent(text: string): text is TranscriptAgent {
  return (TRANSCRIPT_AGENTS as readonly string[]).includes(text);
}

/** `ran`: to its end, without an error. `refused`: a person, a hook or the agent's own rules did not let it run. */
export type RecordedOutcome = 'ran' | 'failed' | 'refused' | 'unknown';

/** One tool call as a transcript tells it. Nothing of it is proof: whoever can write the file can write anything. */
export interface RecordedCall {
  readonly agent: TranscriptAgent;
  readonly session: string;
  /** Absolute, or empty where the transcript does not say. */
  readonly cwd: string;
  /** Milliseconds since the Unix epoch; 0 where the transcript does not say. */
  readonly atMs: number;
  readonly tool: string;
  readonly action: Action | HarmlessTool;
  readonly outcome: RecordedOutcome;
  /** Tells a call from its copy: agents copy what went before into the transcript of a session that is taken up again. */
  readonly identity: string;
}

/** One line, or one document, of a transcript, with what the place that it lies in says. */
export interface TranscriptText {
  readonly text: string;
  /** Names the session where the text does not. */
  readonly session: string;
  readonly cwd: string;
}

/** Reads one transcript from its start to its end. Has the lifetime of that transcript. */
export interface TranscriptParser {
  /** The calls of which this text is the last word. */
  read(record: TranscriptText): readonly RecordedCall[];
  /** Calls whose outcome never came. */
  end(): readonly RecordedCall[];
  /** Texts, or calls in them, that could not be read. */
  malformed(): number;
}

export type Members = { readonly [key: string]: Json | undefined };

/** JSON with an object at the top, no deeper than everything else that comes in; `undefined` for anything else. */
export function parseRecord(text: string): Members | undefined {
  if (depthOf(text) > LIMITS.jsonDepth) return undefined;
  try {
    return membersOf(JSON.parse(wellFormed(text)) as Json);
  } catch {
    return undefined;
  }
}

/** Output that was cut inside of a character leaves half of one behind, which no action can carry. */
function wellFormed(text: string): string {
  const whole = text.toWellFormed();
  if (!/\\u[dD]/.test(whole)) return whole;
  // A backslash of its own and a pair stay; half a pair becomes the replacement character.
  return whole.replace(
    /\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2})/g,
    (found) => (found.length === 6 ? '\\ufffd' : found),
  );
}

/** Arguments as JSON can carry them: a number beyond a double is none. */
export function carried(args: Members): Json {
  return JSON.parse(JSON.stringify(args)) as Json;
}

/** Lines that hold no call are not parsed; that they have the shape of an object is all that is asked of them. */
export function looksLikeObject(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.startsWith('{') && trimmed.endsWith('}');
}

export function membersOf(value: Json | undefined): Members | undefined {
  return value === undefined || value === null || typeof value !== 'object' || Array.isArray(value)
    ? undefined
    : (value as Members);
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function textAt(members: Members | undefined, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = memberOf(members, key);
    if (typeof value === 'string') return value;
  }
  return undefined;
}

export function memberOf(members: Members | undefined, key: string): Json | undefined {
  return members !== undefined && Object.hasOwn(members, key) ? members[key] : undefined;
}

/** Milliseconds of an ISO time or a number; 0 where it is neither. */
export function timeOf(value: Json | undefined): number {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? value : 0;
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? 0 : ms;
}

export function absolute(text: string | undefined): string {
  return text?.startsWith('/') === true && !text.includes('\0') ? text : '';
}

/** How deep arrays and objects nest; strings do not count. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > most) most = depth;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return most;
}

/** Index of the quote that ends the string; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
