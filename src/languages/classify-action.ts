import type { Action } from '../core/attempt.ts';
import type { Reader } from './reading.ts';

/** One reader for each kind of action. */
export type Readers = { readonly [K in Action['kind']]: Reader };

/** Hands an action to the reader of its kind. */
export function makeClassifier(readers: Readers): Reader {
  return (action, context) => readers[action.kind](action, context);
}
