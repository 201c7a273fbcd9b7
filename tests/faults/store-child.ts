import { writeSync } from 'node:fs';
import { openStore } from '../../src/adapters/sqlite/store.ts';
import { claimDigest } from '../../src/core/hold.ts';
import { approve, holdDraft, intentDraft, T0_MS } from '../contracts/store-drafts.ts';

// Works on a ledger until it is killed or the ledger refuses. Prints a line only once a promise has resolved.
const [, , base = '', mode = 'loop', payloadChars = '0'] = process.argv;
const say = (line: object): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

const store = await openStore({ dir: `${base}/state`, logKeyPath: `${base}/log.key`, origin: 'example.com/test' });
say({ opened: process.pid });

async function loop(lane: number): Promise<void> {
  for (let round = 0; ; round += 1) {
    const n = process.pid * 1000 + lane * 100_000_000 + round;
    const appended = await store.append({ ...intentDraft(n), atMs: T0_MS, payload: 'x'.repeat(Number(payloadChars)) });
    say({ index: appended.index, leaf: appended.leaf });
    const hold = await store.openHold(holdDraft(n, await store.head()));
    await approve(store, hold);
    say({ approved: hold.id });
    const begun = await store.begin(
      { ...intentDraft(n), atMs: T0_MS },
      { hold: hold.id, claim: claimDigest(hold.claim), nowMs: T0_MS },
    );
    if (!begun.ok) throw new Error(begun.why);
    say({ index: begun.receipt.index, leaf: begun.receipt.leaf, consumed: hold.id });
    if (round % 2 === 0) {
      const { index, attemptId, attemptKey } = begun.receipt;
      const outcome = await store.append({
        kind: 'outcome',
        intent: index,
        outcome: 'done',
        attemptId,
        attemptKey,
        atMs: T0_MS,
        payload: null,
      });
      say({ index: outcome.index, leaf: outcome.leaf });
    }
  }
}

if (mode === 'loop') await Promise.all([0, 1, 2, 3].map(loop));
else {
  const error = await Promise.all([0, 1].map(loop)).then(() => 'none', String);
  const again = await store.append(intentDraft(1)).then(() => 'taken', String);
  const read = await store.head().then(() => 'taken', String);
  await store.close();
  say({ error, again, read });
}
