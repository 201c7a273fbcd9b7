import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../src/core/digest.ts';
import { type Claim, claimDigest } from '../../src/core/hold.ts';
import type { Approver } from '../../src/ports/approver.ts';
import { approvalBy, type FakePerson, makePerson, type RegistryEntry } from '../fakes/people.ts';

const digest = (digit: string): Digest => digit.repeat(64) as Digest;

export function aClaim(changes: Partial<Claim> = {}): Claim {
  return {
    attemptKey: digest('a'),
    effects: digest('b'),
    evidence: [digest('c')],
    policies: [digest('d')],
    plans: [{ effect: 0, how: 'nothing can be copied', kind: 'none', outsideBlastRadius: false }],
    logHead: { size: 7, root: digest('e') },
    nonce: digest('f'),
    expiresAtMs: 1_800_000_000_000,
    ...changes,
  };
}

/** What every Approver must do. `open` enrols these people and gives the approver that knows them. */
export function approverContract(name: string, open: (people: readonly RegistryEntry[]) => Approver): void {
  const ann = makePerson('ann');
  const bob = makePerson('bob', 'unproven');
  const gone: FakePerson & { removed: true } = { ...makePerson('gone'), removed: true };
  const stranger = makePerson('ann');
  const approver = open([ann, bob, gone]);

  test(`${name}: a valid signature of an enrolled person counts, with its presence`, async () => {
    const claim = aClaim();
    assert.deepEqual(await approver.check(approvalBy([ann, bob], 'h-1', claim), claim), {
      ok: true,
      signers: [
        { name: 'ann', presence: 'typed' },
        { name: 'bob', presence: 'unproven' },
      ],
    });
  });

  test(`${name}: two signatures by one person count once`, async () => {
    const claim = aClaim();
    assert.deepEqual(await approver.check(approvalBy([ann, ann], 'h-1', claim), claim), {
      ok: true,
      signers: [{ name: 'ann', presence: 'typed' }],
    });
  });

  test(`${name}: every single field of the claim is covered`, async () => {
    const claim = aClaim();
    const others: readonly Partial<Claim>[] = [
      { attemptKey: digest('0') },
      { effects: digest('0') },
      { evidence: [] },
      { evidence: [digest('c'), digest('c')] },
      { policies: [digest('0')] },
      { plans: [] },
      { logHead: { size: 6, root: digest('e') } },
      { logHead: { size: 7, root: digest('0') } },
      { nonce: digest('0') },
      { expiresAtMs: claim.expiresAtMs + 1 },
    ];
    assert.ok(
      Object.keys(claim).every((field) => others.some((change) => field in change)),
      'a field is not tried',
    );
    for (const change of others) {
      const other = aClaim(change);
      const approval = approvalBy([ann], 'h-1', claim);
      assert.equal((await approver.check(approval, other)).ok, false, JSON.stringify(change));
      // Also where the approval claims to be for the other claim.
      assert.equal(
        (await approver.check({ ...approval, claim: claimDigest(other) }, other)).ok,
        false,
        JSON.stringify(change),
      );
    }
  });

  test(`${name}: one bad signature spoils the approval`, async () => {
    const claim = aClaim();
    const good = ann.sign(claim);
    const bad: readonly (readonly [string, typeof good])[] = [
      ['a stranger', stranger.sign(claim)],
      ['a removed person', gone.sign(claim)],
      ['another claim', ann.sign(aClaim({ nonce: digest('1') }))],
      ['another key named', { ...good, key: stranger.sign(claim).key }],
      ['no bytes', { ...good, bytes: new Uint8Array() }],
      ['another format', { ...good, format: 'webauthn' }],
      ['a huge one', { ...good, bytes: new Uint8Array(1_000_000).fill(0x41) }],
    ];
    for (const [what, signature] of bad) {
      const approval = { hold: 'h-1', claim: claimDigest(claim), signatures: [good, signature] };
      const check = await approver.check(approval, claim);
      assert.equal(check.ok, false, what);
      assert.ok(!check.ok && check.why.length > 0, what);
    }
  });

  test(`${name}: no signature at all, or far too many, is refused`, async () => {
    const claim = aClaim();
    assert.equal((await approver.check(approvalBy([], 'h-1', claim), claim)).ok, false);
    assert.equal(
      (
        await approver.check(
          approvalBy(
            Array.from({ length: 17 }, () => ann),
            'h-1',
            claim,
          ),
          claim,
        )
      ).ok,
      false,
    );
  });

  test(`${name}: with nobody enrolled nothing counts`, async () => {
    const claim = aClaim();
    assert.equal((await open([]).check(approvalBy([ann], 'h-1', claim), claim)).ok, false);
  });

  test(`${name}: without signed exceptions there are none`, async () => {
    assert.deepEqual(await approver.exceptions(0), []);
  });
}
