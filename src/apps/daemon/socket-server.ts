import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { type HookAgent, type HookOutput, isHookAgent } from '../../protocols/hooks/hook.ts';
import {
  agentOfPayload,
  encodeReply,
  HOOK_HTTP_PREFIX,
  opensBarePayload,
  parseHookHeader,
  payloadReader,
} from '../../protocols/hooks/wire.ts';
import { endWith, linger } from '../linger.ts';

export interface SocketDoors {
  hook(agent: HookAgent, payload: Uint8Array): Promise<HookOutput>;
  /** One request object in, one JSON value out. Rejects only for bugs. */
  request(value: unknown): Promise<SocketAnswer>;
  /** What was refused before it could be understood: for the record. */
  malformed(why: string): void;
}

/** `unreadable`: no request at all; it ends the connection, so that noise costs one refusal and not one a line. */
export type SocketAnswer =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly why: string };

const LF = 0x0a;
const HEADER_BYTES = 4_096;
/** A client that says nothing for this long is put out. */
const IDLE_MS = 120_000;

/**
 * The unix socket's server. Four ways to talk, told apart by the first line: a hook header and payload, a payload alone, lines of
 * JSON, or HTTP for `curl --unix-socket`. Whatever cannot be read is refused on the wire and on the record.
 */
export function makeSocketServer(doors: SocketDoors): Server {
  const http = createHttpServer({ maxHeaderSize: HEADER_BYTES, requestTimeout: IDLE_MS }, (request, response) => {
    answerHttp(doors, request, response).catch((error: unknown) => {
      doors.malformed(messageOf(error));
      response.destroy();
    });
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    doors.malformed(`an HTTP request is not readable: ${error.code ?? error.message}`);
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
    if (socket.writable)
      endOnly(
        socket,
        `HTTP/1.1 ${tooLarge ? '431 headers too large' : '400 not readable'}\r\nConnection: close\r\n\r\n`,
      );
    else socket.destroy();
  });
  let connections = 0; // a local of this server, not of the module
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    if (connections > LIMITS.inFlight) {
      doors.malformed(`more than ${LIMITS.inFlight} calls at once`);
      endOnly(
        socket,
        encodeReply({
          exitCode: 2,
          stderr: `holdpoint is busy with ${LIMITS.inFlight} calls; nothing more is let through`,
        }),
      );
      return;
    }
    readFirstLine(socket, doors, http);
  });
  return server;
}

/** The last word on a connection that nobody listens to any more. */
function endOnly(socket: Socket, text: string): void {
  socket.removeAllListeners('data');
  socket.removeAllListeners('end');
  endWith(socket, text);
}

function readFirstLine(socket: Socket, doors: SocketDoors, http: HttpServer): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let start = '';
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (start.length < 5) start += chunk.subarray(0, 5).toString('latin1');
    const isHttp = start.startsWith('POST ') || start.startsWith('GET /');
    // Only the new bytes are searched: a long line costs as much as it is long.
    if (!isHttp && !chunk.includes(LF)) {
      if (size > LIMITS.socketLineBytes) refuseLine(socket, doors, tooLong());
      return;
    }
    detach();
    const head = Buffer.concat(chunks);
    if (isHttp) {
      socket.unshift(head);
      http.emit('connection', socket);
      socket.resume();
      return;
    }
    const end = head.indexOf(LF);
    const line = head.subarray(0, end);
    const agent = line.length <= HEADER_BYTES ? parseHookHeader(line.toString('utf8')) : undefined;
    if (agent !== undefined) readHook(socket, doors, agent, head.subarray(end + 1));
    else if (opensBarePayload(line.toString('utf8'))) readBare(socket, doors, head);
    else readLines(socket, doors, head);
  };
  const onEnd = (): void => {
    // Somebody who only looked whether the daemon is there.
    if (size === 0) socket.end();
    else if (opensBarePayload(Buffer.concat(chunks).toString('utf8'))) answerBare(socket, doors, Buffer.concat(chunks));
    else refuseLine(socket, doors, 'the connection was closed before a whole line came');
  };
  const detach = (): void => {
    socket.pause();
    socket.off('data', onData);
    socket.off('end', onEnd);
  };
  socket.on('data', onData);
  socket.once('end', onEnd);
}

function refuseLine(socket: Socket, doors: SocketDoors, why: string): void {
  doors.malformed(why);
  endOnly(socket, `${JSON.stringify({ ok: false, error: why })}\n`);
}

function tooLong(): string {
  return `a line is longer than ${LIMITS.socketLineBytes} bytes`;
}

function readHook(socket: Socket, doors: SocketDoors, agent: HookAgent, rest: Buffer): void {
  const reader = payloadReader();
  let answered = false;
  const step = (result: ReturnType<typeof reader.push>): void => {
    if (answered || result.state === 'more') return;
    answered = true;
    if (result.state === 'refused') {
      doors.malformed(result.why);
      endOnly(socket, encodeReply({ exitCode: 2, stderr: `holdpoint refuses this call: ${result.why}` }));
      return;
    }
    answerHook(doors, agent, result.payload).then(
      (reply) => endOnly(socket, reply),
      () => socket.destroy(),
    );
  };
  socket.on('data', (chunk: Buffer) => step(reader.push(chunk)));
  socket.once('end', () => step(reader.end()));
  if (rest.length > 0) step(reader.push(rest));
  socket.resume();
}

/** A payload without a header, up to the end of the stream. A cut-off one is no valid JSON, and so refused. */
function readBare(socket: Socket, doors: SocketDoors, first: Buffer): void {
  const chunks: Buffer[] = [first];
  let size = first.length;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LIMITS.hookPayloadBytes)
      refuseBare(socket, doors, `the payload is larger than ${LIMITS.hookPayloadBytes} bytes`);
  });
  socket.once('end', () => answerBare(socket, doors, Buffer.concat(chunks)));
  socket.resume();
}

function answerBare(socket: Socket, doors: SocketDoors, payload: Buffer): void {
  const agent = agentOfPayload(payload.toString('utf8'));
  if (agent === undefined) {
    refuseBare(socket, doors, 'the payload is not the JSON of a hook call');
    return;
  }
  answerHook(doors, agent, payload).then(
    (reply) => endOnly(socket, reply),
    () => socket.destroy(),
  );
}

function refuseBare(socket: Socket, doors: SocketDoors, why: string): void {
  doors.malformed(why);
  endOnly(socket, encodeReply({ exitCode: 2, stderr: `holdpoint refuses this call: ${why}` }));
}

/** INVARIANT: a bug on the way is a denial, never silence that a host could take for an allow. */
async function answerHook(doors: SocketDoors, agent: HookAgent, payload: Uint8Array): Promise<string> {
  try {
    return encodeReply(await doors.hook(agent, payload));
  } catch (error) {
    const why = messageOf(error);
    doors.malformed(why);
    return encodeReply({ exitCode: 2, stderr: `holdpoint could not judge this call and so refuses it: ${why}` });
  }
}

/** Requests of one connection are answered in their order, one at a time, until one cannot be read. */
function readLines(socket: Socket, doors: SocketDoors, first: Buffer): void {
  let pending = first;
  let at = 0;
  let incoming: Buffer[] = [];
  let incomingSize = 0;
  let busy = false;
  let ended = false;
  const nextLine = (): Buffer | undefined => {
    let end = pending.indexOf(LF, at);
    if (end === -1 && incoming.some((chunk) => chunk.includes(LF))) {
      pending = Buffer.concat([pending.subarray(at), ...incoming]);
      at = 0;
      incoming = [];
      incomingSize = 0;
      end = pending.indexOf(LF);
    }
    if (end === -1) return undefined;
    const line = pending.subarray(at, end);
    at = end + 1;
    return line;
  };
  const pump = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let line = nextLine(); line !== undefined; line = nextLine()) {
      // A client that waits is not idle: what is copied first may take minutes.
      socket.setTimeout(0);
      const answer = await answerLine(doors, line);
      socket.setTimeout(IDLE_MS);
      if (socket.writableEnded) return;
      if (answer.kind === 'unreadable') return refuseLine(socket, doors, answer.why);
      socket.write(`${JSON.stringify(answer.value)}\n`);
    }
    busy = false;
    if (!ended) return;
    if (pending.length - at + incomingSize > 0) refuseLine(socket, doors, 'the connection was closed inside a line');
    else socket.end();
  };
  const run = (): void => {
    pump().catch(() => socket.destroy());
  };
  socket.on('data', (chunk: Buffer) => {
    incoming.push(chunk);
    incomingSize += chunk.length;
    // What waits behind a slow answer counts too: a client has no business to fill the memory.
    if (pending.length - at + incomingSize > LIMITS.socketLineBytes) refuseLine(socket, doors, tooLong());
    else run();
  });
  socket.once('end', () => {
    ended = true;
    run();
  });
  socket.resume();
  run();
}

async function answerLine(doors: SocketDoors, line: Buffer): Promise<SocketAnswer> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch {
    return { kind: 'unreadable', why: 'the request is not valid UTF-8' };
  }
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) return { kind: 'unreadable', why: `the request is not readable: ${parsed.error}` };
  try {
    return await doors.request(parsed.value);
  } catch (error) {
    return { kind: 'answer', value: { ok: false, error: messageOf(error) } };
  }
}

async function answerHttp(doors: SocketDoors, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // What comes after a refusal on this connection is not read.
  const refuse = (status: number, why: string): void => {
    doors.malformed(why);
    const stderr = `holdpoint refuses this call: ${why}`;
    const reply = Buffer.from(encodeReply({ exitCode: 2, stderr }));
    const head = { 'content-type': 'text/plain; charset=utf-8', 'content-length': reply.length, connection: 'close' };
    response.writeHead(status, head).write(reply);
    // The end of the response closes the connection: not before the client has finished its sentence.
    void linger(request).then(() => response.end());
  };
  const agent = request.url?.startsWith(HOOK_HTTP_PREFIX) === true ? request.url.slice(HOOK_HTTP_PREFIX.length) : '';
  if (request.method !== 'POST' || !isHookAgent(agent)) return refuse(404, 'an HTTP request that is no hook call');
  const chunks: Buffer[] = [];
  let size = 0;
  const whole = await new Promise<boolean>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LIMITS.hookPayloadBytes) chunks.push(chunk);
      else resolve(false);
    });
    request.once('end', () => resolve(true));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the payload was cut off')));
  });
  if (!whole) return refuse(413, `the payload is larger than ${LIMITS.hookPayloadBytes} bytes`);
  const reply = Buffer.from(await answerHook(doors, agent, Buffer.concat(chunks)));
  const head = { 'content-type': 'text/plain; charset=utf-8', 'content-length': reply.length, connection: 'close' };
  response.writeHead(200, head).end(reply);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
