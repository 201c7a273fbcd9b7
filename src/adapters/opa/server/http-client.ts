import { X509Certificate } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { addressClass } from '../../../protocols/http/address.ts';

export interface HttpClientOptions {
  /** PEM of the authorities that count, in place of the system's. */
  readonly ca?: string;
}

export interface HttpAsk {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it: a free connection, connecting, the answer to its last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export type HttpReply =
  | { readonly ok: true; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | { readonly ok: false; readonly why: string };

/** Bounded in time and size; follows no redirect, takes no proxy from the environment. Never rejects. */
export interface HttpClient {
  ask(ask: HttpAsk): Promise<HttpReply>;
  close(): void;
}

const MAX_SOCKETS = 32;
const IDLE_MS = 30_000;
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', 'ip6-localhost']);

/** Reads an address of a server, or says why none may be asked there. */
export function serverUrl(text: string): URL | string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return `\`${text}\` is no address that begins with https://`;
  if (url.username !== '' || url.password !== '')
    return `\`${url.origin}\` has a name or password in it: use a token file`;
  if (url.hash !== '') return `\`${text}\` has a fragment`;
  // SECURITY: whoever sits on the way could answer in the server's place.
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return `\`${url.origin}\` is plain http to another machine, where anybody on the way could forge the answer: use https`;
  return url;
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK_NAMES.has(hostname) || addressClass(hostname.replace(/^\[|\]$/g, '')) === 'loopback';
}

/** Node takes a text without a certificate for no authority at all and says nothing. */
export function isCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).subject !== undefined);
  } catch {
    return false;
  }
}

export function makeHttpClient(options: HttpClientOptions): HttpClient {
  const shared = {
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: 4,
    timeout: IDLE_MS,
    scheduling: 'lifo',
  } as const;
  const http = new HttpAgent(shared);
  // SECURITY: set, so that no variable of the environment switches the check of certificates off.
  const https = new HttpsAgent({
    ...shared,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  const state = { isClosed: false };
  return {
    ask: (ask) => {
      const agents: Agents = { http, https, state };
      return state.isClosed ? Promise.resolve({ ok: false, why: 'it is asked no more' }) : askOnce(ask, agents);
    },
    close: () => {
      state.isClosed = true;
      http.destroy();
      https.destroy();
    },
  };
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  readonly state: { readonly isClosed: boolean };
}

function askOnce(ask: HttpAsk, agents: Agents): Promise<HttpReply> {
  const { promise, resolve } = Promise.withResolvers<HttpReply>();
  const isHttps = ask.url.protocol === 'https:';
  const run = { settled: false, cut: (): void => {} };
  const settle = (reply: HttpReply): void => {
    if (run.settled) return;
    run.settled = true;
    clearTimeout(timer);
    resolve(reply);
    if (!reply.ok) run.cut();
  };
  const failed = (why: string): void => settle({ ok: false, why });
  const timer = setTimeout(() => {
    // This thread may have been the busy one: an answer that lies ready counts.
    setImmediate(() => failed(`no answer within ${ask.timeoutMs} ms`));
  }, ask.timeoutMs);
  const send = (isSecondTry: boolean): void => {
    const options = {
      method: ask.method,
      agent: isHttps ? agents.https : agents.http,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        ...(ask.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(ask.body)) }),
        ...ask.headers,
      },
    };
    const request = isHttps ? httpsRequest(ask.url, options) : httpRequest(ask.url, options);
    run.cut = () => request.destroy();
    const heard = { any: false };
    request.on('error', (error) => {
      // A server that was started again has closed the connection that we kept: the question was never read.
      if (request.reusedSocket && !heard.any && !isSecondTry && !run.settled && !agents.state.isClosed) send(true);
      else failed(whyOf(error));
    });
    request.on('response', (response) => {
      heard.any = true;
      readAnswer(response, ask.maxBytes, settle);
    });
    request.end(ask.body);
  };
  send(false);
  return promise;
}

function readAnswer(response: IncomingMessage, maxBytes: number, settle: (reply: HttpReply) => void): void {
  const failed = (why: string): void => settle({ ok: false, why });
  const fault = faultOfHead(response, maxBytes);
  if (fault !== undefined) {
    failed(fault);
    return;
  }
  const chunks: Buffer[] = [];
  const size = { bytes: 0 };
  response.on('data', (chunk: Buffer) => {
    size.bytes += chunk.length;
    if (size.bytes > maxBytes) failed(`its answer is larger than ${maxBytes} bytes`);
    else chunks.push(chunk);
  });
  response.on('error', (error) => failed(whyOf(error)));
  response.on('close', () => {
    if (!response.complete) failed('the connection ended before the answer did');
  });
  response.on('end', () => {
    if (response.complete)
      settle({ ok: true, status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
  });
}

function faultOfHead(response: IncomingMessage, maxBytes: number): string | undefined {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400 && status !== 304)
    return `it answered with a redirect (${status}), which is not followed`;
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity' && encoding !== '')
    return `it answered in the encoding \`${encoding.slice(0, 40)}\`, which was not asked for`;
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) return `its answer is larger than ${maxBytes} bytes`;
  return undefined;
}

function whyOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there (ECONNREFUSED)';
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection was cut (${code})`;
    case undefined:
      return `it cannot be reached: ${error.message.slice(0, 200)}`;
    default:
      return `it cannot be reached (${code})`;
  }
}
