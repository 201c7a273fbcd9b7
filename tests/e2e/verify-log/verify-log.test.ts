import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { readLogKey } from '../../../src/adapters/sqlite/log-key.ts';
import { openStore } from '../../../src/adapters/sqlite/store.ts';
import type { FindingKind } from '../../../src/apps/verify-log/report.ts';
import { verifyLog } from '../../../src/apps/verify-log/verify.ts';
import { claimDigest, claimJson } from '../../../src/core/hold.ts';
import { signCheckpoint } from '../../../src/protocols/tlog/checkpoint.ts';
import { appendLeaf, EMPTY_FRONTIER, rootOf } from '../../../src/protocols/tlog/merkle.ts';
import { bodyHash } from '../../../src/protocols/tlog/receipt-leaf.ts';
import { approve, holdDraft, intentDraft, T0_MS } from '../../contracts/store-drafts.ts';

const root = mkdtempSync(path.join(tmpdir(), 'holdpoint-verify-'));
after(() => rmSync(root, { recursive: true, force: true }));

const ORIGIN = 'example.com/test';
const optionsIn = (base: string) => ({
  dir: path.join(base, 'state'),
  logKeyPath: path.join(base, 'log.key'),
  origin: ORIGIN,
});

interface Kept {
  readonly base: string;
  readonly dir: string;
  /** Kept by others: a checkpoint, and the claim that a person signed. */
  readonly checkpoint: string;
  readonly claim: string;
}

/** A ledger with history, a used approval and an open hold; what others kept of it; closed. */
async function makeLedger(): Promise<Kept> {
  const base = mkdtempSync(path.join(root, 'l-'));
  const store = await openStore(optionsIn(base));
  for (let n = 0; n < 9; n += 1) await store.append(intentDraft(n));
  await store.append({
    kind: 'outcome',
    intent: 3,
    outcome: 'done',
    attemptId: 'a-3',
    attemptKey: intentDraft(3).attemptKey,
    atMs: T0_MS + 20,
    payload: null,
  });
  const hold = await store.openHold(holdDraft(1, await store.head()));
  await approve(store, hold);
  const begun = await store.begin(intentDraft(30), {
    hold: hold.id,
    claim: claimDigest(hold.claim),
    nowMs: T0_MS + 21,
  });
  assert.ok(begun.ok);
  await store.append({
    kind: 'outcome',
    intent: begun.receipt.index,
    outcome: 'done',
    attemptId: 'a',
    attemptKey: intentDraft(30).attemptKey,
    atMs: T0_MS + 40,
    payload: null,
  });
  await store.append({
    kind: 'refusal',
    says: 'deny',
    rules: ['floor/x'],
    attemptId: 'b',
    attemptKey: intentDraft(4).attemptKey,
    atMs: T0_MS + 41,
    payload: null,
  });
  await store.openHold(holdDraft(2, await store.head()));
  await store.erase(0);
  const checkpoint = await store.checkpoint();
  await store.close();
  return { base, dir: path.join(base, 'state'), checkpoint, claim: JSON.stringify(claimJson(hold.claim)) };
}

const pristine = await makeLedger();

function copyOf(kept: Kept): Kept {
  const base = mkdtempSync(path.join(root, 'c-'));
  cpSync(kept.base, base, { recursive: true });
  return { ...kept, base, dir: path.join(base, 'state') };
}

function tamper(kept: Kept, attack: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(path.join(kept.dir, 'ledger.db'), { defensive: false });
  attack(db);
  db.close();
}

const kinds = (options: Parameters<typeof verifyLog>[0]): FindingKind[] =>
  [...new Set(verifyLog(options).findings.map((one) => one.kind))].sort();

/** All that someone with file and log key can do: makes tree and checkpoints anew over whatever receipts are there. */
function resign(kept: Kept, db: DatabaseSync): void {
  const logKey = readLogKey(path.join(kept.base, 'log.key'));
  const rows = db.prepare('SELECT body FROM receipts ORDER BY idx').all();
  const payloads = new Map(
    db
      .prepare('SELECT receipts.body AS body, salt, payload FROM payloads JOIN receipts USING (idx)')
      .all()
      .map((row) => [String(row['body']), row]),
  );
  db.exec('DELETE FROM receipts; DELETE FROM nodes; DELETE FROM checkpoints; DELETE FROM payloads');
  let frontier = EMPTY_FRONTIER;
  for (const [index, row] of rows.entries()) {
    const body = String(row['body']);
    const leaf = bodyHash(body);
    const grown = appendLeaf(frontier, leaf);
    frontier = grown.frontier;
    db.prepare('INSERT INTO receipts (idx, leaf, body) VALUES (?, ?, ?)').run(index, leaf, body);
    const payload = payloads.get(body);
    if (payload !== undefined)
      db.prepare('INSERT INTO payloads VALUES (?, ?, ?)').run(
        index,
        payload['salt'] ?? null,
        payload['payload'] ?? null,
      );
    for (const node of grown.nodes.slice(1))
      db.prepare('INSERT INTO nodes VALUES (?, ?, ?)').run(node.level, node.index, node.hash);
    const note = signCheckpoint(
      { origin: ORIGIN, size: index + 1, root: rootOf(frontier), extensions: [] },
      logKey.key,
      logKey.sign,
    );
    db.prepare('INSERT INTO checkpoints VALUES (?, ?)').run(index + 1, note);
  }
}

const BODY = 'SET body = replace(body, \'"a-2"\', \'"a-7"\') WHERE idx = 2';

describe('verify-log', () => {
  test('an honest log is intact, with all that was kept of it', () => {
    const report = verifyLog({ dir: pristine.dir, checkpoints: [pristine.checkpoint], claims: [pristine.claim] });
    assert.deepEqual(report.findings, []);
    assert.equal(report.status, 'intact');
    assert.equal(report.size, 13);
    const keyed = verifyLog({ dir: pristine.dir, verifierKey: report.verifierKey });
    assert.equal(keyed.status, 'intact');
    assert.match(report.notes.join('\n'), /1 payloads are erased/);
    assert.match(report.notes.join('\n'), /8 intents without an outcome/);
  });

  const attacks: readonly { name: string; sql: string; want: readonly FindingKind[] }[] = [
    { name: 'a receipt is edited', sql: `UPDATE receipts ${BODY}`, want: ['edited', 'history'] },
    {
      name: 'a receipt is edited so that it is none',
      sql: "UPDATE receipts SET body = '{}' WHERE idx = 2",
      want: ['edited', 'malformed'],
    },
    {
      name: 'a receipt has a member more',
      sql: `UPDATE receipts SET body = replace(body, '}', ',"x":1}') WHERE idx = 2`,
      want: ['edited', 'malformed'],
    },
    {
      name: 'a stored leaf is changed',
      sql: 'UPDATE receipts SET leaf = zeroblob(32) WHERE idx = 2',
      want: ['edited'],
    },
    { name: 'a receipt is dropped', sql: 'DELETE FROM receipts WHERE idx = 4', want: ['missing'] },
    {
      name: 'a receipt is dropped and the rest moved up',
      sql: 'DELETE FROM receipts WHERE idx = 4; UPDATE receipts SET idx = idx - 1 WHERE idx > 4',
      want: ['checkpoint', 'edited'],
    },
    {
      name: 'two receipts change places',
      sql: 'UPDATE receipts SET idx = 99 WHERE idx = 5; UPDATE receipts SET idx = 5 WHERE idx = 6; UPDATE receipts SET idx = 6 WHERE idx = 99',
      want: ['edited', 'time'],
    },
    { name: 'the tail is cut', sql: 'DELETE FROM receipts WHERE idx > 10', want: ['checkpoint'] },
    {
      name: 'the tail is cut with its payloads, nodes and checkpoints',
      sql: 'DELETE FROM receipts WHERE idx > 10; DELETE FROM payloads WHERE idx > 10; DELETE FROM nodes WHERE (idx + 1) << level > 11; DELETE FROM checkpoints WHERE size > 11',
      want: ['history'],
    },
    {
      name: 'a tree node is changed',
      sql: 'UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND idx = 0',
      want: ['edited'],
    },
    { name: 'a tree node is added', sql: 'INSERT INTO nodes VALUES (9, 9, zeroblob(32))', want: ['file'] },
    { name: 'a payload is changed', sql: "UPDATE payloads SET payload = '1' WHERE idx = 2", want: ['edited'] },
    { name: 'a payload is added', sql: "INSERT INTO payloads VALUES (0, zeroblob(32), '1')", want: ['edited'] },
    {
      name: 'a payload of nothing is added',
      sql: "INSERT INTO payloads VALUES (77, zeroblob(32), '1')",
      want: ['missing'],
    },
    {
      name: 'a checkpoint is changed',
      sql: "UPDATE checkpoints SET note = replace(note, 'example.com/test', 'example.com/best') WHERE size = 3",
      want: ['checkpoint'],
    },
    {
      name: 'a checkpoint is moved',
      sql: 'UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 4) WHERE size = 3',
      want: ['checkpoint'],
    },
    { name: 'all checkpoints are dropped', sql: 'DELETE FROM checkpoints', want: ['checkpoint'] },
    {
      name: 'a used hold is approved again',
      sql: "UPDATE holds SET state = 'approved' WHERE state = 'consumed'",
      want: ['pairing'],
    },
    { name: 'a used hold is dropped', sql: "DELETE FROM holds WHERE state = 'consumed'", want: ['missing'] },
    {
      name: 'an open hold is marked as used',
      sql: "UPDATE holds SET state = 'consumed' WHERE state = 'open'",
      want: ['pairing'],
    },
    {
      name: 'a claim is changed',
      sql: `UPDATE holds SET claim = replace(claim, '"how":"copy"', '"how":"none"') WHERE state = 'consumed'`,
      want: ['edited'],
    },
    {
      name: 'an expiry column is changed',
      sql: "UPDATE holds SET expires_at_ms = expires_at_ms + 1 WHERE state = 'open'",
      want: ['edited'],
    },
    {
      name: 'an approval is moved to another claim',
      sql: "UPDATE holds SET approval = (SELECT approval FROM holds WHERE state = 'consumed')",
      want: ['edited'],
    },
    {
      name: 'the key is changed',
      sql: "UPDATE meta SET value = 'example.com/test+00000000+AAAA' WHERE name = 'verifier_key'",
      want: ['key'],
    },
    { name: 'an index is dropped', sql: 'DROP INDEX receipts_by_intent', want: ['file'] },
    {
      name: 'a trigger is added',
      sql: 'CREATE TRIGGER t AFTER INSERT ON receipts BEGIN DELETE FROM receipts; END',
      want: ['file'],
    },
    {
      name: 'a table becomes a view',
      sql: 'ALTER TABLE receipts RENAME TO real; CREATE VIEW receipts AS SELECT * FROM real WHERE idx < 3',
      want: ['file'],
    },
  ];
  for (const { name, sql, want } of attacks) {
    test(`found: ${name}`, () => {
      const kept = copyOf(pristine);
      tamper(kept, (db) => db.exec(sql));
      const report = verifyLog({ dir: kept.dir });
      assert.notEqual(report.status, 'intact');
      const found = new Set(report.findings.map((one) => one.kind));
      for (const kind of want) assert.ok(found.has(kind), `${kind} in ${JSON.stringify(report.findings)}`);
    });
  }

  test('a log rewritten and signed again with the stolen key', () => {
    const kept = copyOf(pristine);
    tamper(kept, (db) => {
      db.exec(`UPDATE receipts ${BODY}`);
      resign(kept, db);
    });
    // The holds that were left in the file have seen another log.
    assert.deepEqual(kinds({ dir: kept.dir }), ['history']);
    tamper(kept, (db) => {
      db.exec('DELETE FROM holds; DELETE FROM receipts WHERE idx > 9; DELETE FROM payloads WHERE idx > 9');
      resign(kept, db);
    });
    const alone = verifyLog({ dir: kept.dir });
    assert.equal(alone.status, 'intact', 'nothing inside the file can tell');
    assert.match(alone.notes.join('\n'), /looks intact/);
    assert.deepEqual(kinds({ dir: kept.dir, checkpoints: [kept.checkpoint] }), ['history']);
    assert.deepEqual(kinds({ dir: kept.dir, claims: [kept.claim] }), ['history', 'missing']);
  });

  test('the same with a key of the attacker', async () => {
    const other = await makeLedger();
    const { verifierKey } = verifyLog({ dir: pristine.dir });
    assert.deepEqual(kinds({ dir: other.dir, checkpoints: [pristine.checkpoint] }), ['checkpoint', 'history']);
    assert.ok(kinds({ dir: other.dir, verifierKey }).includes('key'));
  });

  test('a roll back to an earlier copy of the file, holds included', async () => {
    const kept = copyOf(pristine);
    const snapshot = copyOf(kept);
    const store = await openStore(optionsIn(kept.base));
    await store.append({ ...intentDraft(50), atMs: T0_MS + 60 });
    const hold = await store.openHold(holdDraft(3, await store.head()));
    const claim = JSON.stringify({ claim: claimJson(hold.claim), signatures: [] });
    const checkpoint = await store.checkpoint();
    await store.close();
    assert.equal(verifyLog({ dir: kept.dir, checkpoints: [checkpoint], claims: [claim] }).status, 'intact');
    rmSync(kept.dir, { recursive: true });
    cpSync(snapshot.dir, kept.dir, { recursive: true });
    assert.equal(
      verifyLog({ dir: kept.dir, checkpoints: [kept.checkpoint] }).status,
      'intact',
      'what is older cannot tell',
    );
    assert.deepEqual(kinds({ dir: kept.dir, checkpoints: [checkpoint] }), ['history']);
    assert.deepEqual(kinds({ dir: kept.dir, claims: [claim] }), ['history', 'missing']);
  });

  test('a claim whose log head still fits, but whose hold was taken out', () => {
    const kept = copyOf(pristine);
    tamper(kept, (db) => db.exec("DELETE FROM holds WHERE state = 'open'"));
    assert.equal(verifyLog({ dir: kept.dir }).status, 'intact');
    const open = new DatabaseSync(path.join(pristine.dir, 'ledger.db'), { readOnly: true });
    const claim = String(open.prepare("SELECT claim FROM holds WHERE state = 'open'").get()?.['claim']);
    open.close();
    assert.deepEqual(kinds({ dir: kept.dir, claims: [claim] }), ['missing']);
  });

  test('the store does not open what was changed', async () => {
    for (const sql of [
      'DELETE FROM receipts WHERE idx = 12',
      `UPDATE receipts ${BODY}`,
      'UPDATE nodes SET hash = zeroblob(32) WHERE level = 3',
      'DELETE FROM checkpoints',
      'DROP INDEX holds_live',
      'PRAGMA user_version = 9',
    ]) {
      const kept = copyOf(pristine);
      tamper(kept, (db) => db.exec(sql));
      await assert.rejects(openStore(optionsIn(kept.base)), /cannot be opened/, sql);
    }
  });

  test('a live ledger can be read', async () => {
    const kept = copyOf(pristine);
    const store = await openStore(optionsIn(kept.base));
    await store.append({ ...intentDraft(50), atMs: T0_MS + 60 });
    assert.equal(verifyLog({ dir: kept.dir }).size, 14);
    await store.append({ ...intentDraft(51), atMs: T0_MS + 60 });
    assert.equal(verifyLog({ dir: kept.dir, checkpoints: [await store.checkpoint()] }).status, 'intact');
    await store.close();
  });

  test('a copy on read-only media can be read, and is left as it was', () => {
    const base = mkdtempSync(path.join(root, 'r-'));
    mkdirSync(path.join(base, 'state'));
    copyFileSync(path.join(pristine.dir, 'ledger.db'), path.join(base, 'state', 'ledger.db'));
    const before = readFileSync(path.join(base, 'state', 'ledger.db'));
    chmodSync(path.join(base, 'state'), 0o500);
    assert.equal(verifyLog({ dir: path.join(base, 'state') }).status, 'intact');
    assert.deepEqual(readFileSync(path.join(base, 'state', 'ledger.db')), before);
    chmodSync(path.join(base, 'state'), 0o700);
  });

  test('what cannot be read is never intact', () => {
    const junk = mkdtempSync(path.join(root, 'j-'));
    assert.equal(verifyLog({ dir: junk }).status, 'unreadable');
    writeFileSync(path.join(junk, 'ledger.db'), '');
    assert.equal(verifyLog({ dir: junk }).status, 'unreadable');
    writeFileSync(path.join(junk, 'ledger.db'), 'x'.repeat(8192));
    assert.equal(verifyLog({ dir: junk }).status, 'unreadable');
    assert.equal(verifyLog({ dir: pristine.dir, checkpoints: ['nonsense'] }).status, 'unreadable');
    assert.equal(verifyLog({ dir: pristine.dir, claims: ['{}'] }).status, 'unreadable');
    assert.equal(verifyLog({ dir: pristine.dir, verifierKey: 'k' }).status, 'unreadable');
  });

  test('the program says it with its exit code', () => {
    const program = path.resolve(import.meta.dirname, '../../../src/apps/verify-log/main.ts');
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], { encoding: 'utf8' });
    const checkpoint = path.join(root, 'checkpoint.txt');
    writeFileSync(checkpoint, pristine.checkpoint);
    const good = run(pristine.dir, '--checkpoint', checkpoint);
    assert.deepEqual([good.status, good.stderr], [0, '']);
    assert.match(good.stdout, /\nintact\n$/);
    const kept = copyOf(pristine);
    tamper(kept, (db) =>
      db.exec(
        "UPDATE receipts SET body = '{}' WHERE idx = 2; UPDATE holds SET id = 'h-\u202e' WHERE state = 'open'; UPDATE holds SET claim = '{}' WHERE state = 'open'",
      ),
    );
    const bad = run(kept.dir);
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /receipt 2: /);
    assert.doesNotMatch(bad.stdout, /\u202e/);
    const json: unknown = JSON.parse(run(kept.dir, '--json').stdout);
    assert.ok(typeof json === 'object' && json !== null && 'status' in json && json.status === 'tampered');
    assert.equal(run(path.join(root, 'nowhere')).status, 2);
    assert.equal(run(pristine.dir, '--checkpoint', path.join(root, 'nowhere')).status, 2);
    assert.equal(run().status, 64);
    assert.equal(run('--nope', pristine.dir).status, 64);
  });
});
