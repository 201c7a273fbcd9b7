import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { dangerOf } from '../../core/danger.ts';
import type { Digest } from '../../core/digest.ts';
import type { Effect } from '../../core/effect.ts';
import { evidenceOf } from '../../core/evidence.ts';
import { type Exception, exceptionDigest } from '../../core/exception.ts';
import type { PolicyInput } from '../../ports/policy-engine.ts';
import type { PolicyProblem } from '../../ports/policy-layers.ts';
import { INPUT_LIMITS } from './input.ts';
import { MAX_PARTS } from './input-faults.ts';
import { indexPart } from './input-index.ts';
import { inputDocument, nonconformances } from './input-schema.ts';

export type Recorded =
  | { readonly ok: true; readonly input: PolicyInput; readonly text: string }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/**
 * Reads a document `holdpoint/v1` that comes from elsewhere: a decision log, a person's file. It must conform, and what
 * Holdpoint derives (danger, harmless, the indexes) must be what Holdpoint would have derived.
 */
export function readRecorded(document: unknown): Recorded {
  const refused = (at: string, message: string): PolicyProblem => ({
    code: 'input_error',
    message: `the input does not conform to holdpoint/v1 at \`${at === '' ? '.' : at}\`: ${message}`,
  });
  // Depth first: the schema's check is recursive.
  const text = textOf(document);
  if (text === undefined) return { ok: false, problems: [refused('', 'it is not JSON, or too deep or too long')] };
  const plain: unknown = JSON.parse(text);
  // What was written down before there was an index, or by hand, may be without: it follows from the rest.
  const parsed = inputDocument.partial({ index: true }).safeParse(plain);
  if (!parsed.success) {
    return { ok: false, problems: nonconformances(plain).map(({ at, message }) => refused(at, message)) };
  }
  const input = inputOf(parsed.data);
  const problems = input.effects.flatMap((effect, index) => {
    const said = parsed.data.effects[index];
    const danger = dangerOf(effect);
    return [
      ...(said?.index === index ? [] : [refused(`effects[${index}].index`, `it should be ${index}`)]),
      ...(said?.danger === danger ? [] : [refused(`effects[${index}].danger`, `it should be \`${danger}\``)]),
    ];
  });
  const harmless = input.effects.every((effect) => dangerOf(effect) === 'harmless');
  if (parsed.data.harmless !== harmless) problems.push(refused('harmless', `it should be ${harmless}`));
  const { index: said, ...rest } = parsed.data;
  const index = indexPart(rest.effects, rest.evidence, MAX_PARTS);
  if (index === undefined) problems.push(refused('', `it has more than ${MAX_PARTS} parts`));
  else if (said !== undefined && !isDeepStrictEqual(said, index))
    problems.push(refused('index', 'it does not follow from the effects and the evidence'));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, input, text: said === undefined ? JSON.stringify({ ...rest, index }) : text };
}

const MAX_DEPTH = 80;

function textOf(document: unknown): string | undefined {
  const isDeep = (value: unknown, left: number): boolean =>
    typeof value === 'object' &&
    value !== null &&
    (left === 0 || Object.values(value).some((member) => isDeep(member, left - 1)));
  try {
    if (isDeep(document, MAX_DEPTH)) return undefined;
    // `undefined` for what JSON cannot say.
    const text = JSON.stringify(document) as string | undefined;
    return text === undefined || text.length > INPUT_LIMITS.documentChars ? undefined : text;
  } catch {
    return undefined;
  }
}

function inputOf(document: Omit<z.infer<typeof inputDocument>, 'index'>): PolicyInput {
  const { attempt } = document;
  const { kind, cwd, dialect, text } = attempt.action;
  return {
    attempt: {
      id: attempt.id,
      key: attempt.key as Digest,
      atMs: attempt.at,
      door: attempt.door,
      person: attempt.person,
      agent: attempt.agent,
      task: attempt.task,
      workspace: attempt.workspace,
      action: {
        kind,
        bytes: new TextEncoder().encode(text),
        ...(cwd === undefined ? {} : { cwd }),
        ...(dialect === undefined ? {} : { dialect }),
      },
    },
    effects: document.effects.map(
      ({ verb, target, count, reversal, basis, source, summary, tags }): Effect => ({
        verb,
        target,
        count,
        reversal,
        basis,
        source,
        summary,
        tags,
      }),
    ),
    evidence: document.evidence.map((one) =>
      evidenceOf({
        question: { check: one.check, about: one.about },
        answer: one.answer,
        source: one.source,
        atMs: one.at,
        maxAgeMs: one.maxAgeMs,
      }),
    ),
    exceptions: document.exceptions.map((one): Exception => {
      const { rule, verb, target, workspace, because, signer } = one;
      const signed = { rule, verb, target, workspace, because, expiresAtMs: one.expiresAt };
      return { ...signed, signer, digest: exceptionDigest(signed) };
    }),
    nowMs: document.now,
  };
}
