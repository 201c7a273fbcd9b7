import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '../../src/core/attempt.ts';
import type { Executor } from '../../src/ports/executor.ts';

/** What every executor keeps to. `ran` counts how often the act really happened. */
export function executorContract(
  name: string,
  make: () => { readonly executor: Executor; readonly attempt: Attempt; ran(): number },
): void {
  test(`${name}: runs at most once and says what it knows`, async () => {
    const { executor, attempt, ran } = make();
    const execution = await executor.execute(attempt);
    if (execution.kind === 'released') assert.equal(ran(), 0, 'what is handed on is not run here as well');
    else {
      assert.ok(['done', 'failed', 'not-started', 'unknown'].includes(execution.outcome));
      assert.equal(ran(), execution.outcome === 'not-started' ? 0 : 1);
    }
  });
}
