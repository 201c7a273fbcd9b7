import { dirname, join, resolve } from 'node:path';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { lstatIfThere, type ReadingFiles, readRegular } from './bounded-files.ts';
import { parseGitConfig } from './git-config.ts';
import { type GitObjects, type HashName, openGitObjects } from './git-objects.ts';

/** A repository with a work tree, as far as its layout tells. Source: gitrepository-layout(5), git-worktree(1). */
export interface GitRepository {
  /** Absolute and real. */
  readonly root: string;
  /** `HEAD` and `index` of this work tree. */
  readonly gitDir: string;
  /** Objects and refs, shared by all work trees. The same as `gitDir` in the main one. */
  readonly commonDir: string;
  readonly hash: HashName;
  /** Why its layout is not the ordinary one; `undefined` if it is. */
  readonly odd: string | undefined;
  /** The configuration includes other files, which are not read: what git itself would do here cannot be told. */
  readonly includes: boolean;
}

export interface GitHead {
  /** Empty where HEAD is detached. */
  readonly branch: string;
  /** `undefined` before the first commit. */
  readonly commit: string | undefined;
}

/**
 * The repository that `directory` (real) lies in, looking upwards no further than `ceiling` (real, inclusive). Known
 * `undefined`: there is none. Runs nothing and believes no configuration but the format of the repository.
 */
export async function findRepository(
  files: ReadingFiles,
  directory: string,
  ceiling: string,
): Promise<Tri<GitRepository | undefined>> {
  for (let at = directory; ; at = dirname(at)) {
    const stat = await lstatIfThere(files, join(at, '.git'));
    if (!isKnown(stat)) return unknown(`\`${join(at, '.git')}\` ${stat.unknown}`);
    if (stat.known !== undefined) return openRepository(files, at, stat.known.isDirectory());
    if (at === ceiling || at === dirname(at)) return known(undefined);
  }
}

async function openRepository(files: ReadingFiles, root: string, isDirectory: boolean): Promise<Tri<GitRepository>> {
  let gitDir = join(root, '.git');
  if (!isDirectory) {
    // A linked work tree or a submodule: a file that says where the rest is. A symlink is read through, as git does.
    const stat = await files.stat(gitDir).catch(() => undefined);
    if (stat?.isDirectory() === true) gitDir = await files.realpath(gitDir);
    else {
      const text = await readLine(files, gitDir);
      if (text?.startsWith('gitdir: ') !== true) return unknown(`\`${gitDir}\` does not point to a repository`);
      try {
        gitDir = await files.realpath(resolve(root, text.slice('gitdir: '.length)));
      } catch {
        return unknown(`\`${gitDir}\` points to a repository that is not there`);
      }
    }
  }
  let commonDir = gitDir;
  const common = await readLine(files, join(gitDir, 'commondir'));
  if (common !== undefined) {
    try {
      commonDir = await files.realpath(resolve(gitDir, common));
    } catch {
      return unknown(`the repository of \`${root}\` is not there`);
    }
  }
  const config = await readRegular(files, join(commonDir, 'config'), 1024 * 1024);
  if (!isKnown(config)) return unknown(`the configuration of the repository ${config.unknown}`);
  const settings = parseGitConfig(config.known.toString('utf8'));
  const own = await readRegular(files, join(gitDir, 'config.worktree'), 1024 * 1024);
  if (isKnown(own)) settings.push(...parseGitConfig(own.known.toString('utf8')));
  const includes = settings.some(({ name }) => name.startsWith('include.') || name.startsWith('includeif.'));
  const format = settings.findLast((one) => one.name === 'extensions.objectformat')?.value.toLowerCase() ?? 'sha1';
  if (format !== 'sha1' && format !== 'sha256') return unknown(`the object format \`${format}\` is not read`);
  return known({ root, gitDir, commonDir, hash: format, odd: oddityOf(settings), includes });
}

function oddityOf(settings: readonly { readonly name: string; readonly value: string }[]): string | undefined {
  for (const { name, value } of settings) {
    if (name === 'core.bare' && !['false', 'no', 'off', '0', ''].includes(value.toLowerCase()))
      return 'the repository is bare';
    if (name === 'core.worktree') return 'the repository keeps its work tree elsewhere';
    if (name === 'extensions.refstorage' && value !== 'files') return `refs kept as \`${value}\` are not read`;
  }
  return undefined;
}

/** Branch and commit of HEAD. */
export async function readHead(files: ReadingFiles, repository: GitRepository): Promise<Tri<GitHead>> {
  let text = await readLine(files, join(repository.gitDir, 'HEAD'));
  const branch = /^ref: refs\/heads\/(.+)$/.exec(text ?? '')?.[1] ?? '';
  for (let hops = 0; hops < 5; hops += 1) {
    if (text === undefined) return unknown('HEAD of the repository cannot be read');
    if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return known({ branch, commit: text });
    const name = /^ref: (refs\/[^\0]+)$/.exec(text)?.[1];
    if (name === undefined || name.split('/').includes('..')) return unknown('HEAD of the repository is damaged');
    text =
      (await readLine(files, join(repository.gitDir, name))) ??
      (await readLine(files, join(repository.commonDir, name)));
    if (text === undefined) {
      const packed = await readRegular(files, join(repository.commonDir, 'packed-refs'), 32 * 1024 * 1024);
      if (!isKnown(packed)) {
        return packed.unknown === 'does not exist' ? known({ branch, commit: undefined }) : unknown(packed.unknown);
      }
      const line = packed.known
        .toString('utf8')
        .split('\n')
        .find((one) => one.endsWith(` ${name}`));
      if (line === undefined) return known({ branch, commit: undefined });
      text = line.slice(0, line.indexOf(' '));
    }
  }
  return unknown('HEAD of the repository leads in a circle');
}

export interface TreeEntry {
  readonly mode: number;
  readonly oid: string;
}

/** What the commit at HEAD holds. Trees are read as they are needed, and kept for the length of one question. */
export interface HeadTree {
  /** The entry at a path relative to the root; known `undefined` if there is none. */
  entry(path: readonly string[]): Promise<Tri<TreeEntry | undefined>>;
  /** All files, with `/` between segments; at most `limit`. */
  all(limit: number): Promise<Tri<ReadonlyMap<string, TreeEntry>>>;
}

export function openHeadTree(objects: GitObjects, head: GitHead): HeadTree {
  const trees = new Map<string, Promise<Tri<ReadonlyMap<string, TreeEntry>>>>();
  const tree = (oid: string): Promise<Tri<ReadonlyMap<string, TreeEntry>>> => {
    const kept = trees.get(oid);
    if (kept !== undefined) return kept;
    const read = objects.read(oid).then((object) => {
      if (!isKnown(object)) return object;
      return object.known.type === 'tree' ? parseTree(object.known.body, objects.hash) : unknown('not a tree');
    });
    trees.set(oid, read);
    return read;
  };
  let rootOid: Promise<Tri<string | undefined>> | undefined;
  const root = (): Promise<Tri<string | undefined>> => {
    rootOid ??= (async () => {
      if (head.commit === undefined) return known(undefined);
      const commit = await objects.read(head.commit);
      if (!isKnown(commit)) return commit;
      const line = /^tree ([0-9a-f]+)\n/.exec(commit.known.body.toString('latin1', 0, 80));
      if (commit.known.type !== 'commit' || line?.[1] === undefined) return unknown('HEAD is not a commit');
      return known(line[1]);
    })();
    return rootOid;
  };
  return {
    entry: async (path) => {
      const start = await root();
      if (!isKnown(start)) return start;
      let found: TreeEntry | undefined = start.known === undefined ? undefined : { mode: 0o040000, oid: start.known };
      for (const name of path) {
        if (found?.mode !== 0o040000) return known(undefined);
        const entries = await tree(found.oid);
        if (!isKnown(entries)) return entries;
        found = entries.known.get(name);
      }
      return known(found);
    },
    all: async (limit) => {
      const start = await root();
      if (!isKnown(start)) return start;
      const all = new Map<string, TreeEntry>();
      const open: { readonly prefix: string; readonly oid: string }[] =
        start.known === undefined ? [] : [{ prefix: '', oid: start.known }];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const entries = await tree(next.oid);
        if (!isKnown(entries)) return entries;
        for (const [name, entry] of entries.known) {
          if (entry.mode === 0o040000) open.push({ prefix: `${next.prefix}${name}/`, oid: entry.oid });
          else all.set(`${next.prefix}${name}`, entry);
        }
        if (all.size + open.length > limit) return unknown(`more than ${limit} files in the commit`);
      }
      return known(all);
    },
  };
}

function parseTree(body: Buffer, hash: HashName): Tri<ReadonlyMap<string, TreeEntry>> {
  const hashBytes = hash === 'sha1' ? 20 : 32;
  const entries = new Map<string, TreeEntry>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const zero = body.indexOf(0, at);
    if (space === -1 || zero < space || zero + 1 + hashBytes > body.length) return unknown('a damaged tree');
    entries.set(body.toString('utf8', space + 1, zero), {
      mode: Number.parseInt(body.toString('latin1', at, space), 8),
      oid: body.toString('hex', zero + 1, zero + 1 + hashBytes),
    });
    at = zero + 1 + hashBytes;
  }
  return known(entries);
}

export async function withObjects<T>(
  files: ReadingFiles,
  repository: GitRepository,
  use: (objects: GitObjects) => Promise<T>,
): Promise<T> {
  const objects = openGitObjects(files, join(repository.commonDir, 'objects'), repository.hash);
  try {
    return await use(objects);
  } finally {
    await objects.close();
  }
}

async function readLine(files: ReadingFiles, path: string): Promise<string | undefined> {
  const bytes = await readRegular(files, path, 8 * 1024);
  return isKnown(bytes) ? bytes.known.toString('utf8').trim() : undefined;
}
