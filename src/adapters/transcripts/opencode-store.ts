import { constants, copyFileSync, existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TranscriptRecord } from '../../ports/transcripts.ts';
import { TRANSCRIPT_LIMITS } from './limits.ts';
import { filesBelow, wholeFile, wordsOf } from './plain-file.ts';

/**
 * The parts of `opencode.db`. A database in WAL mode cannot be opened without touching the files beside it, so a copy in
 * a folder of its own is read, and removed again.
 */
export function* partsOfDatabase(file: string): Generator<TranscriptRecord> {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-audit-'));
  try {
    const copy = path.join(folder, 'opencode.db');
    const fault = copyDatabase(file, copy);
    if (fault !== undefined) {
      yield { kind: 'unreadable', why: fault };
      return;
    }
    const db = new DatabaseSync(copy, { enableDoubleQuotedStringLiterals: false });
    try {
      db.exec('PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON');
      const rows = db
        .prepare(
          `SELECT length(part.data) AS size, CASE WHEN length(part.data) <= ${TRANSCRIPT_LIMITS.recordBytes} THEN part.data END AS data,
             session.id AS session, session.directory AS directory
           FROM part JOIN session ON session.id = part.session_id
           WHERE instr(substr(part.data, 1, 200), '"tool"') > 0 ORDER BY part.time_created, part.id`,
        )
        .iterate();
      for (const row of rows) {
        const { data, session, directory } = row;
        yield typeof data === 'string'
          ? { kind: 'text', text: data, session: String(session), cwd: String(directory) }
          : { kind: 'too-long', bytes: Number(row['size']) };
      }
    } finally {
      db.close();
    }
  } catch (error) {
    yield { kind: 'unreadable', why: `not a database of the known form: ${wordsOf(error)}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyDatabase(file: string, copy: string): string | undefined {
  for (const ending of ['', '-wal']) {
    const from = `${file}${ending}`;
    if (ending !== '' && !existsSync(from)) continue;
    const stat = lstatSync(from);
    if (!stat.isFile()) return 'not a plain file';
    if (stat.size > TRANSCRIPT_LIMITS.databaseBytes) return `larger than ${TRANSCRIPT_LIMITS.databaseBytes} bytes`;
    copyFileSync(from, `${copy}${ending}`, constants.COPYFILE_FICLONE);
  }
  return undefined;
}

const SMALL_BYTES = 1024 * 1024;

/** The parts of one session of `storage/`: `session/PROJECT/SESSION.json`, `message/SESSION/*.json`, `part/MESSAGE/*.json`. */
export function* partsOfSession(storage: string, file: string): Generator<TranscriptRecord> {
  const session = path.basename(file, '.json');
  const directory = /"directory":\s*("(?:[^"\\]|\\.)*")/.exec(wholeFile(file, SMALL_BYTES) ?? '')?.[1];
  const cwd = directory === undefined ? '' : String(JSON.parse(directory));
  const isJson = (name: string): boolean => /^[^/]+\.json$/.test(name);
  for (const message of byName(filesBelow(path.join(storage, 'message', session), isJson, 0))) {
    const parts = path.join(storage, 'part', path.basename(message, '.json'));
    for (const part of byName(filesBelow(parts, isJson, 0))) {
      const text = wholeFile(part, TRANSCRIPT_LIMITS.recordBytes);
      yield text === undefined
        ? { kind: 'too-long', bytes: lstatSync(part, { throwIfNoEntry: false })?.size ?? 0 }
        : { kind: 'text', text, session, cwd };
    }
  }
}

/** Their names begin with their time. */
function byName(files: readonly { readonly path: string }[]): readonly string[] {
  return files.map((one) => one.path).sort();
}
