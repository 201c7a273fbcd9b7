import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, problemType, refusalBody } from '../../protocols/http/problem.ts';
import { endWith } from '../linger.ts';

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

/** Answers on a bare connection, where no request could be read (bad syntax, CONNECT). Closes it. */
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
  socket.on('error', () => socket.destroy());
  endWith(socket, `${head.join('\r\n')}\r\n\r\n${body.text}`);
}
