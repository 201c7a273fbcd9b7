import type { Effect } from '../core/effect.ts';
import { resourceKey } from '../core/resource.ts';
import type { SafeguardTaken } from '../core/safeguard.ts';
import type { Safeguarder } from '../ports/safeguard.ts';
import { type Begun, demandBegun, mintSafe, type Refused, refused, type Safe } from './products.ts';

/** Seventh stage: takes what was planned and signed. A copy that cannot be made and checked stops the attempt. */
export async function safeguard(begun: Begun, safeguarders: readonly Safeguarder[]): Promise<Safe | Refused> {
  demandBegun(begun);
  const { judged } = begun.authorization;
  const taken: SafeguardTaken[] = [];
  if (judged.says === 'hold') {
    for (const plan of judged.plans) {
      // A plan of kind `none` was on the card: the person signed knowing that nothing brings this back.
      if (plan.kind === 'none') continue;
      const adapter = safeguarders.find((one) => one.kind === plan.kind);
      const effect = judged.effects[plan.effect];
      if (adapter === undefined || effect === undefined)
        return refused('deny', 'floor/safeguard', `nobody can take the safeguard \`${plan.kind}\``);
      // Two effects on one thing are undone by one copy.
      const before = taken.find(
        (one) => one.plan.kind === plan.kind && isSame(judged.effects[one.plan.effect], effect),
      );
      if (before !== undefined) {
        taken.push({ ...before, plan });
        continue;
      }
      const result = await adapter.take(plan, effect, judged.attempt);
      if (!result.ok) return refused('deny', 'floor/safeguard', `the safeguard failed, so nothing ran: ${result.why}`);
      taken.push(result.taken);
    }
  }
  return mintSafe({ begun, taken });
}

function isSame(one: Effect | undefined, other: Effect): boolean {
  if (one === undefined || one.verb !== other.verb || !('known' in one.target) || !('known' in other.target))
    return false;
  return resourceKey(one.target.known) === resourceKey(other.target.known);
}
