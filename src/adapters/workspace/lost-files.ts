import { join } from 'node:path';
import { LIMITS } from '../../core/limits.ts';
import { type Budget, isWithin, type ReadingFiles } from './bounded-files.ts';
import { isFetchedFolder, isKeptName, isProductFile, isProductFolder } from './build-products.ts';

/** A thing that would go with the target and that no build makes again. */
export interface LostFile {
  readonly path: string;
  /** `blocked`: cannot be looked into, or lies on another mount. */
  readonly kind: 'file' | 'symlink' | 'other' | 'blocked';
  readonly size: number;
}

export interface Loss {
  readonly files: number;
  readonly bytes: number;
  readonly capped: boolean;
  /** Files that a build makes again; they are counted in `files`, not listed. */
  readonly regenerable: number;
  readonly lost: readonly LostFile[];
}

/** What the walk asks about paths; all absolute and real. */
export interface Surroundings {
  isIgnored(path: string, isDirectory: boolean): Promise<boolean>;
  isTracked(path: string): boolean;
  /** True if anything below is tracked, or that cannot be told. */
  holdsTracked(path: string): boolean;
  readonly mountPoints: readonly string[] | undefined;
}

/**
 * `product`: kept names still count as lost. `fetched`: they do not, the folder came over the network as it is.
 * `listed`: the folder itself is among the lost, so its files are only counted.
 */
export type Scope = 'plain' | 'product' | 'modules' | 'fetched' | 'listed';

const MAX_DEPTH = 256;
/** Names looked at inside build folders, which are larger than what can be safeguarded. */
const MAX_NAMES = 400_000;
/** Sizes asked for where nothing but regenerable files goes. */
const MAX_SIZED = 500;

/** The scope inside of a directory that lies in `outer`. */
export async function scopeOf(
  files: ReadingFiles,
  path: string,
  name: string,
  outer: Scope,
  surroundings: Surroundings,
): Promise<Scope> {
  if (outer === 'fetched' || outer === 'listed') return outer;
  // A package inside node_modules is as it came from the registry; what merely lies there is not.
  if (outer === 'modules') {
    if (name.startsWith('@') || name === '.pnpm' || name === 'node_modules') return 'modules';
    return (await isFile(files, join(path, 'package.json'))) ? 'fetched' : 'product';
  }
  if (name === 'node_modules' && (outer === 'product' || (await isFile(files, join(path, '..', 'package.json')))))
    return 'modules';
  if (outer === 'plain') {
    if (!isProductFolder(name) || !(await surroundings.isIgnored(path, true))) return 'plain';
    if (name === 'node_modules') return 'modules';
  }
  return isFetchedFolder(name) ? 'fetched' : 'product';
}

interface Folder {
  readonly path: string;
  readonly scope: Scope;
  readonly depth: number;
}

/**
 * Walks what `path` (real) holds. Follows no symlink, opens no file, crosses no mount. Where all of it is made again,
 * what came over the network is not counted to the last file: nobody waits for that, and `capped` says so.
 */
export async function measureLoss(
  files: ReadingFiles,
  path: string,
  scope: Scope,
  surroundings: Surroundings,
  budget: Budget,
): Promise<Loss> {
  const lost: LostFile[] = [];
  const sizeless: string[] = [];
  const fetched: Folder[] = [];
  let open: Folder[] = [];
  let count = 0;
  let bytes = 0;
  let names = 0;
  let regenerable = 0;
  let capped = false;
  const device = (await files.lstat(path, { bigint: true })).dev;

  const take = async (at: string, name: string, kind: LostFile['kind'], inside: Scope): Promise<void> => {
    const counted = count < LIMITS.safeguardFiles;
    if (counted) count += 1;
    else capped = true;
    const again = kind !== 'blocked' && inside !== 'listed' && (await isMadeAgain(at, name, inside, surroundings));
    if (again) regenerable += 1;
    if (again || inside === 'listed') {
      if (counted && kind === 'file') sizeless.push(at);
      return;
    }
    if (!counted && inside === 'plain') return;
    let size = 0;
    try {
      if (kind === 'file') size = (await files.lstat(at)).size;
    } catch {
      kind = 'blocked';
    }
    bytes += size;
    if (lost.length < LIMITS.safeguardFiles) lost.push({ path: at, kind, size });
    else capped = true;
  };

  const enter = async (folder: Folder): Promise<void> => {
    const crosses =
      surroundings.mountPoints === undefined
        ? (await files.lstat(folder.path, { bigint: true })).dev !== device
        : surroundings.mountPoints.includes(folder.path);
    if (crosses || folder.depth > MAX_DEPTH) await take(folder.path, '', 'blocked', 'plain');
    else if (folder.scope === 'fetched' && !surroundings.holdsTracked(folder.path)) fetched.push(folder);
    else open.push(folder);
  };

  const look = async (folder: Folder, entry: Kinded & { readonly name: string }): Promise<void> => {
    const at = join(folder.path, entry.name);
    if (!entry.isDirectory()) return take(at, entry.name, kindOf(entry), folder.scope);
    const depth = folder.depth + 1;
    if (entry.name === '.git' && folder.scope !== 'fetched' && folder.scope !== 'listed') {
      lost.push({ path: at, kind: 'blocked', size: 0 });
      return enter({ path: at, scope: 'listed', depth });
    }
    return enter({ path: at, scope: await scopeOf(files, at, entry.name, folder.scope, surroundings), depth });
  };

  /** The folder where it had to stop. */
  const walk = async (enough: (folder: Folder) => boolean): Promise<Folder | undefined> => {
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      try {
        for await (const entry of await files.opendir(next.path, { bufferSize: 128 })) {
          names += 1;
          if (budget.spent() !== undefined || names > MAX_NAMES || enough(next)) {
            capped = true;
            return next;
          }
          await look(next, entry);
        }
      } catch {
        await take(next.path, '', 'blocked', 'plain');
      }
    }
    return undefined;
  };

  const top = await files.lstat(path);
  if (top.isDirectory()) await enter({ path, scope, depth: 0 });
  else await take(path, path.slice(path.lastIndexOf('/') + 1), kindOf(top), scope);
  const stopped = await walk((folder) => capped && folder.scope === 'plain');
  if (stopped !== undefined) lost.push({ path: stopped.path, kind: 'blocked', size: 0 });
  if (lost.length === 0) {
    // Never looked into, always made again.
    regenerable += fetched.length;
    capped ||= fetched.length > 0;
  } else if (stopped === undefined) {
    // With it goes something that may have to be copied: then its size matters.
    open = fetched.map((folder) => ({ ...folder, scope: 'listed' }));
    regenerable += fetched.length;
    await walk(() => capped);
  }
  if (lost.length === 0 && sizeless.length > MAX_SIZED) capped = true;
  for (const at of capped && lost.length === 0 ? sizeless.slice(0, MAX_SIZED) : sizeless) {
    if (budget.spent() !== undefined) break;
    bytes += await sizeOf(files, at);
  }
  return { files: count, bytes, capped, regenerable, lost };
}

async function sizeOf(files: ReadingFiles, path: string): Promise<number> {
  try {
    return (await files.lstat(path)).size;
  } catch {
    return 0;
  }
}

async function isMadeAgain(path: string, name: string, scope: Scope, surroundings: Surroundings): Promise<boolean> {
  if (surroundings.isTracked(path)) return false;
  if (scope === 'fetched') return true;
  if (isKeptName(name)) return false;
  return scope !== 'plain' || (isProductFile(name) && (await surroundings.isIgnored(path, false)));
}

interface Kinded {
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(entry: Kinded): LostFile['kind'] {
  if (entry.isFile()) return 'file';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

async function isFile(files: ReadingFiles, path: string): Promise<boolean> {
  try {
    return (await files.lstat(path)).isFile();
  } catch {
    return false;
  }
}

/** Mount points at or below a path. */
export function mountsWithin(path: string, mountPoints: readonly string[] | undefined): readonly string[] {
  return (mountPoints ?? []).filter((point) => isWithin(point, path));
}
