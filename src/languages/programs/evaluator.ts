import type { Arg, Expr, Func, Program } from './expression.ts';
import type { Tongue } from './names.ts';
import type { Values } from './value.ts';

/** Works out what expressions of one program may stand for. Has the lifetime of one reading. */
export interface Evaluator {
  readonly tongue: Tongue;
  readonly program: Program;
  /** Arguments that the program was started with, where they are known. */
  readonly started: Values | undefined;
  /** Where the program lies. */
  readonly folder: string;
  /** What a name stands for where the text was put together that this program is. */
  readonly outer: ((name: string) => Values | undefined) | undefined;
  readonly values: (expr: Expr) => Values;
  readonly sites: Map<Func, (readonly Arg[])[]>;
  /** Names that a catalogue knows, for `from os import *`. */
  readonly isKnown: (name: string) => boolean;
}
