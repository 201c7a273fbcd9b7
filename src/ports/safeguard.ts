import type { Attempt } from '../core/attempt.ts';
import type { Effect } from '../core/effect.ts';
import type { Evidence } from '../core/evidence.ts';
import type { SafeguardPlan, SafeguardTaken } from '../core/safeguard.ts';

/**
 * Makes an effect reversible before it runs. Contract:
 * - `plan` is deterministic in its input, so that the plan a person signed is the plan that is made again.
 * - `take` resolves only after the copy is durable and has been read back and compared; else it resolves to a failure.
 */
export interface Safeguarder {
  readonly kind: string;
  plan(effect: Effect, index: number, evidence: readonly Evidence[], attempt: Attempt): SafeguardPlan | undefined;
  take(
    plan: SafeguardPlan,
    effect: Effect,
    attempt: Attempt,
  ): Promise<{ readonly ok: true; readonly taken: SafeguardTaken } | { readonly ok: false; readonly why: string }>;
}
