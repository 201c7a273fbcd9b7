import { randomFillSync } from 'node:crypto';
import type { Imports, Memory } from './webassembly.ts';

/**
 * The world as the engine sees it (WASI preview 1, https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md):
 * no files, no arguments, no environment, no network, a wall clock that stands still at 1970. What is left is what Go's
 * run time needs: a monotonic clock, sleeping, random numbers for its hash tables, and a place for a last message.
 */
export interface EngineWorld {
  readonly imports: Imports;
  attach(memory: Memory): void;
  /** The beginning of what was written to standard output and error: Go gives up with its reason first, then its stacks. */
  lastWords(): string;
}

const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const LAST_WORDS_MAX_CHARS = 4_000;
const MONOTONIC = 1;
const NANOS_PER_MS = 1_000_000;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const CLOCK_SUBSCRIPTION = 0;

export function makeEngineWorld(): EngineWorld {
  let memory: Memory | undefined;
  let words = '';
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const decoder = new TextDecoder();
  // Growing replaces the buffer, so a view lives for one call.
  const view = (): DataView => {
    if (memory === undefined) throw new Error('the engine asks before it has memory');
    return new DataView(memory.buffer);
  };
  const nothing = (): number => BAD_DESCRIPTOR;
  const none = (count: number, bytes: number): number => {
    view().setUint32(count, 0, true);
    view().setUint32(bytes, 0, true);
    return SUCCESS;
  };

  return {
    attach: (attached) => {
      memory = attached;
    },
    lastWords: () => words,
    imports: {
      args_sizes_get: none,
      args_get: () => SUCCESS,
      environ_sizes_get: none,
      environ_get: () => SUCCESS,
      sched_yield: () => SUCCESS,
      clock_time_get: (clock: number, _precision: bigint, at: number): number => {
        const nanos = clock === MONOTONIC ? BigInt(Math.round(performance.now() * NANOS_PER_MS)) : 0n;
        view().setBigUint64(at, nanos, true);
        return SUCCESS;
      },
      random_get: (at: number, bytes: number): number => {
        randomFillSync(new Uint8Array(view().buffer, at, bytes));
        return SUCCESS;
      },
      poll_oneoff: (subscriptions: number, events: number, count: number, written: number): number => {
        let shortestNanos: bigint | undefined;
        for (let index = 0; index < count; index += 1) {
          const at = subscriptions + index * SUBSCRIPTION_BYTES;
          if (view().getUint8(at + 8) !== CLOCK_SUBSCRIPTION) continue;
          const nanos = view().getBigUint64(at + 24, true);
          const absolute = (view().getUint16(at + 40, true) & 1) === 1;
          const left = absolute ? nanos - BigInt(Math.round(performance.now() * NANOS_PER_MS)) : nanos;
          if (shortestNanos === undefined || left < shortestNanos) shortestNanos = left;
        }
        if (shortestNanos !== undefined && shortestNanos > 0n)
          Atomics.wait(sleeper, 0, 0, Number(shortestNanos) / NANOS_PER_MS);
        for (let index = 0; index < count; index += 1) {
          const at = events + index * EVENT_BYTES;
          view().setBigUint64(at, view().getBigUint64(subscriptions + index * SUBSCRIPTION_BYTES, true), true);
          view().setUint16(at + 8, SUCCESS, true);
          view().setUint8(at + 10, view().getUint8(subscriptions + index * SUBSCRIPTION_BYTES + 8));
        }
        view().setUint32(written, count, true);
        return SUCCESS;
      },
      fd_write: (descriptor: number, vectors: number, count: number, written: number): number => {
        if (descriptor !== 1 && descriptor !== 2) return BAD_DESCRIPTOR;
        let total = 0;
        for (let index = 0; index < count; index += 1) {
          const at = view().getUint32(vectors + index * 8, true);
          const bytes = view().getUint32(vectors + index * 8 + 4, true);
          words = (words + decoder.decode(new Uint8Array(view().buffer, at, bytes))).slice(0, LAST_WORDS_MAX_CHARS);
          total += bytes;
        }
        view().setUint32(written, total, true);
        return SUCCESS;
      },
      proc_exit: (code: number): never => {
        throw new Error(`the engine ended itself with status ${code}`);
      },
      fd_close: nothing,
      fd_read: nothing,
      fd_readdir: nothing,
      fd_seek: nothing,
      fd_filestat_get: nothing,
      fd_fdstat_get: nothing,
      fd_fdstat_set_flags: nothing,
      // No preopened folder: all paths lead nowhere.
      fd_prestat_get: nothing,
      fd_prestat_dir_name: nothing,
      path_filestat_get: nothing,
      path_readlink: nothing,
      path_open: nothing,
    },
  };
}
