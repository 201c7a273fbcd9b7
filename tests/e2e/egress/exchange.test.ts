import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { GatewayDecision } from '../../../src/apps/egress/contract.ts';
import {
  CREDENTIALS,
  HOST,
  openWorld,
  PLAIN_HOST,
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

function post(body: Buffer | string, ...headers: string[]): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(
      `POST /p HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${bytes.length}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`,
    ),
    bytes,
  ]);
}

describe('what is judged is what is sent', () => {
  it('sends the canonical target, our framing and the rest as written', async () => {
    const world = await open();
    const socket = await tlsTunnel(world);
    socket.write(
      `POST /a/%2e%2e/%62?q=|1 HTTP/1.1\r\nHost: ${HOST}:443\r\nX-Odd-CASE: 1\r\nx-odd-case: 2\r\nKeep-Alive: 1\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1;ext=1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`,
    );
    await textOf(socket, /hello/);
    const seen = world.seen[0];
    assert.equal(seen?.url, '/b?q=%7C1');
    assert.deepEqual(seen?.rawHeaders, [
      'Host',
      HOST,
      'X-Odd-CASE',
      '1',
      'x-odd-case',
      '2',
      'Content-Length',
      '3',
      'Connection',
      'keep-alive',
    ]);
    assert.equal(seen?.body.toString(), 'abc');
    assert.equal(world.judged[0]?.url, `https://${HOST}/b?q=%7C1`);
    assert.deepEqual(world.judged[0]?.headers.get('x-odd-case'), ['1', '2']);
    assert.equal(Buffer.from(world.judged[0]?.body ?? []).toString(), 'abc');
    socket.destroy();
  });

  for (const [coding, bytes] of [
    ['gzip', gzipSync('plain text')],
    ['deflate', deflateSync('plain text')],
    ['br', brotliCompressSync('plain text')],
  ] as const) {
    it(`judges a ${coding} body unpacked and sends it as it came`, async () => {
      const world = await open();
      const socket = await tlsTunnel(world);
      socket.write(post(bytes, `Content-Encoding: ${coding}`));
      await textOf(socket, /hello/);
      assert.equal(Buffer.from(world.judged[0]?.body ?? []).toString(), 'plain text');
      assert.deepEqual(world.seen[0]?.body, bytes);
      socket.destroy();
    });
  }

  const PACKED: readonly (readonly [string, string, Buffer, number])[] = [
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(8 * 1024 * 1024)), 413],
    ['a brotli bomb', 'br', brotliCompressSync(Buffer.alloc(8 * 1024 * 1024)), 413],
    ['a second member', 'gzip', Buffer.concat([gzipSync('{"query":"{a}"}'), gzipSync('x')]), 400],
    ['a remainder', 'deflate', Buffer.concat([deflateSync('a'), Buffer.from('b')]), 400],
    ['a brotli remainder', 'br', Buffer.concat([brotliCompressSync('a'), Buffer.from('b')]), 400],
    ['a truncated stream', 'gzip', gzipSync('plain text').subarray(0, -2), 400],
    ['an empty stream', 'gzip', Buffer.alloc(0), 400],
  ];
  for (const [note, coding, bytes, status] of PACKED) {
    it(`refuses ${note}`, async () => {
      const world = await open();
      const socket = await tlsTunnel(world);
      socket.write(post(bytes, `Content-Encoding: ${coding}`));
      assert.match(await textOf(socket), new RegExp(`^HTTP/1.1 ${status} `));
      assert.equal(world.judged.length, 0);
      assert.equal(world.connections(), 0);
    });
  }

  it('judges a large body as such and streams it whole if it may pass', async () => {
    const world = await open();
    for (const chunked of [false, true]) {
      const socket = await tlsTunnel(world);
      const body = Buffer.alloc(3 * 1024 * 1024, 'x');
      if (chunked) {
        socket.write(`POST /p HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`);
        for (let at = 0; at < body.length; at += 65_536)
          socket.write(Buffer.concat([Buffer.from('10000\r\n'), body.subarray(at, at + 65_536), Buffer.from('\r\n')]));
        socket.write('0\r\n\r\n');
      } else socket.write(post(body));
      await textOf(socket, /hello/);
      assert.equal(world.judged.at(-1)?.bodyTooLarge, true);
      assert.equal(world.judged.at(-1)?.body, undefined);
      assert.ok(world.seen.at(-1)?.body.equals(body));
      socket.destroy();
    }
    assert.deepEqual(
      world.outcomes.map((one) => one.outcome),
      ['done', 'done'],
    );
  });

  it('sends nothing of a large body that is refused', async () => {
    const world = await open({
      judge: async () => ({
        kind: 'refuse',
        status: 413,
        problem: { type: 'urn:test', title: 'too large', detail: 'cannot be judged' },
      }),
    });
    const socket = await tlsTunnel(world);
    socket.write(post(Buffer.alloc(2 * 1024 * 1024)));
    assert.match(await textOf(socket), /^HTTP\/1.1 413 /);
    assert.equal(world.connections(), 0);
  });

  it('lets a client that listens only after its last byte read the refusal', async () => {
    const world = await open({
      judge: async () => ({
        kind: 'refuse',
        status: 413,
        problem: { type: 'urn:test', title: 'too large', detail: 'cannot be judged' },
      }),
    });
    const large = Buffer.alloc(24 * 1024 * 1024);
    const rows = [
      [await tlsTunnel(world), post(large), /^HTTP\/1.1 413 /],
      [await rawTunnel(world, `${HOST}:80`), post(large), /^HTTP\/1.1 413 /],
      [await rawSocket(world), post(large), /^HTTP\/1.1 400 /],
      [await rawSocket(world), Buffer.concat([Buffer.from('POST / nonsense\r\n\r\n'), large]), /^HTTP\/1.1 400 /],
    ] as const;
    for (const [socket, bytes, want] of rows) {
      socket.pause();
      await new Promise<void>((resolve, reject) => {
        socket.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()));
      });
      const answer = textOf(socket);
      socket.resume();
      assert.match(await answer, want);
    }
    assert.equal(world.connections(), 0);
  });

  it('answers an expectation before the body and once', async () => {
    const world = await open();
    const socket = await tlsTunnel(world);
    socket.write(`POST /p HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`);
    const text = textOf(socket, /hello/);
    await once(socket, 'data');
    socket.write('abc');
    assert.match(await text, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
    assert.equal(world.seen[0]?.body.toString(), 'abc');
    assert.ok(!world.seen[0]?.rawHeaders.includes('Expect'));
    socket.destroy();
  });
});

describe('nothing is sent without a verdict', () => {
  const JUDGES: readonly (readonly [string, NonNullable<WorldOptions['judge']>, number])[] = [
    ['rejects', async () => Promise.reject(new Error('secret detail')), 503],
    [
      'throws',
      () => {
        throw new Error('secret detail');
      },
      503,
    ],
    ['hangs', () => new Promise(() => undefined), 503],
    ['answers nothing', async () => undefined as unknown as GatewayDecision, 503],
    ['answers nonsense', async () => ({ kind: 'allow' }) as unknown as GatewayDecision, 503],
    ['passes without a way to report', async () => ({ kind: 'pass' }) as unknown as GatewayDecision, 503],
    [
      'refuses with a good status',
      async () => ({ kind: 'refuse', status: 200, problem: { type: 'a', title: 'b', detail: 'c' } }),
      503,
    ],
    [
      'refuses',
      async () => ({
        kind: 'refuse',
        status: 403,
        retryAfterSeconds: 7,
        problem: { type: 'a', title: 'b', detail: 'c' },
      }),
      403,
    ],
  ];
  for (const [note, judge, status] of JUDGES) {
    it(`the judge ${note}`, async () => {
      const world = await open({ judge, options: { limits: { judgeTimeoutMs: 50 } } });
      const socket = await tlsTunnel(world);
      socket.write(`${post('x').toString()}GET /second HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      const answer = await textOf(socket);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      assert.doesNotMatch(answer, /secret detail/);
      if (status === 403) assert.match(answer, /retry-after: 7/);
      assert.equal(world.connections(), 0);
      assert.equal(world.judged.length, 1, 'what was pipelined behind a refusal is dropped');
      assert.equal(world.refusals.length, status === 403 ? 0 : 1);
    });
  }

  it('a verdict that comes too late ends as not started', async () => {
    const verdict = Promise.withResolvers<void>();
    const world = await open({
      judge: async (_request, _signal, pass) => verdict.promise.then(() => pass),
      options: { limits: { judgeTimeoutMs: 30 } },
    });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    assert.match(await textOf(socket), /^HTTP\/1.1 503 /);
    verdict.resolve();
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'not-started');
    assert.equal(world.connections(), 0);
  });

  it('a client that leaves before the verdict starts nothing', async () => {
    const verdict = Promise.withResolvers<void>();
    let aborted = false;
    const world = await open({
      judge: async (_request, signal, pass) => {
        signal.addEventListener('abort', () => (aborted = true));
        await verdict.promise;
        return pass;
      },
    });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    await until(() => world.judged.length === 1);
    socket.destroy();
    await until(() => aborted);
    verdict.resolve();
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'not-started');
    assert.equal(world.connections(), 0);
  });

  it('bad syntax behind a request that is being judged stops that too', async () => {
    const verdict = Promise.withResolvers<void>();
    const world = await open({ judge: async (_request, _signal, pass) => verdict.promise.then(() => pass) });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    await until(() => world.judged.length === 1);
    socket.write('garbage\r\n\r\n');
    await until(() => world.refusals.length === 1);
    verdict.resolve();
    assert.match(await textOf(socket), /^(HTTP\/1.1 400 [\s\S]*)?$/);
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'not-started');
    assert.equal(world.connections(), 0);
  });

  it('answers pipelined requests in their order, one at a time', async () => {
    let judging = 0;
    let most = 0;
    const world = await open({
      judge: async (request, _signal, pass) => {
        judging += 1;
        most = Math.max(most, judging);
        await new Promise((resolve) => setTimeout(resolve, request.url.endsWith('/1') ? 30 : 1));
        judging -= 1;
        return pass;
      },
    });
    const socket = await tlsTunnel(world);
    socket.write([1, 2, 3].map((n) => `GET /${n} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`).join(''));
    const text = await textOf(socket, /GET \/3/);
    assert.deepEqual(text.match(/GET \/\d/g), ['GET /1', 'GET /2', 'GET /3']);
    assert.equal(most, 1);
    socket.destroy();
  });

  it('bounds requests at one time, and pipelines', async () => {
    const verdict = Promise.withResolvers<void>();
    const world = await open({
      judge: async (_request, _signal, pass) => verdict.promise.then(() => pass),
      options: { limits: { inFlight: 2, pipelined: 4 } },
    });
    const sockets = [await tlsTunnel(world), await tlsTunnel(world)];
    for (const socket of sockets) socket.write(post('x'));
    await until(() => world.judged.length === 2);
    const third = await tlsTunnel(world);
    third.write(post('x'));
    assert.match(await textOf(third), /^HTTP\/1.1 503 [\s\S]*retry-after: 1/);
    verdict.resolve();
    for (const socket of sockets) {
      await textOf(socket, /hello/);
      socket.destroy();
    }
    const many = await tlsTunnel(world);
    many.write(`GET /1 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`.repeat(50));
    await textOf(many);
  });
});

describe('outcomes', () => {
  it('by status', async () => {
    const world = await open({
      answer: (request, response) => {
        response.statusCode = Number(request.url?.slice(1));
        response.end();
      },
    });
    const socket = await tlsTunnel(world);
    for (const [method, status] of [
      ['GET', 200],
      ['POST', 404],
      ['GET', 503],
      ['POST', 503],
    ] as const) {
      const count = world.outcomes.length;
      socket.write(`${method} /${status} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0\r\n\r\n`);
      await until(() => world.outcomes.length > count);
    }
    assert.deepEqual(world.outcomes, [
      { outcome: 'done', status: 200 },
      { outcome: 'failed', status: 404 },
      { outcome: 'failed', status: 503 },
      { outcome: 'unknown', status: 503 },
    ]);
    socket.destroy();
  });

  it('unknown where the server breaks off before its answer, never tried again', async () => {
    const world = await open({ answer: (request) => request.socket.destroy() });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    assert.match(await textOf(socket), /^HTTP\/1.1 502 [\s\S]*whether the request took effect is not known/);
    assert.equal(world.outcomes[0]?.outcome, 'unknown');
    assert.equal(world.seen.length, 1);
  });

  it('unknown where it breaks off inside the answer, and the client sees that it is cut', async () => {
    const world = await open({
      answer: (request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        setTimeout(() => request.socket.destroy(), 20);
      },
    });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    assert.match(await textOf(socket), /half$/);
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'unknown');
  });

  it('unknown where no answer comes in time', async () => {
    const world = await open({ answer: () => undefined, options: { limits: { answerTimeoutMs: 50 } } });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    assert.match(await textOf(socket), /^HTTP\/1.1 504 /);
    assert.equal(world.outcomes[0]?.outcome, 'unknown');
  });

  it('unknown where the client leaves after the request was sent', async () => {
    const world = await open({ answer: () => undefined });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    await until(() => world.seen.length === 1);
    socket.destroy();
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'unknown');
  });

  it('not started where the server cannot be reached, or is not who it should be', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    assert.ok(address !== null && typeof address === 'object');
    closed.close();
    await once(closed, 'close');
    const world = await open();
    const resolve = new Map([
      ['gone.example', { address: '127.0.0.1', port: address.port }],
      ['other.example', { address: '127.0.0.1', port: world.upstreamPort }],
    ]);
    const second = await open({ options: { resolve, allowAddresses: ['127.0.0.0/8'] } });
    for (const host of ['gone.example', 'other.example']) {
      const socket = await tlsTunnel(second, { authority: `${host}:443`, servername: host });
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.match(await textOf(socket), /^HTTP\/1.1 502 [\s\S]*nothing was sent/);
    }
    assert.deepEqual(
      second.outcomes.map((one) => one.outcome),
      ['not-started', 'not-started'],
    );
    assert.equal(world.seen.length, 0);
  });

  it('is told of an outcome that could not be recorded', async () => {
    const failures: unknown[] = [];
    const world = await open({
      judge: async () => ({ kind: 'pass', done: async () => Promise.reject(new Error('disk full')) }),
      options: { onRecordFailure: (error) => failures.push(error) },
    });
    const socket = await tlsTunnel(world);
    socket.write(post('x'));
    await textOf(socket, /hello/);
    await until(() => failures.length === 1);
    socket.destroy();
  });

  it('is recorded before closing is done', async () => {
    const world = await open({ answer: () => undefined });
    const socket = await tlsTunnel(world);
    socket.on('error', () => undefined);
    socket.write(post('x'));
    await until(() => world.seen.length === 1);
    await world.egress.close();
    assert.equal(world.outcomes[0]?.outcome, 'unknown');
  });
});

describe('addresses', () => {
  const REFUSED: readonly (readonly [string, string])[] = [
    ['127.0.0.1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['169.254.169.254', 'metadata'],
    ['[::1]', 'loopback'],
    ['[::ffff:127.0.0.1]', 'mapped'],
    ['[fd00::1]', 'private'],
    ['0.0.0.0', 'unspecified'],
  ];
  for (const [host, kind] of REFUSED) {
    it(`refuses ${host}`, async () => {
      const world = await open();
      const socket = await rawTunnel(world, `${host}:80`);
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.match(await textOf(socket), new RegExp(`^HTTP/1.1 403 [\\s\\S]*which is ${kind}`));
      assert.deepEqual(
        world.outcomes.map((one) => one.outcome),
        ['not-started'],
      );
      assert.equal(world.refusals[0]?.code, 'address');
    });
  }

  it('asks the resolver after the verdict only, and refuses what it answers', async () => {
    const order: string[] = [];
    const answers: Record<string, string[]> = {
      'mixed.example': ['93.184.216.34', '127.0.0.1'],
      'inner.example': ['192.168.1.1'],
      'none.example': [],
    };
    const world = await open({
      judge: async (request, _signal, pass) => {
        order.push(`judge ${new URL(request.url).hostname}`);
        return request.url.includes('held')
          ? { kind: 'refuse', status: 403, problem: { type: 'a', title: 'b', detail: 'c' } }
          : pass;
      },
      options: {
        lookup: async (host) => {
          order.push(`lookup ${host}`);
          return (answers[host] ?? []).map((address) => ({ address, family: 4 as const }));
        },
      },
    });
    for (const [host, status] of [
      ['mixed.example', 403],
      ['inner.example', 403],
      ['none.example', 502],
      ['held.example', 403],
    ] as const) {
      const socket = await rawSocket(world);
      socket.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`);
      assert.match(await textOf(socket), new RegExp(`^HTTP/1.1 ${status} `));
    }
    assert.deepEqual(order, [
      'judge mixed.example',
      'lookup mixed.example',
      'judge inner.example',
      'lookup inner.example',
      'judge none.example',
      'lookup none.example',
      'judge held.example',
    ]);
  });

  it('connects nowhere for a client that left while the address was looked up', async () => {
    const found = Promise.withResolvers<void>();
    let asked = false;
    const world = await open({
      options: {
        allowAddresses: ['127.0.0.0/8'],
        lookup: async () => {
          asked = true;
          await found.promise;
          return [{ address: '127.0.0.1', family: 4 }];
        },
      },
    });
    const host = `late.example:${world.upstreamPort}`;
    const socket = await rawTunnel(world, host);
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await until(() => asked);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    found.resolve();
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'not-started');
    assert.equal(world.connections(), 0);
  });

  it('does not connect to itself even where loopback is declared', async () => {
    const world = await open({ options: { allowAddresses: ['127.0.0.0/8'] } });
    const host = `127.0.0.1:${world.egress.port}`;
    const socket = await rawTunnel(world, host);
    socket.write(`GET http://${PLAIN_HOST}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`.replace(`http://${PLAIN_HOST}`, ''));
    assert.match(await textOf(socket), /^HTTP\/1.1 508 /);
  });
});
