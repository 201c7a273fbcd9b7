import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { type HookAgent, type HookOutput, isHookAgent } from './hook.ts';

/**
 * One hook call over the daemon's socket.
 *
 * Request: a header (`{"op":"hook","agent":"claude-code"}`) and a line feed, the payload as the host wrote it, then the
 * byte 0x1E and a line feed. JSON cannot hold a raw control character, so nothing in the payload needs escaping.
 * Reply: `HOLDPOINT/1 CODE TEXT` and a line feed, then the daemon closes. CODE is 0 or 2. With 0, TEXT is JSON on one
 * line, or empty. With 2, TEXT is for stderr: a backslash is written `\\` and a line feed `\n`, and no other control
 * character occurs, so that `printf %b` gives back exactly the text.
 * Bare form, for a netcat that ends its side when its input ends (`nc -N`): the payload alone, up to the end of the
 * stream. Its first line names `hook_event_name`, and the events of the agents have no name in common.
 * Over HTTP on the same socket: `POST /hook/AGENT` with the payload as body; the answer is 200 with the reply line as body.
 */
export const REPLY_PREFIX = 'HOLDPOINT/1 ';
export const PAYLOAD_END = 0x1e;
export const HOOK_HTTP_PREFIX = '/hook/';

const LF = 0x0a;

/** The header line, without its line feed. */
export function encodeHookHeader(agent: HookAgent): string {
  return `{"op":"hook","agent":"${agent}"}`;
}

/** The agent that a header names, or `undefined` where the header is anything else. */
export function parseHookHeader(line: string): HookAgent | undefined {
  const parsed = parseStrictJson(line, 4);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value))
    return undefined;
  const { op, agent, ...rest } = parsed.value as { readonly [key: string]: unknown };
  if (op !== 'hook' || typeof agent !== 'string' || Object.keys(rest).length > 0) return undefined;
  return isHookAgent(agent) ? agent : undefined;
}

const EVENT_MEMBER = '"hook_event_name"';

/** Whether a connection's first line (without its line feed) opens a payload in the bare form. */
export function opensBarePayload(line: string): boolean {
  return line.trim() === '{' || (line.trimStart().startsWith('{') && line.includes(EVENT_MEMBER));
}

/** The agent whose event a bare payload reports; `undefined` where it is no such payload. */
export function agentOfPayload(payload: string): HookAgent | undefined {
  const parsed = parseStrictJson(payload, LIMITS.jsonDepth);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value))
    return undefined;
  if (!Object.hasOwn(parsed.value, 'hook_event_name')) return undefined;
  const { hook_event_name: event } = parsed.value as { readonly [key: string]: unknown };
  if (typeof event !== 'string') return undefined;
  return /^[A-Z]/.test(event) ? 'claude-code' : 'cursor';
}

/** The whole request as bytes. */
export function encodeHookRequest(agent: HookAgent, payload: Uint8Array): Uint8Array {
  const header = new TextEncoder().encode(`${encodeHookHeader(agent)}\n`);
  const bytes = new Uint8Array(header.length + payload.length + 2);
  bytes.set(header);
  bytes.set(payload, header.length);
  bytes.set([PAYLOAD_END, LF], header.length + payload.length);
  return bytes;
}

export type PayloadStep =
  | { readonly state: 'more' }
  | { readonly state: 'whole'; readonly payload: Uint8Array }
  | { readonly state: 'refused'; readonly why: string };

/**
 * Collects the payload that follows the header line. `push` takes bytes as they come, in any chunking; `end` says that
 * the client closed its side. After `whole` or `refused` nothing more may be pushed.
 */
export function payloadReader(limitBytes: number = LIMITS.hookPayloadBytes): {
  push(chunk: Uint8Array): PayloadStep;
  end(): PayloadStep;
} {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  const whole = (): PayloadStep => {
    const payload = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      payload.set(chunk, at);
      at += chunk.length;
    }
    return { state: 'whole', payload };
  };
  return {
    push(chunk) {
      if (ended) return afterEnd(chunk) ?? whole();
      const end = chunk.indexOf(PAYLOAD_END);
      const body = end === -1 ? chunk : chunk.subarray(0, end);
      size += body.length;
      if (size > limitBytes) return { state: 'refused', why: `the payload is larger than ${limitBytes} bytes` };
      if (body.length > 0) chunks.push(body.slice());
      if (end === -1) return { state: 'more' };
      ended = true;
      const rest = chunk.subarray(end + 1);
      return rest.length === 0 ? { state: 'more' } : (afterEnd(rest) ?? whole());
    },
    end() {
      return { state: 'refused', why: 'the payload was cut off' };
    },
  };
}

function afterEnd(rest: Uint8Array): PayloadStep | undefined {
  if (rest.length === 0) return { state: 'more' };
  return rest.length === 1 && rest[0] === LF
    ? undefined
    : { state: 'refused', why: 'bytes after the end of the payload' };
}

/** The reply line, with its line feed. */
export function encodeReply(output: HookOutput): string {
  if (output.exitCode === 0) {
    if (hasControl(output.stdout, '')) throw new TypeError('a reply has to be JSON on one line');
    return `${REPLY_PREFIX}0 ${output.stdout}\n`;
  }
  const text = output.stderr
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replace(/(?![\n\t])\p{Cc}/gu, '\ufffd')
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n');
  return `${REPLY_PREFIX}2 ${text}\n`;
}

/** Characters that JSON cannot hold raw (RFC 8259: U+0000 to U+001F), `except` aside. */
function hasControl(text: string, except: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) < 0x20 && !except.includes(text.charAt(i))) return true;
  }
  return false;
}

/** What a reply says; `undefined` for anything that is not exactly one good reply line. */
export function parseReply(text: string): HookOutput | undefined {
  const line = text.endsWith('\n') ? text.slice(0, -1) : undefined;
  if (line === undefined || !line.startsWith(REPLY_PREFIX) || hasControl(line, '\t')) return undefined;
  const code = line.slice(REPLY_PREFIX.length, REPLY_PREFIX.length + 2);
  const rest = line.slice(REPLY_PREFIX.length + 2);
  if (code === '0 ') {
    if (rest !== '' && !parseStrictJson(rest, LIMITS.jsonDepth).ok) return undefined;
    return { exitCode: 0, stdout: rest };
  }
  if (code !== '2 ') return undefined;
  if (/(^|[^\\])(\\\\)*\\([^\\n]|$)/.test(rest)) return undefined;
  return { exitCode: 2, stderr: rest.replace(/\\([\\n])/g, (_, char: string) => (char === 'n' ? '\n' : '\\')) };
}
