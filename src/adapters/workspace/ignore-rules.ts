import { join } from 'node:path';
import { isKnown } from '../../core/tri.ts';
import { type ReadingFiles, readRegular } from './bounded-files.ts';
import type { GitRepository } from './git-repository.ts';
import { hasOpenBracket, matchesPath } from './wildcard.ts';

interface Pattern {
  readonly segments: readonly string[];
  readonly negated: boolean;
  readonly directoriesOnly: boolean;
}

/** Which paths git ignores, by `.gitignore` files and `.git/info/exclude`. Source: gitignore(5). */
export interface IgnoreRules {
  /**
   * `path` is relative to the root. The user's own global excludes are left out: to know fewer ignored files is the
   * safe side.
   */
  isIgnored(path: readonly string[], isDirectory: boolean): Promise<boolean>;
}

const MAX_FILE_BYTES = 256 * 1024;
const MAX_PATTERNS = 2_000;

export function makeIgnoreRules(files: ReadingFiles, repository: GitRepository): IgnoreRules {
  const lists = new Map<string, Promise<readonly Pattern[]>>();
  const list = (path: string): Promise<readonly Pattern[]> => {
    const kept = lists.get(path);
    if (kept !== undefined) return kept;
    // A file that is too large or unreadable ignores nothing.
    const read = readRegular(files, path, MAX_FILE_BYTES).then((bytes) =>
      isKnown(bytes) ? parseIgnoreFile(bytes.known.toString('latin1')) : [],
    );
    lists.set(path, read);
    return read;
  };
  const verdicts = new Map<string, Promise<boolean>>();

  /** What the patterns say of this path itself: the deepest file that has an opinion, and its last one. */
  const ownVerdict = async (path: readonly string[], isDirectory: boolean): Promise<boolean> => {
    for (let depth = path.length - 1; depth >= 0; depth -= 1) {
      const patterns = await list(join(repository.root, ...path.slice(0, depth), '.gitignore'));
      const last = lastMatch(patterns, path.slice(depth), isDirectory);
      if (last !== undefined) return !last.negated;
    }
    const last = lastMatch(await list(join(repository.commonDir, 'info', 'exclude')), path, isDirectory);
    return last !== undefined && !last.negated;
  };

  const isIgnored = (path: readonly string[], isDirectory: boolean): Promise<boolean> => {
    if (path.length === 0) return Promise.resolve(false);
    const key = `${path.join('/')}${isDirectory ? '/' : ''}`;
    const kept = verdicts.get(key);
    if (kept !== undefined) return kept;
    const verdict = (async () => {
      // Nothing below an ignored directory can be taken back.
      if (await isIgnored(path.slice(0, -1), true)) return true;
      return ownVerdict(path, isDirectory);
    })();
    // Files are asked about once; the directories above them again and again.
    if (isDirectory) verdicts.set(key, verdict);
    return verdict;
  };
  return { isIgnored };
}

function lastMatch(patterns: readonly Pattern[], path: readonly string[], isDirectory: boolean): Pattern | undefined {
  // Git compares bytes: `?` is one of them. So both sides are one character a byte here.
  const bytes = path.map((segment) => Buffer.from(segment).toString('latin1'));
  return patterns.findLast(
    (pattern) => (!pattern.directoriesOnly || isDirectory) && matchesPath(pattern.segments, bytes),
  );
}

/** `text`: one character a byte. */
function parseIgnoreFile(text: string): Pattern[] {
  const patterns: Pattern[] = [];
  for (const raw of text.replace(/^\xef\xbb\xbf/, '').split('\n')) {
    if (patterns.length >= MAX_PATTERNS) break;
    // Spaces at the end do not count unless escaped. A carriage return does count, as for git.
    let end = raw.length;
    while (end > 0 && raw[end - 1] === ' ' && raw[end - 2] !== '\\') end -= 1;
    let line = raw.slice(0, end);
    if (line === '' || line.startsWith('#')) continue;
    const negated = line.startsWith('!');
    if (negated) line = line.slice(1);
    const directoriesOnly = line.endsWith('/');
    if (directoriesOnly) line = line.slice(0, -1);
    if (line === '') continue;
    const anchored = line.includes('/');
    if (isUncertain(line)) {
      // The safe side: it ignores nothing, or takes everything back.
      if (negated) patterns.push({ segments: ['**'], negated, directoriesOnly: false });
      continue;
    }
    const segments = (line.startsWith('/') ? line.slice(1) : line).split('/');
    // `a/**` means what is inside of a, not a itself.
    if (segments.at(-1) === '**') segments.push('*');
    if (segments.some(hasOpenBracket)) continue;
    patterns.push({ segments: anchored ? segments : ['**', ...segments], negated, directoriesOnly });
  }
  return patterns;
}

/** A set with a slash in it, and `**` that is only part of a segment: git does not do here what its manual says. */
function isUncertain(pattern: string): boolean {
  return /\[[^\]]*\//.test(pattern) || (pattern.includes('/') && /[^/]\*\*|\*\*[^/]/.test(pattern));
}
