import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Programs } from './programs.ts';
import { COUNT, COUNT_IN_SNAPSHOT, COUNTED } from './queries.ts';
import { exitOf, lastWords, runProgram } from './run-program.ts';

/** Rows by table. */
export type Counts = ReadonlyMap<string, number>;

export type Counting = { readonly ok: true; readonly counts: Counts } | { readonly ok: false; readonly why: string };

const MOST_TABLES = 20_000;
const Row = z.tuple([z.string(), z.string(), z.int().nonnegative()]);
/** Tuples only, unaligned, no start-up file, and no question about a password. */
export const PSQL_ARGUMENTS: readonly string[] = ['-X', '-q', '-A', '-t', '-w'];

/** Counts every table of a database, in one transaction. */
export async function countTables(
  programs: Programs,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Counting> {
  const ran = await runProgram(join(programs.folder, 'psql'), PSQL_ARGUMENTS, { env, signal, input: COUNT });
  if (!ran.ok) return ran;
  const counts = new Map<string, number>();
  for (const line of ran.out.split('\n')) {
    if (line === '') continue;
    if (line === COUNTED) return { ok: true, counts };
    const fault = addRow(counts, line);
    if (fault !== undefined) return { ok: false, why: fault };
  }
  return { ok: false, why: 'the tables were not counted to the end' };
}

/** A transaction whose snapshot others can read by, and in which every table is counted. */
export interface Snapshot {
  /** Its name, as the server gives it. */
  readonly name: Promise<{ readonly ok: true; readonly name: string } | { readonly ok: false; readonly why: string }>;
  readonly counted: Promise<Counting>;
  close(): Promise<void>;
}

export function openSnapshot(programs: Programs, env: Readonly<Record<string, string>>, signal: AbortSignal): Snapshot {
  const child = spawn(join(programs.folder, 'psql'), [...PSQL_ARGUMENTS], {
    env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const said = lastWords(child);
  const ended = exitOf(child);
  child.stdin.on('error', () => undefined);
  child.stdin.write(COUNT_IN_SNAPSHOT);
  const named = Promise.withResolvers<Awaited<Snapshot['name']>>();
  const counted = Promise.withResolvers<Counting>();
  const counts = new Map<string, number>();
  const fail = (why: string): void => {
    named.resolve({ ok: false, why });
    counted.resolve({ ok: false, why });
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, name] = /^snapshot ([0-9A-F-]{1,64})$/.exec(line) ?? [];
    if (name !== undefined) return named.resolve({ ok: true, name });
    if (line === COUNTED) return counted.resolve({ ok: true, counts });
    const fault = line === '' ? undefined : addRow(counts, line);
    if (fault === undefined) return;
    fail(fault);
    child.kill('SIGKILL');
  });
  void ended.then((end) => {
    fail(signal.aborted ? 'no time left to count' : `the database cannot be read (${end}): ${said() || 'it closed'}`);
  });
  return {
    name: named.promise,
    counted: counted.promise,
    async close() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) {
        const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
        await Promise.race([once(child, 'close'), ended]);
        clearTimeout(timer);
      }
      await ended;
    },
  };
}

function addRow(counts: Map<string, number>, line: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'the count of a table cannot be read';
  }
  const row = Row.safeParse(value);
  if (!row.success) return 'the count of a table cannot be read';
  const [schema, table, rows] = row.data;
  if (counts.size >= MOST_TABLES) return `more than ${MOST_TABLES} tables`;
  counts.set(JSON.stringify([schema, table]), rows);
  return undefined;
}

/** The first table in which two counts differ, in words; `undefined` where they are the same. */
export function differenceOf(wanted: Counts, found: Counts): string | undefined {
  for (const [table, rows] of wanted) {
    const other = found.get(table);
    if (other === undefined) return `table ${nameOf(table)} is missing from what was restored`;
    if (other !== rows)
      return `table ${nameOf(table)} has ${other} rows after it was restored, and ${rows} in the database`;
  }
  for (const table of found.keys())
    if (!wanted.has(table)) return `table ${nameOf(table)} came out of the copy and is not in the database`;
  return undefined;
}

export function totalOf(counts: Counts): { readonly tables: number; readonly rows: number } {
  const rows = [...counts].filter(([table]) => table !== LARGE_OBJECTS);
  return { tables: rows.length, rows: rows.reduce((sum, [, count]) => sum + count, 0) };
}

const LARGE_OBJECTS = JSON.stringify(['large objects', '']);

function nameOf(table: string): string {
  return (JSON.parse(table) as readonly string[])
    .filter((part) => part !== '')
    .join('.')
    .slice(0, 200);
}
