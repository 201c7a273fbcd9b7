import type { Problem } from './layers.ts';

/** Reads the engine's answers. It is our own program, yet what comes out of a policy decides: nothing is taken on trust. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface Loaded {
  readonly set: number;
  readonly asked: readonly string[];
  /** Shown by partial evaluation: nothing can hold or deny where all effects are harmless. */
  readonly silent: boolean;
  readonly rules: readonly RuleAt[];
}

export interface RuleAt {
  readonly path: string;
  readonly file: string;
  readonly row: number;
  /** `# METADATA` as OPA reads it. */
  readonly annotations?: unknown;
}

export interface SetAnswer {
  readonly set: number;
  readonly found?: Readonly<Record<string, unknown>>;
  readonly error?: Problem;
  readonly steps: number;
}

export function answerOf<T>(text: string, isT: (value: unknown) => value is T): Answer<T> {
  const broken = (message: string): Answer<T> => ({ ok: false, problems: [{ code: 'engine_answer', message }] });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken('the engine did not answer in JSON');
  }
  if (isRecord(value) && 'errors' in value) {
    const { errors } = value;
    if (!Array.isArray(errors) || errors.length === 0 || !errors.every(isProblem)) return broken('the engine failed');
    return { ok: false, problems: errors };
  }
  return isT(value) ? { ok: true, value } : broken('the engine answered with something else');
}

export function isLoaded(value: unknown): value is Loaded {
  return (
    isRecord(value) &&
    typeof value['set'] === 'number' &&
    typeof value['silent'] === 'boolean' &&
    Array.isArray(value['asked']) &&
    value['asked'].every((one) => typeof one === 'string') &&
    Array.isArray(value['rules']) &&
    value['rules'].every(isRuleAt)
  );
}

export function isSetAnswers(value: unknown): value is readonly SetAnswer[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) =>
        isRecord(one) &&
        typeof one['set'] === 'number' &&
        // One of both, never neither: an empty answer must not pass for silence.
        (isRecord(one['found']) ? one['error'] === undefined : isProblem(one['error'])),
    )
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRuleAt(value: unknown): value is RuleAt {
  return (
    isRecord(value) &&
    typeof value['path'] === 'string' &&
    typeof value['file'] === 'string' &&
    typeof value['row'] === 'number'
  );
}

function isProblem(value: unknown): value is Problem {
  return isRecord(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string';
}
