import { promises as fsPromises } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { DatabaseSeen } from '../../core/facts.ts';
import { type Address, isLoopback } from './address.ts';

const CONNECT_TIMEOUT_MS = 1_500;
const STATEMENT_TIMEOUT_MS = 2_000;
/** invalid_catalog_name. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const NO_SUCH_DATABASE = '3D000';
const SOCKET_FOLDERS = ['/var/run/postgresql', '/run/postgresql', '/tmp'];

const TABLES = `from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'm', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'`;
const QUESTIONS = `select current_setting('server_version') as version, pg_database_size(current_database())::text as bytes,
  (select count(*)::text ${TABLES}) as tables,
  (select (coalesce(sum(pg_relation_size(c.oid)), 0) + pg_relation_size('pg_largeobject'))::text ${TABLES}) as table_bytes,
  (select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint::text ${TABLES}) as rows,
  (select count(*)::text from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) as others,
  (select count(*)::text from pg_stat_replication) as standbys,
  pg_is_in_recovery()::text as is_standby,
  host(inet_client_addr()) as client, inet_client_port()::text as client_port, host(inet_server_addr()) as server`;
const IDENTIFIER = 'select system_identifier::text as identifier from pg_control_system()';

type Row = Readonly<Record<string, string | null>>;

export type Looked = { readonly seen: DatabaseSeen } | { readonly why: string; readonly noSuchDatabase?: boolean };

/** As `lookAtPostgres`; where there is no such database, a database that every server has tells about the server. */
export async function lookAtDatabase(address: Address, signal: AbortSignal): Promise<Looked> {
  const looked = await lookAtPostgres(address, signal);
  if ('seen' in looked || looked.noSuchDatabase !== true) return looked;
  for (const database of ['postgres', 'template1']) {
    const beside = await lookAtPostgres({ ...address, database }, signal);
    if ('seen' in beside) {
      const { version, isHere, isStandby, standbys, systemIdentifier } = beside.seen;
      return {
        seen: {
          exists: false,
          version,
          isHere,
          ...(isStandby === undefined ? {} : { isStandby }),
          ...(standbys === undefined ? {} : { standbys }),
          ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
        },
      };
    }
  }
  return looked;
}

/**
 * Looks at a PostgreSQL in a read-only session. SECURITY: the session's own settings stand above those of role and
 * database, so that no function of the database's owner is found in place of the server's, and nothing is written.
 */
async function lookAtPostgres(address: Address, signal: AbortSignal): Promise<Looked> {
  const path = address.place === 'socket' ? await socketPath(address) : undefined;
  if (address.place === 'socket' && path === undefined) return { why: 'no socket of that server is there' };
  const dialled = await dial(address, path, signal);
  if ('why' in dialled) return dialled;
  const { socket } = dialled;
  const local = { port: socket.localPort, address: socket.localAddress };
  const options = {
    host: address.host === '' ? 'localhost' : address.host,
    port: address.port,
    database: address.database,
    ...(address.user === undefined ? {} : { user: address.user }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ssl: address.place === 'remote' ? ('require' as const) : false,
    max: 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: CONNECT_TIMEOUT_MS / 1000,
    onnotice: () => undefined,
    connection: {
      application_name: 'holdpoint',
      search_path: 'pg_catalog',
      default_transaction_read_only: true,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: STATEMENT_TIMEOUT_MS,
    },
    // The client takes a socket that is connected; its types do not say so.
    socket: () => socket,
  };
  // Loaded where it is needed: most commands have no database to look at.
  const { default: postgres } = await import('postgres');
  const sql = postgres(options);
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(stop, CONNECT_TIMEOUT_MS + STATEMENT_TIMEOUT_MS);
  try {
    const [row] = (await sql.unsafe(QUESTIONS).simple()) as unknown as readonly Row[];
    if (row === undefined) return { why: 'the server gave no answer' };
    const identifier = await sql
      .unsafe(IDENTIFIER)
      .simple()
      .then((rows) => (rows as unknown as readonly Row[])[0]?.['identifier'] ?? undefined)
      .catch(() => undefined);
    const isHere = await cameFromHere(row, local, path);
    return { seen: { ...seenIn(row), isHere, ...(identifier === undefined ? {} : { systemIdentifier: identifier }) } };
  } catch (error) {
    const code = codeOf(error);
    return { why: `the server does not let the guard look: ${code}`, noSuchDatabase: code === NO_SUCH_DATABASE };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    await sql.end({ timeout: 0 }).catch(() => undefined);
    socket.destroy();
  }
}

function seenIn(row: Row): Omit<DatabaseSeen, 'isHere' | 'systemIdentifier'> {
  const number = (name: string): number => Number(row[name] ?? Number.NaN);
  return {
    exists: true,
    version: (row['version'] ?? '').slice(0, 60),
    bytes: number('bytes'),
    tables: number('tables'),
    tableBytes: number('table_bytes'),
    rows: number('rows'),
    others: number('others'),
    standbys: number('standbys'),
    isStandby: row['is_standby'] !== 'false',
  };
}

/** SECURITY: who only answers on loopback may be a tunnel. A server that is here sees this very connection. */
async function cameFromHere(
  row: Row,
  local: { readonly port: number | undefined; readonly address: string | undefined },
  path: string | undefined,
): Promise<boolean> {
  const client = row['client'] ?? '';
  if (path !== undefined) return client === '' && (await hasServer(path));
  return (
    isLoopback(client) &&
    isLoopback(row['server'] ?? '') &&
    client === (local.address ?? '').replace(/^::ffff:/, '') &&
    row['client_port'] === String(local.port)
  );
}

/** A server keeps its process id in a lock file beside its socket; a forwarded socket has none. */
async function hasServer(path: string): Promise<boolean> {
  try {
    const id = Number((await fsPromises.readFile(`${path}.lock`, 'utf8')).split('\n')[0]);
    process.kill(id, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function socketPath({ host, port }: Address): Promise<string | undefined> {
  for (const folder of host.startsWith('/') ? [host] : SOCKET_FOLDERS) {
    const path = join(folder, `.s.PGSQL.${port}`);
    const stat = await fsPromises.stat(path).catch(() => undefined);
    if (stat?.isSocket() === true) return path;
  }
  return undefined;
}

function dial(
  address: Address,
  path: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly socket: Socket } | { readonly why: string }> {
  const { promise, resolve } = Promise.withResolvers<{ readonly socket: Socket } | { readonly why: string }>();
  const socket = path === undefined ? connect(address.port, address.host) : connect(path);
  const fail = (why: string): void => {
    socket.destroy();
    resolve({ why: `the server does not answer: ${why}` });
  };
  const withdrawn = (): void => fail('the question was withdrawn');
  const timer = setTimeout(() => fail('not within its time'), CONNECT_TIMEOUT_MS);
  signal.addEventListener('abort', withdrawn, { once: true });
  socket.once('error', (error) => fail(codeOf(error)));
  socket.once('connect', () => {
    // SECURITY: a name counts as loopback by what it is resolved to as well.
    if (address.place === 'loopback' && !isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, '')))
      fail(`\`${address.host}\` is not this machine`);
    else resolve({ socket });
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', withdrawn);
  });
}

/** SECURITY: codes only. A server's message may repeat what it was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
