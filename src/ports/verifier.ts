import type { Attempt } from '../core/attempt.ts';
import type { Evidence, Question } from '../core/evidence.ts';

/**
 * Answers questions from the world. Contract:
 * - `canAnswer` is pure and cheap; at most one verifier answers a question (the first in order).
 * - `answer` resolves, never rejects for an expected failure: what cannot be learnt is `{ unknown: why }`.
 * - It never runs the workspace's programs or configuration, and changes nothing.
 * - It stops soon after `signal` aborts.
 */
export interface Verifier {
  readonly name: string;
  canAnswer(question: Question): boolean;
  answer(question: Question, attempt: Attempt, signal: AbortSignal): Promise<Evidence>;
}
