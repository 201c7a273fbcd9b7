import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../src/pipeline/approve.ts';
import { authorize, reauthorize } from '../../src/pipeline/authorize.ts';
import { begin } from '../../src/pipeline/begin.ts';
import { classify } from '../../src/pipeline/classify.ts';
import { decide } from '../../src/pipeline/decide.ts';
import { execute } from '../../src/pipeline/execute.ts';
import { ForgedProduct, isRefused } from '../../src/pipeline/products.ts';
import { record } from '../../src/pipeline/record.ts';
import { safeguard } from '../../src/pipeline/safeguard.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { countingExecutor, testWorld, toyReader } from '../fakes/pipeline-world.ts';

// A forged product is what the types forbid, so the test hands it in past them.
const forged = { attempt: {}, effects: [], evidence: [], open: [], says: 'allow', verdict: { findings: [] } } as never;

test('every stage refuses a product that the stage before it did not make', async () => {
  const { store, clock, pipeline } = testWorld();
  const executor = countingExecutor();
  const stages: readonly (() => unknown)[] = [
    () => classify(forged, [], toyReader),
    () => verify(forged, () => forged, { verifiers: [], clock }),
    () =>
      decide(forged, {
        engines: [],
        safeguarders: [],
        exceptions: [],
        denials: [],
        nowMs: 0,
        mode: 'enforce',
        monotonicMs: () => 0,
      }),
    () => approve(forged, 0, { store, approver: forged, nonce: () => '', lifetimeMs: 1 }),
    () => authorize(forged),
    () => reauthorize(forged, forged, [], store),
    () => begin(forged, 0, {}, store),
    () => safeguard(forged, []),
    () => execute(forged, executor),
    () => record(forged, 0, store),
    () => pipeline.proceed(testWorld().attempt('wipe it'), forged, executor),
  ];
  for (const stage of stages) await assert.rejects(async () => stage(), ForgedProduct, stage.toString());
  assert.deepEqual(executor.ran, []);
});

test('a copy of a genuine product is a forgery too', async () => {
  const world = testWorld();
  const attempt = world.attempt('wipe it');
  const judged = await world.pipeline.judge(attempt);
  assert.ok(!isRefused(judged));
  const copy = { ...judged, says: 'allow' } as never;
  await assert.rejects(world.pipeline.proceed(attempt, copy, countingExecutor()), ForgedProduct);
});

test('a genuine product cannot be changed afterwards', async () => {
  const world = testWorld();
  const judged = await world.pipeline.judge(world.attempt('wipe it'));
  assert.throws(() => Object.assign(judged, { says: 'allow' }), TypeError);
});
