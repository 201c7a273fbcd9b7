import type { Json } from '../core/canonical-json.ts';
import type { Exception } from '../core/exception.ts';
import type { LayerOpinion, Verdict } from '../core/verdict.ts';
import type { PolicyInput } from './policy-engine.ts';

/** One decision with all that it was made from. */
export interface Decision {
  readonly input: PolicyInput;
  readonly opinions: readonly LayerOpinion[];
  readonly verdict: Verdict;
  /** Those in force for this workspace when it was decided: without them it cannot be decided again. */
  readonly exceptions: readonly Exception[];
  /** Let pass by shadow mode although the verdict says otherwise. */
  readonly shadowed: boolean;
  readonly micros: number;
}

/** One entry in OPA's format (https://www.openpolicyagent.org/docs/management-decision-logs). */
export type DecisionEntry = { readonly [name: string]: Json };

export interface DecisionReader {
  /** Oldest first; `sinceMs` in milliseconds since the Unix epoch. A line that is no entry is left out and counted. */
  read(sinceMs: number): AsyncIterable<DecisionEntry>;
  /** Lines that were left out so far. */
  readonly malformed: number;
}

/**
 * Keeps decisions so that a draft of a policy can be tried on them. The ledger is the record; this is not.
 * Contract: `record` returns at once and never throws; texts are redacted of secrets before they are kept; what cannot be
 * kept is counted in `lost` and told once.
 */
export interface DecisionLog extends DecisionReader {
  record(decision: Decision): void;
  readonly lost: number;
  close(): Promise<void>;
}
