import assert from 'node:assert/strict';
import { type Action, type Attempt, attemptKey } from '../../src/core/attempt.ts';
import { digestOf } from '../../src/core/digest.ts';
import { digestOfEffects, type Effect } from '../../src/core/effect.ts';
import { evidenceOf } from '../../src/core/evidence.ts';
import { type Claim, claimDigest } from '../../src/core/hold.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { ReceiptDraft } from '../../src/core/receipt.ts';
import type { HoldRecord, Store } from '../../src/ports/store.ts';

export const T0_MS = 1_800_000_000_000;

export function intentDraft(n = 0): ReceiptDraft & { kind: 'intent' } {
  return {
    kind: 'intent',
    attemptId: `a-${n}`,
    attemptKey: digestOf(n),
    atMs: T0_MS + n,
    payload: { n, note: 'déjà vu' },
  };
}

export function holdDraft(n: number, logHead = { size: 0, root: '0'.repeat(64) }): Omit<HoldRecord, 'id' | 'state'> {
  const action: Action = {
    kind: 'shell',
    bytes: new TextEncoder().encode(`rm -rf /data/${n}\u0000\ud83d\ude00`),
    cwd: '/data',
    dialect: 'bash',
  };
  const origin = { door: 'hook', person: 'ana', agent: 'robot', task: 't1', workspace: '/data' } as const;
  const attempt: Attempt = {
    id: `a-${n}`,
    atMs: T0_MS,
    action,
    ...origin,
    statedPurpose: 'tidy up',
    key: attemptKey(action, origin),
  };
  const target = { system: 'file', kind: 'path', path: ['/data'] };
  const effects: Effect[] = [
    {
      verb: 'destroy',
      target: { known: target },
      count: { min: 1, max: 'unbounded' },
      reversal: 'irreversible',
      basis: 'parsed',
      source: 'catalog/rm',
      summary: 'deletes',
      span: [0, 4],
      tags: ['x'],
    },
  ];
  const evidence = [
    evidenceOf({
      question: { check: 'recovery', about: target },
      answer: { unknown: 'no answer' },
      source: 'file system',
      atMs: T0_MS,
      maxAgeMs: 1000,
    }),
  ];
  const claim: Claim = {
    attemptKey: attempt.key,
    effects: digestOfEffects(effects),
    evidence: evidence.map((one) => one.digest),
    policies: [digestOf('policy')],
    plans: [{ effect: 0, how: 'copy', kind: 'local-files', outsideBlastRadius: true }],
    logHead,
    nonce: 'ab'.repeat(32),
    expiresAtMs: T0_MS + LIMITS.approvalLifetimeMs,
  };
  return {
    claim,
    attempt,
    effects,
    evidence,
    verdict: {
      says: 'hold',
      findings: [{ layer: 'floor', rule: 'floor/destructive', effect: 0, says: 'hold', reason: 'destroys' }],
      obligations: [{ kind: 'signers', count: 1 }],
      policies: claim.policies,
    },
    openedAtMs: T0_MS,
  };
}

export async function approve(store: Store, hold: HoldRecord): Promise<void> {
  const approval = {
    hold: hold.id,
    claim: claimDigest(hold.claim),
    signatures: [{ key: 'k'.repeat(64), format: 'sshsig' as const, bytes: Uint8Array.of(0, 255, 7) }],
  };
  assert.equal(
    await store.settleHold(hold.id, ['open'], 'approved', { approval, signers: [{ name: 'ana', presence: 'typed' }] }),
    true,
  );
}
