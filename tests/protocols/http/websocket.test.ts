import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readClientMessage, readServerMessage } from '../../../src/protocols/http/graphql-socket.ts';
import { encodeFrame, makeMessageReader, OPCODE } from '../../../src/protocols/http/websocket.ts';

const MASK = Buffer.from([1, 2, 3, 4]);

describe('frames of a WebSocket', () => {
  it('come out as they went in, however they are cut', () => {
    const message = fc.record({
      opcode: fc.constantFrom(OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.pong),
      payload: fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)),
      repeat: fc.constantFrom(1, 1, 1, 2_000),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 4_000 })),
        (all, cuts) => {
          const sent = all.map(({ opcode, payload, repeat }) => ({
            opcode,
            payload: opcode < 8 ? Buffer.concat(Array.from({ length: repeat }, () => payload)) : payload,
          }));
          const bytes = Buffer.concat(sent.map(({ opcode, payload }) => encodeFrame(opcode, payload, MASK)));
          const reader = makeMessageReader({ masked: true, messageBytes: 1024 * 1024 });
          const got: { readonly opcode: number; readonly payload: Buffer }[] = [];
          for (let at = 0; at < bytes.length; ) {
            const size = cuts.next().value;
            const read = reader.push(bytes.subarray(at, at + size));
            assert.ok(read.ok);
            got.push(...read.messages);
            at += size;
          }
          assert.deepEqual(got, sent);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('that are too large are refused, or left out by who only looks on', () => {
    const large = encodeFrame(OPCODE.text, Buffer.alloc(2_000));
    const strict = makeMessageReader({ masked: false, messageBytes: 1_000 });
    assert.deepEqual(strict.push(large), { ok: false, status: 1009, why: 'a message larger than 1000 bytes' });
    const looking = makeMessageReader({ masked: false, messageBytes: 1_000, skipsLarge: true });
    const read = [large.subarray(0, 700), large.subarray(700), encodeFrame(OPCODE.text, Buffer.from('x'))].map(
      (chunk) => looking.push(chunk),
    );
    assert.deepEqual(
      read.flatMap((one) => (one.ok ? one.messages.map(({ payload }) => payload.toString()) : [one.why])),
      ['x'],
    );
  });

  it('any bytes at all are messages or a fault, never an exception', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), fc.boolean(), (chunks, masked) => {
        const reader = makeMessageReader({ masked, messageBytes: 100 });
        let failed = false;
        for (const chunk of chunks) {
          const read = reader.push(chunk);
          assert.ok(!failed || !read.ok, 'a fault is the end');
          failed = !read.ok;
        }
      }),
    );
  });
});

describe('messages of GraphQL over WebSocket', () => {
  it('any text is a message or invalid', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json()),
        fc.constantFrom('graphql-ws', 'graphql-transport-ws'),
        (text, protocol) => {
          assert.equal(typeof readClientMessage(protocol, text).kind, 'string');
          assert.equal(typeof readServerMessage(text).kind, 'string');
        },
      ),
    );
  });

  it('words of one protocol are not those of the other', () => {
    const start = '{"id":"1","type":"start","payload":{"query":"{a}"}}';
    assert.equal(readClientMessage('graphql-ws', start).kind, 'operation');
    assert.equal(readClientMessage('graphql-transport-ws', start).kind, 'invalid');
  });
});
