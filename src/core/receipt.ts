import type { Json } from './canonical-json.ts';
import type { Digest } from './digest.ts';

export type Outcome = 'done' | 'failed' | 'not-started' | 'unknown';

/** What is written before it has a place in the log. `payload` is redacted, committed to by a salted hash, and erasable. */
export type ReceiptDraft = {
  readonly attemptId: string;
  readonly attemptKey: Digest;
  readonly atMs: number;
  readonly payload: Json;
} & (
  | { readonly kind: 'refusal'; readonly says: 'hold' | 'deny'; readonly rules: readonly string[] }
  | { readonly kind: 'intent'; readonly approval?: Digest }
  | { readonly kind: 'outcome'; readonly intent: number; readonly outcome: Outcome }
);

/** A durable record. `index` is its place in the Merkle tree, from 0; `leaf` its RFC 6962 leaf hash, lower-case hex. */
export type Receipt = ReceiptDraft & { readonly index: number; readonly leaf: string };
