import { HOLE } from '../shell/value.ts';
import { HOLE_NAME } from './builder.ts';
import type { Evaluator } from './evaluator.ts';
import { type Arg, type CallExpr, type Expr, type Func, type Program, UNKNOWN } from './expression.ts';
import { joined, lookedUp, memberOf } from './members.ts';
import type { Tongue } from './names.ts';
import { given } from './results.ts';
import { itemsOf, NOT_KNOWN, NOTHING, several, text, type Values } from './value.ts';

const MOST_STEPS = 40_000;
const DEEPEST = 600;
const MOST_SITES = 400;

export function makeEvaluator(
  program: Program,
  tongue: Tongue,
  started: Values | undefined,
  folder: string,
  outer: Evaluator['outer'],
  isKnown: (name: string) => boolean,
): Evaluator {
  const memo = new Map<Expr, Values>();
  /** What was worked out while a circle was open: good enough for the question at hand, and for that alone. */
  const passing = new Map<Expr, Values>();
  const open = new Set<Expr>();
  let steps = 0;
  /** How often something was left open: because it goes round in a circle, or is too much. */
  let cuts = 0;
  const self: Evaluator = {
    tongue,
    program,
    started,
    folder,
    outer,
    isKnown,
    sites: new Map(),
    values: (expr) => {
      const had = memo.get(expr) ?? passing.get(expr);
      if (had !== undefined) return had;
      steps += 1;
      if (open.has(expr) || open.size > DEEPEST || steps > MOST_STEPS) {
        if (!open.has(expr)) program.doubts.add('is too tangled to be followed');
        cuts += 1;
        return NOT_KNOWN;
      }
      const before = cuts;
      open.add(expr);
      const found = several(valuesOf(expr, self));
      open.delete(expr);
      if (cuts === before || open.size === 0) memo.set(expr, found);
      else passing.set(expr, found);
      if (open.size === 0) passing.clear();
      return found;
    },
  };
  // A function that is called back may itself be found by way of a parameter: the second turn sees what the first found.
  for (let turn = 0; turn < 2; turn += 1) {
    const sites = sitesOf(program, self);
    memo.clear();
    self.sites.clear();
    for (const [fn, list] of sites) self.sites.set(fn, list);
  }
  return self;
}

/** With which arguments each function of the program is called. */
function sitesOf(program: Program, evaluator: Evaluator): Map<Func, (readonly Arg[])[]> {
  const sites = new Map<Func, (readonly Arg[])[]>();
  const note = (fn: Func, args: readonly Arg[]): void => {
    const had = sites.get(fn);
    if (had === undefined) sites.set(fn, [args]);
    else if (had.length < MOST_SITES) had.push(args);
    else had[MOST_SITES - 1] = [{ value: { kind: 'spread', of: { kind: 'unknown' } } }];
  };
  for (const call of program.calls) {
    const called = evaluator.values(call.callee);
    for (const one of called) {
      if (one.kind === 'local') note(one.fn, call.args);
      if (one.kind === 'class')
        for (const name of ['__init__', 'constructor', 'initialize', '__construct', '__call__'])
          for (const fn of program.methods.get(name) ?? []) note(fn, call.args);
    }
    if (called.some((one) => one.kind === 'local')) continue;
    for (const [index, arg] of call.args.entries())
      for (const one of evaluator.values(arg.value)) if (one.kind === 'local') note(one.fn, handed(call, index));
  }
  return sites;
}

/** What a function gets that is handed to another: elements of what it is called on, or of the other arguments. */
function handed(call: CallExpr, index: number): readonly Arg[] {
  const of: Expr[] = call.args
    .filter((arg, other) => other !== index && arg.name !== 'block')
    .map((arg): Expr => ({ kind: 'item', of: arg.value }));
  if (call.callee.kind === 'member') of.push({ kind: 'item', of: call.callee.of });
  const first: Expr = of.length === 0 ? UNKNOWN : { kind: 'either', options: of };
  return [{ value: first }, ...Array.from({ length: 4 }, () => ({ value: UNKNOWN }))];
}

function valuesOf(expr: Expr, evaluator: Evaluator): Values {
  switch (expr.kind) {
    case 'text':
      return [text(expr.text.replaceAll(HOLE_NAME, HOLE))];
    case 'number':
      return [expr];
    case 'join':
      return joined(expr.parts.map(evaluator.values), expr.between ?? '');
    case 'name':
      return lookedUp(expr.name, expr.scope, evaluator);
    case 'member':
      return evaluator
        .values(expr.of)
        .flatMap((of) => evaluator.values(expr.key).flatMap((key) => memberOf(of, key, evaluator)));
    case 'item':
      return itemsOf(evaluator.values(expr.of));
    case 'call':
      return given(expr, evaluator);
    case 'list': {
      const items: Values[] = [];
      let isOpen = expr.open;
      for (const item of expr.items) {
        if (item.kind !== 'spread') items.push(evaluator.values(item));
        else
          for (const value of evaluator.values(item.of)) {
            if (value.kind === 'list') items.push(...value.items);
            if (value.kind !== 'list' || value.open) isOpen = true;
          }
      }
      return [{ kind: 'list', items, open: isOpen }];
    }
    case 'spread':
      return evaluator.values(expr.of);
    case 'record': {
      const fields = new Map<string, Values>();
      for (const [key, value] of expr.fields) {
        // `{...options}`: all that is in it.
        if (value.kind === 'spread')
          for (const one of evaluator.values(value.of))
            if (one.kind === 'record') for (const [name, held] of one.fields) fields.set(name, held);
        const [name] = evaluator.values(key);
        fields.set(name?.kind === 'text' ? name.text : `\0${fields.size}`, evaluator.values(value));
      }
      return [{ kind: 'record', fields }];
    }
    case 'either':
      return expr.options.flatMap((one) => evaluator.values(one));
    case 'function':
      return [{ kind: 'local', fn: expr.fn }];
    case 'class':
      return [{ kind: 'class', name: expr.name }];
    case 'param':
      return paramOf(expr, evaluator);
    case 'self':
      return [{ kind: 'self' }];
    case 'thing':
      return [{ kind: 'thing', name: expr.name }];
    case 'plain':
      return NOTHING;
    case 'unknown':
      return NOT_KNOWN;
    default:
      return expr satisfies never;
  }
}

function paramOf(expr: Extract<Expr, { readonly kind: 'param' }>, evaluator: Evaluator): Values {
  const sites = evaluator.sites.get(expr.fn);
  if (sites === undefined) return NOT_KNOWN;
  return sites.flatMap((args): Values => {
    const byName = args.find((arg) => arg.name === expr.name);
    if (byName !== undefined) return evaluator.values(byName.value);
    const placed = args.filter((arg) => arg.name === undefined);
    if (placed.some((arg) => arg.value.kind === 'spread'))
      return [...placed.flatMap((arg) => itemsOf(evaluator.values(arg.value))), ...NOT_KNOWN];
    if (expr.rest)
      return [{ kind: 'list', items: placed.slice(expr.index).map((arg) => evaluator.values(arg.value)), open: false }];
    const value = placed[expr.index]?.value;
    // Left out: what it stands for by default is bound beside it.
    return value === undefined ? NOTHING : evaluator.values(value);
  });
}
