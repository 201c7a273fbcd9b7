import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefused } from '../../src/pipeline/products.ts';
import type { PolicyEngine } from '../../src/ports/policy-engine.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Verifier } from '../../src/ports/verifier.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { countingExecutor, testWorld } from '../fakes/pipeline-world.ts';

/** What each port may do wrong. Whatever it is: nothing destructive runs, and nothing runs without an intent. */
function brokenStore(
  method: 'append' | 'begin' | 'openHold' | 'denials',
  how: 'rejects' | 'persists, then rejects',
): Store {
  const store = memoryStore();
  const real = store[method].bind(store) as (...args: readonly unknown[]) => Promise<unknown>;
  const broken = async (...args: readonly unknown[]): Promise<unknown> => {
    if (how === 'persists, then rejects') await real(...args);
    throw new Error('disk full');
  };
  return { ...store, [method]: broken };
}

for (const method of ['append', 'begin', 'openHold', 'denials'] as const) {
  for (const how of ['rejects', 'persists, then rejects'] as const) {
    test(`store.${method} ${how}: nothing runs that is not a plain read`, async () => {
      const world = testWorld({ store: brokenStore(method, how) });
      for (const text of ['touch it', 'wipe it', 'mystery', 'unguard']) {
        const executor = countingExecutor();
        try {
          await world.pipeline.run(world.attempt(text), executor);
        } catch {
          // the door denies what throws
        }
        const begins = method === 'append' || method === 'openHold';
        // A creation needs `begin` only to run; its outcome may then be lost, which shows as unfinished.
        assert.deepEqual(executor.ran, begins && text === 'touch it' ? ['touch it'] : [], `${text} with ${method}`);
      }
    });
  }
}

const verifierFaults: readonly (readonly [string, Verifier])[] = [
  ['rejects', { name: 'v', canAnswer: () => true, answer: () => Promise.reject(new Error('down')) }],
  ['hangs', { name: 'v', canAnswer: () => true, answer: () => new Promise(() => undefined) }],
];
for (const [how, verifier] of verifierFaults) {
  test(`a verifier that ${how} leaves the fact unknown, and the attempt held`, async () => {
    const world = testWorld({ verifiers: [verifier], verifyTimeoutMs: 30 });
    const executor = countingExecutor();
    const refusal = await world.pipeline.run(world.attempt('wipe it'), executor);
    assert.ok(isRefused(refusal));
    assert.deepEqual(executor.ran, []);
    assert.ok(refusal.hold?.verdict.findings.some((one) => one.rule === 'floor/missing-fact'));
  });
}

test('a verifier that answers another question does not settle this one', async () => {
  const world = testWorld({ verifiers: [] });
  const refusal = await world.pipeline.run(world.attempt('wipe it'), countingExecutor());
  assert.ok(isRefused(refusal));
});

test('evidence that is already too old counts as not known', async () => {
  const stale: Verifier = {
    name: 'stale',
    canAnswer: () => true,
    answer: async (question) => {
      const { evidenceOf } = await import('../../src/core/evidence.ts');
      return evidenceOf({ question, answer: { known: { regenerable: true } }, source: 'stale', atMs: 0, maxAgeMs: 1 });
    },
  };
  const world = testWorld({ verifiers: [stale] });
  const executor = countingExecutor();
  assert.ok(isRefused(await world.pipeline.run(world.attempt('wipe it'), executor)));
  assert.deepEqual(executor.ran, []);
});

test('a policy engine that allows everything does not loosen the floor', async () => {
  const generous: PolicyEngine = {
    evaluate: (input) =>
      Promise.resolve([
        {
          layer: 'session',
          digest: 'f'.repeat(64) as never,
          obligations: [],
          findings: input.effects.map((_, effect) => ({
            layer: 'session',
            rule: 'yes',
            effect,
            says: 'allow',
            reason: 'sure',
          })),
        },
      ]),
  };
  const world = testWorld({ engines: [generous] });
  assert.ok(isRefused(await world.pipeline.run(world.attempt('wipe it'), countingExecutor())));
});

test('a finding that names no effect denies', async () => {
  const lost: PolicyEngine = {
    evaluate: () =>
      Promise.resolve([
        {
          layer: 'repository',
          digest: 'e'.repeat(64) as never,
          obligations: [],
          findings: [{ layer: 'repository', rule: 'lost', effect: 7, says: 'allow', reason: '' }],
        },
      ]),
  };
  const world = testWorld({ engines: [lost] });
  const refusal = await world.pipeline.run(world.attempt('look'), countingExecutor());
  assert.ok(isRefused(refusal));
  assert.equal(refusal.says, 'deny');
});
