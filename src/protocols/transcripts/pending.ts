import type { RecordedCall, RecordedOutcome } from './transcript.ts';

/** Calls that wait for their result. More than a transcript ever has open at once; past it the oldest goes without. */
const MOST_PENDING = 1_000;

export type PendingCall = Omit<RecordedCall, 'outcome'>;

export interface PendingCalls {
  /** Gives back what had to make room, with an unknown outcome. */
  add(id: string, calls: readonly PendingCall[]): readonly RecordedCall[];
  settle(id: string, outcome: RecordedOutcome): readonly RecordedCall[];
  rest(): readonly RecordedCall[];
}

/** Ties results to the calls before them. */
export function pendingCalls(): PendingCalls {
  const waiting = new Map<string, readonly PendingCall[]>();
  const settle = (id: string, outcome: RecordedOutcome): readonly RecordedCall[] => {
    const calls = waiting.get(id);
    if (calls === undefined) return [];
    waiting.delete(id);
    return calls.map((call) => ({ ...call, outcome }));
  };
  return {
    add(id, calls) {
      const [oldest] = waiting.keys();
      const out = waiting.size >= MOST_PENDING && oldest !== undefined ? settle(oldest, 'unknown') : [];
      waiting.set(id, calls);
      return out;
    },
    settle,
    rest: () => [...waiting.keys()].flatMap((id) => settle(id, 'unknown')),
  };
}
