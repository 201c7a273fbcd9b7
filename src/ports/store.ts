import type { Approval } from '../core/approval.ts';
import type { Attempt } from '../core/attempt.ts';
import type { Json } from '../core/canonical-json.ts';
import type { Denial } from '../core/denial.ts';
import type { Digest } from '../core/digest.ts';
import type { Effect } from '../core/effect.ts';
import type { Evidence } from '../core/evidence.ts';
import type { Claim, HoldState } from '../core/hold.ts';
import type { Receipt, ReceiptDraft } from '../core/receipt.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Signer } from './approver.ts';

export interface HoldRecord {
  /** Short, for people to type: `h-` and 8 base32 characters. */
  readonly id: string;
  readonly state: HoldState;
  readonly claim: Claim;
  readonly attempt: Attempt;
  readonly effects: readonly Effect[];
  readonly evidence: readonly Evidence[];
  readonly verdict: Verdict;
  readonly openedAtMs: number;
  readonly approval?: Approval;
  readonly signers?: readonly Signer[];
  /** What a person said when denying, or why it became void. */
  readonly say?: string;
}

export interface ReceiptFilter {
  readonly fromIndex?: number;
  readonly sinceMs?: number;
  readonly kind?: Receipt['kind'];
  readonly attemptKey?: string;
  readonly limit?: number;
}

/** `payload` is `undefined` where it was erased. */
export type ReceiptRecord = WithoutPayload<Receipt> & { readonly payload: Json | undefined };

/** `Omit` for each member of the union, so that `kind` still tells them apart. */
type WithoutPayload<R> = R extends unknown ? Omit<R, 'payload'> : never;

export type BeginResult =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly why: string };

/**
 * Durable state: the log, holds, denials. Contract:
 * - A promise resolves only after the change is on disk (`synchronous=FULL`); it rejects where it is not known to be.
 *   After a rejection the caller must assume either.
 * - Order: receipts have the order of the calls. Every change of state is atomic; `begin` consumes the approval and
 *   appends the intent in one transaction.
 * - No method blocks the calling thread on disk.
 */
export interface Store {
  /**
   * What is stored, and given back, has its payload masked (`core/redact.ts`) and a time no earlier than its
   * predecessor's. Rejects an outcome whose `intent` is none, and an intent with an approval (that is for `begin`).
   */
  append(draft: ReceiptDraft): Promise<Receipt>;
  /**
   * Appends an intent. With `consume`: only if that hold is `approved` with this claim digest and is not past its
   * expiry at `nowMs`; the hold becomes `consumed` in the same transaction. A second call for the same hold is refused.
   * The intent's `approval` is that claim digest; a draft that names another, or one that is not consumed, is refused.
   * Refused too where `nowMs` lies more than a minute before the latest time ever stored.
   */
  begin(
    draft: ReceiptDraft & { kind: 'intent' },
    consume?: { readonly hold: string; readonly claim: Digest; readonly nowMs: number },
  ): Promise<BeginResult>;
  /**
   * Opens a hold, unless one for the same attempt key is open or approved: then that one is given back. Holds past
   * their expiry at `openedAtMs` expire first. Rejects past `LIMITS.openHolds` and, of one task, past
   * `LIMITS.openHoldsOfTask`, without becoming unusable.
   */
  openHold(record: Omit<HoldRecord, 'id' | 'state'>): Promise<HoldRecord>;
  hold(id: string): Promise<HoldRecord | undefined>;
  /** Newest first. */
  holds(filter: {
    readonly states?: readonly HoldState[];
    readonly attemptKey?: Digest;
    readonly limit?: number;
  }): Promise<readonly HoldRecord[]>;
  /** Compare and swap: false if the hold is not in one of the `from` states. Nothing leaves a final state; never to `consumed`. */
  settleHold(
    id: string,
    from: readonly HoldState[],
    to: HoldState,
    detail: {
      readonly say?: string;
      readonly approval?: Approval;
      readonly signers?: readonly Signer[];
      /** The agent's own words, where it says more than when the hold was opened. No claim covers them. */
      readonly statedPurpose?: string;
    },
  ): Promise<boolean>;
  addDenial(denial: Denial): Promise<void>;
  denials(task: string): Promise<readonly Denial[]>;
  /** Forgets the denials of a task: done by a person only. */
  clearDenials(task: string): Promise<number>;
  head(): Promise<{ readonly size: number; readonly root: string }>;
  /** C2SP tlog-checkpoint, signed with the log's key. */
  checkpoint(): Promise<string>;
  receipts(filter: ReceiptFilter): Promise<readonly ReceiptRecord[]>;
  /** Intents that have no outcome yet. */
  unfinished(): Promise<readonly Receipt[]>;
  /** Erases a payload and its salt; the log still verifies. False if there was none. */
  erase(index: number): Promise<boolean>;
  /**
   * A clock that never goes back: the larger of `nowMs` and the latest time ever stored. `rolledBack` is true where
   * `nowMs` lies more than a minute before it.
   */
  advanceTime(nowMs: number): Promise<{ readonly nowMs: number; readonly rolledBack: boolean }>;
  close(): Promise<void>;
}
