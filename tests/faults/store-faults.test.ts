import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { openStore } from '../../src/adapters/sqlite/store.ts';
import { verifyLog } from '../../src/apps/verify-log/verify.ts';
import { claimDigest } from '../../src/core/hold.ts';
import { approve, holdDraft, intentDraft, T0_MS } from '../contracts/store-drafts.ts';

const root = mkdtempSync(path.join(tmpdir(), 'holdpoint-faults-'));
after(() => rmSync(root, { recursive: true, force: true }));

const fresh = (): string => mkdtempSync(path.join(root, 'f-'));
const optionsIn = (base: string) => ({
  dir: path.join(base, 'state'),
  logKeyPath: path.join(base, 'log.key'),
  origin: 'example.com/test',
});
const ledgerIn = (base: string): string => path.join(base, 'state', 'ledger.db');
const CHILD = path.join(import.meta.dirname, 'store-child.ts');

interface Line {
  readonly index?: number;
  readonly leaf?: string;
  readonly approved?: string;
  readonly consumed?: string;
  readonly error?: string;
  readonly again?: string;
  readonly read?: string;
}

/** Whole lines only: the last one may have been cut by the kill. */
function linesOf(output: string): Line[] {
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** INVARIANT under test: what was promised is on disk, what was used cannot be used again, and the log verifies. */
async function checkPromises(base: string, lines: readonly Line[]): Promise<void> {
  const report = verifyLog({ dir: path.join(base, 'state') });
  assert.equal(report.status, 'intact', JSON.stringify(report));
  const store = await openStore(optionsIn(base));
  try {
    const receipts = await store.receipts({});
    for (const line of lines) if (line.index !== undefined) assert.equal(receipts[line.index]?.leaf, line.leaf);
    for (const { approved, consumed } of lines) {
      if (approved !== undefined)
        assert.match((await store.hold(approved))?.state ?? 'gone', /^(?:approved|consumed)$/);
      if (consumed === undefined) continue;
      const hold = await store.hold(consumed);
      assert.equal(hold?.state, 'consumed');
      const again = await store.begin(intentDraft(1), { hold: consumed, claim: claimDigest(hold.claim), nowMs: T0_MS });
      assert.equal(again.ok, false);
    }
    const ended = new Set(receipts.flatMap((receipt) => (receipt.kind === 'outcome' ? [receipt.intent] : [])));
    const open = receipts
      .filter((receipt) => receipt.kind === 'intent' && !ended.has(receipt.index))
      .map((receipt) => receipt.index);
    assert.deepEqual(
      (await store.unfinished()).map((receipt) => receipt.index),
      open,
    );
    assert.equal((await store.head()).size, receipts.length);
  } finally {
    await store.close();
  }
}

function collect(child: ChildProcess): { text: string } {
  const output = { text: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output.text += chunk;
  });
  return output;
}

describe('store faults', () => {
  test('kill -9 at any moment', { timeout: 240_000 }, async () => {
    const base = fresh();
    let promised: Line[] = [];
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, base], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const output = collect(child);
      // Some kills fall into the opening of the ledger, most into its work.
      if (round % 6 !== 5) while (!output.text.includes('opened') && child.exitCode === null) await sleep(5);
      await sleep(Math.random() * 250);
      child.kill('SIGKILL');
      await once(child, 'close');
      assert.equal(child.signalCode, 'SIGKILL');
      promised = [...promised, ...linesOf(output.text)];
      if (existsSync(ledgerIn(base))) await checkPromises(base, promised);
    }
    assert.ok(
      promised.some((line) => line.consumed !== undefined),
      'the children did nothing',
    );
  });

  test('a file that may not grow: refused, nothing half-written, opens again', { timeout: 120_000 }, async () => {
    const base = fresh();
    const command = `ulimit -f 2000 && exec "$0" --disable-warning=ExperimentalWarning "$1" "$2" full 2000`;
    const child = spawnSync('sh', ['-c', command, process.execPath, CHILD, base], { encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    await checkFull(base, linesOf(child.stdout));
  });

  test('a full disk: refused, nothing half-written, opens again', { timeout: 120_000 }, async (t) => {
    const base = fresh();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', base]);
    if (mounted.status !== 0)
      return t.skip('cannot mount a small tmpfs here (needs root); the file limit above stands in');
    try {
      const child = spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', CHILD, base, 'full', '2000'],
        { encoding: 'utf8' },
      );
      assert.equal(child.status, 0, child.stderr);
      spawnSync('mount', ['-o', 'remount,size=64m', base]);
      await checkFull(base, linesOf(child.stdout));
    } finally {
      spawnSync('umount', [base]);
    }
  });

  async function checkFull(base: string, lines: readonly Line[]): Promise<void> {
    const last = lines.at(-1);
    assert.match(last?.error ?? '', /the ledger cannot be used any more/);
    assert.equal(last?.again, last?.error);
    assert.equal(last?.read, last?.error);
    assert.ok(
      lines.some((line) => line.consumed !== undefined),
      'it failed before it did anything',
    );
    await checkPromises(base, lines);
  }

  test('another writer in the way: refused from then on', async () => {
    const base = fresh();
    const store = await openStore(optionsIn(base));
    await store.append(intentDraft(0));
    const intruder = new DatabaseSync(ledgerIn(base));
    intruder.exec('BEGIN IMMEDIATE');
    await assert.rejects(store.append(intentDraft(1)), /cannot be used any more: database is locked/);
    intruder.close();
    await assert.rejects(store.append(intentDraft(1)), /cannot be used any more/);
    await store.close();
    await checkPromises(base, []);
  });

  test('a batch that fails half-way leaves nothing of itself, and nobody is told otherwise', async () => {
    const base = fresh();
    const store = await openStore(optionsIn(base));
    await store.append(intentDraft(0));
    const intruder = new DatabaseSync(ledgerIn(base));
    // The eighth payload of the next batch hits this.
    intruder.exec(
      "CREATE TRIGGER planted BEFORE INSERT ON payloads WHEN NEW.idx = 8 BEGIN SELECT RAISE(ABORT, 'planted'); END",
    );
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => store.append(intentDraft(n))));
    const kept = results.filter((result) => result.status === 'fulfilled').length;
    intruder.exec('DROP TRIGGER planted');
    intruder.close();
    await store.close();
    assert.ok(kept < 8);
    const again = await openStore(optionsIn(base));
    assert.equal((await again.head()).size, 1 + kept);
    await again.close();
  });

  for (const how of ['throw', 'exit']) {
    test(`the worker dies (${how}): what waits and what comes is refused`, async () => {
      const url = new URL('./store-dying-worker.ts', import.meta.url);
      const store = await openStore(optionsIn(fresh()), () => new Worker(url, { workerData: how }));
      const results = await Promise.allSettled([store.append(intentDraft(0)), store.head()]);
      assert.deepEqual(
        results.map((result) => result.status),
        ['rejected', 'rejected'],
      );
      await assert.rejects(store.append(intentDraft(0)), /cannot be used/);
      await store.close();
    });
  }

  test('a worker that never opens is an error, not a wait', async () => {
    const url = new URL('./store-dying-worker.ts', import.meta.url);
    await assert.rejects(
      openStore(optionsIn(fresh()), () => new Worker(url, { workerData: 'never opens' })),
      /cannot be opened/,
    );
  });

  test('a second opening says who has it, and does no harm', async () => {
    const base = fresh();
    const store = await openStore(optionsIn(base));
    await assert.rejects(openStore(optionsIn(base)), new RegExp(`in use by process ${process.pid} since`));
    const child = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, base], {
      encoding: 'utf8',
    });
    assert.notEqual(child.status, 0);
    assert.match(child.stderr, new RegExp(`in use by process ${process.pid} since`));
    await assert.rejects(openStore(optionsIn(base)), /in use/);
    assert.equal((await store.append(intentDraft(0))).index, 0);
    await store.close();
    await (await openStore(optionsIn(base))).close();
  });

  test('nobody else can read the files', async () => {
    const base = fresh();
    const store = await openStore(optionsIn(base));
    await store.append(intentDraft(0));
    assert.equal(statSync(path.join(base, 'state')).mode & 0o777, 0o700);
    for (const name of readdirSync(path.join(base, 'state')))
      assert.equal(statSync(path.join(base, 'state', name)).mode & 0o777, 0o600, name);
    assert.equal(statSync(path.join(base, 'log.key')).mode & 0o777, 0o600);
    await store.close();
  });

  test('an erased payload is in no file any more', async () => {
    const base = fresh();
    const store = await openStore(optionsIn(base));
    const marker = 'needle-in-the-payload';
    const { index } = await store.append({ ...intentDraft(0), payload: marker });
    const found = () =>
      readdirSync(path.join(base, 'state')).some((name) =>
        readFileSync(path.join(base, 'state', name)).includes(marker),
      );
    const before = spawnSync('grep', ['-rlF', marker, path.join(base, 'state')], { encoding: 'utf8' }).stdout;
    assert.notEqual(before, '');
    await store.erase(index);
    const after_ = spawnSync('grep', ['-rlF', marker, path.join(base, 'state')], { encoding: 'utf8' }).stdout;
    assert.equal(after_, '');
    await store.close();
    assert.equal(found(), false);
    assert.equal(verifyLog({ dir: path.join(base, 'state') }).status, 'intact');
  });

  test('a key that is gone, another, or open to others; a ledger that is gone', async () => {
    const base = fresh();
    const { dir, logKeyPath } = optionsIn(base);
    await (await openStore(optionsIn(base))).close();
    chmodSync(logKeyPath, 0o640);
    await assert.rejects(openStore(optionsIn(base)), /open to others/);
    chmodSync(logKeyPath, 0o600);
    await assert.rejects(openStore({ ...optionsIn(base), origin: 'example.com/other' }), /is of `example.com\/test`/);
    renameSync(logKeyPath, `${logKeyPath}.away`);
    await assert.rejects(openStore(optionsIn(base)), /is missing/);
    const other = fresh();
    await (await openStore(optionsIn(other))).close();
    renameSync(optionsIn(other).logKeyPath, logKeyPath);
    await assert.rejects(openStore(optionsIn(base)), /is not the one that signed/);
    renameSync(`${logKeyPath}.away`, logKeyPath);
    await (await openStore(optionsIn(base))).close();
    rmSync(dir, { recursive: true });
    await assert.rejects(openStore(optionsIn(base)), /no longer in/);
  });

  test('a crash while the ledger was made does not lock anyone out', async () => {
    const base = fresh();
    const { dir, logKeyPath } = optionsIn(base);
    mkdirSync(dir);
    writeFileSync(path.join(dir, 'ledger.db'), '');
    writeFileSync(`${logKeyPath}.pending`, 'half a k');
    const store = await openStore(optionsIn(base));
    await store.append(intentDraft(0));
    await store.close();
    renameSync(logKeyPath, `${logKeyPath}.pending`);
    await (await openStore(optionsIn(base))).close();
    assert.ok(existsSync(logKeyPath));
  });

  test('a damaged file is refused at opening', async () => {
    const base = fresh();
    const store = await openStore(optionsIn(base));
    for (let n = 0; n < 50; n += 1) await store.append(intentDraft(n));
    const hold = await store.openHold(holdDraft(1));
    await approve(store, hold);
    await store.close();
    const bytes = readFileSync(ledgerIn(base));
    bytes.fill(0xa5, bytes.length / 2, bytes.length / 2 + 4096);
    writeFileSync(ledgerIn(base), bytes);
    await assert.rejects(openStore(optionsIn(base)), /cannot be opened/);
    assert.notEqual(verifyLog({ dir: path.join(base, 'state') }).status, 'intact');
    writeFileSync(ledgerIn(base), bytes.subarray(0, 4096));
    await assert.rejects(openStore(optionsIn(base)), /cannot be opened/);
  });
});
