import { isCatastrophic } from '../core/danger.ts';
import { DENIED_BEFORE, type Denial, DOOR_SHUT, denialOf, doorShutBy, onlyLooks } from '../core/denial.ts';
import { digestOf } from '../core/digest.ts';
import type { Effect } from '../core/effect.ts';
import type { Exception } from '../core/exception.ts';
import { resourceKey } from '../core/resource.ts';
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
    return (
      finding.rule === DENIED_BEFORE || finding.rule === DOOR_SHUT || effect === undefined || isCatastrophic(effect)
    );
  });
}

/**
 * A denial is about the effect and its target: the same effect in other clothes meets it too. After three refused ways
 * to one effect the task may only look, until a person opens its door.
 */
function denialOpinion(effects: readonly Effect[], denials: readonly Denial[]): LayerOpinion {
  const findings: Finding[] = [];
  const deny = (effect: number, rule: string, reason: string): void => {
    findings.push({ layer: 'session', rule, effect, says: 'deny', reason });
  };
  const shut = doorShutBy(denials);
  const stays = shut !== undefined && !onlyLooks(effects);
  effects.forEach((effect, index) => {
    const denial = denialOf(effect, denials);
    if (denial !== undefined) {
      const said = denial.say === undefined ? '' : `, saying: ${denial.say}`;
      deny(
        index,
        DENIED_BEFORE,
        `a person refused this effect on this target for this task${said}; another way to the same effect is refused too`,
      );
    }
    if (stays && !onlyLooks([effect])) deny(index, DOOR_SHUT, shutReason(shut));
  });
  return { layer: 'session', digest: DENIAL_RULE, findings, obligations: [] };
}

function shutReason({ verb, target, hold, task }: Denial): string {
  const what = target.system === 'file' ? target.path.join('/') : resourceKey(target);
  const which = hold ?? `--task ${/^[\w.:@-]+$/.test(task) ? task : JSON.stringify(task)}`;
  return `three ways to the same effect (${verb} ${what}) were refused for this task, so it may only read until a person opens its door with \`holdpoint reopen ${which}\``;
}

const DENIAL_RULE = digestOf({ rules: [DENIED_BEFORE, DOOR_SHUT], version: 3 });

function planSafeguards(
  verified: Verified,
  verdict: Verdict,
  safeguarders: readonly Safeguarder[],
): readonly SafeguardPlan[] {
  const owed = new Set(verdict.obligations.flatMap((one) => (one.kind === 'safeguard' ? [one.effect] : [])));
  return verified.effects.flatMap((effect, index): readonly SafeguardPlan[] => {
    if (!owed.has(index) && !isLostForGood(effect)) return [];
    const plan = safeguarders
      .map((one) => one.plan(effect, index, verified.evidence, verified.attempt))
      .find((one) => one !== undefined);
    if (plan !== undefined || !owed.has(index)) return plan === undefined ? [] : [plan];
    const how = 'no copy can be made of this before it runs';
    return [{ effect: index, kind: 'none', how, outsideBlastRadius: false }];
  });
}

/** Nothing brings it back, but what it holds may be copied first. */
function isLostForGood(effect: Effect): boolean {
  return effect.verb === 'destroy' && effect.reversal === 'irreversible';
}
