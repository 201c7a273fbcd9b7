import { randomBytes } from 'node:crypto';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import type { Receipt, ReceiptDraft } from '../../core/receipt.ts';
import { redactSecrets } from '../../core/redact.ts';
import type { ReceiptFilter, ReceiptRecord } from '../../ports/store.ts';
import { appendLeaf, type Frontier } from '../../protocols/tlog/merkle.ts';
import { bodyHash, commitmentOf, receiptBody, SALT_BYTES } from '../../protocols/tlog/receipt-leaf.ts';

/** Receipts, their payloads and the tree over them. Runs inside the ledger's transaction. */
export class ReceiptTable {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #insertPayload: StatementSync;
  readonly #insertNode: StatementSync;
  readonly #kindOf: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#insert = db.prepare('INSERT INTO receipts (idx, leaf, body) VALUES (?, ?, ?)');
    this.#insertPayload = db.prepare('INSERT INTO payloads (idx, salt, payload) VALUES (?, ?, ?)');
    this.#insertNode = db.prepare('INSERT INTO nodes (level, idx, hash) VALUES (?, ?, ?)');
    this.#kindOf = db.prepare('SELECT kind FROM receipts WHERE idx = ?');
  }

  append(draft: ReceiptDraft, frontier: Frontier): { readonly receipt: Receipt; readonly frontier: Frontier } {
    if (draft.kind === 'outcome' && this.#kindOf.get(draft.intent)?.['kind'] !== 'intent') {
      throw new Error(`an outcome for \`${draft.intent}\`, which is not an intent`);
    }
    const payload = redactSecrets(draft.payload);
    const salt = new Uint8Array(randomBytes(SALT_BYTES));
    const body = receiptBody(draft, commitmentOf(salt, payload));
    const leaf = bodyHash(body);
    const index = frontier.size;
    const grown = appendLeaf(frontier, leaf);
    this.#insert.run(index, leaf, body);
    this.#insertPayload.run(index, salt, canonicalJson(payload));
    // Level 0 is `receipts.leaf`.
    for (const node of grown.nodes.slice(1)) this.#insertNode.run(node.level, node.index, node.hash);
    return { receipt: { ...draft, payload, index, leaf: bytesToHex(leaf) }, frontier: grown.frontier };
  }

  list(filter: ReceiptFilter): readonly ReceiptRecord[] {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const where = (condition: string, value: SQLInputValue | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    where('receipts.idx >= ?', filter.fromIndex);
    where('at_ms >= ?', filter.sinceMs);
    where('kind = ?', filter.kind);
    where('attempt_key = ?', filter.attemptKey);
    const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows = this.#db
      .prepare(
        `SELECT receipts.idx AS idx, leaf, body, payload FROM receipts LEFT JOIN payloads USING (idx) ${clause} ORDER BY receipts.idx LIMIT ?`,
      )
      .all(...values, filter.limit ?? -1);
    return rows.map(recordOf);
  }

  unfinished(): readonly Receipt[] {
    const rows = this.#db
      .prepare(
        `SELECT receipts.idx AS idx, leaf, body, payload FROM receipts LEFT JOIN payloads USING (idx) WHERE kind = 'intent'
         AND NOT EXISTS (SELECT 1 FROM receipts AS outcome WHERE outcome.intent = receipts.idx) ORDER BY receipts.idx`,
      )
      .all();
    return rows.map(recordOf).map((record): Receipt => ({ ...record, payload: record.payload ?? null }));
  }

  erase(index: number): boolean {
    return this.#db.prepare('DELETE FROM payloads WHERE idx = ?').run(index).changes === 1;
  }
}

function recordOf(row: { readonly [column: string]: unknown }): ReceiptRecord {
  const { idx, leaf, body, payload } = row;
  if (typeof idx !== 'number' || !(leaf instanceof Uint8Array) || typeof body !== 'string')
    throw new Error('a receipt is malformed');
  const { type: _, payload: __, ...rest } = JSON.parse(body) as ReceiptDraft & { readonly type: string };
  const stored = typeof payload === 'string' ? (JSON.parse(payload) as Json) : undefined;
  return { ...rest, index: idx, leaf: bytesToHex(leaf), payload: stored } as ReceiptRecord;
}
