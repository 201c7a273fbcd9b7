import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { findPrograms } from '../../src/adapters/postgres-copy/programs.ts';
import { postgresAccount } from '../platform.ts';

/** A real PostgreSQL of this machine, for one test file. */
export interface PostgresServer {
  readonly port: number;
  /** Folder of its socket. */
  readonly folder: string;
  sql(database: string, text: string): string;
  stop(): Promise<void>;
}

/** Listens on loopback and in a folder of its own; `trust` for the socket and `scram` where a password is set. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync('/tmp/holdpoint-pg-');
  const account = postgresAccount();
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o755);
  const data = path.join(folder, 'data');
  const as = { ...account, encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'C' } } as const;
  const made = spawnSync(needed('initdb'), ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--no-sync'], as);
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const options = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', '-F'];
  const child = spawn(needed('postgres'), options, { ...as, stdio: 'ignore' });
  const sql = (database: string, text: string): string => {
    const args = ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-h', folder, '-p', String(port), '-U', 'owner'];
    const ran = spawnSync(needed('psql'), [...args, '-d', database, '-c', text], as);
    if (ran.status !== 0) throw new Error(ran.stderr);
    return ran.stdout.trim();
  };
  await untilReady(() => sql('postgres', 'select 1'), child);
  return {
    port,
    folder,
    sql,
    stop: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      child.once('exit', () => resolve());
      child.kill('SIGINT');
      await promise;
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(ask: () => string, child: ChildProcess): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    if (child.exitCode !== null) throw new Error('the server ended at once');
    try {
      ask();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('the server does not come up');
}

function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return promise;
}

function needed(program: string): string {
  const found = findPrograms().find((one) => one.hasServer);
  if (found === undefined) throw new Error('no PostgreSQL here: see `skipUnless`');
  return path.join(found.folder, program);
}
