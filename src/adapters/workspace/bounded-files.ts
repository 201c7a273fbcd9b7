import { type BigIntStats, constants, promises as fsPromises } from 'node:fs';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';

/** What the verifier needs of the file system, so that tests can make it fail, hang and lie. It only reads. */
export type ReadingFiles = Pick<
  typeof fsPromises,
  'lstat' | 'stat' | 'open' | 'opendir' | 'readlink' | 'realpath' | 'statfs'
>;

export const realFiles: ReadingFiles = fsPromises;

/** Why no more time or work may be spent, or `undefined` where there is some left. */
export interface Budget {
  spent(): string | undefined;
}

export function makeBudget(clock: Clock, timeoutMs: number, signal: AbortSignal): Budget {
  const endMs = clock.monotonicMs() + timeoutMs;
  return {
    spent: () => {
      if (signal.aborted) return 'the question was withdrawn';
      return clock.monotonicMs() > endMs ? `not learnt within ${timeoutMs} ms` : undefined;
    },
  };
}

/** `statfs` types of file systems whose regular files are not: reading one may block, or ask the kernel to act. */
const PSEUDO = new Map([
  [0x9fa0, 'procfs'],
  [0x62656572, 'sysfs'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
]);

/**
 * Bytes of a regular file, at most `maxBytes`. Symlinks are followed.
 * SECURITY: looks before it opens and opens without blocking, so that a FIFO, a terminal or a device neither hangs the
 * guard nor learns of it.
 */
export async function readRegular(files: ReadingFiles, path: string, maxBytes: number): Promise<Tri<Buffer>> {
  try {
    const before = await files.stat(path);
    if (!before.isFile()) return unknown('not a regular file');
    if (before.size > maxBytes) return unknown(`larger than ${maxBytes} bytes`);
    const pseudo = PSEUDO.get((await files.statfs(path)).type);
    if (pseudo !== undefined) return unknown(`a ${pseudo} file, which is not read`);
    const handle = await files.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      if (!(await handle.stat()).isFile()) return unknown('not a regular file');
      const chunks: Buffer[] = [];
      let total = 0;
      // One byte more than there should be, so that growing is noticed.
      while (total <= before.size) {
        const chunk = Buffer.allocUnsafe(Math.min(256 * 1024, before.size - total + 1));
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
        if (bytesRead === 0) return known(Buffer.concat(chunks, total));
        chunks.push(chunk.subarray(0, bytesRead));
        total += bytesRead;
      }
      return unknown('changed while it was read');
    } finally {
      await handle.close();
    }
  } catch (error) {
    return unknown(whyNot(error));
  }
}

/** `undefined` where nothing is there; unknown where that cannot be told. Does not follow a symlink in the last place. */
export async function lstatIfThere(files: ReadingFiles, path: string): Promise<Tri<BigIntStats | undefined>> {
  try {
    return known(await files.lstat(path, { bigint: true }));
  } catch (error) {
    return isAbsence(error) ? known(undefined) : unknown(whyNot(error));
  }
}

export function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function whyNot(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by the guard';
    case 'ELOOP':
      return 'symlinks that lead in a circle';
    case 'ENAMETOOLONG':
      return 'the path is too long';
    case undefined:
      return error instanceof Error ? error.message : String(error);
    default:
      return `cannot be read: ${code}`;
  }
}

/** True if `path` is `directory` or lies below it. Both absolute and real. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}
