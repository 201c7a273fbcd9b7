/**
 * The tables of a ledger file. They live with the format, not with the adapter, so that the auditor compares what it
 * finds with what must be there. See docs/log-format.md.
 */

export const LEDGER_FILE = 'ledger.db';

/** `PRAGMA user_version` of a finished ledger; 0 is a file that was never set up. */
export const LEDGER_VERSION = 1;

/**
 * Name and exact SQL of everything in the schema.
 * SECURITY: `receipts` keeps a receipt once, as the bytes that were hashed. The columns that queries need are computed
 * from those bytes, so that nobody can make a query say something else than the leaf.
 */
export const LEDGER_SCHEMA: { readonly [name: string]: string } = {
  meta: 'CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
  receipts: `CREATE TABLE receipts (
  idx INTEGER PRIMARY KEY,
  leaf BLOB NOT NULL,
  body TEXT NOT NULL,
  kind TEXT AS (json_extract(body, '$.kind')) VIRTUAL,
  attempt_key TEXT AS (json_extract(body, '$.attemptKey')) VIRTUAL,
  at_ms INTEGER AS (json_extract(body, '$.atMs')) VIRTUAL,
  intent INTEGER AS (json_extract(body, '$.intent')) VIRTUAL
) STRICT`,
  receipts_by_kind: 'CREATE INDEX receipts_by_kind ON receipts (kind)',
  receipts_by_attempt: 'CREATE INDEX receipts_by_attempt ON receipts (attempt_key)',
  receipts_by_time: 'CREATE INDEX receipts_by_time ON receipts (at_ms)',
  receipts_by_intent: 'CREATE INDEX receipts_by_intent ON receipts (intent) WHERE intent IS NOT NULL',
  payloads: 'CREATE TABLE payloads (idx INTEGER PRIMARY KEY, salt BLOB NOT NULL, payload TEXT NOT NULL) STRICT',
  nodes:
    'CREATE TABLE nodes (level INTEGER, idx INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID',
  checkpoints: 'CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT',
  holds: `CREATE TABLE holds (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  claim TEXT NOT NULL,
  claim_digest TEXT NOT NULL,
  attempt_key TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  subject TEXT NOT NULL,
  approval TEXT,
  signers TEXT,
  say TEXT
) STRICT`,
  holds_by_state: 'CREATE INDEX holds_by_state ON holds (state)',
  holds_live: "CREATE UNIQUE INDEX holds_live ON holds (attempt_key) WHERE state IN ('open', 'approved')",
  denials: 'CREATE TABLE denials (seq INTEGER PRIMARY KEY, task TEXT NOT NULL, denial TEXT NOT NULL) STRICT',
  denials_by_task: 'CREATE INDEX denials_by_task ON denials (task)',
};

/** Names of rows in `meta`. `latest_ms` changes; the others never do. */
export const LEDGER_META = { verifierKey: 'verifier_key', latestMs: 'latest_ms' } as const;
