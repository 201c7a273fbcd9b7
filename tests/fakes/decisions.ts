import { attemptKey } from '../../src/core/attempt.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Exception } from '../../src/core/exception.ts';
import { decideVerdict, type Finding, type Layer, type LayerOpinion } from '../../src/core/verdict.ts';
import type { Decision } from '../../src/ports/decision-log.ts';

export const DAY_ONE = Date.parse('2026-03-04T10:00:00.000Z');
const DIGEST = `sha256:${'0'.repeat(64)}` as Digest;

export interface DecisionParts {
  readonly atMs?: number;
  readonly workspace?: string;
  readonly verb?: Effect['verb'];
  readonly path?: string;
  readonly findings?: readonly Omit<Finding, 'effect' | 'reason'>[];
  readonly exceptions?: readonly Exception[];
  readonly shadowed?: boolean;
}

const HELD: NonNullable<DecisionParts['findings']> = [{ layer: 'floor', rule: 'floor/destructive', says: 'hold' }];

/** One decision about the shell command `text`, with one effect, as layers with these findings have decided it. */
export function decision(text: string, parts: DecisionParts = {}): Decision {
  const { atMs = DAY_ONE, workspace = '/w', verb = 'destroy', path = '/w/x', findings = HELD } = parts;
  const action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: workspace } as const;
  const origin = { door: 'hook', person: 'ann', agent: 'claude-code', task: 't1', workspace } as const;
  const effects: readonly Effect[] = [
    {
      verb,
      target: { known: { system: 'file', kind: 'path', path: [path] } },
      count: { min: 1, max: 1 },
      reversal: verb === 'read' ? 'undoable' : 'irreversible',
      basis: 'parsed',
      source: 'catalog/rm',
      summary: `${verb} ${path}`,
      tags: [],
    },
  ];
  const opinionOf = (layer: Layer): LayerOpinion => ({
    layer,
    digest: DIGEST,
    findings: findings.flatMap((one) =>
      one.layer === layer ? [{ ...one, effect: 0, reason: `says ${one.rule}` }] : [],
    ),
    obligations: [],
  });
  const opinions = (['floor', 'organisation', 'repository', 'session', 'session'] as const).map((layer, index) =>
    // The second one of a session is another folder of rules.
    index === 4 ? { ...opinionOf(layer), findings: [] } : opinionOf(layer),
  );
  const exceptions = parts.exceptions ?? [];
  return {
    input: {
      attempt: { id: 'a1', atMs, action, ...origin, key: attemptKey(action, origin) },
      effects,
      evidence: [],
      nowMs: atMs,
    },
    opinions,
    verdict: decideVerdict(effects, opinions, exceptions),
    exceptions,
    shadowed: parts.shadowed ?? false,
    micros: 120.5,
  };
}
