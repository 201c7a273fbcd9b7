import type { Attempt } from '../core/attempt.ts';
import type { Json } from '../core/canonical-json.ts';
import type { Outcome } from '../core/receipt.ts';

/**
 * `finished`: the outcome is known now. `released`: the act was handed to someone else (the agent's host, the exec
 * client), who reports the outcome later; until then the record shows the intent as unfinished.
 */
export type Execution =
  | { readonly kind: 'finished'; readonly outcome: Outcome; readonly detail: Json }
  | { readonly kind: 'released' };

/** Runs exactly the judged bytes. Contract: at most once; never retries; a failure it cannot place is `unknown`. */
export interface Executor {
  execute(attempt: Attempt): Promise<Execution>;
}
