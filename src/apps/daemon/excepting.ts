import type { Verb } from '../../core/effect.ts';
import { POLICY_ERROR } from '../../core/exception.ts';
import { type ResourceRef, resourceKey } from '../../core/resource.ts';
import type { HoldRecord } from '../../ports/store.ts';

/** One rule that holds an effect, as an exception would name it. `never`: why none can cover it. */
export interface Excepting {
  readonly rule: string;
  readonly verb: Verb;
  readonly target: ResourceRef;
  readonly workspace: string;
  readonly never?: string;
}

/** What would have to be excepted so that the attempt of this hold is allowed: each rule for each effect. */
export function exceptingOf(hold: HoldRecord): readonly Excepting[] {
  const all = hold.verdict.findings.flatMap((finding): Excepting[] => {
    const effect = hold.effects[finding.effect];
    if (finding.says === 'allow' || effect === undefined) return [];
    const known = 'known' in effect.target;
    const never =
      finding.rule === POLICY_ERROR
        ? 'a policy that failed is repaired, not excepted'
        : effect.tags?.includes('guard-tampering') === true
          ? 'tampering with the guard is never excepted'
          : known
            ? undefined
            : 'what it would hit is not known';
    return [
      {
        rule: finding.rule,
        verb: effect.verb,
        target: 'known' in effect.target ? effect.target.known : { system: 'unknown', kind: 'unknown', path: [] },
        workspace: hold.attempt.workspace,
        ...(never === undefined ? {} : { never }),
      },
    ];
  });
  return [...new Map(all.map((one) => [`${one.rule} ${one.verb} ${resourceKey(one.target)}`, one])).values()];
}
