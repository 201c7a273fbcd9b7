import { randomUUID } from 'node:crypto';
import type { Json } from '../../core/canonical-json.ts';
import { redactSecrets, redactText } from '../../core/redact.ts';
import type { LayerOpinion } from '../../core/verdict.ts';
import type { Decision } from '../../ports/decision-log.ts';
import type { PolicyInput } from '../../ports/policy-engine.ts';
import type { DecisionLabels, JsonObject, Recorded } from './messages.ts';

/** The document `holdpoint/v1` of an attempt, as JSON text. */
export type DocumentOf = (
  input: PolicyInput,
) => { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** What the worker needs of a decision, as JSON text. */
export function recordedText(decision: Decision, documentOf: DocumentOf): string {
  const { input, opinions, verdict, shadowed, micros } = decision;
  const document = documentOf(input);
  const recorded: Omit<Recorded, 'input'> = {
    result: {
      verdict: verdict.says,
      findings: verdict.findings.map((one) => ({ ...one })),
      obligations: verdict.obligations.map((one) => ({ ...one })),
      opinions: opinions.map(opinionAsJson),
    },
    bundles: bundlesOf(opinions),
    exceptions: decision.exceptions.map((one) => ({ ...one, target: { ...one.target } })),
    shadowed,
    requestedBy: `${input.attempt.door}:${input.attempt.agent}`,
    nowMs: input.nowMs,
    micros,
  };
  // The document is JSON already.
  return `{"input":${document.ok ? document.text : 'null'},${JSON.stringify(recorded).slice(1)}`;
}

/** One line without its end, or `undefined` where it does not fit even without what may be left out. */
export function entryLine(recorded: Recorded, labels: DecisionLabels, maxBytes: number): string | undefined {
  const { input, result, bundles } = recorded;
  const attempts: readonly { readonly input: Json; readonly result: JsonObject; readonly erased: readonly string[] }[] =
    [
      ...(input === null ? [] : [{ input, result, erased: [] }]),
      { input: null, result, erased: ['/input'] },
      { input: null, result: { verdict: result.verdict }, erased: ['/input', '/result'] },
    ];
  for (const attempt of attempts) {
    const masked: string[] = [];
    const custom = { shadowed: recorded.shadowed, exceptions: attempt.result === result ? recorded.exceptions : [] };
    const content = { input: attempt.input, result: attempt.result, custom };
    const clean = redactSecrets(content) as typeof content;
    listMasked(content, clean, '', masked);
    const erased = attempt.erased.length > 0;
    const entry = {
      labels,
      decision_id: randomUUID(),
      bundles,
      path: 'holdpoint/policies',
      ...(erased ? {} : { input: clean.input }),
      result: clean.result,
      ...(erased ? { erased: attempt.erased } : {}),
      ...(masked.length > 0 ? { masked } : {}),
      requested_by: redactText(recorded.requestedBy).slice(0, 300),
      timestamp: new Date(recorded.nowMs).toISOString(),
      metrics: { timer_holdpoint_decide_ns: Math.round(recorded.micros * 1_000) },
      custom: { ...clean.custom, replayable: !erased && masked.length === 0 },
    };
    const line = JSON.stringify(entry);
    if (Buffer.byteLength(line) <= maxBytes) return line;
  }
  return undefined;
}

function opinionAsJson(opinion: LayerOpinion): Json {
  return {
    layer: opinion.layer,
    digest: opinion.digest,
    findings: opinion.findings.map((one) => ({ ...one })),
    obligations: opinion.obligations.map((one) => ({ ...one })),
  };
}

/** Several folders of one layer get numbers, since OPA's field is by name. */
function bundlesOf(opinions: readonly LayerOpinion[]): JsonObject {
  const bundles: Record<string, Json> = {};
  for (const { layer, digest } of opinions) {
    let name: string = layer;
    for (let number = 2; name in bundles; number += 1) name = `${layer}/${number}`;
    bundles[name] = { revision: digest };
  }
  return bundles;
}

/** JSON pointers (RFC 6901) to what differs after redaction. Names may have been redacted too. */
function listMasked(before: Json, after: Json | undefined, pointer: string, into: string[]): void {
  if (before === null || typeof before !== 'object') {
    if (before !== after) into.push(pointer);
    return;
  }
  if (Array.isArray(before)) {
    before.forEach((item: Json, index) => {
      listMasked(item, Array.isArray(after) ? (after[index] as Json) : undefined, `${pointer}/${index}`, into);
    });
    return;
  }
  const members = (after ?? {}) as JsonObject;
  for (const [name, value] of Object.entries(before as JsonObject)) {
    if (value === undefined) continue;
    const shown = redactText(name);
    const at = `${pointer}/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (shown !== name) into.push(at);
    else listMasked(value, members[shown], at, into);
  }
}
