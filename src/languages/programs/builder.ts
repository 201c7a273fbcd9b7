import type { Arg, CallExpr, Expr, Func, Names, Program } from './expression.ts';
import { PLAIN, UNKNOWN } from './expression.ts';
import type { Syntax } from './syntax.ts';

/** Stands in program text for what only the running shell would know. An identifier, so that the text still parses. */
export const HOLE_NAME = '__holdpoint_unknown__';

/** Lowers one program. Has the lifetime of one reading. */
export interface Builder {
  readonly source: string;
  readonly program: Program;
  names: Names;
  fn: Func | undefined;
  /** Above zero in a branch, a loop or a function: what stands there may run never or often. */
  branches: number;
  inClass: boolean;
  readonly lower: (node: Syntax) => Expr;
}

export type Lowering = (node: Syntax, b: Builder) => Expr;

const MOST_CALLS = 5_000;

export function makeBuilder(source: string, table: Readonly<Record<string, Lowering>>): Builder {
  const top: Names = { parent: undefined, bound: new Map() };
  const builder: Builder = {
    source,
    program: { top, calls: [], members: new Map(), methods: new Map(), stars: [], doubts: new Set() },
    names: top,
    fn: undefined,
    branches: 0,
    inClass: false,
    lower: (node) => {
      const lowering = Object.hasOwn(table, node.type) ? table[node.type] : undefined;
      return lowering === undefined ? through(node, builder) : lowering(node, builder);
    },
  };
  return builder;
}

export function raw(node: Syntax | undefined, b: Builder): string {
  return node === undefined ? '' : b.source.slice(node.start, node.end);
}

export function named(node: Syntax): readonly Syntax[] {
  return node.children.filter((child) => child.named && !/comment/.test(child.type));
}

export function field(node: Syntax, name: string): Syntax | undefined {
  return node.children.find((child) => child.field === name);
}

/** All children are looked at; what the node itself is, is not known. */
export function through(node: Syntax, b: Builder): Expr {
  for (const child of named(node)) b.lower(child);
  return UNKNOWN;
}

/** As `through`, for what names nothing. */
export function plainly(node: Syntax, b: Builder): Expr {
  through(node, b);
  return PLAIN;
}

/** The one thing in parentheses, after a keyword, behind a cast. */
export function inner(node: Syntax, b: Builder): Expr {
  const all = named(node).map(b.lower);
  return all.at(-1) ?? PLAIN;
}

export function branch(node: Syntax, b: Builder): Expr {
  b.branches += 1;
  through(node, b);
  b.branches -= 1;
  return UNKNOWN;
}

export function bind(name: string, value: Expr, b: Builder, names = b.names): void {
  add(names.bound, name, value);
}

export function add<V>(map: Map<string, V[]>, key: string, value: V): void {
  const had = map.get(key);
  if (had === undefined) map.set(key, [value]);
  else had.push(value);
}

export function nameExpr(name: string, b: Builder): Expr {
  return { kind: 'name', name, scope: b.names };
}

export function call(callee: Expr, args: readonly Arg[], written: string, b: Builder, constructs = false): CallExpr {
  const made: CallExpr = {
    kind: 'call',
    callee,
    args,
    written: tidy(written),
    straight: b.branches === 0,
    constructs,
    within: b.fn,
  };
  if (b.program.calls.length < MOST_CALLS) b.program.calls.push(made);
  else b.program.doubts.add(`has more than ${MOST_CALLS} calls`);
  return made;
}

/** A method of a value that has no effect of its own: the operators that are written as signs. */
export function silent(of: Expr, method: string, args: readonly Arg[]): Expr {
  return {
    kind: 'call',
    callee: { kind: 'member', of, key: { kind: 'text', text: method } },
    args,
    written: method,
    straight: false,
    constructs: false,
    within: undefined,
  };
}

/** The spelling of a callee on one line, with what it calls on the way left out. */
function tidy(written: string): string {
  return written
    .slice(-400)
    .replace(/\((?:[^()]|\([^()]*\))*\)/g, '()')
    .replace(/\s+/g, '')
    .replace(/\?\.|->|::/g, '.')
    .slice(-120);
}

/** Lowers a function: `params` binds its parameters, `body` looks at what it does. */
export function func(name: string, b: Builder, params: (fn: Func) => void, body: () => void): Func {
  const fn: Func = { name, returns: [] };
  const held = { names: b.names, fn: b.fn, inClass: b.inClass };
  b.names = { parent: held.names, bound: new Map() };
  b.fn = fn;
  b.inClass = false;
  b.branches += 1;
  params(fn);
  body();
  b.branches -= 1;
  b.names = held.names;
  b.fn = held.fn;
  b.inClass = held.inClass;
  return fn;
}

export function inClass(b: Builder, body: () => void): void {
  const held = b.inClass;
  b.inClass = true;
  body();
  b.inClass = held;
}

export function param(fn: Func, index: number, name: string, rest = false): Expr {
  return { kind: 'param', fn, index, name, rest };
}

export function either(options: readonly Expr[]): Expr {
  return options.length === 1 ? (options[0] as Expr) : { kind: 'either', options };
}

/** An expression that stands alone where a whole command could be put in its place. */
export function statement(node: Syntax, b: Builder): Expr {
  if (raw(node, b).replace(/;\s*$/, '').trim() === HOLE_NAME)
    b.program.doubts.add('holds program text that only the running shell would know');
  return through(node, b);
}

/** Text that fits no rule: its parts are looked at all the same. */
export function broken(node: Syntax, b: Builder): Expr {
  if (raw(node, b).includes(HOLE_NAME))
    b.program.doubts.add('holds program text that only the running shell would know');
  return through(node, b);
}

/** All that a name is given where it is bound. */
export function bindingOf(name: string, scope: Names): Expr[] | undefined {
  for (let names: Names | undefined = scope; names !== undefined; names = names.parent) {
    const bound = names.bound.get(name);
    if (bound !== undefined) return bound;
  }
  return undefined;
}
