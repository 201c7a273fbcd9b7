import assert from 'node:assert/strict';
import type { Declared, DeclaredEnvironment } from '../../src/core/declaration.ts';
import { parseMapTarget } from '../../src/core/map-target.ts';
import { resourceKey } from '../../src/core/resource.ts';
import type { Tri } from '../../src/core/tri.ts';
import type { DeclaredEnvironments } from '../../src/ports/declared-environments.ts';

/** What people would have declared, by targets as `holdpoint map` takes them; `damaged`: it cannot be believed. */
export function declarations(words: Readonly<Record<string, DeclaredEnvironment | 'damaged'>>): DeclaredEnvironments {
  const byTarget = new Map<string, Tri<Declared>>();
  for (const [text, environment] of Object.entries(words)) {
    const read = parseMapTarget(text);
    assert.ok(read.ok, text);
    const answer =
      environment === 'damaged'
        ? { unknown: 'it was edited' }
        : { known: { target: read.target, environment, declaredAtMs: 0, signer: 'ada' } };
    byTarget.set(resourceKey(read.target), answer);
  }
  return { of: (target) => Promise.resolve(byTarget.get(resourceKey(target)) ?? { known: undefined }) };
}
