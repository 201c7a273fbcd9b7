import { basename, dirname, join } from 'node:path';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { type Budget, isAbsence, type ReadingFiles, whyNot } from './bounded-files.ts';
import { hasWildcard, matchesSegment } from './wildcard.ts';

/** One thing that a path names, found as `rm` would find it. */
export interface Target {
  /** Real, but for the last segment where the asker did not write a slash after it. */
  readonly path: string;
  /** Shown before the names of what lies below: empty for a path without wildcards. */
  readonly shownAs: string;
}

export interface Targets {
  /** The directory that a pattern was looked up in, or the target's own path. */
  readonly realPath: string;
  readonly targets: readonly Target[];
}

const MAX_MATCHES = 2_000;
const MAX_LISTED = 50_000;
const PATH_MAX = 4096;

/**
 * What an absolute path names. `..` goes up from where a symlink leads, as the kernel does it. A symlink in the last
 * place stays one unless a slash or `.` follows. `*`, `?` and `[...]` are expanded as bash does by default: no hidden
 * names, sorted, and the literal name where it exists.
 */
export async function resolveTargets(files: ReadingFiles, path: string, budget: Budget): Promise<Tri<Targets>> {
  if (!path.startsWith('/')) return unknown('not an absolute path');
  if (path.includes('\0')) return unknown('the path contains a NUL byte');
  if (Buffer.byteLength(path) > PATH_MAX) return unknown('the path is too long');
  try {
    const single = await resolveOne(files, path);
    if (!hasWildcard(path)) {
      return single === undefined
        ? known({ realPath: path, targets: [] })
        : known({ realPath: single, targets: [{ path: single, shownAs: '' }] });
    }
    if (path.split('/').includes('**')) return unknown('`**` means different things to different shells');
    const expanded = await expand(files, path, budget);
    if (!isKnown(expanded)) return expanded;
    if (single !== undefined && !expanded.known.targets.some((one) => one.path === single)) {
      return known({
        realPath: expanded.known.realPath,
        targets: [...expanded.known.targets, { path: single, shownAs: basename(path) }],
      });
    }
    return expanded;
  } catch (error) {
    return unknown(`\`${path}\` ${whyNot(error)}`);
  }
}

/** `undefined` if nothing is there. */
async function resolveOne(files: ReadingFiles, path: string): Promise<string | undefined> {
  try {
    // A last segment that is empty, `.` or `..` means the directory that the rest leads to.
    if (/(^|\/)\.{0,2}$/.test(path)) return await files.realpath(path);
    const here = join(await files.realpath(dirname(path)), basename(path));
    await files.lstat(here);
    return here;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

async function expand(files: ReadingFiles, path: string, budget: Budget): Promise<Tri<Targets>> {
  const segments = path.split('/').slice(1);
  const slash = segments.at(-1) === '';
  if (slash) segments.pop();
  const plain = segments.findIndex(hasWildcard);
  let fixed: string;
  try {
    fixed = await files.realpath(`/${segments.slice(0, plain).join('/')}`);
  } catch (error) {
    if (isAbsence(error)) return known({ realPath: dirname(path), targets: [] });
    throw error;
  }
  let found: string[] = [''];
  for (const [offset, segment] of segments.slice(plain).entries()) {
    const last = plain + offset === segments.length - 1;
    const next: string[] = [];
    for (const prefix of found) {
      const why = budget.spent();
      if (why !== undefined) return unknown(why);
      for (const name of hasWildcard(segment) ? await matching(files, join(fixed, prefix), segment) : [segment])
        next.push(prefix === '' ? name : `${prefix}/${name}`);
      if (next.length > MAX_MATCHES) return unknown(`the pattern matches more than ${MAX_MATCHES} paths`);
    }
    found = next;
    if (last) break;
  }
  const targets: Target[] = [];
  for (const relative of found.sort()) {
    const here = await resolveOne(files, `${fixed}/${relative}${slash ? '/' : ''}`);
    if (here !== undefined) targets.push({ path: here, shownAs: relative });
  }
  return known({ realPath: fixed, targets });
}

async function matching(files: ReadingFiles, directory: string, pattern: string): Promise<string[]> {
  const names: string[] = [];
  let listed = 0;
  try {
    for await (const entry of await files.opendir(directory)) {
      listed += 1;
      if (listed > MAX_LISTED) throw new Error(`holds more than ${MAX_LISTED} names`);
      if (entry.name.startsWith('.') && !pattern.startsWith('.')) continue;
      if (matchesSegment(pattern, entry.name)) names.push(entry.name);
    }
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  return names;
}
