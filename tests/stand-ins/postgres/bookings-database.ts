import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPrograms, type Programs } from '../../../src/adapters/postgres-copy/programs.ts';
import { serverAccount } from '../../../src/adapters/postgres-copy/throwaway-server.ts';
import type { DatabaseAddress } from '../../../src/ports/database-copies.ts';

/** A real PostgreSQL on loopback that asks for a password, with a company's bookings in it. */
export interface BookingsDatabase {
  readonly address: DatabaseAddress;
  readonly programs: Programs;
  /** Runs SQL as the database's owner, a superuser as at most providers; gives what it prints. */
  sql(text: string, database?: string): string;
  close(): Promise<void>;
}

const PASSWORD = 'wheels-4711-secret';
const USER = 'app';

export async function startBookings(more = ''): Promise<BookingsDatabase> {
  const [programs] = findPrograms().filter((one) => one.hasServer);
  const account = serverAccount();
  if (programs === undefined || 'unavailable' in account) throw new Error('no PostgreSQL here: see `skipUnless`');
  const as = account.account === undefined ? {} : account.account;
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-bookings-'));
  const data = path.join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const secret = path.join(folder, 'password');
  writeFileSync(secret, PASSWORD, { mode: 0o600 });
  if (account.account !== undefined)
    for (const one of [folder, data, secret]) chownSync(one, account.account.uid, account.account.gid);
  const program = (name: string): string => path.join(programs.folder, name);
  const env = { LC_ALL: 'C', HOME: folder };
  const made = spawnSync(
    program('initdb'),
    ['-D', data, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C', '--no-sync'],
    { env, cwd: '/', encoding: 'utf8', ...as },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`, 'fsync=off'];
  const child = spawn(program('postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    env,
    cwd: '/',
    stdio: 'ignore',
    ...as,
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const address = {
    host: '127.0.0.1',
    port,
    database: 'railway',
    user: USER,
    password: PASSWORD,
    sslMode: 'prefer',
  } as const;
  const psql = (database: string, input: string) =>
    spawnSync(program('psql'), ['-X', '-q', '-A', '-t', '-w', '-v', 'ON_ERROR_STOP=1'], {
      env: {
        ...env,
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: USER,
        PGPASSWORD: PASSWORD,
        PGDATABASE: database,
      },
      cwd: '/',
      encoding: 'utf8',
      input,
    });
  const sql = (text: string, database = 'railway'): string => {
    const ran = psql(database, text);
    if (ran.status !== 0) throw new Error(`psql: ${ran.stderr}`);
    return ran.stdout;
  };
  const close = async (): Promise<void> => {
    child.kill('SIGQUIT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    while (psql('postgres', '').status !== 0) {
      if (child.exitCode !== null) throw new Error('the server ended');
      await sleep(50);
    }
    sql('CREATE DATABASE railway', 'postgres');
    sql(`
CREATE TABLE bookings (id int PRIMARY KEY, car text NOT NULL, customer text NOT NULL, at timestamptz NOT NULL);
INSERT INTO bookings SELECT n, 'CR-' || n * 7 % 40, 'customer-' || n * 13 % 90, now() FROM generate_series(1, 120) n;
CREATE SCHEMA "odd ""one""";
CREATE TABLE "odd ""one"""."a	tab
and a line" (x jsonb);
INSERT INTO "odd ""one"""."a	tab
and a line" VALUES ('{"a": 1}');
CREATE TABLE audit (n int, y int) PARTITION BY LIST (y);
CREATE TABLE audit_25 PARTITION OF audit FOR VALUES IN (25);
CREATE TABLE audit_26 PARTITION OF audit FOR VALUES IN (26);
INSERT INTO audit VALUES (1, 25), (2, 26), (3, 26);
${more}`);
  } catch (error) {
    await close();
    throw error;
  }
  return { address, programs, sql, close };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address === null || typeof address === 'string' ? reject(new Error('no port')) : resolve(address.port),
      );
    });
  });
}
