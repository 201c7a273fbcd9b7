import { readClientMessage, readServerMessage } from '../../../src/protocols/http/graphql-socket.ts';
import { encodeFrame, type MessagesRead, makeMessageReader, OPCODE } from '../../../src/protocols/http/websocket.ts';
import { assertSame, type Random, randomOf, type Target } from '../fuzzing.ts';

const MASK = Buffer.from([1, 2, 3, 4]);
const frame = (opcode: number, text: string): string => encodeFrame(opcode, Buffer.from(text), MASK).toString('latin1');
const text = (value: object): string => frame(OPCODE.text, JSON.stringify(value));

/** All messages and the end, in pieces of the given sizes. */
function readIn(bytes: Buffer, masked: boolean, sizes: (at: number) => number): string {
  const reader = makeMessageReader({ masked, messageBytes: 4_096 });
  const seen: string[] = [];
  let last: MessagesRead = { ok: true, messages: [] };
  for (let at = 0; at < bytes.length && last.ok; ) {
    const size = Math.max(1, sizes(at));
    last = reader.push(bytes.subarray(at, at + size));
    at += size;
    if (last.ok) for (const { opcode, payload } of last.messages) seen.push(`${opcode} ${payload.toString('base64')}`);
  }
  return `${seen.join('\n')}\n${last.ok ? 'open' : `${last.status}`}`;
}

function readFrames(input: string): number {
  const bytes = Buffer.from(input, 'latin1');
  for (const masked of [true, false]) {
    // What came whole before a fault is told in small pieces, and not in one: so the end alone is compared there.
    const whole = readIn(bytes, masked, () => bytes.length);
    const random = randomOf(bytes.length);
    for (const sizes of [() => 1, () => random.below(9)]) {
      const pieces = readIn(bytes, masked, sizes);
      if (whole.endsWith('open')) assertSame(pieces, whole, 'read in pieces');
      else assertSame(pieces.split('\n').at(-1), whole.split('\n').at(-1), 'the fault, read in pieces');
    }
  }
  const read = makeMessageReader({ masked: true, messageBytes: 4_096 }).push(bytes);
  if (!read.ok) return 1;
  let strictness = 0;
  for (const { opcode, payload } of read.messages) {
    if (opcode !== OPCODE.text) continue;
    const said = payload.toString('utf8');
    readServerMessage(said);
    for (const protocol of ['graphql-transport-ws', 'graphql-ws'] as const) {
      const message = readClientMessage(protocol, said);
      if (message.kind === 'invalid') strictness = 1;
      else assertSame(readClientMessage(protocol, message.text), message, 'a message written anew');
    }
  }
  return strictness;
}

/** The same messages under another mask, in one frame each or in two. */
function remasked(input: string, random: Random): readonly string[] {
  const read = makeMessageReader({ masked: true, messageBytes: 4_096 }).push(Buffer.from(input, 'latin1'));
  if (!read.ok) return [];
  const mask = Buffer.from([random.below(256), random.below(256), random.below(256), random.below(256)]);
  const frames = read.messages.flatMap(({ opcode, payload }) => {
    const at = random.below(payload.length + 1);
    if (opcode >= 8 || random.below(2) === 0) return [encodeFrame(opcode, payload, mask)];
    const first = encodeFrame(opcode, payload.subarray(0, at), mask);
    first[0] = opcode;
    return [first, encodeFrame(OPCODE.continuation, payload.subarray(at), mask)];
  });
  return [Buffer.concat(frames).toString('latin1')];
}

export const WEBSOCKET: Target = {
  name: 'websocket',
  seeds: [
    text({ type: 'connection_init', payload: { authorization: 'x' } }) +
      text({ id: '1', type: 'subscribe', payload: { query: '{ a }' } }),
    text({ id: '1', type: 'start', payload: { query: 'mutation { a }' } }) +
      frame(OPCODE.ping, 'x') +
      frame(OPCODE.close, '\x03\xe8'),
    `${frame(OPCODE.text, 'x'.repeat(200))}${frame(OPCODE.binary, 'y'.repeat(300))}`,
    `\x01\x83\x01\x02\x03\x04abc\x80\x82\x01\x02\x03\x04de`,
    `\x81\x03abc\x89\x00`,
  ],
  pieces: [
    [
      '\x81',
      '\x01',
      '\x80',
      '\x00',
      '\x89\x80\x01\x02\x03\x04',
      '\x88',
      '\xfe',
      '\xff',
      '\x7e\x00\x05',
      '\x7f\x00\x00\x00\x00\x00\x00\x00\x05',
      '\x91',
    ],
    [
      text({ type: 'ping' }),
      text({ id: '1', type: 'complete' }),
      text({ type: 'x' }),
      text({ id: '', type: 'subscribe', payload: {} }),
      frame(OPCODE.text, '{"type":"ping","type":"pong"}'),
    ],
  ].flat(),
  read: readFrames,
  respell: remasked,
};
