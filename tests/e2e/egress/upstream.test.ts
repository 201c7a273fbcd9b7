import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { openCertificates } from '../../../src/adapters/certificates/certificates.ts';
import { readGatewaySettings } from '../../../src/apps/egress/settings.ts';
import { makeTlsSessions } from '../../../src/apps/egress/tls-sessions.ts';
import { isExcepted, parseUpstreamProxy, upstreamProxiesFrom } from '../../../src/apps/egress/upstream-proxy.ts';
import {
  ask,
  CREDENTIALS,
  clock,
  HOST,
  http2Tunnel,
  openWorld,
  PLAIN_HOST,
  rawSocket,
  textOf,
  tlsTunnel,
  type World,
  type WorldOptions,
} from './fixture.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Proxy {
  readonly url: string;
  readonly asked: string[];
  readonly connections: () => number;
}

/** The organisation's proxy: opens tunnels and passes plain requests for who knows the password. */
async function corporateProxy(leadTo: () => number, answer?: string): Promise<Proxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const allowed = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.headers['proxy-authorization'] !== allowed) return response.writeHead(407).end();
    const out = httpRequest(
      { port: leadTo(), path: new URL(request.url ?? '').pathname, headers: request.headers },
      (got) => {
        response.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(response);
      },
    );
    request.pipe(out);
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
  });
  server.on('connect', (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.on('error', () => undefined);
    if (answer !== undefined) return socket.end(answer);
    if (request.headers['proxy-authorization'] !== allowed) return socket.end('HTTP/1.1 407 No\r\n\r\n');
    const out = connect(leadTo(), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(out).pipe(socket);
    });
    out.on('error', () => socket.destroy());
    sockets.add(out);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://user:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    connections: () => connections,
  };
}

function proxied(url: string) {
  const proxy = parseUpstreamProxy(url);
  assert.ok(proxy);
  return { upstreamProxies: { http: proxy, https: proxy }, resolve: new Map(), lookup: async () => [] };
}

/** What the proxy leads to is known only after the world is there. */
async function behindProxy(answer?: string): Promise<{ world: World; proxy: Proxy; plain: World }> {
  const ports = { tls: 0 };
  const proxy = await corporateProxy(() => ports.tls, answer);
  const world = await openWorld({ upstream: 'http2', options: proxied(proxy.url) });
  closers.push(() => world.close());
  ports.tls = world.upstreamPort;
  return { world, proxy, plain: world };
}

describe('the organisation’s own proxy', () => {
  it('is the way out for HTTP/1.1 and HTTP/2, and is asked only after the verdict', async () => {
    const { world, proxy } = await behindProxy();
    const session = await http2Tunnel(world);
    assert.equal((await ask(session, { ':path': '/a' })).text, 'hello GET /a');
    const socket = await tlsTunnel(world);
    const answer = textOf(socket, /hello/);
    socket.write(`GET /b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    assert.match(await answer, /hello GET \/b/);
    assert.deepEqual(proxy.asked, [`CONNECT ${HOST}:443`, `CONNECT ${HOST}:443`]);
    assert.ok(world.seen.every((one) => !one.rawHeaders.join(' ').toLowerCase().includes('proxy-')));
    session.close();
    socket.destroy();
  });

  it('gets plain HTTP in absolute form', async () => {
    const plain = createServer((request, response) => response.end(`plain ${request.url}`)).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    closers.push(() => plain.close());
    const proxy = await corporateProxy(() => (plain.address() as AddressInfo).port);
    const world = await openWorld({ options: proxied(proxy.url) });
    closers.push(() => world.close());
    const socket = await rawSocket(world);
    const answer = textOf(socket, /plain/);
    socket.write(
      `GET http://${PLAIN_HOST}/x HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    );
    assert.match(await answer, /plain \/x/);
    assert.deepEqual(proxy.asked, [`GET http://${PLAIN_HOST}/x`]);
    socket.destroy();
  });

  it('is not asked for addresses that may not be reached', async () => {
    const proxy = await corporateProxy(() => 1);
    const world = await openWorld({
      options: { ...proxied(proxy.url), lookup: async () => [{ address: '10.0.0.1', family: 4 }] },
    });
    closers.push(() => world.close());
    const session = await http2Tunnel(world);
    const got = await ask(session, { ':path': '/' });
    assert.equal(got.headers[':status'], 403);
    assert.match(got.text, /which is private/);
    assert.equal(proxy.connections(), 0);
    session.close();
  });

  for (const [note, answer] of [
    ['says no', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'],
    ['says nonsense', 'SSH-2.0-x\r\n\r\n'],
    ['says more than its answer', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['closes', ''],
    ['never ends its head', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`],
  ] as const)
    it(`that ${note} is a refusal, and nothing was sent`, async () => {
      const { world } = await behindProxy(answer);
      const session = await http2Tunnel(world);
      const got = await ask(session, { ':path': '/' });
      assert.equal(got.headers[':status'], 502);
      assert.match(got.text, /upstream proxy[^"]*nothing was sent/);
      assert.equal(world.outcomes[0]?.outcome, 'not-started');
      assert.equal(world.seen.length, 0);
      session.close();
    });

  it('is read from the variables as curl reads them', () => {
    const read = upstreamProxiesFrom({
      HTTP_PROXY: 'http://evil',
      HTTPS_PROXY: 'http://user:p%40ss@Proxy.corp:3128',
      NO_PROXY: 'localhost, .corp,10.0.0.1:8443,*.example',
    });
    assert.equal(read.http, undefined);
    assert.ok(read.https);
    assert.deepEqual(read.https.authority, { host: 'proxy.corp', port: 3128 });
    assert.equal(read.https.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    for (const [host, port, want] of [
      ['localhost', 443, true],
      ['a.corp', 443, true],
      ['corp', 443, true],
      ['acorp', 443, false],
      ['10.0.0.1', 8443, true],
      ['10.0.0.1', 443, false],
      ['a.example', 443, true],
      ['public.test', 443, false],
    ] as const)
      assert.equal(isExcepted(read.https, { host, port }), want, `${host}:${port}`);
    assert.throws(() => upstreamProxiesFrom({ https_proxy: 'socks5://x' }), /not supported/);
    assert.throws(() => upstreamProxiesFrom({ https_proxy: 'http://user:secret@[' }), /^TypeError: (?!.*secret)/);
  });
});

describe('a certificate of ours', () => {
  it('is shown to the server that it is for, over HTTP/1.1 and HTTP/2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdpoint-client-certificate-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const own = await openCertificates({ directory: folder, clock, trustedPem: '' });
    const shown = await own.leafFor('client.example');
    for (const [host, want] of [
      [HOST, 'client.example'],
      [`${HOST}:443`, 'client.example'],
      ['other.example', 'none'],
    ] as const) {
      const world = await openWorld({
        upstream: 'http2',
        tls: { requestCert: true, rejectUnauthorized: false },
        options: { clientCertificates: new Map([[host, shown]]) },
        answer: (request, response) => {
          const socket = (
            'stream' in request
              ? (request as never as { stream: { session: { socket: unknown } } }).stream.session.socket
              : request.socket
          ) as { getPeerCertificate(): { subject?: { CN?: string } } };
          response.end(`cert ${socket.getPeerCertificate().subject?.CN ?? 'none'}`);
        },
      });
      closers.push(() => world.close());
      const session = await http2Tunnel(world);
      assert.equal((await ask(session, { ':path': '/' })).text, `cert ${want}`);
      const socket = await tlsTunnel(world);
      const answer = textOf(socket, /cert \S+/);
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      assert.match(await answer, new RegExp(`cert ${want}`));
      session.close();
      socket.destroy();
    }
  });
});

describe('a shorter handshake', () => {
  const reused = (world: World): Promise<string> =>
    tlsTunnel(world).then(async (socket) => {
      const answer = textOf(socket, /reused \S+/);
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      const said = /reused (\S+)/.exec(await answer)?.[1] ?? 'no answer';
      socket.destroy();
      return said;
    });
  const world = async (options: WorldOptions['options'] = {}): Promise<World> => {
    const opened = await openWorld({
      options,
      answer: (request, response) => response.end(`reused ${(request.socket as TLSSocket).isSessionReused()}`),
    });
    closers.push(() => opened.close());
    return opened;
  };

  it('is made with a server of which the certificate was checked, for the same task', async () => {
    const one = await world();
    assert.equal(await reused(one), 'false');
    assert.equal(await reused(one), 'true');
    // Another gateway knows nothing of it.
    assert.equal(await reused(await world()), 'false');
  });

  it('is not made where a certificate of ours is shown', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdpoint-client-certificate-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const own = await openCertificates({ directory: folder, clock, trustedPem: '' });
    const one = await world({ clientCertificates: new Map([[HOST, await own.leafFor('client.example')]]) });
    assert.equal(await reused(one), 'false');
    assert.equal(await reused(one), 'false');
  });

  it('is kept apart by task and destination, for ten minutes from the check on, and for so many', () => {
    let nowMs = 0;
    const sessions = makeTlsSessions({ nowMs: () => nowMs, monotonicMs: () => nowMs });
    const authority = { host: 'a.example', port: 443 };
    const session = Buffer.from('s');
    sessions.keep('t', authority, session);
    assert.equal(sessions.take('t', authority), session);
    assert.equal(sessions.take('u', authority), undefined);
    assert.equal(sessions.take('t', { ...authority, port: 444 }), undefined);
    nowMs = 9 * 60_000;
    sessions.keep('t', authority, Buffer.from('renewed'));
    nowMs = 11 * 60_000;
    assert.equal(sessions.take('t', authority), undefined, 'to renew it is not to check the certificate');
    for (let port = 1; port <= 300; port += 1) sessions.keep('t', { ...authority, port }, session);
    const left = Array.from({ length: 300 }, (_, at) => sessions.take('t', { ...authority, port: at + 1 }));
    assert.equal(left.filter((one) => one !== undefined).length, 256);
    sessions.keep('t', { ...authority, port: 999 }, Buffer.alloc(64 * 1024));
    assert.equal(sessions.take('t', { ...authority, port: 999 }), undefined);
  });
});

describe('the gateway’s settings', () => {
  let folder = '';
  after(() => rm(folder, { recursive: true, force: true }));

  it('come from a file that is used whole or not at all', async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdpoint-settings-'));
    const file = join(folder, 'gateway.json');
    const env = { https_proxy: 'http://env.corp:1' };
    assert.equal(readGatewaySettings(file, env).upstreamProxies?.https?.authority.host, 'env.corp');
    assert.deepEqual(readGatewaySettings(file, { ...env, HOLDPOINT_GATEWAY: 'x' }).upstreamProxies, {});
    for (const [name, mode] of [
      ['key.pem', 0o600],
      ['open.pem', 0o644],
    ] as const)
      await writeFile(join(folder, name), 'PEM', { mode });
    const certificate = (keyFile: string) => ({
      'a.example': { certFile: join(folder, 'open.pem'), keyFile: join(folder, keyFile) },
    });
    await writeFile(
      file,
      JSON.stringify({
        holdWaitMs: 1_000,
        upstreamProxy: 'http://file.corp:2',
        clientCertificates: certificate('key.pem'),
      }),
    );
    const read = readGatewaySettings(file, env);
    assert.equal(read.holdWaitMs, 1_000);
    assert.equal(read.upstreamProxies?.http?.authority.host, 'file.corp');
    assert.deepEqual(read.clientCertificates?.get('a.example'), { cert: 'PEM', key: 'PEM' });
    await writeFile(file, JSON.stringify({ upstreamProxy: '' }));
    assert.deepEqual(readGatewaySettings(file, env).upstreamProxies, {});
    for (const bad of [
      '',
      '{',
      '[]',
      '{"holdWaitMs":-1}',
      '{"allowAddresses":["10.0.0.0/8"]}',
      '{"upstreamProxy":"ftp://x"}',
      JSON.stringify({ clientCertificates: certificate('open.pem') }),
    ]) {
      await writeFile(file, bad);
      assert.throws(() => readGatewaySettings(file, env), TypeError, bad);
    }
  });
});
