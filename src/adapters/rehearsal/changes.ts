import { createHash } from 'node:crypto';
import { constants, type Dirent, promises as fs, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { FileChange, FileFate } from '../../ports/rehearsal.ts';

/** One overlay: the real folder below, what was written above it, and both together. */
export interface Layer {
  readonly real: string;
  readonly upper: string;
  readonly merged: string;
}

export interface Changes {
  readonly changes: readonly FileChange[];
  readonly capped: boolean;
}

const MAX_LOOKED_AT = 50_000;
const MAX_CHANGES = 2_000;
const MAX_BELOW = 5_000;
const MAX_COMPARED_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * What became of things that were there before. Walks what was written (`upper`) and compares both views; names that
 * the real folder has and the merged one lacks are gone, whichever mark of the overlay says so.
 * SECURITY: follows no symlink of the view: each step goes to a name that `lstat` called a folder. The command is over
 * by then, so nothing changes under the walk.
 */
export async function readChanges(layers: readonly Layer[], untilMs: number): Promise<Changes> {
  const found: FileChange[] = [];
  const made: { readonly path: string; readonly bytes: number }[] = [];
  const state = { looked: 0, capped: false, comparedBytes: 0 };
  const spent = (): boolean => {
    state.looked += 1;
    if (state.looked <= MAX_LOOKED_AT && performance.now() < untilMs && found.length < MAX_CHANGES) return false;
    state.capped = true;
    return true;
  };

  async function lose(real: string, before: Stats, fate: FileFate): Promise<void> {
    const below: { path: string; bytes: number }[] = [];
    if (before.isDirectory()) await list(real, below);
    const bytes = before.isDirectory() ? below.reduce((sum, one) => sum + one.bytes, 0) : sizeOf(before);
    found.push({ path: real, fate, kind: kindOf(before), bytes, below });
  }

  async function list(folder: string, below: { path: string; bytes: number }[]): Promise<void> {
    for (const entry of await names(folder)) {
      if (spent()) return;
      if (below.length >= MAX_BELOW) {
        state.capped = true;
        return;
      }
      const path = join(folder, entry.name);
      const stat = await lstat(path);
      if (stat === undefined) continue;
      if (stat.isDirectory()) await list(path, below);
      else below.push({ path, bytes: sizeOf(stat) });
    }
  }

  async function compare(layer: Layer, at: string): Promise<void> {
    const above = await names(join(layer.upper, at));
    if (at === '' && above.length === 0) return;
    const [below, both] = [
      await names(join(layer.real, at)),
      new Set((await names(join(layer.merged, at))).map((entry) => entry.name)),
    ];
    for (const entry of below) {
      if (both.has(entry.name)) continue;
      if (spent()) return;
      const before = await lstat(join(layer.real, at, entry.name));
      if (before !== undefined) await lose(join(layer.real, at, entry.name), before, 'deleted');
    }
    for (const entry of above) {
      if (spent()) return;
      const name = join(at, entry.name);
      const after = await lstat(join(layer.merged, name));
      if (after === undefined) continue;
      const real = join(layer.real, name);
      const before = await lstat(real);
      if (after.isDirectory()) {
        if (before !== undefined && !before.isDirectory()) await lose(real, before, 'deleted');
        await compare(layer, name);
      } else if (before === undefined) {
        if (after.isFile()) made.push({ path: join(layer.merged, name), bytes: after.size });
      } else await replaced(join(layer.merged, name), after, real, before);
    }
  }

  async function names(folder: string): Promise<Dirent[]> {
    try {
      return (await fs.readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      // A folder that the command closed to us may hide anything.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) state.capped = true;
      return [];
    }
  }

  async function replaced(path: string, after: Stats, real: string, before: Stats): Promise<void> {
    if (before.isDirectory() || kindOf(before) !== kindOf(after)) return lose(real, before, 'deleted');
    if (before.isSymbolicLink()) {
      if ((await fs.readlink(path)) !== (await fs.readlink(real))) await lose(real, before, 'overwritten');
      return;
    }
    if (!before.isFile() || before.size === 0) return;
    if (after.size === 0) return lose(real, before, 'emptied');
    // More at the end takes nothing away.
    if (after.size < before.size || !(await begins(path, real, before.size))) {
      await lose(real, before, 'overwritten');
      made.push({ path, bytes: after.size });
    }
  }

  /** The first `bytes` of both are the same. What is too large to compare counts as changed. */
  async function begins(path: string, real: string, bytes: number): Promise<boolean> {
    state.comparedBytes += bytes;
    if (state.comparedBytes > MAX_COMPARED_BYTES) return false;
    const [one, other] = [await digest(path, bytes), await digest(real, bytes)];
    return one !== undefined && one === other;
  }

  /** A file that went and whose content stands under a new name was moved. */
  async function matchMoves(): Promise<readonly FileChange[]> {
    const bySize = new Map<number, string[]>();
    for (const one of made) if (one.bytes > 0) bySize.set(one.bytes, [...(bySize.get(one.bytes) ?? []), one.path]);
    const out: FileChange[] = [];
    for (const change of found) {
      const files = change.kind === 'directory' ? change.below : [{ path: change.path, bytes: change.bytes }];
      let moved = change.fate === 'deleted' && change.kind !== 'symlink' && files.length > 0;
      for (const file of files) {
        if (!moved) break;
        if (file.bytes === 0) continue;
        moved = false;
        for (const candidate of bySize.get(file.bytes) ?? []) {
          if (await begins(candidate, file.path, file.bytes)) {
            moved = true;
            break;
          }
        }
      }
      // Nothing but empty files: no content to recognise them by.
      const content = files.some((file) => file.bytes > 0);
      out.push(moved && content && !state.capped ? { ...change, fate: 'moved' } : change);
    }
    return out;
  }

  for (const layer of layers) await compare(layer, '');
  const changes = await matchMoves();
  return { changes: [...changes].sort((a, b) => (a.path < b.path ? -1 : 1)), capped: state.capped };
}

async function lstat(path: string): Promise<Stats | undefined> {
  try {
    return await fs.lstat(path);
  } catch {
    return undefined;
  }
}

function sizeOf(stat: Stats): number {
  return stat.isFile() ? stat.size : 0;
}

function kindOf(stat: Stats): FileChange['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'symlink' : 'other';
}

async function digest(path: string, bytes: number): Promise<string | undefined> {
  try {
    const file = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const hash = createHash('sha256');
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, bytes - at), at);
        if (bytesRead === 0) return undefined;
        hash.update(chunk.subarray(0, bytesRead));
        at += bytesRead;
      }
      return hash.digest('hex');
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
