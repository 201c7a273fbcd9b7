import type { LayerOpinion } from '../../core/verdict.ts';
import type { PolicyInput } from '../../ports/policy-engine.ts';
import type { SetAnswer } from './answers.ts';
import { type LayerName, opinionOf, policyError } from './findings.ts';
import { showProblem } from './layers.ts';

/** Expressions that one layer may evaluate: the same input always meets the same bound. */
export const MAX_STEPS = 100_000;

export interface EvaluatedLayer extends LayerName {
  readonly set: number;
  readonly asked: readonly string[];
  readonly places: ReadonlyMap<string, string>;
}

/** What one layer said, out of the engine's answers to all. INVARIANT: what is missing in an answer denies. */
export function opinionOfAnswer(
  layer: EvaluatedLayer,
  answers: readonly SetAnswer[],
  input: PolicyInput,
): LayerOpinion {
  const said = answers.find((one) => one.set === layer.set);
  const denied = (why: string): LayerOpinion => policyError(layer, input.effects.length, why);
  if (said?.found === undefined) return denied(said?.error ? showProblem(said.error) : 'no answer');
  // Each rule that was asked has its list, even an empty one: a missing one is undefined.
  const missing = layer.asked.find((rule) => !Array.isArray(said.found?.[rule]));
  if (missing !== undefined) return denied(`\`${missing}\` is undefined`);
  return opinionOf(layer, said.found, input, (rule) => layer.places.get(rule) ?? layer.label);
}
