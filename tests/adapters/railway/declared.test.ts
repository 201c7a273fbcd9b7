import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openRailway } from '../../../src/adapters/railway/index.ts';
import { type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import type { DeclaredEnvironment } from '../../../src/core/declaration.ts';
import type { EnvironmentFact } from '../../../src/core/facts.ts';
import type { ResourceRef } from '../../../src/core/resource.ts';
import type { Tri } from '../../../src/core/tri.ts';
import type { DeclaredEnvironments } from '../../../src/ports/declared-environments.ts';
import { declarations } from '../../fakes/declarations.ts';
import { CAR_RENTAL, carRental, type RailwayState, startRailway } from '../../stand-ins/railway/railway.ts';

const action = { kind: 'graphql', bytes: new TextEncoder().encode('{}') } as const;
const origin = { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: '/w' } as const;
const attempt: Attempt = { ...origin, id: 'a1', atMs: 0, action, key: attemptKey(action, origin) };
const VOLUME = `volume/${CAR_RENTAL.volumeId}`;
const STAGING = `environment/${CAR_RENTAL.stagingId}`;

function mapOf(words: Readonly<Record<string, DeclaredEnvironment | 'damaged'>>): DeclaredEnvironments {
  return declarations(Object.fromEntries(Object.entries(words).map(([text, word]) => [`railway/${text}`, word])));
}

/** The volume in staging alone, so that nothing but a name says what it is. */
function stagingOnly(): RailwayState {
  const state = carRental();
  state.volumeInstances.delete(CAR_RENTAL.productionInstanceId);
  return state;
}

async function environmentOf(
  words: Parameters<typeof mapOf>[0],
  { state = stagingOnly(), about = VOLUME, token = 'account' as 'account' | 'staging' } = {},
): Promise<Tri<EnvironmentFact>> {
  const railway = await startRailway({ state });
  const [kind = '', id = ''] = about.split('/');
  try {
    const { verifier } = openRailway({
      endpoint: railway.url,
      credentials: {
        forAttempt: () =>
          token === 'account'
            ? { header: 'authorization', value: `Bearer ${CAR_RENTAL.accountToken}` }
            : { header: 'project-access-token', value: CAR_RENTAL.stagingToken },
      },
      clock: { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 },
      declared: mapOf(words),
    });
    const resource: ResourceRef = { system: 'railway', kind, path: [id] };
    const question = { check: 'environment', about: resource } as const;
    const { answer } = await verifier.answer(question, attempt, new AbortController().signal);
    return answer as Tri<EnvironmentFact>;
  } finally {
    await railway.close();
  }
}

interface Row {
  readonly note: string;
  readonly declared: Parameters<typeof mapOf>[0];
  readonly at?: Parameters<typeof environmentOf>[1];
  readonly by: EnvironmentFact['by'];
  /** Names of the environments that count as production. */
  readonly production: readonly string[];
  readonly contradiction?: RegExp;
}

const ROWS: readonly Row[] = [
  { note: 'nobody declared anything', declared: {}, by: 'claimed', production: [] },
  { note: 'the environment is declared staging', declared: { [STAGING]: 'staging' }, by: 'declared', production: [] },
  { note: 'the volume is declared throw-away', declared: { [VOLUME]: 'throwaway' }, by: 'declared', production: [] },
  {
    note: 'the volume is declared production, whatever its environment is called',
    declared: { [VOLUME]: 'production' },
    by: 'declared',
    production: ['staging'],
    contradiction: /the name `staging` claims that it is not/,
  },
  {
    note: 'the service that it belongs to is declared production',
    declared: { [`service/${CAR_RENTAL.postgresId}`]: 'production', [STAGING]: 'staging' },
    by: 'declared',
    production: ['staging'],
    contradiction: /declared service .* production, but ada declared environment .* staging/,
  },
  {
    note: 'the service that it belongs to is declared throw-away, which settles nothing about the volume',
    declared: { [`service/${CAR_RENTAL.postgresId}`]: 'throwaway' },
    by: 'claimed',
    production: [],
  },
  {
    note: 'the project is declared production',
    declared: { [`project/${CAR_RENTAL.projectId}`]: 'production' },
    by: 'declared',
    production: ['staging'],
    contradiction: /claims that it is not/,
  },
  {
    note: 'an environment counts before its project',
    declared: { [`project/${CAR_RENTAL.projectId}`]: 'production', [STAGING]: 'staging' },
    by: 'declared',
    production: [],
  },
  {
    note: 'another volume is declared production',
    declared: { 'volume/00000000-0000-4000-8000-0000000000ff': 'production' },
    by: 'claimed',
    production: [],
  },
  {
    note: 'the primary environment is declared throw-away',
    declared: { [`environment/${CAR_RENTAL.productionId}`]: 'throwaway' },
    at: { state: carRental() },
    by: 'declared',
    production: ['production'],
    contradiction: /the provider's own ids make `production` production/,
  },
  {
    note: 'an environment with a volume in it that is declared production',
    declared: { [VOLUME]: 'production' },
    at: { about: STAGING },
    by: 'declared',
    production: ['staging'],
    contradiction: /claims that it is not/,
  },
  {
    note: 'an environment with a service in it that is declared production',
    declared: { [`service/${CAR_RENTAL.webId}`]: 'production' },
    at: { about: STAGING },
    by: 'declared',
    production: ['staging'],
    contradiction: /claims that it is not/,
  },
  {
    note: 'a narrow token is enough where the whole volume is declared',
    declared: { [VOLUME]: 'throwaway' },
    at: { token: 'staging' },
    by: 'declared',
    production: [],
  },
];

describe('railway verifier, declared against claimed', () => {
  for (const { note, declared, at, by, production, contradiction } of ROWS) {
    it(note, async () => {
      const answer = await environmentOf(declared, at);
      assert.ok('known' in answer, JSON.stringify(answer));
      const { environments, contradictions, ...fact } = answer.known;
      assert.equal(fact.by, by);
      assert.deepEqual(
        environments.flatMap((one) => (one.production ? [one.name] : [])),
        production,
      );
      if (contradiction === undefined) assert.equal(contradictions, undefined);
      else assert.match((contradictions ?? []).join('\n'), contradiction);
    });
  }

  it('a renamed environment changes nothing about what was declared by its id', async () => {
    const state = stagingOnly();
    const staging = state.environments.get(CAR_RENTAL.stagingId);
    assert.ok(staging !== undefined);
    staging.name = 'throwaway-test-42';
    const answer = await environmentOf({ [STAGING]: 'production' }, { state });
    assert.ok('known' in answer);
    assert.deepEqual([answer.known.by, answer.known.environments[0]?.production], ['declared', true]);
  });

  it('what was declared and cannot be believed is unknown, not nothing', async () => {
    const answer = await environmentOf({ [VOLUME]: 'damaged' });
    assert.deepEqual(answer, { unknown: 'it was edited' });
  });

  it('a narrow token that sees one environment declared does not see them all', async () => {
    const answer = await environmentOf({ [STAGING]: 'staging' }, { token: 'staging' });
    assert.ok('unknown' in answer);
    assert.match(answer.unknown, /does not see every environment/);
  });
});
