import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { hostReleaseExecutor } from '../../../src/adapters/local-executor/host-release.ts';
import { makeGatewayDoor, makeRegistry } from '../../../src/apps/daemon/gateway-door.ts';
import { makeService } from '../../../src/apps/daemon/service.ts';
import { toAction } from '../../../src/apps/egress/action.ts';
import { allReaders } from '../../../src/apps/readers.ts';
import { testWorld } from '../../fakes/pipeline-world.ts';
import { openWorld, textOf, tlsTunnel, type World } from './fixture.ts';

const MODEL = 'api.anthropic.com';
const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** An agent behind the gateway, judged by the real engine; the model is a stand-in that answers when it is told to. */
async function agent(host = MODEL) {
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
    holdWaitMs: 0,
    registry: makeRegistry(),
    toAction: (request) => ({
      action: toAction(request, { fingerprintKey: Buffer.alloc(32) }).action,
      keep: () => undefined,
    }),
  });
  const answering = Promise.withResolvers<ServerResponse>();
  const world = await openWorld({
    host,
    judge: (request, signal) => door.judge(request, signal),
    answer: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      answering.resolve(response);
    },
  });
  worlds.push(world);
  const socket = await tlsTunnel(world, { authority: `${host}:443`, servername: host });
  const send = async (method: string, path: string, body = '', headers: readonly string[] = []): Promise<void> => {
    const length = Buffer.byteLength(body);
    const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, `Content-Length: ${length}`, ...headers];
    if (!socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)) await once(socket, 'drain');
  };
  return { world, socket, send, model: answering.promise, store: inner.store };
}

const event = (name: string): string => `event: ${name}\ndata: {"type":"${name}"}\n\n`;
const conversation = (text: string): string => JSON.stringify({ messages: [{ role: 'user', content: text }] });

describe('an agent behind the gateway talks to its own model', () => {
  const BODIES: readonly (readonly [string, string])[] = [
    ['a short conversation', conversation('delete everything')],
    ['a conversation that is longer than is judged', conversation('x'.repeat(3 * 1024 * 1024))],
    ['one that only its escapes make longer', conversation('"\\'.repeat(240_000))],
  ];
  for (const [note, body] of BODIES)
    it(`${note}: no prompt, and the answer comes event by event`, async () => {
      const { world, socket, send, model, store } = await agent();
      await send('POST', '/v1/messages?beta=true', body, ['Content-Type: application/json', 'x-api-key: k']);
      const response = await model;
      response.write(event('message_start'));
      const first = await textOf(socket, /message_start"\}/);
      assert.match(first, /^HTTP\/1\.1 200 /);
      assert.doesNotMatch(first, /message_stop/);
      assert.equal((await store.unfinished()).length, 1, 'the intent stands before the outcome');
      const rest = textOf(socket, /message_stop"\}/);
      response.end(event('message_stop'));
      await rest;
      assert.equal(Buffer.compare(world.seen[0]?.body ?? Buffer.alloc(0), Buffer.from(body)), 0);
      assert.equal((await store.holds({})).length, 0);
      socket.destroy();
    });

  it('and deletes nothing there', async () => {
    for (const [method, path] of [
      ['DELETE', '/v1/files/file_1'],
      ['DELETE', '/v1/messages/batches/b1'],
      ['POST', '/v1/organizations/invites'],
    ] as const) {
      const { world, socket, send, store } = await agent();
      await send(method, path);
      assert.match(await textOf(socket), /^HTTP\/1\.1 403 /);
      assert.equal(world.connections(), 0);
      assert.equal((await store.holds({})).length, 1);
    }
  });

  it('and to no other host of the like name', async () => {
    const { world, socket, send } = await agent(`x-${MODEL}`);
    await send('POST', '/v1/messages', conversation('x'));
    assert.match(await textOf(socket), /^HTTP\/1\.1 403 /);
    assert.equal(world.connections(), 0);
  });
});
