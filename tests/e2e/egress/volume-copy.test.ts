import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { runUndo } from '../../../src/apps/cli/undo.ts';
import { makeReplayPerson } from '../../../src/apps/replay/person.ts';
import {
  faultOfDump,
  listDumps,
  listSafeguards,
  makeSystemClock,
  openCertificates,
  openEngine,
  restoreSafeguard,
} from '../../../src/apps/wire.ts';
import type { Card } from '../../../src/core/card.ts';
import { skipUnless } from '../../platform.ts';
import { type BookingsDatabase, startBookings } from '../../stand-ins/postgres/bookings-database.ts';
import { CAR_RENTAL, carRental, type RailwayState, startRailway } from '../../stand-ins/railway/railway.ts';
import { addTo } from '../../stand-ins/railway/state.ts';

const HOST = 'backboard.railway.com';
const run = promisify(execFile);
const DELETE = `mutation { volumeDelete(volumeId: "${CAR_RENTAL.volumeId}") }`;
const PRODUCTION = `${CAR_RENTAL.projectId}/${CAR_RENTAL.productionId}/${CAR_RENTAL.postgresId}`;
const STAGING = `${CAR_RENTAL.projectId}/${CAR_RENTAL.stagingId}/${CAR_RENTAL.postgresId}`;

describe('a volume with a database on it, deleted through the gateway', {
  skip: skipUnless('postgres', 'curl'),
  concurrency: false,
}, () => {
  let bookings: BookingsDatabase;
  before(async () => {
    bookings = await startBookings();
  });
  after(() => bookings.close());

  /** The company, whose production database has an address that the provider vouches for. */
  function company(): RailwayState {
    const state = carRental();
    const { user, password, database, port } = bookings.address;
    const inside = `postgresql://${user}:${password}@postgres.railway.internal:5432/${database}`;
    state.variables.set(`${PRODUCTION}/DATABASE_URL`, inside);
    state.variables.set(`${STAGING}/DATABASE_URL`, inside);
    addTo(state.tcpProxies, {
      id: 'proxy',
      serviceId: CAR_RENTAL.postgresId,
      environmentId: CAR_RENTAL.productionId,
      applicationPort: 5432,
      domain: '127.0.0.1',
      proxyPort: port,
    });
    return state;
  }

  async function world(t: TestContext, state = company()) {
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-vol-')));
    const at = (name: string): string => path.join(folder, name);
    const workspace = at('workspace');
    mkdirSync(workspace);
    const certificates = await openCertificates({ directory: at('authority'), clock: makeSystemClock() });
    const railway = await startRailway({ state, tls: await certificates.leafFor(HOST) });
    const plain = await startRailway({ state });
    const person = makeReplayPerson(at('people'));
    const opened = await openEngine({
      paths: {
        config: at('config'),
        state: at('state'),
        runtime: at('run'),
        socket: at('run/holdpoint.sock'),
        trust: 'advisory',
        ownerUid: process.getuid?.() ?? 0,
      },
      home: folder,
      person: 'owner',
      version: 'test',
      execCommand: ['holdpoint', 'exec'],
      mode: () => 'enforce',
      registry: person.registry,
      railwayEndpoint: plain.url,
      gateway: {
        resolve: new Map([[`${HOST}:443`, { address: '127.0.0.1', port: railway.port }]]),
        allowAddresses: [`127.0.0.1:${railway.port}`],
        extraCa: [certificates.caCertificatePem],
      },
    });
    assert.ok(opened.ok, opened.ok ? '' : opened.why);
    const { engine } = opened;
    t.after(async () => {
      await engine.daemon.close();
      await railway.close();
      await plain.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const env = engine.agentEnvironment({ task: 't', workspace, agent: 'test' });
    /** The agent's call; what comes back is JSON in any case. */
    const call = async (query: string): Promise<{ data?: unknown; errors?: readonly { message: string }[] }> => {
      const headers = [
        '-H',
        `Authorization: Bearer ${CAR_RENTAL.accountToken}`,
        '-H',
        'Content-Type: application/json',
      ];
      const args = ['-s', `https://${HOST}/graphql/v2`, ...headers, '-d', JSON.stringify({ query })];
      const { stdout } = await run('curl', args, { env: { ...env, PATH: process.env['PATH'] }, cwd: workspace });
      return JSON.parse(stdout);
    };
    const approve = async (): Promise<Card> => {
      const [hold] = await engine.service.holds(false);
      assert.ok(hold !== undefined, 'nothing is held');
      const accepted = await engine.service.approve(hold.id, [person.signClaim(hold.claim)]);
      assert.ok(accepted.ok, accepted.ok ? '' : accepted.why);
      return hold.card;
    };
    const undo = async (...args: readonly string[]) => {
      const said: string[] = [];
      const io = {
        env: {},
        cwd: workspace,
        stdin: process.stdin,
        out: (text: string) => void said.push(text),
        err: (text: string) => void said.push(text),
        interactive: false,
        outIsTerminal: false,
      };
      const dir = at('state/safeguards');
      const deps = {
        list: () => listSafeguards(dir),
        dumps: () => listDumps(dir),
        faultOfDump,
        restore: restoreSafeguard,
      };
      return { code: await runUndo(args, io, deps), text: said.join('') };
    };
    return { engine, state, folder, call, approve, undo, dir: at('state/safeguards') };
  }

  const stands = (state: RailwayState): boolean => state.volumes.has(CAR_RENTAL.volumeId);

  test('is copied, the copy restored and compared, and only then deleted; and the copy brings it back', async (t) => {
    const { state, folder, call, approve, undo, dir, engine } = await world(t);
    assert.match(JSON.stringify(await call(DELETE)), /held until a person signs|holdpoint/i);
    assert.ok(stands(state));
    const card = await approve();
    const [safeguard = '', ...others] = card.safeguards;
    assert.equal(others.length, 0);
    assert.match(
      safeguard,
      /dumps PostgreSQL \d+ of service postgres in production at 127\.0\.0\.1:\d+\/railway \(4 tables/,
    );
    assert.match(safeguard, /restores that once into a throw-away server and compares tables and rows/);
    assert.match(safeguard, /nothing of service postgres in staging: .*no public TCP proxy/);
    assert.equal(card.reversal, 'cannot be undone; what the copy holds can be put back by hand');
    assert.ok(!existsSync(dir), 'nothing is copied before anybody signs');

    assert.deepEqual(await call(DELETE), { data: { volumeDelete: true } });
    assert.equal(stands(state), false);
    const [dump, ...more] = await listDumps(dir);
    assert.ok(dump !== undefined && more.length === 0);
    const [database] = dump.manifest.databases;
    assert.deepEqual([database?.tables, database?.rows], [4, 124]);
    assert.match(database?.restoredInto ?? '', /^PostgreSQL \d+/);
    assert.equal(statSync(path.join(dump.where, '0.dump')).mode & 0o777, 0o600);

    const [outcome] = (await engine.service.log({ kind: 'outcome' })).slice(-1);
    const payload = JSON.stringify(outcome?.payload);
    assert.match(payload, new RegExp(`"where":"${dump.where}"`));
    assert.match(
      payload,
      new RegExp(`SHA-256 ${database?.sha256}, 4 tables with 124 rows, restored once into a throw-away`),
    );

    const listed = await undo();
    assert.match(listed.text, /the database of service postgres in production/);
    const printed = await undo(dump.id);
    assert.equal(printed.code, 0, printed.text);
    const [, command = ''] = /^ {2}(pg_restore .*)$/m.exec(printed.text) ?? [];
    assert.match(command, /--dbname 'postgresql:\/\/USER@HOST:PORT\/DATABASE'/);
    const { user, password, port } = bookings.address;
    bookings.sql('CREATE DATABASE rebuilt');
    const restored = spawnSync(
      '/bin/sh',
      ['-c', command.replace('USER@HOST:PORT/DATABASE', `${user}@127.0.0.1:${port}/rebuilt`)],
      {
        env: { PATH: bookings.programs.folder, PGPASSWORD: password },
        encoding: 'utf8',
      },
    );
    assert.equal(restored.status, 0, restored.stderr);
    assert.equal(bookings.sql('SELECT count(*) FROM bookings', 'rebuilt').trim(), '120');

    for (const file of filesBelow(path.join(folder, 'state')))
      for (const secret of [password, CAR_RENTAL.accountToken])
        assert.ok(!readFileSync(file).includes(secret), `a secret is in ${file}`);
  });

  test('is not deleted where the copy restores to something else', async (t) => {
    bookings.sql(`
CREATE FUNCTION only_here(n int) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN
 RETURN current_database() = 'railway'; END $f$;
CREATE TABLE stubborn (n int CHECK (only_here(n)));
INSERT INTO stubborn VALUES (1), (2);`);
    t.after(() => bookings.sql('DROP TABLE stubborn; DROP FUNCTION only_here;'));
    const { state, call, approve, dir, engine } = await world(t);
    await call(DELETE);
    await approve();
    const answer = JSON.stringify(await call(DELETE));
    assert.match(answer, /the safeguard failed, so nothing ran/);
    assert.match(answer, /table public\.stubborn has 0 rows after it was restored, and 2 in the database/);
    assert.ok(stands(state));
    assert.deepEqual(await listDumps(dir), []);
    const [outcome] = (await engine.service.log({ kind: 'outcome' })).slice(-1);
    assert.ok(outcome?.kind === 'outcome');
    assert.equal(outcome.outcome, 'not-started');
    assert.match(JSON.stringify(await call(DELETE)), /held|hold/i, 'the approval is spent');
    assert.ok(stands(state));
  });

  test('is not deleted where the database became another one after the signature', async (t) => {
    const { state, call, approve } = await world(t);
    await call(DELETE);
    await approve();
    state.tcpProxies.clear();
    assert.match(JSON.stringify(await call(DELETE)), /changed since it was signed: .*the safeguard plan/);
    assert.ok(stands(state));
  });

  test('without a known address the card says that no outside copy can be made', async (t) => {
    const { state, call, approve, dir } = await world(t, carRental());
    await call(DELETE);
    const card = await approve();
    assert.match(
      card.safeguards.join('\n'),
      /^no outside copy can be made: .*service postgres in production: no variable of the service names a PostgreSQL/,
    );
    assert.equal(card.reversal, 'cannot be undone');
    // The person read that, and signed.
    assert.deepEqual(await call(DELETE), { data: { volumeDelete: true } });
    assert.equal(stands(state), false);
    assert.equal(existsSync(dir), false);
  });

  test('where the provider is down nothing is known, which holds and is said', async (t) => {
    const { state, call, engine } = await world(t);
    state.fault = { kind: 'status', status: 500 };
    await call(DELETE);
    const [hold] = await engine.service.holds(false);
    assert.ok(hold !== undefined);
    assert.match(hold.card.environment, /not known: Railway answered with status 500/);
    assert.deepEqual(hold.card.safeguards, ['no outside copy can be made: Railway answered with status 500']);
    assert.match(hold.card.rules.map((one) => one.rule).join(), /floor\/missing-fact/);
    assert.ok(stands(state));
  });

  test('a service, an environment and a project take the same volume with them, and are copied first as well', async (t) => {
    const { call, engine } = await world(t);
    for (const query of [
      `mutation { serviceDelete(id: "${CAR_RENTAL.postgresId}") }`,
      `mutation { environmentDelete(id: "${CAR_RENTAL.productionId}") }`,
      `mutation { projectDelete(id: "${CAR_RENTAL.projectId}") }`,
    ]) {
      await call(query);
      const [hold] = await engine.service.holds(false);
      assert.match(
        hold?.card.safeguards.join('\n') ?? '',
        /^dumps PostgreSQL \d+ of service postgres in production/,
        query,
      );
    }
  });
});

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath, one.name));
}
