import { dangerOf } from './danger.ts';
import type { Digest } from './digest.ts';
import type { Effect } from './effect.ts';
import type { Exception } from './exception.ts';
import { coversFinding } from './exception.ts';

export type Says = 'allow' | 'hold' | 'deny';
export type Layer = 'floor' | 'built-in' | 'organisation' | 'repository' | 'session';

export interface Finding {
  readonly layer: Layer;
  /** Stable id of the rule, e.g. `floor/destructive`. */
  readonly rule: string;
  /** Index into the list of effects. */
  readonly effect: number;
  readonly says: Says;
  /** For people and agents: lower case, no full stop. */
  readonly reason: string;
}

export type Obligation =
  | { readonly kind: 'signers'; readonly count: number }
  | { readonly kind: 'safeguard'; readonly effect: number };

export interface Verdict {
  readonly says: Says;
  readonly findings: readonly Finding[];
  readonly obligations: readonly Obligation[];
  /** Digest of each layer that took part. */
  readonly policies: readonly Digest[];
}

const RANK: Record<Says, number> = { allow: 0, hold: 1, deny: 2 };

export function stricter(a: Says, b: Says): Says {
  return RANK[a] >= RANK[b] ? a : b;
}

/** Joins two verdicts over the same effects: the stricter wins, obligations add up. Commutative, associative, idempotent. */
export function joinVerdicts(a: Verdict, b: Verdict): Verdict {
  return {
    says: stricter(a.says, b.says),
    findings: uniqueSorted([...a.findings, ...b.findings]),
    obligations: mergeObligations([...a.obligations, ...b.obligations]),
    policies: [...new Set([...a.policies, ...b.policies])].sort(),
  };
}

/** What one layer of policy said about a list of effects. */
export interface LayerOpinion {
  readonly layer: Layer;
  readonly digest: Digest;
  readonly findings: readonly Finding[];
  readonly obligations: readonly Obligation[];
}

/**
 * Decides over all layers. Per effect the stricter finding wins; silence on a destructive or opaque effect is a hold;
 * a finding that names no effect counts as deny. The one thing that loosens is a verified exception, which takes out
 * the findings that it covers; what stands in their place is an allow that names the exception.
 */
export function decideVerdict(
  effects: readonly Effect[],
  opinions: readonly LayerOpinion[],
  exceptions: readonly Exception[],
): Verdict {
  const findings: Finding[] = [];
  const obligations: Obligation[] = [];
  for (const opinion of opinions) {
    obligations.push(...opinion.obligations);
    for (const finding of opinion.findings) {
      if (effects[finding.effect] === undefined) {
        findings.push({
          ...finding,
          says: 'deny',
          reason: `rule \`${finding.rule}\` names effect ${finding.effect}, which does not exist`,
        });
      } else findings.push(finding);
    }
  }
  let says: Says = 'allow';
  const standing: Finding[] = findings.filter((finding) => effects[finding.effect] === undefined);
  if (standing.length > 0) says = 'deny';
  effects.forEach((effect, index) => {
    const mine: Finding[] = findings.filter((finding) => finding.effect === index);
    // INVARIANT: silence never allows what could destroy.
    if (mine.length === 0 && dangerOf(effect) !== 'harmless') {
      mine.push({
        layer: 'floor',
        rule: 'floor/silence',
        effect: index,
        says: 'hold',
        reason: 'no policy speaks for this effect',
      });
    }
    for (const finding of mine) {
      const exception =
        finding.says === 'allow' ? undefined : exceptions.find((one) => coversFinding(one, finding, effect));
      const stands: Finding =
        exception === undefined
          ? finding
          : {
              ...finding,
              says: 'allow',
              reason: `excepted by ${exception.signer} until ${new Date(exception.expiresAtMs).toISOString()}: ${exception.because}`,
            };
      standing.push(stands);
      says = stricter(says, stands.says);
    }
  });
  return {
    says,
    findings: uniqueSorted(standing),
    obligations: mergeObligations(obligations),
    policies: [...new Set(opinions.map((opinion) => opinion.digest))].sort(),
  };
}

function uniqueSorted(findings: readonly Finding[]): Finding[] {
  const byText = new Map(
    findings.map((finding) => [
      JSON.stringify([finding.effect, RANK[finding.says], finding.layer, finding.rule, finding.reason]),
      finding,
    ]),
  );
  return [...byText.keys()].sort().flatMap((key) => byText.get(key) ?? []);
}

function mergeObligations(obligations: readonly Obligation[]): Obligation[] {
  let signers = 0;
  const safeguards = new Set<number>();
  for (const obligation of obligations) {
    if (obligation.kind === 'signers') signers = Math.max(signers, obligation.count);
    else safeguards.add(obligation.effect);
  }
  const merged: Obligation[] = signers > 0 ? [{ kind: 'signers', count: signers }] : [];
  for (const effect of [...safeguards].sort((a, b) => a - b)) merged.push({ kind: 'safeguard', effect });
  return merged;
}
