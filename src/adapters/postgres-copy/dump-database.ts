import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseAddress } from '../../ports/database-copies.ts';
import { type Counts, openSnapshot } from './counts.ts';
import { digestOfFile } from './kept-dump.ts';
import type { Programs } from './programs.ts';
import { clientEnvironment, runProgram } from './run-program.ts';

export interface Dumped {
  readonly bytes: number;
  readonly sha256: string;
  readonly counts: Counts;
}

export type Dumping = { readonly ok: true; readonly dumped: Dumped } | { readonly ok: false; readonly why: string };

const LOCK_WAIT_MS = 10_000;

/** Dumps a database into a new file, mode 0600, and counts its tables in the very snapshot that is dumped. */
export async function dumpDatabase(
  programs: Programs,
  address: DatabaseAddress,
  file: string,
  mostBytes: number,
  signal: AbortSignal,
): Promise<Dumping> {
  const env = clientEnvironment(address);
  const snapshot = openSnapshot(programs, env, signal);
  const handle = await open(file, 'wx', 0o600);
  try {
    const named = await snapshot.name;
    if (!named.ok) return named;
    const hash = createHash('sha256');
    let bytes = 0;
    const ran = await runProgram(
      join(programs.folder, 'pg_dump'),
      ['--format=custom', '--no-password', `--snapshot=${named.name}`, `--lock-wait-timeout=${LOCK_WAIT_MS}`],
      {
        env,
        signal,
        onChunk: async (chunk) => {
          bytes += chunk.length;
          if (bytes > mostBytes) throw new Error('no space left for copies');
          hash.update(chunk);
          for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
        },
      },
    );
    if (!ran.ok) return ran;
    const counted = await snapshot.counted;
    if (!counted.ok) return counted;
    await handle.sync();
    const sha256 = hash.digest('hex');
    const back = await digestOfFile(file);
    if (back.sha256 !== sha256 || back.bytes !== bytes) return { ok: false, why: 'the dump reads back otherwise' };
    return { ok: true, dumped: { bytes, sha256, counts: counted.counts } };
  } finally {
    await snapshot.close();
    await handle.close();
  }
}
