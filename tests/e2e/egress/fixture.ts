import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type ClientHttp2Session, createSecureServer, connect as http2Connect } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { openCertificates } from '../../../src/adapters/certificates/certificates.ts';
import type {
  Egress,
  EgressOptions,
  GatewayDecision,
  GatewayOutcome,
  GatewayRefusal,
  GatewayRequest,
} from '../../../src/apps/egress/contract.ts';
import { startEgress } from '../../../src/apps/egress/start.ts';
import type { Certificates } from '../../../src/ports/certificates.ts';

export const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** A gateway in front of a TLS and a plain stand-in, with everything that they saw. */
export interface World {
  readonly egress: Egress;
  readonly certificates: Certificates;
  /** Name by which clients ask for the TLS stand-in, on port 443. */
  readonly host: string;
  readonly plainHost: string;
  readonly seen: Seen[];
  readonly judged: GatewayRequest[];
  readonly outcomes: GatewayOutcome[];
  readonly refusals: GatewayRefusal[];
  readonly lookups: string[];
  readonly upstreamPort: number;
  /** Connections that the stand-ins accepted. */
  connections(): number;
  /** The stand-ins break off what they are saying. */
  cutServers(): void;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly answer?: RequestListener;
  readonly judge?: (request: GatewayRequest, signal: AbortSignal, pass: GatewayDecision) => Promise<GatewayDecision>;
  readonly options?: Partial<EgressOptions>;
  /** The TLS stand-in changes the protocol. */
  readonly upgrade?: (request: IncomingMessage, socket: Socket) => void;
  /** More for the TLS of the stand-in. */
  readonly tls?: { readonly requestCert: boolean; readonly rejectUnauthorized: boolean };
  /** What the TLS stand-in speaks. Default HTTP/1.1 only. */
  readonly upstream?: 'http1' | 'http2';
  /** Name of the TLS stand-in. Default `HOST`. */
  readonly host?: string;
}

export const HOST = 'api.stand-in.example';
export const PLAIN_HOST = 'plain.stand-in.example';

export async function openWorld(more: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-egress-'));
  const certificates = await openCertificates({ directory: join(folder, 'gateway'), clock });
  const upstreamCa = await openCertificates({ directory: join(folder, 'upstream'), clock, trustedPem: '' });
  const seen: Seen[] = [];
  const judged: GatewayRequest[] = [];
  const outcomes: GatewayOutcome[] = [];
  const refusals: GatewayRefusal[] = [];
  const lookups: string[] = [];
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    void bytesOf(request).then(
      (body) => {
        seen.push({ method: request.method ?? '', url: request.url ?? '', rawHeaders: request.rawHeaders, body });
        if (more.answer !== undefined) more.answer(request, response);
        else response.end(`hello ${request.method} ${request.url}`);
      },
      () => undefined,
    );
  };
  const host = more.host ?? HOST;
  const leaf = await upstreamCa.leafFor(host);
  const secure =
    more.upstream === 'http2'
      ? (createSecureServer(
          { key: leaf.key, cert: leaf.cert, allowHTTP1: true, ...more.tls },
          listener as never,
        ) as unknown as Server)
      : createHttpsServer({ key: leaf.key, cert: leaf.cert, ...more.tls }, listener);
  const sockets = new Set<Socket>();
  const plain = createHttpServer(listener);
  if (more.upgrade !== undefined) secure.on('upgrade', more.upgrade as never);
  for (const server of [secure, plain])
    server.on('connection', (socket: Socket) => {
      connections += 1;
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  const securePort = await listen(secure);
  const plainPort = await listen(plain);
  const pass: GatewayDecision = {
    kind: 'pass',
    done: async (outcome) => {
      outcomes.push(outcome);
    },
  };
  const egress = await startEgress({
    certificates,
    clock,
    judge: async (request, signal) => {
      judged.push(request);
      return more.judge === undefined ? pass : more.judge(request, signal, pass);
    },
    identify: (user, password) =>
      user === 'task-1' && password === 'pw' ? { agent: 'tester', task: user } : undefined,
    onRefusal: (refusal) => refusals.push(refusal),
    resolve: new Map([
      [host, { address: '127.0.0.1', port: securePort }],
      [PLAIN_HOST, { address: '127.0.0.1', port: plainPort }],
    ]),
    lookup: async (name) => {
      lookups.push(name);
      return [];
    },
    allowAddresses: [`127.0.0.1:${securePort}`, `127.0.0.1:${plainPort}`],
    extraCa: [upstreamCa.caCertificatePem],
    ...more.options,
  });
  return {
    egress,
    certificates,
    host,
    plainHost: PLAIN_HOST,
    seen,
    judged,
    outcomes,
    refusals,
    lookups,
    upstreamPort: securePort,
    connections: () => connections,
    cutServers: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      await egress.close();
      for (const server of [secure, plain]) {
        server.close();
      }
      for (const socket of sockets) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}

export async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const CREDENTIALS = `Basic ${Buffer.from('task-1:pw').toString('base64')}`;

/** Everything that a socket receives until it closes, or until `until` is in it. */
export async function textOf(socket: Socket | TLSSocket, until?: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    const settle = (): void => resolve(text);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (until?.test(text) === true) settle();
    });
    socket.on('close', settle).on('error', settle);
  });
}

export async function rawSocket(world: World): Promise<Socket> {
  const socket = connect(world.egress.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** A tunnel after its 200, without TLS yet. */
export async function rawTunnel(world: World, authority = `${HOST}:443`): Promise<Socket> {
  const socket = await rawSocket(world);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString().startsWith('HTTP/1.1 200')) throw new Error(`no tunnel: ${head.toString()}`);
  return socket;
}

export async function tlsTunnel(
  world: World,
  more: { servername?: string; authority?: string; protocols?: string[] } = {},
): Promise<TLSSocket> {
  const socket = tlsConnect({
    socket: await rawTunnel(world, more.authority),
    ca: world.certificates.caCertificatePem,
    servername: more.servername ?? HOST,
    ...(more.protocols === undefined ? {} : { ALPNProtocols: more.protocols }),
    ...(more.servername === undefined ? {} : { checkServerIdentity: () => undefined }),
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** An HTTP/2 client in a tunnel. */
export async function http2Tunnel(world: World): Promise<ClientHttp2Session> {
  const socket = await tlsTunnel(world, { protocols: ['h2'] });
  const session = http2Connect(`https://${HOST}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}

export interface Answered {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>> | undefined;
  readonly text: string;
  /** The code with which the stream was reset. */
  readonly code: number;
}

export function ask(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string | readonly string[]>>,
  body?: Buffer | string,
): Promise<Answered> {
  return new Promise((resolve) => {
    const stream = session.request(headers as never, { endStream: body === undefined });
    let got: Readonly<Record<string, unknown>> = {};
    let trailers: Readonly<Record<string, unknown>> | undefined;
    let text = '';
    stream.on('response', (answer) => (got = answer));
    stream.on('trailers', (late) => (trailers = late));
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ headers: got, trailers, text, code: stream.rstCode ?? 0 }));
    // In pieces: a session that is given more at once than it may keep resets its own stream.
    if (body !== undefined) Readable.from(piecesOf(Buffer.from(body))).pipe(stream);
  });
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
