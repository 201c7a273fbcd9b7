import { Worker } from 'node:worker_threads';
import type { Operation } from './engine-calls.ts';
import type { EngineCall, EngineMessage } from './engine-messages.ts';

export type Called =
  | { readonly ok: true; readonly answer: string }
  | { readonly ok: false; readonly kind: 'timeout' | 'ended'; readonly why: string };

/** A worker with one engine in it. Calls go one at a time; after a call that is not `ok` it is ended for good. */
export interface EngineThread {
  call(operation: Operation, request: string, timeoutMs: number): Promise<Called>;
  readonly memoryBytes: number;
  readonly isEnded: boolean;
  end(): Promise<void>;
}

export type StartThread = (module: WebAssembly.Module) => Promise<EngineThread>;

const OPEN_TIMEOUT_MS = 30_000;
const STACK_MB = 16;

/** Rejects where the worker cannot be started. */
export async function startThread(module: WebAssembly.Module): Promise<EngineThread> {
  const worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
    workerData: { module },
    name: 'holdpoint-opa',
    // SECURITY: policies are data; the thread that runs them inherits nothing.
    env: {},
    resourceLimits: { stackSizeMb: STACK_MB },
  });
  const thread = new WorkerThread(worker);
  await thread.opened;
  return thread;
}

class WorkerThread implements EngineThread {
  readonly opened: Promise<void>;
  memoryBytes = 0;
  isEnded = false;
  readonly #worker: Worker;
  #nextId = 0;
  #waiting: { readonly id: number; settle(called: Called): void } | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    const giveUp = setTimeout(() => broken('it did not start in time'), OPEN_TIMEOUT_MS);
    const broken = (why: string): void => {
      this.isEnded = true;
      clearTimeout(giveUp);
      reject(new Error(`the policy engine does not run: ${why}`));
      this.#settle({ ok: false, kind: 'ended', why: `the policy engine ended: ${why}` });
      void worker.terminate();
    };
    worker.on('message', (message: EngineMessage) => {
      if ('opened' in message) {
        clearTimeout(giveUp);
        // Must not keep the program alive; a call in flight does, by its timer.
        worker.unref();
        resolve();
      } else if ('failed' in message) broken(message.failed);
      else if (message.id === this.#waiting?.id) {
        this.memoryBytes = message.memoryBytes;
        this.#settle({ ok: true, answer: message.answer });
      }
    });
    worker.on('error', (error) => broken(error instanceof Error ? error.message : String(error)));
    worker.on('messageerror', () => broken('an answer could not be read'));
    worker.once('exit', () => broken('its thread is gone'));
  }

  call(operation: Operation, request: string, timeoutMs: number): Promise<Called> {
    if (this.isEnded) return Promise.resolve({ ok: false, kind: 'ended', why: 'the policy engine has ended' });
    if (this.#waiting !== undefined) throw new Error('the engine is asked while it answers');
    const { promise, resolve } = Promise.withResolvers<Called>();
    this.#nextId += 1;
    const id = this.#nextId;
    const timer = setTimeout(() => {
      // This thread may have been the busy one: an answer that lies ready counts.
      setImmediate(() => {
        if (this.#waiting?.id !== id) return;
        this.isEnded = true;
        this.#settle({ ok: false, kind: 'timeout', why: `no answer within ${timeoutMs} ms` });
        void this.#worker.terminate();
      });
    }, timeoutMs);
    this.#waiting = {
      id,
      settle: (called) => {
        clearTimeout(timer);
        resolve(called);
      },
    };
    const message: EngineCall = { id, operation, request };
    this.#worker.postMessage(message);
    return promise;
  }

  async end(): Promise<void> {
    this.isEnded = true;
    await this.#worker.terminate();
  }

  #settle(called: Called): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.settle(called);
  }
}
