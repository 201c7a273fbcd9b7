import type { Approval, Presence } from '../core/approval.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { cardOf } from '../core/card.ts';
import { worstDanger } from '../core/danger.ts';
import { digestOfEffects } from '../core/effect.ts';
import { type Claim, claimDigest } from '../core/hold.ts';
import { LIMITS } from '../core/limits.ts';
import type { Approver, Signer } from '../ports/approver.ts';
import type { HoldRecord, Store } from '../ports/store.ts';
import { type Approved, demandJudged, type Judged, mintApproved, type Refused, refused } from './products.ts';

export interface ApprovePorts {
  readonly store: Store;
  readonly approver: Approver;
  /** 32 random bytes as lower-case hex. */
  nonce(): string;
  readonly lifetimeMs: number;
}

/** Fifth stage: finds a person's approval of exactly this, or opens a hold and goes no further. */
export async function approve(judged: Judged<'hold'>, nowMs: number, ports: ApprovePorts): Promise<Approved | Refused> {
  demandJudged(judged);
  const time = await ports.store.advanceTime(nowMs);
  await expireOverdue(ports.store, time.nowMs, time.rolledBack);
  const [standing] = await ports.store.holds({
    attemptKey: judged.attempt.key,
    states: ['open', 'approved'],
    limit: 1,
  });
  if (standing?.state === 'approved' && standing.approval !== undefined) {
    // SECURITY: the store's word is not enough; whoever can write its file could have written `approved`.
    const still = await sufficient(standing, standing.approval, ports.approver);
    if (still.ok) return mintApproved({ hold: standing, approval: standing.approval });
    await ports.store.settleHold(standing.id, ['approved'], 'void', {
      say: `its approval does not count: ${still.why}`,
    });
  }
  if (standing?.state === 'open' && sameMatter(standing.claim, judged))
    return waits(await withPurpose(standing, judged.attempt.statedPurpose, ports.store));
  if (standing?.state === 'open') {
    // What a person would read there is no longer what would run.
    await ports.store.settleHold(standing.id, ['open'], 'void', {
      say: 'the facts changed before anyone signed; a new hold was opened',
    });
  }
  const claim = await makeClaim(judged, time.nowMs, ports);
  const { attempt, effects, evidence, verdict } = judged;
  return waits(await ports.store.openHold({ claim, attempt, effects, evidence, verdict, openedAtMs: time.nowMs }));
}

/** What the agent says of it now, on the card that waits. It is no part of what is signed. */
async function withPurpose(hold: HoldRecord, statedPurpose: string | undefined, store: Store): Promise<HoldRecord> {
  if (statedPurpose === undefined || statedPurpose === hold.attempt.statedPurpose) return hold;
  const kept = await store.settleHold(hold.id, ['open'], 'open', { statedPurpose });
  return kept ? { ...hold, attempt: { ...hold.attempt, statedPurpose } } : hold;
}

function waits(hold: HoldRecord): Refused {
  const finding = hold.verdict.findings.find((one) => one.says === 'hold');
  return refused('hold', finding?.rule ?? 'floor/silence', finding?.reason ?? 'a person must sign', hold);
}

async function makeClaim(judged: Judged<'hold'>, nowMs: number, ports: ApprovePorts): Promise<Claim> {
  return {
    attemptKey: judged.attempt.key,
    effects: digestOfEffects(judged.effects),
    evidence: evidenceDigests(judged),
    policies: judged.verdict.policies,
    plans: judged.plans,
    logHead: await ports.store.head(),
    nonce: ports.nonce(),
    expiresAtMs: nowMs + ports.lifetimeMs,
  };
}

function evidenceDigests(judged: Judged<'hold'>): Claim['evidence'] {
  return [...new Set(judged.evidence.map((one) => one.digest))].sort();
}

/** True where what would run now is what the claim describes: same effects, evidence, policies and plans. */
export function sameMatter(claim: Claim, judged: Judged<'hold'>): boolean {
  return differences(claim, judged).length === 0;
}

/** What changed since the claim was made, in words. */
export function differences(claim: Claim, judged: Judged<'hold'>): readonly string[] {
  const changed: string[] = [];
  if (claim.attemptKey !== judged.attempt.key) changed.push('the attempt itself');
  if (claim.effects !== digestOfEffects(judged.effects)) changed.push('its effects');
  if (claim.evidence.join() !== evidenceDigests(judged).join()) changed.push('a checked fact');
  if (claim.policies.join() !== judged.verdict.policies.join()) changed.push('the policy');
  if (plansText(claim.plans) !== plansText(judged.plans)) changed.push('the safeguard plan');
  return changed;
}

/** Members in one order: a claim that was stored comes back with another than it was made with. */
function plansText(plans: Claim['plans']): string {
  return canonicalJson(plans.map((plan) => ({ ...plan })));
}

/** INVARIANT: time never gives an approval back. After the clock went back every standing hold is void. */
export async function expireOverdue(store: Store, nowMs: number, rolledBack: boolean): Promise<void> {
  for (const hold of await store.holds({ states: ['open', 'approved'] })) {
    if (rolledBack) await store.settleHold(hold.id, ['open', 'approved'], 'void', { say: 'the clock went back' });
    else if (hold.claim.expiresAtMs <= nowMs)
      await store.settleHold(hold.id, ['open', 'approved'], 'expired', { say: 'timed out, nobody refused' });
  }
}

export type Acceptance =
  | { readonly ok: true; readonly signers: readonly Signer[] }
  | { readonly ok: false; readonly why: string };

const PRESENT: ReadonlySet<Presence> = new Set(['touched', 'typed']);

/** Takes a person's approval of an open hold. Every signature is checked; a destructive effect needs presence. */
export async function acceptApproval(
  approval: Approval,
  nowMs: number,
  ports: Pick<ApprovePorts, 'store' | 'approver'>,
): Promise<Acceptance> {
  const time = await ports.store.advanceTime(nowMs);
  await expireOverdue(ports.store, time.nowMs, time.rolledBack);
  const hold = await ports.store.hold(approval.hold);
  if (hold === undefined) return { ok: false, why: `no hold \`${approval.hold}\`` };
  if (hold.state !== 'open')
    return { ok: false, why: `hold ${hold.id} is ${hold.state}${hold.say === undefined ? '' : `: ${hold.say}`}` };
  if (approval.claim !== claimDigest(hold.claim)) return { ok: false, why: 'the signature is over another claim' };
  if (approval.signatures.length === 0) return { ok: false, why: 'no signature' };
  if (!cardOf({ ...hold, text: new TextDecoder().decode(hold.attempt.action.bytes) }).fits) {
    return {
      ok: false,
      why: `hold ${hold.id} does more than a card can show, so it cannot be signed; ask for it in smaller steps`,
    };
  }
  const check = await sufficient(hold, approval, ports.approver);
  if (!check.ok) return check;
  const settled = await ports.store.settleHold(hold.id, ['open'], 'approved', { approval, signers: check.signers });
  return settled
    ? { ok: true, signers: check.signers }
    : { ok: false, why: `hold ${hold.id} was settled by someone else meanwhile` };
}

/** Whether an approval carries what this hold needs: valid signatures over its claim, enough people, presence. */
async function sufficient(hold: HoldRecord, approval: Approval, approver: Approver): Promise<Acceptance> {
  const check = await approver.check(approval, hold.claim);
  if (!check.ok) return check;
  const destructive = worstDanger(hold.effects) === 'destructive';
  const counting = destructive ? check.signers.filter((signer) => PRESENT.has(signer.presence)) : check.signers;
  const names = new Set(counting.map((signer) => signer.name));
  const needed = neededSigners(hold);
  if (names.size >= needed) return check;
  const presence = destructive
    ? ' with presence (a touched key with PIN, or a passphrase typed for this signature; a key in ssh-agent does not count)'
    : '';
  return { ok: false, why: `needs ${needed} signer${needed === 1 ? '' : 's'}${presence}; got ${names.size}` };
}

function neededSigners(hold: HoldRecord): number {
  const counts = hold.verdict.obligations.map((one) => (one.kind === 'signers' ? one.count : 1));
  return Math.max(1, ...counts);
}

export const DEFAULT_LIFETIME_MS = LIMITS.approvalLifetimeMs;
