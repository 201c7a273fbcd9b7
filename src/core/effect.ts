import { type Digest, digestOf } from './digest.ts';
import type { ResourceRef } from './resource.ts';
import type { Tri } from './tri.ts';

export type Verb = 'read' | 'create' | 'change' | 'destroy' | 'expose' | 'grant' | 'run';

/**
 * How the effect can be undone. `regenerable`: made again by the usual build. `undoable`: its own undo exists now
 * (tracked and clean, an inverse call). `safeguardable`: only if a safeguard is taken first. `irreversible`: not at all.
 */
export type Reversal = 'regenerable' | 'undoable' | 'safeguardable' | 'irreversible' | 'unknown';

export type Basis = 'observed' | 'documented' | 'parsed' | 'opaque';

export interface Effect {
  readonly verb: Verb;
  readonly target: Tri<ResourceRef>;
  /** How many things of the target's kind: rows, files, volumes. */
  readonly count: { readonly min: number; readonly max: number | 'unbounded' };
  readonly reversal: Reversal;
  readonly basis: Basis;
  /** Which rule or catalogue entry says so, e.g. `catalog/rm`, `railway:volumeDelete`. */
  readonly source: string;
  /** One plain sentence for people, in our words, without a full stop. Untrusted parts are escaped where it is shown. */
  readonly summary: string;
  /** Half-open range of UTF-16 units in the action's text that this effect comes from. */
  readonly span?: readonly [number, number];
  /** Names of special classes that rules ask for: `guard-tampering`, `catastrophic`, `unjudged`, `credential`, `backup`, ... */
  readonly tags?: readonly string[];
}

/** Digest of a list of effects, in order: what a person signs. */
export function digestOfEffects(effects: readonly Effect[]): Digest {
  return digestOf(
    effects.map((effect) => ({
      verb: effect.verb,
      target: 'known' in effect.target ? { known: { ...effect.target.known } } : { unknown: effect.target.unknown },
      count: effect.count,
      reversal: effect.reversal,
      basis: effect.basis,
      source: effect.source,
      summary: effect.summary,
      span: effect.span,
      tags: effect.tags,
    })),
  );
}
