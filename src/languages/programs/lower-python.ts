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
  inClass,
  inner,
  type Lowering,
  named,
  nameExpr,
  param,
  plainly,
  raw,
  silent,
  statement,
  through,
} from './builder.ts';
import { unescaped } from './escapes.ts';
import { type Arg, type Expr, type Func, PLAIN, textOf, UNKNOWN } from './expression.ts';
import type { Syntax } from './syntax.ts';

/** Gives a name, a tuple of names, a member its value. */
function assign(target: Syntax | undefined, value: Expr, b: Builder): void {
  if (target === undefined) return;
  switch (target.type) {
    case 'identifier':
      bind(raw(target, b), value, b);
      return;
    case 'pattern_list':
    case 'tuple_pattern':
    case 'list_pattern':
    case 'tuple':
    case 'as_pattern_target':
    case 'parenthesized_expression':
      for (const [index, child] of named(target).entries())
        assign(
          child,
          /^(as_|paren)/.test(target.type)
            ? value
            : { kind: 'member', of: value, key: { kind: 'number', value: index } },
          b,
        );
      return;
    case 'list_splat_pattern':
      for (const child of named(target))
        assign(child, { kind: 'list', items: [{ kind: 'item', of: value }], open: true }, b);
      return;
    case 'attribute':
      add(b.program.members, raw(field(target, 'attribute'), b), value);
      b.lower(target);
      return;
    case 'subscript': {
      const key = field(target, 'subscript');
      b.lower(target);
      if (key?.type === 'string') add(b.program.members, raw(key, b).slice(1, -1), value);
      return;
    }
    default:
      b.lower(target);
  }
}

function parameters(list: Syntax | undefined, fn: Func, method: boolean, b: Builder): void {
  if (list === undefined) return;
  let index = 0;
  for (const [position, one] of named(list).entries()) {
    const at = field(one, 'name') ?? (one.type === 'identifier' ? one : named(one)[0]);
    const name = raw(at?.type === 'identifier' ? at : at === undefined ? undefined : (named(at)[0] ?? at), b);
    if (method && position === 0 && one.type === 'identifier') {
      bind(name, { kind: 'self' }, b);
      continue;
    }
    const rest = /splat/.test(one.type) || /splat/.test(at?.type ?? '');
    bind(name, param(fn, index, name, rest), b);
    const otherwise = field(one, 'value');
    if (otherwise !== undefined) bind(name, b.lower(otherwise), b);
    index += 1;
  }
}

const definition: Lowering = (node, b) => {
  const name = raw(field(node, 'name'), b);
  const method = b.inClass;
  const fn = func(
    name,
    b,
    (made) => parameters(field(node, 'parameters'), made, method && !isStatic(node, b), b),
    () => {
      const body = field(node, 'body');
      if (body !== undefined) b.lower(body);
    },
  );
  if (method) add(b.program.methods, name, fn);
  bind(name, { kind: 'function', fn }, b);
  return PLAIN;
};

function isStatic(node: Syntax, b: Builder): boolean {
  return /@staticmethod\s*$/.test(b.source.slice(Math.max(0, node.start - 80), node.start).trimEnd());
}

const comprehension: Lowering = (node, b) => {
  for (const clause of named(node).filter((one) => one.type.endsWith('clause'))) b.lower(clause);
  const body = field(node, 'body');
  if (body?.type === 'pair') {
    through(body, b);
    return UNKNOWN;
  }
  return { kind: 'list', items: body === undefined ? [] : [b.lower(body)], open: true };
};

const listed: Lowering = (node, b) => ({ kind: 'list', items: named(node).map(b.lower), open: false });

const string: Lowering = (node, b) => {
  const start = raw(node.children[0], b).toLowerCase();
  const parts = named(node).flatMap((part): Expr[] => {
    if (part.type === 'string_content') {
      const text = raw(part, b);
      const plain = start.includes('r') ? text : unescaped(text);
      return [textOf(start.includes('f') ? plain.replace(/\{\{|\}\}/g, (two) => two[0] ?? '') : plain)];
    }
    if (part.type !== 'interpolation') return [];
    const value = named(part)[0];
    return [value === undefined ? UNKNOWN : b.lower(value)];
  });
  return parts.length === 1 && parts[0]?.kind === 'text' ? parts[0] : { kind: 'join', parts };
};

function argumentsOf(list: Syntax | undefined, b: Builder): readonly Arg[] {
  if (list === undefined) return [];
  if (list.type !== 'argument_list') return [{ value: b.lower(list) }];
  return named(list).map((one): Arg => {
    if (one.type !== 'keyword_argument') return { value: b.lower(one) };
    const value = field(one, 'value');
    return { name: raw(field(one, 'name'), b), value: value === undefined ? UNKNOWN : b.lower(value) };
  });
}

export const PYTHON: Readonly<Record<string, Lowering>> = {
  expression_statement: statement,
  ERROR: broken,
  comment: () => PLAIN,
  identifier: (node, b) => nameExpr(raw(node, b), b),
  integer: (node, b) => ({ kind: 'number', value: Number(raw(node, b)) }),
  float: () => PLAIN,
  true: () => PLAIN,
  false: () => PLAIN,
  none: () => PLAIN,
  type: () => PLAIN,
  string,
  concatenated_string: (node, b) => ({ kind: 'join', parts: named(node).map(b.lower) }),
  attribute: (node, b) => {
    const of = field(node, 'object');
    return {
      kind: 'member',
      of: of === undefined ? UNKNOWN : b.lower(of),
      key: textOf(raw(field(node, 'attribute'), b)),
    };
  },
  subscript: (node, b) => {
    const of = field(node, 'value');
    const key = field(node, 'subscript');
    const value = of === undefined ? UNKNOWN : b.lower(of);
    if (key?.type !== 'slice') return { kind: 'member', of: value, key: key === undefined ? UNKNOWN : b.lower(key) };
    b.lower(key);
    return { kind: 'member', of: value, key: { kind: 'thing', name: `slice ${raw(key, b).replace(/\s/g, '')}` } };
  },
  call: (node, b) => {
    const callee = field(node, 'function');
    const args = argumentsOf(field(node, 'arguments'), b);
    return call(callee === undefined ? UNKNOWN : b.lower(callee), args, raw(callee, b), b);
  },
  exec_statement: (node, b) => {
    const code = field(node, 'code');
    return call({ kind: 'thing', name: 'exec' }, code === undefined ? [] : [{ value: b.lower(code) }], 'exec', b);
  },
  list_splat: (node, b) => ({ kind: 'spread', of: inner(node, b) }),
  dictionary_splat: (node, b) => ({ kind: 'spread', of: inner(node, b) }),
  assignment: (node, b) => {
    const right = field(node, 'right');
    const value = right === undefined ? UNKNOWN : b.lower(right);
    if (right !== undefined) assign(field(node, 'left'), value, b);
    return value;
  },
  augmented_assignment: (node, b) => {
    const right = field(node, 'right');
    const left = field(node, 'left');
    if (right !== undefined) b.lower(right);
    assign(left, UNKNOWN, b);
    return UNKNOWN;
  },
  named_expression: (node, b) => {
    const right = field(node, 'value');
    const value = right === undefined ? UNKNOWN : b.lower(right);
    assign(field(node, 'name'), value, b);
    return value;
  },
  for_statement: (node, b) => {
    const right = field(node, 'right');
    assign(field(node, 'left'), { kind: 'item', of: right === undefined ? UNKNOWN : b.lower(right) }, b);
    b.branches += 1;
    for (const child of node.children.filter((one) => one.field === 'body' || one.field === 'alternative'))
      b.lower(child);
    b.branches -= 1;
    return UNKNOWN;
  },
  for_in_clause: (node, b) => {
    const right = field(node, 'right');
    assign(field(node, 'left'), { kind: 'item', of: right === undefined ? UNKNOWN : b.lower(right) }, b);
    return UNKNOWN;
  },
  as_pattern: (node, b) => {
    const [value, alias] = named(node);
    const lowered = value === undefined ? UNKNOWN : b.lower(value);
    assign(alias, lowered, b);
    return lowered;
  },
  if_statement: branch,
  while_statement: branch,
  try_statement: branch,
  match_statement: branch,
  with_statement: branch,
  function_definition: definition,
  lambda: (node, b) => {
    const fn = func(
      '',
      b,
      (made) => parameters(field(node, 'parameters'), made, false, b),
      () => {
        const body = field(node, 'body');
        if (body !== undefined) b.fn?.returns.push(b.lower(body));
      },
    );
    return { kind: 'function', fn };
  },
  class_definition: (node, b) => {
    const name = raw(field(node, 'name'), b);
    const bases = field(node, 'superclasses');
    if (bases !== undefined) b.lower(bases);
    const body = field(node, 'body');
    if (body !== undefined)
      inClass(b, () => {
        b.lower(body);
        for (const one of named(body)) classMember(one, b);
      });
    bind(name, { kind: 'class', name }, b);
    return PLAIN;
  },
  return_statement: (node, b) => {
    const value = inner(node, b);
    b.fn?.returns.push(value);
    return PLAIN;
  },
  yield: (node, b) => {
    const value = inner(node, b);
    b.fn?.returns.push({ kind: 'list', items: [value], open: true });
    return UNKNOWN;
  },
  global_statement: (node, b) => {
    // A name of the whole program: what is given to it here counts there.
    for (const one of named(node)) {
      const name = raw(one, b);
      const shared = b.program.top.bound.get(name) ?? [];
      b.program.top.bound.set(name, shared);
      b.names.bound.set(name, shared);
    }
    return PLAIN;
  },
  nonlocal_statement: (node, b) => {
    for (const one of named(node)) {
      const name = raw(one, b);
      let home = b.names.parent;
      while (home?.parent !== undefined && !home.bound.has(name)) home = home.parent;
      const shared = home?.bound.get(name) ?? [];
      home?.bound.set(name, shared);
      b.names.bound.set(name, shared);
    }
    return PLAIN;
  },
  list: listed,
  tuple: listed,
  set: listed,
  expression_list: listed,
  list_comprehension: comprehension,
  set_comprehension: comprehension,
  generator_expression: comprehension,
  dictionary_comprehension: comprehension,
  dictionary: (node, b) => ({
    kind: 'record',
    fields: named(node).map((one): readonly [Expr, Expr] => {
      if (one.type !== 'pair') return [UNKNOWN, b.lower(one)];
      const key = field(one, 'key');
      const value = field(one, 'value');
      return [key === undefined ? UNKNOWN : b.lower(key), value === undefined ? UNKNOWN : b.lower(value)];
    }),
  }),
  binary_operator: (node, b) => {
    const sign = node.children.find((child) => child.field === 'operator')?.type;
    const parts = [field(node, 'left'), field(node, 'right')].map((one) =>
      one === undefined ? UNKNOWN : b.lower(one),
    );
    if (sign === '+') return { kind: 'join', parts };
    if (sign === '/') return { kind: 'join', parts, between: '/' };
    if (sign === '%') return silent(parts[0] as Expr, '%', [{ value: parts[1] as Expr }]);
    return sign === '|' ? either(parts) : UNKNOWN;
  },
  boolean_operator: (node, b) => either(named(node).map(b.lower)),
  conditional_expression: (node, b) => {
    const [yes, condition, no] = named(node);
    if (condition !== undefined) b.lower(condition);
    return either([yes, no].map((one) => (one === undefined ? UNKNOWN : b.lower(one))));
  },
  comparison_operator: plainly,
  not_operator: plainly,
  unary_operator: plainly,
  parenthesized_expression: inner,
  await: inner,
  import_statement: (node, b) => {
    for (const one of node.children.filter((child) => child.field === 'name')) {
      const full = raw(one.type === 'aliased_import' ? field(one, 'name') : one, b).replace(/\s/g, '');
      if (one.type === 'aliased_import') bind(raw(field(one, 'alias'), b), { kind: 'thing', name: full }, b);
      else bind(full.split('.')[0] ?? full, { kind: 'thing', name: full.split('.')[0] ?? full }, b);
    }
    return PLAIN;
  },
  import_from_statement: (node, b) => {
    const from = raw(field(node, 'module_name'), b).replace(/\s/g, '');
    if (node.children.some((child) => child.type === 'wildcard_import')) b.program.stars.push(from);
    for (const one of node.children.filter((child) => child.field === 'name')) {
      const name = raw(one.type === 'aliased_import' ? field(one, 'name') : one, b);
      const alias = one.type === 'aliased_import' ? raw(field(one, 'alias'), b) : name;
      bind(alias, { kind: 'thing', name: `${from}.${name}` }, b);
    }
    return PLAIN;
  },
};

/** `x = …` in a class is a member of its objects. */
function classMember(node: Syntax, b: Builder): void {
  const assignment = node.type === 'expression_statement' ? named(node)[0] : undefined;
  const left = assignment?.type === 'assignment' ? field(assignment, 'left') : undefined;
  if (left?.type !== 'identifier') return;
  for (const value of b.names.bound.get(raw(left, b)) ?? []) add(b.program.members, raw(left, b), value);
}
