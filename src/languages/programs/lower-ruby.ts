import {
  add,
  type Builder,
  bind,
  branch,
  broken,
  call,
  either,
  field,
  func,
  HOLE_NAME,
  inClass,
  inner,
  type Lowering,
  named,
  nameExpr,
  param,
  plainly,
  raw,
  silent,
  through,
} from './builder.ts';
import { unescaped } from './escapes.ts';
import { type Arg, type Expr, type Func, PLAIN, textOf, UNKNOWN } from './expression.ts';
import type { Syntax } from './syntax.ts';

function lowered(node: Syntax | undefined, b: Builder): Expr {
  return node === undefined ? UNKNOWN : b.lower(node);
}

function assign(target: Syntax | undefined, value: Expr, b: Builder): void {
  if (target === undefined) return;
  switch (target.type) {
    case 'identifier':
    case 'constant':
    case 'global_variable':
      bind(raw(target, b), value, b, target.type === 'identifier' ? b.names : b.program.top);
      return;
    case 'instance_variable':
    case 'class_variable':
      add(b.program.members, raw(target, b), value);
      return;
    case 'left_assignment_list':
    case 'destructured_left_assignment':
    case 'destructured_parameter':
      for (const [index, child] of named(target).entries())
        assign(child, { kind: 'member', of: value, key: { kind: 'number', value: index } }, b);
      return;
    case 'rest_assignment':
    case 'splat_parameter':
      for (const child of named(target))
        assign(child, { kind: 'list', items: [{ kind: 'item', of: value }], open: true }, b);
      return;
    case 'call':
      add(b.program.members, raw(field(target, 'method'), b), value);
      lowered(field(target, 'receiver'), b);
      return;
    case 'element_reference': {
      const key = named(target)[1];
      if (key?.type === 'string' || key?.type === 'simple_symbol')
        add(b.program.members, raw(key, b).replace(/^[:'"]|['"]$/g, ''), value);
      through(target, b);
      return;
    }
    default:
      b.lower(target);
  }
}

function parameters(list: Syntax | undefined, fn: Func, b: Builder): void {
  if (list === undefined) return;
  for (const [index, one] of named(list).entries()) {
    if (one.type === 'destructured_parameter') {
      assign(one, param(fn, index, ''), b);
      continue;
    }
    const name = raw(field(one, 'name') ?? one, b);
    bind(name, one.type === 'block_parameter' ? UNKNOWN : param(fn, index, name, /splat/.test(one.type)), b);
    const otherwise = field(one, 'value');
    if (otherwise !== undefined) bind(name, b.lower(otherwise), b);
  }
}

function functionOf(node: Syntax, name: string, b: Builder): Func {
  return func(
    name,
    b,
    (fn) => {
      parameters(field(node, 'parameters'), fn, b);
      // `{ File.delete(it) }`, `{ File.delete(_1) }`
      if (field(node, 'parameters') === undefined && /block/.test(node.type))
        for (const implied of ['it', '_1']) bind(implied, param(fn, 0, implied), b);
    },
    () => {
      for (const child of node.children.filter((one) => one.field === 'body')) b.fn?.returns.push(b.lower(child));
    },
  );
}

const definition: Lowering = (node, b) => {
  const name = raw(field(node, 'name'), b);
  const fn = functionOf(node, name, b);
  add(b.program.methods, name, fn);
  bind(name, { kind: 'function', fn }, b, b.program.top);
  return textOf(name);
};

const body: Lowering = (node, b) => {
  const all = named(node).map(b.lower);
  return all.at(-1) ?? PLAIN;
};

const classOf: Lowering = (node, b) => {
  const name = raw(field(node, 'name'), b);
  inClass(b, () => through(node, b));
  if (name !== '') bind(name, { kind: 'class', name }, b, b.program.top);
  return PLAIN;
};

function textual(node: Syntax, b: Builder): Expr {
  const single = raw(node.children[0], b).startsWith("'");
  const parts = named(node).flatMap((part): Expr[] => {
    if (part.type === 'interpolation') return [inner(part, b)];
    if (part.type === 'escape_sequence') return [textOf(unescaped(raw(part, b)))];
    return part.type.endsWith('content')
      ? [textOf(single ? raw(part, b).replace(/\\(['\\])/g, '$1') : raw(part, b))]
      : [];
  });
  return parts.length === 1 ? (parts[0] as Expr) : { kind: 'join', parts };
}

const textNode: Lowering = (node, b) => textual(node, b);
const listed: Lowering = (node, b) => ({ kind: 'list', items: named(node).map(b.lower), open: false });

function argumentsOf(list: Syntax | undefined, b: Builder): readonly Arg[] {
  if (list === undefined) return [];
  return named(list).map((one): Arg => {
    // `&:name`, `&File.method(:delete)`
    if (one.type === 'block_argument') return { name: '&', value: inner(one, b) };
    if (one.type !== 'pair') return { value: b.lower(one) };
    const name = raw(field(one, 'key'), b).replace(/^:|^['"]|['"]$|:$/g, '');
    const value = field(one, 'value');
    return { name, value: value === undefined ? nameExpr(name, b) : b.lower(value) };
  });
}

/** A name that is no variable is a call: `exit`, `unlink`. */
const identifier: Lowering = (node, b) => {
  const name = raw(node, b);
  for (let names: typeof b.names | undefined = b.names; names !== undefined; names = names.parent)
    if (names.bound.has(name)) return nameExpr(name, b);
  if (name === HOLE_NAME) return nameExpr(name, b);
  return call(nameExpr(name, b), [], name, b);
};

export const RUBY: Readonly<Record<string, Lowering>> = {
  ERROR: broken,
  program: (node, b) => {
    for (const one of named(node))
      if (raw(one, b) === HOLE_NAME) b.program.doubts.add('holds program text that only the running shell would know');
    return through(node, b);
  },
  comment: () => PLAIN,
  identifier,
  constant: (node, b) => nameExpr(raw(node, b), b),
  global_variable: (node, b) => nameExpr(raw(node, b), b),
  instance_variable: (node, b) => ({ kind: 'member', of: { kind: 'self' }, key: textOf(raw(node, b)) }),
  class_variable: (node, b) => ({ kind: 'member', of: { kind: 'self' }, key: textOf(raw(node, b)) }),
  self: () => ({ kind: 'self' }),
  super: () => ({ kind: 'self' }),
  integer: (node, b) => ({ kind: 'number', value: Number(raw(node, b)) }),
  float: () => PLAIN,
  true: () => PLAIN,
  false: () => PLAIN,
  nil: () => PLAIN,
  regex: plainly,
  string: textNode,
  bare_string: textNode,
  delimited_symbol: textNode,
  bare_symbol: textNode,
  heredoc_body: textNode,
  // Its body stands after the line; it was looked at there.
  heredoc_beginning: (node, b) => heredocAfter(node, b),
  chained_string: (node, b) => ({ kind: 'join', parts: named(node).map(b.lower) }),
  simple_symbol: (node, b) => textOf(raw(node, b).slice(1)),
  hash_key_symbol: (node, b) => textOf(raw(node, b)),
  subshell: (node, b) => call({ kind: 'thing', name: '`' }, [{ value: textual(node, b) }], '`', b),
  scope_resolution: (node, b) => {
    const scope = field(node, 'scope');
    const name = raw(field(node, 'name'), b);
    return scope === undefined ? { kind: 'thing', name } : { kind: 'member', of: b.lower(scope), key: textOf(name) };
  },
  call: (node, b) => {
    const receiver = field(node, 'receiver');
    const method = field(node, 'method');
    const args = argumentsOf(field(node, 'arguments'), b);
    const block = field(node, 'block');
    const all = block === undefined ? args : [...args, { name: 'block', value: functionExpr(block, b) }];
    const key = method === undefined ? 'call' : raw(method, b);
    const written = receiver === undefined ? key : `${raw(receiver, b)}.${key}`;
    const callee: Expr =
      receiver === undefined ? nameExpr(key, b) : { kind: 'member', of: b.lower(receiver), key: textOf(key) };
    return call(callee, all, written, b);
  },
  block_argument: (node, b) => inner(node, b),
  splat_argument: (node, b) => ({ kind: 'spread', of: inner(node, b) }),
  hash_splat_argument: (node, b) => ({ kind: 'spread', of: inner(node, b) }),
  element_reference: (node, b) => {
    const [of, ...keys] = named(node);
    const value = lowered(of, b);
    const lows = keys.map((key) => b.lower(key));
    // `Dir['*.txt']`
    if (raw(of, b) === 'Dir')
      return call(
        { kind: 'thing', name: 'Dir.glob' },
        lows.map((one) => ({ value: one })),
        'Dir.glob',
        b,
      );
    return { kind: 'member', of: value, key: lows[0] ?? UNKNOWN };
  },
  array: listed,
  string_array: listed,
  symbol_array: listed,
  right_assignment_list: listed,
  hash: (node, b) => ({
    kind: 'record',
    fields: named(node).map((one): readonly [Expr, Expr] =>
      one.type === 'pair' ? [lowered(field(one, 'key'), b), lowered(field(one, 'value'), b)] : [UNKNOWN, b.lower(one)],
    ),
  }),
  assignment: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    assign(field(node, 'left'), value, b);
    return value;
  },
  operator_assignment: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    const logical = node.children.some((child) => child.type === '||=' || child.type === '&&=');
    assign(field(node, 'left'), logical ? value : UNKNOWN, b);
    return value;
  },
  method: definition,
  singleton_method: definition,
  lambda: (node, b) => {
    const inside = field(node, 'body');
    const fn = func(
      '',
      b,
      (made) => parameters(field(node, 'parameters'), made, b),
      () => {
        if (inside !== undefined) b.fn?.returns.push(through(inside, b));
      },
    );
    return { kind: 'function', fn };
  },
  class: classOf,
  module: classOf,
  singleton_class: classOf,
  body_statement: body,
  block_body: body,
  begin: body,
  parenthesized_statements: body,
  return: (node, b) => {
    b.fn?.returns.push(inner(node, b));
    return PLAIN;
  },
  argument_list: (node, b) => inner(node, b),
  if: branch,
  unless: branch,
  while: branch,
  until: branch,
  case: branch,
  if_modifier: branch,
  unless_modifier: branch,
  while_modifier: branch,
  for: (node, b) => {
    const of = lowered(field(node, 'value'), b);
    assign(field(node, 'pattern'), { kind: 'item', of }, b);
    b.branches += 1;
    lowered(field(node, 'body'), b);
    b.branches -= 1;
    return UNKNOWN;
  },
  in: inner,
  conditional: (node, b) => {
    lowered(field(node, 'condition'), b);
    return either([lowered(field(node, 'consequence'), b), lowered(field(node, 'alternative'), b)]);
  },
  binary: (node, b) => {
    const sign = node.children.find((child) => child.field === 'operator')?.type;
    const left = lowered(field(node, 'left'), b);
    const right = lowered(field(node, 'right'), b);
    const target = field(node, 'left');
    // What is put at the end of it is not followed.
    if (sign === '<<' && target !== undefined) assign(target, UNKNOWN, b);
    if (sign === '+' || sign === '<<') return { kind: 'join', parts: [left, right] };
    if (sign === '/') return { kind: 'join', parts: [left, right], between: '/' };
    if (sign === '%') return silent(left, '%', [{ value: right }]);
    return sign === '||' || sign === 'or' || sign === '&&' || sign === 'and' ? either([left, right]) : PLAIN;
  },
  unary: plainly,
};

function functionExpr(block: Syntax, b: Builder): Expr {
  return { kind: 'function', fn: functionOf(block, '', b) };
}

/** The text of the here-document that begins here: the n-th beginning has the n-th body after it. */
function heredocAfter(node: Syntax, b: Builder): Expr {
  const label = /^<<[~-]?['"`]?(\w+)/.exec(raw(node, b))?.[1];
  if (label === undefined) return UNKNOWN;
  const from = b.source.indexOf('\n', node.end);
  const end = from === -1 ? -1 : b.source.slice(from).search(new RegExp(`\\n[ \\t]*${label}[ \\t]*(\\n|$)`));
  if (end === -1) return UNKNOWN;
  const text = b.source.slice(from + 1, from + end);
  const value: Expr = /#\{/.test(text) ? UNKNOWN : textOf(text.replace(/^[ \t]+/gm, ''));
  return raw(node, b).includes('`') ? call({ kind: 'thing', name: '`' }, [{ value }], '`', b) : value;
}
