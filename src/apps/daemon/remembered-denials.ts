import type { Denial } from '../../core/denial.ts';
import type { Store } from '../../ports/store.ts';

const MOST_TASKS = 1_000;

/**
 * The store's denials, kept in memory: every attempt asks for them, and must not wait behind a commit. Sound because one
 * process owns a store, and each change of denials goes through here.
 */
export function withRememberedDenials(store: Store): Store {
  const known = new Map<string, Promise<readonly Denial[]>>();
  const denials = (task: string): Promise<readonly Denial[]> => {
    const before = known.get(task);
    if (before !== undefined) return before;
    const [oldest] = known.keys();
    if (known.size >= MOST_TASKS && oldest !== undefined) known.delete(oldest);
    const read = store.denials(task);
    known.set(task, read);
    // A failed read is asked again, not remembered.
    read.catch(() => known.delete(task));
    return read;
  };
  return {
    append: (draft) => store.append(draft),
    begin: (draft, consume) => store.begin(draft, consume),
    openHold: (record) => store.openHold(record),
    hold: (id) => store.hold(id),
    holds: (filter) => store.holds(filter),
    settleHold: (id, from, to, detail) => store.settleHold(id, from, to, detail),
    async addDenial(denial) {
      // Forgotten before and after: an attempt that asks meanwhile must not keep the older list.
      known.delete(denial.task);
      await store.addDenial(denial);
      known.delete(denial.task);
    },
    denials,
    async clearDenials(task) {
      const cleared = await store.clearDenials(task);
      known.delete(task);
      return cleared;
    },
    head: () => store.head(),
    checkpoint: () => store.checkpoint(),
    receipts: (filter) => store.receipts(filter),
    unfinished: () => store.unfinished(),
    erase: (index) => store.erase(index),
    advanceTime: (nowMs) => store.advanceTime(nowMs),
    close: () => store.close(),
  };
}
