import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { afterEach, describe, it } from 'node:test';
import { hostReleaseExecutor } from '../../../src/adapters/local-executor/host-release.ts';
import { makeGatewayDoor, makeRegistry } from '../../../src/apps/daemon/gateway-door.ts';
import { makeService } from '../../../src/apps/daemon/service.ts';
import { toAction } from '../../../src/apps/egress/action.ts';
import { allReaders } from '../../../src/apps/readers.ts';
import { encodeFrame, makeMessageReader, OPCODE } from '../../../src/protocols/http/websocket.ts';
import { testWorld } from '../../fakes/pipeline-world.ts';
import { skipUnless } from '../../platform.ts';
import {
  ask,
  HOST,
  http2Tunnel,
  openWorld,
  textOf,
  tlsTunnel,
  until,
  type World,
  type WorldOptions,
} from './fixture.ts';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** An agent behind the gateway, judged by the real engine, whose held requests wait until the test's clock has moved on. */
async function agent(more: Pick<WorldOptions, 'host' | 'upgrade' | 'upstream'> = { upstream: 'http2' }) {
  const inner = testWorld({ read: await allReaders() });
  const service = makeService({
    pipeline: inner.pipeline,
    store: inner.store,
    clock: inner.clock,
    person: 'ada',
    release: hostReleaseExecutor,
    onAttempt: () => undefined,
    onDone: () => undefined,
  });
  const door = makeGatewayDoor(service, {
    holdWaitMs: 1_000,
    registry: makeRegistry(),
    toAction: (request) => ({
      action: toAction(request, { fingerprintKey: Buffer.alloc(32) }).action,
      keep: () => undefined,
    }),
  });
  const world = await openWorld({
    ...more,
    judge: (request, signal) => door.judge(request, signal),
    options: { limits: { progressMs: 20 } },
  });
  worlds.push(world);
  const held = async () => {
    for (;;) {
      const [hold] = await inner.store.holds({ states: ['open'] });
      if (hold !== undefined) return hold;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const approve = async () => {
    const hold = await held();
    const signature = new TextDecoder().decode(inner.person.sign(hold.claim).bytes);
    assert.ok(await service.approve(hold.id, [signature]));
  };
  return { world, held, approve, clock: inner.clock, store: inner.store };
}

const DELETE = `DELETE /v1/volumes/x HTTP/1.1\r\nHost: ${HOST}\r\n`;

describe('a held request', () => {
  it('waits, and is executed by the gateway once a person has signed', async () => {
    const { world, approve } = await agent();
    const socket = await tlsTunnel(world);
    const answer = textOf(socket, /hello/);
    socket.write(`${DELETE}\r\n`);
    await approve();
    assert.match(await answer, /^HTTP\/1\.1 200 OK[\s\S]*hello DELETE \/v1\/volumes\/x/);
    assert.equal(world.seen.length, 1);
    await until(() => world.judged.length === 1);
    socket.destroy();
  });

  it('waits in HTTP/2 as well, beside streams that go on', async () => {
    const { world, approve } = await agent();
    const session = await http2Tunnel(world);
    const waiting = ask(session, { ':path': '/v1/volumes/x', ':method': 'DELETE' });
    assert.equal((await ask(session, { ':path': '/read' })).text, 'hello GET /read');
    await approve();
    assert.equal((await waiting).text, 'hello DELETE /v1/volumes/x');
    session.close();
  });

  it('is refused with hold, effect, rule and advice when the time is over, and its repeat finds the approval', async () => {
    const { world, held, approve, clock } = await agent();
    const first = await tlsTunnel(world);
    const refusal = textOf(first);
    first.write(`${DELETE}\r\n`);
    const hold = await held();
    clock.moveMs(2_000);
    const text = await refusal;
    assert.match(text, /^HTTP\/1\.1 403 /);
    assert.match(text, /retry-after: 30/i);
    assert.match(text, /content-type: application\/problem\+json/i);
    const problem = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
    assert.equal(problem.hold, hold.id);
    assert.equal(problem.status, 403);
    assert.match(problem.effect, /deletes something at `DELETE /);
    assert.ok(
      Array.isArray(problem.advice) &&
        problem.advice.some((one: unknown) => /reading requests to the same API run freely/.test(String(one))),
    );
    assert.ok(problem.rule.length > 0 && problem.type.endsWith(problem.rule));
    assert.equal(world.seen.length, 0);
    await approve();
    const again = await tlsTunnel(world);
    const answer = textOf(again, /hello/);
    again.write(`${DELETE}\r\n`);
    assert.match(await answer, /hello DELETE/);
    const third = await tlsTunnel(world);
    const held2 = textOf(third);
    third.write(`${DELETE}\r\n`);
    await held();
    clock.moveMs(2_000);
    assert.match(await held2, /^HTTP\/1\.1 403 /, 'an approval is used once');
    assert.equal(world.seen.length, 1);
    again.destroy();
  });

  it('of a GraphQL client ends as a GraphQL error with the same members', async () => {
    const { world, held, clock } = await agent();
    const session = await http2Tunnel(world);
    const waiting = ask(
      session,
      { ':path': '/graphql', ':method': 'POST', 'content-type': 'application/json' },
      '{"query":"mutation { volumeDelete(volumeId: \\"x\\") }"}',
    );
    const hold = await held();
    clock.moveMs(2_000);
    const got = await waiting;
    assert.equal(got.headers[':status'], 200);
    const [error] = JSON.parse(got.text).errors;
    assert.equal(error.extensions.hold, hold.id);
    assert.equal(error.extensions.status, 403);
    assert.equal(typeof error.extensions.effect, 'string');
    session.close();
  });

  it('whose client goes away stops waiting, and nothing is sent although a person signs then', async () => {
    const { world, held, approve } = await agent();
    const socket = await tlsTunnel(world);
    socket.write(`${DELETE}\r\n`);
    await held();
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await approve();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(world.seen.length, 0);
  });

  it('is told so by 102 where the client stands it, at most four times, and by nothing else', async () => {
    for (const [userAgent, most] of [
      ['curl/8', 4],
      ['Python-urllib/3.12', 0],
    ] as const) {
      const { world, held, approve } = await agent();
      const socket = await tlsTunnel(world);
      const answer = textOf(socket, /hello/);
      socket.write(`${DELETE}User-Agent: ${userAgent}\r\n\r\n`);
      await held();
      await new Promise((resolve) => setTimeout(resolve, 150));
      await approve();
      const said = (await answer).match(/^HTTP\/1\.1 102 Processing\r\n/gm)?.length ?? 0;
      assert.ok(most === 0 ? said === 0 : said >= 1 && said <= most, `${userAgent}: ${said}`);
      socket.destroy();
    }
  });

  const CLIENTS: readonly (readonly [name: string, command: string, args: readonly string[], skip: string | false])[] =
    [
      [
        'node fetch',
        process.execPath,
        ['--input-type=module', '-e', "console.log(await (await fetch(process.argv[1], { method: 'DELETE' })).text())"],
        false,
      ],
      [
        'node https',
        process.execPath,
        [
          '-e',
          "require('node:https').request(process.argv[1], { method: 'DELETE' }, (r) => r.on('data', (d) => console.log(String(d)))).end()",
        ],
        false,
      ],
      ['curl by HTTP/2', 'curl', ['-sS', '--http2', '-X', 'DELETE'], skipUnless('curl')],
      ['curl by HTTP/1.1', 'curl', ['-sS', '--http1.1', '-X', 'DELETE'], skipUnless('curl')],
    ];
  for (const [name, command, args, skip] of CLIENTS)
    it(`lets ${name} wait through progress`, { skip }, async () => {
      const { world, held, approve } = await agent();
      const env = { PATH: process.env['PATH'] ?? '', ...world.egress.environmentFor('task-1', 'pw') };
      const child = spawn(command, [...args, `https://${HOST}/v1/volumes/x`], { env });
      let out = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
      const closed = new Promise((resolve) => child.once('close', resolve));
      await held();
      await new Promise((resolve) => setTimeout(resolve, 250));
      await approve();
      await closed;
      assert.match(out, /hello DELETE \/v1\/volumes\/x/);
    });
});

describe('a WebSocket, to the real engine', () => {
  const RAILWAY = 'backboard.railway.com';
  const opening = (host: string, path: string, ...more: string[]): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more.map((line) => `${line}\r\n`).join('')}\r\n`;

  for (const [host, path, protocol] of [
    [HOST, '/live', 'chat'],
    [RAILWAY, '/graphql/v2', 'chat'],
    [RAILWAY, '/graphql/v2', 'graphql-transport-ws, chat'],
    [RAILWAY, '/else', 'chat'],
  ] as const)
    it(`of ${protocol} to ${host}${path} is held, since nothing of it would be seen`, async () => {
      const { world, held, clock } = await agent({ host });
      const socket = await tlsTunnel(world, { authority: `${host}:443`, servername: host });
      const answer = textOf(socket);
      socket.write(opening(host, path, `Sec-WebSocket-Protocol: ${protocol}`));
      await held();
      clock.moveMs(2_000);
      assert.match(await answer, /^HTTP\/1\.1 403 /);
      assert.equal(world.connections(), 0);
    });

  it('of GraphQL opens unprompted, and what deletes on it is held', async () => {
    const texts: string[] = [];
    const { world, held, clock } = await agent({
      host: RAILWAY,
      upgrade: (_request, socket) => {
        socket.write(
          'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
        );
        const reader = makeMessageReader({ masked: true, messageBytes: 100_000 });
        socket.on('error', () => undefined);
        socket.on('data', (chunk: Buffer) => {
          const read = reader.push(chunk);
          if (read.ok) texts.push(...read.messages.map(({ payload }) => payload.toString()));
        });
      },
    });
    const socket = await tlsTunnel(world, { authority: `${RAILWAY}:443`, servername: RAILWAY });
    const answer = textOf(socket, /"error"/);
    socket.write(opening(RAILWAY, '/graphql/v2', 'Sec-WebSocket-Protocol: graphql-transport-ws'));
    const say = (message: object): void => {
      socket.write(encodeFrame(OPCODE.text, Buffer.from(JSON.stringify(message)), Buffer.from([1, 2, 3, 4])));
    };
    say({ id: '1', type: 'subscribe', payload: { query: 'mutation { volumeDelete(volumeId: "v") }' } });
    const hold = await held();
    say({ id: '2', type: 'subscribe', payload: { query: 'query { me { id } }' } });
    await until(() => texts.length === 1);
    clock.moveMs(2_000);
    assert.match(await answer, new RegExp(`"id":"1","type":"error"[\\s\\S]*"hold":"${hold.id}"`));
    assert.match(texts.join(), /^[^v]*"id":"2"/);
    socket.destroy();
  });
});
