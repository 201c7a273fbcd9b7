import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '../../src/core/attempt.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Evidence } from '../../src/core/evidence.ts';
import type { Safeguarder } from '../../src/ports/safeguard.ts';

/** A safeguarder with an effect that it can safeguard, in a fresh world. */
export interface SafeguardCase {
  readonly safeguarder: Safeguarder;
  readonly effect: Effect;
  readonly evidence: readonly Evidence[];
  readonly attempt: Attempt;
  /** An effect of the same kind that nothing is planned for. */
  readonly unneeded: Effect;
  /** Does what the effect says. */
  destroy(): Promise<void>;
  /** Puts it back from what was taken; throws if that is refused. */
  restore(where: string): Promise<void>;
  /** The state that is protected, comparable. */
  state(): Promise<unknown>;
}

/** What every safeguarder keeps to. */
export function safeguardContract(
  name: string,
  make: () => Promise<SafeguardCase>,
  options: { readonly skip?: string | false } = {},
): void {
  test(`${name}: the plan is the same for the repeat of an attempt`, options, async () => {
    const { safeguarder, effect, evidence, attempt } = await make();
    const plan = safeguarder.plan(effect, 3, evidence, attempt);
    assert.notEqual(plan, undefined);
    assert.equal(plan?.effect, 3);
    const again = { ...attempt, id: `${attempt.id}-again`, atMs: attempt.atMs + 1e9, statedPurpose: 'other' };
    assert.deepEqual(safeguarder.plan(effect, 3, evidence.toReversed(), again), plan);
  });

  test(`${name}: what was taken brings back what was destroyed`, options, async () => {
    const one = await make();
    const plan = one.safeguarder.plan(one.effect, 0, one.evidence, one.attempt);
    assert.equal(plan?.kind, one.safeguarder.kind);
    assert.equal(plan.outsideBlastRadius, true);
    const before = await one.state();
    const result = await one.safeguarder.take(plan, one.effect, one.attempt);
    assert.deepEqual(await one.state(), before, 'taking a copy changes nothing');
    assert.ok(result.ok, result.ok ? '' : result.why);
    assert.deepEqual(result.taken.plan, plan);
    assert.match(result.taken.digest, /^[0-9a-f]{64}$/);
    await one.destroy();
    assert.notDeepEqual(await one.state(), before);
    await one.restore(result.taken.where);
    assert.deepEqual(await one.state(), before);
  });

  test(`${name}: no plan for what needs none, and no copy for another's plan`, options, async () => {
    const { safeguarder, effect, evidence, attempt, unneeded } = await make();
    assert.equal(safeguarder.plan({ ...effect, verb: 'read' }, 0, evidence, attempt), undefined);
    assert.equal(safeguarder.plan(unneeded, 0, evidence, attempt), undefined);
    assert.equal(safeguarder.plan({ ...effect, target: { unknown: 'why' } }, 0, evidence, attempt), undefined);
    const plan = { effect: 0, how: '', kind: 'someone-else', outsideBlastRadius: true };
    assert.equal((await safeguarder.take(plan, effect, attempt)).ok, false);
  });
}
