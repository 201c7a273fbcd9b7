import type { Json } from './canonical-json.ts';
import { type Digest, digestOf } from './digest.ts';
import type { SafeguardPlan } from './safeguard.ts';

/** What a person signs: these exact bytes and effects, these facts, these policies, this point of the record. */
export interface Claim {
  readonly attemptKey: Digest;
  readonly effects: Digest;
  readonly evidence: readonly Digest[];
  readonly policies: readonly Digest[];
  readonly plans: readonly SafeguardPlan[];
  /** Root hash and size of the log at the time the hold was opened: a rollback below it is found later. */
  readonly logHead: { readonly size: number; readonly root: string };
  /** 32 random bytes, lower-case hex. */
  readonly nonce: string;
  readonly expiresAtMs: number;
}

export type HoldState = 'open' | 'approved' | 'consumed' | 'denied' | 'expired' | 'withdrawn' | 'void';

export function claimJson(claim: Claim): { readonly [key: string]: Json } {
  return {
    type: 'holdpoint/claim/v1',
    attemptKey: claim.attemptKey,
    effects: claim.effects,
    evidence: [...claim.evidence],
    policies: [...claim.policies],
    plans: claim.plans.map((plan) => ({ ...plan })),
    logHead: { ...claim.logHead },
    nonce: claim.nonce,
    expiresAtMs: claim.expiresAtMs,
  };
}

export function claimDigest(claim: Claim): Digest {
  return digestOf(claimJson(claim));
}
