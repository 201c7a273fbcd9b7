import type { Action } from '../core/attempt.ts';
import type { Json } from '../core/canonical-json.ts';
import type { Effect } from '../core/effect.ts';
import { LIMITS } from '../core/limits.ts';
import type { ResourceRef } from '../core/resource.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import type { Reading } from './reading.ts';

export type JsonObject = { readonly [key: string]: Json | undefined };

export type ActionObject =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly why: string };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** UTF-8 text of an action, or why there is none. */
export function actionText(
  action: Action,
  limitBytes: number,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string } {
  if (action.bytes.length > limitBytes) return { ok: false, why: `larger than ${limitBytes} bytes` };
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(action.bytes) };
  } catch {
    return { ok: false, why: 'not valid UTF-8' };
  }
}

/** The JSON object that http, graphql and mcp actions are. */
export function actionObject(action: Action): ActionObject {
  const text = actionText(action, LIMITS.judgedBodyBytes + LIMITS.headerBytes);
  if (!text.ok) return text;
  const parsed = parseStrictJson(text.text, LIMITS.jsonDepth);
  if (!parsed.ok) return { ok: false, why: parsed.error };
  return isJsonObject(parsed.value) ? { ok: true, value: parsed.value } : { ok: false, why: 'not a JSON object' };
}

/** What could do anything: holds unless a door contains it. */
export function opaqueEffect(source: string, why: string, summary: string, target?: ResourceRef): Effect {
  return {
    verb: 'run',
    target: target === undefined ? { unknown: why } : { known: target },
    count: { min: 0, max: 'unbounded' },
    reversal: 'unknown',
    basis: 'opaque',
    source,
    summary: `${summary}: ${why}`,
  };
}

export function opaqueReading(source: string, why: string, summary: string): Reading {
  return { effects: [opaqueEffect(source, why, summary)], questions: [] };
}

/** `text` for a summary: one line, cut to a length that a card can carry. */
export function brief(text: string, maxChars = 80): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= maxChars ? line : `${line.slice(0, maxChars)}…`;
}

/** INVARIANT: past the limit the whole is opaque; a tail that is cut off would be a place to hide. */
export function withinEffectLimit(reading: Reading, source: string): Reading {
  if (reading.effects.length > LIMITS.effects) {
    return opaqueReading(source, `more than ${LIMITS.effects} effects`, 'does too much at once to be judged');
  }
  if (reading.questions.length > LIMITS.questions) {
    return opaqueReading(source, `more than ${LIMITS.questions} questions`, 'needs too many facts to be judged');
  }
  return reading;
}
