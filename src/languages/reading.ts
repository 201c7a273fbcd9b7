import type { Action } from '../core/attempt.ts';
import type { Json } from '../core/canonical-json.ts';
import type { Effect } from '../core/effect.ts';
import type { Check, Question } from '../core/evidence.ts';
import type { ResourceRef } from '../core/resource.ts';
import type { Tri } from '../core/tri.ts';
import type { Trace } from './trace.ts';

/**
 * What a reader knows besides the action. `fact` gives the answer to a question: `undefined` if it has not been asked
 * yet (ask it, and judge as if it were unknown), `{ unknown }` if the world could not say (judge by the text alone),
 * `{ known }` else.
 */
export interface ReadingContext {
  /** Absolute path. Empty where it is not known: then nothing on disk is ever asked about. */
  readonly workspace: string;
  readonly cwd: string;
  fact(check: Check, about: ResourceRef): Tri<Json> | undefined;
  /** Where it is there, the reader of shells writes down what runs what. It changes nothing about the reading. */
  readonly trace?: Trace;
}

/** Effects, and the questions whose answers could change them. Pure: same action, same facts, same reading. */
export interface Reading {
  readonly effects: readonly Effect[];
  readonly questions: readonly Question[];
}

export type Reader = (action: Action, context: ReadingContext) => Reading;
