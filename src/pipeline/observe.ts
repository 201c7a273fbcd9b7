import { type Action, attemptKey, type Origin } from '../core/attempt.ts';
import { LIMITS } from '../core/limits.ts';
import { mintObserved, type Observed, type Refused, refused } from './products.ts';

/** What a door hands in: the action to the byte, and who it was. The door vouches for `origin`. */
export interface RawAttempt {
  readonly id: string;
  readonly action: Action;
  readonly origin: Origin;
  readonly statedPurpose?: string;
}

const TEXT_KINDS: ReadonlySet<Action['kind']> = new Set(['shell', 'sql', 'git']);

/** First stage: limits and encoding, then the attempt's key. Pure. */
export function observe(raw: RawAttempt, nowMs: number): Observed | Refused {
  const { action, origin } = raw;
  const limitBytes = TEXT_KINDS.has(action.kind) ? LIMITS.commandBytes : LIMITS.hookPayloadBytes;
  if (action.bytes.byteLength > limitBytes) {
    return refused(
      'deny',
      'floor/oversized',
      `the ${action.kind} action has ${action.bytes.byteLength} bytes; at most ${limitBytes} can be judged`,
    );
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(action.bytes);
  } catch {
    return refused('deny', 'floor/encoding', `the ${action.kind} action is not valid UTF-8`);
  }
  if (action.bytes.includes(0)) return refused('deny', 'floor/encoding', `the ${action.kind} action holds a NUL byte`);
  const { statedPurpose, id } = raw;
  return mintObserved({
    attempt: {
      id,
      atMs: nowMs,
      ...origin,
      action,
      ...(statedPurpose === undefined ? {} : { statedPurpose: statedPurpose.slice(0, LIMITS.cardTextChars) }),
      key: attemptKey(action, origin),
    },
  });
}
