import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Decision, DecisionEntry, DecisionLog, DecisionReader } from '../../ports/decision-log.ts';
import { type DocumentOf, recordedText } from './entry.ts';
import type { DecisionLabels, WriterOptions, Written } from './messages.ts';
import { readDecisions } from './read-decisions.ts';
import { startWorker, WriterThread } from './writer-thread.ts';

export const DECISION_LOG_LIMITS = {
  entryBytes: 256 * 1024,
  bytesADay: 64 * 1024 * 1024,
  daysKept: 30,
  /** Decisions that wait to be written. */
  queued: 2_000,
  /** Texts of the attempts that wait. */
  queuedBytes: 32 * 1024 * 1024,
} as const;

export interface DecisionLogOptions {
  /** Made with mode 0700 where it is not there. */
  readonly dir: string;
  readonly labels: DecisionLabels;
  readonly documentOf: DocumentOf;
  /** Told once when decisions begin to be lost, and once when they are kept again. */
  readonly onTrouble?: (what: string) => void;
  readonly limits?: Partial<Record<keyof typeof DECISION_LOG_LIMITS, number>>;
  /** For tests of a thread that fails. */
  readonly start?: (options: WriterOptions) => Worker;
}

const FLUSH_MS = 200;
/** Texts made in one turn of the event loop, some 5 µs each: attempts wait meanwhile. */
const A_TURN = 16;
const BATCH = 256;

/** Starts and opens nothing before the first decision is written. */
export function openDecisionLog(options: DecisionLogOptions): DecisionLog {
  return new Log(options);
}

class Log implements DecisionLog {
  lost = 0;
  readonly #options: DecisionLogOptions;
  readonly #limits: Readonly<Record<keyof typeof DECISION_LOG_LIMITS, number>>;
  readonly #reader: DecisionReader;
  readonly #writer: WriterThread;
  #queue: Decision[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #lostSinceTold: number | undefined;
  #closed = false;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#limits = { ...DECISION_LOG_LIMITS, ...options.limits };
    this.#reader = readDecisions(options.dir);
    const { dir, labels, start = startWorker } = options;
    const { entryBytes, bytesADay, daysKept } = this.#limits;
    this.#writer = new WriterThread(() => start({ dir, labels, entryBytes, bytesADay, daysKept }));
  }

  record(decision: Decision): void {
    const bytes = decision.input.attempt.action.bytes.length;
    const isFull = this.#queue.length >= this.#limits.queued || this.#queuedBytes + bytes > this.#limits.queuedBytes;
    if (this.#closed || isFull) {
      this.#lose(1, this.#closed ? 'the log is closed' : 'they come faster than they can be written');
      return;
    }
    this.#queue.push(decision);
    this.#queuedBytes += bytes;
    this.#schedule();
  }

  async *read(sinceMs: number): AsyncGenerator<DecisionEntry> {
    await this.#flush();
    yield* this.#reader.read(sinceMs);
  }

  get malformed(): number {
    return this.#reader.malformed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#flush();
    await this.#writer.close();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, FLUSH_MS).unref();
  }

  /** Never rejects. Writes what is queued now and what comes meanwhile. */
  #flush(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#queue.length > 0) this.#schedule();
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH);
      for (const one of batch) this.#queuedBytes -= one.input.attempt.action.bytes.length;
      const texts = await this.#textsOf(batch);
      if (texts.length > 0) this.#account(await this.#writer.write(texts));
    }
  }

  async #textsOf(batch: readonly Decision[]): Promise<readonly string[]> {
    const texts: string[] = [];
    for (const [index, decision] of batch.entries()) {
      if (index % A_TURN === A_TURN - 1) await nextTurn();
      try {
        texts.push(recordedText(decision, this.#options.documentOf));
      } catch (error) {
        this.#lose(1, `one could not be written down: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return texts;
  }

  #account(written: Written): void {
    for (const event of written) {
      if ('lost' in event) this.#lose(event.lost, event.why);
      else this.#recovered();
    }
  }

  #lose(count: number, why: string): void {
    this.lost += count;
    const isFirst = this.#lostSinceTold === undefined;
    this.#lostSinceTold = (this.#lostSinceTold ?? 0) + count;
    if (isFirst) this.#options.onTrouble?.(`decisions are not kept for \`policy try\`: ${why}`);
  }

  #recovered(): void {
    if (this.#lostSinceTold === undefined) return;
    this.#options.onTrouble?.(`decisions are kept again; ${this.#lostSinceTold} were lost`);
    this.#lostSinceTold = undefined;
  }
}
