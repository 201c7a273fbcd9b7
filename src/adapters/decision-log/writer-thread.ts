import { Worker } from 'node:worker_threads';
import type { Batch, WriterOptions, Written } from './messages.ts';

export function startWorker(options: WriterOptions): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData: options, name: 'holdpoint-decisions' });
}

/**
 * The caller's end of the thread that makes entries and writes them: redaction is work, and attempts wait meanwhile. It
 * is started with the first batch, and anew after it has ended. While it has a batch it keeps the process alive.
 */
export class WriterThread {
  readonly #start: () => Worker;
  #worker: Worker | undefined;
  #waiting: ((written: Written) => void) | undefined;
  #batchSize = 0;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Never rejects. One batch at a time. */
  write(batch: Batch): Promise<Written> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#batchSize = batch.length;
      try {
        this.#worker ??= this.#open();
        this.#worker.ref();
        this.#worker.postMessage(batch);
      } catch (error) {
        this.#breakDown(error instanceof Error ? error.message : String(error));
      }
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #open(): Worker {
    const worker = this.#start();
    worker.on('message', (written: Written) => {
      if (worker === this.#worker) this.#settle(written);
    });
    const ended = (why: string): void => {
      if (worker === this.#worker) this.#breakDown(why);
    };
    worker.on('error', (error) => ended(`their thread failed: ${error instanceof Error ? error.message : error}`));
    worker.on('messageerror', () => ended('an answer of their thread could not be read'));
    worker.on('exit', () => ended('their thread has ended'));
    return worker;
  }

  #breakDown(why: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#settle([{ lost: this.#batchSize, why }]);
  }

  #settle(written: Written): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    this.#worker?.unref();
    resolve?.(written);
  }
}
