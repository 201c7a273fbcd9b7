/** What programs of all languages are lowered to: enough to tell what is called, and with what. */

export type Expr =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  /** Texts one after the other: concatenation, interpolation. */
  | { readonly kind: 'join'; readonly parts: readonly Expr[]; readonly between?: string }
  | { readonly kind: 'name'; readonly name: string; readonly scope: Names }
  | { readonly kind: 'member'; readonly of: Expr; readonly key: Expr }
  /** Some element of a collection. */
  | { readonly kind: 'item'; readonly of: Expr }
  | CallExpr
  | { readonly kind: 'list'; readonly items: readonly Expr[]; readonly open: boolean }
  | { readonly kind: 'spread'; readonly of: Expr }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [Expr, Expr])[] }
  | { readonly kind: 'either'; readonly options: readonly Expr[] }
  | { readonly kind: 'function'; readonly fn: Func }
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'param'; readonly fn: Func; readonly index: number; readonly name: string; readonly rest: boolean }
  /** The object that a method belongs to. */
  | { readonly kind: 'self' }
  /** A module or function by its full name. */
  | { readonly kind: 'thing'; readonly name: string }
  /** Names nothing: a comparison, a pattern, a truth value. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'unknown' };

export interface CallExpr {
  readonly kind: 'call';
  readonly callee: Expr;
  readonly args: readonly Arg[];
  /** As it is spelled, without arguments: `self.client.delete`. */
  readonly written: string;
  /** Always runs, once, in the order of the text. */
  readonly straight: boolean;
  readonly constructs: boolean;
  /** The function that it stands in. */
  readonly within: Func | undefined;
}

export interface Arg {
  readonly name?: string;
  readonly value: Expr;
}

export interface Func {
  readonly name: string;
  readonly returns: Expr[];
}

/** The names of a function or of the whole program. */
export interface Names {
  readonly parent: Names | undefined;
  readonly bound: Map<string, Expr[]>;
}

/** A program, lowered. */
export interface Program {
  readonly top: Names;
  readonly calls: CallExpr[];
  /** Members that are assigned anywhere, by name, whichever object they belong to. */
  readonly members: Map<string, Expr[]>;
  readonly methods: Map<string, Func[]>;
  /** Modules all of whose names are taken over: `from os import *`. */
  readonly stars: string[];
  /** Why part of it cannot be known. */
  readonly doubts: Set<string>;
}

export const UNKNOWN: Expr = { kind: 'unknown' };
export const PLAIN: Expr = { kind: 'plain' };

export function textOf(text: string): Expr {
  return { kind: 'text', text };
}
