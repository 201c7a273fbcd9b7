import assert from 'node:assert/strict';
import { test } from 'node:test';
import { provenSilent } from '../../scripts/prove-silent.ts';
import { PROVEN_SILENT } from '../../src/apps/policy/proven-silent.ts';

test('what is written down as silent is what the engine proves now', async () => {
  const proven = await provenSilent();
  assert.ok(proven.has('solo'), 'the preset that everybody begins with');
  assert.deepEqual([...PROVEN_SILENT].sort(), [...proven.values()].sort(), 'run scripts/prove-silent.ts');
});
