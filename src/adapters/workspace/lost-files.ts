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

/** Walks what `path` (real) holds. Follows no symlink, opens no file, crosses no mount. */
export async function measureLoss(
  files: ReadingFiles,
  path: string,
  scope: Scope,
  surroundings: Surroundings,
  budget: Budget,
): Promise<Loss> {
  const lost: LostFile[] = [];
  let count = 0;
  let bytes = 0;
  let names = 0;
  let regenerable = 0;
  let capped = false;
  const device = (await files.lstat(path, { bigint: true })).dev;

  const take = async (at: string, name: string, kind: LostFile['kind'], inside: Scope): Promise<void> => {
    let size = 0;
    if (count < LIMITS.safeguardFiles) {
      count += 1;
      try {
        if (kind === 'file') size = (await files.lstat(at)).size;
      } catch {
        kind = 'blocked';
      }
      bytes += size;
    } else {
      capped = true;
      if (inside === 'plain' || inside === 'listed') return;
    }
    if (inside === 'listed') return;
    if (kind !== 'blocked' && (await isMadeAgain(at, name, inside, surroundings))) regenerable += 1;
    else if (lost.length < LIMITS.safeguardFiles) lost.push({ path: at, kind, size });
    else capped = true;
  };

  const open: { readonly path: string; readonly scope: Scope; readonly depth: number }[] = [];
  const enter = async (at: string, inside: Scope, depth: number): Promise<void> => {
    const crosses =
      surroundings.mountPoints === undefined
        ? (await files.lstat(at, { bigint: true })).dev !== device
        : surroundings.mountPoints.includes(at);
    if (crosses || depth > MAX_DEPTH) await take(at, '', 'blocked', 'plain');
    else open.push({ path: at, scope: inside, depth });
  };

  const top = await files.lstat(path);
  if (top.isDirectory()) await enter(path, scope, 0);
  else await take(path, path.slice(path.lastIndexOf('/') + 1), kindOf(top), scope);

  walk: for (let next = open.pop(); next !== undefined; next = open.pop()) {
    try {
      for await (const entry of await files.opendir(next.path, { bufferSize: 128 })) {
        names += 1;
        if (budget.spent() !== undefined || names > MAX_NAMES || (capped && next.scope === 'plain')) {
          capped = true;
          lost.push({ path: next.path, kind: 'blocked', size: 0 });
          break walk;
        }
        const at = join(next.path, entry.name);
        if (entry.isDirectory()) {
          const isRepository = entry.name === '.git' && next.scope !== 'fetched' && next.scope !== 'listed';
          if (isRepository) lost.push({ path: at, kind: 'blocked', size: 0 });
          await enter(
            at,
            isRepository ? 'listed' : await scopeOf(files, at, entry.name, next.scope, surroundings),
            next.depth + 1,
          );
        } else await take(at, entry.name, kindOf(entry), next.scope);
      }
    } catch {
      await take(next.path, '', 'blocked', 'plain');
    }
  }
  return { files: count, bytes, capped, regenerable, lost };
}

async function isMadeAgain(path: string, name: string, scope: Scope, surroundings: Surroundings): Promise<boolean> {
  if (surroundings.isTracked(path)) return false;
  if (scope === 'fetched') return true;
  if (isKeptName(name)) return false;
  return scope !== 'plain' || (isProductFile(name) && (await surroundings.isIgnored(path, false)));
}

interface Kinded {
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
