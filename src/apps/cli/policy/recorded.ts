import { z } from 'zod';
import type { Json } from '../../../core/canonical-json.ts';
import type { Digest } from '../../../core/digest.ts';
import type { Effect } from '../../../core/effect.ts';
import type { Exception } from '../../../core/exception.ts';
import type { LayerOpinion, Verdict } from '../../../core/verdict.ts';
import type { DecisionEntry } from '../../../ports/decision-log.ts';

/** One decision as it was recorded, with what is needed to reach it again. */
export interface Recorded {
  readonly id: string;
  readonly time: string;
  readonly says: Verdict['says'];
  readonly version: string;
  readonly masked: boolean;
  readonly shadowed: boolean;
  /** Absent where the input was erased. */
  readonly replay?: {
    readonly document: Json;
    readonly text: string;
    readonly workspace: string;
    readonly effects: readonly Effect[];
    readonly opinions: readonly LayerOpinion[];
    readonly exceptions: readonly Exception[];
  };
}

const says = z.enum(['allow', 'hold', 'deny']);
const layer = z.enum(['floor', 'built-in', 'organisation', 'repository', 'session']);
const digest = z.string().transform((text) => text as Digest);
const resource = z.object({ system: z.string(), kind: z.string(), path: z.array(z.string()) });
const verb = z.enum(['read', 'create', 'change', 'destroy', 'expose', 'grant', 'run']);

const effect = z.object({
  verb,
  target: z.union([z.strictObject({ known: resource }), z.strictObject({ unknown: z.string() })]),
  count: z.object({ min: z.number(), max: z.union([z.number(), z.literal('unbounded')]) }),
  reversal: z.enum(['regenerable', 'undoable', 'safeguardable', 'irreversible', 'unknown']),
  basis: z.enum(['observed', 'documented', 'parsed', 'opaque']),
  source: z.string(),
  summary: z.string(),
  tags: z.array(z.string()),
});

const opinion = z.object({
  layer,
  digest,
  findings: z.array(z.object({ layer, rule: z.string(), effect: z.number(), says, reason: z.string() })),
  obligations: z.array(
    z.union([
      z.object({ kind: z.literal('signers'), count: z.number() }),
      z.object({ kind: z.literal('safeguard'), effect: z.number() }),
    ]),
  ),
});

const exception = z.object({
  signer: z.string(),
  rule: z.string(),
  verb,
  target: resource,
  workspace: z.string(),
  because: z.string(),
  expiresAtMs: z.number(),
  digest,
});

const entry = z.object({
  decision_id: z.string(),
  timestamp: z.string(),
  labels: z.object({ version: z.string() }),
  input: z
    .looseObject({
      attempt: z.looseObject({ workspace: z.string(), action: z.looseObject({ text: z.string() }) }),
      effects: z.array(effect),
    })
    .optional(),
  result: z.object({ verdict: says, opinions: z.array(opinion).optional() }),
  masked: z.array(z.string()).optional(),
  custom: z.object({ shadowed: z.boolean(), exceptions: z.array(exception) }),
});

/** `undefined` for what is not of the form that this version writes. */
export function recordedOf(json: DecisionEntry): Recorded | undefined {
  const parsed = entry.safeParse(json);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const { opinions, verdict } = data.result;
  return {
    id: data.decision_id,
    time: data.timestamp,
    says: verdict,
    version: data.labels.version,
    masked: data.masked !== undefined,
    shadowed: data.custom.shadowed,
    ...(data.input === undefined || opinions === undefined
      ? {}
      : {
          replay: {
            // As it stands, not as it was parsed: rules may read what is not named above.
            document: json['input'] as Json,
            text: data.input.attempt.action.text,
            workspace: data.input.attempt.workspace,
            effects: data.input.effects,
            opinions,
            exceptions: data.custom.exceptions,
          },
        }),
  };
}
