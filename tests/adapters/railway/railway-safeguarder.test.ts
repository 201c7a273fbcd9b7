import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makePostgresCopier } from '../../../src/adapters/postgres-copy/index.ts';
import { openRailway } from '../../../src/adapters/railway/index.ts';
import { makeSystemClock } from '../../../src/adapters/system-clock/system-clock.ts';
import { type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import type { Effect } from '../../../src/core/effect.ts';
import type { SafeguardPlan } from '../../../src/core/safeguard.ts';
import type { Credential } from '../../../src/ports/credentials.ts';
import type { CopyMeans, DatabaseCopier, DatabaseLook } from '../../../src/ports/database-copies.ts';
import { type SafeguardCase, safeguardContract } from '../../contracts/safeguard.ts';
import { skipUnless } from '../../platform.ts';
import { type BookingsDatabase, startBookings } from '../../stand-ins/postgres/bookings-database.ts';
import { CAR_RENTAL, carRental, type RailwayState, startRailway } from '../../stand-ins/railway/railway.ts';
import { addTo } from '../../stand-ins/railway/state.ts';

const action = { kind: 'graphql', bytes: new TextEncoder().encode('{}') } as const;
const origin = { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: '/w' } as const;
const attempt: Attempt = { ...origin, id: 'a1', atMs: 0, action, key: attemptKey(action, origin) };
const TARGET = { system: 'railway', kind: 'volume', path: [CAR_RENTAL.volumeId] };
const EFFECT: Effect = {
  verb: 'destroy',
  target: { known: TARGET },
  count: { min: 1, max: 1 },
  reversal: 'irreversible',
  basis: 'documented',
  source: 'railway:volumeDelete',
  summary: 'deletes a volume',
};
const ACCOUNT: Credential = { header: 'authorization', value: `Bearer ${CAR_RENTAL.accountToken}` };
const STAGING: Credential = { header: 'project-access-token', value: CAR_RENTAL.stagingToken };
const at = (environmentId: string): string => `${CAR_RENTAL.projectId}/${environmentId}/${CAR_RENTAL.postgresId}`;

/** Production's database, at this port of this machine as the provider says; the volume is in production alone. */
function withDatabase(url: string, proxyPort: number): RailwayState {
  const state = carRental();
  state.volumeInstances.delete(CAR_RENTAL.stagingInstanceId);
  state.variables.set(`${at(CAR_RENTAL.productionId)}/DATABASE_URL`, url);
  addTo(state.tcpProxies, {
    id: 'proxy',
    serviceId: CAR_RENTAL.postgresId,
    environmentId: CAR_RENTAL.productionId,
    applicationPort: 5432,
    domain: '127.0.0.1',
    proxyPort,
  });
  return state;
}

async function opened(state: RailwayState, copier: DatabaseCopier, credential: Credential = ACCOUNT) {
  const railway = await startRailway({ state });
  const open = openRailway({
    endpoint: railway.url,
    credentials: { forAttempt: () => credential },
    clock: makeSystemClock(),
    copier,
  });
  const question = { check: 'recovery', about: TARGET } as const;
  const evidence = await open.verifier.answer(question, attempt, new AbortController().signal);
  const [safeguarder] = open.safeguarders;
  assert.ok(safeguarder !== undefined);
  return { railway, evidence, safeguarder };
}

describe('a copy of what is on a volume', { skip: skipUnless('postgres') }, () => {
  let bookings: BookingsDatabase;
  before(async () => {
    bookings = await startBookings();
  });
  after(() => bookings.close());

  const closers: (() => Promise<void>)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });

  safeguardContract('databases on Railway volumes', async (): Promise<SafeguardCase> => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hp-railway-'));
    const { user, password, database, port } = bookings.address;
    const url = `postgresql://${user}:${password}@postgres.railway.internal/${database}`;
    const copier = makePostgresCopier({
      dir: path.join(folder, 'copies'),
      scratchIn: tmpdir(),
      clock: makeSystemClock(),
    });
    const { railway, evidence, safeguarder } = await opened(withDatabase(url, port), copier);
    closers.push(async () => {
      await railway.close();
      rmSync(folder, { recursive: true, force: true });
    });
    return {
      safeguarder,
      effect: EFFECT,
      evidence: [evidence],
      attempt,
      unneeded: { ...EFFECT, target: { known: { ...TARGET, kind: 'backup' } } },
      destroy: () => {
        bookings.sql('DROP TABLE bookings; DELETE FROM audit;');
        return Promise.resolve();
      },
      restore: (where) => {
        bookings.sql('DROP DATABASE IF EXISTS again', 'postgres');
        bookings.sql('ALTER DATABASE railway RENAME TO gone', 'postgres');
        bookings.sql('CREATE DATABASE railway', 'postgres');
        const ran = spawnSync(
          path.join(bookings.programs.folder, 'pg_restore'),
          ['--exit-on-error', '--no-owner', '--dbname', database, path.join(where, '0.dump')],
          { env: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: user, PGPASSWORD: password }, encoding: 'utf8' },
        );
        assert.equal(ran.status, 0, ran.stderr);
        bookings.sql('DROP DATABASE gone', 'postgres');
        return Promise.resolve();
      },
      state: () => {
        const table = (name: string) =>
          bookings.sql(`SELECT to_regclass('${name}') IS NOT NULL`).trim() === 't'
            ? bookings.sql(`SELECT * FROM ${name} ORDER BY 1, 2`)
            : 'gone';
        return Promise.resolve([table('bookings'), table('audit')]);
      },
    };
  });
});

const LOOK: DatabaseLook = { major: 15, tables: 3, megabytes: 8, extensions: ['plpgsql'] };
const PASSWORD = 's3cret-4711';
const URL_INSIDE = `postgresql://app:${PASSWORD}@postgres.railway.internal/railway`;

function fakeCopier(
  more: { readonly means?: CopyMeans; readonly look?: DatabaseLook | string; readonly dir?: string } = {},
): DatabaseCopier & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    dir: more.dir ?? '/state/safeguards',
    look: ({ host, port }) => {
      asked.push(`look ${host}:${port}`);
      return Promise.resolve(typeof more.look === 'string' ? { unknown: more.look } : { known: more.look ?? LOOK });
    },
    means: () => more.means ?? { can: true, how: 'pg_dump 15.18' },
    copy: (addresses, name) => {
      asked.push(`copy ${addresses.map((one) => one.about).join(', ')} as ${name.join('/')}`);
      return Promise.resolve({ ok: false, why: 'not in this test' });
    },
  };
}

interface Row {
  readonly note: string;
  readonly state?: () => RailwayState;
  readonly copier?: Parameters<typeof fakeCopier>[0];
  readonly credential?: Credential;
  readonly workspace?: string;
  readonly kind: string;
  readonly outside: boolean;
  readonly how: RegExp;
}

const PLANS: readonly Row[] = [
  {
    note: 'one database that the provider vouches for',
    kind: 'postgres-dump',
    outside: true,
    how: /^dumps PostgreSQL 15 of service postgres in production at 127\.0\.0\.1:5999\/railway \(3 tables, at most 8 MB\) with pg_dump 15\.18 to `\/state\/safeguards`; restores that once/,
  },
  {
    note: 'no throw-away server',
    copier: { means: { can: true, how: 'pg_dump 15.18', unchecked: 'no server can be started' } },
    kind: 'postgres-dump',
    outside: true,
    how: /; the dump is unchecked: no server can be started$/,
  },
  {
    note: 'no pg_dump',
    copier: { means: { can: false, why: 'there is no `pg_dump` on this machine' } },
    kind: 'none',
    outside: false,
    how: /^no outside copy can be made: nothing of service postgres in production: there is no `pg_dump`/,
  },
  {
    note: 'a database that does not answer',
    copier: { look: 'connection refused' },
    kind: 'none',
    outside: false,
    how: /nothing of service postgres in production: connection refused/,
  },
  {
    note: 'an address that only a variable names',
    state: () => {
      const state = withDatabase('postgresql://app:x@db.elsewhere.example/railway', 1);
      state.tcpProxies.clear();
      return state;
    },
    kind: 'postgres-dump',
    outside: true,
    how: /an address that only a variable names and an agent could have written/,
  },
  {
    note: 'a second instance that cannot be reached',
    state: () => {
      const state = withDatabase(URL_INSIDE, 5999);
      const both = carRental();
      for (const [id, instance] of both.volumeInstances) state.volumeInstances.set(id, instance);
      return state;
    },
    kind: 'postgres-dump',
    outside: true,
    how: /dumps PostgreSQL 15 of service postgres in production.*nothing of service postgres in staging: no variable/,
  },
  {
    note: 'a volume of no service',
    state: () => {
      const state = withDatabase(URL_INSIDE, 5999);
      const instance = state.volumeInstances.get(CAR_RENTAL.productionInstanceId);
      assert.ok(instance !== undefined);
      state.volumeInstances.set(instance.id, { ...instance, serviceId: null });
      return state;
    },
    kind: 'none',
    outside: false,
    how: /belongs to no service/,
  },
  {
    note: 'a token that does not see every environment',
    credential: STAGING,
    kind: 'none',
    outside: false,
    how: /^no outside copy can be made: /,
  },
  {
    note: 'a token that may not read variables',
    state: () => {
      const state = withDatabase(URL_INSIDE, 5999);
      state.fault = {
        kind: 'rewrite',
        rewrite: (answer) =>
          JSON.stringify(answer).includes('"tcpProxies"')
            ? { data: null, errors: [{ message: 'Not Authorized' }] }
            : answer,
      };
      return state;
    },
    kind: 'none',
    outside: false,
    how: /its variables cannot be read: .*Not Authorized/,
  },
  {
    note: 'a place for copies inside of the project',
    copier: { dir: '/w/.state/safeguards' },
    kind: 'none',
    outside: false,
    how: /inside of the project/,
  },
];

describe('the plan for a volume', () => {
  for (const { note, state, copier, credential, kind, outside, how } of PLANS)
    test(note, async () => {
      const given = (state ?? (() => withDatabase(URL_INSIDE, 5999)))();
      const { railway, evidence, safeguarder } = await opened(given, fakeCopier(copier), credential);
      try {
        const plan = safeguarder.plan(EFFECT, 0, [evidence], attempt);
        assert.ok(plan !== undefined);
        assert.deepEqual([plan.kind, plan.outsideBlastRadius], [kind, outside]);
        assert.match(plan.how, how);
        assert.ok(!JSON.stringify([plan, evidence]).includes(PASSWORD), 'no secret in plan or evidence');
        for (const entry of railway.state.journal) assert.doesNotMatch(entry.body, /mutation/, 'asking only reads');
      } finally {
        await railway.close();
      }
    });

  test('nothing is copied but what was signed', async () => {
    const copier = fakeCopier();
    const { railway, evidence, safeguarder } = await opened(withDatabase(URL_INSIDE, 5999), copier);
    try {
      const plan = safeguarder.plan(EFFECT, 7, [evidence], attempt) as SafeguardPlan;
      assert.deepEqual(await safeguarder.take(plan, EFFECT, attempt), { ok: false, why: 'not in this test' });
      assert.deepEqual(copier.asked.slice(-1), ['copy the database of service postgres in production as a1/7']);
      copier.asked.length = 0;
      const proxy = railway.state.tcpProxies.get('proxy');
      assert.ok(proxy !== undefined);
      railway.state.tcpProxies.set('proxy', { ...proxy, proxyPort: 6001 });
      assert.match(JSON.stringify(await safeguarder.take(plan, EFFECT, attempt)), /not what was signed/);
      railway.state.fault = { kind: 'status', status: 500 };
      assert.match(JSON.stringify(await safeguarder.take(plan, EFFECT, attempt)), /status 500/);
      assert.ok(!copier.asked.some((one) => one.startsWith('copy')), copier.asked.join());
    } finally {
      await railway.close();
    }
  });

  test('nothing is planned for what is not destroyed, or was not asked about', async () => {
    const { railway, evidence, safeguarder } = await opened(withDatabase(URL_INSIDE, 5999), fakeCopier());
    await railway.close();
    assert.equal(safeguarder.plan({ ...EFFECT, verb: 'change' }, 0, [evidence], attempt), undefined);
    assert.equal(safeguarder.plan(EFFECT, 0, [], attempt), undefined, 'nothing was asked about it');
  });
});
