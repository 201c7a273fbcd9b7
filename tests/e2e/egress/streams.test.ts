import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import fc from 'fast-check';
import {
  CREDENTIALS,
  HOST,
  openWorld,
  rawSocket,
  rawTunnel,
  textOf,
  tlsTunnel,
  type World,
  type WorldOptions,
} from './fixture.ts';

const worlds: World[] = [];
async function open(more: WorldOptions = {}): Promise<World> {
  const world = await openWorld(more);
  worlds.push(world);
  return world;
}
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('answers', () => {
  it('stream as they come, without a length, with trailers', async () => {
    const next = Promise.withResolvers<void>();
    const world = await open({
      answer: (_request, response) => {
        response.writeHead(200, [
          'Content-Type',
          'text/event-stream',
          'Trailer',
          'X-End',
          'Set-Cookie',
          'a',
          'Set-Cookie',
          'b',
          'Alt-Svc',
          'h3=":443"',
        ]);
        response.write('first');
        void next.promise.then(() => {
          response.addTrailers({ 'X-End': 'yes' });
          response.end('second');
        });
      },
    });
    const socket = await tlsTunnel(world);
    socket.write(`GET /events HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const early = await textOf(socket, /first/);
    assert.match(early, /Set-Cookie: a\r\nSet-Cookie: b/);
    assert.doesNotMatch(early, /Alt-Svc/);
    assert.equal(world.outcomes.length, 0);
    const rest = textOf(socket, /X-End: yes/);
    next.resolve();
    assert.match(await rest, /second\r\n0\r\nX-End: yes/);
    await until(() => world.outcomes.length === 1);
    socket.destroy();
  });

  it('wait for a client that does not read', async () => {
    let written = 0;
    const world = await open({
      answer: (_request, response) => {
        const more = (): void => {
          while (written < 64 * 1024 * 1024 && !response.destroyed) {
            written += 65_536;
            if (!response.write(Buffer.alloc(65_536))) {
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
      },
    });
    const socket = await tlsTunnel(world);
    socket.write(`GET /large HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await once(socket, 'readable');
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(
      written < 48 * 1024 * 1024,
      `${written} bytes were taken from the server for a client that reads nothing`,
    );
    let size = 0;
    socket.on('data', (chunk: Buffer) => (size += chunk.length));
    await until(() => world.outcomes.length === 1);
    await until(() => size >= 64 * 1024 * 1024);
    assert.equal(world.outcomes[0]?.outcome, 'done');
    socket.destroy();
  });

  it('go to the one who asked: many tunnels at once, no shared server connection', async () => {
    const world = await open({
      answer: (request, response) =>
        setTimeout(() => response.end(`for ${request.url} ${request.socket.remotePort}`), 1),
    });
    const ports = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const socket = await tlsTunnel(world);
        const used = new Set<string>();
        for (let round = 0; round < 3; round += 1) {
          const end = new RegExp(`for /${index}-${round} (\\d+)`);
          const text = textOf(socket, end);
          socket.write(`GET /${index}-${round} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
          const port = end.exec(await text)?.[1];
          assert.ok(port);
          used.add(port);
        }
        socket.destroy();
        assert.equal(used.size, 1, 'a tunnel keeps its server connection');
        return [...used][0];
      }),
    );
    assert.equal(new Set(ports).size, 40);
  });
});

describe('clients that misbehave', () => {
  it('slow headers, slow bodies, silent tunnels and half a handshake are cut', async () => {
    const world = await open({
      options: { limits: { headerTimeoutMs: 500, bodyTimeoutMs: 500, handshakeTimeoutMs: 500 } },
    });
    const header = await tlsTunnel(world);
    header.write('GET / HTT');
    assert.match(await textOf(header), /^HTTP\/1.1 408 /);
    const body = await tlsTunnel(world);
    body.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nabc`);
    assert.match(await textOf(body), /^HTTP\/1.1 408 /);
    const silent = await rawTunnel(world);
    assert.equal(await textOf(silent), '');
    const half = await rawTunnel(world);
    half.write(Buffer.from('160301', 'hex'));
    assert.equal(await textOf(half), '');
    assert.deepEqual(
      world.refusals.map((one) => one.code),
      ['header-timeout', 'body-timeout', 'handshake-timeout', 'handshake-timeout'],
    );
    assert.equal(world.connections(), 0);
  });

  it('half-closed and broken-off requests forward nothing', async () => {
    const world = await open();
    for (const text of [
      '',
      'GET ',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\n`,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\n\r\nabc`,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`,
    ]) {
      for (const reset of [false, true]) {
        const socket = await tlsTunnel(world);
        socket.on('error', () => undefined);
        const closed = once(socket, 'close');
        socket.write(text);
        if (reset) socket.destroy();
        else socket.end();
        socket.resume();
        await closed;
      }
    }
    assert.equal(world.judged.length, 0);
    assert.equal(world.connections(), 0);
  });

  it('a TLS client that offers only what nobody speaks, an old version, or no trust', async () => {
    const world = await open();
    const odd: readonly ConnectionOptions[] = [
      { ALPNProtocols: ['spdy/3'] },
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      { ca: [] },
    ];
    for (const options of odd) {
      const refusals = world.refusals.length;
      const ca = world.certificates.caCertificatePem;
      const socket = tlsConnect({ socket: await rawTunnel(world), servername: HOST, ca, ...options });
      await assert.rejects(once(socket, 'secureConnect'));
      socket.destroy();
      await until(() => world.refusals.length > refusals || 'ca' in options);
    }
    assert.ok(world.refusals.every((one) => one.code === 'tls' && one.status === 0));
    assert.equal(world.connections(), 0);
  });

  it('any bytes at all: no crash, nothing forwarded, and the next client is served', async () => {
    const world = await open();
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc
        .array(
          fc.constantFrom(
            'GET ',
            'POST ',
            'CONNECT ',
            `http://${HOST}/`,
            `${HOST}:443`,
            ' HTTP/1.1',
            '\r\n',
            '\n',
            'Host: ',
            HOST,
            'Content-Length: 3',
            'Transfer-Encoding: chunked',
            '\0',
            `Proxy-Authorization: ${CREDENTIALS}`,
            ': ',
            '0',
          ),
          { maxLength: 14 },
        )
        .map((parts) => Buffer.from(parts.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom('outside', 'tunnel', 'tls'), async (input, where) => {
        const socket =
          where === 'outside'
            ? await rawSocket(world)
            : where === 'tunnel'
              ? await rawTunnel(world)
              : await tlsTunnel(world);
        socket.on('error', () => undefined);
        const closed = textOf(socket);
        socket.end(input);
        socket.setTimeout(2_000, () => socket.destroy());
        await closed;
      }),
      { numRuns: 150 },
    );
    assert.equal(
      world.judged.length,
      world.outcomes.length,
      'what was judged (a valid request may come up) has its outcome',
    );
    const socket = await tlsTunnel(world);
    socket.write(`GET /after HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    assert.match(await textOf(socket, /hello/), /hello GET \/after/);
    socket.destroy();
  });

  it('more connections than there is room for are told so', async () => {
    const world = await open({ options: { limits: { connections: 3 } } });
    const open3 = [await rawTunnel(world), await rawTunnel(world), await rawTunnel(world)];
    const fourth = await rawSocket(world);
    assert.match(await textOf(fourth), /^HTTP\/1.1 503 [\s\S]*more than 3 connections/);
    open3[0]?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    (await rawTunnel(world)).destroy();
    for (const socket of open3) socket.destroy();
  });
});
