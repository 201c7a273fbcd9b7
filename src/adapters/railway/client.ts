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
        if (response.status === 429) {
          quietUntilMs.set(
            key,
            options.clock.monotonicMs() + retryAfterMs(response.headers.get('retry-after'), options.clock.nowMs()),
          );
          if (quietUntilMs.size > 64) quietUntilMs.delete(quietUntilMs.keys().next().value ?? '');
          await response.body?.cancel();
          return failed('Railway limits the rate of questions (429)');
        }
        if (response.status !== 200) {
          await response.body?.cancel();
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

/** Seconds or an HTTP date (RFC 9110 section 10.2.3); a minute where it cannot be read. */
function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return DEFAULT_RETRY_MS;
  const askedMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  if (Number.isNaN(askedMs)) return DEFAULT_RETRY_MS;
  return Math.min(Math.max(askedMs, 1000), LONGEST_RETRY_MS);
}
