import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '../../src/core/digest.ts';
import { claimDigest, type HoldState } from '../../src/core/hold.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { ReceiptDraft } from '../../src/core/receipt.ts';
import type { Store } from '../../src/ports/store.ts';
import { approve, holdDraft, intentDraft, T0_MS } from './store-drafts.ts';

function ofTask(n: number, task: string): ReturnType<typeof holdDraft> {
  const draft = holdDraft(n);
  return { ...draft, attempt: { ...draft.attempt, task } };
}

/** Every store must pass this. `open` gives a fresh one; `reopen`, where state outlives a process, closes and opens again. */
export function storeContract(
  name: string,
  open: () => Promise<Store>,
  reopen?: (store: Store) => Promise<Store>,
): void {
  const using = (title: string, body: (store: Store) => Promise<void>): void => {
    void test(title, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };

  void describe(`store contract: ${name}`, () => {
    using('receipts keep the order of the calls, also unawaited ones', async (store) => {
      const receipts = await Promise.all(Array.from({ length: 100 }, (_, n) => store.append(intentDraft(n))));
      assert.deepEqual(
        receipts.map((receipt) => receipt.index),
        Array.from({ length: 100 }, (_, n) => n),
      );
      const stored = await store.receipts({});
      assert.deepEqual(
        stored.map((receipt) => receipt.attemptId),
        receipts.map((receipt) => receipt.attemptId),
      );
      assert.deepEqual(
        stored.map((receipt) => receipt.leaf),
        receipts.map((receipt) => receipt.leaf),
      );
      assert.equal((await store.head()).size, 100);
    });

    using('a receipt comes back as it was written', async (store) => {
      const drafts: ReceiptDraft[] = [
        {
          kind: 'refusal',
          says: 'deny',
          rules: ['floor/x'],
          attemptId: 'a',
          attemptKey: digestOf('a'),
          atMs: T0_MS,
          payload: ['x', { y: null }],
        },
        intentDraft(1),
        {
          kind: 'outcome',
          intent: 1,
          outcome: 'done',
          attemptId: 'a',
          attemptKey: digestOf('a'),
          atMs: T0_MS + 5,
          payload: 'ok',
        },
      ];
      for (const [index, draft] of drafts.entries()) {
        const receipt = await store.append(draft);
        assert.deepEqual(receipt, { ...draft, index, leaf: receipt.leaf });
        assert.match(receipt.leaf, /^[0-9a-f]{64}$/);
        assert.deepEqual((await store.receipts({ fromIndex: index }))[0], receipt);
      }
    });

    using('equal drafts have different leaves, since payloads are salted', async (store) => {
      const [a, b] = [await store.append(intentDraft(1)), await store.append(intentDraft(1))];
      assert.notEqual(a.leaf, b.leaf);
    });

    using('secrets in a payload are masked before they are stored', async (store) => {
      const receipt = await store.append({
        ...intentDraft(1),
        payload: { command: 'curl -H "Authorization: Bearer abc123def456"' },
      });
      assert.doesNotMatch(JSON.stringify([receipt, await store.receipts({})]), /abc123def456/);
    });

    using('receipts are found by kind, time, key and number', async (store) => {
      for (let n = 0; n < 6; n += 1) await store.append(intentDraft(n));
      await store.append({
        kind: 'outcome',
        intent: 0,
        outcome: 'failed',
        attemptId: 'a',
        attemptKey: digestOf(0),
        atMs: T0_MS + 9,
        payload: null,
      });
      const indexes = async (filter: Parameters<Store['receipts']>[0]) =>
        (await store.receipts(filter)).map((receipt) => receipt.index);
      assert.deepEqual(await indexes({ kind: 'outcome' }), [6]);
      assert.deepEqual(await indexes({ fromIndex: 4, limit: 2 }), [4, 5]);
      assert.deepEqual(await indexes({ sinceMs: T0_MS + 5 }), [5, 6]);
      assert.deepEqual(await indexes({ attemptKey: digestOf(0) }), [0, 6]);
      assert.deepEqual(await indexes({ fromIndex: 99 }), []);
    });

    using('a receipt is never dated before the one that precedes it', async (store) => {
      await store.append({ ...intentDraft(1), atMs: T0_MS + 1000 });
      assert.equal((await store.append({ ...intentDraft(2), atMs: T0_MS })).atMs, T0_MS + 1000);
    });

    using('an outcome needs an intent, and ends its being unfinished', async (store) => {
      const outcome = {
        kind: 'outcome',
        outcome: 'unknown',
        attemptId: 'a',
        attemptKey: digestOf('a'),
        atMs: T0_MS,
        payload: null,
      } as const;
      await assert.rejects(store.append({ ...outcome, intent: 0 }), /not an intent/);
      const [first, second] = [await store.append(intentDraft(0)), await store.append(intentDraft(1))];
      await store.append({ ...outcome, intent: first.index });
      await assert.rejects(store.append({ ...outcome, intent: 2 }), /not an intent/);
      assert.deepEqual(
        (await store.unfinished()).map((receipt) => receipt.index),
        [second.index],
      );
    });

    using('a draft that has no canonical form is refused, and the store goes on', async (store) => {
      await assert.rejects(store.append({ ...intentDraft(0), payload: { n: Number.NaN } }));
      await assert.rejects(store.append({ ...intentDraft(0), attemptId: '\ud800' }));
      assert.equal((await store.append(intentDraft(0))).index, 0);
    });

    using('an erased payload is gone and the head stays', async (store) => {
      await store.append(intentDraft(0));
      const head = await store.head();
      assert.equal(await store.erase(0), true);
      assert.equal(await store.erase(0), false);
      assert.equal(await store.erase(7), false);
      assert.equal((await store.receipts({}))[0]?.payload, undefined);
      assert.deepEqual(await store.head(), head);
      assert.equal((await store.unfinished()).length, 1);
    });

    using('a hold comes back whole; the honest repeat gets the same one', async (store) => {
      const draft = holdDraft(1);
      const hold = await store.openHold(draft);
      assert.match(hold.id, /^h-[a-z2-7]{8}$/);
      assert.deepEqual(hold, { ...draft, id: hold.id, state: 'open' });
      assert.deepEqual(await store.openHold(draft), hold);
      assert.deepEqual(await store.hold(hold.id), hold);
      assert.equal(await store.hold('h-aaaaaaaa'), undefined);
      await approve(store, hold);
      const again = await store.openHold(draft);
      assert.equal(again.id, hold.id);
      assert.equal(again.state, 'approved');
      assert.deepEqual(again.approval?.signatures[0]?.bytes, Uint8Array.of(0, 255, 7));
      assert.deepEqual(again.signers, [{ name: 'ana', presence: 'typed' }]);
    });

    using('holds are listed newest first, by state and key', async (store) => {
      const [a, b, c] = [
        await store.openHold(holdDraft(1)),
        await store.openHold(holdDraft(2)),
        await store.openHold(holdDraft(3)),
      ];
      await store.settleHold(b.id, ['open'], 'denied', { say: 'no' });
      const ids = async (filter: Parameters<Store['holds']>[0]) => (await store.holds(filter)).map((hold) => hold.id);
      assert.deepEqual(await ids({}), [c.id, b.id, a.id]);
      assert.deepEqual(await ids({ limit: 1 }), [c.id]);
      assert.deepEqual(await ids({ states: ['open'] }), [c.id, a.id]);
      assert.deepEqual(await ids({ states: [] }), []);
      assert.deepEqual(await ids({ attemptKey: a.claim.attemptKey }), [a.id]);
      assert.equal((await store.hold(b.id))?.say, 'no');
    });

    using('what the agent says later stands on the hold, and changes nothing else of it', async (store) => {
      const hold = await store.openHold(holdDraft(1));
      assert.equal(await store.settleHold(hold.id, ['open'], 'open', { statedPurpose: 'it\'s "old"' }), true);
      const again = await store.hold(hold.id);
      assert.deepEqual(again, { ...hold, attempt: { ...hold.attempt, statedPurpose: 'it\'s "old"' } });
      await store.settleHold(hold.id, ['open'], 'denied', {});
      assert.equal(await store.settleHold(hold.id, ['denied'], 'open', { statedPurpose: 'more' }), false);
    });

    using('settling is compare and swap, and nothing leaves a final state', async (store) => {
      const hold = await store.openHold(holdDraft(1));
      assert.equal(await store.settleHold(hold.id, ['approved'], 'void', {}), false);
      assert.equal(await store.settleHold('h-aaaaaaaa', ['open'], 'void', {}), false);
      await assert.rejects(store.settleHold(hold.id, ['open'], 'consumed', {}));
      const wins = await Promise.all(
        ['denied', 'withdrawn', 'expired'].map((to) => store.settleHold(hold.id, ['open'], to as HoldState, {})),
      );
      assert.deepEqual(wins, [true, false, false]);
      assert.equal(await store.settleHold(hold.id, ['denied'], 'approved', {}), false);
      assert.equal((await store.hold(hold.id))?.state, 'denied');
    });

    using('an approval for another hold or claim is not taken', async (store) => {
      const hold = await store.openHold(holdDraft(1));
      const approval = { hold: hold.id, claim: claimDigest(hold.claim), signatures: [] };
      await assert.rejects(
        store.settleHold(hold.id, ['open'], 'approved', { approval: { ...approval, claim: digestOf('other') } }),
      );
      await assert.rejects(
        store.settleHold(hold.id, ['open'], 'approved', { approval: { ...approval, hold: 'h-aaaaaaaa' } }),
      );
      assert.equal((await store.hold(hold.id))?.state, 'open');
    });

    using('an approval works once', async (store) => {
      const hold = await store.openHold(holdDraft(1));
      const consume = { hold: hold.id, claim: claimDigest(hold.claim), nowMs: T0_MS + 1 };
      assert.equal((await store.begin(intentDraft(0), consume)).ok, false);
      await approve(store, hold);
      const results = await Promise.all(Array.from({ length: 8 }, (_, n) => store.begin(intentDraft(n), consume)));
      assert.deepEqual(
        results.map((result) => result.ok),
        [true, false, false, false, false, false, false, false],
      );
      assert.equal((await store.hold(hold.id))?.state, 'consumed');
      const intents = await store.receipts({ kind: 'intent' });
      assert.equal(intents.length, 1);
      assert.equal(intents[0]?.kind === 'intent' ? intents[0].approval : undefined, consume.claim);
      assert.notEqual((await store.openHold(holdDraft(1))).id, hold.id);
    });

    using('a draft that cannot be written does not use up the approval', async (store) => {
      const hold = await store.openHold(holdDraft(1));
      await approve(store, hold);
      const consume = { hold: hold.id, claim: claimDigest(hold.claim), nowMs: T0_MS };
      await assert.rejects(store.begin({ ...intentDraft(0), payload: Number.NaN }, consume));
      assert.equal((await store.hold(hold.id))?.state, 'approved');
      assert.equal((await store.begin(intentDraft(0), consume)).ok, true);
    });

    using('another claim, another hold, an approval that is named but not consumed: refused', async (store) => {
      const hold = await store.openHold(holdDraft(1));
      await approve(store, hold);
      const claim = claimDigest(hold.claim);
      const nowMs = T0_MS;
      assert.equal((await store.begin(intentDraft(0), { hold: hold.id, claim: digestOf('x'), nowMs })).ok, false);
      assert.equal((await store.begin(intentDraft(0), { hold: 'h-aaaaaaaa', claim, nowMs })).ok, false);
      assert.equal((await store.begin({ ...intentDraft(0), approval: claim })).ok, false);
      assert.equal(
        (await store.begin({ ...intentDraft(0), approval: digestOf('x') }, { hold: hold.id, claim, nowMs })).ok,
        false,
      );
      await assert.rejects(store.append({ ...intentDraft(0), approval: claim }));
      assert.deepEqual(await store.receipts({}), []);
      assert.equal(
        (await store.begin({ ...intentDraft(0), approval: claim }, { hold: hold.id, claim, nowMs })).ok,
        true,
      );
    });

    using('an expired approval is not consumed, also after the clock was set back', async (store) => {
      const late = await store.openHold(holdDraft(1));
      await approve(store, late);
      const claim = claimDigest(late.claim);
      assert.equal(
        (await store.begin(intentDraft(0), { hold: late.id, claim, nowMs: late.claim.expiresAtMs })).ok,
        false,
      );
      assert.equal((await store.hold(late.id))?.state, 'expired');
      const other = holdDraft(2);
      const soon = await store.openHold({ ...other, claim: { ...other.claim, expiresAtMs: T0_MS + 3_600_000 } });
      await approve(store, soon);
      await store.advanceTime(T0_MS + 3_700_000);
      const again = await store.begin(intentDraft(0), { hold: soon.id, claim: claimDigest(soon.claim), nowMs: T0_MS });
      assert.equal(again.ok, false);
      assert.deepEqual(await store.receipts({}), []);
    });

    using('an expired hold does not stand in the way of a new one', async (store) => {
      const old = await store.openHold(holdDraft(1));
      const draft = holdDraft(1);
      const openedAtMs = old.claim.expiresAtMs + 1;
      const fresh = await store.openHold({
        ...draft,
        openedAtMs,
        claim: { ...draft.claim, nonce: 'cd'.repeat(32), expiresAtMs: openedAtMs + 1000 },
      });
      assert.notEqual(fresh.id, old.id);
      assert.equal((await store.hold(old.id))?.state, 'expired');
    });

    using('open holds are bounded', async (store) => {
      const opened = await Promise.all(
        Array.from({ length: LIMITS.openHolds }, (_, n) => store.openHold(ofTask(n, `t${n % 20}`))),
      );
      await assert.rejects(store.openHold(ofTask(LIMITS.openHolds, 'other')), /too many open holds \(/);
      await store.settleHold(opened[0]?.id ?? '', ['open'], 'withdrawn', {});
      await store.openHold(ofTask(LIMITS.openHolds, 'other'));
    });

    using('a task that asks without end leaves room for the others', async (store) => {
      for (let n = 0; n < LIMITS.openHoldsOfTask; n += 1) await store.openHold(ofTask(n, 'flood'));
      await assert.rejects(store.openHold(ofTask(LIMITS.openHoldsOfTask, 'flood')), /of this task/);
      assert.equal((await store.openHold(ofTask(0, 'flood'))).state, 'open', 'what stands is given back');
      const other = await store.openHold(ofTask(LIMITS.openHoldsOfTask, 'other'));
      assert.equal(other.state, 'open');
      const lateMs = T0_MS + 24 * 3_600_000;
      const draft = ofTask(LIMITS.openHoldsOfTask + 1, 'flood');
      await store.openHold({ ...draft, openedAtMs: lateMs, claim: { ...draft.claim, expiresAtMs: lateMs + 1000 } });
    });

    using('denials stay with their task until they are cleared', async (store) => {
      const denial = {
        task: 't1',
        verb: 'destroy',
        target: { system: 'file', kind: 'path', path: ['/a'] },
        rule: 'r',
        atMs: T0_MS,
      } as const;
      await store.addDenial(denial);
      await store.addDenial({ ...denial, say: 'no' });
      await store.addDenial({ ...denial, task: 't2' });
      assert.deepEqual(await store.denials('t1'), [denial, { ...denial, say: 'no' }]);
      assert.equal(await store.clearDenials('t1'), 2);
      assert.deepEqual(await store.denials('t1'), []);
      assert.equal((await store.denials('t2')).length, 1);
    });

    using('time never goes back', async (store) => {
      assert.deepEqual(await store.advanceTime(T0_MS), { nowMs: T0_MS, rolledBack: false });
      assert.deepEqual(await store.advanceTime(T0_MS - 60_000), { nowMs: T0_MS, rolledBack: false });
      assert.deepEqual(await store.advanceTime(T0_MS - 60_001), { nowMs: T0_MS, rolledBack: true });
      assert.deepEqual(await store.advanceTime(T0_MS + 1), { nowMs: T0_MS + 1, rolledBack: false });
    });

    void test('a closed store refuses', async () => {
      const store = await open();
      await store.close();
      await assert.rejects(store.append(intentDraft(0)), /closed/);
      await assert.rejects(store.head(), /closed/);
      await store.close();
    });

    if (reopen === undefined) return;
    void test('everything is there after closing and opening again', async () => {
      const before = await open();
      const intent = await before.append(intentDraft(0));
      await before.erase(intent.index);
      const hold = await before.openHold(holdDraft(1, await before.head()));
      await approve(before, hold);
      const kept = await before.hold(hold.id);
      await before.addDenial({
        task: 't1',
        verb: 'destroy',
        target: { system: 'file', kind: 'path', path: ['/a'] },
        rule: 'r',
        atMs: T0_MS,
      });
      await before.advanceTime(T0_MS + 120_001);
      const [head, checkpoint] = [await before.head(), await before.checkpoint()];
      const after = await reopen(before);
      try {
        assert.deepEqual(await after.head(), head);
        assert.equal(await after.checkpoint(), checkpoint);
        assert.deepEqual(await after.hold(hold.id), kept);
        assert.equal((await after.denials('t1')).length, 1);
        assert.equal((await after.receipts({}))[0]?.payload, undefined);
        assert.deepEqual(
          (await after.unfinished()).map((receipt) => receipt.index),
          [intent.index],
        );
        assert.deepEqual(await after.advanceTime(T0_MS), { nowMs: T0_MS + 120_001, rolledBack: true });
        assert.equal((await after.append(intentDraft(1))).index, 1);
        const result = await after.begin(intentDraft(2), {
          hold: hold.id,
          claim: claimDigest(hold.claim),
          nowMs: T0_MS + 120_002,
        });
        assert.equal(result.ok, true);
      } finally {
        await after.close();
      }
    });
  });
}
