import { createHash } from 'node:crypto';
import { constants, promises as fsPromises, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { CopyEntry } from './copy-manifest.ts';

/** What copying needs of the file system, so that tests can make it fail, lie and hang. */
export type CopyFiles = Pick<
  typeof fsPromises,
  'lstat' | 'open' | 'opendir' | 'mkdir' | 'readlink' | 'symlink' | 'realpath' | 'rename' | 'rm' | 'statfs' | 'unlink'
>;

export const realCopyFiles: CopyFiles = fsPromises;

export interface CopyLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
  /** Tells why to stop, or nothing. */
  readonly stop: () => string | undefined;
}

/** Raised inside this folder only: why there is no good copy. The adapter's edge turns it into a value. */
export function cannotCopy(why: string): Error {
  return new Error(why);
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Copies `from` (a file, symlink or directory, as it is) to `to`, which must not exist. Every file and directory is
 * flushed to disk. Symlinks stay symlinks. Copies are readable by their owner only; modes are kept in the entries.
 * Throws on anything that is not one of the three, on what changes meanwhile, and past a limit.
 */
export async function copyTree(files: CopyFiles, from: string, to: string, limits: CopyLimits): Promise<CopyEntry[]> {
  const entries: CopyEntry[] = [];
  let bytes = 0;
  const visit = async (path: string): Promise<void> => {
    const why = limits.stop();
    if (why !== undefined) throw cannotCopy(why);
    if (entries.length >= limits.maxFiles) throw cannotCopy(`more than ${limits.maxFiles} files`);
    const source = join(from, path);
    const target = join(to, path);
    const before = await files.lstat(source);
    if (before.isSymbolicLink()) {
      const link = await files.readlink(source);
      await files.symlink(link, target);
      entries.push({ type: 'symlink', path, to: link });
    } else if (before.isDirectory()) {
      await files.mkdir(target, { mode: 0o700 });
      entries.push({ type: 'directory', path, ...ownership(before) });
      for (const name of await namesIn(files, source, limits.maxFiles))
        await visit(path === '' ? name : `${path}/${name}`);
      await flushDirectory(files, target);
      if (isOther(before, await files.lstat(source))) throw cannotCopy(`\`${source}\` changed while it was copied`);
    } else if (before.isFile()) {
      bytes += before.size;
      if (bytes > limits.maxBytes) throw cannotCopy(`more than ${limits.maxBytes} bytes`);
      entries.push(await copyFile(files, source, target, path, before, limits));
    } else throw cannotCopy(`\`${source}\` is neither file, directory nor symlink`);
  };
  await visit('');
  return entries;
}

async function copyFile(
  files: CopyFiles,
  source: string,
  target: string,
  path: string,
  before: Stats,
  limits: CopyLimits,
): Promise<CopyEntry> {
  const input = await files.open(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const output = await files.open(target, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      let size = 0;
      for (;;) {
        const why = limits.stop();
        if (why !== undefined) throw cannotCopy(why);
        const { bytesRead } = await input.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        size += bytesRead;
        // A file that grows while it is read must not fill the disk.
        if (size > before.size) throw cannotCopy(`\`${source}\` changed while it was copied`);
        const chunk = buffer.subarray(0, bytesRead);
        hash.update(chunk);
        await writeAll(output, chunk);
      }
      await output.sync();
      const after = await input.stat();
      if (size !== before.size || isOther(before, after) || isOther(before, await files.lstat(source)))
        throw cannotCopy(`\`${source}\` changed while it was copied`);
      return { type: 'file', path, ...ownership(before), size, digest: hash.digest('hex') };
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

export async function writeAll(
  output: { write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }> },
  chunk: Buffer,
): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await output.write(chunk, written, chunk.length - written);
    if (bytesWritten === 0) throw cannotCopy('the disk takes no more bytes');
    written += bytesWritten;
  }
}

/** The entries of a copy as the disk gives them back; `like` tells what modes and times to believe. */
export async function readBack(
  files: CopyFiles,
  at: string,
  like: readonly CopyEntry[],
  stop: () => string | undefined,
): Promise<CopyEntry[]> {
  const known = new Map(like.map((entry) => [entry.path, entry]));
  const entries: CopyEntry[] = [];
  const visit = async (path: string): Promise<void> => {
    const why = stop();
    if (why !== undefined) throw cannotCopy(why);
    const expected = known.get(path);
    const here = join(at, path);
    const stat = await files.lstat(here);
    if (expected === undefined) throw cannotCopy(`the copy holds \`${path}\`, which the original did not`);
    if (stat.isSymbolicLink()) entries.push({ type: 'symlink', path, to: await files.readlink(here) });
    else if (stat.isDirectory() && expected.type === 'directory') {
      entries.push(expected);
      for (const name of await namesIn(files, here, like.length + 1))
        await visit(path === '' ? name : `${path}/${name}`);
    } else if (stat.isFile() && expected.type === 'file') {
      entries.push({ ...expected, size: stat.size, digest: await digestOfFile(files, here, stop) });
    } else throw cannotCopy(`the copy of \`${path}\` is of another kind`);
  };
  await visit('');
  return entries;
}

export async function digestOfFile(files: CopyFiles, path: string, stop: () => string | undefined): Promise<string> {
  const input = await files.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const why = stop();
      if (why !== undefined) throw cannotCopy(why);
      const { bytesRead } = await input.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await input.close();
  }
}

export async function flushDirectory(files: CopyFiles, path: string): Promise<void> {
  const handle = await files.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Sorted, so that the same tree gives the same digest. */
async function namesIn(files: CopyFiles, path: string, maxNames: number): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await files.opendir(path)) {
    names.push(entry.name);
    if (names.length > maxNames) throw cannotCopy(`more than ${maxNames} files`);
  }
  return names.sort();
}

function ownership(stat: Stats): { mode: number; uid: number; gid: number; mtimeMs: number } {
  return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, mtimeMs: stat.mtimeMs };
}

function isOther(a: Stats, b: Stats): boolean {
  return a.ino !== b.ino || a.dev !== b.dev || a.size !== b.size || a.mtimeMs !== b.mtimeMs || a.ctimeMs !== b.ctimeMs;
}
