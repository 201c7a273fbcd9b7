import { isCatastrophic } from '../core/danger.ts';
import type { Denial } from '../core/denial.ts';
import { digestOf } from '../core/digest.ts';
import type { Effect } from '../core/effect.ts';
import type { Exception } from '../core/exception.ts';
import { type ResourceRef, resourceKey } from '../core/resource.ts';
import type { SafeguardPlan } from '../core/safeguard.ts';
import { decideVerdict, type Finding, type LayerOpinion, type Verdict } from '../core/verdict.ts';
import type { DecisionLog } from '../ports/decision-log.ts';
import { POLICY_ERROR, type PolicyEngine } from '../ports/policy-engine.ts';
import type { Safeguarder } from '../ports/safeguard.ts';
import { type AnyJudged, demandVerified, mintJudged, type Verified } from './products.ts';

export interface DecideInput {
  readonly engines: readonly PolicyEngine[];
  readonly safeguarders: readonly Safeguarder[];
  readonly exceptions: readonly Exception[];
  readonly denials: readonly Denial[];
  readonly nowMs: number;
  /** `shadow`: let pass all but catastrophic classes, and say what would have been held. */
  readonly mode: 'shadow' | 'enforce';
  readonly decisions?: Pick<DecisionLog, 'record'>;
  monotonicMs(): number;
}

/** Fourth stage: every layer of policy, earlier denials, exceptions; then the plans that make the effects reversible. */
export async function decide(verified: Verified, input: DecideInput): Promise<AnyJudged> {
  demandVerified(verified);
  const { attempt, effects, evidence } = verified;
  const startedMs = input.monotonicMs();
  const exceptions = input.exceptions.filter(
    (one) => one.workspace === attempt.workspace && one.expiresAtMs > input.nowMs,
  );
  const opinions: LayerOpinion[] = [denialOpinion(effects, input.denials)];
  const policyInput = { attempt, effects, evidence, nowMs: input.nowMs, exceptions };
  for (const engine of input.engines) opinions.push(...(await engine.evaluate(policyInput)));
  const verdict = decideVerdict(effects, opinions, exceptions);
  const plans = planSafeguards(verified, verdict, input.safeguarders);
  const common = { attempt, effects, evidence, verdict, plans };
  const shadowed = verdict.says !== 'allow' && input.mode === 'shadow' && !standsInShadow(effects, verdict);
  input.decisions?.record({
    input: policyInput,
    opinions,
    verdict,
    exceptions,
    shadowed,
    micros: Math.round((input.monotonicMs() - startedMs) * 1000),
  });
  if (shadowed) return mintJudged({ says: 'allow', ...common, shadowed });
  switch (verdict.says) {
    case 'allow':
      return mintJudged({ says: 'allow', ...common, shadowed: false });
    case 'hold':
      return mintJudged({ says: 'hold', ...common, shadowed: false });
    case 'deny':
      return mintJudged({ says: 'deny', ...common, shadowed: false });
    default:
      return verdict.says satisfies never;
  }
}

function standsInShadow(effects: readonly Effect[], verdict: Verdict): boolean {
  return verdict.findings.some((finding) => {
    const effect = effects[finding.effect];
    // Shadow mode suspends policy, a broken one too, but not what a person said. What is catastrophic has a finding of the floor.
    if (finding.says === 'allow' || finding.rule === POLICY_ERROR) return false;
    return finding.rule === DENIED_BEFORE || effect === undefined || isCatastrophic(effect);
  });
}

/** A denial is about the effect and its target: the same effect in other clothes meets it too. */
function denialOpinion(effects: readonly Effect[], denials: readonly Denial[]): LayerOpinion {
  const findings: Finding[] = [];
  effects.forEach((effect, index) => {
    if (!('known' in effect.target)) return;
    const target = effect.target.known;
    const denial = denials.find((one) => one.verb === effect.verb && takesIn(effect.verb, target, one.target));
    if (denial === undefined) return;
    const said = denial.say === undefined ? '' : `, saying: ${denial.say}`;
    findings.push({
      layer: 'session',
      rule: DENIED_BEFORE,
      effect: index,
      says: 'deny',
      reason: `a person refused this effect on this target for this task${said}; another way to the same effect is refused too`,
    });
  });
  return { layer: 'session', digest: DENIAL_RULE, findings, obligations: [] };
}

/** The denied thing itself, or a folder that goes with all that is in it. */
function takesIn(verb: Effect['verb'], target: ResourceRef, denied: ResourceRef): boolean {
  if (resourceKey(target) === resourceKey(denied)) return true;
  const [outer, inner] = [target, denied].map((one) => (one.system === 'file' ? one.path[0] : undefined));
  if ((verb !== 'destroy' && verb !== 'expose') || outer === undefined || inner === undefined) return false;
  return inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}

const DENIED_BEFORE = 'session/denied-before';
const DENIAL_RULE = digestOf({ rule: DENIED_BEFORE, version: 2 });

function planSafeguards(
  verified: Verified,
  verdict: Verdict,
  safeguarders: readonly Safeguarder[],
): readonly SafeguardPlan[] {
  const plans: SafeguardPlan[] = [];
  for (const obligation of verdict.obligations) {
    if (obligation.kind !== 'safeguard') continue;
    const effect = verified.effects[obligation.effect];
    if (effect === undefined) continue;
    const plan = safeguarders
      .map((one) => one.plan(effect, obligation.effect, verified.evidence, verified.attempt))
      .find((one) => one !== undefined);
    plans.push(
      plan ?? {
        effect: obligation.effect,
        kind: 'none',
        how: 'no copy can be made of this before it runs',
        outsideBlastRadius: false,
      },
    );
  }
  return plans;
}
