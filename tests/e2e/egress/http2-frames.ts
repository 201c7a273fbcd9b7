/** HTTP/2 frames made by hand, so that a test can say what no library would. Source: RFC 9113 section 4, RFC 7541. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  continuation: 9,
};
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 };

export function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

export const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings, 0, 0)]);

export type Fields = readonly (readonly [name: string, value: string])[];

/** Each field as a literal without indexing, not packed. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

export function headers(id: number, fields: Fields, flags = FLAG.endStream | FLAG.endHeaders): Buffer {
  return frame(FRAME.headers, flags, id, block(fields));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

export interface ReadFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The whole frames in `bytes`. */
export function framesIn(bytes: Buffer): ReadFrame[] {
  const found: ReadFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    if (at + 9 + length > bytes.length) break;
    found.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, at + 9 + length),
    });
    at += 9 + length;
  }
  return found;
}

/** How the other side ended it: `reset CODE` of the stream, `goaway CODE` of the connection, or the frames that it answered with. */
export function endOf(bytes: Buffer): string {
  const frames = framesIn(bytes);
  const goAway = frames.find((one) => one.type === FRAME.goAway && one.payload.readUInt32BE(4) !== 0);
  if (goAway !== undefined) return `goaway ${goAway.payload.readUInt32BE(4)}`;
  const reset = frames.find((one) => one.type === FRAME.reset);
  const answered = frames.some((one) => one.type === FRAME.headers);
  if (answered) return 'answered';
  return reset === undefined ? 'nothing' : `reset ${reset.payload.readUInt32BE(0)}`;
}
