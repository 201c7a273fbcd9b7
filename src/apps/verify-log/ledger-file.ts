import { existsSync, lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { LEDGER_FILE, LEDGER_META, LEDGER_SCHEMA, LEDGER_VERSION } from '../../protocols/tlog/ledger-schema.ts';
import type { Findings } from './report.ts';

/** A row as SQLite gives it. */
export type Row = { readonly [column: string]: unknown };

/** Opens a ledger for reading and holds one state of it. Throws where it cannot. */
export function openLedgerFile(dir: string): DatabaseSync {
  const file = path.join(dir, LEDGER_FILE);
  if (!existsSync(file)) throw new Error(`no ledger at \`${file}\``);
  if (!lstatSync(file).isFile()) throw new Error(`\`${file}\` is not a plain file`);
  const db = openReadOnly(file);
  // SECURITY: the file may have been made to attack its reader.
  db.exec('PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; BEGIN');
  return db;
}

function openReadOnly(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (error) {
    db.close();
    const log = `${file}-wal`;
    if (existsSync(log) && statSync(log).size > 0) throw error;
    // A copy on read-only media: SQLite would make its shared memory beside it, which nobody else needs.
    return new DatabaseSync(new URL(`${pathToFileURL(file).href}?immutable=1`), { readOnly: true });
  }
}

/** True if the tables are exactly those of the format, so that a query means what it says. */
export function checkTables(db: DatabaseSync, findings: Findings): boolean {
  const version = db.prepare('PRAGMA user_version').get()?.['user_version'];
  if (version !== LEDGER_VERSION)
    throw new Error(`the ledger has format ${String(version)}, this program knows format ${LEDGER_VERSION}`);
  const rows = db.prepare('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
  const found = new Map(rows.map((row) => [String(row['name']), row['sql']]));
  let sound = true;
  for (const name of new Set([...Object.keys(LEDGER_SCHEMA), ...found.keys()])) {
    if (found.get(name) === LEDGER_SCHEMA[name]) continue;
    findings.add('file', `the table or index \`${name}\` is not as the format has it`);
    sound = false;
  }
  for (const row of db.prepare('PRAGMA integrity_check(10)').all()) {
    if (row['integrity_check'] === 'ok') continue;
    findings.add('file', `damaged: ${String(row['integrity_check'])}`);
  }
  return sound;
}

export function verifierKeyText(db: DatabaseSync): string {
  const value = db.prepare('SELECT value FROM meta WHERE name = ?').get(LEDGER_META.verifierKey)?.['value'];
  return typeof value === 'string' ? value : '';
}
