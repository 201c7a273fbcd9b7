import { attemptKey } from '../../../src/core/attempt.ts';
import type { Digest } from '../../../src/core/digest.ts';
import type { Effect } from '../../../src/core/effect.ts';
import { decideVerdict, type LayerOpinion, type Says } from '../../../src/core/verdict.ts';
import type { Decision } from '../../../src/ports/decision-log.ts';

export const DAY_ONE = Date.parse('2026-03-04T10:00:00.000Z');
const DIGEST = `sha256:${'0'.repeat(64)}` as Digest;

/** One decision about `text`, by layers that say what is given. */
export function decision(text: string, more: { readonly atMs?: number; readonly says?: Says } = {}): Decision {
  const atMs = more.atMs ?? DAY_ONE;
  const says = more.says ?? 'hold';
  const action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: '/w' } as const;
  const origin = { door: 'hook', person: 'ann', agent: 'claude-code', task: 't1', workspace: '/w' } as const;
  const effects: readonly Effect[] = [
    {
      verb: 'destroy',
      target: { known: { system: 'file', kind: 'path', path: ['/w/x'] } },
      count: { min: 1, max: 1 },
      reversal: 'irreversible',
      basis: 'parsed',
      source: 'catalog/rm',
      summary: 'deletes x',
      tags: [],
    },
  ];
  const finding = { rule: 'floor/destructive', effect: 0, says, reason: 'it cannot be undone' } as const;
  const opinions: readonly LayerOpinion[] = [
    { layer: 'floor', digest: DIGEST, findings: [{ layer: 'floor', ...finding }], obligations: [] },
    { layer: 'session', digest: DIGEST, findings: [], obligations: [] },
    { layer: 'session', digest: DIGEST, findings: [], obligations: [] },
  ];
  return {
    input: {
      attempt: { id: 'a1', atMs, action, ...origin, key: attemptKey(action, origin) },
      effects,
      evidence: [],
      nowMs: atMs,
    },
    opinions,
    verdict: decideVerdict(effects, opinions, []),
    exceptions: [],
    shadowed: false,
    micros: 120.5,
  };
}
