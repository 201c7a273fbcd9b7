import type { Attempt } from '../core/attempt.ts';
import type { Effect } from '../core/effect.ts';
import type { Evidence } from '../core/evidence.ts';
import type { Exception } from '../core/exception.ts';
import type { LayerOpinion } from '../core/verdict.ts';

export interface PolicyInput {
  readonly attempt: Attempt;
  readonly effects: readonly Effect[];
  readonly evidence: readonly Evidence[];
  readonly nowMs: number;
  /** Those in force for the attempt's workspace, signatures checked: rules may read them. */
  readonly exceptions?: readonly Exception[];
}

export { POLICY_ERROR } from '../core/exception.ts';

/**
 * One or more layers of policy. Contract: pure in its input; a failure of any kind is a finding that denies, never a
 * rejection and never an empty answer.
 */
export interface PolicyEngine {
  evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]>;
}
