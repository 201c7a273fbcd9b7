import type { GitAncestryFact } from '../../core/facts.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { type Budget, type ReadingFiles, whyNot } from './bounded-files.ts';
import { findRepository, withObjects } from './git-repository.ts';

const MAX_COMMITS = 20_000;
const OID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const PARENT = /^parent ([0-9a-f]{40,64})$/;

/**
 * Whether `to` has `from` among its ancestors, by the objects of the repository that `workspace` lies in. Each commit is believed only
 * under the name that its own bytes give it, so a "yes" is true whoever wrote the repository; grafts and replacements are not read.
 */
export async function gitAncestryOf(
  files: ReadingFiles,
  [workspace = '', from = '', to = '']: readonly string[],
  budget: Budget,
): Promise<Tri<GitAncestryFact>> {
  if (!workspace.startsWith('/') || workspace.includes('\0')) return unknown('the workspace is not known');
  if (!OID.test(from) || !OID.test(to)) return unknown('not the name of a commit');
  try {
    const found = await findRepository(files, await files.realpath(workspace), '/');
    if (!isKnown(found)) return found;
    if (found.known === undefined) return unknown(`\`${workspace}\` is not in a git repository`);
    return await withObjects(files, found.known, async (objects) => {
      const seen = new Set([to]);
      // In the order of the history from `to` back: mostly the commit that is looked for is near.
      const waiting = [to];
      for (let next = 0; next < waiting.length; next += 1) {
        const oid = waiting[next] ?? '';
        if (oid === from) return known({ isAncestor: true });
        const why = budget.spent();
        if (why !== undefined) return unknown(why);
        if (next >= MAX_COMMITS) return unknown(`not found in ${MAX_COMMITS} commits`);
        const object = await objects.read(oid);
        if (!isKnown(object)) return object;
        if (object.known.type !== 'commit') return unknown(`${oid} is no commit`);
        for (const line of object.known.body.toString('latin1').split('\n')) {
          if (line === '') break;
          const parent = PARENT.exec(line)?.[1];
          if (parent !== undefined && !seen.has(parent)) {
            seen.add(parent);
            waiting.push(parent);
          }
        }
      }
      return known({ isAncestor: false });
    });
  } catch (error) {
    return unknown(`\`${workspace}\` ${whyNot(error)}`);
  }
}
