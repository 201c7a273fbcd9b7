import type { Attempt } from '../../core/attempt.ts';
import type { Effect } from '../../core/effect.ts';

/** Tells the memory of tasks which files an attempt that is done has made. */
export function noteCreated(
  { attempt, effects }: { readonly attempt: Attempt; readonly effects: readonly Effect[] },
  tasks: { noteCreated(task: string, path: string, bornSinceMs?: number): void },
): void {
  for (const effect of effects) {
    if (effect.verb !== 'create' || !('known' in effect.target) || effect.target.known.system !== 'file') continue;
    // A file that was there before the attempt was not made by it, whatever the effect is called.
    tasks.noteCreated(attempt.task, effect.target.known.path.at(-1) ?? '', attempt.atMs);
  }
}
