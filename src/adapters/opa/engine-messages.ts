import type { Operation } from './engine-calls.ts';

export interface EngineCall {
  readonly id: number;
  readonly operation: Operation;
  readonly request: string;
}

/** `failed`: the instance is of no use any more, and its worker ends. */
export type EngineMessage =
  | { readonly opened: true }
  | { readonly id: number; readonly answer: string; readonly memoryBytes: number }
  | { readonly id: number | undefined; readonly failed: string };
