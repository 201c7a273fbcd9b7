import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createSecureServer,
  connect as http2Connect,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Stream,
} from 'node:http2';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect as netConnect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createSecureContext, TLSSocket as ServerTls, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { openCertificates } from '../../src/adapters/certificates/certificates.ts';
import { startEgress } from '../../src/apps/egress/start.ts';
import { PEERS, startPeer } from './egress-peers.ts';

/** One figure and what it stands beside, from the same run. */
export interface EgressBenchRow {
  readonly what: string;
  readonly requestsPerSecond: number;
  readonly p50Micros: number;
  /** Of the bare proxy's requests per second; undefined for the bare rows themselves. */
  readonly ratio?: number;
}

const HOST = 'bench.example';
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const SELF = fileURLToPath(import.meta.url);
const PROXIES = ['bare', 'gateway'] as const;
type Proxy = (typeof PROXIES)[number];
const VERSIONS = ['HTTP/1.1', 'HTTP/2'] as const;
type Version = (typeof VERSIONS)[number];

/**
 * Requests of 2 kB over tunnels through the gateway (with a judge that says pass) and through a bare proxy that only
 * terminates TLS, each in a process of its own, in alternating rounds, in HTTP/1.1 and in HTTP/2. Then what a gigabyte
 * and a thousand idle tunnels do to the gateway's memory. `scale` multiplies the number of requests.
 */
export async function benchEgress(scale = 1): Promise<readonly EgressBenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-bench-'));
  const server = await child(['upstream', folder]);
  const proxies = {
    bare: await child(['bare', folder, String(server.port)]),
    gateway: await child(['gateway', folder, String(server.port)]),
  };
  try {
    const rows: EgressBenchRow[] = [];
    for (const version of VERSIONS) {
      for (const concurrency of [1, 16]) {
        const rounds: Record<Proxy, { perSecond: number; p50: number }[]> = { bare: [], gateway: [] };
        for (const proxy of PROXIES) await drive(version, proxies[proxy].port, concurrency, 200);
        for (let round = 0; round < 9; round += 1) {
          for (const proxy of PROXIES) {
            const requests = Math.round((concurrency === 1 ? 400 : 1_600) * scale);
            rounds[proxy].push(await drive(version, proxies[proxy].port, concurrency, requests));
          }
        }
        // Round by round: what else the machine does meanwhile changes between rounds more than within one.
        const ratio = median(rounds.gateway.map((one, at) => one.perSecond / (rounds.bare[at]?.perSecond ?? 1)));
        for (const proxy of PROXIES) {
          const perSecond = median(rounds[proxy].map((one) => one.perSecond));
          const name = proxy === 'bare' ? 'bare TLS-intercepting proxy' : 'egress gateway';
          rows.push({
            what: `${name}, ${version}, concurrency ${concurrency}`,
            requestsPerSecond: Math.round(perSecond),
            p50Micros: Math.round(median(rounds[proxy].map((one) => one.p50))),
            ...(proxy === 'bare' ? {} : { ratio: Math.round(ratio * 100) / 100 }),
          });
        }
      }
    }
    return rows;
  } finally {
    for (const one of [server, proxies.bare, proxies.gateway]) one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

export interface EgressMemoryRow {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** Resident memory of the gateway's process: how much it grows over a gigabyte, and over a thousand idle tunnels. */
export async function benchEgressMemory(): Promise<readonly EgressMemoryRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-bench-'));
  const server = await child(['upstream', folder]);
  const gateway = await child(['gateway', folder, String(server.port)]);
  const idler = await child(['gateway', folder, String(server.port)]);
  try {
    const rows: EgressMemoryRow[] = [];
    for (const version of VERSIONS) {
      await download(version, gateway.port, 64);
      const before = await gateway.residentMegabytes();
      const at = performance.now();
      const highest = await download(version, gateway.port, 1_024, gateway.residentMegabytes);
      const perSecond = 1_024 / ((performance.now() - at) / 1_000);
      rows.push(
        { what: `1 GB streamed, ${version}: growth at its highest`, value: Math.max(0, highest - before), unit: 'MB' },
        { what: `1 GB streamed, ${version}`, value: perSecond, unit: 'MB/s' },
      );
    }
    // Another process, whose memory is not stretched yet.
    await drive('HTTP/1.1', idler.port, 1, 200);
    const before = await idler.residentMegabytes();
    const idle: TLSSocket[] = [];
    for (let count = 0; count < 1_000; count += 50)
      idle.push(...(await Promise.all(Array.from({ length: 50 }, () => tunnel(idler.port)))));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    rows.push({
      what: '1,000 idle tunnels: growth',
      value: (await idler.residentMegabytes()) - before,
      unit: 'MB',
    });
    for (const socket of idle) socket.destroy();
    return rows;
  } finally {
    server.stop();
    gateway.stop();
    idler.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads so many megabytes and throws them away; gives the most that `measure` saw meanwhile. */
async function download(
  version: Version,
  port: number,
  megabytes: number,
  measure?: () => Promise<number>,
): Promise<number> {
  const session = await openClient(version, port);
  let highest = 0;
  const timer = setInterval(() => void measure?.().then((now) => (highest = Math.max(highest, now))), 200);
  await session.ask('GET', `/stream/${megabytes}`);
  clearInterval(timer);
  session.close();
  return highest;
}

export interface EgressPeerRow {
  readonly what: string;
  readonly requestsPerSecond: number;
  /** Of the gateway's requests per second in the same rounds. */
  readonly ratio: number;
}

/** The gateway beside other intercepting proxies, in rounds that alternate; a text for each that cannot be had here. */
export async function benchEgressPeers(): Promise<readonly (EgressPeerRow | string)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-bench-'));
  const server = await child(['upstream', folder]);
  const own = await child(['gateway', folder, String(server.port)]);
  const rows: (EgressPeerRow | string)[] = [];
  try {
    for (const name of PEERS) {
      const peer = await startPeer(name, folder);
      if (!peer.ok) {
        rows.push(`${name} is left out: ${peer.why}`);
        continue;
      }
      try {
        for (const version of VERSIONS) rows.push(await besidePeer(name, version, own.port, peer.port, server.port));
      } finally {
        peer.stop();
      }
    }
    return rows;
  } finally {
    server.stop();
    own.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function besidePeer(
  name: string,
  version: Version,
  ownPort: number,
  peerPort: number,
  serverPort: number,
): Promise<EgressPeerRow> {
  // They know no declared addresses: the tunnel names the server itself.
  const authority = `127.0.0.1:${serverPort}`;
  await drive(version, peerPort, 16, 100, authority);
  const perSecond: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const peer = await drive(version, peerPort, 16, 400, authority);
    const own = await drive(version, ownPort, 16, 1_600);
    perSecond.push(peer.perSecond);
    ratios.push(peer.perSecond / own.perSecond);
  }
  return {
    what: `${name}, ${version}, concurrency 16`,
    requestsPerSecond: Math.round(median(perSecond)),
    ratio: Math.round(median(ratios) * 100) / 100,
  };
}

async function drive(
  version: Version,
  port: number,
  concurrency: number,
  requests: number,
  authority = `${HOST}:443`,
): Promise<{ perSecond: number; p50: number }> {
  const body = Buffer.from(JSON.stringify({ query: `{ ${'a '.repeat(1000)}}` }));
  const times: number[] = [];
  let left = requests;
  const clients = await Promise.all(Array.from({ length: concurrency }, () => openClient(version, port, authority)));
  const started = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (left > 0) {
        left -= 1;
        const at = performance.now();
        await client.ask('POST', '/graphql', body);
        times.push((performance.now() - at) * 1000);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const client of clients) client.close();
  return { perSecond: requests / seconds, p50: median(times) };
}

interface Client {
  ask(method: string, path: string, body?: Buffer): Promise<void>;
  close(): void;
}

/** One tunnel, and requests on it one after the other. */
async function openClient(version: Version, port: number, authority = `${HOST}:443`): Promise<Client> {
  const headers = { 'content-type': 'application/json' };
  if (version === 'HTTP/2') {
    const socket = await tunnel(port, ['h2'], authority);
    const session = http2Connect(`https://${HOST}`, { createConnection: () => socket });
    return {
      ask: (method, path, body) =>
        new Promise((resolve, reject) => {
          const stream = session.request(
            {
              ':method': method,
              ':path': path,
              ...(body === undefined ? {} : { ...headers, 'content-length': body.length }),
            },
            { endStream: body === undefined },
          );
          stream.once('error', reject).once('end', resolve).resume();
          if (body !== undefined) stream.end(body);
        }),
      close: () => session.destroy(),
    };
  }
  const socket = await tunnel(port, ['http/1.1'], authority);
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
  // One socket for ever: the tunnel.
  agent.createConnection = () => socket;
  return {
    ask: (method, path, body) =>
      new Promise<void>((resolve, reject) => {
        const length = body === undefined ? {} : { ...headers, 'content-length': body.length };
        const sent = httpsRequest({ agent, host: HOST, path, method, headers: length }, (response) => {
          response.resume();
          response.once('end', resolve);
        });
        sent.once('error', reject);
        sent.end(body);
      }),
    close: () => {
      agent.destroy();
      socket.destroy();
    },
  };
}

async function tunnel(port: number, protocols: string[] = ['http/1.1'], authority = `${HOST}:443`): Promise<TLSSocket> {
  const socket = netConnect(port, '127.0.0.1');
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await once(socket, 'data');
  const secure = tlsConnect({ socket, servername: HOST, rejectUnauthorized: false, ALPNProtocols: protocols });
  await once(secure, 'secureConnect');
  return secure;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function child(
  args: readonly string[],
): Promise<{ readonly port: number; residentMegabytes(): Promise<number>; stop(): void }> {
  const started = fork(SELF, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [message] = (await once(started, 'message')) as [{ readonly port: number }];
  return {
    port: message.port,
    residentMegabytes: async () => {
      const answer = once(started, 'message');
      started.send('memory');
      return ((await answer) as [{ readonly megabytes: number }])[0].megabytes;
    },
    stop: () => started.kill(),
  };
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The floor: ends TLS on both sides and copies requests, without a check of any kind. */
async function bareProxy(folder: string, upstreamPort: number, ca: string): Promise<number> {
  const certificates = await openCertificates({ directory: join(folder, 'bare'), clock, trustedPem: '' });
  const leaf = await certificates.leafFor(HOST);
  const secureContext = createSecureContext({ key: leaf.key, cert: leaf.cert, minVersion: 'TLSv1.2' });
  const agent = new HttpsAgent({ keepAlive: true, ca, servername: HOST });
  const inner = createHttpServer((request, response) => {
    const out = httpsRequest(
      {
        agent,
        host: '127.0.0.1',
        port: upstreamPort,
        path: request.url ?? '/',
        method: request.method ?? 'GET',
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    out.on('error', () => response.destroy());
    request.pipe(out);
  });
  const outer = createHttpServer();
  outer.on('connect', (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const secure = new ServerTls(socket, { isServer: true, secureContext, ALPNProtocols: ['h2', 'http/1.1'] });
    secure.on('error', () => undefined);
    secure.once('secure', () => {
      if (secure.alpnProtocol === 'h2') bareHttp2(secure, upstreamPort, ca);
      else inner.emit('connection', secure);
    });
  });
  return portOf(outer);
}

/** The floor in HTTP/2: one session to the server for each of a client, and streams piped through. */
function bareHttp2(secure: ServerTls, upstreamPort: number, ca: string): void {
  Object.assign(secure, { secureConnecting: false });
  const server = performServerHandshake(secure);
  const client = http2Connect(`https://127.0.0.1:${upstreamPort}`, { ca, servername: HOST });
  for (const session of [server, client]) session.on('error', () => undefined);
  secure.once('close', () => client.destroy());
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const out = client.request({ ...headers });
    for (const one of [stream, out]) one.on('error', () => undefined);
    out.on('response', (answer) => {
      stream.respond({ ...answer });
      out.pipe(stream);
    });
    stream.pipe(out);
  });
}

async function gateway(folder: string, upstreamPort: number, ca: string): Promise<number> {
  const egress = await startEgress({
    certificates: await openCertificates({ directory: join(folder, 'gateway'), clock, trustedPem: '' }),
    clock,
    judge: async () => ({ kind: 'pass', done: async () => undefined }),
    identify: () => ({ agent: 'bench', task: 'bench' }),
    resolve: new Map([[HOST, { address: '127.0.0.1', port: upstreamPort }]]),
    allowAddresses: [`127.0.0.1:${upstreamPort}`],
    extraCa: [ca],
  });
  return egress.port;
}

async function serve(role: string, folder: string, upstreamPort: number): Promise<number> {
  const directory = join(folder, 'upstream');
  if (role === 'bare') return bareProxy(folder, upstreamPort, await readFile(join(directory, 'ca.pem'), 'utf8'));
  if (role === 'gateway') return gateway(folder, upstreamPort, await readFile(join(directory, 'ca.pem'), 'utf8'));
  const upstreamCa = await openCertificates({ directory, clock, trustedPem: '' });
  const leaf = await upstreamCa.leafFor(HOST);
  const answer = Buffer.from('{"data":{"a":1}}');
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const megabytes = /^\/stream\/(\d+)$/.exec(request.url ?? '')?.[1];
    if (megabytes !== undefined) {
      Readable.from(chunks(Number(megabytes) * 16), { objectMode: false }).pipe(response);
      return;
    }
    request.resume();
    request.once('end', () =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer),
    );
  };
  const options = { key: leaf.key, cert: leaf.cert, allowHTTP1: true };
  return portOf(createSecureServer(options, listener as never) as unknown as Server);
}

function* chunks(count: number): Generator<Buffer> {
  const chunk = Buffer.alloc(65_536, 'x');
  for (let at = 0; at < count; at += 1) yield chunk;
}

const [role, folder, upstreamPort] = process.argv.slice(2);
if (process.argv[1] === SELF && process.send !== undefined && role !== undefined && folder !== undefined) {
  process.on('message', () => process.send?.({ megabytes: process.memoryUsage.rss() / 1024 / 1024 }));
  process.send({ port: await serve(role, folder, Number(upstreamPort)) });
  process.once('disconnect', () => process.exit(0));
} else if (process.argv[1] === SELF) {
  for (const row of [...(await benchEgress()), ...(await benchEgressPeers()), ...(await benchEgressMemory())])
    process.stdout.write(`${JSON.stringify(row)}\n`);
}
