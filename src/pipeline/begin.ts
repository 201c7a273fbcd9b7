import type { Json } from '../core/canonical-json.ts';
import { isPlainRead } from '../core/danger.ts';
import { claimDigest } from '../core/hold.ts';
import type { ReceiptDraft } from '../core/receipt.ts';
import type { Store } from '../ports/store.ts';
import { type Authorization, type Begun, demandAuthorization, mintBegun, type Refused, refused } from './products.ts';

/**
 * Sixth stage: the intent is on disk, and the approval spent, in one transaction. Only a plain read does not wait for
 * its record; whether that record failed is asked at the next attempt.
 */
export async function begin(
  authorization: Authorization,
  nowMs: number,
  payload: Json,
  store: Store,
): Promise<Begun | Refused> {
  demandAuthorization(authorization);
  const { judged, hold } = authorization;
  const draft: ReceiptDraft & { kind: 'intent' } = {
    kind: 'intent',
    attemptId: judged.attempt.id,
    attemptKey: judged.attempt.key,
    atMs: nowMs,
    payload,
    ...(hold === undefined ? {} : { approval: claimDigest(hold.claim) }),
  };
  if (hold === undefined && isPlainRead(judged.effects)) {
    const intent = store.append(draft).then((receipt) => receipt);
    // The store refuses everything after a failed write, so this one is not lost in silence.
    intent.catch(() => undefined);
    return mintBegun({ authorization, intent });
  }
  const result = await store.begin(
    draft,
    hold === undefined ? undefined : { hold: hold.id, claim: claimDigest(hold.claim), nowMs },
  );
  if (!result.ok) return refused('deny', 'floor/not-begun', result.why);
  return mintBegun({ authorization, intent: Promise.resolve(result.receipt) });
}
