import { Worker } from 'node:worker_threads';
import type { Store } from '../../ports/store.ts';
import type { Arguments, LedgerOptions, Message, Method, Reply, Result } from './messages.ts';

export type { LedgerOptions } from './messages.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Opens the ledger of a directory in a worker of its own, or makes it. Rejects where another process has it, or where
 * anything in it is not as the last commit left it. `start` is for tests of a worker that fails.
 */
export async function openStore(
  options: LedgerOptions,
  start: (options: LedgerOptions) => Worker = startWorker,
): Promise<Store> {
  const worker = start(options);
  const store = new SqliteStore(worker);
  await store.opened;
  return store;
}

function startWorker(options: LedgerOptions): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData: options, name: 'holdpoint-ledger' });
}

/** The caller's end of the worker. */
class SqliteStore implements Store {
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #nextId = 0;
  /** Why no call is taken any more. */
  #refusal: string | undefined;
  #closing: Promise<void> | undefined;
  #ended = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#exited = new Promise((exited) => {
      worker.once('exit', () => {
        this.#ended = true;
        this.#breakDown('the ledger cannot be used: its worker has ended');
        reject(new Error('the ledger cannot be opened: its worker has ended'));
        exited();
      });
    });
    worker.on('message', (message: Message) => {
      if ('opened' in message) {
        worker.unref();
        resolve();
      } else if ('failed' in message) reject(new Error(`the ledger cannot be opened: ${message.failed}`));
      else for (const reply of message.replies) this.#settle(reply);
    });
    worker.on('error', (error) =>
      this.#breakDown(
        `the ledger cannot be used: its worker failed: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
    worker.on('messageerror', () =>
      this.#breakDown('the ledger cannot be used: an answer of its worker could not be read'),
    );
  }

  append(...args: Arguments<'append'>): Promise<Result<'append'>> {
    return this.#call('append', args);
  }

  begin(...args: Arguments<'begin'>): Promise<Result<'begin'>> {
    return this.#call('begin', args);
  }

  openHold(...args: Arguments<'openHold'>): Promise<Result<'openHold'>> {
    return this.#call('openHold', args);
  }

  hold(...args: Arguments<'hold'>): Promise<Result<'hold'>> {
    return this.#call('hold', args);
  }

  holds(...args: Arguments<'holds'>): Promise<Result<'holds'>> {
    return this.#call('holds', args);
  }

  settleHold(...args: Arguments<'settleHold'>): Promise<Result<'settleHold'>> {
    return this.#call('settleHold', args);
  }

  addDenial(...args: Arguments<'addDenial'>): Promise<Result<'addDenial'>> {
    return this.#call('addDenial', args);
  }

  denials(...args: Arguments<'denials'>): Promise<Result<'denials'>> {
    return this.#call('denials', args);
  }

  clearDenials(...args: Arguments<'clearDenials'>): Promise<Result<'clearDenials'>> {
    return this.#call('clearDenials', args);
  }

  head(): Promise<Result<'head'>> {
    return this.#call('head', []);
  }

  checkpoint(): Promise<Result<'checkpoint'>> {
    return this.#call('checkpoint', []);
  }

  receipts(...args: Arguments<'receipts'>): Promise<Result<'receipts'>> {
    return this.#call('receipts', args);
  }

  unfinished(): Promise<Result<'unfinished'>> {
    return this.#call('unfinished', []);
  }

  erase(...args: Arguments<'erase'>): Promise<Result<'erase'>> {
    return this.#call('erase', args);
  }

  advanceTime(...args: Arguments<'advanceTime'>): Promise<Result<'advanceTime'>> {
    return this.#call('advanceTime', args);
  }

  /** Waits for the calls before it; a broken ledger closes too. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A broken ledger is told too: it still has files and a lock to let go of.
    const farewell = this.#ended ? undefined : this.#send('close', []).catch(() => undefined);
    this.#refusal ??= 'the store is closed';
    await farewell;
    this.#worker.ref();
    await this.#exited;
  }

  #call<M extends Method>(method: M, args: Arguments<M>): Promise<Result<M>> {
    return this.#refusal === undefined ? this.#send(method, args) : Promise.reject(new Error(this.#refusal));
  }

  #send<M extends Method>(method: M, args: Arguments<M>): Promise<Result<M>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    try {
      this.#worker.postMessage({ id, method, args });
    } catch (error) {
      return Promise.reject(
        new TypeError(`the call \`${method}\` has something that is not plain data`, { cause: error }),
      );
    }
    // The worker keeps the process alive only while an answer is due.
    if (this.#waiting.size === 0) this.#worker.ref();
    this.#waiting.set(id, { resolve, reject });
    return promise as Promise<Result<M>>;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (reply.ok) waiting?.resolve(reply.value);
    else {
      if (reply.broken) this.#refusal = reply.error;
      waiting?.reject(new Error(reply.error));
    }
  }

  #breakDown(why: string): void {
    this.#refusal ??= why;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.reject(new Error(why));
  }
}
