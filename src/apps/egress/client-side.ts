import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { refusalBody } from '../../protocols/http/problem.ts';
import { endWith, linger } from '../linger.ts';
import type { Refusal } from './refusal.ts';

/** The client's side of one exchange, whichever version of HTTP it speaks. */
export interface ClientSide {
  readonly httpVersion: '1.0' | '1.1' | '2' | 'unknown';
  readonly method: string;
  /** As written. */
  readonly target: string;
  /** Names and values in turn, without pseudo-headers. */
  readonly rawHeaders: readonly string[];
  /** HTTP/2 names both apart from its headers. */
  readonly pseudo?: { readonly scheme: string; readonly authority: string | undefined };
  /** The head says that nothing follows. */
  readonly endsWithHead: boolean;
  /** The name in the client's TLS greeting. */
  readonly serverName: string | undefined;
  readonly expectsContinue: boolean;
  /** The client asks for another protocol. Taking its connection ends HTTP there. */
  readonly upgrade?: { take(): { readonly socket: Socket; readonly first: Buffer } };
  readonly body: Readable;
  /** The body came to the end that its framing gives it. */
  bodyComplete(): boolean;
  hasTrailers(): boolean;
  sendContinue(): void;
  /** An answer ahead of the answer: 102 and 103 only. */
  sendInformation(status: 102 | 103, rawHeaders: readonly string[]): void;
  readonly sink: Writable;
  /** Throws where the answer is not valid. `trailersMayFollow`: the end is not the end of the body. */
  sendHead(head: AnswerHead): void;
  /** Undefined where a head leaves by itself. */
  flushHead?(): void;
  end(trailers: readonly string[]): void;
  headSent(): boolean;
  /** The whole answer was handed over. */
  finished(): boolean;
  destroyed(): boolean;
  /** Runs once the client is gone or has everything; gives a way to stop listening. */
  onClose(listener: () => void): () => void;
  /** Resolves when the refusal is handed over. `drainBody`: first lets the client finish its sentence. */
  refuse(refusal: Refusal, graphql: boolean, drainBody: boolean): Promise<void>;
  /** Breaks off: the only way to say that what was sent is not all. */
  cut(): void;
}

export interface AnswerHead {
  readonly status: number;
  readonly statusMessage: string;
  readonly rawHeaders: readonly string[];
  /** Nothing follows the head. */
  readonly endsWithHead: boolean;
}

export function http1Client(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): ClientSide {
  const { httpVersion } = request;
  return {
    httpVersion: httpVersion === '1.0' || httpVersion === '1.1' ? httpVersion : 'unknown',
    method: request.method ?? '',
    target: request.url ?? '',
    rawHeaders: request.rawHeaders,
    endsWithHead: false,
    serverName: request.socket instanceof TLSSocket ? serverNameOf(request.socket) : undefined,
    expectsContinue,
    body: request,
    bodyComplete: () => request.complete,
    hasTrailers: () => request.rawTrailers.length > 0,
    sendContinue: () => response.writeContinue(),
    sendInformation: (status, rawHeaders) => {
      if (httpVersion !== '1.1' || response.headersSent || response.destroyed) return;
      if (status === 102) response.writeProcessing();
      else response.writeEarlyHints(linksOf(rawHeaders));
    },
    sink: response,
    sendHead: ({ status, statusMessage, rawHeaders }) => {
      response.sendDate = false;
      response.writeHead(status, statusMessage, [...rawHeaders]);
    },
    flushHead: () => {
      if (!response.writableEnded && !response.destroyed) response.flushHeaders();
    },
    end: (trailers) => {
      if (trailers.length > 0) response.addTrailers(pairs(trailers));
      response.end();
    },
    headSent: () => response.headersSent,
    finished: () => response.writableFinished,
    destroyed: () => response.destroyed,
    onClose: (listener) => {
      response.on('close', listener);
      return () => response.off('close', listener);
    },
    refuse: (refusal, graphql, drainBody) => refuseHttp1(request, response, refusal, graphql, drainBody),
    cut: () => response.destroy(),
  };
}

/** A request that asks for another protocol: Node has taken it off its parser, and answers come by a response of ours. */
export function upgradeClient(request: IncomingMessage, response: ServerResponse, first: Buffer): ClientSide {
  const { socket } = request;
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => endWith(socket, ''));
  return {
    ...http1Client(request, response, false),
    upgrade: {
      take: () => {
        response.detachSocket(socket);
        return { socket, first };
      },
    },
    onClose: (listener) => {
      socket.on('close', listener);
      return () => socket.off('close', listener);
    },
    destroyed: () => socket.destroyed,
    cut: () => socket.destroy(),
  };
}

/** Answers and closes the connection. */
async function refuseHttp1(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  graphql: boolean,
  drainBody: boolean,
): Promise<void> {
  if (response.headersSent || response.destroyed) {
    request.socket.destroy();
    return;
  }
  const body = refusalBody(refusal.status, refusal.problem, graphql);
  response.sendDate = false;
  response.writeHead(body.status, STATUS_CODES[body.status] ?? 'Refused', {
    'content-type': body.contentType,
    'content-length': Buffer.byteLength(body.text),
    'cache-control': 'no-store',
    connection: 'close',
    ...(refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(refusal.retryAfterSeconds)) }),
    ...(refusal.status === 407 ? { 'proxy-authenticate': 'Basic realm="holdpoint", charset="UTF-8"' } : {}),
  });
  if (request.method === 'HEAD') response.flushHeaders();
  else response.write(body.text);
  if (drainBody) await linger(request);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(() => resolve());
    if (response.destroyed) resolve();
  });
}

export function serverNameOf(socket: TLSSocket): string | undefined {
  const { servername } = socket as TLSSocket & { readonly servername?: string | false | null };
  return typeof servername === 'string' && servername !== '' ? servername.toLowerCase().replace(/\.$/, '') : undefined;
}

/** Of early hints only the links count; anything else could not be told from the answer's own headers. */
export function linksOf(rawHeaders: readonly string[]): { readonly link: string[] } {
  return { link: pairs(rawHeaders).flatMap(([name, value]) => (name.toLowerCase() === 'link' ? [value] : [])) };
}

/** As HTTP/2 has them: names in small letters, values of one name together. */
export function addHeaders(to: OutgoingHttpHeaders, flat: readonly string[]): void {
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = (flat[index] ?? '').toLowerCase();
    const value = flat[index + 1] ?? '';
    const before = to[name];
    if (before === undefined) to[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else to[name] = [String(before), value];
  }
}

export function pairs(flat: readonly string[]): [string, string][] {
  const made: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) made.push([flat[index] ?? '', flat[index + 1] ?? '']);
  return made;
}
