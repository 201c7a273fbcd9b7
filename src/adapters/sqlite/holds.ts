import { randomBytes } from 'node:crypto';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Denial } from '../../core/denial.ts';
import { claimDigest, type HoldState } from '../../core/hold.ts';
import { LIMITS } from '../../core/limits.ts';
import type { HoldRecord, Store } from '../../ports/store.ts';
import { approvalText, claimText, holdOf, subjectText } from './hold-row.ts';

const LIVE: readonly HoldState[] = ['open', 'approved'];
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Holds and denials. Runs inside the ledger's transaction. */
export class HoldTable {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  open(record: Omit<HoldRecord, 'id' | 'state'>, nowMs: number): HoldRecord {
    this.#db
      .prepare("UPDATE holds SET state = 'expired' WHERE state IN ('open', 'approved') AND expires_at_ms <= ?")
      .run(nowMs);
    const [same] = this.list({ states: LIVE, attemptKey: record.claim.attemptKey, limit: 1 });
    if (same !== undefined) return same;
    const live = Number(
      this.#db.prepare("SELECT count(*) AS n FROM holds WHERE state IN ('open', 'approved')").get()?.['n'],
    );
    if (live >= LIMITS.openHolds) throw new Error(`too many open holds (limit ${LIMITS.openHolds})`);
    const ofTask = Number(
      this.#db
        .prepare(
          "SELECT count(*) AS n FROM holds WHERE state IN ('open', 'approved') AND json_extract(subject, '$.attempt.task') = ?",
        )
        .get(record.attempt.task)?.['n'],
    );
    if (ofTask >= LIMITS.openHoldsOfTask)
      throw new Error(`too many open holds of this task (limit ${LIMITS.openHoldsOfTask})`);
    const id = this.#freeId();
    const { claim } = record;
    this.#db
      .prepare(
        'INSERT INTO holds (id, state, claim, claim_digest, attempt_key, expires_at_ms, subject) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, 'open', claimText(claim), claimDigest(claim), claim.attemptKey, claim.expiresAtMs, subjectText(record));
    const stored = this.get(id);
    if (stored === undefined) throw new Error(`hold \`${id}\` was not stored`);
    return stored;
  }

  get(id: string): HoldRecord | undefined {
    const row = this.#db.prepare('SELECT * FROM holds WHERE id = ?').get(id);
    return row === undefined ? undefined : holdOf(row);
  }

  list(filter: Parameters<Store['holds']>[0]): readonly HoldRecord[] {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    if (filter.states !== undefined) {
      conditions.push(`state IN (${filter.states.map(() => '?').join(', ')})`);
      values.push(...filter.states);
    }
    if (filter.attemptKey !== undefined) {
      conditions.push('attempt_key = ?');
      values.push(filter.attemptKey);
    }
    const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#db
      .prepare(`SELECT * FROM holds ${clause} ORDER BY seq DESC LIMIT ?`)
      .all(...values, filter.limit ?? -1)
      .map(holdOf);
  }

  settle(...[id, from, to, detail]: Parameters<Store['settleHold']>): boolean {
    if (to === 'consumed') throw new Error('only `begin` consumes a hold');
    const hold = this.get(id);
    // INVARIANT: nothing leaves a final state, and nothing approved becomes open again.
    if (hold === undefined || !from.includes(hold.state) || !LIVE.includes(hold.state)) return false;
    if (to === 'open' && hold.state !== 'open') return false;
    const { approval, signers, say, statedPurpose } = detail;
    if (approval !== undefined && (approval.hold !== id || approval.claim !== claimDigest(hold.claim))) {
      throw new Error(`the approval is not for hold \`${id}\``);
    }
    this.#db
      .prepare(
        'UPDATE holds SET state = ?, approval = coalesce(?, approval), signers = coalesce(?, signers), say = coalesce(?, say) WHERE id = ?',
      )
      .run(
        to,
        approval === undefined ? null : approvalText(approval),
        signers === undefined ? null : JSON.stringify(signers),
        say ?? null,
        id,
      );
    if (statedPurpose !== undefined)
      this.#db
        .prepare("UPDATE holds SET subject = json_set(subject, '$.attempt.statedPurpose', ?) WHERE id = ?")
        .run(statedPurpose, id);
    return true;
  }

  /** Marks an approved hold as used, or says why not. */
  consume(id: string, claim: string, nowMs: number): string | undefined {
    const hold = this.get(id);
    if (hold === undefined) return `no hold \`${id}\``;
    if (hold.state !== 'approved') return `hold \`${id}\` is ${hold.state}, not approved`;
    if (claimDigest(hold.claim) !== claim) return `hold \`${id}\` is for another claim`;
    const late = nowMs >= hold.claim.expiresAtMs;
    this.#db
      .prepare("UPDATE holds SET state = ? WHERE id = ? AND state = 'approved'")
      .run(late ? 'expired' : 'consumed', id);
    return late ? `the approval of hold \`${id}\` has expired` : undefined;
  }

  addDenial(denial: Denial): void {
    this.#db.prepare('INSERT INTO denials (task, denial) VALUES (?, ?)').run(denial.task, JSON.stringify(denial));
  }

  denials(task: string): readonly Denial[] {
    const rows = this.#db.prepare('SELECT denial FROM denials WHERE task = ? ORDER BY seq').all(task);
    return rows.map((row) => JSON.parse(String(row['denial'])) as Denial);
  }

  clearDenials(task: string): number {
    return Number(this.#db.prepare('DELETE FROM denials WHERE task = ?').run(task).changes);
  }

  #freeId(): string {
    for (;;) {
      const id = `h-${[...randomBytes(8)].map((byte) => BASE32[byte & 31]).join('')}`;
      if (this.#db.prepare('SELECT 1 FROM holds WHERE id = ?').get(id) === undefined) return id;
    }
  }
}
