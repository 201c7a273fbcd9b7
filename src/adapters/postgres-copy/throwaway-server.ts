import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PSQL_ARGUMENTS } from './counts.ts';
import type { Programs } from './programs.ts';
import { type Account, exitOf, lastWords, runProgram } from './run-program.ts';

/** A PostgreSQL of nobody else, in a folder that is deleted with it. */
export interface ThrowawayServer {
  /** Environment of a client: as `role`, in a database that it owns and that is not the server's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs as the server's superuser. SECURITY: for text of ours only, never for what came out of a copy. */
  setUp(sql: string, signal: AbortSignal): Promise<string | undefined>;
  close(): Promise<void>;
}

export type Started =
  | { readonly ok: true; readonly server: ThrowawayServer }
  | { readonly ok: false; readonly why: string };

/** How its folder's name begins. */
export const SCRATCH = 'holdpoint-restored-';
const OWNER = 'holdpoint';
/**
 * SECURITY: what is restored was written by whoever can write to the database, an agent too. Its owner here is no superuser:
 * it can neither run programs, nor read files, nor reach the network.
 */
const ROLE = 'copy';
const START_STEP_MS = 100;

/** Whose the server is: PostgreSQL refuses to run as root, so root lends it the account that packages make for it. */
export function serverAccount(): { readonly account: Account | undefined } | { readonly unavailable: string } {
  if (process.geteuid?.() !== 0) return { account: undefined };
  const [line = ''] = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((one) => one.startsWith('postgres:'));
  const [, , uid = '', gid = ''] = line.split(':');
  return /^[1-9]\d*$/.test(uid) && /^\d+$/.test(gid)
    ? { account: { uid: Number(uid), gid: Number(gid) } }
    : { unavailable: 'PostgreSQL does not run as root, and there is no account `postgres`' };
}

export async function startThrowawayServer(
  programs: Programs,
  scratchIn: string,
  account: Account | undefined,
  signal: AbortSignal,
): Promise<Started> {
  const folder = await mkdtemp(join(scratchIn, SCRATCH));
  const drop = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const data = join(folder, 'data');
  const env = { LC_ALL: 'C', HOME: folder };
  await mkdir(data, { mode: 0o700 });
  if (account !== undefined) for (const one of [folder, data]) await chown(one, account.uid, account.gid);
  // Only this account can enter the folder, and with it the socket: nobody is asked who they are.
  const made = await runProgram(
    join(programs.folder, 'initdb'),
    ['-D', data, '-U', OWNER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { env, signal, account },
  );
  if (!made.ok) {
    await drop();
    return made;
  }
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'dynamic_shared_memory_type=mmap',
    'max_connections=10',
  ];
  const more = [
    'logging_collector=off',
    'shared_preload_libraries=',
    'max_wal_size=128MB',
    'wal_level=minimal',
    'max_wal_senders=0',
  ];
  const child = spawn(
    join(programs.folder, 'postgres'),
    ['-D', data, ...[...settings, ...more].flatMap((one) => ['-c', one])],
    {
      env,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    },
  );
  const said = lastWords(child);
  const ended = exitOf(child);
  const close = async (): Promise<void> => {
    // Every process of the server ends at once.
    child.kill('SIGQUIT');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
    await drop();
  };
  const client = {
    LC_ALL: 'C',
    HOME: '/nonexistent',
    PGHOST: folder,
    PGPORT: '5432',
    PGPASSFILE: '/dev/null',
    PSQLRC: '/dev/null',
  };
  const setUp = async (sql: string, database: string, within: AbortSignal): Promise<string | undefined> => {
    const ran = await runProgram(join(programs.folder, 'psql'), [...PSQL_ARGUMENTS, '-v', 'ON_ERROR_STOP=1'], {
      env: { ...client, PGUSER: OWNER, PGDATABASE: database },
      signal: within,
      input: sql,
    });
    return ran.ok ? undefined : ran.why;
  };
  const create = `CREATE ROLE ${ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE ${ROLE} OWNER ${ROLE} TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
`;
  let gone: number | string | undefined;
  void ended.then((end) => {
    gone = end;
  });
  for (;;) {
    const fault = await setUp('', 'postgres', signal);
    if (fault === undefined) break;
    if (signal.aborted || gone !== undefined) {
      await close();
      return { ok: false, why: `the throw-away server did not start: ${gone === undefined ? 'no time left' : said()}` };
    }
    await sleep(START_STEP_MS);
  }
  const fault = await setUp(create, 'postgres', signal);
  if (fault !== undefined) {
    await close();
    return { ok: false, why: `the throw-away server cannot be used: ${fault}` };
  }
  return {
    ok: true,
    server: {
      env: { ...client, PGUSER: ROLE, PGDATABASE: ROLE },
      setUp: (sql, within) => setUp(sql, ROLE, within),
      close,
    },
  };
}
