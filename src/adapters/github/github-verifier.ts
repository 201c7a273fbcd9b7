import type { z } from 'zod';
import type { Attempt } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { type Check, type Evidence, evidenceOf, type Question } from '../../core/evidence.ts';
import { type DocumentationFact, factAsJson } from '../../core/facts.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential, CredentialSource } from '../../ports/credentials.ts';
import { type DeclaredEnvironments, NOTHING_DECLARED } from '../../ports/declared-environments.ts';
import type { Verifier } from '../../ports/verifier.ts';
import { type Answer, makeGithubClient } from './client.ts';
import { credentialFact } from './facts.ts';
import { type Asked, dependentsOf, environmentOf, type Learnt, recoveryOf } from './questions.ts';
import { AnyObject } from './shapes.ts';

export interface GithubVerifierOptions {
  /** Base URL of the REST API of a forge; `undefined` where the credential must not go there. */
  apiOf(forge: string): string | undefined;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
  /** What the provider's pages say, by kind of resource: `GITHUB_DOCUMENTATION` of the catalogue. */
  readonly documentation?: ReadonlyMap<string, DocumentationFact>;
  /** What people declared; nothing where left out. */
  readonly declared?: DeclaredEnvironments;
  /** How long what was learnt is used again. */
  readonly cacheMs?: number;
  readonly requestTimeoutMs?: number;
  /** For tests: what ends a request that takes too long. */
  readonly timeout?: (ms: number) => AbortSignal;
}

const CHECKS: readonly Check[] = ['environment', 'dependents', 'recovery', 'credential', 'documentation'];
const EVIDENCE_AGE_MS = 30_000;
const CACHED_ANSWERS = 256;

/**
 * Asks GitHub's API, with the credential of the attempt's own request, about repositories, branches and tags. Reads only.
 * Whatever cannot be learnt for sure is `{ unknown }`.
 */
export function makeGithubVerifier(options: GithubVerifierOptions): Verifier {
  const { clock } = options;
  const client = makeGithubClient({
    clock,
    fetch: options.fetch ?? globalThis.fetch,
    requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const cacheMs = options.cacheMs ?? 3_000;
  const cache = new Map<string, { readonly untilMs: number; readonly answer: Promise<Answer<unknown>> }>();

  /** Questions that come together share their requests; an answer that failed is not kept. */
  const getOnce = <T>(
    base: string,
    path: string,
    credential: Credential | undefined,
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ) => {
    const key = `${credential?.header ?? ''} ${credential?.value ?? ''} ${base}${path}`;
    const hit = cache.get(key);
    if (hit !== undefined && clock.monotonicMs() < hit.untilMs) return hit.answer as Promise<Answer<T>>;
    const answer = client.get<T>(base, path, credential, shape, signal);
    const entry = { untilMs: clock.monotonicMs() + cacheMs, answer };
    cache.set(key, entry);
    if (cache.size > CACHED_ANSWERS) cache.delete(cache.keys().next().value ?? '');
    void answer.then((one) => {
      if (!one.ok && cache.get(key) === entry) cache.delete(key);
    });
    return answer;
  };

  const answerNow = async (question: Question, attempt: Attempt, signal: AbortSignal): Promise<Learnt> => {
    const { about, check } = question;
    if (signal.aborted) return { answer: unknown('the question was given up'), atMs: clock.nowMs() };
    const [forge = '', owner = '', repo = ''] = about.path;
    const no = (why: string): Learnt => ({ answer: unknown(why), atMs: clock.nowMs() });
    const base = options.apiOf(forge);
    if (base === undefined) return no(`\`${forge.slice(0, 80)}\` is not known as a GitHub, so it is not asked`);
    const credential = options.credentials.forAttempt(attempt.id);
    const get = <T>(path: string, shape: z.ZodType<T>) => getOnce<T>(base, path, credential, shape, signal);
    if (check === 'credential') {
      if (credential === undefined) return no('the credential of this attempt is not known here');
      const answer = await client.get(base, '/rate_limit', credential, AnyObject, signal);
      return answer.ok
        ? { answer: { known: factAsJson(credentialFact(answer.headers)) }, atMs: answer.atMs }
        : no(answer.why);
    }
    if (owner === '' || repo === '') return no('the request does not say which repository');
    const asked: Asked = {
      about,
      owner,
      repo,
      nowMs: clock.nowMs(),
      declared: options.declared ?? NOTHING_DECLARED,
      get,
    };
    switch (check) {
      case 'environment':
        return environmentOf(asked);
      case 'dependents':
        return dependentsOf(asked);
      case 'recovery':
        return recoveryOf(asked);
      case 'content':
      case 'documentation':
      case 'rehearsal':
        return no('GitHub cannot be asked this');
      default:
        return check satisfies never;
    }
  };

  return {
    name: 'github',
    canAnswer: (question) => question.about.system === 'github' && CHECKS.includes(question.check),
    async answer(question, attempt, signal): Promise<Evidence> {
      const base = { question, maxAgeMs: EVIDENCE_AGE_MS };
      if (question.check === 'documentation') {
        const text = options.documentation?.get(question.about.kind);
        const answer: Tri<Json> =
          text === undefined || signal.aborted
            ? unknown(`no documentation of a GitHub ${question.about.kind} is at hand`)
            : { known: factAsJson(text) };
        return evidenceOf({ ...base, answer, source: 'github catalogue', atMs: clock.nowMs() });
      }
      const { answer, atMs } = await answerNow(question, attempt, signal);
      return evidenceOf({ ...base, answer, source: 'github api', atMs });
    },
  };
}
