import { join } from 'node:path';
import { type Counts, countTables, differenceOf } from './counts.ts';
import type { Programs } from './programs.ts';
import type { Account } from './run-program.ts';
import { runProgram } from './run-program.ts';
import { startThrowawayServer } from './throwaway-server.ts';

/** Extensions that only a superuser loads, and that give nobody a way out of the database. */
export const LOADED_FIRST: ReadonlySet<string> = new Set(['pg_stat_statements', 'postgis', 'vector']);

export interface RestoreCheck {
  readonly dump: string;
  /** In the snapshot that the dump was made of. */
  readonly wanted: Counts;
  /** Names with their schemas, as in the database. */
  readonly extensions: readonly (readonly [name: string, schema: string])[];
  readonly scratchIn: string;
  readonly account: Account | undefined;
}

/** Restores a dump once, into a server that is thrown away. Resolves to what is wrong with it, if anything. */
export async function restoreOnce(
  programs: Programs,
  check: RestoreCheck,
  signal: AbortSignal,
): Promise<string | undefined> {
  const started = await startThrowawayServer(programs, check.scratchIn, check.account, signal);
  if (!started.ok) return started.why;
  const { server } = started;
  try {
    const first = check.extensions.filter(([name]) => LOADED_FIRST.has(name));
    const sql = first.map(
      ([name, schema]) =>
        `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)} AUTHORIZATION CURRENT_USER; CREATE EXTENSION ${quoted(name)} SCHEMA ${quoted(schema)};`,
    );
    const fault = first.length === 0 ? undefined : await server.setUp(sql.join('\n'), signal);
    if (fault !== undefined) return `an extension cannot be loaded: ${fault}`;
    const restored = await runProgram(
      join(programs.folder, 'pg_restore'),
      [
        '--no-owner',
        '--no-privileges',
        '--no-publications',
        '--no-subscriptions',
        '--no-security-labels',
        '--no-tablespaces',
        '--no-password',
        '--dbname',
        'copy',
        check.dump,
      ],
      { env: server.env, signal },
    );
    const found = await countTables(programs, server.env, signal);
    const difference = found.ok ? differenceOf(check.wanted, found.counts) : found.why;
    // What pg_restore could not do (a comment on an extension, say) is no loss while every row is there.
    if (difference === undefined) return undefined;
    return restored.ok ? difference : `${difference}; ${restored.why}`;
  } finally {
    await server.close();
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
