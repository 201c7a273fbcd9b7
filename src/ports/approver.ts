import type { Approval, Presence } from '../core/approval.ts';
import type { Exception } from '../core/exception.ts';
import type { Claim } from '../core/hold.ts';

export interface Signer {
  readonly name: string;
  readonly presence: Presence;
}

export type ApprovalCheck =
  | { readonly ok: true; readonly signers: readonly Signer[] }
  | { readonly ok: false; readonly why: string };

/** Knows the enrolled people. Contract: verifies in process; an unknown or removed key never counts. */
export interface Approver {
  /** Every signature must be valid, over exactly this claim, by an enrolled person; two by one person count once. */
  check(approval: Approval, claim: Claim): Promise<ApprovalCheck>;
  /** Signed exceptions that are in force now, their signatures verified. */
  exceptions(nowMs: number): Promise<readonly Exception[]>;
}
