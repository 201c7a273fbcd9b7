import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import type { DatabaseSeen } from '../../../src/core/facts.ts';
import { isKnown } from '../../../src/core/tri.ts';
import { whyExpendable } from '../../../src/languages/connection.ts';
import { skipUnless } from '../../platform.ts';
import { startPostgres } from '../../stand-ins/postgres-server.ts';
import { Ground } from './fixture.ts';

const skip = skipUnless('postgres');
const server = skip === false ? await startPostgres() : undefined;
after(() => server?.stop());
const sql = (database: string, text: string): string => server?.sql(database, text) ?? '';
sql('postgres', 'create database shop_test');
sql('postgres', 'create database shop');
sql('postgres', 'create database nothing');
for (const name of ['shop', 'shop_test']) {
  sql(name, 'create table orders(id int, note text)');
  sql(name, "insert into orders select n, 'x' from generate_series(1, 500) n");
}

interface Looked {
  readonly seen: DatabaseSeen | undefined;
  readonly notSeen: string | undefined;
  readonly expendable: string | undefined;
}

async function look(words: readonly string[], ground = new Ground()): Promise<Looked> {
  const answer = await ground.database('libpq', ['user=owner', ...words]);
  assert.ok(isKnown(answer), JSON.stringify(answer));
  const [one] = answer.known.connections;
  return { seen: one?.seen, notSeen: one?.notSeen, expendable: whyExpendable(answer.known) };
}

const loopback = ['host=127.0.0.1', `port=${server?.port}`];
const socket = [`host=${server?.folder}`, `port=${server?.port}`];

test('what a server says of a database, over loopback and over its socket', { skip }, async () => {
  for (const [where, way] of [
    ['loopback', loopback],
    ['socket', socket],
  ] as const) {
    const { seen, expendable } = await look([...way, 'database=shop_test']);
    assert.equal(seen?.isHere, true, where);
    assert.equal(seen.version.startsWith('1'), true);
    assert.deepEqual([seen.exists, seen.tables, seen.others, seen.standbys, seen.isStandby], [true, 1, 0, 0, false]);
    assert.ok((seen.tableBytes ?? 0) > 8_000 && (seen.bytes ?? 0) > 1_000_000);
    assert.match(seen.systemIdentifier ?? '', /^\d{10,}$/);
    assert.equal(expendable, 'a test database on this machine');
  }
});

test('rows under a name of their own are kept, none at all are not', { skip }, async () => {
  assert.equal((await look([...loopback, 'database=shop'])).expendable, undefined);
  assert.equal((await look([...loopback, 'database=nothing'])).expendable, 'an empty database on this machine');
  const missing = await look([...loopback, 'database=never_made']);
  assert.equal(missing.seen?.exists, false);
  assert.equal(missing.expendable, 'no such database on this machine');
});

test('a large object is something too', { skip }, async () => {
  sql('postgres', 'create database objects');
  sql('objects', "select lo_from_bytea(0, 'x')");
  assert.equal((await look([...loopback, 'database=objects'])).expendable, undefined);
});

test('somebody else at work there: not a throw-away', { skip }, async () => {
  const held = connect({ port: server?.port ?? 0, host: '127.0.0.1' });
  // A start-up packet: version 3.0, user and database.
  const body = Buffer.from('\0\u0003\0\0user\0owner\0database\0shop_test\0\0', 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  held.write(Buffer.concat([length, body]));
  await new Promise((resolve) => held.once('data', resolve));
  const { seen, expendable } = await look([...loopback, 'database=shop_test']);
  held.destroy();
  assert.equal(seen?.others, 1);
  assert.equal(expendable, undefined);
});

test('a tunnel on loopback is not this machine, whatever is behind it', { skip }, async () => {
  const tunnel = createServer((near) => {
    const far = connect(server?.port ?? 0, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const one of [near, far]) one.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => tunnel.listen(0, '127.0.0.1', resolve));
  const address = tunnel.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { seen, expendable } = await look(['host=localhost', `port=${port}`, 'database=nothing']);
  await new Promise((resolve) => tunnel.close(resolve));
  assert.equal(seen?.exists, true);
  assert.equal(seen.isHere, false);
  assert.equal(expendable, undefined);
});

test("functions of the database's owner are not found in place of the server's, and nothing is written", {
  skip,
}, async () => {
  sql('postgres', 'create database trapped');
  sql('trapped', 'create schema evil');
  sql('trapped', 'create table canary(id int)');
  sql(
    'trapped',
    'create function evil.pg_database_size(name) returns bigint language plpgsql as $$ begin insert into public.canary values (1); return 0; end $$',
  );
  sql('postgres', 'alter database trapped set search_path = evil, public, pg_catalog');
  sql('postgres', 'alter database trapped set default_transaction_read_only = off');
  sql('trapped', 'select pg_database_size(current_database())');
  assert.equal(
    sql('trapped', 'select count(*) from public.canary'),
    '1',
    'the trap does not work: this would prove nothing',
  );
  const { seen } = await look([...loopback, 'database=trapped']);
  assert.ok((seen?.bytes ?? 0) > 1_000_000);
  assert.equal(sql('trapped', 'select count(*) from public.canary'), '1');
});

test('nothing beyond loopback is dialled, nor by a name that leads elsewhere', async () => {
  const { notSeen } = await look(['host=192.0.2.1', 'database=x']);
  assert.equal(notSeen, 'it is not on this machine');
});

test('an address that a person allows is dialled only where the guard may leave the machine', async () => {
  const ground = new Ground({ 'config/environments.json': JSON.stringify({ version: 1, look: ['192.0.2.1:5432'] }) });
  assert.equal((await look(['host=192.0.2.1', 'database=x'], ground)).notSeen, 'it is not on this machine');
});

test('who accepts and says nothing is left after its time', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { notSeen, expendable } = await look(['host=127.0.0.1', `port=${port}`, 'database=test']);
  silent.close();
  assert.match(notSeen ?? '', /does not let the guard look/);
  assert.equal(expendable, undefined);
});
