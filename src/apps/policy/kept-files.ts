import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';

export type KeptFile = { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string };

/** One of the daemon's own files, at most `maxBytes`; nothing but a regular file is read. */
export function readKept(file: string, maxBytes: number): KeptFile {
  try {
    const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) return { ok: false, why: 'it is not a regular file' };
      if (stat.size > maxBytes) return { ok: false, why: `it is larger than ${maxBytes} bytes` };
      const bytes = Buffer.alloc(stat.size);
      const read = readSync(handle, bytes, 0, stat.size, 0);
      return { ok: true, bytes: bytes.subarray(0, read) };
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return { ok: false, why: codeOf(error) === 'ENOENT' ? 'it is missing' : `it cannot be read (${codeOf(error)})` };
  }
}

/** Names in a folder that end so; a missing folder is an empty one, and one that is closed to this account is said. */
export function namesIn(
  folder: string,
  ending: string,
): { readonly names: readonly string[]; readonly closed: boolean } {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(ending) && !name.startsWith('.'));
    return { names: names.sort(), closed: false };
  } catch (error) {
    return { names: [], closed: codeOf(error) !== 'ENOENT' };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
