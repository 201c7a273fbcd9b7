import { LIMITS } from '../../core/limits.ts';

/** A refusal before anything was judged: an HTTP status, a short stable code, and a sentence for people. */
export interface HeadFault {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

export interface RequestHead {
  /** Lower-case names; values in the order in which they came. Hop-by-hop and proxy headers, Host and Expect are left out. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The same, flat and with names as written: what is sent on. Without Host and framing, which are made anew. */
  readonly forward: readonly string[];
  readonly framing:
    | { readonly kind: 'none' }
    | { readonly kind: 'length'; readonly bytes: number }
    | { readonly kind: 'chunked' };
  readonly host: string | undefined;
  readonly contentEncoding: string | undefined;
  /** The client reads trailers; gRPC servers insist on being told. */
  readonly acceptsTrailers: boolean;
}

export type HeadCheck =
  | { readonly ok: true; readonly head: RequestHead }
  | { readonly ok: false; readonly fault: HeadFault };

export interface HeadInput {
  readonly method: string;
  readonly httpVersion: string;
  /** Names and values in turn, as they came over the wire. */
  readonly rawHeaders: readonly string[];
  /** HTTP/2 says in the head itself that nothing follows it. */
  readonly endsWithHead?: boolean;
  /** A WebSocket may be asked for. */
  readonly mayUpgrade?: boolean;
}

/** Never sent on. Source: RFC 9110 section 7.6.1, RFC 9112 appendix C.2.2. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers of which a second one would mean one thing to us and another to the server. */
const ONCE: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'expect',
  'host',
  'project-access-token',
  'proxy-authorization',
  'transfer-encoding',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);

/** What `Connection` may nominate: anything else would take a judged header off the request. */
const NOMINATED: ReadonlySet<string> = new Set(['close', 'keep-alive', 'proxy-connection', 'te', 'trailer']);

/** Belong to one HTTP/1.1 connection; in HTTP/2 they make a request malformed. Source: RFC 9113 section 8.2.2. */
const CONNECTION_SPECIFIC = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
] as const;

const MAX_HEADERS = 256;

/**
 * Checks a request's head for everything that two parsers could read differently, beyond what a strict parser has
 * refused already. Pure. Source: RFC 9112 sections 2.2, 5, 6 and 11.2.
 */
export function checkRequestHead(input: HeadInput): HeadCheck {
  const isHttp2 = input.httpVersion === '2';
  if (input.httpVersion !== '1.1' && input.httpVersion !== '1.0' && !isHttp2)
    return refuse(505, 'http-version', 'only HTTP/1.1, HTTP/1.0 and HTTP/2 are understood here');
  if (input.method === 'TRACE' || input.method === 'CONNECT')
    return refuse(405, 'method', `the method \`${input.method}\` is not passed on`);
  if (input.rawHeaders.length > MAX_HEADERS * 2)
    return refuse(431, 'too-many-headers', `more than ${MAX_HEADERS} headers`);
  const headers = new Map<string, string[]>();
  const forward: string[] = [];
  let bytes = 0;
  for (let index = 0; index < input.rawHeaders.length; index += 2) {
    const written = input.rawHeaders[index] ?? '';
    const value = input.rawHeaders[index + 1] ?? '';
    bytes += written.length + value.length + 4;
    if (bytes > LIMITS.headerBytes)
      return refuse(431, 'headers-too-large', `the headers are larger than ${LIMITS.headerBytes} bytes`);
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(written))
      return refuse(400, 'header-name', 'a header name has an invalid character');
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      return refuse(400, 'header-value', `the header \`${written}\` has an invalid character`);
    const name = written.toLowerCase();
    // SECURITY: CGI-like servers take `content_length` for `content-length`.
    const twin = name.replaceAll('_', '-');
    if (twin !== name && (ONCE.has(twin) || HOP_BY_HOP.has(twin)))
      return refuse(400, 'header-name', `the header \`${written}\` imitates another`);
    if (name.startsWith('holdpoint-')) return refuse(400, 'header-name', `the header \`${written}\` is reserved`);
    const before = headers.get(name);
    if (before === undefined) headers.set(name, [value]);
    else if (ONCE.has(name)) return refuse(400, 'duplicate-header', `the header \`${written}\` comes twice`);
    else before.push(value);
    if (!HOP_BY_HOP.has(name) && name !== 'host' && name !== 'content-length' && name !== 'expect')
      forward.push(written, value);
  }

  const framing = isHttp2
    ? http2FramingOf(headers, input.endsWithHead === true)
    : framingOf(headers, input.httpVersion);
  if (isHttp2) {
    for (const name of CONNECTION_SPECIFIC)
      if (headers.has(name)) return refuse(400, 'connection-header', `HTTP/2 has no header \`${name}\``);
    const te = headers.get('te');
    if (te !== undefined && (te.length > 1 || te[0]?.toLowerCase() !== 'trailers'))
      return refuse(400, 'connection-header', 'in HTTP/2, `te` can only be `trailers`');
  }
  const isWebSocket = input.mayUpgrade === true && asksForWebSocket(input, headers);
  if (!isWebSocket && (headers.has('upgrade') || headers.has('http2-settings'))) {
    return refuse(
      403,
      'upgrade',
      'changing the protocol of a connection is refused: what would follow could not be judged',
    );
  }
  for (const token of tokens(headers.get('connection')).concat(tokens(headers.get('proxy-connection')))) {
    if (!NOMINATED.has(token) && !(isWebSocket && token === 'upgrade'))
      return refuse(
        400,
        'connection-header',
        `\`Connection\` names \`${token.slice(0, 40)}\`, which may not be dropped on the way`,
      );
  }
  const expect = headers.get('expect')?.[0];
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    return refuse(417, 'expectation', 'only `100-continue` can be expected');

  if ('fault' in framing) return { ok: false, fault: framing.fault };
  const host = headers.get('host')?.[0];
  if (host === undefined && input.httpVersion === '1.1')
    return refuse(400, 'host-missing', 'the request has no Host header');
  const contentEncoding = headers.get('content-encoding')?.[0];
  const acceptsTrailers = tokens(headers.get('te')).includes('trailers');
  for (const name of HOP_BY_HOP) headers.delete(name);
  headers.delete('expect');
  headers.delete('host');
  return { ok: true, head: { headers, forward, framing, host, contentEncoding, acceptsTrailers } };
}

/** A response's headers without those that belong to its connection. */
export function forwardableResponseHeaders(rawHeaders: readonly string[]): string[] {
  const nominated = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'connection')
      for (const token of tokens([rawHeaders[index + 1] ?? ''])) nominated.add(token);
  }
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    // `Alt-Svc` would lead the client to a protocol that does not pass here.
    if (name === 'alt-svc') continue;
    if (name === 'trailer' || (!HOP_BY_HOP.has(name) && (!nominated.has(name) || name === 'content-length'))) {
      kept.push(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
    }
  }
  return kept;
}

/** The opening of a WebSocket, and nothing besides. Source: RFC 6455 section 4.2.1. */
function asksForWebSocket(input: HeadInput, headers: ReadonlyMap<string, readonly string[]>): boolean {
  const only = (name: string): string | undefined =>
    headers.get(name)?.length === 1 ? headers.get(name)?.[0] : undefined;
  return (
    input.method === 'GET' &&
    input.httpVersion === '1.1' &&
    only('upgrade')?.toLowerCase() === 'websocket' &&
    tokens(headers.get('connection')).includes('upgrade') &&
    only('sec-websocket-version') === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(only('sec-websocket-key') ?? '') &&
    !headers.has('http2-settings') &&
    !headers.has('transfer-encoding') &&
    (headers.get('content-length')?.[0] ?? '0') === '0'
  );
}

/** Source: RFC 9113 sections 8.1.1 and 8.2.2. */
function http2FramingOf(
  headers: ReadonlyMap<string, readonly string[]>,
  endsWithHead: boolean,
): RequestHead['framing'] | { readonly fault: HeadFault } {
  const length = headers.get('content-length')?.[0];
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    return { fault: { status: 400, code: 'framing', detail: 'Content-Length is not a number' } };
  if (endsWithHead && length !== undefined && Number(length) !== 0)
    return { fault: { status: 400, code: 'framing', detail: 'Content-Length announces a body that does not come' } };
  if (endsWithHead) return { kind: 'none' };
  return length === undefined ? { kind: 'chunked' } : { kind: 'length', bytes: Number(length) };
}

function framingOf(
  headers: ReadonlyMap<string, readonly string[]>,
  version: string,
): RequestHead['framing'] | { readonly fault: HeadFault } {
  const length = headers.get('content-length')?.[0];
  const coding = headers.get('transfer-encoding')?.[0];
  if (length !== undefined && coding !== undefined)
    return { fault: { status: 400, code: 'framing', detail: 'both Content-Length and Transfer-Encoding are set' } };
  if (coding !== undefined) {
    if (version === '1.0')
      return { fault: { status: 400, code: 'framing', detail: 'HTTP/1.0 has no Transfer-Encoding' } };
    if (coding.toLowerCase() !== 'chunked')
      return {
        fault: { status: 501, code: 'transfer-encoding', detail: 'only the transfer encoding `chunked` is understood' },
      };
    return { kind: 'chunked' };
  }
  if (length === undefined) return { kind: 'none' };
  if (!/^\d{1,15}$/.test(length))
    return { fault: { status: 400, code: 'framing', detail: 'Content-Length is not a number' } };
  return { kind: 'length', bytes: Number(length) };
}

function tokens(values: readonly string[] | undefined): string[] {
  return (values ?? [])
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}

function refuse(status: number, code: string, detail: string): { readonly ok: false; readonly fault: HeadFault } {
  return { ok: false, fault: { status, code, detail } };
}
