import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, readStored, type Target } from '../fuzz/fuzzing.ts';
import { TARGETS } from '../fuzz/targets.ts';

const INPUTS = 300;

for (const target of TARGETS)
  test(`${target.name}: the stored inputs and ${INPUTS} mutated ones keep the promises`, () => {
    const stored = readStored(target);
    const { blocked, compared } = fuzz(target, 1_000_000, INPUTS);
    assert.ok(blocked > INPUTS / 10, `${blocked} blocked`);
    // What cannot be read at all cannot be said in other words either.
    assert.ok(stored.compared > 2 && stored.compared + compared > 10, `${stored.compared} and ${compared} compared`);
  });

test('a broken promise is found, with the number of its input', () => {
  const [json] = TARGETS.filter((one) => one.name === 'json');
  assert.ok(json !== undefined);
  const careless: Target = { ...json, read: (input) => (input.startsWith(' ') ? 0 : 1) };
  assert.throws(() => fuzz(careless, 1, 50), /^Error: json \d+: .*looser as/s);
  const throwing: Target = {
    ...json,
    read: (input) => {
      JSON.parse(input);
      return 0;
    },
  };
  assert.throws(() => fuzz(throwing, 1, 50), /^Error: json \d+: .*SyntaxError/s);
});
