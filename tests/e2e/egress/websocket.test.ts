import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { toAction } from '../../../src/apps/egress/action.ts';
import type { GatewayRequest } from '../../../src/apps/egress/contract.ts';
import { acceptFor } from '../../../src/apps/egress/websocket.ts';
import { encodeFrame, makeMessageReader, OPCODE } from '../../../src/protocols/http/websocket.ts';
import { HOST, openWorld, textOf, tlsTunnel, until, type World, type WorldOptions } from './fixture.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

interface Heard {
  readonly texts: string[];
  readonly heads: IncomingMessage['headers'][];
}

/** A server that speaks the first protocol that is offered and answers by `reply`. */
async function open(
  more: WorldOptions & { reply?: (text: string) => readonly string[]; answer101?: string } = {},
): Promise<World & Heard> {
  const texts: string[] = [];
  const heads: IncomingMessage['headers'][] = [];
  const world = await openWorld({
    ...more,
    upgrade: (request, socket) => {
      heads.push(request.headers);
      const protocol = request.headers['sec-websocket-protocol']?.split(',')[0];
      socket.on('error', () => undefined);
      socket.write(
        more.answer101 ??
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(request.headers['sec-websocket-key'] ?? '')}\r\n${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
      );
      const reader = makeMessageReader({ masked: true, messageBytes: 1024 * 1024 });
      socket.on('data', (chunk: Buffer) => {
        const read = reader.push(chunk);
        assert.ok(read.ok);
        for (const { opcode, payload } of read.messages) {
          if (opcode === OPCODE.close) socket.end(encodeFrame(OPCODE.close, payload));
          if (opcode !== OPCODE.text) continue;
          texts.push(payload.toString());
          for (const text of more.reply?.(payload.toString()) ?? [payload.toString()])
            socket.write(encodeFrame(OPCODE.text, Buffer.from(text)));
        }
      });
    },
  });
  worlds.push(world);
  return Object.assign(world, { texts, heads });
}

function hello(path: string, ...headers: string[]): string {
  const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`];
  return `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${[...lines, ...headers].join('\r\n')}\r\n\r\n`;
}

interface Client {
  readonly socket: TLSSocket;
  readonly head: string;
  readonly said: string[];
  readonly closes: number[];
  say(message: unknown): void;
}

async function connect(world: World, path: string, ...headers: string[]): Promise<Client> {
  const socket = await tlsTunnel(world);
  socket.on('error', () => undefined);
  socket.write(hello(path, ...headers));
  const [first] = (await once(socket, 'data')) as [Buffer];
  const end = first.indexOf('\r\n\r\n') + 4;
  const said: string[] = [];
  const closes: number[] = [];
  const reader = makeMessageReader({ masked: false, messageBytes: 1024 * 1024 });
  const read = (chunk: Buffer): void => {
    const got = reader.push(chunk);
    assert.ok(got.ok);
    for (const { opcode, payload } of got.messages) {
      if (opcode === OPCODE.text) said.push(payload.toString());
      if (opcode === OPCODE.close) closes.push(payload.readUInt16BE(0));
    }
  };
  const head = first.subarray(0, end).toString();
  if (head.startsWith('HTTP/1.1 101')) {
    read(first.subarray(end));
    socket.on('data', read);
  }
  const say = (message: unknown): void => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    socket.write(encodeFrame(OPCODE.text, Buffer.from(text), randomBytes(4)));
  };
  return { socket, head, said, closes, say };
}

const judgeByWord: NonNullable<WorldOptions['judge']> = async (request, _signal, pass) =>
  /mutation/.test(Buffer.from(request.body ?? []).toString())
    ? {
        kind: 'refuse',
        status: 403,
        problem: { type: 'urn:test', title: 'held', detail: 'wait for a person', hold: 'h-1', rule: 'r' },
      }
    : pass;

describe('a WebSocket', () => {
  it('that was let pass carries what is said, both ways, and its outcome comes at the end', async () => {
    const world = await open();
    const client = await connect(
      world,
      '/live?x=1',
      'Sec-WebSocket-Protocol: chat',
      'Sec-WebSocket-Extensions: permessage-deflate',
    );
    assert.match(client.head, /^HTTP\/1\.1 101 /);
    assert.match(client.head, new RegExp(`Sec-WebSocket-Accept: ${acceptFor(KEY).replaceAll('+', '\\+')}`));
    client.say('one');
    client.say('two');
    await until(() => client.said.length === 2);
    assert.deepEqual(client.said, ['one', 'two']);
    assert.equal(world.heads[0]?.['sec-websocket-extensions'], undefined, 'compression is not offered on');
    assert.equal(world.outcomes.length, 0);
    client.socket.destroy();
    await until(() => world.outcomes.length === 1);
    assert.deepEqual(world.outcomes, [{ outcome: 'done', status: 101 }]);
  });

  it('of which nothing will be seen is judged as CONNECT, and its protocol is part of what is judged', async () => {
    const world = await open();
    (await connect(world, '/live', 'Sec-WebSocket-Protocol: chat')).socket.destroy();
    (await connect(world, '/live', 'Sec-WebSocket-Protocol: base64url.bearer.abcdef')).socket.destroy();
    (await connect(world, '/graphql', 'Sec-WebSocket-Protocol: graphql-ws, chat')).socket.destroy();
    (await connect(world, '/graphql', 'Sec-WebSocket-Protocol: graphql-ws')).socket.destroy();
    assert.deepEqual(
      world.judged.map((one) => one.method),
      ['CONNECT', 'CONNECT', 'CONNECT', 'GET'],
    );
    const texts = world.judged.map((one) => bytesOf(one));
    assert.match(texts[0] ?? '', /"upgrade":"websocket","websocket-protocol":"chat"/);
    assert.doesNotMatch(texts[1] ?? '', /abcdef/);
  });

  it('that is refused is answered like any request, and reaches nobody', async () => {
    const world = await open({
      judge: async () => ({ kind: 'refuse', status: 403, problem: { type: 'a', title: 'b', detail: 'c', hold: 'h' } }),
    });
    const socket = await tlsTunnel(world);
    socket.write(hello('/live'));
    const answer = await textOf(socket);
    assert.match(answer, /^HTTP\/1\.1 403 [\s\S]*"hold":"h"/);
    assert.equal(world.connections(), 0);
  });

  it('that the server does not want brings the answer of the server', async () => {
    const world = await openWorld({
      answer: (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end('who are you'),
    });
    worlds.push(world);
    const socket = await tlsTunnel(world);
    socket.write(hello('/live'));
    assert.match(await textOf(socket), /^HTTP\/1\.1 401 [\s\S]*who are you/);
    await until(() => world.outcomes.length === 1);
    assert.deepEqual(world.outcomes, [{ outcome: 'failed', status: 401 }]);
  });

  const LIES: readonly (readonly [string, string])[] = [
    ['a wrong proof', 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'],
    [
      'an extension',
      `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(KEY)}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
    ],
    [
      'a protocol that nobody offered',
      `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(KEY)}\r\nSec-WebSocket-Protocol: other\r\n\r\n`,
    ],
  ];
  for (const [note, answer101] of LIES)
    it(`that the server opens with ${note} is cut`, async () => {
      const world = await open({ answer101 });
      const socket = await tlsTunnel(world);
      socket.write(hello('/live'));
      assert.equal(await textOf(socket), '');
      await until(() => world.outcomes.length === 1);
      assert.equal(world.outcomes[0]?.outcome, 'failed');
    });

  for (const [note, text] of [
    ['another version', hello('/').replace('Version: 13', 'Version: 8')],
    ['a short key', hello('/').replace(KEY, 'x')],
    ['another method', hello('/').replace('GET', 'POST')],
    ['a body', hello('/', 'Content-Length: 1')],
    ['a second protocol to change to', hello('/').replace('websocket', 'websocket, h2c')],
  ] as const)
    it(`asked for with ${note} is refused unjudged`, async () => {
      const world = await open();
      const socket = await tlsTunnel(world);
      socket.write(text);
      assert.match(await textOf(socket), /^HTTP\/1\.1 403 /);
      assert.equal(world.judged.length, 0);
      assert.equal(world.refusals[0]?.code, 'upgrade');
    });
});

for (const [protocol, start, next] of [
  ['graphql-transport-ws', 'subscribe', 'next'],
  ['graphql-ws', 'start', 'data'],
] as const)
  describe(`GraphQL by ${protocol}`, () => {
    const offer = `Sec-WebSocket-Protocol: ${protocol}`;
    const reply = (text: string): readonly string[] => {
      const { id, type } = JSON.parse(text) as { id?: string; type: string };
      if (type === 'connection_init') return ['{"type":"connection_ack"}'];
      if (type !== start) return [];
      return [
        JSON.stringify({ id, type: next, payload: { data: { a: 1 } } }),
        JSON.stringify({ id, type: 'complete' }),
      ];
    };

    it('has each operation judged as a GraphQL request before it is sent', async () => {
      const world = await open({ judge: judgeByWord, reply });
      const client = await connect(world, '/graphql', offer, 'Authorization: Bearer t');
      client.say({ type: 'connection_init', payload: {} });
      client.say({ id: '1', type: start, payload: { query: '{ a }' } });
      client.say({
        id: '2',
        type: start,
        payload: { query: 'mutation { volumeDelete(volumeId: "x") }', variables: { x: 1 } },
      });
      await until(() => client.said.length === 4);
      assert.deepEqual(
        world.texts.map((text) => (JSON.parse(text) as { type: string }).type),
        ['connection_init', start],
      );
      const refused = client.said.map((text) => JSON.parse(text)).find((one) => one.id === '2');
      assert.equal(refused.type, 'error');
      const [error] = [refused.payload].flat();
      assert.equal(error.message, 'held: wait for a person');
      assert.deepEqual(error.extensions, { type: 'urn:test', hold: 'h-1', rule: 'r', status: 403 });
      const [upgrade, read, write] = world.judged.map((one) => toAction(one, { fingerprintKey: Buffer.alloc(32) }));
      assert.equal(upgrade?.action.kind, 'http');
      assert.equal(read?.action.kind, 'graphql');
      assert.equal(write?.action.kind, 'graphql');
      assert.deepEqual(write?.credential, { header: 'authorization', value: 'Bearer t' });
      assert.match(
        Buffer.from(write?.action.bytes ?? []).toString(),
        new RegExp(`"endpoint":"https://${HOST}/graphql"`),
      );
      await until(() => world.outcomes.length === 1);
      assert.deepEqual(world.outcomes, [{ outcome: 'done' }]);
      client.socket.destroy();
    });

    it('takes the credential from the parameters of the connection, and binds the rest of them', async () => {
      const world = await open({ reply });
      const client = await connect(world, '/graphql', offer);
      client.say({ type: 'connection_init', payload: { Authorization: 'Bearer p', tenant: 'secret-tenant' } });
      client.say({ id: '1', type: start, payload: { query: '{ a }' } });
      await until(() => client.said.length === 3);
      const judged = world.judged[1] ?? assert.fail();
      const { credential } = toAction(judged, { fingerprintKey: Buffer.alloc(32) });
      assert.deepEqual(credential, { header: 'authorization', value: 'Bearer p' });
      assert.doesNotMatch(bytesOf(judged), /secret-tenant/);
      client.socket.destroy();
    });

    it('reads messages in fragments, and writes anew what it read', async () => {
      const world = await open({ judge: judgeByWord, reply });
      const client = await connect(world, '/graphql', offer);
      const text = Buffer.from(JSON.stringify({ id: '1', type: start, payload: { query: 'mutation { a }' } }));
      const parts = [text.subarray(0, 40), text.subarray(40, 45), text.subarray(45)];
      parts.forEach((part, index) => {
        const frame = encodeFrame(index === 0 ? OPCODE.text : OPCODE.continuation, part, randomBytes(4));
        if (index < 2) frame[0] = (frame[0] ?? 0) & 0x7f;
        client.socket.write(frame);
        if (index === 0) client.socket.write(encodeFrame(OPCODE.ping, Buffer.from('p'), randomBytes(4)));
      });
      await until(() => client.said.length === 1);
      assert.match(client.said[0] ?? '', /"error"/);
      assert.deepEqual(world.texts, []);
      client.socket.destroy();
    });

    it('is ended by what could be read in two ways, and nothing of it is sent', async () => {
      const world = await open({ reply });
      const bad: readonly (readonly [note: string, frame: Buffer | string, status: number])[] = [
        ['no JSON', '{', 4400],
        ['a list', '[]', 4400],
        ['a member twice', `{"id":"1","id":"2","type":"${start}","payload":{"query":"{a}"}}`, 4400],
        ['an unknown type', '{"type":"mutate","id":"1","payload":{}}', 4400],
        ['a member of its own', `{"id":"1","type":"${start}","payload":{"query":"{a}"},"x":1}`, 4400],
        ['no id', `{"type":"${start}","payload":{"query":"{a}"}}`, 4400],
        ['a request that is a list', `{"id":"1","type":"${start}","payload":[{"query":"{a}"}]}`, 4400],
        ['binary', encodeFrame(OPCODE.binary, Buffer.from('{}'), randomBytes(4)), 1003],
        ['no mask', encodeFrame(OPCODE.text, Buffer.from('{}')), 1002],
        ['no UTF-8', encodeFrame(OPCODE.text, Buffer.from([0xff]), randomBytes(4)), 1007],
        ['a compressed frame', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
        ['a message without end', Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), 1009],
      ];
      for (const [note, frame, status] of bad) {
        const client = await connect(world, '/graphql', offer);
        if (typeof frame === 'string') client.say(frame);
        else client.socket.write(frame);
        await until(() => client.closes.length === 1);
        assert.deepEqual([note, ...client.closes], [note, status]);
        client.socket.destroy();
      }
      assert.deepEqual(world.texts, []);
    });

    it('an operation that is stopped before its verdict is not sent, and one that goes on is of unknown outcome', async () => {
      const verdict = Promise.withResolvers<void>();
      const world = await open({
        reply: () => [],
        judge: async (request, _signal, pass) => {
          if (
            Buffer.from(request.body ?? [])
              .toString()
              .includes('slow')
          )
            await verdict.promise;
          return pass;
        },
      });
      const client = await connect(world, '/graphql', offer);
      client.say({ id: 'slow', type: start, payload: { query: '{ slow }' } });
      await until(() => world.judged.length === 2);
      client.say({ id: 'slow', type: start === 'start' ? 'stop' : 'complete' });
      client.say({ id: 'fast', type: start, payload: { query: '{ fast }' } });
      await until(() => world.texts.length === 1);
      verdict.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(
        world.texts.map((text) => (JSON.parse(text) as { id: string }).id),
        ['fast'],
      );
      client.socket.destroy();
      await until(() => world.outcomes.length === 3);
      assert.deepEqual(world.outcomes.map((one) => one.outcome).sort(), ['done', 'not-started', 'unknown']);
    });
  });

function bytesOf(request: GatewayRequest): string {
  return Buffer.from(toAction(request, { fingerprintKey: Buffer.alloc(32) }).action.bytes).toString();
}
