import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { LIMITS } from '../../core/limits.ts';
import { addressClass, parseAllowedAddress } from '../../protocols/http/address.ts';
import { linger } from '../linger.ts';
import { type ClientSide, http1Client, upgradeClient } from './client-side.ts';
import type { Egress, EgressLimits, EgressOptions, GatewayRefusal } from './contract.ts';
import { egressEnvironment } from './environment.ts';
import { type Connection, exchange } from './exchange.ts';
import type { Gateway } from './judge-in-time.ts';
import { ownRefusal, type Refusal, writeRefusal } from './refusal.ts';
import { makeTlsSessions } from './tls-sessions.ts';
import { openTunnel, secureContexts } from './tunnel.ts';
import { type Reach, Upstream } from './upstream.ts';

const DEFAULTS: EgressLimits = {
  judgedBodyBytes: LIMITS.judgedBodyBytes,
  inFlight: LIMITS.inFlight,
  connections: LIMITS.inFlight * 8,
  pipelined: 16,
  headerTimeoutMs: 15_000,
  bodyTimeoutMs: 60_000,
  handshakeTimeoutMs: 15_000,
  idleTimeoutMs: 120_000,
  judgeTimeoutMs: LIMITS.verifyTimeoutMs * 3,
  connectTimeoutMs: 15_000,
  answerTimeoutMs: 600_000,
  stallTimeoutMs: 300_000,
  progressMs: 5_000,
};

/**
 * Starts the forward proxy on loopback. Every request, in a tunnel or not, is judged before anything (a DNS question
 * included) leaves for its destination. Throws for an option that is wrong; rejects where it cannot listen.
 */
export async function startEgress(options: EgressOptions): Promise<Egress> {
  const limits = { ...DEFAULTS, ...options.limits };
  const allowed = (options.allowAddresses ?? []).map((text) => {
    const parsed = parseAllowedAddress(text);
    if (parsed === undefined) throw new TypeError(`not an address: \`${text}\``);
    return parsed;
  });
  const host = options.host ?? '127.0.0.1';
  if (addressClass(host) !== 'loopback')
    throw new TypeError(`the gateway listens on loopback only, not on \`${host}\``);
  const reach: Reach = {
    options,
    allowed,
    trust: lazyTrust(options),
    sessionsOf: sessionsFor(options),
    connectTimeoutMs: limits.connectTimeoutMs,
    ownPort: 0,
  };
  const gateway: Gateway = { options, limits, inFlight: 0, closing: false, recording: new Set() };
  const server = createServer({
    maxHeaderSize: LIMITS.headerBytes,
    insecureHTTPParser: false,
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    headersTimeout: limits.headerTimeoutMs,
    // Bodies have time-outs of their own; a large upload may take longer than any fixed time.
    requestTimeout: 0,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headerTimeoutMs),
    noDelay: true,
  });
  // SECURITY: the default drops headers past 2,000 in silence; the size limit and the head check refuse instead.
  server.maxHeadersCount = 0;
  const sockets = listenTo(server, gateway, reach, secureContexts(options.certificates));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: options.port ?? 0 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the gateway has no port');
  reach.ownPort = address.port;
  const url = `http://${host === '::1' ? '[::1]' : host}:${address.port}`;
  return {
    port: address.port,
    url,
    environmentFor: (task, password) => egressEnvironment(url, options.certificates, task, password),
    close: () => closeAll(server, gateway, sockets),
  };
}

/** Parsing some hundred authorities takes tens of milliseconds: once, and not before a first TLS server is reached. */
function lazyTrust({ extraCa = [], clientCertificates }: EgressOptions): Reach['trust'] {
  const made = new Map<string, SecureContext>();
  return (authority) => {
    const host = authority === undefined ? '' : `${authority.host}:${authority.port}`;
    const shown = clientCertificates?.get(host) ?? clientCertificates?.get(authority?.host ?? '');
    const key = shown === undefined ? '' : host;
    const known = made.get(key);
    if (known !== undefined) return known;
    const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extraCa])];
    const context = createSecureContext({ ca, minVersion: 'TLSv1.2', ...shown });
    made.set(key, context);
    return context;
  };
}

function sessionsFor({ clock, clientCertificates }: EgressOptions): Reach['sessionsOf'] {
  const sessions = makeTlsSessions(clock);
  return ({ host, port }) =>
    clientCertificates?.has(`${host}:${port}`) === true || clientCertificates?.has(host) === true
      ? undefined
      : sessions;
}

function listenTo(
  server: Server,
  gateway: Gateway,
  reach: Reach,
  contexts: ReturnType<typeof secureContexts>,
): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  const connections = new WeakMap<Duplex, Connection>();
  const lingering = new WeakSet<Duplex>();

  const refuseSocket = (
    socket: Duplex,
    connection: Connection | undefined,
    code: string,
    refusal: Refusal,
    more: Partial<GatewayRefusal> = {},
  ): void => {
    if (connection?.finished === true) {
      // Refused already: the rest of what was sent is read away, so that the answer is not lost to a reset.
      if (!lingering.has(socket)) void linger(socket).then(() => socket.destroy());
      lingering.add(socket);
      return;
    }
    if (connection !== undefined) connection.finished = true;
    const identity = connection?.tunnel?.identity;
    try {
      gateway.options.onRefusal?.({
        connectionId: connection?.id ?? randomUUID(),
        status: refusal.status,
        code,
        detail: refusal.problem.detail,
        ...(identity === undefined ? {} : { identity }),
        ...more,
      });
    } catch (error) {
      gateway.options.onRecordFailure?.(error);
    }
    // An answer may be half written: anything put behind it would be taken for a part of it.
    if (connection?.passed === true || refusal.status === 0) socket.destroy();
    else writeRefusal(socket, refusal);
  };

  const adopt = (socket: Duplex, tunnel: Connection['tunnel']): Connection => {
    const upstream = new Upstream(reach, tunnel?.identity.task ?? '');
    const connection: Connection = {
      id: randomUUID(),
      upstream,
      turn: Promise.resolve(),
      waiting: 0,
      finished: false,
      passed: false,
      ...(tunnel === undefined ? {} : { tunnel }),
    };
    connections.set(socket, connection);
    socket.once('close', () => upstream.destroy());
    return connection;
  };

  server.on('connection', (socket: Socket) => {
    // Tunnels come here a second time, as the connection inside; they have been adopted already.
    if (connections.has(socket)) return;
    adopt(socket, undefined);
    if (sockets.size >= gateway.limits.connections) {
      refuseSocket(
        socket,
        connections.get(socket),
        'busy',
        ownRefusal(503, 'busy', `more than ${gateway.limits.connections} connections at one time`, 1),
      );
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  const onRequest = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void =>
    take(request, () => http1Client(request, response, expectsContinue));
  /** The client's side is made when its turn has come: only then is the connection free for an answer. */
  const take = (request: IncomingMessage, clientOf: () => ClientSide): void => {
    const connection = connections.get(request.socket);
    if (connection === undefined || connection.finished || connection.waiting >= gateway.limits.pipelined) {
      request.socket.destroy();
      return;
    }
    connection.waiting += 1;
    connection.turn = connection.turn
      .then(async () => {
        connection.waiting -= 1;
        if (connection.finished) request.socket.destroySoon();
        else await exchange(gateway, connection, clientOf());
      })
      .catch(() => {
        request.socket.destroy();
      });
  };
  server.on('request', (request, response) => onRequest(request, response, false));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    onRequest(request, response, true),
  );
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    onRequest(request, response, false),
  );
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, first: Buffer) => {
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(request);
    take(request, () => upgradeClient(request, response, first));
  });
  server.on('connect', (request, socket: Duplex, head: Buffer) => {
    const connection = connections.get(socket);
    const refuse = (code: string, refusal: Refusal): void =>
      refuseSocket(socket, connection, code, refusal, { method: 'CONNECT' });
    if (!(socket instanceof Socket) || connection === undefined || connection.tunnel !== undefined)
      refuse('method', ownRefusal(405, 'method', 'a tunnel inside a tunnel is refused'));
    else if (gateway.closing) refuse('closing', ownRefusal(503, 'closing', 'the gateway is shutting down'));
    else openTunnel(gateway, contexts, server, request, socket, head, refuse, (inner, tunnel) => adopt(inner, tunnel));
  });
  server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
    const connection = connections.get(socket);
    if (error.code === 'ECONNRESET' || (!socket.writable && connection?.finished !== true)) {
      socket.destroy();
      return;
    }
    const [status, code] = syntaxStatus(error.code);
    // A connection opened ahead and never used is no attempt at anything.
    if (code === 'header-timeout' && socket instanceof Socket && socket.bytesRead === 0) socket.destroy();
    else
      refuseSocket(
        socket,
        connection,
        code,
        ownRefusal(status, code, `the request is not valid HTTP (${error.code ?? 'unknown'})`),
      );
  });
  return sockets;
}

function syntaxStatus(code: string | undefined): readonly [number, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'headers-too-large'];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'chunk-extensions'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'header-timeout'];
    default:
      return [400, 'syntax'];
  }
}

async function closeAll(server: Server, gateway: Gateway, sockets: ReadonlySet<Socket>): Promise<void> {
  gateway.closing = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  server.closeAllConnections();
  await closed;
  // Cutting the connections ends their exchanges; each then records its outcome.
  while (gateway.inFlight > 0 || gateway.recording.size > 0) {
    await Promise.all(gateway.recording);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
