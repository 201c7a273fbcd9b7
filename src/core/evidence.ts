import type { Json } from './canonical-json.ts';
import { type Digest, digestOf } from './digest.ts';
import { type ResourceRef, resourceKey } from './resource.ts';
import type { Tri } from './tri.ts';

export type Check =
  | 'content'
  | 'environment'
  | 'dependents'
  | 'recovery'
  | 'credential'
  | 'documentation'
  | 'rehearsal';

export interface Question {
  readonly check: Check;
  readonly about: ResourceRef;
}

/** A fact checked against the world before the attempt may run. */
export interface Evidence {
  readonly question: Question;
  /** The answer's shape belongs to the check and the system; `languages/` and `adapters/` agree on it in `core/facts.ts`. */
  readonly answer: Tri<Json>;
  /** Who said so: `railway api`, `git`, `file system`, `declared`. */
  readonly source: string;
  /** When it was learnt, milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly maxAgeMs: number;
  /** Over question, answer and source, not over time: the same fact learnt again has the same digest. */
  readonly digest: Digest;
}

export function questionKey(question: Question): string {
  return `${question.check}:${resourceKey(question.about)}`;
}

export function evidenceOf(parts: Omit<Evidence, 'digest'>): Evidence {
  const digest = digestOf({
    check: parts.question.check,
    about: { ...parts.question.about },
    answer: parts.answer,
    source: parts.source,
  });
  return { ...parts, digest };
}

/** INVARIANT: evidence from the future is as stale as evidence too old; a clock set back must not keep a fact alive. */
export function isFresh(evidence: Evidence, nowMs: number): boolean {
  const ageMs = nowMs - evidence.atMs;
  return ageMs >= 0 && ageMs <= evidence.maxAgeMs;
}
