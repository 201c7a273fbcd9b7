import { chmodSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openCheckpoint } from '../../protocols/tlog/checkpoint.ts';
import { LEDGER_FILE, LEDGER_META, LEDGER_SCHEMA, LEDGER_VERSION } from '../../protocols/tlog/ledger-schema.ts';
import { type Frontier, frontierOf, type Hash, rootOf } from '../../protocols/tlog/merkle.ts';
import { formatVerifierKey } from '../../protocols/tlog/note.ts';
import { sameHash } from '../../protocols/tlog/proof.ts';
import { bodyHash } from '../../protocols/tlog/receipt-leaf.ts';
import { createPrivate, type Lock, lockDirectory } from './lock.ts';
import { type LogKey, makeLogKey, readLogKey, settleLogKey, verifyEd25519 } from './log-key.ts';
import type { LedgerOptions } from './messages.ts';

export interface OpenedDatabase {
  readonly db: DatabaseSync;
  readonly lock: Lock;
  readonly logKey: LogKey;
  readonly frontier: Frontier;
  /** Latest time ever stored. */
  readonly latestMs: number;
}

/** Receipts at the end of the log whose hashes are made again at each opening. The whole is the auditor's work. */
const RECHECKED_RECEIPTS = 256;
const QUICK_CHECK_BYTES = 64 * 1024 * 1024;

/** Opens the ledger of a directory, or makes it. Throws, with nothing left open, where anything about it is not as it was left. */
export function openDatabase(options: LedgerOptions): OpenedDatabase {
  const { dir, logKeyPath } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const lock = lockDirectory(dir);
  const file = path.join(dir, LEDGER_FILE);
  let db: DatabaseSync | undefined;
  try {
    createPrivate(file);
    if (!lstatSync(file).isFile()) throw new Error(`\`${file}\` is not a plain file`);
    chmodSync(file, 0o600);
    db = new DatabaseSync(file, { timeout: 1000, enableDoubleQuotedStringLiterals: false });
    db.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA secure_delete=ON',
    );
    if (isNew(db)) setUp(db, options);
    checkSchema(db);
    settleLogKey(logKeyPath);
    const logKey = ownKey(db, options);
    const frontier = checkedFrontier(db, logKey);
    const latestMs = Math.max(Number(metaOf(db, LEDGER_META.latestMs) ?? 0), lastReceiptMs(db, frontier.size));
    return { db, lock, logKey, frontier, latestMs };
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}

function isNew(db: DatabaseSync): boolean {
  return versionOf(db) === 0 && db.prepare('SELECT name FROM sqlite_schema').all().length === 0;
}

function versionOf(db: DatabaseSync): unknown {
  return db.prepare('PRAGMA user_version').get()?.['user_version'];
}

function setUp(db: DatabaseSync, options: LedgerOptions): void {
  // SECURITY: an empty ledger beside a key that has signed one would be a way to forget everything.
  if (existsSync(options.logKeyPath)) {
    throw new Error(
      `the log key \`${options.logKeyPath}\` has signed a ledger that is no longer in \`${options.dir}\`; to begin a new one on purpose, move the key away`,
    );
  }
  const { key } = makeLogKey(options.logKeyPath, options.origin);
  db.exec('BEGIN IMMEDIATE');
  for (const sql of Object.values(LEDGER_SCHEMA)) db.exec(sql);
  db.prepare('INSERT INTO meta (name, value) VALUES (?, ?)').run(LEDGER_META.verifierKey, formatVerifierKey(key));
  db.exec(`PRAGMA user_version=${LEDGER_VERSION}; COMMIT`);
}

function checkSchema(db: DatabaseSync): void {
  const version = versionOf(db);
  if (version !== LEDGER_VERSION)
    throw new Error(`the ledger has format ${String(version)}, this program knows format ${LEDGER_VERSION}`);
  const rows = db.prepare('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
  const odd = rows.find((row) => LEDGER_SCHEMA[String(row['name'])] !== row['sql']);
  if (odd !== undefined || rows.length !== Object.keys(LEDGER_SCHEMA).length)
    throw new Error(`the ledger's tables were changed${odd === undefined ? '' : ` (\`${String(odd['name'])}\`)`}`);
  const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
  const pageBytes = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
  if (pages * pageBytes > QUICK_CHECK_BYTES) return;
  const found = String(db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
  if (found !== 'ok') throw new Error(`the ledger's file is damaged: ${found}`);
}

function ownKey(db: DatabaseSync, options: LedgerOptions): LogKey {
  const named = metaOf(db, LEDGER_META.verifierKey);
  if (!existsSync(options.logKeyPath))
    throw new Error(
      `the log key \`${options.logKeyPath}\` is missing; the ledger was signed with \`${named ?? 'nothing'}\``,
    );
  const logKey = readLogKey(options.logKeyPath);
  if (formatVerifierKey(logKey.key) !== named)
    throw new Error(
      `the log key \`${options.logKeyPath}\` is not the one that signed the ledger, \`${named ?? 'nothing'}\``,
    );
  if (logKey.key.name !== options.origin)
    throw new Error(`the ledger is of \`${logKey.key.name}\`, not of \`${options.origin}\``);
  return logKey;
}

/** INVARIANT: each commit that adds receipts stores a checkpoint of the whole, so the last checkpoint is the tree. */
function checkedFrontier(db: DatabaseSync, logKey: LogKey): Frontier {
  const counted = db.prepare('SELECT count(*) AS n, max(idx) AS last FROM receipts').get();
  const size = Number(counted?.['n']);
  if (size > 0 && counted?.['last'] !== size - 1)
    throw new Error(`the ledger has ${size} receipts, but its last is number ${String(counted?.['last'])}`);
  const row = db.prepare('SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1').get();
  if (row === undefined) {
    if (size > 0) throw new Error(`the ledger has ${size} receipts and no checkpoint`);
    return { size: 0, hashes: [] };
  }
  const opened = openCheckpoint(String(row['note']), logKey.key, verifyEd25519);
  if (!opened.ok) throw new Error(`the ledger's last checkpoint does not hold: ${opened.error}`);
  if (opened.checkpoint.size !== size)
    throw new Error(`the ledger has ${size} receipts, its last checkpoint signs ${opened.checkpoint.size}`);
  const frontier = frontierOf(size, nodeReader(db));
  if (!sameHash(rootOf(frontier), opened.checkpoint.root))
    throw new Error('the ledger is not what its last checkpoint signs');
  for (const receipt of db
    .prepare('SELECT idx, leaf, body FROM receipts ORDER BY idx DESC LIMIT ?')
    .all(RECHECKED_RECEIPTS)) {
    if (!sameHash(bodyHash(String(receipt['body'])), hashOf(receipt['leaf'])))
      throw new Error(`receipt ${String(receipt['idx'])} was changed`);
  }
  return frontier;
}

function nodeReader(db: DatabaseSync): (level: number, index: number) => Hash {
  const leaf = db.prepare('SELECT leaf AS hash FROM receipts WHERE idx = ?');
  const node = db.prepare('SELECT hash FROM nodes WHERE level = ? AND idx = ?');
  return (level, index) => {
    const row = level === 0 ? leaf.get(index) : node.get(level, index);
    if (row === undefined) throw new Error(`the ledger lacks the tree node ${level}/${index}`);
    return hashOf(row['hash']);
  };
}

function hashOf(value: unknown): Hash {
  if (!(value instanceof Uint8Array) || value.length !== 32) throw new Error('the ledger has a hash that is none');
  return value;
}

function metaOf(db: DatabaseSync, name: string): string | undefined {
  const value = db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'];
  return typeof value === 'string' ? value : undefined;
}

function lastReceiptMs(db: DatabaseSync, size: number): number {
  return size === 0 ? 0 : Number(db.prepare('SELECT at_ms FROM receipts WHERE idx = ?').get(size - 1)?.['at_ms']);
}

/** For messages: a root as lower-case hex. */
export function rootHex(frontier: Frontier): string {
  return bytesToHex(rootOf(frontier));
}
