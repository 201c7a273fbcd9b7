import type { Reversal, Verb } from '../../core/effect.ts';
import type { Check } from '../../core/evidence.ts';

/** What one mutation of the provider's schema does, and to what. */
export interface RailwayMutation {
  readonly verb: Verb;
  /** Kind of the resource: `volume`, `project`, ... */
  readonly kind: string;
  /** Arguments, dotted into inputs, that together are the resource's identity; none for the account itself. */
  readonly ids: readonly string[];
  readonly reversal: Reversal;
  /** What it does, in our words, as a verb phrase: `deletes a volume, ...`. */
  readonly does: string;
  readonly asks: readonly Check[];
  readonly tags: readonly string[];
}

export type MutationRow = readonly [
  name: string,
  kind: string,
  /** Space-separated argument paths. */
  ids: string,
  does: string,
  tags?: readonly string[],
];

const DELETION: readonly Check[] = ['environment', 'dependents', 'recovery', 'documentation'];
const CHANGE: readonly Check[] = ['environment'];
/** Kinds that the verifier can place in an environment. */
const PLACED = new Set(['volume', 'volume-instance', 'backup', 'service', 'environment', 'project']);

export function rowsAs(
  verb: Verb,
  reversal: Reversal,
  rows: readonly MutationRow[],
): readonly (readonly [string, RailwayMutation])[] {
  return rows.map(([name, kind, ids, does, tags]) => [
    name,
    {
      verb,
      kind,
      ids: ids === '' ? [] : ids.split(' '),
      reversal,
      does,
      asks: !PLACED.has(kind) ? [] : verb === 'destroy' ? DELETION : verb === 'create' || verb === 'read' ? [] : CHANGE,
      tags: tags ?? [],
    },
  ]);
}
