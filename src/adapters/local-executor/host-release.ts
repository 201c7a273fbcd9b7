import type { Executor } from '../../ports/executor.ts';

/** The agent's host runs the act itself, or `holdpoint exec` does in the agent's terminal; both report the outcome later. */
export const hostReleaseExecutor: Executor = {
  execute: async () => ({ kind: 'released' }),
};
