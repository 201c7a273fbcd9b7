import type { Store } from '../../ports/store.ts';

/** What crosses between the caller's thread and the worker. Plain data: it is cloned on the way. */

export type Method = keyof Store;
export type Arguments<M extends Method> = Parameters<Store[M]>;
export type Result<M extends Method> = Awaited<ReturnType<Store[M]>>;

export type Call = { [M in Method]: { readonly id: number; readonly method: M; readonly args: Arguments<M> } }[Method];

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  /** `broken`: the ledger takes no call any more. */
  | { readonly id: number; readonly ok: false; readonly error: string; readonly broken: boolean };

export type Message = { readonly opened: true } | { readonly failed: string } | { readonly replies: readonly Reply[] };

export interface LedgerOptions {
  /** Absolute path of a directory of its own; made where it is missing. */
  readonly dir: string;
  /** Absolute path of the log's signing key; made at first opening. */
  readonly logKeyPath: string;
  /** Names the log in its checkpoints: a URL without scheme, such as `example.com/holdpoint`. No spaces, no `+`. */
  readonly origin: string;
}
