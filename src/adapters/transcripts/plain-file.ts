import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TranscriptFile, TranscriptRecord } from '../../ports/transcripts.ts';
import { TRANSCRIPT_LIMITS } from './limits.ts';

const CHUNK_BYTES = 1024 * 1024;
/** SECURITY: no link is followed, and a pipe that lies there does not make the reader wait. */
const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Plain files below a folder whose path from there matches, oldest change first. */
export function filesBelow(folder: string, matches: (relative: string) => boolean, sinceMs: number): TranscriptFile[] {
  const found: TranscriptFile[] = [];
  const walk = (dir: string, depth: number): void => {
    for (const entry of entriesOf(dir)) {
      const file = path.join(dir, entry.name);
      if (entry.isDirectory() && depth < TRANSCRIPT_LIMITS.depth) walk(file, depth + 1);
      if (!entry.isFile() || found.length >= TRANSCRIPT_LIMITS.files || !matches(path.relative(folder, file))) continue;
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat !== undefined && stat.mtimeMs >= sinceMs)
        found.push({ path: file, bytes: stat.size, changedAtMs: stat.mtimeMs });
    }
  };
  walk(folder, 0);
  return found.sort((a, b) => a.changedAtMs - b.changedAtMs || (a.path < b.path ? -1 : 1));
}

export function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

function entriesOf(dir: string): ReturnType<typeof readEntries> {
  try {
    return readEntries(dir);
  } catch {
    // Gone meanwhile, or another account's: what is in it is not counted.
    return [];
  }
}

function readEntries(dir: string) {
  return readdirSync(dir, { withFileTypes: true });
}

/** The text of a small file; `undefined` where it is missing, large or none. */
export function wholeFile(file: string, mostBytes: number): string | undefined {
  try {
    const fd = openSync(file, PLAIN);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.size > mostBytes) return undefined;
      const bytes = Buffer.alloc(stat.size);
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, stat.size, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** The lines of a file, of which one at a time is in memory. */
export function* linesOfFile(file: string, session: string, cwd: string): Generator<TranscriptRecord> {
  let fd: number;
  try {
    fd = openSync(file, PLAIN);
  } catch (error) {
    yield { kind: 'unreadable', why: wordsOf(error) };
    return;
  }
  const limit = TRANSCRIPT_LIMITS.recordBytes;
  let parts: Buffer[] = [];
  let size = 0;
  const take = (): TranscriptRecord => {
    const record: TranscriptRecord =
      size > limit
        ? { kind: 'too-long', bytes: size }
        : { kind: 'text', text: Buffer.concat(parts).toString('utf8'), session, cwd };
    parts = [];
    size = 0;
    return record;
  };
  try {
    if (!fstatSync(fd).isFile()) {
      yield { kind: 'unreadable', why: 'not a plain file' };
      return;
    }
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (read === 0) break;
      let rest = chunk.subarray(0, read);
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        size += end;
        if (size <= limit) parts.push(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        yield take();
      }
      size += rest.length;
      if (size <= limit) parts.push(rest);
      else parts = [];
    }
    if (size > 0) yield take();
  } catch (error) {
    yield { kind: 'unreadable', why: wordsOf(error) };
  } finally {
    closeSync(fd);
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}
