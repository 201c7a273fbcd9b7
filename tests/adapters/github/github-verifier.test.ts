import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { githubApi } from '../../../src/adapters/github/api.ts';
import { makeGithubVerifier } from '../../../src/adapters/github/github-verifier.ts';
import { GITHUB_DOCUMENTATION } from '../../../src/catalog/providers/github.ts';
import { type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import { worstDanger } from '../../../src/core/danger.ts';
import type { DeclaredEnvironment } from '../../../src/core/declaration.ts';
import { type Check, type Evidence, questionKey } from '../../../src/core/evidence.ts';
import type { BackupsFact, CredentialFact, DependentsFact, EnvironmentFact } from '../../../src/core/facts.ts';
import type { ResourceRef } from '../../../src/core/resource.ts';
import { readHttp } from '../../../src/languages/http/read-http.ts';
import type { Credential } from '../../../src/ports/credentials.ts';
import { type DeclaredEnvironments, NOTHING_DECLARED } from '../../../src/ports/declared-environments.ts';
import type { Verifier } from '../../../src/ports/verifier.ts';
import { verifierContract } from '../../contracts/verifier.ts';
import { handTimeout } from '../../fakes/hand-timeout.ts';
import { actionOf, describeReading, NO_FACTS } from '../../languages/api-scenarios.ts';
import { acmeShop, GITHUB_TOKENS, type Github, startGithub } from '../../stand-ins/github/github.ts';

const action = { kind: 'http', bytes: new TextEncoder().encode('{}') } as const;
const origin = { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: '/w' } as const;
const attempt: Attempt = { ...origin, id: 'a1', atMs: 0, action, key: attemptKey(action, origin) };
const CLASSIC: Credential = { header: 'authorization', value: `Bearer ${GITHUB_TOKENS.classic}` };

const REPOSITORY: ResourceRef = { system: 'github', kind: 'repository', path: ['github.com', 'acme', 'shop'] };
const branch = (name: string): ResourceRef => ({ system: 'github', kind: 'branch', path: [...REPOSITORY.path, name] });
const TAG: ResourceRef = { system: 'github', kind: 'tag', path: [...REPOSITORY.path, 'v1'] };
const PULL: ResourceRef = { system: 'github', kind: 'pull-request', path: [...REPOSITORY.path, '12'] };

function handClock() {
  const clock = { atMs: 1_800_000_000_000, nowMs: () => clock.atMs, monotonicMs: () => clock.atMs - 1_700_000_000_000 };
  return clock;
}

interface Bench {
  readonly github: Github;
  readonly clock: ReturnType<typeof handClock>;
  readonly verifier: Verifier;
  ask(check: Check, about?: ResourceRef): Promise<Evidence>;
}

async function withBench(
  body: (bench: Bench) => Promise<void>,
  credential: Credential | 'none' = CLASSIC,
  state = acmeShop(),
  declared: DeclaredEnvironments = NOTHING_DECLARED,
): Promise<void> {
  const clock = handClock();
  const hand = handTimeout();
  if (state.fault?.kind === 'hang') state.fault = { kind: 'hang', seen: hand.expire };
  const github = await startGithub(state, clock.nowMs);
  const verifier = makeGithubVerifier({
    apiOf: (forge) => (forge === 'github.com' ? github.url : undefined),
    credentials: { forAttempt: (id) => (id === attempt.id && credential !== 'none' ? credential : undefined) },
    clock,
    documentation: GITHUB_DOCUMENTATION,
    declared,
    timeout: hand.timeout,
  });
  const ask = (check: Check, about = REPOSITORY) =>
    verifier.answer({ check, about }, attempt, new AbortController().signal);
  try {
    await body({ github, clock, verifier, ask });
    for (const entry of github.state.journal) assert.equal(entry.method, 'GET', 'the verifier only reads');
  } finally {
    await github.close();
  }
}

function knownOf<T>(evidence: Evidence): T {
  assert.ok('known' in evidence.answer, `unknown: ${'unknown' in evidence.answer ? evidence.answer.unknown : ''}`);
  return evidence.answer.known as T;
}

function unknownOf(evidence: Evidence): string {
  assert.ok('unknown' in evidence.answer, `known: ${JSON.stringify(evidence.answer)}`);
  assert.doesNotMatch(JSON.stringify(evidence), /ghp_|github_pat_/, 'no token in evidence');
  return evidence.answer.unknown;
}

const declaredAs = (environment: DeclaredEnvironment): DeclaredEnvironments => ({
  of: (target) =>
    Promise.resolve({
      known:
        target.kind === 'repository' && target.path[0] === String(acmeShop().repositories.get('acme/shop')?.id)
          ? { target, environment, declaredAtMs: 0, signer: 'ada' }
          : undefined,
    }),
});

describe('github verifier', () => {
  it('lets a person declare a repository by its number, but not what somebody protected', async () => {
    const production = async (about: ResourceRef, environment: DeclaredEnvironment) => {
      let fact: EnvironmentFact | undefined;
      await withBench(
        async ({ ask }) => {
          fact = knownOf<EnvironmentFact>(await ask('environment', about));
        },
        CLASSIC,
        acmeShop(),
        declaredAs(environment),
      );
      return [fact?.by, fact?.environments[0]?.production, fact?.contradictions?.length ?? 0];
    };
    assert.deepEqual(await production(REPOSITORY, 'throwaway'), ['declared', false, 0]);
    assert.deepEqual(await production(REPOSITORY, 'production'), ['declared', true, 0]);
    assert.deepEqual(await production(branch('main'), 'throwaway'), ['declared', true, 1]);
  });

  it('says what a repository is, what hangs on it and what copies there are', () =>
    withBench(async ({ ask }) => {
      const environment = knownOf<EnvironmentFact>(await ask('environment'));
      assert.equal(environment.by, 'provider');
      assert.deepEqual(environment.environments, [
        { id: '4711', name: 'acme/shop, public, default branch main', production: true },
      ]);
      assert.deepEqual(
        knownOf<DependentsFact>(await ask('dependents')).dependents.map((one) => [one.kind, one.name, one.environment]),
        [
          ['fork', 'someone/shop', 'stays with a public repository'],
          ['pull request', 'Add x', 'main, open'],
        ],
      );
      const { backups } = knownOf<BackupsFact>(await ask('recovery'));
      assert.deepEqual(
        backups.map((one) => [one.name, one.insideTarget]),
        [['fork someone/shop (commits only)', false]],
      );
      assert.deepEqual(
        knownOf<CredentialFact>(
          await ask('credential', { ...REPOSITORY, kind: 'credential', path: ['github.com', 'current'] }),
        ),
        {
          kind: 'account-token',
          scope: 'every repository of the account, with scopes repo, delete_repo',
          broad: true,
        },
      );
      assert.match(JSON.stringify(await ask('documentation')), /90 days/);
    }));

  it('counts forks of a private repository as part of it', () => {
    const state = acmeShop();
    const shop = state.repositories.get('acme/shop');
    assert.ok(shop !== undefined);
    state.repositories.set('acme/shop', { ...shop, isPrivate: true });
    return withBench(
      async ({ ask }) => assert.equal(knownOf<BackupsFact>(await ask('recovery')).backups[0]?.insideTarget, true),
      CLASSIC,
      state,
    );
  });

  it('tells a branch whose commits the default branch keeps from one whose commits are nowhere else', () =>
    withBench(async ({ ask }) => {
      const kept = async (name: string) => knownOf<BackupsFact>(await ask('recovery', branch(name))).backups.length;
      assert.deepEqual([await kept('feature/merged'), await kept('feature/open'), await kept('main')], [1, 0, 0]);
      const production = async (about: ResourceRef) =>
        knownOf<EnvironmentFact>(await ask('environment', about)).environments.map((one) => one.production);
      assert.deepEqual(await production(branch('main')), [true]);
      assert.deepEqual(await production(branch('feature/merged')), [false]);
      assert.deepEqual(await production(PULL), [true], 'a merge acts on its base');
      const from = knownOf<DependentsFact>(await ask('dependents', branch('feature/open'))).dependents;
      assert.deepEqual(
        from.map((one) => one.id),
        ['12'],
      );
      assert.equal(knownOf<BackupsFact>(await ask('recovery', TAG)).backups.length, 1);
      assert.deepEqual(
        knownOf<DependentsFact>(await ask('dependents', TAG)).dependents.map((one) => one.kind),
        ['release'],
      );
    }));

  it('lets a merged branch be deleted, and holds everything else', () =>
    withBench(async ({ ask }) => {
      const danger = async (ref: string): Promise<string> => {
        const input = { method: 'DELETE', url: `https://api.github.com/repos/Acme/shop/git/refs/heads/${ref}` };
        const first = readHttp(actionOf('http', input), NO_FACTS);
        assert.equal(worstDanger(first.effects), 'destructive', 'nothing is known at first');
        const answers = new Map<string, Evidence['answer']>();
        for (const question of first.questions)
          answers.set(questionKey(question), (await ask(question.check, question.about)).answer);
        const context = {
          ...NO_FACTS,
          fact: (check: Check, about: ResourceRef) => answers.get(questionKey({ check, about })),
        };
        const second = readHttp(actionOf('http', input), context);
        assert.deepEqual(second.questions, first.questions, describeReading(second));
        return worstDanger(second.effects);
      };
      assert.deepEqual(await Promise.all(['feature/merged', 'feature/open', 'main', 'gone'].map(danger)), [
        'harmless',
        'destructive',
        'destructive',
        'destructive',
      ]);
    }));

  it('learns what GitHub tells everybody, where no credential is known', async () => {
    await withBench(async ({ ask }) => {
      assert.equal(knownOf<EnvironmentFact>(await ask('environment')).environments[0]?.production, true);
      assert.equal(knownOf<BackupsFact>(await ask('recovery', branch('feature/merged'))).backups.length, 1);
      assert.match(unknownOf(await ask('credential')), /not known here/);
    }, 'none');
    const hidden = acmeShop();
    const shop = hidden.repositories.get('acme/shop');
    assert.ok(shop !== undefined);
    hidden.repositories.set('acme/shop', { ...shop, isPrivate: true });
    await withBench(
      async ({ ask }) => {
        for (const check of ['environment', 'dependents', 'recovery'] as const)
          assert.match(unknownOf(await ask(check)), /status 404 to somebody without a credential/);
        assert.match(unknownOf(await ask('dependents', TAG)), /without a credential/, 'nothing is taken for absent');
      },
      'none',
      hidden,
    );
  });

  it('does not know where the server is down, slow, confused or says no', async () => {
    const faults = [
      { kind: 'hang' },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 401 },
      { kind: 'text', text: '{"id":1' },
      { kind: 'text', text: '{"id":"1"}' },
      { kind: 'text', text: '{"id":1,"id":2}' },
      { kind: 'redirect', to: 'http://127.0.0.1:1/elsewhere' },
    ] as const;
    for (const fault of faults)
      await withBench(
        async ({ ask }) => {
          for (const check of ['environment', 'dependents', 'recovery'] as const) unknownOf(await ask(check));
        },
        CLASSIC,
        { ...acmeShop(), fault },
      );
    await withBench(async ({ ask, github }) => {
      unknownOf(await ask('environment', { ...REPOSITORY, path: ['elsewhere.example', 'acme', 'shop'] }));
      assert.equal(github.state.journal.length, 0, 'no credential goes to a host that nobody declared');
    });
    await withBench(async ({ ask }) => void unknownOf(await ask('environment')), {
      header: 'authorization',
      value: 'Bearer wrong',
    });
  });

  it('keeps quiet for as long as it is told to', async () => {
    const limits = [
      { fault: { kind: 'limited', status: 429, retryAfterSeconds: 30 }, quietMs: 30_000 },
      { fault: { kind: 'limited', status: 403, retryAfterSeconds: 30 }, quietMs: 30_000 },
      { fault: { kind: 'limited', status: 403, resetAtSeconds: 1_800_000_090 }, quietMs: 90_000 },
      { fault: { kind: 'limited', status: 429 }, quietMs: 60_000 },
    ] as const;
    for (const { fault, quietMs } of limits)
      await withBench(
        async ({ ask, github, clock }) => {
          assert.match(unknownOf(await ask('environment')), /limits the rate/);
          delete github.state.fault;
          clock.atMs += quietMs - 1;
          assert.match(unknownOf(await ask('environment')), /limits the rate/);
          assert.equal(github.state.journal.length, 1, 'not asked meanwhile');
          clock.atMs += 1;
          knownOf(await ask('environment'));
        },
        CLASSIC,
        { ...acmeShop(), fault },
      );
  });

  it('asks once for questions that come together, and again after a few seconds', () =>
    withBench(async ({ ask, github, clock }) => {
      const first = await ask('environment');
      await ask('environment');
      assert.equal(github.state.journal.length, 1);
      clock.atMs += 5_000;
      const second = await ask('environment');
      assert.equal(github.state.journal.length, 2);
      assert.equal(second.digest, first.digest);
      assert.ok(second.atMs > first.atMs);
    }));

  it('sends credentials to the forge itself and to declared servers only', () => {
    const declared = ['ghe.corp.example'];
    assert.deepEqual(
      [
        'github.com',
        'acme.ghe.com',
        'ghe.corp.example',
        'evil.example',
        'github.com.evil.example',
        'x/..@evil',
        'a.b.ghe.com',
      ].map((forge) => githubApi(forge, declared)),
      [
        'https://api.github.com',
        'https://api.acme.ghe.com',
        'https://ghe.corp.example/api/v3',
        undefined,
        undefined,
        undefined,
        undefined,
      ],
    );
  });
});

verifierContract('github verifier', async () => {
  const clock = handClock();
  const github = await startGithub(acmeShop(), clock.nowMs);
  const verifier = makeGithubVerifier({
    apiOf: () => github.url,
    credentials: { forAttempt: () => CLASSIC },
    clock,
    timeout: handTimeout().timeout,
  });
  setTimeout(() => void github.close(), 3_000).unref();
  return {
    verifier,
    attempt,
    answerable: { check: 'environment', about: REPOSITORY },
    unanswerable: { check: 'environment', about: branch('gone') },
    foreign: { check: 'environment', about: { system: 'railway', kind: 'volume', path: ['v'] } },
    world: () => Promise.resolve(JSON.stringify([...github.state.repositories.keys()])),
  };
});
