import type { Attempt } from '../../core/attempt.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential, CredentialSource } from '../../ports/credentials.ts';
import { type Answer, makeRailwayClient, type RailwayClient } from './client.ts';
import { reachOf, type TokenReach } from './credential.ts';
import { type SeenProject, walk } from './inventory.ts';

export interface LearnerOptions {
  /** URL of the GraphQL API. */
  readonly endpoint: string;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
  /** How long what was learnt is used again. */
  readonly cacheMs?: number;
  readonly requestTimeoutMs?: number;
  /** For tests: what ends a request that takes too long. */
  readonly timeout?: (ms: number) => AbortSignal;
}

/** Everything that one credential sees. */
export interface Learnt {
  readonly atMs: number;
  readonly reach: TokenReach;
  readonly projects: readonly SeenProject[];
}

export interface Learner {
  readonly client: RailwayClient;
  credentialOf(attempt: Attempt): Credential | undefined;
  /** What was learnt within the last seconds, else afresh. */
  recent(credential: Credential, signal: AbortSignal): Promise<Answer<Learnt>>;
  fresh(credential: Credential, signal: AbortSignal): Promise<Answer<Learnt>>;
}

const CACHED_CREDENTIALS = 64;

export function makeLearner(options: LearnerOptions): Learner {
  const { clock } = options;
  const client = makeRailwayClient({
    endpoint: options.endpoint,
    clock,
    fetch: options.fetch ?? globalThis.fetch,
    requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const cacheMs = options.cacheMs ?? 3_000;
  const cache = new Map<string, { readonly untilMs: number; readonly learnt: Promise<Answer<Learnt>> }>();

  const fresh = async (credential: Credential, signal: AbortSignal): Promise<Answer<Learnt>> => {
    const reach = await reachOf(client, credential, signal);
    if (!reach.ok) return reach;
    const atMs = clock.nowMs();
    const projects = await walk(client, credential, reach.data, signal);
    return projects.ok ? { ok: true, data: { atMs, reach: reach.data, projects: projects.data } } : projects;
  };

  return {
    client,
    credentialOf: (attempt) => options.credentials.forAttempt(attempt.id),
    fresh,

    /** One walk serves the questions that come together; a walk that failed is not kept. */
    async recent(credential, signal) {
      const key = `${credential.header} ${credential.value}`;
      const hit = cache.get(key);
      if (hit !== undefined && clock.monotonicMs() < hit.untilMs) return hit.learnt;
      const learnt = fresh(credential, signal);
      const entry = { untilMs: clock.monotonicMs() + cacheMs, learnt };
      cache.set(key, entry);
      if (cache.size > CACHED_CREDENTIALS) cache.delete(cache.keys().next().value ?? '');
      const forget = () => {
        if (cache.get(key) === entry) cache.delete(key);
      };
      void learnt.then((answer) => (answer.ok ? undefined : forget()), forget);
      return learnt;
    },
  };
}
