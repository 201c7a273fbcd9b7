import { join, resolve } from 'node:path';
import type { GitFact } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { type Budget, isAbsence, lstatIfThere, type ReadingFiles, readRegular, whyNot } from './bounded-files.ts';
import { type IndexEntry, parseGitIndex } from './git-index.ts';
import { hashObject } from './git-objects.ts';
import { findRepository, type GitRepository, openHeadTree, readHead, withObjects } from './git-repository.ts';
import { type IgnoreRules, makeIgnoreRules } from './ignore-rules.ts';

const MAX_INDEX_BYTES = 64 * 1024 * 1024;
const MAX_HEAD_FILES = 500_000;
const MAX_COMPARED_BYTES = 64 * 1024 * 1024;

/**
 * Branch, uncommitted changes and untracked files of the repository that `path` lies in: the one that git would take,
 * so it is looked for upwards to the root of the file system. `untracked` is capped at `LIMITS.safeguardFiles`.
 */
export async function gitStateOf(files: ReadingFiles, path: string, budget: Budget): Promise<Tri<GitFact>> {
  if (!path.startsWith('/')) return unknown('not an absolute path');
  if (path.includes('\0')) return unknown('the path contains a NUL byte');
  try {
    const found = await findRepository(files, await files.realpath(resolve(path)), '/');
    if (!isKnown(found)) return found;
    const repository = found.known;
    if (repository === undefined) return unknown(`\`${path}\` is not in a git repository`);
    if (repository.odd !== undefined) return unknown(repository.odd);
    if (repository.includes) return unknown('the configuration of the repository includes other files');
    const head = await readHead(files, repository);
    if (!isKnown(head)) return head;
    const indexPath = join(repository.gitDir, 'index');
    const bytes = await readRegular(files, indexPath, MAX_INDEX_BYTES);
    if (!isKnown(bytes) && bytes.unknown !== 'does not exist') return unknown(`the index ${bytes.unknown}`);
    const index = isKnown(bytes) ? parseGitIndex(bytes.known, repository.hash) : known([]);
    if (!isKnown(index)) return index;
    const indexAtNs = isKnown(bytes) ? (await files.lstat(indexPath, { bigint: true })).mtimeNs : 0n;
    const inHead = await withObjects(files, repository, (objects) =>
      openHeadTree(objects, head.known).all(MAX_HEAD_FILES),
    );
    if (!isKnown(inHead)) return inHead;
    const staged =
      index.known.length !== inHead.known.size ||
      index.known.some((entry) => {
        const committed = inHead.known.get(entry.path);
        return entry.stage !== 0 || committed?.oid !== entry.oid || committed.mode !== entry.mode;
      });
    let dirty = staged;
    const left = { bytes: MAX_COMPARED_BYTES };
    for (const entry of index.known) {
      if (dirty) break;
      const why = budget.spent();
      if (why !== undefined) return unknown(why);
      dirty = await isChanged(files, repository, entry, indexAtNs, left);
    }
    const untracked = await countUntracked(files, repository, index.known, budget);
    return isKnown(untracked)
      ? known({ dirty, staged, branch: head.known.branch, untracked: untracked.known })
      : untracked;
  } catch (error) {
    return unknown(`\`${path}\` ${whyNot(error)}`);
  }
}

/** Differs from the index, as git would see it. Where only a filter could tell, it counts as changed. */
async function isChanged(
  files: ReadingFiles,
  repository: GitRepository,
  entry: IndexEntry,
  indexAtNs: bigint,
  left: { bytes: number },
): Promise<boolean> {
  const path = join(repository.root, entry.path);
  const stat = await lstatIfThere(files, path);
  if (!isKnown(stat)) return true;
  if (stat.known === undefined) return !entry.skipWorktree;
  // A submodule has a state of its own, which is asked for by its own path.
  if ((entry.mode & 0o170000) === 0o160000) return !stat.known.isDirectory();
  if ((entry.mode & 0o170000) === 0o120000) {
    if (!stat.known.isSymbolicLink()) return true;
    const text = await files.readlink(path, { encoding: 'buffer' });
    return hashObject('blob', text, repository.hash) !== entry.oid;
  }
  if (!stat.known.isFile() || ((stat.known.mode & 0o100n) !== 0n) !== ((entry.mode & 0o100) !== 0)) return true;
  const { mtimeNs, ctimeNs, size, ino } = stat.known;
  // The time of the last change of the inode cannot be set by `touch`. Younger than the index means: look inside.
  const same =
    Number(size & 0xffffffffn) === entry.size &&
    Number(ino & 0xffffffffn) === entry.ino &&
    isTime(mtimeNs, entry.mtime) &&
    isTime(ctimeNs, entry.ctime) &&
    mtimeNs < indexAtNs;
  if (same) return false;
  left.bytes -= Number(size);
  if (left.bytes < 0) return true;
  const content = await readRegular(files, path, Number(size));
  return !isKnown(content) || hashObject('blob', content.known, repository.hash) !== entry.oid;
}

function isTime(ns: bigint, [seconds, nanoseconds]: readonly [number, number]): boolean {
  return Number((ns / 1_000_000_000n) & 0xffffffffn) === seconds && Number(ns % 1_000_000_000n) === nanoseconds;
}

/** Files that are neither tracked nor ignored. A repository inside the work tree counts as one. */
async function countUntracked(
  files: ReadingFiles,
  repository: GitRepository,
  index: readonly IndexEntry[],
  budget: Budget,
): Promise<Tri<number>> {
  const tracked = new Set(index.map((entry) => entry.path));
  const rules: IgnoreRules = makeIgnoreRules(files, repository);
  let count = 0;
  const open: string[][] = [[]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    try {
      for await (const entry of await files.opendir(join(repository.root, ...next))) {
        const why = budget.spent();
        if (why !== undefined) return unknown(why);
        if (count >= LIMITS.safeguardFiles) return known(count);
        const path = [...next, entry.name];
        if (entry.name === '.git' || tracked.has(path.join('/'))) continue;
        if (await rules.isIgnored(path, entry.isDirectory())) continue;
        if (!entry.isDirectory()) count += 1;
        else {
          const nested = await lstatIfThere(files, join(repository.root, ...path, '.git'));
          if (isKnown(nested) && nested.known === undefined) open.push(path);
          else count += 1;
        }
      }
    } catch (error) {
      // What cannot be looked into may hold something.
      if (!isAbsence(error)) count += 1;
    }
  }
  return known(count);
}
