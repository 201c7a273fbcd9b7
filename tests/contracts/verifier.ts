import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '../../src/core/attempt.ts';
import { evidenceOf, isFresh, type Question } from '../../src/core/evidence.ts';
import type { Verifier } from '../../src/ports/verifier.ts';

export interface VerifierCase {
  readonly verifier: Verifier;
  readonly attempt: Attempt;
  /** At least one that has an answer, and one that it is asked but cannot be told. */
  readonly answerable: Question;
  readonly unanswerable: Question;
  readonly foreign: Question;
  /** A picture of all that must not change by asking. */
  world(): Promise<unknown>;
}

/** What every verifier keeps to. */
export function verifierContract(name: string, make: () => Promise<VerifierCase>): void {
  const signal = (): AbortSignal => new AbortController().signal;

  test(`${name}: knows which questions are its own`, async () => {
    const { verifier, answerable, unanswerable, foreign } = await make();
    assert.deepEqual(
      [answerable, unanswerable, foreign].map((one) => verifier.canAnswer(one)),
      [true, true, false],
    );
  });

  test(`${name}: evidence says what was asked, by whom it is answered, and when`, async () => {
    const { verifier, attempt, answerable, world } = await make();
    const before = await world();
    const evidence = await verifier.answer(answerable, attempt, signal());
    assert.ok('known' in evidence.answer, JSON.stringify(evidence.answer));
    assert.deepEqual(evidence.question, answerable);
    assert.equal(evidence.digest, evidenceOf(evidence).digest);
    assert.ok(evidence.maxAgeMs > 0 && isFresh(evidence, evidence.atMs));
    assert.notEqual(evidence.source, '');
    assert.equal((await verifier.answer(answerable, attempt, signal())).digest, evidence.digest);
    assert.deepEqual(await world(), before, 'asking changes nothing');
  });

  test(`${name}: what cannot be learnt is unknown, with a reason, never a rejection`, async () => {
    const { verifier, attempt, unanswerable, answerable } = await make();
    const evidence = await verifier.answer(unanswerable, attempt, signal());
    assert.ok('unknown' in evidence.answer && evidence.answer.unknown !== '');
    const withdrawn = await verifier.answer(answerable, attempt, AbortSignal.abort());
    assert.ok('unknown' in withdrawn.answer);
  });
}
