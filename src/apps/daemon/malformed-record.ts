import type { Service } from './service.ts';

/** Different reasons that wait for the record at once; more are counted together. */
const MOST_REASONS = 32;

/**
 * Puts on the record what was refused before it could be read. While one record is being written, the same refusals are
 * counted and share the next one: a flood of noise costs a bounded queue, and none of it goes unsaid.
 */
export function makeMalformedRecord(service: Service): (why: string) => void {
  const waiting = new Map<string, number>();
  const state = { writing: false };

  async function drain(): Promise<void> {
    if (state.writing) return;
    state.writing = true;
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const [why, times] = next;
      waiting.delete(why);
      // A ledger that cannot write refuses everything from then on, and says so to whoever asks next.
      await record(service, times === 1 ? why : `${why} (${times} times)`).catch(() => undefined);
    }
    state.writing = false;
  }

  return (why) => {
    const reason = waiting.has(why) || waiting.size < MOST_REASONS ? why : 'unreadable in many ways at once';
    waiting.set(reason, (waiting.get(reason) ?? 0) + 1);
    drain().catch(() => undefined);
  };
}

async function record(service: Service, why: string): Promise<void> {
  const attempt = service.raw(
    { kind: 'mcp', bytes: new TextEncoder().encode('{}') },
    { door: 'hook', person: service.person, agent: 'unknown', task: 'unknown', workspace: '' },
  );
  await service.pipeline.proceed(
    attempt,
    { kind: 'refused', says: 'deny', rule: 'floor/unreadable', reason: why },
    service.releaser,
  );
}
