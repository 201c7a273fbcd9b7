import type { Json } from '../../core/canonical-json.ts';
import type { Reversal, Verb } from '../../core/effect.ts';
import type { Check } from '../../core/evidence.ts';

/** What one operation of a provider's API does, and to what. */
export interface ProviderOperation {
  /** `METHOD /path/{parameter}` for REST, the mutation's name for GraphQL; `{name+}` takes several segments. */
  readonly name: string;
  readonly verb: Verb;
  /** Kind of the resource: `repository`, `branch`, ... */
  readonly kind: string;
  readonly reversal: Reversal;
  /** A verb phrase in our words: `deletes a repository, with its issues and releases`. */
  readonly does: string;
  readonly asks: readonly Check[];
  readonly tags: readonly string[];
  /** What a member of the body, or a parameter, does besides. */
  readonly carries: readonly Carrier[];
  /** Members of the body that are listed; any other holds. `undefined` where no member could change what the call does. */
  readonly members: ReadonlySet<string> | undefined;
}

/** A part of a request that does more than its path says. */
export interface Carrier {
  /** Dotted path into the body, through lists to each item, or `{name}` for a path parameter. */
  readonly at: string;
  /** `given`: any value but null; `missing`: none; a pattern for texts; else one of these values. */
  readonly when: 'given' | 'missing' | RegExp | readonly Json[];
  readonly verb: Verb;
  readonly reversal: Reversal;
  readonly does: string;
  readonly tags?: readonly string[];
}

export interface RowExtras {
  readonly tags?: readonly string[];
  readonly carries?: readonly Carrier[];
  /** Space-separated. */
  readonly members?: string;
}

export type OperationRow = readonly [name: string, kind: string, does: string, extras?: RowExtras];

/** Which checks a catalogue's destructive operations ask for, by kind of the resource. */
export type AsksOf = (verb: Verb, kind: string) => readonly Check[];

export function operationsAs(
  verb: Verb,
  reversal: Reversal,
  asksOf: AsksOf,
  rows: readonly OperationRow[],
): readonly ProviderOperation[] {
  return rows.map(([name, kind, does, extras = {}]) => ({
    name,
    verb,
    kind,
    reversal,
    does,
    asks: asksOf(verb, kind),
    tags: extras.tags ?? [],
    carries: extras.carries ?? [],
    members: extras.members === undefined ? undefined : new Set(extras.members.split(/\s+/)),
  }));
}
