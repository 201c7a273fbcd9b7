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
import { encodeReply, HOOK_HTTP_PREFIX, parseHookHeader, payloadReader } from '../../protocols/hooks/wire.ts';

export interface SocketDoors {
  hook(agent: HookAgent, payload: Uint8Array): Promise<HookOutput>;
  /** One request object in, one JSON value out. Rejects only for bugs. */
  request(value: unknown): Promise<unknown>;
  /** What was refused before it could be understood: for the record. */
  malformed(why: string): void;
}

const LF = 0x0a;
const HEADER_BYTES = 4_096;
/** A client that says nothing for this long is put out. */
const IDLE_MS = 120_000;

/**
 * The unix socket's server. Three ways to talk, told apart by the first bytes: a hook header line and payload, lines of
 * JSON, or HTTP for `curl --unix-socket`. Whatever cannot be read is refused on the wire and on the record.
 */
export function makeSocketServer(doors: SocketDoors): Server {
  const http = createHttpServer({ maxHeaderSize: HEADER_BYTES, requestTimeout: IDLE_MS }, (request, response) => {
    answerHttp(doors, request, response).catch((error: unknown) => {
      doors.malformed(messageOf(error));
      response.destroy();
    });
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
      socket.end(
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

function readFirstLine(socket: Socket, doors: SocketDoors, http: HttpServer): void {
  let head: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const start = head.subarray(0, 5).toString('latin1');
    if (start.startsWith('POST ') || start.startsWith('GET /')) {
      detach();
      socket.unshift(head);
      http.emit('connection', socket);
      return;
    }
    const end = head.indexOf(LF);
    if (end === -1) {
      if (head.length > LIMITS.socketLineBytes)
        refuseLine(socket, doors, `a line is longer than ${LIMITS.socketLineBytes} bytes`);
      return;
    }
    detach();
    const line = head.subarray(0, end);
    const rest = head.subarray(end + 1);
    const agent = line.length <= HEADER_BYTES ? parseHookHeader(line.toString('utf8')) : undefined;
    if (agent !== undefined) readHook(socket, doors, agent, rest);
    else readLines(socket, doors, head);
  };
  const onEnd = (): void => refuseLine(socket, doors, 'the connection was closed before a whole line came');
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
  socket.end(`${JSON.stringify({ ok: false, error: why })}\n`);
}

function readHook(socket: Socket, doors: SocketDoors, agent: HookAgent, rest: Buffer): void {
  const reader = payloadReader();
  let answered = false;
  const step = (result: ReturnType<typeof reader.push>): void => {
    if (answered || result.state === 'more') return;
    answered = true;
    if (result.state === 'refused') {
      doors.malformed(result.why);
      socket.end(encodeReply({ exitCode: 2, stderr: `holdpoint refuses this call: ${result.why}` }));
      return;
    }
    answerHook(doors, agent, result.payload).then(
      (reply) => socket.end(reply),
      () => socket.destroy(),
    );
  };
  socket.on('data', (chunk: Buffer) => step(reader.push(chunk)));
  socket.once('end', () => step(reader.end()));
  if (rest.length > 0) step(reader.push(rest));
  socket.resume();
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

/** Requests of one connection are answered in their order, one at a time. */
function readLines(socket: Socket, doors: SocketDoors, first: Buffer): void {
  let pending: Buffer = first;
  let busy = false;
  let ended = false;
  const pump = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let end = pending.indexOf(LF); end !== -1; end = pending.indexOf(LF)) {
      const line = pending.subarray(0, end);
      pending = pending.subarray(end + 1);
      socket.write(`${JSON.stringify(await answerLine(doors, line))}\n`);
    }
    busy = false;
    if (pending.length > LIMITS.socketLineBytes) {
      refuseLine(socket, doors, `a line is longer than ${LIMITS.socketLineBytes} bytes`);
      socket.removeAllListeners('data');
    } else if (ended) {
      if (pending.length > 0) refuseLine(socket, doors, 'the connection was closed inside a line');
      else socket.end();
    }
  };
  const run = (): void => {
    pump().catch(() => socket.destroy());
  };
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    run();
  });
  socket.once('end', () => {
    ended = true;
    run();
  });
  socket.resume();
  run();
}

async function answerLine(doors: SocketDoors, line: Buffer): Promise<unknown> {
  const text = new TextDecoder('utf-8', { fatal: true });
  let decoded: string;
  try {
    decoded = text.decode(line);
  } catch {
    doors.malformed('a request is not valid UTF-8');
    return { ok: false, error: 'the request is not valid UTF-8' };
  }
  const parsed = parseStrictJson(decoded, LIMITS.jsonDepth);
  if (!parsed.ok) {
    doors.malformed(`a request is not readable: ${parsed.error}`);
    return { ok: false, error: parsed.error };
  }
  try {
    return await doors.request(parsed.value);
  } catch (error) {
    return { ok: false, error: messageOf(error) };
  }
}

async function answerHttp(doors: SocketDoors, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const agent = request.url?.startsWith(HOOK_HTTP_PREFIX) === true ? request.url.slice(HOOK_HTTP_PREFIX.length) : '';
  if (request.method !== 'POST' || !isHookAgent(agent)) {
    response.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMITS.hookPayloadBytes) {
      doors.malformed(`the payload is larger than ${LIMITS.hookPayloadBytes} bytes`);
      response.end(
        encodeReply({
          exitCode: 2,
          stderr: `holdpoint refuses this call: the payload is larger than ${LIMITS.hookPayloadBytes} bytes`,
        }),
      );
      request.destroy();
      return;
    }
    chunks.push(chunk);
  }
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(await answerHook(doors, agent, Buffer.concat(chunks)));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
