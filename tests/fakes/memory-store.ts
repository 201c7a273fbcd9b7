import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Json } from '../../src/core/canonical-json.ts';
import type { Denial } from '../../src/core/denial.ts';
import { claimDigest } from '../../src/core/hold.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { Receipt, ReceiptDraft } from '../../src/core/receipt.ts';
import { redactSecrets } from '../../src/core/redact.ts';
import type { BeginResult, HoldRecord, ReceiptFilter, ReceiptRecord, Store } from '../../src/ports/store.ts';
import { appendLeaf, EMPTY_FRONTIER, rootOf } from '../../src/protocols/tlog/merkle.ts';
import { bodyHash, commitmentOf, receiptBody } from '../../src/protocols/tlog/receipt-leaf.ts';

const LIVE: readonly string[] = ['open', 'approved'];

/** A store that forgets everything with its process: for tests of what stands above the port. The log's root is real. */
export function memoryStore(): Store {
  const receipts: Receipt[] = [];
  const payloads = new Map<number, Json>();
  const holds = new Map<string, HoldRecord>();
  let denials: Denial[] = [];
  let frontier = EMPTY_FRONTIER;
  let latestMs = 0;
  let closed = false;

  const tick = (nowMs: number): number => {
    latestMs = Math.max(latestMs, nowMs);
    return latestMs;
  };
  const use = (): void => {
    if (closed) throw new Error('the store is closed');
  };
  const head = (): { size: number; root: string } => ({ size: frontier.size, root: bytesToHex(rootOf(frontier)) });

  const add = (draft: ReceiptDraft): Receipt => {
    if (draft.kind === 'outcome' && receipts[draft.intent]?.kind !== 'intent') {
      throw new Error(`an outcome for \`${draft.intent}\`, which is not an intent`);
    }
    const payload = redactSecrets(draft.payload);
    const stored: ReceiptDraft = { ...draft, atMs: tick(draft.atMs), payload };
    const leaf = bodyHash(receiptBody(stored, commitmentOf(randomBytes(32), payload)));
    const receipt: Receipt = { ...stored, index: frontier.size, leaf: bytesToHex(leaf) };
    frontier = appendLeaf(frontier, leaf).frontier;
    receipts.push(receipt);
    payloads.set(receipt.index, payload);
    return receipt;
  };

  const consume = (want: { hold: string; claim: string; nowMs: number }): string | undefined => {
    const hold = holds.get(want.hold);
    if (hold === undefined) return `no hold \`${want.hold}\``;
    if (hold.state !== 'approved') return `hold \`${hold.id}\` is ${hold.state}, not approved`;
    if (claimDigest(hold.claim) !== want.claim) return `hold \`${hold.id}\` is for another claim`;
    if (want.nowMs < latestMs - 60_000) return 'the clock went back by more than a minute, so no approval can be used';
    if (tick(want.nowMs) >= hold.claim.expiresAtMs) {
      holds.set(hold.id, { ...hold, state: 'expired' });
      return `the approval of hold \`${hold.id}\` has expired`;
    }
    holds.set(hold.id, { ...hold, state: 'consumed' });
    return undefined;
  };

  return {
    async append(draft) {
      use();
      if (draft.kind === 'intent' && draft.approval !== undefined)
        throw new Error('an intent with an approval is appended by `begin` only');
      return add(draft);
    },
    async begin(draft, want): Promise<BeginResult> {
      use();
      if (draft.approval !== undefined && draft.approval !== want?.claim) {
        return { ok: false, why: 'the intent names an approval that it does not consume' };
      }
      if (want === undefined) return { ok: true, receipt: add(draft) };
      const before = holds.get(want.hold);
      const why = consume(want);
      if (why !== undefined) return { ok: false, why };
      try {
        return { ok: true, receipt: add({ ...draft, approval: want.claim }) };
      } catch (error) {
        if (before !== undefined) holds.set(want.hold, before);
        throw error;
      }
    },
    async openHold(record) {
      use();
      const nowMs = tick(record.openedAtMs);
      for (const hold of holds.values()) {
        if (LIVE.includes(hold.state) && hold.claim.expiresAtMs <= nowMs)
          holds.set(hold.id, { ...hold, state: 'expired' });
      }
      const live = [...holds.values()].filter((hold) => LIVE.includes(hold.state));
      const same = live.find((hold) => hold.claim.attemptKey === record.claim.attemptKey);
      if (same !== undefined) return same;
      if (live.length >= LIMITS.openHolds) throw new Error(`too many open holds (limit ${LIMITS.openHolds})`);
      if (live.filter((hold) => hold.attempt.task === record.attempt.task).length >= LIMITS.openHoldsOfTask)
        throw new Error(`too many open holds of this task (limit ${LIMITS.openHoldsOfTask})`);
      const id = `h-${[...randomBytes(8)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')}`;
      const hold: HoldRecord = { ...record, id, state: 'open' };
      holds.set(id, hold);
      return hold;
    },
    async hold(id) {
      use();
      return holds.get(id);
    },
    async holds(filter) {
      use();
      return [...holds.values()]
        .reverse()
        .filter((hold) => filter.states?.includes(hold.state) ?? true)
        .filter((hold) => filter.attemptKey === undefined || hold.claim.attemptKey === filter.attemptKey)
        .slice(0, filter.limit);
    },
    async settleHold(id, from, to, detail) {
      use();
      if (to === 'consumed') throw new Error('only `begin` consumes a hold');
      const hold = holds.get(id);
      if (hold === undefined || !from.includes(hold.state) || !LIVE.includes(hold.state)) return false;
      if (to === 'open' && hold.state !== 'open') return false;
      const claim = claimDigest(hold.claim);
      if (detail.approval !== undefined && (detail.approval.claim !== claim || detail.approval.hold !== id)) {
        throw new Error(`the approval is not for hold \`${id}\``);
      }
      const { statedPurpose, ...rest } = detail;
      const attempt = statedPurpose === undefined ? hold.attempt : { ...hold.attempt, statedPurpose };
      holds.set(id, { ...hold, ...definedOnly(rest), attempt, state: to });
      return true;
    },
    async addDenial(denial) {
      use();
      denials.push(denial);
    },
    async denials(task) {
      use();
      return denials.filter((denial) => denial.task === task);
    },
    async clearDenials(task) {
      use();
      const before = denials.length;
      denials = denials.filter((denial) => denial.task !== task);
      return before - denials.length;
    },
    async head() {
      use();
      return head();
    },
    async checkpoint() {
      use();
      const { size, root } = head();
      return `memory.invalid/log\n${size}\n${Buffer.from(root, 'hex').toString('base64')}\n\n`;
    },
    async receipts(filter) {
      use();
      return receipts
        .filter((receipt) => matches(receipt, filter))
        .slice(0, filter.limit)
        .map((receipt): ReceiptRecord => ({ ...receipt, payload: payloads.get(receipt.index) }));
    },
    async unfinished() {
      use();
      const done = new Set(receipts.flatMap((receipt) => (receipt.kind === 'outcome' ? [receipt.intent] : [])));
      return receipts.filter((receipt) => receipt.kind === 'intent' && !done.has(receipt.index));
    },
    async erase(index) {
      use();
      return payloads.delete(index);
    },
    async advanceTime(nowMs) {
      use();
      const rolledBack = nowMs < latestMs - 60_000;
      return { nowMs: tick(nowMs), rolledBack };
    },
    async close() {
      closed = true;
    },
  };
}

function matches(receipt: Receipt, filter: ReceiptFilter): boolean {
  return (
    receipt.index >= (filter.fromIndex ?? 0) &&
    receipt.atMs >= (filter.sinceMs ?? 0) &&
    (filter.kind === undefined || receipt.kind === filter.kind) &&
    (filter.attemptKey === undefined || receipt.attemptKey === filter.attemptKey)
  );
}

function definedOnly<T extends object>(detail: T): Partial<T> {
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined)) as Partial<T>;
}
