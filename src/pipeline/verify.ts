import type { Attempt } from '../core/attempt.ts';
import type { Effect } from '../core/effect.ts';
import { type Evidence, evidenceOf, isFresh, type Question } from '../core/evidence.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Verifier } from '../ports/verifier.ts';
import { type Classified, demandClassified, mintVerified, type Verified } from './products.ts';

export interface VerifyPorts {
  readonly verifiers: readonly Verifier[];
  readonly clock: Clock;
  readonly verifyTimeoutMs?: number;
}

/**
 * Third stage: answers the open questions from the world, classifies again with the answers, until no new question
 * comes up. Bounded in rounds and time; what is open after that stays unknown, and unknown holds.
 */
export async function verify(
  first: Classified,
  reclassify: (evidence: readonly Evidence[]) => Classified,
  ports: VerifyPorts,
): Promise<Verified> {
  demandClassified(first);
  let current = first;
  // Most attempts ask nothing; a timer for each of them would be most of the garbage that a decision makes.
  const signal = first.open.length === 0 ? NEVER : AbortSignal.timeout(ports.verifyTimeoutMs ?? LIMITS.verifyTimeoutMs);
  for (let round = 0; current.open.length > 0 && round < LIMITS.verifyRounds; round += 1) {
    const answers = await Promise.all(current.open.map((question) => ask(question, current.attempt, ports, signal)));
    current = reclassify([...current.evidence, ...answers]);
    demandClassified(current);
  }
  // Evidence may have aged while later rounds ran.
  const nowMs = ports.clock.nowMs();
  const stale = current.evidence.filter((one) => 'known' in one.answer && !isFresh(one, nowMs));
  const unsettled: Effect[] = [];
  if (current.open.length > 0)
    unsettled.push(
      unsettledEffect(`still asks about ${current.open.length} facts after ${LIMITS.verifyRounds} rounds`),
    );
  if (stale.length > 0)
    unsettled.push(unsettledEffect(`${stale.length} facts were too old by the time all were known`));
  return mintVerified({
    attempt: current.attempt,
    effects: [...current.effects, ...unsettled],
    evidence: current.evidence,
  });
}

/** Never aborts: for attempts without a question. */
const NEVER = new AbortController().signal;

async function ask(question: Question, attempt: Attempt, ports: VerifyPorts, signal: AbortSignal): Promise<Evidence> {
  const nothing = (why: string): Evidence =>
    evidenceOf({ question, answer: { unknown: why }, source: 'holdpoint', atMs: ports.clock.nowMs(), maxAgeMs: 0 });
  const verifier = ports.verifiers.find((one) => one.canAnswer(question));
  if (verifier === undefined)
    return nothing(`nobody here can check \`${question.check}\` of a ${question.about.system} ${question.about.kind}`);
  const { promise: timedOut, resolve } = Promise.withResolvers<Evidence>();
  const onAbort = (): void => resolve(nothing(`${verifier.name} did not answer in time`));
  if (signal.aborted) return nothing(`${verifier.name} was not asked: no time left`);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    // INVARIANT: a verifier that rejects is an unknown, never a missing question.
    return await Promise.race([
      verifier
        .answer(question, attempt, signal)
        .catch((error: unknown) =>
          nothing(`${verifier.name} failed: ${error instanceof Error ? error.message : String(error)}`),
        ),
      timedOut,
    ]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function unsettledEffect(why: string): Effect {
  return {
    verb: 'run',
    target: { unknown: why },
    count: { min: 1, max: 'unbounded' },
    reversal: 'unknown',
    basis: 'opaque',
    source: 'pipeline/verify',
    summary: `cannot be judged: ${why}`,
  };
}
