import { attemptKey } from '../../../src/core/attempt.ts';
import type { Effect } from '../../../src/core/effect.ts';
import type { PolicyInput } from '../../../src/ports/policy-engine.ts';

const NOW_MS = 1_790_000_000_000;

/** What a policy is asked about: a shell command with these effects. */
export function policyInput(text: string, effects: readonly Partial<Effect>[]): PolicyInput {
  const action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: '/w' } as const;
  const origin = { door: 'hook', person: 'ada', agent: 'a', task: 't', workspace: '/w' } as const;
  return {
    attempt: { id: 'att_1', atMs: NOW_MS, action, ...origin, key: attemptKey(action, origin) },
    effects: effects.map((parts) => ({
      verb: 'destroy',
      target: { known: { system: 'file', kind: 'path', path: ['/w/data'] } },
      count: { min: 1, max: 1 },
      reversal: 'irreversible',
      basis: 'parsed',
      source: 'test',
      summary: 'destroys the data',
      ...parts,
    })),
    evidence: [],
    nowMs: NOW_MS,
  };
}

export const WIPE: PolicyInput = policyInput('rm -rf data', [{}]);
export const LOOK: PolicyInput = policyInput('ls', [{ verb: 'read', reversal: 'undoable', summary: 'reads' }]);
