import { dangerOf } from '../../core/danger.ts';
import { LIMITS } from '../../core/limits.ts';
import { resourceKey } from '../../core/resource.ts';
import type { PolicyInput } from '../../ports/policy-engine.ts';
import { documentFault, MAX_PARTS } from './input-faults.ts';
import { indexPart } from './input-index.ts';
import { attemptPart, effectPart, evidencePart, exceptionPart } from './input-parts.ts';

export const INPUT_LIMITS = {
  /** UTF-16 units of the whole document as JSON: a file may be written whole, and JSON doubles some characters. */
  documentChars: 2 * LIMITS.hookPayloadBytes,
} as const;

export type Document =
  | {
      readonly ok: true;
      readonly harmless: boolean;
      /** As JSON; made only when a layer is asked, since it is the costly part. */
      text(): DocumentText;
    }
  | { readonly ok: false; readonly why: string };

export type DocumentText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/**
 * The document `holdpoint/v1` that policies read. What the agent says of itself (`statedPurpose`) is not in it, since no
 * rule may believe it; everything else is what the door vouches for, what was parsed, and what was checked.
 * INVARIANT: what this makes conforms to the published schema, whatever a verifier at fault has put into the input.
 */
export function documentOf(input: PolicyInput): Document {
  const refused = (error: unknown): { readonly ok: false; readonly why: string } => ({
    ok: false,
    why: `the input cannot be read: ${error instanceof Error ? error.message : String(error)}`,
  });
  try {
    const { attempt, effects, evidence, nowMs } = input;
    const exceptions = input.exceptions ?? [];
    if (![effects, evidence, exceptions].every((list) => Array.isArray(list)))
      return { ok: false, why: 'the input does not conform to holdpoint/v1: a list is none' };
    if (!(attempt.action.bytes instanceof Uint8Array))
      return { ok: false, why: 'the input does not conform to holdpoint/v1 at `attempt.action`: no bytes' };
    if (effects.length > LIMITS.effects)
      return { ok: false, why: `${effects.length} effects, more than ${LIMITS.effects}` };
    const harmless = effects.every((effect) => dangerOf(effect) === 'harmless');
    const targets = effects.map((effect) => ('known' in effect.target ? resourceKey(effect.target.known) : undefined));
    const document = {
      schema: 'holdpoint/v1',
      now: nowMs,
      harmless,
      attempt: attemptPart(attempt),
      effects: effects.map(effectPart),
      evidence: evidence.map((one) => evidencePart(one, targets, nowMs)),
      exceptions: exceptions.map(exceptionPart),
    };
    const fault = documentFault(document);
    if (fault !== undefined) return { ok: false, why: fault };
    const text = (): DocumentText => {
      try {
        const index = indexPart(document.effects, document.evidence, MAX_PARTS);
        if (index === undefined) return { ok: false, why: `the input has more than ${MAX_PARTS} parts` };
        const json = JSON.stringify({ ...document, index });
        return json.length > INPUT_LIMITS.documentChars
          ? { ok: false, why: `the input has ${json.length} characters, more than ${INPUT_LIMITS.documentChars}` }
          : { ok: true, text: json };
      } catch (error) {
        return refused(error);
      }
    };
    return { ok: true, harmless, text };
  } catch (error) {
    return refused(error);
  }
}
