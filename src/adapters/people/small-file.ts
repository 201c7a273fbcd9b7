import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';

export type SmallFile =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly stats: BigIntStats }
  | { readonly ok: false; readonly missing: boolean; readonly why: string };

/** Reads a regular file of at most `maxBytes`, following no link in its last segment. Never hangs on a pipe, never rejects. */
export async function readSmallFile(path: string, maxBytes: number): Promise<SmallFile> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) return { ok: false, missing: false, why: `\`${path}\` is not a regular file` };
      const buffer = Buffer.alloc(Math.min(Number(stats.size), maxBytes) + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      if (bytesRead > maxBytes)
        return { ok: false, missing: false, why: `\`${path}\` is larger than ${maxBytes} bytes` };
      if (bytesRead !== Number(stats.size))
        return { ok: false, missing: false, why: `\`${path}\` changed while it was read` };
      return { ok: true, bytes: buffer.subarray(0, bytesRead), stats };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { ok: false, ...fileFault(path, error) };
  }
}

export function fileFault(path: string, error: unknown): { readonly missing: boolean; readonly why: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT') return { missing: true, why: `\`${path}\` does not exist` };
  if (code === 'ELOOP') return { missing: false, why: `\`${path}\` is a symbolic link` };
  return { missing: false, why: `\`${path}\` cannot be read (${code})` };
}
