import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { signCheckpoint } from '../../protocols/tlog/checkpoint.ts';
import { LEDGER_META } from '../../protocols/tlog/ledger-schema.ts';
import { type Frontier, rootOf } from '../../protocols/tlog/merkle.ts';
import { openDatabase, rootHex } from './database.ts';
import { HoldTable } from './holds.ts';
import type { Lock } from './lock.ts';
import type { LogKey } from './log-key.ts';
import type { Call, LedgerOptions, Reply } from './messages.ts';
import { ReceiptTable } from './receipts.ts';

/** A clock that lies no further back than this is taken for jitter. */
const ROLLBACK_TOLERANCE_MS = 60_000;
/** How far time may run ahead of what is on disk when nothing else is written. */
const CLOCK_SLACK_MS = 1_000;

/**
 * The ledger inside the worker: synchronous, one batch of calls a transaction.
 * INVARIANT: what is in memory (`frontier`, `latestMs`) is what the last commit left; a batch that fails puts it back.
 */
export class Ledger {
  readonly #db: DatabaseSync;
  readonly #lock: Lock;
  readonly #logKey: LogKey;
  readonly #receipts: ReceiptTable;
  readonly #holds: HoldTable;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  #frontier: Frontier;
  #latestMs: number;
  #storedMs: number;
  #broken: string | undefined;

  constructor(options: LedgerOptions) {
    const opened = openDatabase(options);
    this.#db = opened.db;
    this.#lock = opened.lock;
    this.#logKey = opened.logKey;
    this.#frontier = opened.frontier;
    this.#latestMs = opened.latestMs;
    this.#storedMs = opened.latestMs;
    this.#receipts = new ReceiptTable(this.#db);
    this.#holds = new HoldTable(this.#db);
    this.#savepoint = this.#db.prepare('SAVEPOINT one');
    this.#release = this.#db.prepare('RELEASE one');
  }

  /** Runs calls in their order, in one transaction. The replies are true once this returns. */
  run(calls: readonly Call[]): readonly Reply[] {
    if (this.#broken !== undefined) return refuseAll(calls, this.#broken);
    const before = { frontier: this.#frontier, latestMs: this.#latestMs };
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const replies = calls.map((call) => this.#guarded(call));
      this.#seal(before.frontier.size);
      this.#db.exec('COMMIT');
      if (calls.some((call) => call.method === 'erase')) this.#forgetOldPages();
      return replies;
    } catch (error) {
      // SECURITY: after a failed write nothing is known for certain, so nothing more is promised until it is opened anew.
      this.#frontier = before.frontier;
      this.#latestMs = before.latestMs;
      this.#broken = `the ledger cannot be used any more: ${messageOf(error)}; once the cause is gone, \`holdpoint down\` and \`holdpoint up\` open it anew`;
      this.#rollBack();
      return refuseAll(calls, this.#broken);
    }
  }

  close(): void {
    if (this.#broken === undefined && this.#latestMs > this.#storedMs) {
      try {
        this.#storeTime();
      } catch {
        // time lags by at most the slack; nothing else waits to be written
      }
    }
    this.#db.close();
    this.#lock.release();
  }

  /** One call. What the caller did wrong is undone and told to that caller; what SQLite could not do ends the batch. */
  #guarded(call: Call): Reply {
    const before = { frontier: this.#frontier, latestMs: this.#latestMs };
    this.#savepoint.run();
    try {
      const value = this.#answer(call);
      this.#release.run();
      return { id: call.id, ok: true, value };
    } catch (error) {
      if (isSqliteError(error)) throw error;
      this.#db.exec('ROLLBACK TO one; RELEASE one');
      this.#frontier = before.frontier;
      this.#latestMs = before.latestMs;
      return { id: call.id, ok: false, error: messageOf(error), broken: false };
    }
  }

  #answer(call: Call): unknown {
    switch (call.method) {
      case 'append': {
        const [draft] = call.args;
        if (draft.kind === 'intent' && draft.approval !== undefined)
          throw new Error('an intent with an approval is appended by `begin` only');
        return this.#append(draft);
      }
      case 'begin':
        return this.#begin(...call.args);
      case 'openHold': {
        const [record] = call.args;
        return this.#holds.open(record, this.#tick(record.openedAtMs));
      }
      case 'hold':
        return this.#holds.get(call.args[0]);
      case 'holds':
        return this.#holds.list(call.args[0]);
      case 'settleHold':
        return this.#holds.settle(...call.args);
      case 'addDenial':
        return this.#holds.addDenial(call.args[0]);
      case 'denials':
        return this.#holds.denials(call.args[0]);
      case 'clearDenials':
        return this.#holds.clearDenials(call.args[0]);
      case 'head':
        return { size: this.#frontier.size, root: rootHex(this.#frontier) };
      case 'checkpoint':
        return this.#checkpoint();
      case 'receipts':
        return this.#receipts.list(call.args[0]);
      case 'unfinished':
        return this.#receipts.unfinished();
      case 'erase':
        return this.#receipts.erase(call.args[0]);
      case 'advanceTime': {
        const [nowMs] = call.args;
        const rolledBack = nowMs < this.#latestMs - ROLLBACK_TOLERANCE_MS;
        return { nowMs: this.#tick(nowMs), rolledBack };
      }
      case 'close':
        return undefined;
      default:
        return call satisfies never;
    }
  }

  #append(draft: Parameters<ReceiptTable['append']>[0]): unknown {
    const added = this.#receipts.append({ ...draft, atMs: this.#tick(draft.atMs) }, this.#frontier);
    this.#frontier = added.frontier;
    return added.receipt;
  }

  #begin(...[draft, consume]: (Call & { method: 'begin' })['args']): unknown {
    if (draft.approval !== undefined && draft.approval !== consume?.claim) {
      return { ok: false, why: 'the intent names an approval that it does not consume' };
    }
    if (consume === undefined) return { ok: true, receipt: this.#append(draft) };
    if (consume.nowMs < this.#latestMs - ROLLBACK_TOLERANCE_MS) {
      return { ok: false, why: 'the clock went back by more than a minute, so no approval can be used' };
    }
    const why = this.#holds.consume(consume.hold, consume.claim, this.#tick(consume.nowMs));
    if (why !== undefined) return { ok: false, why };
    return { ok: true, receipt: this.#append({ ...draft, approval: consume.claim }) };
  }

  #tick(nowMs: number): number {
    if (!Number.isSafeInteger(nowMs) || nowMs < 0) throw new RangeError(`\`${nowMs}\` is not a time in milliseconds`);
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    return this.#latestMs;
  }

  #checkpoint(): string {
    const { key, sign } = this.#logKey;
    return signCheckpoint(
      { origin: key.name, size: this.#frontier.size, root: rootOf(this.#frontier), extensions: [] },
      key,
      sign,
    );
  }

  /** What goes with each commit: the signed head where the log grew, and the time. */
  #seal(sizeBefore: number): void {
    const grew = this.#frontier.size > sizeBefore;
    if (grew)
      this.#db
        .prepare('INSERT INTO checkpoints (size, note) VALUES (?, ?)')
        .run(this.#frontier.size, this.#checkpoint());
    if (this.#latestMs > this.#storedMs && (grew || this.#latestMs - this.#storedMs > CLOCK_SLACK_MS))
      this.#storeTime();
  }

  #storeTime(): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
      .run(LEDGER_META.latestMs, String(this.#latestMs));
    this.#storedMs = this.#latestMs;
  }

  /** What was erased is still in the write-ahead log until that is emptied. A reader in the way puts it off. */
  #forgetOldPages(): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // the ledger is broken already; SQLite rolls back when the file is next opened
    }
  }
}

function refuseAll(calls: readonly Call[], error: string): readonly Reply[] {
  return calls.map((call) => ({ id: call.id, ok: false, error, broken: true }));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isSqliteError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}
