import type { z } from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential } from '../../ports/credentials.ts';

export type Answer<T> =
  | { readonly ok: true; readonly data: T; readonly headers: Headers; readonly atMs: number }
  | { readonly ok: false; readonly isMissing: boolean; readonly why: string };

export interface GithubClient {
  /** One GET below the API's root; the answer must have the shape asked for. */
  get<T>(
    base: string,
    path: string,
    /** Without one GitHub tells what it tells everybody: about public repositories, some sixty times an hour. */
    credential: Credential | undefined,
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Answer<T>>;
}

export interface ClientOptions {
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  readonly requestTimeoutMs: number;
  /** `AbortSignal.timeout` where left out. */
  readonly timeout?: (ms: number) => AbortSignal;
}

const ANSWER_BYTES = 4 * 1024 * 1024;
const DEFAULT_QUIET_MS = 60_000;
const LONGEST_QUIET_MS = 60 * 60 * 1000;
const REMEMBERED = 64;

export function makeGithubClient(options: ClientOptions): GithubClient {
  const { clock } = options;
  // Monotonic time before which a credential is not used again, by credential.
  const quietUntilMs = new Map<string, number>();
  const beQuiet = (key: string, forMs: number): void => {
    quietUntilMs.delete(key);
    quietUntilMs.set(key, clock.monotonicMs() + forMs);
    if (quietUntilMs.size > REMEMBERED) quietUntilMs.delete(quietUntilMs.keys().next().value ?? '');
  };
  return {
    async get(base, path, credential, shape, signal) {
      const key = `${base} ${credential?.header ?? ''} ${credential?.value ?? ''}`;
      if (clock.monotonicMs() < (quietUntilMs.get(key) ?? Number.NEGATIVE_INFINITY))
        return failed('GitHub limits the rate of questions; asked again later');
      const timeout = (options.timeout ?? AbortSignal.timeout)(options.requestTimeoutMs);
      try {
        const atMs = clock.nowMs();
        // SECURITY: this client only reads; no redirect takes the credential elsewhere.
        const response = await options.fetch(`${base}${path}`, {
          method: 'GET',
          headers: {
            accept: 'application/vnd.github+json',
            'x-github-api-version': '2022-11-28',
            'user-agent': 'holdpoint',
            ...(credential === undefined ? {} : { [credential.header]: credential.value }),
          },
          redirect: 'manual',
          signal: AbortSignal.any([signal, timeout]),
        });
        const quietMs = quietFor(response, clock.nowMs());
        if (quietMs !== undefined) beQuiet(key, quietMs);
        if (response.status !== 200) {
          await response.body?.cancel();
          if (quietMs !== undefined) return failed(`GitHub limits the rate of questions (${response.status})`);
          const why = `GitHub answered with status ${response.status}`;
          // What is private is missing to those who show no credential: that is no answer.
          if (credential === undefined)
            return failed(`${why} to somebody without a credential, and that of this attempt is not known here`);
          return { ...failed(why), isMissing: response.status === 404 };
        }
        const text = await readBounded(response);
        if (text === undefined) return failed('GitHub sent an answer that is too large');
        const parsed = parseStrictJson(text, LIMITS.jsonDepth, { numbers: 'any' });
        if (!parsed.ok) return failed(`GitHub sent an answer that is not JSON (${parsed.error})`);
        const data = shape.safeParse(parsed.value);
        if (data.success) return { ok: true, data: data.data, headers: response.headers, atMs };
        return failed(
          `GitHub sent an answer of an unexpected shape (at ${data.error.issues[0]?.path.join('.') || 'its root'})`,
        );
      } catch (error) {
        if (timeout.aborted) return failed(`GitHub did not answer within ${options.requestTimeoutMs} ms`);
        if (signal.aborted) return failed('the question was given up before GitHub answered');
        return failed(`GitHub cannot be reached (${error instanceof Error ? error.name : 'unknown error'})`);
      }
    },
  };
}

function failed(why: string): { readonly ok: false; readonly isMissing: false; readonly why: string } {
  return { ok: false, isMissing: false, why };
}

/**
 * How long not to ask again: `Retry-After`, else until `X-RateLimit-Reset` where nothing remains; `undefined` where there is no
 * limit in sight. A 403 or 429 with neither is a secondary limit only if it is a 429.
 * Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
function quietFor(response: Response, nowMs: number): number | undefined {
  const isLimit = response.status === 429 || response.status === 403;
  const retry = response.headers.get('retry-after');
  if (isLimit && retry !== null) return bounded(/^\d+$/.test(retry) ? Number(retry) * 1000 : Date.parse(retry) - nowMs);
  if (response.headers.get('x-ratelimit-remaining') === '0') {
    const reset = response.headers.get('x-ratelimit-reset') ?? '';
    return bounded(/^\d+$/.test(reset) ? Number(reset) * 1000 - nowMs : Number.NaN);
  }
  return response.status === 429 ? DEFAULT_QUIET_MS : undefined;
}

function bounded(askedMs: number): number {
  return Number.isNaN(askedMs) ? DEFAULT_QUIET_MS : Math.min(Math.max(askedMs, 1000), LONGEST_QUIET_MS);
}

async function readBounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
