import { createHash } from 'node:crypto';
import { constants, promises as fsPromises, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CopyEntry, manifestDigest } from './copy-manifest.ts';
import { digestOfFile, flushDirectory, writeAll } from './copy-tree.ts';
import { isWithin, readSafeguard, reason } from './kept-copy.ts';

export interface RestoreOptions {
  /** Puts the copy of the target here (absolute) and not where it was. */
  readonly to?: string;
  /** Replaces files whose content differs from the copy. Nothing is ever removed that the copy does not hold. */
  readonly overwrite?: boolean;
  /** Of `SafeguardTaken`: refuses a copy that is not the one that was recorded. */
  readonly digest?: string;
}

export type RestoreResult =
  | { readonly ok: true; readonly written: number; readonly unchanged: number }
  /** `conflicts`: absolute paths, at most 20, that hold something else now; nothing was written then. */
  | { readonly ok: false; readonly why: string; readonly conflicts: readonly string[] };

interface Job {
  readonly entry: CopyEntry;
  readonly from: string;
  readonly to: string;
  readonly state: 'absent' | 'same' | 'differs';
}

const never = (): undefined => undefined;

/**
 * Puts a safeguard back. Looks at everything first and writes nothing if anything stands in the way. Never rejects.
 * `where`: of `SafeguardTaken`.
 */
export async function restoreSafeguard(where: string, options: RestoreOptions = {}): Promise<RestoreResult> {
  const refuse = (why: string, conflicts: readonly string[] = []): RestoreResult => ({ ok: false, why, conflicts });
  if (options.to?.startsWith('/') === false) return refuse(`\`${options.to}\` is not an absolute path`);
  try {
    const { manifest, found } = await readSafeguard(fsPromises, where, never);
    const digest = manifestDigest(found);
    if (digest !== manifestDigest(manifest)) return refuse('the copy is damaged');
    if (options.digest !== undefined && options.digest !== digest) return refuse('the copy is not the recorded one');
    const jobs: Job[] = [];
    for (const [index, root] of manifest.roots.entries()) {
      const base = index === 0 && options.to !== undefined ? options.to : root.original;
      if (options.to !== undefined && index > 0) continue;
      if (isWithin(base, where)) return refuse('a copy is not restored into itself');
      for (const entry of root.entries) {
        const from = join(where, 'data', String(index), entry.path);
        const to = join(base, entry.path);
        jobs.push({ entry, from, to, state: await stateOf(entry, to) });
      }
    }
    const inTheWay = jobs.filter(
      ({ entry, state }) => state === 'differs' && (options.overwrite !== true || entry.type === 'directory'),
    );
    if (inTheWay.length > 0) {
      const conflicts = inTheWay.slice(0, 20).map((job) => job.to);
      return refuse(`${inTheWay.length} paths hold something else now`, conflicts);
    }
    const todo = jobs.filter((job) => job.state !== 'same');
    for (const job of todo) await put(job);
    // Deepest first: a directory's time is set after its content.
    for (const job of todo.toReversed()) await dress(job);
    return { ok: true, written: todo.length, unchanged: jobs.length - todo.length };
  } catch (error) {
    return refuse(reason(error));
  }
}

async function stateOf(entry: CopyEntry, to: string): Promise<Job['state']> {
  let stat: Stats;
  try {
    stat = await fsPromises.lstat(to);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'absent';
    // A file where a directory should be: whatever lies below is in the way of it, too.
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return 'differs';
    throw error;
  }
  switch (entry.type) {
    case 'directory':
      return stat.isDirectory() ? 'same' : 'differs';
    case 'symlink':
      return stat.isSymbolicLink() && (await fsPromises.readlink(to)) === entry.to ? 'same' : 'differs';
    case 'file':
      return stat.isFile() && stat.size === entry.size && (await digestOfFile(fsPromises, to, never)) === entry.digest
        ? 'same'
        : 'differs';
    default:
      return entry satisfies never;
  }
}

/** INVARIANT: what came up since the look is not overwritten: files are made exclusively and moved into place whole. */
async function put({ entry, from, to, state }: Job): Promise<void> {
  if (entry.path === '') await fsPromises.mkdir(dirname(to), { recursive: true });
  if (entry.type === 'directory') {
    await fsPromises.mkdir(to, { mode: 0o700 });
    return;
  }
  const fresh = join(dirname(to), `.holdpoint-restore-${createHash('sha256').update(to).digest('hex').slice(0, 16)}`);
  await fsPromises.rm(fresh, { force: true });
  if (entry.type === 'symlink') await fsPromises.symlink(entry.to, fresh);
  else await copyOut(from, fresh, entry.digest);
  try {
    if (state === 'differs') await fsPromises.rename(fresh, to);
    else {
      // A hard link fails where something is there by now; a rename would replace it.
      await fsPromises.link(fresh, to);
    }
  } finally {
    await fsPromises.rm(fresh, { force: true });
  }
  await flushDirectory(fsPromises, dirname(to));
}

async function copyOut(from: string, to: string, digest: string): Promise<void> {
  const input = await fsPromises.open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const output = await fsPromises.open(to, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(1024 * 1024);
      for (;;) {
        const { bytesRead } = await input.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        await writeAll(output, buffer.subarray(0, bytesRead));
      }
      await output.sync();
      if (hash.digest('hex') !== digest) throw new Error(`the copy of \`${to}\` changed while it was restored`);
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

async function dress({ entry, to }: Job): Promise<void> {
  if (entry.type === 'symlink') return;
  // Only root may give files away; everyone else restores what is theirs.
  if (process.getuid?.() === 0) await fsPromises.lchown(to, entry.uid, entry.gid);
  await fsPromises.chmod(to, entry.mode);
  // In seconds: a Date would cut off what lies below the millisecond.
  await fsPromises.utimes(to, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
}
