import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openRailway } from '../../../src/adapters/railway/index.ts';
import { RAILWAY_DOCUMENTATION } from '../../../src/catalog/railway/provider.ts';
import type { Attempt } from '../../../src/core/attempt.ts';
import { attemptKey } from '../../../src/core/attempt.ts';
import type { Check, Evidence } from '../../../src/core/evidence.ts';
import type { BackupsFact, CredentialFact, DependentsFact, EnvironmentFact } from '../../../src/core/facts.ts';
import type { ResourceRef } from '../../../src/core/resource.ts';
import type { Credential } from '../../../src/ports/credentials.ts';
import type { Verifier } from '../../../src/ports/verifier.ts';
import { handTimeout } from '../../fakes/hand-timeout.ts';
import { CAR_RENTAL, carRental, type Fault, type Railway, startRailway } from '../../stand-ins/railway/railway.ts';
import { addTo } from '../../stand-ins/railway/state.ts';

const action = { kind: 'graphql', bytes: new TextEncoder().encode('{}') } as const;
const origin = { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: '/w' } as const;
const attempt: Attempt = { ...origin, id: 'a1', atMs: 0, action, key: attemptKey(action, origin) };

const ACCOUNT: Credential = { header: 'authorization', value: `Bearer ${CAR_RENTAL.accountToken}` };
const WORKSPACE: Credential = { header: 'authorization', value: `Bearer ${CAR_RENTAL.workspaceToken}` };
const STAGING: Credential = { header: 'project-access-token', value: CAR_RENTAL.stagingToken };
const VOLUME: ResourceRef = { system: 'railway', kind: 'volume', path: [CAR_RENTAL.volumeId] };

function handClock() {
  const clock = { atMs: 1_800_000_000_000, nowMs: () => clock.atMs, monotonicMs: () => clock.atMs - 1_700_000_000_000 };
  return clock;
}

interface Bench {
  readonly railway: Railway;
  readonly clock: ReturnType<typeof handClock>;
  readonly verifier: Verifier;
  /** Lets the time of every request run out. */
  readonly expire: () => void;
  ask(check: Check, about?: ResourceRef): Promise<Evidence>;
}

async function withBench(
  credential: Credential | undefined,
  body: (bench: Bench) => Promise<void>,
  state = carRental(),
): Promise<void> {
  const railway = await startRailway({ state });
  const clock = handClock();
  const hand = handTimeout();
  const { verifier } = openRailway({
    endpoint: railway.url,
    credentials: { forAttempt: (id) => (id === attempt.id ? credential : undefined) },
    clock,
    documentation: RAILWAY_DOCUMENTATION,
    timeout: hand.timeout,
  });
  try {
    const ask = (check: Check, about = VOLUME) =>
      verifier.answer({ check, about }, attempt, new AbortController().signal);
    await body({ railway, clock, verifier, ask, expire: hand.expire });
    for (const entry of railway.state.journal) assert.doesNotMatch(entry.body, /mutation/, 'the verifier only reads');
  } finally {
    await railway.close();
  }
}

function knownOf<T>(evidence: Evidence): T {
  assert.ok('known' in evidence.answer, `unknown: ${'unknown' in evidence.answer ? evidence.answer.unknown : ''}`);
  return evidence.answer.known as T;
}

function unknownOf(evidence: Evidence): string {
  assert.ok('unknown' in evidence.answer, `known: ${JSON.stringify(evidence.answer)}`);
  assert.doesNotMatch(JSON.stringify(evidence), /[abc]0000000-1111/, 'no token in evidence');
  return evidence.answer.unknown;
}

describe('railway verifier', () => {
  it('finds that a volume serves production as well, its dependents and the backups inside it', () =>
    withBench(ACCOUNT, async ({ ask, railway }) => {
      const [environment, dependents, recovery, credential, documentation] = await Promise.all(
        (['environment', 'dependents', 'recovery', 'credential', 'documentation'] as const).map((check) => ask(check)),
      );
      const serves = knownOf<EnvironmentFact>(environment as Evidence);
      assert.equal(serves.by, 'provider');
      assert.deepEqual(
        serves.environments.map((one) => [one.name, one.production]),
        [
          ['production', true],
          ['staging', false],
        ],
      );
      const named = knownOf<DependentsFact>(dependents as Evidence).dependents.map(
        (one) => `${one.kind} ${one.name} ${one.environment}: ${one.lastUse}`,
      );
      assert.deepEqual(named, [
        'service postgres production: last deployed 2025-01-01, SUCCESS',
        'volume postgres-data production: at most 1024 MB used, READY',
        'service postgres staging: last deployed 2025-01-01, SUCCESS',
        'volume postgres-data staging: at most 1024 MB used, READY',
      ]);
      const { backups } = knownOf<BackupsFact>(recovery as Evidence);
      assert.equal(backups.length, 3);
      assert.ok(backups.every((one) => one.insideTarget && one.atMs > 0));
      assert.deepEqual(knownOf<CredentialFact>(credential as Evidence).kind, 'account-token');
      assert.equal(knownOf<CredentialFact>(credential as Evidence).broad, true);
      assert.match(JSON.stringify(documentation), /deletes all backups/);
      // One walk for all of them: me, projects, and a list of backups for each instance.
      assert.equal(railway.state.journal.length, 4);
    }));

  it('tells workspace and project tokens', async () => {
    await withBench(WORKSPACE, async ({ ask }) => {
      assert.equal(knownOf<CredentialFact>(await ask('credential')).kind, 'workspace-token');
      assert.equal(knownOf<EnvironmentFact>(await ask('environment')).by, 'provider');
    });
    await withBench(STAGING, async ({ ask }) => {
      assert.deepEqual(knownOf<CredentialFact>(await ask('credential')), {
        kind: 'project-token',
        scope: `project ${CAR_RENTAL.projectId}, environment ${CAR_RENTAL.stagingId}`,
        broad: false,
      });
    });
  });

  it('does not take what a narrow token sees for all there is', () =>
    withBench(STAGING, async ({ ask }) => {
      assert.match(unknownOf(await ask('environment')), /does not see every environment/);
      assert.match(unknownOf(await ask('dependents')), /does not see every environment/);
      assert.match(unknownOf(await ask('recovery')), /does not see every environment/);
    }));

  it('marks what rests on a name as claimed, and goes by ids where names lie', async () => {
    const alone = carRental();
    alone.volumeInstances.delete(CAR_RENTAL.productionInstanceId);
    await withBench(
      ACCOUNT,
      async ({ ask }) => {
        const fact = knownOf<EnvironmentFact>(await ask('environment'));
        assert.deepEqual([fact.by, fact.environments.map((one) => one.production)], ['claimed', [false]]);
      },
      alone,
    );
    const renamed = carRental();
    const production = renamed.environments.get(CAR_RENTAL.productionId);
    if (production !== undefined) production.name = 'staging-copy';
    await withBench(
      ACCOUNT,
      async ({ ask }) => {
        const fact = knownOf<EnvironmentFact>(await ask('environment'));
        assert.deepEqual([fact.by, fact.environments[0]?.production], ['provider', true]);
      },
      renamed,
    );
    const odd = carRental();
    odd.volumeInstances.delete(CAR_RENTAL.productionInstanceId);
    const staging = odd.environments.get(CAR_RENTAL.stagingId);
    if (staging !== undefined) staging.name = 'blue';
    await withBench(
      ACCOUNT,
      async ({ ask }) => {
        assert.deepEqual(knownOf<EnvironmentFact>(await ask('environment')).environments[0]?.production, true);
      },
      odd,
    );
    const ephemeral = carRental();
    ephemeral.volumeInstances.delete(CAR_RENTAL.productionInstanceId);
    ephemeral.environments.set(CAR_RENTAL.stagingId, {
      id: CAR_RENTAL.stagingId,
      name: 'pr-7',
      projectId: CAR_RENTAL.projectId,
      isEphemeral: true,
      createdAtMs: 9e11,
    });
    await withBench(
      ACCOUNT,
      async ({ ask }) => {
        const fact = knownOf<EnvironmentFact>(await ask('environment'));
        assert.deepEqual([fact.by, fact.environments[0]?.production], ['provider', false]);
      },
      ephemeral,
    );
  });

  it('places environments, projects, services, instances and backups', () =>
    withBench(ACCOUNT, async ({ ask }) => {
      const at = (kind: string, ...path: string[]): ResourceRef => ({ system: 'railway', kind, path });
      const names = async (about: ResourceRef) =>
        knownOf<EnvironmentFact>(await ask('environment', about)).environments.map((one) => one.name);
      assert.deepEqual(await names(at('environment', CAR_RENTAL.stagingId)), ['staging']);
      assert.deepEqual(await names(at('project', CAR_RENTAL.projectId)), ['production', 'staging']);
      assert.deepEqual(await names(at('service', CAR_RENTAL.postgresId)), ['production', 'staging']);
      assert.deepEqual(await names(at('volume-instance', CAR_RENTAL.stagingInstanceId)), ['staging']);
      const backup = at('backup', CAR_RENTAL.productionInstanceId, CAR_RENTAL.backupIds[0]);
      assert.deepEqual(await names(backup), ['production']);
      assert.deepEqual(
        knownOf<BackupsFact>(await ask('recovery', backup)).backups.map((one) => one.insideTarget),
        [true, false, false],
      );
      assert.match(unknownOf(await ask('environment', at('volume', 'no-such'))), /no project that this token sees/);
      assert.match(unknownOf(await ask('environment', at('workspace', 'w'))), /cannot be asked/);
    }));

  it('walks page after page', async () => {
    const state = carRental();
    for (let index = 0; index < 120; index += 1) {
      addTo(state.projects, { id: `p-${index}`, name: `other-${index}`, workspaceId: CAR_RENTAL.workspaceId });
      addTo(state.environments, {
        id: `e-${index}`,
        name: 'production',
        projectId: CAR_RENTAL.projectId,
        isEphemeral: true,
        createdAtMs: 9e11,
      });
    }
    state.volumeInstances.set('late', {
      id: 'late',
      volumeId: CAR_RENTAL.volumeId,
      environmentId: 'e-119',
      serviceId: null,
      mountPath: '/x',
    });
    await withBench(
      ACCOUNT,
      async ({ ask }) => {
        assert.deepEqual(
          knownOf<EnvironmentFact>(await ask('environment')).environments.map((one) => one.id),
          [CAR_RENTAL.productionId, CAR_RENTAL.stagingId, 'e-119'],
        );
      },
      state,
    );
  });

  it('uses what it learnt again for seconds, then asks again', () =>
    withBench(ACCOUNT, async ({ ask, railway, clock }) => {
      const first = await ask('environment');
      clock.atMs += 2_000;
      const again = await ask('environment');
      assert.deepEqual([railway.state.journal.length, again.atMs], [2, first.atMs]);
      clock.atMs += 2_000;
      railway.state.volumeInstances.delete(CAR_RENTAL.productionInstanceId);
      assert.equal(knownOf<EnvironmentFact>(await ask('environment')).environments.length, 1);
    }));

  it('keeps quiet for as long as the provider asks', () =>
    withBench(ACCOUNT, async ({ ask, railway, clock }) => {
      railway.state.fault = { kind: 'rate-limited', retryAfterSeconds: 30 };
      assert.match(unknownOf(await ask('environment')), /429/);
      railway.state.fault = undefined;
      const asked = railway.state.journal.length;
      clock.atMs += 29_000;
      assert.match(unknownOf(await ask('environment')), /limits the rate/);
      assert.equal(railway.state.journal.length, asked);
      clock.atMs += 2_000;
      knownOf(await ask('environment'));
    }));

  it('keeps quiet by whichever header the provider says it, and not without one', async () => {
    const nowSeconds = handClock().atMs / 1000;
    const table: readonly (readonly [fault: Fault, quietMs: number])[] = [
      [{ kind: 'busy', status: 429, headers: {} }, 60_000],
      [{ kind: 'busy', status: 429, headers: { 'retry-after': '5' } }, 5_000],
      [
        { kind: 'busy', status: 429, headers: { 'retry-after': new Date((nowSeconds + 90) * 1000).toUTCString() } },
        90_000,
      ],
      [{ kind: 'busy', status: 429, headers: { 'retry-after': 'soon' } }, 60_000],
      [{ kind: 'busy', status: 429, headers: { 'retry-after': '999999' } }, 3_600_000],
      [{ kind: 'busy', status: 503, headers: { 'retry-after': '7' } }, 7_000],
      [{ kind: 'busy', status: 503, headers: {} }, 0],
      [{ kind: 'busy', status: 500, headers: { 'retry-after': '7' } }, 0],
      [
        { kind: 'headers', headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowSeconds + 20) } },
        20_000,
      ],
      [{ kind: 'headers', headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '15' } }, 15_000],
      [{ kind: 'headers', headers: { 'x-ratelimit-remaining': '0' } }, 60_000],
      [{ kind: 'headers', headers: { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '15' } }, 0],
    ];
    for (const [fault, quietMs] of table)
      await withBench(ACCOUNT, async ({ ask, railway, clock }) => {
        railway.state.fault = fault;
        await ask('credential');
        railway.state.fault = undefined;
        // What was learnt under the fault is not used again.
        clock.atMs += 4_000;
        const asked = railway.state.journal.length;
        await ask('environment');
        assert.equal(railway.state.journal.length > asked, quietMs <= 4_000, JSON.stringify(fault));
        if (quietMs <= 4_000) return;
        clock.atMs += quietMs - 4_000 - 1;
        assert.match(unknownOf(await ask('environment')), /limits the rate/);
        clock.atMs += 1;
        knownOf(await ask('environment'));
      });
  });

  it('knows nothing without a credential, with a wrong one, or when given up', async () => {
    await withBench(undefined, async ({ ask, railway }) => {
      assert.match(unknownOf(await ask('environment')), /credential of this attempt is not known/);
      assert.equal(railway.state.journal.length, 0);
    });
    await withBench({ header: 'authorization', value: 'Bearer wrong' }, async ({ ask }) => {
      assert.match(unknownOf(await ask('environment')), /Not Authorized/);
    });
    await withBench(ACCOUNT, async ({ verifier, railway }) => {
      railway.state.fault = { kind: 'hang' };
      const abort = new AbortController();
      const pending = verifier.answer({ check: 'environment', about: VOLUME }, attempt, abort.signal);
      abort.abort();
      assert.match(unknownOf(await pending), /given up/);
    });
  });

  it('answers for railway only', () =>
    withBench(ACCOUNT, async ({ verifier }) => {
      assert.equal(verifier.canAnswer({ check: 'environment', about: VOLUME }), true);
      assert.equal(verifier.canAnswer({ check: 'environment', about: { ...VOLUME, system: 'file' } }), false);
      assert.equal(verifier.canAnswer({ check: 'rehearsal', about: VOLUME }), false);
    }));
});

const rewriteText = (from: RegExp, to: string): Fault => ({
  kind: 'rewrite',
  rewrite: (answer) => JSON.parse(JSON.stringify(answer).replaceAll(new RegExp(from, 'g'), to)) as unknown,
});

/** Each way in which a provider can fail or lie: the answer is unknown and says why; it is known again afterwards. */
const FAULTS: readonly { readonly note: string; readonly fault: Fault; readonly why: RegExp }[] = [
  { note: 'status 500', fault: { kind: 'status', status: 500 }, why: /status 500/ },
  { note: 'status 401', fault: { kind: 'status', status: 401 }, why: /status 401/ },
  { note: 'a redirect', fault: { kind: 'status', status: 302 }, why: /status 302|cannot be reached/ },
  { note: 'truncated JSON', fault: { kind: 'truncated' }, why: /not JSON/ },
  { note: 'not authorized', fault: { kind: 'not-authorized' }, why: /Not Authorized/ },
  { note: 'rate limit', fault: { kind: 'rate-limited', retryAfterSeconds: 0 }, why: /429/ },
  {
    note: 'null data without an error',
    fault: { kind: 'rewrite', rewrite: () => ({ data: null }) },
    why: /unexpected shape/,
  },
  { note: 'a list instead of an object', fault: { kind: 'rewrite', rewrite: () => [] }, why: /unexpected shape/ },
  { note: 'numbers instead of ids', fault: rewriteText(/"id":"[^"]*"/, '"id":7'), why: /unexpected shape/ },
  { note: 'empty ids', fault: rewriteText(/"volumeId":"[^"]*"/, '"volumeId":""'), why: /unexpected shape/ },
  { note: 'ids missing', fault: rewriteText(/"volumeId"/, '"volume_id"'), why: /unexpected shape/ },
  {
    note: 'data beside an error',
    fault: { kind: 'rewrite', rewrite: (answer) => ({ ...(answer as object), errors: [{ message: 'partial' }] }) },
    why: /partial/,
  },
  {
    note: 'pages without a cursor',
    fault: rewriteText(/"hasNextPage":false,"endCursor":"[^"]*"/, '"hasNextPage":true,"endCursor":null'),
    why: /do not go on/,
  },
  {
    note: 'pages that go in a circle',
    fault: rewriteText(/"hasNextPage":false,"endCursor":(null|"[^"]*")/, '"hasNextPage":true,"endCursor":"x"'),
    why: /do not go on|takes more than/,
  },
  {
    note: 'instances that are said to be elsewhere',
    fault: rewriteText(/"environmentId":"[^"]*"/, '"environmentId":"elsewhere"'),
    why: /contradicts itself/,
  },
];

describe('railway verifier, fault by fault', () => {
  for (const { note, fault, why } of FAULTS) {
    it(note, () =>
      withBench(ACCOUNT, async ({ ask, railway, clock }) => {
        railway.state.fault = fault;
        assert.match(unknownOf(await ask('environment')), why);
        railway.state.fault = undefined;
        clock.atMs += 2_000;
        knownOf(await ask('environment'));
      }),
    );
  }

  it('hangs', () =>
    withBench(ACCOUNT, async ({ ask, railway, expire }) => {
      railway.state.fault = { kind: 'hang', seen: expire };
      assert.match(unknownOf(await ask('environment')), /did not answer within/);
      railway.state.fault = undefined;
      knownOf(await ask('environment'));
    }));

  it('answers after the time-out', () =>
    withBench(ACCOUNT, async ({ ask, railway, expire }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      railway.state.fault = { kind: 'hang', seen: expire, released: promise };
      assert.match(unknownOf(await ask('environment')), /did not answer within/);
      railway.state.fault = undefined;
      resolve();
      knownOf(await ask('environment'));
    }));

  it('a provider that is not there', async () => {
    const railway = await startRailway();
    await railway.close();
    const { verifier } = openRailway({
      endpoint: railway.url,
      credentials: { forAttempt: () => ACCOUNT },
      clock: handClock(),
    });
    assert.match(
      unknownOf(await verifier.answer({ check: 'environment', about: VOLUME }, attempt, new AbortController().signal)),
      /cannot be reached/,
    );
  });
});
