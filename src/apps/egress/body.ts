import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

export type ReadBody =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** More than the limit: what came so far; the request is paused and holds the rest. */
  | { readonly kind: 'too-large'; readonly start: Buffer }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'broken' };

/** Reads up to `limitBytes`. Leaves no listener behind. `timeoutMs` is for the whole body; `isComplete` tells an end from a break. */
export function readBody(
  request: Readable,
  isComplete: () => boolean,
  limitBytes: number,
  timeoutMs: number,
): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (result: ReadBody): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      // Whatever breaks later is seen by whoever uses the request then; an error without a listener would throw.
      request.on('error', () => undefined);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limitBytes) {
        request.pause();
        settle({ kind: 'too-large', start: Buffer.concat(chunks) });
      }
    };
    const onEnd = (): void =>
      settle(
        isComplete()
          ? { kind: 'whole', bytes: chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks) }
          : { kind: 'broken' },
      );
    const onBroken = (): void => settle({ kind: 'broken' });
    const timer = setTimeout(() => settle({ kind: 'timeout' }), timeoutMs);
    if (request.destroyed && !request.readableEnded) {
      settle({ kind: 'broken' });
      return;
    }
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

export type DecodedBody =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly status: number; readonly code: string; readonly detail: string };

const gunzipAll = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

type Inflater = (
  bytes: Buffer,
  options: { readonly maxOutputLength: number; readonly info: true },
  done: (error: Error | null, result: unknown) => void,
) => void;

/**
 * The body as its server would read it. One coding only, without a remainder: two readers could differ on what
 * follows the first stream.
 */
export async function decodeBody(
  bytes: Buffer,
  encoding: string | undefined,
  limitBytes: number,
): Promise<DecodedBody> {
  const coding = (encoding ?? 'identity').trim().toLowerCase();
  try {
    switch (coding) {
      case 'identity':
      case '':
        return { ok: true, bytes };
      case 'gzip':
      case 'x-gzip': {
        const plain = await gunzipAll(bytes, { maxOutputLength: limitBytes });
        // RFC 1952: the last four octets are the length of the last member; of several, only some readers take all.
        if (bytes.readUInt32LE(bytes.length - 4) !== plain.length % 2 ** 32)
          return spoilt('the compressed body has more than one part');
        return { ok: true, bytes: plain };
      }
      case 'deflate':
        return await decodeWhole(inflate as Inflater, bytes, limitBytes);
      case 'br':
        return await decodeWhole(brotliDecompress as Inflater, bytes, limitBytes);
      default:
        return {
          ok: false,
          status: 415,
          code: 'content-encoding',
          detail: `the content encoding \`${coding.slice(0, 40)}\` cannot be judged`,
        };
    }
  } catch (error) {
    if (error instanceof RangeError) {
      return { ok: false, status: 413, code: 'body-bomb', detail: `the body unpacks to more than ${limitBytes} bytes` };
    }
    return spoilt('the compressed body is damaged');
  }
}

function decodeWhole(inflater: Inflater, bytes: Buffer, limitBytes: number): Promise<DecodedBody> {
  return new Promise((resolve, reject) => {
    inflater(bytes, { maxOutputLength: limitBytes, info: true }, (error, result) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const { buffer, engine } = result as {
        readonly buffer: Buffer;
        readonly engine: { readonly bytesWritten: number };
      };
      resolve(
        engine.bytesWritten === bytes.length
          ? { ok: true, bytes: buffer }
          : spoilt('the compressed body has a remainder'),
      );
    });
  });
}

function spoilt(detail: string): DecodedBody {
  return { ok: false, status: 400, code: 'content-encoding', detail };
}
