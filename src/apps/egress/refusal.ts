import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, problemType, refusalBody } from '../../protocols/http/problem.ts';

export interface Refusal {
  readonly status: number;
  readonly problem: Problem;
  readonly retryAfterSeconds?: number;
}

/** The gateway's own refusal of something that was not judged, or could not be. */
export function ownRefusal(status: number, code: string, detail: string, retryAfterSeconds?: number): Refusal {
  const problem = { type: problemType(code), title: 'refused by the holdpoint gateway', detail };
  return retryAfterSeconds === undefined ? { status, problem } : { status, problem, retryAfterSeconds };
}

/** How long, and how much, is read of a body that nobody wants, so that the answer is not lost to a reset. */
export const LINGER_MS = 500;
const LINGER_BYTES = 4 * 1024 * 1024;

/** Answers and closes the connection. Resolves when the answer is handed over. */
export async function sendRefusal(
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
  if (drainBody) await drain(request);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(() => resolve());
    if (response.destroyed) resolve();
  });
}

/** The same on a bare connection, where no request could be read (bad syntax, CONNECT). Closes it. */
export function writeRefusal(socket: Duplex, refusal: Refusal): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = refusalBody(refusal.status, refusal.problem, false);
  const head = [
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status] ?? 'Refused'}`,
    `content-type: ${body.contentType}`,
    `content-length: ${Buffer.byteLength(body.text)}`,
    'connection: close',
    ...(refusal.retryAfterSeconds === undefined ? [] : [`retry-after: ${Math.ceil(refusal.retryAfterSeconds)}`]),
    ...(refusal.status === 407 ? ['proxy-authenticate: Basic realm="holdpoint", charset="UTF-8"'] : []),
  ];
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => socket.destroy());
  let drained = 0;
  socket.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > LINGER_BYTES) socket.destroy();
  });
  socket.once('end', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body.text}`);
}

function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let drained = 0;
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(settle, LINGER_MS);
    request.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > LINGER_BYTES) settle();
    });
    request.once('end', settle).once('error', settle).once('close', settle);
    request.resume();
  });
}
