import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../src/core/canonical-json.ts';
import { evidenceOf, isFresh, questionKey } from '../../src/core/evidence.ts';
import { resource } from './generators.ts';

const question = { check: 'environment', about: { system: 'railway', kind: 'volume', path: ['v1'] } } as const;
const fact = (atMs: number, maxAgeMs = 60_000, answer: Json = { production: true }) =>
  evidenceOf({ question, answer: { known: answer }, source: 'railway api', atMs, maxAgeMs });

test('evidence is fresh from the moment it was learnt to the end of its age', () => {
  assert.equal(isFresh(fact(1_000_000), 1_000_000), true);
  assert.equal(isFresh(fact(1_000_000), 1_060_000), true);
  assert.equal(isFresh(fact(1_000_000), 1_060_001), false);
});

test('a clock set back makes evidence stale instead of keeping it alive', () => {
  assert.equal(isFresh(fact(1_000_000), 999_999), false);
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1 }), (atMs, maxAgeMs, backMs) => {
      assert.equal(isFresh(fact(atMs, maxAgeMs), atMs - backMs), false);
    }),
  );
});

test('evidence without a usable time is never fresh', () => {
  for (const [atMs, maxAgeMs] of [
    [Number.NaN, 1],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
    [0, -1],
  ] as const) {
    assert.equal(isFresh(fact(atMs, maxAgeMs), 0), false, `${atMs} ${maxAgeMs}`);
  }
  assert.equal(isFresh(fact(0), Number.NaN), false);
});

test('the same fact learnt again has the same digest, another fact another', () => {
  assert.equal(fact(1).digest, fact(2, 5).digest);
  assert.notEqual(fact(1).digest, fact(1, 60_000, { production: false }).digest);
  const unknown = evidenceOf({
    question,
    answer: { unknown: 'timed out' },
    source: 'railway api',
    atMs: 1,
    maxAgeMs: 1,
  });
  assert.notEqual(unknown.digest, fact(1).digest);
  const other = evidenceOf({
    question,
    answer: { known: { production: true } },
    source: 'declared',
    atMs: 1,
    maxAgeMs: 1,
  });
  assert.notEqual(other.digest, fact(1).digest);
});

test('two questions share a key only if they are the same question', () => {
  const questions = fc.record({
    check: fc.constantFrom('environment' as const, 'dependents' as const),
    about: resource,
  });
  fc.assert(
    fc.property(questions, questions, (a, b) => {
      assert.equal(questionKey(a) === questionKey(b), JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 1000 },
  );
});
