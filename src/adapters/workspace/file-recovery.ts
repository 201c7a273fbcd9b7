import { basename, dirname, join, relative, resolve } from 'node:path';
import type { FileRecoveryFact } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { type Budget, isWithin, type ReadingFiles, readRegular, whyNot } from './bounded-files.ts';
import { type IndexEntry, parseGitIndex } from './git-index.ts';
import { type GitObjects, hashObject } from './git-objects.ts';
import {
  findRepository,
  type GitRepository,
  type HeadTree,
  openHeadTree,
  readHead,
  withObjects,
} from './git-repository.ts';
import { makeIgnoreRules } from './ignore-rules.ts';
import { type LostFile, measureLoss, mountsWithin, type Scope, type Surroundings, scopeOf } from './lost-files.ts';
import { readMountPoints } from './mounts.ts';
import { resolveTargets, type Target } from './target-path.ts';

export interface RecoveryWorld {
  readonly files: ReadingFiles;
  /** Real paths. */
  readonly workspace: string;
  readonly temporaryDirectories: readonly string[];
  /** No repository is looked for above it. */
  readonly ceiling: string;
  wasCreated(path: string): boolean;
  readonly budget: Budget;
}

const MAX_SHOWN = 20;
/** Contents that are compared with the repository in one answer. */
const MAX_COMPARED_BYTES = LIMITS.safeguardBytes;
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** What would be lost with the things that `path` names. */
export async function recoveryOf(path: string, world: RecoveryWorld): Promise<Tri<FileRecoveryFact>> {
  const found = await resolveTargets(world.files, path, world.budget);
  if (!isKnown(found)) return found;
  const facts: FileRecoveryFact[] = [];
  try {
    for (const target of found.known.targets) {
      const fact = await recoveryOfTarget(target, world);
      if (!isKnown(fact)) return fact;
      facts.push(fact.known);
    }
  } catch (error) {
    // Also what vanished while it was looked at.
    return unknown(`\`${path}\` ${whyNot(error)}`);
  }
  const [first] = facts;
  if (first !== undefined && facts.length === 1 && found.known.targets[0]?.shownAs === '') return known(first);
  const every = (ask: (fact: FileRecoveryFact) => boolean): boolean => facts.length > 0 && facts.every(ask);
  const realPath = found.known.realPath;
  return known({
    exists: facts.length > 0,
    type: first === undefined ? 'none' : every((fact) => fact.type === first.type) ? first.type : 'other',
    realPath,
    insideWorkspace:
      facts.length === 0 ? isWithin(resolve(realPath), world.workspace) : every((fact) => fact.insideWorkspace),
    temporary: facts.length === 0 ? isTemporary(resolve(realPath), world) : every((fact) => fact.temporary),
    trackedAndClean: every((fact) => fact.trackedAndClean),
    regenerable: every((fact) => fact.regenerable),
    madeByTask: every((fact) => fact.madeByTask),
    files: facts.reduce((sum, fact) => sum + fact.files, 0),
    filesCapped: facts.some((fact) => fact.filesCapped),
    bytes: facts.reduce((sum, fact) => sum + fact.bytes, 0),
    irreplaceable: facts.flatMap((fact) => fact.irreplaceable).slice(0, MAX_SHOWN),
  });
}

async function recoveryOfTarget(target: Target, world: RecoveryWorld): Promise<Tri<FileRecoveryFact>> {
  const { files } = world;
  const stat = await files.lstat(target.path);
  const mountPoints = await readMountPoints(files);
  // Strictly above: a repository that goes with the target brings nothing back.
  const surviving = await repositoryFor(target.path, world);
  const repository = isKnown(surviving) ? surviving.known : undefined;
  // A repository that cannot be read may track anything.
  const index = repository !== undefined ? await readIndex(files, repository) : isKnown(surviving) ? [] : undefined;
  const surroundings = surroundingsOf(files, repository, index, mountPoints);
  const scope = await scopeAround(target.path, stat.isDirectory(), repository, surroundings, world);
  const loss = await measureLoss(files, target.path, scope, surroundings, world.budget);
  const kept = await withHead(files, repository, (head, objects) =>
    keptFiles(loss.lost, repository, head, objects, world),
  );
  // What was cut short by time would be another answer the next time.
  const late = world.budget.spent();
  if (late !== undefined) return unknown(late);
  const whole = !loss.capped && mountsWithin(target.path, mountPoints).length === 0;
  const irreplaceable: string[] = [];
  let clean = whole && loss.regenerable === 0 && repository !== undefined;
  let made = whole && loss.regenerable === 0 && loss.files > 0;
  for (const file of loss.lost) {
    const inHead = kept.has(file);
    const mine = file.kind !== 'blocked' && world.wasCreated(file.path);
    clean &&= inHead;
    made &&= mine;
    if (!inHead && !mine) irreplaceable.push(shown(target, file.path));
  }
  return known({
    exists: true,
    type: stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : stat.isFile() ? 'file' : 'other',
    realPath: target.path,
    ...(stat.isSymbolicLink() ? { linkTarget: await linkTarget(files, target.path) } : {}),
    insideWorkspace: isWithin(target.path, world.workspace),
    temporary: isTemporary(target.path, world),
    trackedAndClean: clean,
    // A walk that was cut short inside of a build folder leaves a `blocked` entry among the lost.
    regenerable:
      loss.lost.length === 0 &&
      (loss.regenerable > 0 || scope !== 'plain') &&
      mountsWithin(target.path, mountPoints).length === 0,
    madeByTask: made,
    files: loss.files,
    filesCapped: loss.capped,
    bytes: loss.bytes,
    // Sorted, so that the same loss is the same evidence.
    irreplaceable: irreplaceable.sort().slice(0, MAX_SHOWN),
  });
}

/** Where a write through the link would go; as the link says it, where nothing is there yet. */
async function linkTarget(files: ReadingFiles, path: string): Promise<string> {
  try {
    return await files.realpath(path);
  } catch {
    return resolve(dirname(path), await files.readlink(path));
  }
}

function shown(target: Target, path: string): string {
  const below = relative(target.path, path);
  return [target.shownAs, below].filter((part) => part !== '').join('/') || basename(target.path);
}

/** A workspace that lies in a temporary directory is a workspace; so is what holds one. */
function isTemporary(path: string, world: RecoveryWorld): boolean {
  if (isWithin(path, world.workspace) || isWithin(world.workspace, path)) return false;
  return world.temporaryDirectories.some((directory) => path !== directory && isWithin(path, directory));
}

/** The repository whose work tree holds the target, and which survives it. */
async function repositoryFor(path: string, world: RecoveryWorld): Promise<Tri<GitRepository | undefined>> {
  if (!isWithin(path, world.workspace) || path === world.ceiling) return known(undefined);
  const found = await findRepository(world.files, dirname(path), world.ceiling);
  if (!isKnown(found) || found.known === undefined) return found;
  const { root, gitDir, commonDir, odd } = found.known;
  if (odd !== undefined) return unknown(odd);
  for (const directory of [gitDir, commonDir]) {
    // SECURITY: a repository that goes with the target, or lies where things vanish, keeps nothing.
    if (isWithin(directory, path) || isWithin(path, directory)) return unknown('goes with the target');
    if (!isWithin(directory, root) && isTemporary(directory, world)) return unknown('lies in a temporary directory');
  }
  return found;
}

/** `undefined` where it cannot be told what is tracked; then nothing counts as regenerable. */
async function readIndex(files: ReadingFiles, repository: GitRepository): Promise<readonly IndexEntry[] | undefined> {
  const bytes = await readRegular(files, join(repository.gitDir, 'index'), MAX_INDEX_BYTES);
  if (!isKnown(bytes)) return bytes.unknown === 'does not exist' ? [] : undefined;
  const index = parseGitIndex(bytes.known, repository.hash);
  return isKnown(index) ? index.known : undefined;
}

function surroundingsOf(
  files: ReadingFiles,
  repository: GitRepository | undefined,
  index: readonly IndexEntry[] | undefined,
  mountPoints: readonly string[] | undefined,
): Surroundings {
  const tracked = new Set(index?.map((entry) => entry.path));
  const folders = new Set<string>();
  for (const name of tracked) {
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      if (folders.has(name.slice(0, end))) break;
      folders.add(name.slice(0, end));
    }
  }
  const rules = repository === undefined ? undefined : makeIgnoreRules(files, repository);
  const inside = (path: string): string | undefined =>
    repository !== undefined && path !== repository.root && isWithin(path, repository.root)
      ? relative(repository.root, path)
      : undefined;
  return {
    mountPoints,
    holdsTracked: (path) => index === undefined || folders.has(inside(path) ?? ''),
    isTracked: (path) => index === undefined || tracked.has(inside(path) ?? ''),
    isIgnored: async (path, isDirectory) => {
      const name = inside(path);
      return name !== undefined && rules !== undefined && (await rules.isIgnored(name.split('/'), isDirectory));
    },
  };
}

/** The scope that the target's own place gives it: below a build folder, or being one. */
async function scopeAround(
  path: string,
  isDirectory: boolean,
  repository: GitRepository | undefined,
  surroundings: Surroundings,
  world: RecoveryWorld,
): Promise<Scope> {
  const top = repository?.root ?? world.workspace;
  if (path === top || !isWithin(path, top)) return 'plain';
  const names = relative(top, path).split('/');
  if (!isDirectory) names.pop();
  let scope: Scope = 'plain';
  let at = top;
  for (const name of names) {
    at = join(at, name);
    scope = await scopeOf(world.files, at, name, scope, surroundings);
  }
  return scope;
}

async function withHead(
  files: ReadingFiles,
  repository: GitRepository | undefined,
  use: (head: HeadTree, objects: GitObjects) => Promise<ReadonlySet<LostFile>>,
): Promise<ReadonlySet<LostFile>> {
  if (repository === undefined) return new Set();
  const head = await readHead(files, repository);
  if (!isKnown(head) || head.known.commit === undefined) return new Set();
  return withObjects(files, repository, (objects) => use(openHeadTree(objects, head.known), objects));
}

/**
 * Those whose content the commit at HEAD holds, byte for byte. That is stricter than `git status`: line endings and
 * clean filters play no part, and no configuration is needed, so none is believed.
 */
async function keptFiles(
  lost: readonly LostFile[],
  repository: GitRepository | undefined,
  head: HeadTree,
  objects: GitObjects,
  world: RecoveryWorld,
): Promise<ReadonlySet<LostFile>> {
  const kept = new Set<LostFile>();
  if (repository === undefined) return kept;
  let leftBytes: number = MAX_COMPARED_BYTES;
  const batch = 16;
  for (let from = 0; from < lost.length && world.budget.spent() === undefined; from += batch) {
    await Promise.all(
      lost.slice(from, from + batch).map(async (file) => {
        leftBytes -= file.size;
        if (leftBytes < 0 || (file.kind !== 'file' && file.kind !== 'symlink')) return;
        const entry = await head.entry(relative(repository.root, file.path).split('/'));
        if (!isKnown(entry) || entry.known === undefined) return;
        const isLink = (entry.known.mode & 0o170000) === 0o120000;
        if (isLink !== (file.kind === 'symlink') || (entry.known.mode & 0o170000) === 0o160000) return;
        const content = isLink ? await linkText(world.files, file.path) : await contentOf(world.files, file);
        if (content === undefined || hashObject('blob', content, repository.hash) !== entry.known.oid) return;
        if (await objects.holds(entry.known.oid)) kept.add(file);
      }),
    );
  }
  return kept;
}

async function linkText(files: ReadingFiles, path: string): Promise<Buffer | undefined> {
  try {
    return await files.readlink(path, { encoding: 'buffer' });
  } catch {
    return undefined;
  }
}

async function contentOf(files: ReadingFiles, file: LostFile): Promise<Buffer | undefined> {
  const bytes = await readRegular(files, file.path, Math.min(file.size, MAX_COMPARED_BYTES));
  return isKnown(bytes) ? bytes.known : undefined;
}
