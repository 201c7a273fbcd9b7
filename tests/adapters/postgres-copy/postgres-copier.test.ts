import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { faultOfDump, listDumps } from '../../../src/adapters/postgres-copy/kept-dump.ts';
import { makePostgresCopier, type PostgresCopierOptions } from '../../../src/adapters/postgres-copy/postgres-copier.ts';
import { findPrograms } from '../../../src/adapters/postgres-copy/programs.ts';
import type { CopyResult, DatabaseAddress, DatabaseCopier } from '../../../src/ports/database-copies.ts';
import { skipUnless } from '../../platform.ts';
import { type BookingsDatabase, startBookings } from '../../stand-ins/postgres/bookings-database.ts';

const clock = { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 };
const signal = (): AbortSignal => new AbortController().signal;

/** Folders of one test: where copies are kept, and where the throw-away server lives. */
function places(t: { after(run: () => void): void }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-copier-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const scratchIn = path.join(folder, 'scratch');
  mkdirSync(scratchIn, { mode: 0o755 });
  return { folder, scratchIn, dir: path.join(folder, 'state', 'safeguards') };
}

function nothingLeft(at: ReturnType<typeof places>): void {
  assert.deepEqual(readdirSync(at.scratchIn), [], 'no throw-away server is left');
  const kept = existsSync(at.dir) ? readdirSync(at.dir).flatMap((one) => readdirSync(path.join(at.dir, one))) : [];
  assert.deepEqual(kept, [], 'no part of a copy is left');
}

describe('copies of PostgreSQL databases', { skip: skipUnless('postgres'), concurrency: false }, () => {
  let bookings: BookingsDatabase;
  before(async () => {
    bookings = await startBookings();
  });
  after(() => bookings.close());

  const copierAt = (at: ReturnType<typeof places>, more: Partial<PostgresCopierOptions> = {}): DatabaseCopier =>
    makePostgresCopier({ dir: at.dir, scratchIn: at.scratchIn, clock, ...more });
  const copy = (copier: DatabaseCopier, address: DatabaseAddress = bookings.address): Promise<CopyResult> =>
    copier.copy([{ address, about: 'the bookings' }], ['a1', '0']);
  const refusedAs = async (made: Promise<CopyResult>, why: RegExp, at: ReturnType<typeof places>): Promise<void> => {
    const result = await made;
    assert.ok(!result.ok, JSON.stringify(result));
    assert.match(result.why, why);
    assert.ok(!result.why.includes(bookings.address.password), result.why);
    nothingLeft(at);
  };

  test('looks, dumps, restores once and compares, and keeps it where others do not read', async (t) => {
    const at = places(t);
    const copier = copierAt(at);
    const look = await copier.look(bookings.address, signal());
    assert.ok('known' in look, JSON.stringify(look));
    const { major } = bookings.programs;
    assert.deepEqual({ ...look.known, megabytes: 0 }, { major, tables: 4, megabytes: 0, extensions: ['plpgsql'] });
    assert.deepEqual(copier.means(look.known), { can: true, how: `pg_dump ${bookings.programs.version}` });

    const made = await copy(copier);
    assert.ok(made.ok, JSON.stringify(made));
    assert.equal(made.where, path.join(at.dir, 'a1', '0'));
    const [one] = made.copies;
    assert.deepEqual(
      { tables: one?.tables, rows: one?.rows, restoredInto: one?.restoredInto },
      { tables: 4, rows: 120 + 1 + 3, restoredInto: `PostgreSQL ${bookings.programs.version}` },
    );
    const file = path.join(made.where, '0.dump');
    assert.equal(readFileSync(file).subarray(0, 5).toString('latin1'), 'PGDMP');
    assert.equal(statSync(file).size, one?.bytes);
    for (const [what, mode] of [
      [file, 0o600],
      [path.join(made.where, 'dump.json'), 0o600],
      [made.where, 0o700],
    ] as const)
      assert.equal(statSync(what).mode & 0o777, mode, what);
    assert.deepEqual(readdirSync(at.scratchIn), [], 'the throw-away server is gone');
    for (const name of readdirSync(made.where))
      assert.ok(!readFileSync(path.join(made.where, name)).includes(bookings.address.password), name);

    const [kept, ...others] = await listDumps(at.dir);
    assert.ok(kept !== undefined && others.length === 0);
    assert.deepEqual([kept.id, kept.manifest.databases[0]?.sha256], ['a1/0', one?.sha256]);
    assert.equal(await faultOfDump(kept), undefined);
    appendFileSync(file, 'x');
    assert.match((await faultOfDump(kept)) ?? '', /not what was taken/);
  });

  test('what is counted is what is dumped, while others go on writing', async (t) => {
    const at = places(t);
    const writer = setInterval(() => bookings.sql('INSERT INTO audit VALUES (9, 26)'), 40);
    try {
      const made = await copy(copierAt(at));
      assert.ok(made.ok, JSON.stringify(made));
    } finally {
      clearInterval(writer);
    }
  });

  test('a wrong password, a database that is not there, and a server that is not there are unknown', async (t) => {
    const at = places(t);
    const copier = copierAt(at);
    const table: readonly (readonly [Partial<DatabaseAddress>, RegExp])[] = [
      [{ password: 'wrong-4711' }, /password authentication failed/],
      [{ database: 'nowhere' }, /does not exist/],
      [{ port: 1 }, /refused|cannot|could not/i],
      [{ sslMode: 'require' }, /SSL/],
    ];
    for (const [change, why] of table) {
      const look = await copier.look({ ...bookings.address, ...change }, signal());
      assert.ok('unknown' in look);
      assert.match(look.unknown, why);
      assert.ok(!look.unknown.includes('wrong-4711'));
    }
    await refusedAs(copy(copier, { ...bookings.address, password: 'wrong-4711' }), /authentication failed/, at);
  });

  test('a copy that does not fit, or takes too long, leaves nothing', async (t) => {
    const at = places(t);
    await refusedAs(copy(copierAt(at, { mostBytes: 100 })), /no space left/, at);
    await refusedAs(copy(copierAt(at, { timeoutMs: 1 })), /no time left/, at);
  });

  test('of two databases one that fails takes the other with it', async (t) => {
    const at = places(t);
    const made = copierAt(at).copy(
      [
        { address: bookings.address, about: 'the bookings' },
        { address: { ...bookings.address, database: 'nowhere' }, about: 'the other' },
      ],
      ['a1', '0'],
    );
    await refusedAs(made, /the other could not be copied/, at);
  });

  test('what comes out of a copy has no power over the machine', async (t) => {
    const at = places(t);
    const open = path.join(at.folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const canary = path.join(open, 'canary');
    // Runs when the restored row is checked.
    const poke = (body: string) =>
      `CREATE OR REPLACE FUNCTION poke(n int) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN ${body} END $f$;`;
    bookings.sql(`${poke('RETURN true;')}
CREATE TABLE poked (n int CHECK (poke(n)));
INSERT INTO poked VALUES (1);
${poke(`EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch ${canary}'''; RETURN true;
EXCEPTION WHEN insufficient_privilege THEN RETURN true;`)}`);
    t.after(() => bookings.sql('DROP TABLE poked; DROP FUNCTION poke;'));
    const made = await copy(copierAt(at));
    assert.equal(existsSync(canary), false, 'nothing ran with the rights of a superuser');
    assert.ok(made.ok, JSON.stringify(made));
    bookings.sql('SELECT poke(1)');
    assert.equal(existsSync(canary), true, 'with these rights it does run');
  });

  test('a copy that restores to something else is no copy', async (t) => {
    const at = places(t);
    // Owned by nobody who may do it in the throw-away server: the rows do not come back.
    bookings.sql(`
CREATE FUNCTION only_here(n int) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN
 RETURN current_database() = 'railway'; END $f$;
CREATE TABLE stubborn (n int CHECK (only_here(n)));
INSERT INTO stubborn VALUES (1), (2);`);
    t.after(() => bookings.sql('DROP TABLE stubborn; DROP FUNCTION only_here;'));
    await refusedAs(copy(copierAt(at)), /the copy is not good: table public\.stubborn has 0 rows/, at);
  });

  test('what is not on this machine is said before anybody signs', async (t) => {
    const at = places(t);
    const look = { major: bookings.programs.major, tables: 1, megabytes: 1, extensions: ['plpgsql'] };
    assert.deepEqual(copierAt(at, { folders: [at.folder] }).means(look), {
      can: false,
      why: 'there is no `pg_dump` on this machine',
    });
    assert.match(JSON.stringify(copierAt(at).means({ ...look, major: 99 })), /the server is PostgreSQL 99/);
    assert.match(
      JSON.stringify(copierAt(at).means({ ...look, extensions: ['timescaledb', 'hstore'] })),
      /extension timescaledb"/,
    );

    // Clients alone: the dump is made, and says that it is unchecked.
    const clients = path.join(at.folder, 'clients');
    mkdirSync(clients);
    for (const name of ['pg_dump', 'pg_restore', 'psql'])
      symlinkSync(path.join(bookings.programs.folder, name), path.join(clients, name));
    const bare = copierAt(at, { folders: [clients] });
    assert.match(JSON.stringify(bare.means(look)), /"can":true.*"unchecked":"no PostgreSQL \d+ server/);
    const made = await copy(bare);
    assert.ok(made.ok, JSON.stringify(made));
    assert.equal(made.copies[0]?.restoredInto, undefined);
    assert.equal((await listDumps(at.dir)).length, 1);
  });

  test('a program that others may write to is not used', (t) => {
    const at = places(t);
    const folder = path.join(at.folder, 'planted');
    mkdirSync(folder);
    for (const name of ['pg_dump', 'pg_restore', 'psql']) {
      writeFileSync(path.join(folder, name), '#!/bin/sh\necho "pg_dump (PostgreSQL) 99.1"\n');
      chmodSync(path.join(folder, name), 0o777);
    }
    assert.deepEqual(findPrograms([folder]), []);
    for (const name of readdirSync(folder)) chmodSync(path.join(folder, name), 0o755);
    assert.deepEqual(findPrograms([path.join(at.folder, 'plan*'), folder]), [
      { folder, version: '99.1', major: 99, hasServer: false },
    ]);
  });
});
