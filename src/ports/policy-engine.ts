import type { Attempt } from '../core/attempt.ts';
import type { Effect } from '../core/effect.ts';
import type { Evidence } from '../core/evidence.ts';
import type { LayerOpinion } from '../core/verdict.ts';

export interface PolicyInput {
  readonly attempt: Attempt;
  readonly effects: readonly Effect[];
  readonly evidence: readonly Evidence[];
  readonly nowMs: number;
}

export { POLICY_ERROR } from '../core/policy-error.ts';

/**
 * One or more layers of policy. Contract: pure in its input; a failure of any kind is a finding that denies, never a
 * rejection and never an empty answer.
 */
export interface PolicyEngine {
  evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]>;
}
