import type { Executor } from '../ports/executor.ts';
import { demandSafe, type Executed, mintExecuted, type Safe } from './products.ts';

/** Eighth stage: exactly the judged bytes, at most once. An executor that throws leaves the outcome unknown. */
export async function execute(safe: Safe, executor: Executor): Promise<Executed> {
  demandSafe(safe);
  const { attempt } = safe.begun.authorization.judged;
  try {
    return mintExecuted({ safe, execution: await executor.execute(attempt) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return mintExecuted({ safe, execution: { kind: 'finished', outcome: 'unknown', detail: { error: why } } });
  }
}
