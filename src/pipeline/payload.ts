import { type Attempt, attemptKey } from '../core/attempt.ts';
import type { Json } from '../core/canonical-json.ts';
import { digestOfBytes } from '../core/digest.ts';
import type { Effect } from '../core/effect.ts';
import type { Receipt, ReceiptDraft } from '../core/receipt.ts';
import type { SafeguardTaken } from '../core/safeguard.ts';
import type { RawAttempt } from './observe.ts';
import type { AnyJudged, Refused } from './products.ts';

/** Longest text of an action that is kept with a receipt, in UTF-16 units; the digest covers all of it. */
const TEXT_UNITS = 4_000;

/** What a receipt keeps of an attempt. The store redacts it of secrets and can erase it. */
export function intentPayload(judged: AnyJudged): Json {
  const { attempt, effects, verdict, evidence, shadowed } = judged;
  return {
    action: actionJson(attempt.action),
    origin: originJson(attempt),
    ...(attempt.statedPurpose === undefined ? {} : { statedPurpose: attempt.statedPurpose }),
    effects: effects.map(effectJson),
    says: verdict.says,
    ...(shadowed ? { shadowed: true } : {}),
    findings: verdict.findings.map((one) => ({ ...one })),
    evidence: evidence.map((one) => ({
      check: one.question.check,
      about: { ...one.question.about },
      known: 'known' in one.answer,
      source: one.source,
      digest: one.digest,
    })),
  };
}

function refusalPayload(raw: RawAttempt, refusal: Refused, judged: AnyJudged | undefined): Json {
  return {
    ...(judged === undefined
      ? { action: actionJson(raw.action), origin: originJson(raw.origin) }
      : (intentPayload(judged) as { [key: string]: Json })),
    rule: refusal.rule,
    reason: refusal.reason,
    ...(refusal.hold === undefined ? {} : { hold: refusal.hold.id }),
  };
}

function actionJson(action: RawAttempt['action']): Json {
  const text = new TextDecoder('utf-8').decode(action.bytes).toWellFormed();
  return {
    kind: action.kind,
    text: text.slice(0, TEXT_UNITS).toWellFormed(),
    ...(text.length > TEXT_UNITS ? { cut: true } : {}),
    sha256: digestOfBytes(action.bytes),
    ...(action.cwd === undefined ? {} : { cwd: action.cwd }),
    ...(action.dialect === undefined ? {} : { dialect: action.dialect }),
  };
}

function originJson(origin: RawAttempt['origin']): Json {
  return {
    door: origin.door,
    person: origin.person,
    agent: origin.agent,
    task: origin.task,
    workspace: origin.workspace,
  };
}

function effectJson(effect: Effect): Json {
  return {
    verb: effect.verb,
    target: 'known' in effect.target ? { ...effect.target.known } : { unknown: effect.target.unknown },
    count: { ...effect.count },
    reversal: effect.reversal,
    basis: effect.basis,
    source: effect.source,
    summary: effect.summary,
    ...(effect.tags === undefined ? {} : { tags: [...effect.tags] }),
  };
}

export function refusalDraft(
  raw: RawAttempt,
  refusal: Refused,
  judged: AnyJudged | undefined,
  atMs: number,
): ReceiptDraft {
  return {
    kind: 'refusal',
    attemptId: raw.id,
    attemptKey: judged?.attempt.key ?? attemptKey(raw.action, raw.origin),
    atMs,
    says: refusal.says,
    rules: [refusal.rule],
    payload: refusalPayload(raw, refusal, judged),
  };
}

/** What an outcome keeps: how it ended, and where the copies are that undo it. */
export function outcomePayload(detail: Json, taken: readonly SafeguardTaken[]): Json {
  return {
    detail,
    ...(taken.length === 0 ? {} : { safeguards: taken.map((one) => ({ ...one, plan: { ...one.plan } })) }),
  };
}

/** The outcome of an intent whose safeguard failed. */
export function notStarted(attempt: Attempt, intent: Receipt, refusal: Refused, atMs: number): ReceiptDraft {
  return {
    kind: 'outcome',
    attemptId: attempt.id,
    attemptKey: attempt.key,
    atMs,
    intent: intent.index,
    outcome: 'not-started',
    payload: { rule: refusal.rule, reason: refusal.reason },
  };
}
