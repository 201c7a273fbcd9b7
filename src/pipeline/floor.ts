import { dangerOf } from '../core/danger.ts';
import { digestOf } from '../core/digest.ts';
import type { Effect } from '../core/effect.ts';
import type { Evidence } from '../core/evidence.ts';
import { resourceKey } from '../core/resource.ts';
import type { Finding, LayerOpinion, Obligation } from '../core/verdict.ts';
import type { PolicyEngine, PolicyInput } from '../ports/policy-engine.ts';

/**
 * The built-in floor: constant, part of the program, first of the layers. Nothing loosens it but a signed exception.
 * Change a rule and its version changes, and with it the digest that people sign.
 */
const FLOOR_DIGEST = digestOf({ layer: 'floor', version: 1 });

/** Doors that hold the agent: what opaque code does comes back through a gateway. */
const CONTAINED: ReadonlySet<string> = new Set(['sandbox']);

export const floor: PolicyEngine = {
  evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]> {
    return Promise.resolve([floorOpinion(input)]);
  },
};

function floorOpinion(input: PolicyInput): LayerOpinion {
  const findings: Finding[] = [];
  const obligations: Obligation[] = [];
  const add = (effect: number, rule: string, says: Finding['says'], reason: string): void => {
    findings.push({ layer: 'floor', rule, effect, says, reason });
  };
  input.effects.forEach((effect, index) => {
    const danger = dangerOf(effect);
    switch (danger) {
      case 'harmless':
        return;
      case 'opaque':
        if (CONTAINED.has(input.attempt.door))
          add(index, 'floor/contained', 'allow', 'runs where its consequences come back through a gateway');
        else add(index, 'floor/opaque', 'hold', `cannot be understood from here: ${effect.summary}`);
        return;
      case 'destructive': {
        if (effect.tags?.includes('guard-tampering') === true) {
          add(
            index,
            'floor/guard-tampering',
            'deny',
            'would weaken or remove the guard; only a person does that, outside the agent',
          );
          return;
        }
        add(index, 'floor/destructive', 'hold', reasonOf(effect));
        obligations.push({ kind: 'signers', count: 1 });
        if (effect.reversal === 'safeguardable') obligations.push({ kind: 'safeguard', effect: index });
        const missing = missingFacts(effect, input.evidence);
        if (missing.length > 0) add(index, 'floor/missing-fact', 'hold', `not known: ${missing.join('; ')}`);
        return;
      }
      default:
        danger satisfies never;
    }
  });
  return { layer: 'floor', digest: FLOOR_DIGEST, findings, obligations };
}

function reasonOf(effect: Effect): string {
  if (!('known' in effect.target))
    return `${effect.summary}, and what it would hit is not known: ${effect.target.unknown}`;
  switch (effect.reversal) {
    case 'irreversible':
      return `${effect.summary}; that cannot be undone`;
    case 'unknown':
      return `${effect.summary}; nothing shows that it can be undone`;
    case 'safeguardable':
      return `${effect.summary}; that can be undone only with a copy taken first`;
    case 'regenerable':
    case 'undoable':
      return effect.summary;
    default:
      return effect.reversal satisfies never;
  }
}

function missingFacts(effect: Effect, evidence: readonly Evidence[]): readonly string[] {
  if (!('known' in effect.target)) return [];
  const target = resourceKey(effect.target.known);
  return evidence.flatMap((one) =>
    resourceKey(one.question.about) === target && 'unknown' in one.answer
      ? [`${one.question.check} (${one.answer.unknown})`]
      : [],
  );
}
