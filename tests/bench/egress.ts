import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect as netConnect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket as ServerTls, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { openCertificates } from '../../src/adapters/certificates/certificates.ts';
import { startEgress } from '../../src/apps/egress/start.ts';

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

/**
 * Requests of 2 kB over tunnels through the gateway (with a judge that says pass) and through a bare proxy that only
 * terminates TLS, each in a process of its own, in alternating rounds. `scale` multiplies the number of requests.
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
    for (const concurrency of [1, 16]) {
      const rounds: Record<Proxy, { perSecond: number; p50: number }[]> = { bare: [], gateway: [] };
      for (const proxy of PROXIES) await drive(proxies[proxy].port, concurrency, 200);
      for (let round = 0; round < 5; round += 1) {
        for (const proxy of PROXIES)
          rounds[proxy].push(
            await drive(proxies[proxy].port, concurrency, Math.round((concurrency === 1 ? 400 : 1_600) * scale)),
          );
      }
      const bare = median(rounds.bare.map((one) => one.perSecond));
      for (const proxy of PROXIES) {
        const perSecond = median(rounds[proxy].map((one) => one.perSecond));
        rows.push({
          what: `${proxy === 'bare' ? 'bare TLS-intercepting proxy' : 'egress gateway'}, concurrency ${concurrency}`,
          requestsPerSecond: Math.round(perSecond),
          p50Micros: Math.round(median(rounds[proxy].map((one) => one.p50))),
          ...(proxy === 'bare' ? {} : { ratio: Math.round((perSecond / bare) * 100) / 100 }),
        });
      }
    }
    return rows;
  } finally {
    for (const one of [server, proxies.bare, proxies.gateway]) one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function drive(port: number, concurrency: number, requests: number): Promise<{ perSecond: number; p50: number }> {
  const body = Buffer.from(JSON.stringify({ query: `{ ${'a '.repeat(1000)}}` }));
  const times: number[] = [];
  let left = requests;
  const sockets = await Promise.all(Array.from({ length: concurrency }, () => tunnel(port)));
  const started = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
      // One socket for ever: the tunnel.
      agent.createConnection = () => socket;
      while (left > 0) {
        left -= 1;
        const at = performance.now();
        await new Promise<void>((resolve, reject) => {
          const sent = httpsRequest(
            {
              agent,
              host: HOST,
              path: '/graphql',
              method: 'POST',
              headers: { 'content-type': 'application/json', 'content-length': body.length },
            },
            (response) => {
              response.resume();
              response.once('end', resolve);
            },
          );
          sent.once('error', reject);
          sent.end(body);
        });
        times.push((performance.now() - at) * 1000);
      }
      agent.destroy();
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const socket of sockets) socket.destroy();
  return { perSecond: requests / seconds, p50: median(times) };
}

async function tunnel(port: number): Promise<TLSSocket> {
  const socket = netConnect(port, '127.0.0.1');
  socket.write(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`);
  await once(socket, 'data');
  const secure = tlsConnect({ socket, servername: HOST, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  return secure;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function child(args: readonly string[]): Promise<{ readonly port: number; stop(): void }> {
  const started = fork(SELF, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [message] = (await once(started, 'message')) as [{ readonly port: number }];
  return { port: message.port, stop: () => started.kill() };
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
  const secureContext = createSecureContext({ key: leaf.key, cert: leaf.cert });
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
    inner.emit(
      'connection',
      new ServerTls(socket, { isServer: true, secureContext }).on('error', () => undefined),
    );
  });
  return portOf(outer);
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
  const upstreamCa = await openCertificates({ directory: join(folder, 'upstream'), clock, trustedPem: '' });
  if (role === 'bare') return bareProxy(folder, upstreamPort, upstreamCa.caCertificatePem);
  if (role === 'gateway') return gateway(folder, upstreamPort, upstreamCa.caCertificatePem);
  const leaf = await upstreamCa.leafFor(HOST);
  const answer = Buffer.from('{"data":{"a":1}}');
  return portOf(
    createHttpsServer({ key: leaf.key, cert: leaf.cert }, (request, response) => {
      request.resume();
      request.once('end', () =>
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer),
      );
    }),
  );
}

const [role, folder, upstreamPort] = process.argv.slice(2);
if (process.argv[1] === SELF && process.send !== undefined && role !== undefined && folder !== undefined) {
  process.send({ port: await serve(role, folder, Number(upstreamPort)) });
  process.once('disconnect', () => process.exit(0));
} else if (process.argv[1] === SELF) {
  for (const row of await benchEgress()) process.stdout.write(`${JSON.stringify(row)}\n`);
}
