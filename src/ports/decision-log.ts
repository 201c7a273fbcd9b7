import type { Json } from '../core/canonical-json.ts';
import type { LayerOpinion, Verdict } from '../core/verdict.ts';
import type { PolicyInput } from './policy-engine.ts';

/** One decision with all that it was made from. */
export interface Decision {
  readonly input: PolicyInput;
  readonly opinions: readonly LayerOpinion[];
  readonly verdict: Verdict;
  /** Digests of the exceptions that were in force for this workspace. */
  readonly exceptions: readonly string[];
  /** Let pass by shadow mode although the verdict says otherwise. */
  readonly shadowed: boolean;
  readonly micros: number;
}

/**
 * Keeps decisions so that a draft of a policy can be tried on them. The ledger is the record; this is not.
 * Contract: `record` returns at once and never throws; texts are redacted of secrets before they are kept; what cannot be
 * kept is counted in `lost` and told once.
 */
export interface DecisionLog {
  record(decision: Decision): void;
  readonly lost: number;
  /** Entries in OPA's format, oldest first; `sinceMs` in milliseconds since the Unix epoch. */
  read(sinceMs: number): AsyncIterable<{ readonly [name: string]: Json }>;
  close(): Promise<void>;
}
