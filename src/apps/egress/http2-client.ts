import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { refusalBody } from '../../protocols/http/problem.ts';
import { linger } from '../linger.ts';
import { addHeaders, type ClientSide, linksOf, pairs } from './client-side.ts';
import type { Refusal } from './refusal.ts';

export interface StreamHead {
  readonly raw: readonly string[];
  readonly endsWithHead: boolean;
  readonly serverName: string | undefined;
}

/** One stream of an HTTP/2 connection. A refusal ends the stream; the others go on. */
export function http2Client(stream: ServerHttp2Stream, head: StreamHead): ClientSide {
  const { pseudo, headers } = parted(head.raw);
  let trailed = false;
  let ended = head.endsWithHead;
  let pendingTrailers: OutgoingHttpHeaders = {};
  stream.once('trailers', () => {
    trailed = true;
  });
  stream.once('end', () => {
    ended = true;
  });
  stream.on('error', () => undefined);
  stream.once('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(pendingTrailers);
  });
  const isWhole = (): boolean => stream.writableFinished && stream.rstCode === constants.NGHTTP2_NO_ERROR;
  return {
    httpVersion: '2',
    method: pseudo.get(':method') ?? '',
    target: pseudo.get(':path') ?? '',
    rawHeaders: headers,
    pseudo: { scheme: pseudo.get(':scheme') ?? '', authority: pseudo.get(':authority') },
    endsWithHead: head.endsWithHead,
    serverName: head.serverName,
    expectsContinue: headers.some((name, index) => index % 2 === 0 && name === 'expect'),
    body: stream,
    bodyComplete: () => ended && !stream.aborted,
    hasTrailers: () => trailed,
    sendContinue: () => {
      if (!stream.headersSent && !stream.destroyed) stream.additionalHeaders({ ':status': 100 });
    },
    sendInformation: (status, rawHeaders) => {
      if (stream.headersSent || stream.destroyed) return;
      stream.additionalHeaders({ ':status': status, ...(status === 103 ? linksOf(rawHeaders) : {}) });
    },
    sink: stream,
    sendHead: ({ status, rawHeaders, endsWithHead }) => {
      const answer = named(rawHeaders);
      answer[':status'] = status;
      // A length leaves no room for a surprise; else whatever the server says at the end is passed on.
      const waitForTrailers = !endsWithHead && answer['content-length'] === undefined;
      stream.respond(answer, { endStream: endsWithHead, waitForTrailers, sendDate: false } as object);
    },
    end: (trailers) => {
      pendingTrailers = named(trailers);
      if (!stream.writableEnded) stream.end();
    },
    headSent: () => stream.headersSent,
    finished: isWhole,
    destroyed: () => stream.destroyed,
    onClose: (listener) => {
      stream.on('close', listener);
      return () => stream.off('close', listener);
    },
    refuse: (refusal, graphql, drainBody) =>
      refuseStream(stream, pseudo.get(':method') === 'HEAD', refusal, graphql, drainBody),
    cut: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  };
}

async function refuseStream(
  stream: ServerHttp2Stream,
  isHead: boolean,
  refusal: Refusal,
  graphql: boolean,
  drainBody: boolean,
): Promise<void> {
  if (stream.headersSent || stream.destroyed) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const body = refusalBody(refusal.status, refusal.problem, graphql);
  stream.respond({
    ':status': body.status,
    'content-type': body.contentType,
    'content-length': Buffer.byteLength(body.text),
    'cache-control': 'no-store',
    ...(refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(refusal.retryAfterSeconds)) }),
  });
  if (!isHead) stream.end(body.text);
  if (drainBody && !stream.readableEnded) await linger(stream);
  // The request is of no use any more, whole or not. Source: RFC 9113 section 8.1.
  if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Pseudo-headers apart; the crumbs of a cookie put together again, as a server would. Source: RFC 9113 section 8.2.3. */
function parted(raw: readonly string[]): {
  readonly pseudo: ReadonlyMap<string, string>;
  readonly headers: readonly string[];
} {
  const pseudo = new Map<string, string>();
  const headers: string[] = [];
  const cookies: string[] = [];
  for (const [name, value] of pairs(raw)) {
    if (name.startsWith(':')) pseudo.set(name, value);
    else if (name === 'cookie') cookies.push(value);
    else headers.push(name, value);
  }
  if (cookies.length > 0) headers.push('cookie', cookies.join('; '));
  return { pseudo, headers };
}

function named(flat: readonly string[]): OutgoingHttpHeaders {
  const made: OutgoingHttpHeaders = Object.create(null) as OutgoingHttpHeaders;
  addHeaders(made, flat);
  return made;
}
