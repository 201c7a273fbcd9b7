import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';

const MOST_CACHED = 128;
/** A file changed twice within the grain of its time stamps looks unchanged: only a state that has settled is kept. */
const SETTLED_MS = 2_000;

/** What a regular file says, symlinks followed; `known: undefined` where nothing is there. Never rejects. */
export type HostFileReader<T> = (file: string) => Promise<Tri<T | undefined>>;

interface Kept<T> {
  readonly state: string;
  readonly value: Tri<T>;
}

/** Reads at most `maxBytes`, and again only where the file has changed. */
export function makeHostFileReader<T>(
  clock: Clock,
  maxBytes: number,
  derive: (bytes: Uint8Array, file: string) => Tri<T>,
): HostFileReader<T> {
  const cache = new Map<string, Kept<T>>();
  return async (file) => {
    try {
      // SECURITY: without O_NONBLOCK a pipe in the place of a configuration would hang the guard.
      const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      try {
        const stats = await handle.stat({ bigint: true });
        if (!stats.isFile()) return unknown(`\`${file}\` is not a regular file`);
        if (stats.size > BigInt(maxBytes)) return unknown(`\`${file}\` is larger than ${maxBytes} bytes`);
        const state = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
        const kept = cache.get(file);
        if (kept?.state === state) return kept.value;
        const bytes = await wholeOf(handle, Number(stats.size));
        if (bytes === undefined) return unknown(`\`${file}\` changed while it was read`);
        const value = derive(bytes, file);
        const [oldest] = cache.keys();
        cache.delete(file);
        if (cache.size >= MOST_CACHED && oldest !== undefined) cache.delete(oldest);
        if (Number(stats.ctimeMs) + SETTLED_MS < clock.nowMs()) cache.set(file, { state, value });
        return value;
      } finally {
        await handle.close();
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'an internal error';
      return code === 'ENOENT' || code === 'ENOTDIR'
        ? known(undefined)
        : unknown(`\`${file}\` cannot be read (${code})`);
    }
  };
}

async function wholeOf(handle: FileHandle, size: number): Promise<Uint8Array | undefined> {
  // One byte more than there should be, so that growing is noticed.
  const buffer = Buffer.alloc(size + 1);
  let read = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, read, buffer.length - read, read);
    if (bytesRead === 0) return read === size ? buffer.subarray(0, size) : undefined;
    read += bytesRead;
    if (read > size) return undefined;
  }
}
