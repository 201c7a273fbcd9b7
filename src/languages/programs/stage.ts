import type { Machine, Scope } from '../shell/machine.ts';
import type { Evaluator } from './evaluator.ts';
import type { Tongue } from './names.ts';
import type { Values } from './value.ts';

/** A call with its name and arguments worked out. */
export interface Act {
  readonly name: string;
  readonly written: string;
  readonly args: readonly Values[];
  readonly options: ReadonlyMap<string, Values>;
  /** What a method is called on. */
  readonly receiver: Values;
  readonly straight: boolean;
  readonly block: boolean;
}

export interface Stage {
  readonly tongue: Tongue;
  readonly source: string;
  readonly evaluator: Evaluator;
  readonly scope: Scope;
  readonly machine: Machine;
  /** Reads text or a file of the same language. */
  readonly nested: (text: string, folder?: string) => void;
}
