import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { ask, HOST, http2Tunnel, openWorld, tlsTunnel, until, type World, type WorldOptions } from './fixture.ts';

const worlds: World[] = [];
async function open(more: WorldOptions = {}): Promise<World> {
  const world = await openWorld(more);
  worlds.push(world);
  return world;
}
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

const UPSTREAMS = ['http1', 'http2'] as const;

describe('HTTP/2 clients', () => {
  for (const upstream of UPSTREAMS) {
    it(`are judged stream by stream, towards ${upstream}`, async () => {
      const world = await open({ upstream });
      const session = await http2Tunnel(world);
      const answers = await Promise.all([
        ask(session, { ':path': '/a/%2e%2e/b?q=|1', 'x-odd': '1', cookie: ['a=1', 'b=2'] }),
        ask(session, { ':path': '/c', ':method': 'POST', te: 'trailers', 'content-type': 'text/plain' }, 'body text'),
      ]);
      assert.deepEqual(
        answers.map((one) => [one.headers[':status'], one.text]),
        [
          [200, 'hello GET /b?q=%7C1'],
          [200, 'hello POST /c'],
        ],
      );
      assert.deepEqual(world.judged.map((one) => one.url).sort(), [`https://${HOST}/b?q=%7C1`, `https://${HOST}/c`]);
      const post = world.seen.find((one) => one.method === 'POST');
      const get = world.seen.find((one) => one.method === 'GET');
      assert.equal(post?.body.toString(), 'body text');
      assert.ok(post?.rawHeaders.join(' ').toLowerCase().includes('content-length 9'));
      assert.match(get?.rawHeaders.join('|') ?? '', /cookie\|a=1; b=2/);
      assert.equal(post?.rawHeaders.includes('te'), upstream === 'http2', 'trailers are asked for where they can come');
      assert.equal(world.connections(), upstream === 'http2' ? 1 : 2);
      assert.deepEqual(world.judged[0]?.identity, { agent: 'tester', task: 'task-1' });
      await until(() => world.outcomes.length === 2);
      session.close();
    });

    it(`stream large bodies that may pass, and large answers, towards ${upstream}`, async () => {
      const answer = Buffer.alloc(5 * 1024 * 1024, 'y');
      const world = await open({ upstream, answer: (_request, response) => response.end(answer) });
      const session = await http2Tunnel(world);
      const body = Buffer.alloc(3 * 1024 * 1024, 'x');
      for (const more of [{}, { 'content-length': String(body.length) }]) {
        const got = await ask(session, { ':path': '/p', ':method': 'POST', ...more }, body);
        assert.equal(got.text.length, answer.length);
        assert.ok(world.seen.at(-1)?.body.equals(body));
        assert.equal(world.judged.at(-1)?.bodyTooLarge, true);
      }
      session.close();
    });

    it(`get events as they come, and trailers, towards ${upstream}`, async () => {
      const next = Promise.withResolvers<void>();
      const world = await open({
        upstream,
        answer: (_request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream', trailer: 'grpc-status' });
          response.write('data: 1\n\n');
          void next.promise.then(() => {
            response.addTrailers({ 'grpc-status': '7' });
            response.end('data: 2\n\n');
          });
        },
      });
      const session = await http2Tunnel(world);
      const stream = session.request({ ':path': '/events' });
      const [first] = (await once(stream, 'data')) as [Buffer];
      assert.equal(first.toString(), 'data: 1\n\n');
      assert.equal(world.outcomes.length, 0);
      const trailers = once(stream, 'trailers');
      next.resolve();
      stream.resume();
      assert.equal(((await trailers) as [Record<string, string>])[0]['grpc-status'], '7');
      await until(() => world.outcomes.length === 1);
      session.close();
    });

    it(`that leave cancel what they asked for, and nothing else, towards ${upstream}`, async () => {
      const world = await open({
        upstream,
        answer: (request, response) => (request.url === '/never' ? undefined : response.end('hello')),
      });
      const session = await http2Tunnel(world);
      const never = session.request({ ':path': '/never', ':method': 'POST' });
      never.on('error', () => undefined);
      never.end('x');
      await until(() => world.seen.length === 1);
      never.close(constants.NGHTTP2_CANCEL);
      await until(() => world.outcomes.length === 1);
      assert.equal(world.outcomes[0]?.outcome, 'unknown');
      assert.equal((await ask(session, { ':path': '/after' })).text, 'hello');
      session.close();
    });

    it(`see that an answer is cut, towards ${upstream}`, async () => {
      const world = await open({
        upstream,
        answer: (_request, response) => {
          response.writeHead(200, { 'content-type': 'text/plain' });
          response.write('half');
          setTimeout(() => world.cutServers(), 20);
        },
      });
      const session = await http2Tunnel(world);
      const got = await ask(session, { ':path': '/p', ':method': 'POST' }, 'x');
      assert.equal(got.text, 'half');
      assert.notEqual(got.code, 0);
      assert.equal(world.outcomes[0]?.outcome, 'unknown');
      session.close();
    });
  }

  it('speak gRPC: an answer of trailers alone, and a status after messages', async () => {
    const world = await open({
      upstream: 'http2',
      answer: (request, response) => {
        response.writeHead(200, {
          'content-type': 'application/grpc',
          ...(request.url === '/s/Bare' ? { 'grpc-status': '5' } : {}),
        });
        if (request.url !== '/s/Bare') {
          response.write(Buffer.from([0, 0, 0, 0, 1, 65]));
          response.addTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' });
        }
        response.end();
      },
    });
    const session = await http2Tunnel(world);
    const call = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
    const bare = await ask(session, { ...call, ':path': '/s/Bare' }, Buffer.alloc(5));
    assert.equal(bare.headers['grpc-status'], '5');
    const whole = await ask(session, { ...call, ':path': '/s/Call' }, Buffer.alloc(5));
    assert.equal(whole.text, '\0\0\0\0\x01A');
    assert.deepEqual(Object.entries(whole.trailers ?? {}), [
      ['grpc-status', '0'],
      ['grpc-message', 'fine'],
    ]);
    session.close();
  });

  it('are refused on their stream, in the words of HTTP and of GraphQL, and go on', async () => {
    const world = await open({
      judge: async (request, _signal, pass) =>
        request.url.endsWith('/fine')
          ? pass
          : {
              kind: 'refuse',
              status: 403,
              retryAfterSeconds: 30,
              problem: { type: 'urn:test', title: 'held', detail: 'wait', hold: 'h-1', rule: 'r' },
            },
    });
    const session = await http2Tunnel(world);
    const rest = await ask(session, { ':path': '/held', ':method': 'DELETE' });
    assert.equal(rest.headers[':status'], 403);
    assert.equal(rest.headers['retry-after'], '30');
    assert.equal(rest.headers['content-type'], 'application/problem+json');
    assert.equal(JSON.parse(rest.text).hold, 'h-1');
    const query = await ask(
      session,
      { ':path': '/graphql', ':method': 'POST', 'content-type': 'application/json' },
      '{"query":"mutation{a}"}',
    );
    assert.equal(query.headers[':status'], 200);
    assert.equal(JSON.parse(query.text).errors[0].extensions.hold, 'h-1');
    assert.equal((await ask(session, { ':path': '/held', ':method': 'HEAD' })).headers[':status'], 403);
    assert.equal(world.connections(), 0);
    assert.equal((await ask(session, { ':path': '/fine' })).text, 'hello GET /fine');
    session.close();
  });

  it('read the refusal of a large body that they are still sending', async () => {
    const world = await open({
      judge: async () => ({ kind: 'refuse', status: 413, problem: { type: 'a', title: 'b', detail: 'c' } }),
    });
    const session = await http2Tunnel(world);
    const got = await ask(session, { ':path': '/p', ':method': 'POST' }, Buffer.alloc(24 * 1024 * 1024));
    assert.equal(got.headers[':status'], 413);
    assert.equal(world.connections(), 0);
    session.close();
  });

  it('ask no resolver before the verdict, and connect to no address that was not declared', async () => {
    const order: string[] = [];
    const world = await open({
      judge: async (_request, _signal, pass) => {
        order.push('judge');
        return pass;
      },
      options: {
        resolve: new Map(),
        lookup: async (name) => {
          order.push(`lookup ${name}`);
          return [{ address: '169.254.169.254', family: 4 }];
        },
      },
    });
    const session = await http2Tunnel(world);
    const got = await ask(session, { ':path': '/latest/meta-data' });
    assert.equal(got.headers[':status'], 403);
    assert.match(got.text, /which is metadata/);
    assert.deepEqual(order, ['judge', `lookup ${HOST}`]);
    assert.equal(world.outcomes[0]?.outcome, 'not-started');
    session.close();
  });

  it('that vanish before the verdict start nothing', async () => {
    const verdict = Promise.withResolvers<void>();
    const world = await open({ judge: async (_request, _signal, pass) => verdict.promise.then(() => pass) });
    const session = await http2Tunnel(world);
    void ask(session, { ':path': '/p', ':method': 'POST' }, 'x');
    await until(() => world.judged.length === 1);
    session.destroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    verdict.resolve();
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'not-started');
    assert.equal(world.connections(), 0);
  });

  it('get their own answers: any mixture of streams over several connections', async () => {
    const world = await open({
      upstream: 'http2',
      judge: async (request, _signal, pass) => {
        await new Promise((resolve) => setTimeout(resolve, Number(/wait=(\d+)/.exec(request.url)?.[1] ?? 0)));
        return request.url.includes('held')
          ? { kind: 'refuse', status: 403, problem: { type: 'a', title: 'b', detail: request.url } }
          : pass;
      },
      answer: (request, response) => response.end(`for ${request.url} ${String(request.headers['x-mark'])}`),
    });
    const plan = fc.array(
      fc.record({
        at: fc.nat(2),
        held: fc.boolean(),
        wait: fc.nat(6),
        body: fc.option(fc.string({ maxLength: 2000 }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (requests) => {
        const sessions = await Promise.all([0, 1, 2].map(() => http2Tunnel(world)));
        await Promise.all(
          requests.map(async ({ at, held, wait, body }, index) => {
            const path = `/${held ? 'held' : 'fine'}/${at}-${index}?wait=${wait}`;
            const headers = {
              ':path': path,
              'x-mark': `m${at}-${index}`,
              ':method': body === undefined ? 'GET' : 'POST',
            };
            const got = await ask(sessions[at] ?? assert.fail(), headers, body);
            if (held) assert.equal(JSON.parse(got.text).detail, `https://${HOST}${path}`);
            else assert.equal(got.text, `for ${path} m${at}-${index}`);
          }),
        );
        for (const session of sessions) session.destroy();
      }),
      { numRuns: 12 },
    );
  });

  it('have a bound on streams, and what is past it may be tried again', async () => {
    const verdict = Promise.withResolvers<void>();
    const world = await open({ judge: async (_request, _signal, pass) => verdict.promise.then(() => pass) });
    const session = await http2Tunnel(world);
    await once(session, 'remoteSettings');
    const all = Array.from({ length: 120 }, (_, index) => ask(session, { ':path': `/${index}` }));
    await until(() => world.judged.length === 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(world.judged.length, 100);
    verdict.resolve();
    assert.ok((await Promise.all(all)).every((one) => one.headers[':status'] === 200));
    session.close();
  });
});

it('an HTTP/1.1 client of a server that speaks HTTP/2 is served in HTTP/1.1', async () => {
  const world = await open({ upstream: 'http2' });
  const socket = await tlsTunnel(world);
  socket.write(`GET /x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await once(socket, 'data');
  assert.ok(world.seen[0]?.rawHeaders.includes('Host'));
  socket.destroy();
});
