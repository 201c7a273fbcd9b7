import type { Action, Origin } from '../../src/core/attempt.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import type { Effect } from '../../src/core/effect.ts';
import { evidenceOf } from '../../src/core/evidence.ts';
import type { Reader } from '../../src/languages/reading.ts';
import type { RawAttempt } from '../../src/pipeline/observe.ts';
import { makePipeline, type PipelinePorts } from '../../src/pipeline/pipeline.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Execution, Executor } from '../../src/ports/executor.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Verifier } from '../../src/ports/verifier.ts';
import { memoryStore } from './memory-store.ts';
import { approverFor, makePerson } from './people.ts';

/** A clock that only the test moves. */
export function testClock(startMs = 1_790_000_000_000): Clock & { moveMs(by: number): void } {
  const at = { nowMs: startMs };
  const moveMs = (by: number): void => {
    at.nowMs += by;
  };
  return { nowMs: () => at.nowMs, monotonicMs: () => at.nowMs, moveMs };
}

/** Counts what really ran. */
export function countingExecutor(
  answer: () => Execution = () => ({ kind: 'finished', outcome: 'done', detail: {} }),
): Executor & { readonly ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    execute: (attempt) => {
      ran.push(new TextDecoder().decode(attempt.action.bytes));
      return Promise.resolve(answer());
    },
  };
}

const DOCUMENT = { system: 'file', kind: 'path', path: ['/w/data'] } as const;

/**
 * A language of four words, so that pipeline tests do not hang on a real one: `look`, `wipe` (asks whether the data is
 * regenerable), `mystery`, `unguard`.
 */
export const toyReader: Reader = (action, context) => {
  const word = new TextDecoder().decode(action.bytes).split(' ')[0];
  const base = { count: { min: 1, max: 1 }, source: 'toy', basis: 'parsed' } as const;
  const effect = (parts: Partial<Effect>): Effect => ({
    verb: 'read',
    target: { known: DOCUMENT },
    reversal: 'irreversible',
    summary: `${word}s the data`,
    ...base,
    ...parts,
  });
  switch (word) {
    case 'look':
      return { effects: [effect({})], questions: [] };
    case 'touch':
      return { effects: [effect({ verb: 'create', reversal: 'regenerable' })], questions: [] };
    case 'wipe': {
      const fact = context.fact('recovery', DOCUMENT);
      const regenerable =
        fact !== undefined &&
        'known' in fact &&
        fact.known !== null &&
        typeof fact.known === 'object' &&
        'regenerable' in fact.known &&
        fact.known.regenerable === true;
      const safeguardable =
        fact !== undefined &&
        'known' in fact &&
        fact.known !== null &&
        typeof fact.known === 'object' &&
        'copy' in fact.known;
      return {
        effects: [
          effect({
            verb: 'destroy',
            reversal: regenerable ? 'regenerable' : safeguardable ? 'safeguardable' : 'irreversible',
          }),
        ],
        questions: fact === undefined ? [{ check: 'recovery', about: DOCUMENT }] : [],
      };
    }
    case 'unguard':
      return { effects: [effect({ verb: 'destroy', tags: ['guard-tampering'] })], questions: [] };
    default:
      return {
        effects: [effect({ verb: 'run', basis: 'opaque', target: { unknown: 'who knows' }, reversal: 'unknown' })],
        questions: [],
      };
  }
};

export interface TestWorld {
  readonly store: Store;
  readonly clock: ReturnType<typeof testClock>;
  readonly person: ReturnType<typeof makePerson>;
  readonly facts: { recovery: Json };
  readonly pipeline: ReturnType<typeof makePipeline>;
  attempt(text: string, origin?: Partial<Origin>): RawAttempt;
}

/** A whole pipeline over fakes at the ports; any port can be replaced. */
export function testWorld(replace: Partial<PipelinePorts> = {}): TestWorld {
  const store = replace.store ?? memoryStore();
  const clock = testClock();
  const person = makePerson('ada');
  const facts: { recovery: Json } = { recovery: { regenerable: false } };
  const verifier: Verifier = {
    name: 'toy world',
    canAnswer: (question) => question.check === 'recovery',
    answer: (question) =>
      Promise.resolve(
        evidenceOf({
          question,
          answer: { known: facts.recovery },
          source: 'toy',
          atMs: clock.nowMs(),
          maxAgeMs: 60_000,
        }),
      ),
  };
  let counted = 0;
  const count = (): number => {
    counted += 1;
    return counted;
  };
  const pipeline = makePipeline({
    read: toyReader,
    verifiers: [verifier],
    engines: [],
    approver: approverFor([person]),
    safeguarders: [],
    clock,
    mode: () => 'enforce',
    nonce: () => count().toString(16).padStart(64, '0'),
    ...replace,
    store,
  });
  return {
    store,
    clock,
    person,
    facts,
    pipeline,
    attempt: (text, origin = {}) => ({
      id: `attempt-${count()}`,
      action: { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: '/w' } satisfies Action,
      origin: { door: 'hook', person: 'ada', agent: 'agent', task: 'task-1', workspace: '/w', ...origin },
    }),
  };
}
