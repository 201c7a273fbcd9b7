import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { HTTP2_LIMITS } from '../../../src/apps/egress/http2-limits.ts';
import { ask, HOST, http2Tunnel, openWorld, tlsTunnel, until, type World } from './fixture.ts';
import { block, endOf, type Fields, FLAG, FRAME, frame, framesIn, headers, PREFACE, uint32 } from './http2-frames.ts';

const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', HOST],
  [':path', '/'],
];
const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];
const OPEN = FLAG.endHeaders;

function get(name: string, value: string): Fields {
  return GET.map((field) => (field[0] === name ? [name, value] : field));
}

function without(name: string): Fields {
  return GET.filter((field) => field[0] !== name);
}

/**
 * What goes through a tunnel, how it must end, and the code on record. `reset` and `goaway` are nghttp2's own words with a
 * code of RFC 9113 section 7, `nothing` a connection that is cut; a number is the status of an answer.
 */
const REFUSED: readonly (readonly [note: string, frames: readonly Buffer[], end: string | number, code: string])[] = [
  ['an uppercase header name', [headers(1, [...GET, ['X-Up', '1']])], 'reset 1', 'h2-malformed'],
  ['two methods', [headers(1, [...GET, [':method', 'POST']])], 'reset 1', 'h2-malformed'],
  ['two paths', [headers(1, [...GET, [':path', '/other']])], 'reset 1', 'h2-malformed'],
  ['two authorities', [headers(1, [...GET, [':authority', 'other.example']])], 'reset 1', 'h2-malformed'],
  ['a pseudo-header after a header', [headers(1, [['a', 'b'], ...GET])], 'reset 1', 'h2-malformed'],
  ['an unknown pseudo-header', [headers(1, [...GET, [':foo', 'x']])], 'reset 1', 'h2-malformed'],
  ['a pseudo-header of answers', [headers(1, [...GET, [':status', '200']])], 'reset 1', 'h2-malformed'],
  ['no path', [headers(1, without(':path'))], 'reset 1', 'h2-malformed'],
  ['no scheme', [headers(1, without(':scheme'))], 'reset 1', 'h2-malformed'],
  ['no method', [headers(1, without(':method'))], 'reset 1', 'h2-malformed'],
  ['an empty path', [headers(1, get(':path', ''))], 'reset 1', 'h2-malformed'],
  ['an asterisk as path', [headers(1, get(':path', '*'))], 'reset 1', 'h2-malformed'],
  ['a space in the path', [headers(1, get(':path', '/a b'))], 'reset 1', 'h2-malformed'],
  ['a line in the path', [headers(1, get(':path', '/ HTTP/1.1\r\nHost: evil'))], 'reset 1', 'h2-malformed'],
  ['a line in the method', [headers(1, get(':method', 'GET / HTTP/1.1\r\nx: y'))], 'reset 1', 'h2-malformed'],
  ['a line in the authority', [headers(1, get(':authority', `${HOST}\r\nx: y`))], 'reset 1', 'h2-malformed'],
  ['connection', [headers(1, [...GET, ['connection', 'close']])], 'reset 1', 'h2-malformed'],
  ['keep-alive', [headers(1, [...GET, ['keep-alive', '5']])], 'reset 1', 'h2-malformed'],
  ['proxy-connection', [headers(1, [...GET, ['proxy-connection', 'close']])], 'reset 1', 'h2-malformed'],
  ['transfer-encoding', [headers(1, [...POST, ['transfer-encoding', 'chunked']], OPEN)], 'reset 1', 'h2-malformed'],
  ['upgrade', [headers(1, [...GET, ['upgrade', 'h2c']])], 'reset 1', 'h2-malformed'],
  ['te other than trailers', [headers(1, [...GET, ['te', 'gzip']])], 'reset 1', 'h2-malformed'],
  ['a length without a body', [headers(1, [...GET, ['content-length', '5']])], 'reset 1', 'h2-malformed'],
  [
    'two lengths',
    [headers(1, [...POST, ['content-length', '1'], ['content-length', '1']], OPEN)],
    'reset 1',
    'h2-malformed',
  ],
  ['a signed length', [headers(1, [...POST, ['content-length', '+1']], OPEN)], 'reset 1', 'h2-malformed'],
  [
    'extended CONNECT, which is not offered',
    [headers(1, [...get(':method', 'CONNECT'), [':protocol', 'websocket']], OPEN)],
    'reset 1',
    'h2-malformed',
  ],
  [
    'very many headers',
    [headers(1, [...GET, ...Array.from({ length: 400 }, (_, at) => [`a${at}`, 'b'] as const)])],
    'reset 11',
    'h2-malformed',
  ],
  [
    'a body longer than its length',
    [headers(1, [...POST, ['content-length', '3']], OPEN), frame(FRAME.data, FLAG.endStream, 1, Buffer.from('abcd'))],
    'goaway 2',
    'h2',
  ],
  [
    'a body shorter than its length',
    [headers(1, [...POST, ['content-length', '3']], OPEN), frame(FRAME.data, FLAG.endStream, 1, Buffer.from('ab'))],
    'reset 1',
    'body-broken',
  ],
  [
    'CONNECT',
    [
      headers(
        1,
        [
          [':method', 'CONNECT'],
          [':authority', 'other.example:443'],
        ],
        OPEN,
      ),
    ],
    405,
    'method',
  ],
  ['TRACE', [headers(1, get(':method', 'TRACE'))], 405, 'method'],
  ['another authority', [headers(1, get(':authority', 'other.example'))], 421, 'host'],
  ['another port', [headers(1, get(':authority', `${HOST}:444`))], 421, 'host'],
  ['a user in the authority', [headers(1, get(':authority', `x@${HOST}`))], 'reset 1', 'h2-malformed'],
  ['a host that is not the authority', [headers(1, [...GET, ['host', 'other.example']])], 421, 'host'],
  ['a host alone, and another', [headers(1, [...without(':authority'), ['host', 'other.example']])], 421, 'host'],
  ['two hosts', [headers(1, [...GET, ['host', HOST], ['host', HOST]])], 'reset 1', 'h2-malformed'],
  ['another scheme', [headers(1, get(':scheme', 'http'))], 400, 'scheme'],
  ['an absolute path', [headers(1, get(':path', `https://${HOST}/`))], 'reset 1', 'h2-malformed'],
  ['a hidden dot segment', [headers(1, get(':path', '/a%2f..%2fb'))], 400, 'target'],
  ['a fragment', [headers(1, get(':path', '/a#b'))], 400, 'target'],
  ['bytes above ASCII in the path', [headers(1, get(':path', '/\xff'))], 400, 'target'],
  [
    'two authorizations',
    [headers(1, [...GET, ['authorization', 'a'], ['authorization', 'b']])],
    400,
    'duplicate-header',
  ],
  ['an underscore twin', [headers(1, [...GET, ['content_length', '5']])], 400, 'header-name'],
  ['a mark of our own', [headers(1, [...GET, ['holdpoint-body', 'x']])], 400, 'header-name'],
  [
    'request trailers',
    [headers(1, POST, OPEN), frame(FRAME.data, 0, 1, Buffer.from('x')), headers(1, [['x-late', '1']])],
    400,
    'trailers',
  ],
  [
    'a pseudo-header among trailers',
    [headers(1, POST, OPEN), frame(FRAME.data, 0, 1, Buffer.from('x')), headers(1, [[':path', '/other']])],
    'reset 1',
    'body-broken',
  ],
  [
    'an unknown body encoding',
    [headers(1, [...POST, ['content-encoding', 'zstd']], OPEN), frame(FRAME.data, FLAG.endStream, 1, Buffer.from('x'))],
    415,
    'content-encoding',
  ],
  ['headers that are no HPACK', [frame(FRAME.headers, 5, 1, Buffer.alloc(4, 0xff))], 'goaway 9', 'h2'],
  ['a stream with an even number', [headers(2, GET)], 'goaway 1', 'h2'],
  ['data of no stream', [frame(FRAME.data, FLAG.endStream, 1, Buffer.from('x'))], 'goaway 1', 'h2'],
  [
    'a stream that depends on itself',
    [frame(FRAME.headers, 0x25, 1, Buffer.concat([uint32(1), Buffer.from([0]), block(GET)]))],
    'goaway 1',
    'h2',
  ],
  ['a push by a client', [frame(FRAME.push, 4, 1, Buffer.alloc(8))], 'goaway 1', 'h2'],
  [
    'continuations without end',
    [
      frame(FRAME.headers, FLAG.endStream, 1, block(GET)),
      ...Array.from({ length: 40 }, () => frame(FRAME.continuation, 0, 1)),
    ],
    'goaway',
    'h2',
  ],
  ['a continuation of nothing', [frame(FRAME.continuation, FLAG.endHeaders, 1, block(GET))], 'goaway 1', 'h2'],
  [
    'another frame among continuations',
    [frame(FRAME.headers, FLAG.endStream, 1, block(GET)), frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    'goaway 1',
    'h2',
  ],
  ['a window past its end', [headers(1, POST, OPEN), frame(FRAME.window, 0, 0, uint32(0x7fffffff))], 'goaway 3', 'h2'],
  ['a window that grows by nothing', [frame(FRAME.window, 0, 0, uint32(0))], 'goaway 1', 'h2'],
  ['a frame larger than agreed', [frame(FRAME.data, 0, 1, Buffer.alloc(20_000))], 'goaway', 'h2'],
  ['settings that cannot be', [frame(FRAME.settings, 0, 0, Buffer.from([0, 2, 0, 0, 0, 9]))], 'goaway 1', 'h2'],
  ['settings of half a length', [frame(FRAME.settings, 0, 0, Buffer.alloc(5))], 'goaway 6', 'h2'],
  [
    'very many settings in one frame',
    [frame(FRAME.settings, 0, 0, Buffer.concat(Array.from({ length: 100 }, () => Buffer.from([0, 3, 0, 0, 0, 9]))))],
    'goaway',
    'h2',
  ],
  [
    'pings without end',
    Array.from({ length: 3_000 }, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
    'goaway 11',
    'h2-flood',
  ],
  ['settings without end', Array.from({ length: 400 }, () => frame(FRAME.settings, 0, 0)), 'goaway 11', 'h2-flood'],
  [
    'empty data without end',
    [headers(1, POST, OPEN), ...Array.from({ length: 400 }, () => frame(FRAME.data, 0, 1))],
    'nothing',
    'h2',
  ],
  [
    'malformed heads without end',
    Array.from({ length: 60 }, (_, at) => headers(at * 2 + 1, [...GET, ['X-Up', '1']])),
    'goaway',
    'h2',
  ],
];

describe('what two HTTP/2 readers could read differently, or never come to the end of, is refused', () => {
  let world: World;
  before(async () => {
    world = await openWorld({ upstream: 'http2' });
  });
  after(() => world.close());

  for (const [note, frames, end, code] of REFUSED) {
    it(note, async () => {
      world.refusals.length = 0;
      const socket = await tlsTunnel(world, { protocols: ['h2'] });
      const received = gather(socket);
      socket.write(Buffer.concat([PREFACE, ...frames]));
      await until(() => endOf(received()) !== 'nothing' || socket.closed);
      // The rest of the answer, and whatever else might be said.
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (typeof end === 'number') assert.match(textIn(received()), new RegExp(`"status":${end}\\b`));
      else assert.ok(endOf(received()).startsWith(end), endOf(received()));
      socket.destroy();
      await until(() => world.refusals.length > 0);
      assert.ok(
        world.refusals.some((one) => one.code === code),
        JSON.stringify(world.refusals),
      );
      assert.equal(world.judged.length, 0);
      assert.equal(world.connections(), 0, 'nothing was opened towards the server');
      assert.deepEqual(world.lookups, []);
    });
  }

  it('resets without end: what was judged by then ends as not started', async () => {
    const waiting = await openWorld({ upstream: 'http2', judge: () => new Promise(() => undefined) });
    const socket = await tlsTunnel(waiting, { protocols: ['h2'] });
    const received = gather(socket);
    socket.write(PREFACE);
    for (let at = 0; at < 400 && !socket.destroyed; at += 1) {
      socket.write(Buffer.concat([headers(at * 2 + 1, GET), frame(FRAME.reset, 0, at * 2 + 1, uint32(8))]));
      if (at % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until(() => endOf(received()).startsWith('goaway'));
    await until(() => waiting.refusals.some((one) => one.code === 'h2-flood' || one.code === 'h2'));
    assert.ok(waiting.judged.length <= HTTP2_LIMITS.resets + HTTP2_LIMITS.streams);
    assert.equal(waiting.connections(), 0);
    socket.destroy();
    await waiting.close();
  });
});

describe('an HTTP/2 client that misbehaves', () => {
  const worlds: World[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  /** nghttp2 drops such a field by itself: neither the judge nor the server may see any of it. */
  for (const [note, name, value] of [
    ['a NUL in a header', 'x', 'a\0b'],
    ['a line in a header', 'x', 'a\r\ntransfer-encoding: chunked'],
    ['a space in a header name', 'x y', 'a'],
    ['a line in a header name', 'x\r\ny', 'a'],
    ['a colon in a header name', 'x:y', 'a'],
  ] as const)
    it(`${note} reaches nobody`, async () => {
      const world = await openWorld({ upstream: 'http1' });
      worlds.push(world);
      const socket = await tlsTunnel(world, { protocols: ['h2'] });
      const received = gather(socket);
      socket.write(Buffer.concat([PREFACE, headers(1, [...GET, [name, value]])]));
      await until(() => endOf(received()) !== 'nothing');
      assert.deepEqual([...(world.judged[0]?.headers.keys() ?? [])], []);
      assert.deepEqual(world.seen[0]?.rawHeaders, ['Host', HOST, 'Connection', 'keep-alive']);
      socket.destroy();
    });

  it('a head without an end, and a body that stops coming, are cut', async () => {
    const world = await openWorld({ options: { limits: { headerTimeoutMs: 100, bodyTimeoutMs: 100 } } });
    worlds.push(world);
    const head = await tlsTunnel(world, { protocols: ['h2'] });
    const closed = new Promise((resolve) => head.once('close', resolve));
    head.resume();
    head.write(Buffer.concat([PREFACE, frame(FRAME.headers, FLAG.endStream, 1, block(GET))]));
    await closed;
    const body = await tlsTunnel(world, { protocols: ['h2'] });
    const received = gather(body);
    body.write(Buffer.concat([PREFACE, headers(1, POST, OPEN), frame(FRAME.data, 0, 1, Buffer.from('x'))]));
    await until(() => textIn(received()).includes('"status":408'));
    body.destroy();
    assert.deepEqual(world.refusals.map((one) => one.code).sort(), ['body-timeout', 'h2-malformed']);
    assert.equal(world.connections(), 0);
  });

  it('one that takes nothing of its answer does not fill the memory, and is cut', async () => {
    let written = 0;
    const world = await openWorld({
      upstream: 'http2',
      options: { limits: { stallTimeoutMs: 300 } },
      answer: (_request, response) => {
        const more = (): void => {
          while (written < 256 * 1024 * 1024 && !response.destroyed) {
            written += 65_536;
            if (!response.write(Buffer.alloc(65_536))) {
              response.once('drain', more);
              return;
            }
          }
        };
        more();
      },
    });
    worlds.push(world);
    const socket = await tlsTunnel(world, { protocols: ['h2'] });
    gather(socket);
    // No WINDOW_UPDATE ever: after 64 KiB the server has to wait.
    socket.write(Buffer.concat([PREFACE, headers(1, GET)]));
    await until(() => world.outcomes.length === 1);
    assert.equal(world.outcomes[0]?.outcome, 'unknown');
    assert.match(world.outcomes[0]?.detail ?? '', /took nothing/);
    assert.ok(written < 8 * 1024 * 1024, `${written} bytes were taken from the server`);
    socket.destroy();
  });

  it('any frames at all: no crash, and the next client is served', async () => {
    const world = await openWorld({ upstream: 'http2' });
    worlds.push(world);
    const one = fc.oneof(
      fc.constantFrom(
        headers(1, GET),
        headers(3, POST, OPEN),
        headers(3, [['x', 'y']]),
        frame(FRAME.data, 0, 3, Buffer.from('abc')),
        frame(FRAME.data, FLAG.endStream, 3, Buffer.from('abc')),
        frame(FRAME.reset, 0, 3, uint32(8)),
        frame(FRAME.reset, 0, 1, uint32(0)),
        frame(FRAME.goAway, 0, 0, Buffer.alloc(8)),
        frame(FRAME.window, 0, 3, uint32(1000)),
        frame(FRAME.priority, 0, 5, Buffer.alloc(5)),
        frame(FRAME.settings, FLAG.ack, 0),
        headers(5, [...GET, ['Bad', '1']]),
      ),
      fc
        .tuple(fc.nat(12), fc.nat(255), fc.nat(8), fc.uint8Array({ maxLength: 40 }))
        .map(([type, flags, id, payload]) => frame(type, flags, id, payload)),
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 12 }), fc.boolean(), async (frames, withPreface) => {
        const socket = await tlsTunnel(world, { protocols: ['h2'] });
        socket.on('error', () => undefined);
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.resume();
        socket.end(Buffer.concat([...(withPreface ? [PREFACE] : []), ...frames]));
        await closed;
      }),
      { numRuns: 120 },
    );
    await until(() => world.judged.length === world.outcomes.length);
    const session = await http2Tunnel(world);
    assert.equal((await ask(session, { ':path': '/after' })).text, 'hello GET /after');
    session.close();
  });
});

function gather(socket: TLSSocket): () => Buffer {
  let bytes = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  return () => bytes;
}

function textIn(bytes: Buffer): string {
  return Buffer.concat(framesIn(bytes).flatMap((one) => (one.type === FRAME.data ? [one.payload] : []))).toString();
}
