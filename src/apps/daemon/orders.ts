import { LIMITS } from '../../core/limits.ts';
import type { Order, People } from '../../ports/people.ts';
import type { Service } from './service.ts';

export interface Orders {
  /** Forgets what was denied for a task. */
  reopen(task: string, document: string | undefined): Promise<object>;
  /** Erases the payload of one record. */
  erase(index: number, document: string | undefined): Promise<object>;
}

const OLDEST_MS = LIMITS.approvalLifetimeMs;

/**
 * What takes from the record or forgets a refusal. SECURITY: in an advisory installation every program of the account
 * reaches the socket, so these take a person's signature with presence. `people` is undefined where the socket itself
 * shows that root asks.
 */
export function makeOrders(
  service: Pick<Service, 'store' | 'clock' | 'log'>,
  people: Pick<People, 'verifyOrder'> | undefined,
): Orders {
  async function ordered(order: Order, document: string | undefined): Promise<{ atMs: number } | { error: string }> {
    const nowMs = service.clock.nowMs();
    if (people === undefined) return { atMs: nowMs };
    if (document === undefined) return { error: `\`${order.order}\` takes a signature by a person` };
    const check = await people.verifyOrder(new TextEncoder().encode(document), order);
    if (!check.ok) return { error: `not done: ${check.why}` };
    const ageMs = nowMs - check.atMs;
    if (ageMs < 0 || ageMs > OLDEST_MS) return { error: 'not done: the signature is not of the last ten minutes' };
    return { atMs: check.atMs };
  }

  return {
    async reopen(task, document) {
      const allowed = await ordered({ order: 'reopen', subject: task }, document);
      if ('error' in allowed) return { ok: false, error: allowed.error };
      // What is signed is forgotten once; the same signature shown again does not undo a later refusal.
      if ((await service.store.denials(task)).some((denial) => denial.counted !== true && denial.atMs > allowed.atMs))
        return { ok: false, error: 'not done: something was denied after this was signed' };
      return { ok: true, forgotten: await service.store.clearDenials(task) };
    },
    async erase(index, document) {
      const [record] = await service.log({ fromIndex: index, limit: 1 });
      if (record?.index !== index) return { ok: true, erased: false };
      // The leaf, not the place: a signature for one log must not count for another.
      const allowed = await ordered({ order: 'erase', subject: record.leaf }, document);
      if ('error' in allowed) return { ok: false, error: allowed.error };
      return { ok: true, erased: await service.store.erase(index) };
    },
  };
}
