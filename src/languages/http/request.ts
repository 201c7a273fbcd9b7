import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { isJsonObject, type JsonObject } from '../api-actions.ts';

/** An HTTP request in one canonical form. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Lower case, without a trailing dot. */
  readonly host: string;
  /** Path with percent-encoding undone and dot segments resolved, since servers do both. */
  readonly path: string;
  readonly segments: readonly string[];
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | undefined;
  readonly isLoopback: boolean;
}

export type RequestResult =
  | { readonly ok: true; readonly request: HttpRequest }
  | { readonly ok: false; readonly why: string };

/** Checks and canonicalises `{method, url, headers?, body?}`. */
export function requestOf(action: JsonObject): RequestResult {
  const { method, url: text, headers, body } = action;
  if (typeof method !== 'string' || !/^[A-Za-z][A-Za-z-]{0,30}$/.test(method)) return no('the method is not a word');
  if (typeof text !== 'string' || !URL.canParse(text)) return no('the URL cannot be read');
  // What `URL` silently repairs, another client may read otherwise.
  if (/[\s\\\p{Cc}]/u.test(text)) return no('the URL has characters that parsers read differently');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return no(`the scheme is \`${url.protocol.slice(0, 20)}\``);
  if (body !== undefined && body !== null && typeof body !== 'string') return no('the body is not a text');
  const named = headersOf(headers);
  if (named === undefined) return no('the headers are not texts by name');
  const host = bareHost(url.hostname);
  const claimed = named.get('host');
  if (claimed !== undefined && bareHost(claimed.replace(/:\d+$/, '')) !== host)
    return no('the Host header names another host than the URL');
  const path = canonicalPath(url.pathname);
  if (path === undefined) return no('the path is encoded in more layers than can be undone');
  return {
    ok: true,
    request: {
      method: method.toUpperCase(),
      url,
      host,
      path,
      segments: path.split('/').filter((segment) => segment !== ''),
      headers: named,
      body: body ?? undefined,
      isLoopback: /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)$/.test(host),
    },
  };
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}

function bareHost(host: string): string {
  return host.toLowerCase().replace(/\.+$/, '');
}

function headersOf(headers: Json | undefined): ReadonlyMap<string, string> | undefined {
  if (headers === undefined || headers === null) return new Map();
  if (!isJsonObject(headers)) return undefined;
  const named = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || named.has(lower)) return undefined;
    named.set(lower, value);
  }
  return named;
}

/** Undoes percent-encoding until nothing changes, then resolves `.` and `..` and drops matrix parameters. */
function canonicalPath(pathname: string): string | undefined {
  let path = pathname;
  for (let round = 0; ; round += 1) {
    const decoded = path.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      const bytes = Uint8Array.from(
        run
          .slice(1)
          .split('%')
          .map((hex) => Number.parseInt(hex, 16)),
      );
      return new TextDecoder().decode(bytes);
    });
    if (decoded === path) break;
    if (round === 4) return undefined;
    path = decoded;
  }
  const resolved: string[] = [];
  for (const segment of path.replaceAll('\\', '/').split('/')) {
    const bare = segment.replace(/;.*$/, '');
    if (bare === '..') resolved.pop();
    else if (bare !== '' && bare !== '.') resolved.push(bare);
  }
  return `/${resolved.join('/')}`;
}

/** What a body is, as far as it can be told. */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: 'multipart'; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** In these, ASCII is ASCII: what opens, closes and names something is the same to each reader. */
const SAFE_CHARSETS: ReadonlySet<string> = new Set([
  'utf-8',
  'utf8',
  'us-ascii',
  'ascii',
  'iso-8859-1',
  'windows-1252',
]);
const TEXT_TYPE = /^$|^text\/|json|graphql|x-www-form-urlencoded|xml|yaml|sql|javascript/;

export function bodyOf(request: HttpRequest): Body {
  const { body } = request;
  // The gateway's mark on what it passes unseen.
  if (request.headers.has('holdpoint-body')) return { kind: 'unreadable', why: 'a body larger than is judged' };
  if (body === undefined || body === '') return { kind: 'none' };
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') return { kind: 'unreadable', why: 'the body is compressed' };
  if (body.length > LIMITS.judgedBodyBytes)
    return { kind: 'unreadable', why: `a body over ${LIMITS.judgedBodyBytes} characters` };
  const type = request.headers.get('content-type')?.toLowerCase() ?? '';
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/.exec(type)?.[1];
  if (charset !== undefined && !SAFE_CHARSETS.has(charset))
    return { kind: 'unreadable', why: `a body in the character set \`${charset.slice(0, 40)}\`` };
  // The gateway's mark on a body of which not every byte is text: what stands in for those is not what the server reads.
  const isExact = !request.headers.has('holdpoint-body-sha256');
  if (type.includes('multipart/')) return multipartOf(body, request.headers.get('content-type') ?? '', isExact);
  if (!isExact && (/^\s*[[{]/.test(body) || TEXT_TYPE.test(type)))
    return { kind: 'unreadable', why: 'a body that is not valid UTF-8' };
  // A body that looks like JSON is read as JSON whatever its header says: many servers do.
  if (/^\s*[[{]/.test(body) || /[/+]json\b/.test(type)) {
    const parsed = parseStrictJson(body, LIMITS.jsonDepth);
    if (parsed.ok) return { kind: 'json', value: parsed.value };
    if (/[/+]json\b/.test(type) || parsed.error !== 'not valid JSON')
      return { kind: 'unreadable', why: `the JSON body: ${parsed.error}` };
  }
  if (type.includes('application/x-www-form-urlencoded')) {
    const fields = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(body)) {
      if (fields.has(name)) fields.set(name, `${fields.get(name) ?? ''}\n${value}`);
      else fields.set(name, value);
    }
    return { kind: 'form', fields };
  }
  return { kind: 'text', text: body };
}

/** Headers that a part may have besides the one that names it; of these none changes which field it is. */
const PART_HEADERS: ReadonlySet<string> = new Set(['content-disposition', 'content-type', 'content-length']);
const MULTIPART_TYPE =
  /^multipart\/form-data[ \t]*;[ \t]*boundary=(?:"([^"\\\r\n]{1,200})"|([\w'()+./:=?-]{1,200}))[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;
const DISPOSITION =
  /^form-data[ \t]*;[ \t]*name=(?:"([^"\\\r\n]*)"|([\w.[\]-]+))([ \t]*;[ \t]*filename=(?:"[^"\\\r\n]*"|[\w.-]+))?[ \t]*$/i;
const MOST_PARTS = 1_000;

/**
 * The fields of a form in parts. SECURITY: servers differ in what they forgive (a name that is written otherwise, a boundary
 * in the midst of a line, text before the first part), and a part that only one of us sees could be the one that counts: so
 * nothing is forgiven. Source: RFC 7578, RFC 2046 section 5.1.
 */
function multipartOf(body: string, type: string, isExact: boolean): Body {
  const unreadable = (why: string): Body => ({ kind: 'unreadable', why: `a multipart body ${why}` });
  const boundary = MULTIPART_TYPE.exec(type.trim());
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) return unreadable('whose boundary is not plain');
  const pieces = `\r\n${body}`.split(`\r\n--${mark}`);
  if (pieces.length > MOST_PARTS) return unreadable(`of more than ${MOST_PARTS} parts`);
  const [before, ...parts] = pieces;
  const last = parts.pop();
  if (before !== '' || last === undefined || !/^--[ \t]*(\r\n)?$/.test(last))
    return unreadable('with something around its parts');
  const fields = new Map<string, string>();
  for (const part of parts) {
    const end = part.indexOf('\r\n\r\n');
    if (!part.startsWith('\r\n') || end === -1) return unreadable('with a part that is not one');
    const headers = new Map<string, string>();
    for (const line of part.slice(2, Math.max(2, end)).split('\r\n')) {
      const named = /^([\w-]+):[ \t]*([^\r\n]*)$/.exec(line);
      const name = named?.[1]?.toLowerCase();
      if (name === undefined || !PART_HEADERS.has(name) || headers.has(name))
        return unreadable('with a part whose headers are not plain');
      headers.set(name, named?.[2] ?? '');
    }
    const disposition = DISPOSITION.exec(headers.get('content-disposition') ?? '');
    const key = disposition?.[1] ?? disposition?.[2];
    if (key === undefined) return unreadable('with a part whose name is not plain');
    if (fields.has(key)) return unreadable('with a part given twice');
    const value = part.slice(end + 4);
    // A file may be anything; what a server reads as text may not.
    if (!isExact && value.includes('\ufffd') && disposition?.[3] === undefined)
      return unreadable('with a field that is not valid UTF-8');
    fields.set(key, value);
  }
  return { kind: 'multipart', fields };
}
