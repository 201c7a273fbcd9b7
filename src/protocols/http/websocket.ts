/** What a WebSocket's bytes are made of. Source: RFC 6455 section 5. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WebSocketMessage {
  readonly opcode: number;
  /** Unmasked; of a message in fragments, the whole. */
  readonly payload: Buffer;
}

export type MessagesRead =
  | { readonly ok: true; readonly messages: readonly WebSocketMessage[] }
  /** `status`: the close code for it. */
  | { readonly ok: false; readonly status: number; readonly why: string };

export interface MessageReader {
  push(chunk: Uint8Array): MessagesRead;
}

export interface ReaderOptions {
  /** True for what a client sends: everything is masked then, else nothing. */
  readonly masked: boolean;
  readonly messageBytes: number;
  /** A larger message is left out rather than refused: for who only looks on. */
  readonly skipsLarge?: boolean;
}

const MOST_FRAGMENTS = 1_024;

/** Frames to messages, in any chunking; no extension is understood. Strict: the shortest length form, no reserved bit. */
export function makeMessageReader(options: ReaderOptions): MessageReader {
  let buffered = Buffer.alloc(0);
  let fragments: { readonly opcode: number; readonly parts: Buffer[]; bytes: number; isSkipped: boolean } | undefined;
  let toSkip = 0;
  let failed: MessagesRead | undefined;

  const next = (messages: WebSocketMessage[]): boolean | MessagesRead => {
    if (toSkip > 0) {
      const skipped = Math.min(toSkip, buffered.length);
      toSkip -= skipped;
      buffered = buffered.subarray(skipped);
      if (toSkip > 0) return false;
    }
    const head = frameHead(buffered, options.masked);
    if (head === undefined) return false;
    if ('why' in head) return head;
    const { fin, opcode, headBytes, bytes, mask } = head;
    const isControl = opcode >= 8;
    if (!isControl && (opcode === OPCODE.continuation) !== (fragments !== undefined))
      return fault(1002, 'fragments out of order');
    const whole = isControl ? bytes : bytes + (fragments?.bytes ?? 0);
    if (whole > options.messageBytes || (fragments?.parts.length ?? 0) >= MOST_FRAGMENTS) {
      if (options.skipsLarge !== true) return fault(1009, `a message larger than ${options.messageBytes} bytes`);
      fragments = fin ? undefined : { opcode: fragments?.opcode ?? opcode, parts: [], bytes: whole, isSkipped: true };
      buffered = buffered.subarray(headBytes);
      toSkip = bytes;
      return true;
    }
    if (buffered.length < headBytes + bytes) return false;
    const payload = unmasked(buffered.subarray(headBytes, headBytes + bytes), mask);
    buffered = buffered.subarray(headBytes + bytes);
    if (isControl) messages.push({ opcode, payload });
    else {
      fragments ??= { opcode, parts: [], bytes: 0, isSkipped: false };
      fragments.parts.push(payload);
      fragments.bytes += bytes;
      if (fin) {
        if (!fragments.isSkipped) messages.push({ opcode: fragments.opcode, payload: Buffer.concat(fragments.parts) });
        fragments = undefined;
      }
    }
    return true;
  };

  return {
    push: (chunk) => {
      if (failed !== undefined) return failed;
      buffered = buffered.length === 0 ? Buffer.from(chunk) : Buffer.concat([buffered, chunk]);
      const messages: WebSocketMessage[] = [];
      for (;;) {
        const went = next(messages);
        if (went === true) continue;
        if (went === false) return { ok: true, messages };
        failed = went;
        return went;
      }
    },
  };
}

/** One unfragmented frame; `mask` (four octets) for what a client sends. */
export function encodeFrame(opcode: number, payload: Uint8Array, mask?: Uint8Array): Buffer {
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  const marked = mask === undefined ? 0 : 0x80;
  if (size < 126) head[1] = marked | size;
  else if (size < 65_536) {
    head[1] = marked | 126;
    head.writeUInt16BE(size, 2);
  } else {
    head[1] = marked | 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, ...(mask === undefined ? [] : [mask]), unmasked(Buffer.from(payload), mask)]);
}

interface FrameHead {
  readonly fin: boolean;
  readonly opcode: number;
  readonly headBytes: number;
  readonly bytes: number;
  readonly mask: Buffer | undefined;
}

function frameHead(buffer: Buffer, masked: boolean): FrameHead | undefined | Extract<MessagesRead, { ok: false }> {
  const first = buffer[0];
  const second = buffer[1];
  if (first === undefined || second === undefined) return undefined;
  const fin = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return fault(1002, 'a reserved bit is set');
  if ((opcode > OPCODE.binary && opcode < OPCODE.close) || opcode > OPCODE.pong) return fault(1002, 'an unknown frame');
  if (((second & 0x80) !== 0) !== masked) return fault(1002, masked ? 'a frame without a mask' : 'a frame with a mask');
  const short = second & 0x7f;
  if (opcode >= OPCODE.close && (!fin || short > 125)) return fault(1002, 'a control frame in parts, or too long');
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headBytes = 2 + lengthBytes + (masked ? 4 : 0);
  if (buffer.length < headBytes) return undefined;
  const long = lengthBytes === 2 ? buffer.readUInt16BE(2) : lengthBytes === 8 ? buffer.readBigUInt64BE(2) : short;
  if (long > Number.MAX_SAFE_INTEGER) return fault(1009, 'a frame without an end');
  const bytes = Number(long);
  if ((lengthBytes === 2 && bytes < 126) || (lengthBytes === 8 && bytes < 65_536))
    return fault(1002, 'a length that is not in its shortest form');
  return { fin, opcode, headBytes, bytes, mask: masked ? buffer.subarray(headBytes - 4, headBytes) : undefined };
}

function unmasked(bytes: Buffer, mask: Uint8Array | undefined): Buffer {
  if (mask === undefined) return bytes;
  const plain = Buffer.alloc(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) plain[index] = (bytes[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return plain;
}

function fault(status: number, why: string): Extract<MessagesRead, { ok: false }> {
  return { ok: false, status, why };
}
