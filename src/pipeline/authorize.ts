import { claimDigest } from '../core/hold.ts';
import type { Store } from '../ports/store.ts';
import {
  type Approved,
  type Authorization,
  demandApproved,
  demandJudged,
  type Judged,
  mintAuthorization,
  type Refused,
  refused,
} from './products.ts';

/** What policy allows needs nobody. */
export function authorize(judged: Judged<'allow'>): Authorization {
  demandJudged(judged);
  return mintAuthorization({ judged, hold: undefined });
}

/** Right before execution: what is judged afresh must be what was signed, else the approval is void. */
export async function reauthorize(
  approved: Approved,
  again: Judged<'hold'>,
  differences: readonly string[],
  store: Store,
): Promise<Authorization | Refused> {
  demandApproved(approved);
  demandJudged(again);
  const { hold, approval } = approved;
  if (approval.claim !== claimDigest(hold.claim) || hold.claim.attemptKey !== again.attempt.key) {
    return refused('deny', 'floor/other-claim', 'the approval is for something else');
  }
  if (differences.length > 0) {
    const say = `changed since it was signed: ${differences.join(', ')}`;
    await store.settleHold(hold.id, ['approved'], 'void', { say });
    return refused('deny', 'floor/void-approval', `approval ${hold.id} is void; ${say}; try again for a new hold`);
  }
  return mintAuthorization({ judged: again, hold });
}
