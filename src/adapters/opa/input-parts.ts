import type { Attempt } from '../../core/attempt.ts';
import { dangerOf } from '../../core/danger.ts';
import type { Effect } from '../../core/effect.ts';
import { type Evidence, isFresh } from '../../core/evidence.ts';
import type { Exception } from '../../core/exception.ts';
import { type ResourceRef, resourceKey } from '../../core/resource.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The document member by member: only what the schema has, so that nothing else an object carries comes along. */
export type DocumentParts = {
  readonly now: number;
  readonly attempt: ReturnType<typeof attemptPart>;
  readonly effects: readonly ReturnType<typeof effectPart>[];
  readonly evidence: readonly ReturnType<typeof evidencePart>[];
  readonly exceptions: readonly ReturnType<typeof exceptionPart>[];
};

export function attemptPart(attempt: Attempt) {
  const { kind, dialect, cwd, bytes } = attempt.action;
  return {
    id: attempt.id,
    key: attempt.key as string,
    at: attempt.atMs,
    door: attempt.door,
    person: attempt.person,
    agent: attempt.agent,
    task: attempt.task,
    workspace: attempt.workspace,
    action: { kind, dialect, cwd, text: decoder.decode(bytes) },
  };
}

export function effectPart(effect: Effect, index: number) {
  const { target, count } = effect;
  return {
    index,
    verb: effect.verb,
    danger: dangerOf(effect),
    target: 'known' in target ? { known: resourcePart(target.known) } : { unknown: target.unknown },
    count: { min: count.min, max: count.max },
    reversal: effect.reversal,
    basis: effect.basis,
    source: effect.source,
    summary: effect.summary,
    tags: effect.tags ?? [],
  };
}

export function evidencePart(one: Evidence, targets: readonly (string | undefined)[], nowMs: number) {
  const { question, answer } = one;
  const about = resourceKey(question.about);
  return {
    check: question.check,
    about: resourcePart(question.about),
    effects: targets.flatMap((target, index) => (target === about ? [index] : [])),
    answer: 'known' in answer ? { known: answer.known } : { unknown: answer.unknown },
    source: one.source,
    at: one.atMs,
    maxAgeMs: one.maxAgeMs,
    fresh: isFresh(one, nowMs),
  };
}

export function exceptionPart(one: Exception) {
  return {
    rule: one.rule,
    verb: one.verb,
    target: resourcePart(one.target),
    workspace: one.workspace,
    because: one.because,
    expiresAt: one.expiresAtMs,
    signer: one.signer,
  };
}

function resourcePart(ref: ResourceRef) {
  return { system: ref.system, kind: ref.kind, path: ref.path };
}
