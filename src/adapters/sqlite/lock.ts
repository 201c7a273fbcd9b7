import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Held as long as its process lives; the kernel lets go of it when that process dies, however it dies. */
export interface Lock {
  release(): void;
}

/**
 * Takes the directory for this process. Throws with the holder's process id where another has it.
 * SECURITY: closing any descriptor of a locked file drops POSIX locks of the whole process, so `lock.db` is opened by
 * SQLite alone once it exists; who holds it is written in a file beside it.
 */
export function lockDirectory(dir: string): Lock {
  const file = path.join(dir, 'lock.db');
  const ownerFile = path.join(dir, 'owner.json');
  createPrivate(file);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new Error(`the ledger in \`${dir}\` is in use by ${readOwner(ownerFile)}`, { cause: error });
  }
  writeFileSync(ownerFile, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`, {
    mode: 0o600,
  });
  return { release: () => db.close() };
}

/** Makes an empty file that only its owner can read, unless it is there. */
export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function readOwner(file: string): string {
  try {
    const owner: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof owner === 'object' && owner !== null && 'pid' in owner && 'since' in owner)
      return `process ${String(owner.pid)} since ${String(owner.since)}`;
  } catch {
    // the message says what is known
  }
  return 'another process';
}
