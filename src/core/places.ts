import type { Attempt } from './attempt.ts';
import type { Effect } from './effect.ts';

/**
 * Where an attempt is at work: the workspace it comes from, the folder it runs in, and the files it touches. A rule for one
 * workspace is asked about all of these, so that starting elsewhere does not go around it.
 */
export function placesOf(attempt: Attempt, effects: readonly Effect[]): readonly string[] {
  const places = new Set([attempt.workspace]);
  if (attempt.action.cwd !== undefined) places.add(attempt.action.cwd);
  for (const { target } of effects) {
    if ('known' in target && target.known.system === 'file') places.add(target.known.path[0] ?? '');
  }
  return [...places].filter((place) => place.startsWith('/'));
}

/** Of two absolute, normal paths. */
export function isAtOrBelow(place: string, folder: string): boolean {
  return place === folder || place.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
