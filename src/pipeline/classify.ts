import type { Effect } from '../core/effect.ts';
import { type Evidence, type Question, questionKey } from '../core/evidence.ts';
import { LIMITS } from '../core/limits.ts';
import type { Reader } from '../languages/reading.ts';
import { type Classified, demandObserved, mintClassified, type Observed } from './products.ts';

/** Second stage, pure: text and known facts in, effects and open questions out. Asks, never reads. */
export function classify(observed: Observed, evidence: readonly Evidence[], read: Reader): Classified {
  demandObserved(observed);
  const { attempt } = observed;
  const answers = new Map(evidence.map((one) => [questionKey(one.question), one.answer]));
  const reading = read(attempt.action, {
    workspace: attempt.workspace,
    cwd: attempt.action.cwd ?? '',
    fact: (check, about) => answers.get(questionKey({ check, about })),
  });
  const open = new Map<string, Question>();
  for (const question of reading.questions) {
    const key = questionKey(question);
    if (!answers.has(key)) open.set(key, question);
  }
  const tooMany = reading.effects.length > LIMITS.effects || open.size > LIMITS.questions;
  return mintClassified({
    attempt,
    effects: tooMany ? [tooManyEffect(reading.effects.length)] : reading.effects,
    open: tooMany ? [] : [...open.values()],
    evidence,
  });
}

function tooManyEffect(count: number): Effect {
  return {
    verb: 'run',
    target: { unknown: 'too many effects to judge one by one' },
    count: { min: 1, max: 'unbounded' },
    reversal: 'unknown',
    basis: 'opaque',
    source: 'pipeline/limits',
    summary: `does ${count} things at once, more than the ${LIMITS.effects} that can be judged`,
  };
}
