import { z } from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential } from '../../ports/credentials.ts';

/** `refused`: the provider says that this credential may not ask. */
export type Answer<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly refused: boolean; readonly why: string };

export interface RailwayClient {
  /** Sends one query; the answer must have exactly the shape asked for, and no errors beside it. */
  query<T>(
    credential: Credential,
    query: string,
    variables: object,
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Answer<T>>;
}

export interface ClientOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  readonly requestTimeoutMs: number;
  /** `AbortSignal.timeout` where left out. */
  readonly timeout?: (ms: number) => AbortSignal;
}

const ANSWER_BYTES = 4 * 1024 * 1024;
const DEFAULT_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 60 * 60 * 1000;

const Envelope = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

export function makeRailwayClient(options: ClientOptions): RailwayClient {
  // Monotonic time before which a credential is not used again, by credential.
  const quietUntilMs = new Map<string, number>();
  return {
    async query(credential, query, variables, shape, signal) {
      // SECURITY: this client only asks; a mutation here would be a way around every gate.
      if (!/^\s*query\b/.test(query)) throw new Error('the verifier sends queries only');
      const key = `${credential.header} ${credential.value}`;
      if (options.clock.monotonicMs() < (quietUntilMs.get(key) ?? Number.NEGATIVE_INFINITY)) {
        return failed('Railway limits the rate of questions; asked again later');
      }
      const timeout = (options.timeout ?? AbortSignal.timeout)(options.requestTimeoutMs);
      try {
        const response = await options.fetch(options.endpoint, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            [credential.header]: credential.value,
          },
          body: JSON.stringify({ query, variables }),
          redirect: 'error',
          signal: AbortSignal.any([signal, timeout]),
        });
        const quietMs = quietFor(response, options.clock.nowMs());
        if (quietMs !== undefined) {
          quietUntilMs.delete(key);
          quietUntilMs.set(key, options.clock.monotonicMs() + quietMs);
          if (quietUntilMs.size > 64) quietUntilMs.delete(quietUntilMs.keys().next().value ?? '');
        }
        if (response.status !== 200) {
          await response.body?.cancel();
          if (quietMs !== undefined) return failed(`Railway limits the rate of questions (${response.status})`);
          return {
            ok: false,
            refused: response.status === 401 || response.status === 403,
            why: `Railway answered with status ${response.status}`,
          };
        }
        return judgeAnswer(await readBounded(response), shape);
      } catch (error) {
        if (timeout.aborted) return failed(`Railway did not answer within ${options.requestTimeoutMs} ms`);
        if (signal.aborted) return failed('the question was given up before Railway answered');
        return failed(`Railway cannot be reached (${error instanceof Error ? error.name : 'unknown error'})`);
      }
    },
  };
}

function judgeAnswer<T>(text: string | undefined, shape: z.ZodType<T>): Answer<T> {
  if (text === undefined) return failed('Railway sent an answer that is too large');
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) return failed(`Railway sent an answer that is not JSON (${parsed.error})`);
  const envelope = Envelope.safeParse(parsed.value);
  if (!envelope.success) return failed('Railway sent an answer of an unexpected shape');
  const messages = (envelope.data.errors ?? []).map((error) => error.message.slice(0, 200));
  if (messages.length > 0) {
    return {
      ok: false,
      refused: messages.includes('Not Authorized'),
      why: `Railway answered with an error: ${messages.slice(0, 3).join('; ')}`,
    };
  }
  const data = shape.safeParse(envelope.data.data);
  if (data.success) return { ok: true, data: data.data };
  return failed(
    `Railway sent an answer of an unexpected shape (at ${data.error.issues[0]?.path.join('.') || 'its root'})`,
  );
}

function failed(why: string): { readonly ok: false; readonly refused: false; readonly why: string } {
  return { ok: false, refused: false, why };
}

async function readBounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  if (body === undefined) return '';
  for await (const chunk of body) {
    size += chunk.length;
    if (size > ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

/**
 * How long not to ask again: as `Retry-After` says (RFC 9110 section 10.2.3), else until `X-RateLimit-Reset` where nothing
 * remains; `undefined` where no limit is in sight. The answer that took the last of them is still good.
 * Source: https://docs.railway.com/reference/public-api#rate-limits
 */
function quietFor(response: Response, nowMs: number): number | undefined {
  const retry = response.headers.get('retry-after');
  if (response.status === 429 || (response.status === 503 && retry !== null)) return bounded(untilMs(retry, nowMs));
  if (response.headers.get('x-ratelimit-remaining') !== '0') return undefined;
  const reset = response.headers.get('x-ratelimit-reset');
  // A number this large is a point in time, not a span.
  const isPoint = reset !== null && /^\d{10,13}$/.test(reset);
  return bounded(isPoint ? Number(reset) * (reset.length > 11 ? 1 : 1000) - nowMs : untilMs(reset ?? retry, nowMs));
}

/** Seconds or a date. */
function untilMs(header: string | null, nowMs: number): number {
  if (header === null) return Number.NaN;
  return /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
}

/** A minute where it cannot be read. */
function bounded(askedMs: number): number {
  return Number.isNaN(askedMs) ? DEFAULT_RETRY_MS : Math.min(Math.max(askedMs, 1000), LONGEST_RETRY_MS);
}
