import { join } from 'node:path';
import type { GitDifferenceFact } from '../../core/facts.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { type Budget, isAbsence, type ReadingFiles, readRegular, whyNot } from './bounded-files.ts';
import type { GitObjects } from './git-objects.ts';
import { findRepository, type GitRepository, openHeadTree, readHead, withObjects } from './git-repository.ts';

const OID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const MAX_REMOTE_REFS = 2_000;
const MAX_REF_FOLDERS = 200;
const PACKED_REFS_BYTES = 32 * 1024 * 1024;

/**
 * Which of the places are another thing in the newer commit than in the older one, by the repository's own objects; each is
 * believed only under the name that its bytes give it. Of several older commits one that is the same will do: what is
 * there already was pushed before.
 */
export async function gitDifferenceOf(
  files: ReadingFiles,
  [folder = '', older = '', newer = '', ...places]: readonly string[],
  budget: Budget,
): Promise<Tri<GitDifferenceFact>> {
  if (!folder.startsWith('/') || folder.includes('\0')) return unknown('the workspace is not known');
  try {
    const found = await findRepository(files, await files.realpath(folder), '/');
    if (!isKnown(found)) return found;
    const repository = found.known;
    if (repository === undefined) return unknown(`\`${folder}\` is not in a git repository`);
    const to = await commitOf(files, repository, newer);
    if (!isKnown(to)) return to;
    const from = older === '' ? await remoteTips(files, repository) : known([older]);
    if (!isKnown(from)) return from;
    return await withObjects(files, repository, async (objects) => {
      const now = await placesOf(objects, to.known, places);
      if (!isKnown(now)) return now;
      const changed = new Set(places.filter((place) => now.known.get(place) !== undefined));
      // What is deleted says nothing any more that could be run; of one older commit it is a difference all the same.
      if (older !== '') for (const place of places) changed.add(place);
      for (const tip of from.known) {
        const why = budget.spent();
        if (why !== undefined) return unknown(why);
        const then = await placesOf(objects, tip, places);
        // A remote's tip that was fetched without its trees says nothing; a named commit has to be read.
        if (!isKnown(then)) {
          if (older !== '') return then;
          continue;
        }
        for (const place of places) if (then.known.get(place) === now.known.get(place)) changed.delete(place);
      }
      return known({ changed: places.filter((place) => changed.has(place)) });
    });
  } catch (error) {
    return unknown(`\`${folder}\` ${whyNot(error)}`);
  }
}

/** What stands at each place, as one word: the object's name and its mode. */
async function placesOf(
  objects: GitObjects,
  commit: string,
  places: readonly string[],
): Promise<Tri<ReadonlyMap<string, string>>> {
  const tree = openHeadTree(objects, { branch: '', commit });
  const at = new Map<string, string>();
  for (const place of places) {
    const entry = await tree.entry(place.split('/'));
    if (!isKnown(entry)) return entry;
    if (entry.known !== undefined) at.set(place, `${entry.known.mode} ${entry.known.oid}`);
  }
  return known(at);
}

async function commitOf(files: ReadingFiles, repository: GitRepository, name: string): Promise<Tri<string>> {
  if (OID.test(name)) return known(name);
  if (name === '') {
    const head = await readHead(files, repository);
    if (!isKnown(head)) return head;
    return head.known.commit === undefined ? unknown('there is no commit yet') : known(head.known.commit);
  }
  const branch = name.replace(/^refs\/heads\//, '');
  if (!/^[\w./@+-]{1,250}$/.test(branch) || branch.split('/').includes('..'))
    return unknown('not the name of a branch');
  const ref = `refs/heads/${branch}`;
  const loose = await readRegular(files, join(repository.commonDir, ref), 8 * 1024);
  const oid = isKnown(loose)
    ? loose.known.toString('latin1').trim()
    : (await packedRefs(files, repository)).find((one) => one.ref === ref)?.oid;
  return oid !== undefined && OID.test(oid) ? known(oid) : unknown(`no branch \`${branch}\``);
}

async function remoteTips(files: ReadingFiles, repository: GitRepository): Promise<Tri<readonly string[]>> {
  const tips = new Set<string>();
  const open = [join(repository.commonDir, 'refs/remotes')];
  for (let folders = 0; open.length > 0; folders += 1) {
    if (folders >= MAX_REF_FOLDERS || tips.size > MAX_REMOTE_REFS) return unknown('too many remote-tracking refs');
    const at = open.pop() ?? '';
    const folder = await files.opendir(at).catch((error: unknown) => {
      if (isAbsence(error)) return undefined;
      throw error;
    });
    for await (const entry of folder ?? []) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) {
        const text = await readRegular(files, path, 8 * 1024);
        const oid = isKnown(text) ? text.known.toString('latin1').trim() : '';
        if (OID.test(oid)) tips.add(oid);
      }
    }
  }
  for (const { ref, oid } of await packedRefs(files, repository)) if (ref.startsWith('refs/remotes/')) tips.add(oid);
  return tips.size > MAX_REMOTE_REFS ? unknown('too many remote-tracking refs') : known([...tips]);
}

async function packedRefs(
  files: ReadingFiles,
  repository: GitRepository,
): Promise<readonly { readonly ref: string; readonly oid: string }[]> {
  const packed = await readRegular(files, join(repository.commonDir, 'packed-refs'), PACKED_REFS_BYTES);
  if (!isKnown(packed)) return [];
  return packed.known
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [oid = '', ref = ''] = line.split(' ');
      return OID.test(oid) ? [{ ref, oid }] : [];
    });
}
