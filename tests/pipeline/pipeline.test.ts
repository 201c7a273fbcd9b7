import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefused, type Refused } from '../../src/pipeline/products.ts';
import type { HoldRecord } from '../../src/ports/store.ts';
import { approvalBy, approverFor, makePerson } from '../fakes/people.ts';
import { countingExecutor, type TestWorld, testWorld } from '../fakes/pipeline-world.ts';

async function heldBy(world: TestWorld, text: string): Promise<HoldRecord> {
  const refusal = await world.pipeline.run(world.attempt(text), countingExecutor());
  assert.ok(isRefused(refusal));
  assert.ok(refusal.hold, refusal.reason);
  return refusal.hold;
}

async function refusalOf(world: TestWorld, text: string): Promise<Refused> {
  const executor = countingExecutor();
  const refusal = await world.pipeline.run(world.attempt(text), executor);
  assert.ok(isRefused(refusal));
  assert.deepEqual(executor.ran, []);
  return refusal;
}

test('what is harmless runs, with intent before and outcome after on the record', async () => {
  const world = testWorld();
  const executor = countingExecutor();
  const ran = await world.pipeline.run(world.attempt('touch it'), executor);
  assert.ok(!isRefused(ran));
  assert.deepEqual(executor.ran, ['touch it']);
  const receipts = await world.store.receipts({});
  assert.deepEqual(
    receipts.map((one) => one.kind),
    ['intent', 'outcome'],
  );
  assert.deepEqual(await world.store.unfinished(), []);
});

test('a destructive effect waits, and one approval runs it once', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  assert.equal(hold.state, 'open');
  assert.deepEqual(await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim)), {
    ok: true,
    signers: [{ name: 'ada', presence: 'typed' }],
  });
  const executor = countingExecutor();
  assert.ok(!isRefused(await world.pipeline.run(world.attempt('wipe it'), executor)));
  assert.deepEqual(executor.ran, ['wipe it']);
  const again = await world.pipeline.run(world.attempt('wipe it'), executor);
  assert.ok(isRefused(again));
  assert.notEqual(again.hold?.id, hold.id, 'a spent approval opens a new hold');
  assert.deepEqual(executor.ran, ['wipe it']);
});

test('the repeat of an open hold is the same hold', async () => {
  const world = testWorld();
  const first = await heldBy(world, 'wipe it');
  const second = await heldBy(world, 'wipe it');
  assert.equal(second.id, first.id);
});

test('what the agent says of it later stands on the same hold, whose approval still counts', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  assert.equal(hold.attempt.statedPurpose, undefined);
  const said = { ...world.attempt('wipe it'), statedPurpose: 'it is old' };
  const refusal = await world.pipeline.run(said, countingExecutor());
  assert.ok(isRefused(refusal));
  assert.deepEqual([refusal.hold?.id, refusal.hold?.attempt.statedPurpose], [hold.id, 'it is old']);
  assert.equal((await world.store.hold(hold.id))?.attempt.statedPurpose, 'it is old');
  // A repeat without words takes none away.
  assert.equal((await heldBy(world, 'wipe it')).attempt.statedPurpose, 'it is old');
  assert.ok((await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim))).ok);
  assert.ok(!isRefused(await world.pipeline.run(world.attempt('wipe it'), countingExecutor())));
});

for (const [what, origin] of [
  ['another task', { task: 'task-2' }],
  ['another door', { door: 'egress' }],
  ['another agent', { agent: 'other' }],
  ['another workspace', { workspace: '/v' }],
] as const) {
  test(`an approval is not for ${what}`, async () => {
    const world = testWorld();
    const hold = await heldBy(world, 'wipe it');
    await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim));
    const executor = countingExecutor();
    assert.ok(isRefused(await world.pipeline.run(world.attempt('wipe it', origin), executor)));
    assert.deepEqual(executor.ran, []);
  });
}

test('a changed fact voids the approval', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim));
  world.facts.recovery = { regenerable: false, more: 'rows' };
  const refusal = await refusalOf(world, 'wipe it');
  assert.equal(refusal.rule, 'floor/void-approval');
  assert.match(refusal.reason, /a checked fact/);
  assert.equal((await world.store.hold(hold.id))?.state, 'void');
});

test('an approval expires, and says that nobody refused', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim));
  world.clock.moveMs(10 * 60_000);
  const refusal = await refusalOf(world, 'wipe it');
  assert.notEqual(refusal.hold?.id, hold.id);
  const old = await world.store.hold(hold.id);
  assert.equal(old?.state, 'expired');
  assert.equal(old?.say, 'timed out, nobody refused');
});

test('a clock that goes back does not keep an approval alive', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim));
  world.clock.moveMs(-3_600_000);
  await refusalOf(world, 'wipe it');
  assert.equal((await world.store.hold(hold.id))?.state, 'void');
});

test('a signature without presence does not approve what destroys', async () => {
  const plain = makePerson('eve', 'unproven');
  const world = testWorld({ approver: approverFor([plain]) });
  const hold = await heldBy(world, 'wipe it');
  const result = await world.pipeline.accept(approvalBy([plain], hold.id, hold.claim));
  assert.equal(result.ok, false);
  assert.match(result.ok ? '' : result.why, /ssh-agent does not count/);
  await refusalOf(world, 'wipe it');
});

test('a signature without presence approves what is only opaque', async () => {
  const plain = makePerson('eve', 'unproven');
  const world = testWorld({ approver: approverFor([plain]) });
  const hold = await heldBy(world, 'mystery');
  assert.equal((await world.pipeline.accept(approvalBy([plain], hold.id, hold.claim))).ok, true);
});

test('a stranger cannot approve, nor a signature over another claim', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  const stranger = await world.pipeline.accept(approvalBy([makePerson('mallory')], hold.id, hold.claim));
  assert.equal(stranger.ok, false);
  const other = { ...hold.claim, expiresAtMs: hold.claim.expiresAtMs + 1 };
  const approval = {
    ...approvalBy([world.person], hold.id, other),
    claim: approvalBy([world.person], hold.id, hold.claim).claim,
  };
  assert.equal((await world.pipeline.accept(approval)).ok, false);
  await refusalOf(world, 'wipe it');
});

test('a refusal meets the folder that would take the target with it, and no neighbour', async () => {
  const rows = [
    ['/w/data/inner/file', true],
    ['/w/data', true],
    ['/w/database', false],
    ['/w', false],
  ] as const;
  for (const [denied, stops] of rows) {
    const world = testWorld();
    const target = { system: 'file', kind: 'path', path: [denied] };
    await world.store.addDenial({ task: 'task-1', verb: 'destroy', target, rule: 'floor/destructive', atMs: 1 });
    assert.equal((await refusalOf(world, 'wipe it')).says, stops ? 'deny' : 'hold', denied);
  }
});

test('tampering with the guard is denied, and no hold is opened for it', async () => {
  const world = testWorld();
  const refusal = await refusalOf(world, 'unguard');
  assert.equal(refusal.rule, 'floor/guard-tampering');
  assert.equal(refusal.hold, undefined);
});

test('a refusal by a person meets the same effect in other words', async () => {
  const world = testWorld();
  const target = { system: 'file', kind: 'path', path: ['/w/data'] };
  await world.store.addDenial({
    task: 'task-1',
    verb: 'destroy',
    target,
    rule: 'floor/destructive',
    atMs: 1,
    say: 'no',
  });
  const refusal = await refusalOf(world, 'wipe by other means');
  assert.equal(refusal.rule, 'session/denied-before');
  assert.equal(refusal.says, 'deny');
});

test('shadow mode lets pass and records what it would have held, but not catastrophic classes', async () => {
  const world = testWorld({ mode: () => 'shadow' });
  const executor = countingExecutor();
  assert.ok(!isRefused(await world.pipeline.run(world.attempt('mystery'), executor)));
  const [intent] = await world.store.receipts({ kind: 'intent' });
  assert.ok(intent !== undefined);
  assert.equal((intent.payload as { shadowed?: boolean }).shadowed, true);
  assert.ok(isRefused(await world.pipeline.run(world.attempt('unguard'), executor)));
  assert.deepEqual(executor.ran, ['mystery']);
});

test('shadow mode does not lift what a person denied', async () => {
  const world = testWorld({ mode: () => 'shadow' });
  const target = { system: 'file', kind: 'path', path: ['/w/data'] };
  await world.store.addDenial({ task: 'task-1', verb: 'destroy', target, rule: 'floor/destructive', atMs: 1 });
  const refusal = await refusalOf(world, 'wipe it');
  assert.equal(refusal.rule, 'session/denied-before');
});

test('a safeguard that fails stops the attempt after its intent, and the outcome says not started', async () => {
  const world = testWorld({
    safeguarders: [
      {
        kind: 'copy',
        plan: (_effect, index) => ({ effect: index, kind: 'copy', how: 'copies it', outsideBlastRadius: true }),
        take: () => Promise.resolve({ ok: false, why: 'no space' }),
      },
    ],
  });
  world.facts.recovery = { copy: true };
  const hold = await heldBy(world, 'wipe it');
  assert.deepEqual(hold.claim.plans, [{ effect: 0, kind: 'copy', how: 'copies it', outsideBlastRadius: true }]);
  await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim));
  const refusal = await refusalOf(world, 'wipe it');
  assert.equal(refusal.rule, 'floor/safeguard');
  const outcomes = await world.store.receipts({ kind: 'outcome' });
  assert.deepEqual(
    outcomes.map((one) => one.kind === 'outcome' && one.outcome),
    ['not-started'],
  );
});

test('an executor that throws leaves the outcome unknown', async () => {
  const world = testWorld();
  const ran = await world.pipeline.run(world.attempt('touch it'), { execute: () => Promise.reject(new Error('gone')) });
  assert.ok(!isRefused(ran));
  assert.equal(ran.receipt?.kind === 'outcome' && ran.receipt.outcome, 'unknown');
});

test('two repeats at one time share one approval between them', async () => {
  const world = testWorld();
  const hold = await heldBy(world, 'wipe it');
  await world.pipeline.accept(approvalBy([world.person], hold.id, hold.claim));
  const executor = countingExecutor();
  await Promise.all([1, 2, 3, 4].map(() => world.pipeline.run(world.attempt('wipe it'), executor)));
  assert.deepEqual(executor.ran, ['wipe it']);
});
