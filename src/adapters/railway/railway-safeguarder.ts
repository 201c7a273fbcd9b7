import { digestOf } from '../../core/digest.ts';
import type { Effect } from '../../core/effect.ts';
import type { Evidence } from '../../core/evidence.ts';
import type { BackupsFact, DatabaseInside } from '../../core/facts.ts';
import { isAtOrBelow } from '../../core/places.ts';
import { type ResourceRef, resourceKey } from '../../core/resource.ts';
import type { SafeguardPlan, SafeguardTaken } from '../../core/safeguard.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { CopyResult, DatabaseCopier } from '../../ports/database-copies.ts';
import type { Safeguarder } from '../../ports/safeguard.ts';
import { databasesIn, lookAt } from './databases.ts';
import type { Learner } from './learner.ts';
import { placeOf } from './place.ts';

const KIND = 'postgres-dump';
const ASK_TIMEOUT_MS = 30_000;
/** What takes data with it. A deleted backup is copied by nobody: it is inside of the provider. */
const HOLDS_DATA: ReadonlySet<string> = new Set(['volume', 'volume-instance', 'service', 'environment', 'project']);

export interface RailwaySafeguarderOptions {
  readonly learner: Learner;
  readonly copier: DatabaseCopier;
}

/** Copies the databases on a volume to the guard's own place, before the volume goes. */
export function makeRailwaySafeguarder({ learner, copier }: RailwaySafeguarderOptions): Safeguarder {
  return {
    kind: KIND,

    plan(effect, index, evidence, attempt) {
      const target = destroyed(effect);
      if (target === undefined) return undefined;
      const none = (why: string): SafeguardPlan => ({
        effect: index,
        kind: 'none',
        how: `no outside copy can be made: ${why}`,
        outsideBlastRadius: false,
      });
      const fact = recoveryFact(target, evidence);
      if (fact === undefined) return undefined;
      if ('unknown' in fact) return none(fact.unknown);
      const { databases } = fact.known;
      if (databases === undefined || databases.length === 0) return undefined;
      if (attempt.workspace !== '' && isAtOrBelow(copier.dir, attempt.workspace))
        return none(`copies are kept in \`${copier.dir}\`, which is inside of the project`);
      const { words, copied } = wordsFor(databases, copier);
      if (copied === 0) return none(words);
      return { effect: index, kind: KIND, how: words, outsideBlastRadius: true };
    },

    async take(plan, effect, attempt) {
      const target = destroyed(effect);
      if (plan.kind !== KIND || target === undefined) return { ok: false, why: `the plan is of kind \`${plan.kind}\`` };
      const credential = learner.credentialOf(attempt);
      if (credential === undefined) return { ok: false, why: 'the credential of this attempt is not known any more' };
      const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
      const learnt = await learner.fresh(credential, signal);
      if (!learnt.ok) return learnt;
      const place = placeOf(target, learnt.data.projects);
      if ('unknown' in place) return { ok: false, why: place.unknown };
      const databases = await databasesIn(learner, credential, place.known, signal);
      const seen = await Promise.all(databases.map((one) => lookAt(one, copier, signal)));
      // What was signed is what is copied: another address by now is another copy.
      if (wordsFor(seen, copier).words !== plan.how)
        return { ok: false, why: 'what would be copied is not what was signed' };
      const addresses = databases.flatMap((one) =>
        'found' in one ? [{ address: one.found.address, about: `the database of ${nameOf(one)}` }] : [],
      );
      return takenFrom(plan, await copier.copy(addresses, [attempt.id, String(plan.effect)]));
    },
  };
}

function takenFrom(
  plan: SafeguardPlan,
  made: CopyResult,
): { readonly ok: true; readonly taken: SafeguardTaken } | { readonly ok: false; readonly why: string } {
  if (!made.ok) return made;
  const [first, ...others] = made.copies;
  const check = made.copies
    .map(
      ({ file, sha256, bytes, tables, rows, restoredInto }) =>
        `${file}: ${bytes} bytes, SHA-256 ${sha256}, ${tables} tables with ${rows} rows, ${
          restoredInto === undefined
            ? 'not restored, so unchecked'
            : `restored once into a throw-away ${restoredInto} with the same tables and rows`
        }`,
    )
    .join('; ');
  const digest =
    first !== undefined && others.length === 0
      ? first.sha256
      : digestOf(made.copies.map(({ file, sha256 }) => ({ file, sha256 })));
  const bytes = made.copies.reduce((sum, one) => sum + one.bytes, 0);
  return { ok: true, taken: { plan, where: made.where, bytes, digest, check } };
}

/** What is copied how, and what is not and why, in words that a person signs. */
function wordsFor(
  databases: readonly DatabaseInside[],
  copier: DatabaseCopier,
): { readonly words: string; readonly copied: number } {
  let copied = 0;
  const parts = databases.map((one) => {
    if ('unknown' in one) return `nothing of ${nameOf(one)}: ${one.unknown}`;
    const means = copier.means(one);
    if (!means.can) return `nothing of ${nameOf(one)}: ${means.why}`;
    copied += 1;
    const size = `${one.tables} tables, at most ${one.megabytes} MB`;
    const claimed = one.vouched ? '' : ', an address that only a variable names and an agent could have written';
    const check =
      means.unchecked === undefined
        ? 'restores that once into a throw-away server and compares tables and rows'
        : `the dump is unchecked: ${means.unchecked}`;
    return `dumps PostgreSQL ${one.major} of ${nameOf(one)} at ${one.at} (${size}${claimed}) with ${means.how} to \`${copier.dir}\`; ${check}`;
  });
  return { words: parts.join('; '), copied };
}

function nameOf({ service, environment }: { readonly service: string; readonly environment: string }): string {
  return `service ${service} in ${environment}`;
}

function destroyed(effect: Effect): ResourceRef | undefined {
  if (effect.verb !== 'destroy' || !('known' in effect.target)) return undefined;
  const { known: target } = effect.target;
  return target.system === 'railway' && HOLDS_DATA.has(target.kind) ? target : undefined;
}

function recoveryFact(target: ResourceRef, evidence: readonly Evidence[]): Tri<BackupsFact> | undefined {
  const key = resourceKey(target);
  const one = evidence.find(({ question }) => question.check === 'recovery' && resourceKey(question.about) === key);
  if (one === undefined) return undefined;
  return 'known' in one.answer ? { known: one.answer.known as unknown as BackupsFact } : unknown(one.answer.unknown);
}
