import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  DECLARED_ENVIRONMENTS,
  type Declared,
  type DeclaredEnvironment,
  type SeenEnvironment,
  settleEnvironments,
} from '../../src/core/declaration.ts';
import { evidenceOf } from '../../src/core/evidence.ts';
import { describeFact } from '../../src/core/fact-words.ts';
import { factAsJson } from '../../src/core/facts.ts';

const ID = '3d2c42fb-0000-4000-8000-000000000016';
const word = (environment: DeclaredEnvironment, kind = 'volume'): Declared => ({
  target: { system: 'railway', kind, path: [ID] },
  environment,
  declaredAtMs: Date.UTC(2026, 10, 2),
  signer: 'ada',
});
const seen = (more: Partial<SeenEnvironment>): SeenEnvironment => ({
  id: 'e1',
  name: 'staging',
  production: false,
  vouched: false,
  claims: 'other',
  declared: [],
  ...more,
});

interface Row {
  readonly note: string;
  readonly input: readonly SeenEnvironment[];
  readonly production: boolean;
  readonly by: 'provider' | 'declared' | 'claimed';
  readonly contradiction?: RegExp;
}

const ROWS: readonly Row[] = [
  { note: 'a name alone is claimed', input: [seen({})], production: false, by: 'claimed' },
  {
    note: 'a declaration settles what a name claims',
    input: [seen({ declared: [word('staging')] })],
    production: false,
    by: 'declared',
  },
  {
    note: 'a declaration settles a name that says nothing',
    input: [seen({ name: 'blue', claims: 'nothing', production: true, declared: [word('throwaway')] })],
    production: false,
    by: 'declared',
  },
  {
    note: 'a declaration raises what a name claims, and says so',
    input: [seen({ declared: [word('production')] })],
    production: true,
    by: 'declared',
    contradiction: /ada declared volume .* production, but the name `staging` claims that it is not/,
  },
  {
    note: 'a declaration does not lower what a name claims',
    input: [seen({ name: 'prod', claims: 'production', production: true, declared: [word('development')] })],
    production: true,
    by: 'declared',
    contradiction: /but the name `prod` claims production/,
  },
  {
    note: 'a declaration does not lower what the provider vouches for',
    input: [seen({ vouched: true, production: true, declared: [word('throwaway')] })],
    production: true,
    by: 'declared',
    contradiction: /the provider's own ids make `staging` production/,
  },
  {
    note: 'a declaration raises what the provider vouches for',
    input: [seen({ vouched: true, production: false, declared: [word('production')] })],
    production: true,
    by: 'declared',
    contradiction: /make `staging` something else/,
  },
  {
    note: 'two declarations that disagree',
    input: [seen({ declared: [word('staging', 'environment'), word('production', 'volume')] })],
    production: true,
    by: 'declared',
    contradiction: /declared volume .* production, but ada declared environment .* staging/,
  },
  {
    note: 'what nobody declared beside what somebody did is still claimed',
    input: [seen({ id: 'e1', declared: [word('staging', 'environment')] }), seen({ id: 'e2', name: 'qa' })],
    production: false,
    by: 'claimed',
  },
  { note: 'the provider alone', input: [seen({ vouched: true })], production: false, by: 'provider' },
  {
    note: 'production that is sure is not made claimed by another name',
    input: [seen({ id: 'e1', vouched: true, production: true }), seen({ id: 'e2' })],
    production: true,
    by: 'provider',
  },
];

describe('declared against claimed', () => {
  for (const { note, input, production, by, contradiction } of ROWS) {
    test(note, () => {
      const fact = settleEnvironments(input);
      assert.equal(
        fact.environments.some((one) => one.production),
        production,
      );
      assert.equal(fact.by, by);
      if (contradiction === undefined) assert.equal(fact.contradictions, undefined);
      else assert.match((fact.contradictions ?? []).join('\n'), contradiction);
    });
  }

  const environment = fc.record({
    id: fc.constantFrom('e1', 'e2'),
    name: fc.constantFrom('staging', 'prod', 'blue'),
    production: fc.boolean(),
    vouched: fc.boolean(),
    claims: fc.constantFrom('production', 'other', 'nothing'),
    declared: fc.array(
      fc
        .record({
          environment: fc.constantFrom(...DECLARED_ENVIRONMENTS),
          kind: fc.constantFrom('volume', 'project'),
        })
        .map(({ environment, kind }) => word(environment, kind)),
      { maxLength: 2 },
    ),
  }) satisfies fc.Arbitrary<SeenEnvironment>;

  test('nothing that was declared makes less of what the provider vouches for or a name claims', () => {
    fc.assert(
      fc.property(environment, (one) => {
        const [settled] = settleEnvironments([one]).environments;
        if ((one.vouched && one.production) || (one.claims === 'production' && one.production))
          assert.equal(settled?.production, true);
        if (one.declared.some((each) => each.environment === 'production')) assert.equal(settled?.production, true);
      }),
    );
  });

  test('one more declaration of production never lowers anything', () => {
    fc.assert(
      fc.property(environment, (one) => {
        const more = settleEnvironments([{ ...one, declared: [...one.declared, word('production', 'service')] }]);
        assert.equal(more.environments[0]?.production, true);
      }),
    );
  });

  test('a card says who declared what, when and why, and what contradicts it', () => {
    const fact = settleEnvironments([seen({ declared: [{ ...word('production'), note: 'the bookings' }] })]);
    const evidence = evidenceOf({
      question: { check: 'environment', about: { system: 'railway', kind: 'volume', path: [ID] } },
      answer: { known: factAsJson(fact) },
      source: 'railway api',
      atMs: 0,
      maxAgeMs: 0,
    });
    const { mark, text } = describeFact(evidence);
    assert.equal(mark, '✗');
    assert.match(text, /^environment: staging \(production\) \(declared by a person\)/);
    assert.match(text, /railway volume 3d2c42fb-\S+ is declared production by ada on 2026-11-02: “the bookings”/);
    assert.match(text, /contradiction, so it counts as production: ada declared/);
  });
});
