import type { Receipt } from '../core/receipt.ts';
import type { Store } from '../ports/store.ts';
import { outcomePayload } from './payload.ts';
import { demandExecuted, type Executed } from './products.ts';

/** Last stage: what came of it. `undefined` where the outcome is still to be reported by whoever runs it. */
export async function record(executed: Executed, nowMs: number, store: Store): Promise<Receipt | undefined> {
  demandExecuted(executed);
  const { execution, safe } = executed;
  if (execution.kind === 'released') return undefined;
  const { attempt } = safe.begun.authorization.judged;
  const intent = await safe.begun.intent;
  return store.append({
    kind: 'outcome',
    attemptId: attempt.id,
    attemptKey: attempt.key,
    atMs: nowMs,
    intent: intent.index,
    outcome: execution.outcome,
    payload: outcomePayload(execution.detail, safe.taken),
  });
}
