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
  statement,
  through,
} from './builder.ts';
import { unescaped } from './escapes.ts';
import { type Arg, type Expr, type Func, PLAIN, textOf, UNKNOWN } from './expression.ts';
import type { Syntax } from './syntax.ts';

function lowered(node: Syntax | undefined, b: Builder): Expr {
  return node === undefined ? UNKNOWN : b.lower(node);
}

function keyOf(node: Syntax | undefined, b: Builder): Expr {
  if (node === undefined) return UNKNOWN;
  if (node.type === 'computed_property_name') return inner(node, b);
  return node.type === 'string' ? b.lower(node) : textOf(raw(node, b).replace(/^#/, ''));
}

function assign(target: Syntax | undefined, value: Expr, b: Builder): void {
  if (target === undefined) return;
  switch (target.type) {
    case 'identifier':
    case 'shorthand_property_identifier_pattern':
      bind(raw(target, b), value, b);
      return;
    case 'array_pattern':
    case 'array':
      for (const [index, child] of named(target).entries())
        assign(child, { kind: 'member', of: value, key: { kind: 'number', value: index } }, b);
      return;
    case 'object_pattern':
    case 'object':
      for (const child of named(target)) {
        if (child.type === 'pair_pattern' || child.type === 'pair')
          assign(field(child, 'value'), { kind: 'member', of: value, key: keyOf(field(child, 'key'), b) }, b);
        else if (child.type === 'object_assignment_pattern') {
          const left = field(child, 'left');
          assign(left, { kind: 'member', of: value, key: textOf(raw(left, b)) }, b);
          assign(left, lowered(field(child, 'right'), b), b);
        } else if (child.type === 'rest_pattern') for (const one of named(child)) assign(one, value, b);
        else assign(child, { kind: 'member', of: value, key: textOf(raw(child, b)) }, b);
      }
      return;
    case 'assignment_pattern':
      assign(field(target, 'left'), value, b);
      assign(field(target, 'left'), lowered(field(target, 'right'), b), b);
      return;
    case 'rest_pattern':
      for (const child of named(target))
        assign(child, { kind: 'list', items: [{ kind: 'item', of: value }], open: true }, b);
      return;
    case 'member_expression':
      add(b.program.members, raw(field(target, 'property'), b).replace(/^#/, ''), value);
      b.lower(target);
      return;
    case 'subscript_expression': {
      const key = field(target, 'index');
      if (key?.type === 'string') add(b.program.members, raw(key, b).slice(1, -1), value);
      b.lower(target);
      return;
    }
    case 'parenthesized_expression':
    case 'non_null_expression':
    case 'as_expression':
      assign(named(target)[0], value, b);
      return;
    default:
      b.lower(target);
  }
}

function parameters(node: Syntax, fn: Func, b: Builder): void {
  const single = field(node, 'parameter');
  if (single !== undefined) assign(single, param(fn, 0, raw(single, b)), b);
  const list = field(node, 'parameters');
  if (list === undefined) return;
  for (const [index, one] of named(list).entries()) {
    const typed = one.type === 'required_parameter' || one.type === 'optional_parameter';
    const pattern = typed ? field(one, 'pattern') : one;
    if (pattern === undefined || pattern.type === 'this') continue;
    if (pattern.type === 'rest_pattern') {
      for (const child of named(pattern)) assign(child, param(fn, index, raw(child, b), true), b);
      continue;
    }
    assign(pattern, param(fn, index, raw(pattern, b)), b);
    const otherwise = typed ? field(one, 'value') : undefined;
    if (otherwise !== undefined) assign(pattern, b.lower(otherwise), b);
    // `constructor(private path: string)`
    if (typed && one.children.some((child) => /modifier|readonly/.test(child.type)))
      add(b.program.members, raw(pattern, b), param(fn, index, raw(pattern, b)));
  }
}

function functionOf(node: Syntax, name: string, b: Builder): Func {
  return func(
    name,
    b,
    (fn) => parameters(node, fn, b),
    () => {
      const body = field(node, 'body');
      if (body === undefined) return;
      const value = b.lower(body);
      if (body.type !== 'statement_block') b.fn?.returns.push(value);
    },
  );
}

const declared: Lowering = (node, b) => {
  const name = raw(field(node, 'name'), b);
  const fn = functionOf(node, name, b);
  if (name !== '') bind(name, { kind: 'function', fn }, b);
  return { kind: 'function', fn };
};

const expression: Lowering = (node, b) => ({ kind: 'function', fn: functionOf(node, raw(field(node, 'name'), b), b) });

const classOf: Lowering = (node, b) => {
  const name = raw(field(node, 'name'), b);
  inClass(b, () => through(node, b));
  if (name !== '') bind(name, { kind: 'class', name }, b);
  return { kind: 'class', name };
};

const fieldDefinition: Lowering = (node, b) => {
  const name = field(node, 'name') ?? field(node, 'property');
  const value = field(node, 'value');
  if (value !== undefined) add(b.program.members, raw(name, b).replace(/^#/, ''), b.lower(value));
  return PLAIN;
};

const string: Lowering = (node, b) => textOf(unescaped(raw(node, b).slice(1, -1)));

const template: Lowering = (node, b) => {
  const parts: Expr[] = [];
  // Text between substitutions is not always a node of its own.
  let from = node.start + 1;
  const upTo = (end: number): void => {
    if (end > from) parts.push(textOf(unescaped(b.source.slice(from, end))));
  };
  for (const child of node.children) {
    if (child.type !== 'template_substitution') continue;
    upTo(child.start);
    parts.push(inner(child, b));
    from = child.end;
  }
  upTo(node.end - 1);
  return parts.length === 0 ? textOf('') : parts.length === 1 ? (parts[0] as Expr) : { kind: 'join', parts };
};

function argumentsOf(list: Syntax | undefined, b: Builder): readonly Arg[] {
  if (list === undefined) return [];
  if (list.type === 'template_string') return [{ value: b.lower(list) }];
  return named(list).map((one) => ({ value: b.lower(one) }));
}

const member: Lowering = (node, b) => ({
  kind: 'member',
  of: lowered(field(node, 'object'), b),
  key: textOf(raw(field(node, 'property'), b).replace(/^#/, '')),
});

const source = (node: Syntax | undefined, b: Builder): string => raw(node, b).slice(1, -1);

export const JAVASCRIPT: Readonly<Record<string, Lowering>> = {
  expression_statement: statement,
  ERROR: broken,
  comment: () => PLAIN,
  identifier: (node, b) => nameExpr(raw(node, b), b),
  shorthand_property_identifier: (node, b) => nameExpr(raw(node, b), b),
  undefined: () => PLAIN,
  this: () => ({ kind: 'self' }),
  super: () => ({ kind: 'self' }),
  import: () => ({ kind: 'thing', name: 'import' }),
  number: (node, b) => ({ kind: 'number', value: Number(raw(node, b)) }),
  regex: () => PLAIN,
  true: () => PLAIN,
  false: () => PLAIN,
  null: () => PLAIN,
  type_annotation: () => PLAIN,
  type_arguments: () => PLAIN,
  type_parameters: () => PLAIN,
  interface_declaration: () => PLAIN,
  type_alias_declaration: () => PLAIN,
  ambient_declaration: () => PLAIN,
  string,
  template_string: template,
  member_expression: member,
  subscript_expression: (node, b) => ({
    kind: 'member',
    of: lowered(field(node, 'object'), b),
    key: lowered(field(node, 'index'), b),
  }),
  call_expression: (node, b) => {
    const callee = field(node, 'function');
    return call(lowered(callee, b), argumentsOf(field(node, 'arguments'), b), raw(callee, b), b);
  },
  new_expression: (node, b) => {
    const callee = field(node, 'constructor');
    return call(lowered(callee, b), argumentsOf(field(node, 'arguments'), b), raw(callee, b), b, true);
  },
  spread_element: (node, b) => ({ kind: 'spread', of: inner(node, b) }),
  array: (node, b) => ({ kind: 'list', items: named(node).map(b.lower), open: false }),
  object: (node, b) => ({
    kind: 'record',
    fields: named(node).map((one): readonly [Expr, Expr] => {
      if (one.type === 'pair') return [keyOf(field(one, 'key'), b), lowered(field(one, 'value'), b)];
      if (one.type === 'shorthand_property_identifier') return [textOf(raw(one, b)), b.lower(one)];
      if (one.type !== 'method_definition') return [UNKNOWN, b.lower(one)];
      const fn = functionOf(one, raw(field(one, 'name'), b), b);
      return [keyOf(field(one, 'name'), b), { kind: 'function', fn }];
    }),
  }),
  variable_declarator: (node, b) => {
    const value = field(node, 'value');
    if (value !== undefined) assign(field(node, 'name'), b.lower(value), b);
    return PLAIN;
  },
  assignment_expression: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    assign(field(node, 'left'), value, b);
    return value;
  },
  augmented_assignment_expression: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    const logical = /^(\|\||&&|\?\?)=$/.test(raw(field(node, 'operator'), b));
    assign(field(node, 'left'), logical ? value : UNKNOWN, b);
    return logical ? value : UNKNOWN;
  },
  for_in_statement: (node, b) => {
    const of = lowered(field(node, 'right'), b);
    const keys = raw(field(node, 'operator'), b) === 'in';
    assign(field(node, 'left'), keys ? UNKNOWN : { kind: 'item', of }, b);
    b.branches += 1;
    lowered(field(node, 'body'), b);
    b.branches -= 1;
    return UNKNOWN;
  },
  for_statement: branch,
  if_statement: branch,
  while_statement: branch,
  do_statement: branch,
  try_statement: branch,
  switch_statement: branch,
  function_declaration: declared,
  generator_function_declaration: declared,
  function_expression: expression,
  generator_function: expression,
  arrow_function: expression,
  class_declaration: classOf,
  abstract_class_declaration: classOf,
  class: classOf,
  method_definition: (node, b) => {
    const name = raw(field(node, 'name'), b).replace(/^#/, '');
    add(b.program.methods, name, functionOf(node, name, b));
    return PLAIN;
  },
  field_definition: fieldDefinition,
  public_field_definition: fieldDefinition,
  return_statement: (node, b) => {
    b.fn?.returns.push(inner(node, b));
    return PLAIN;
  },
  yield_expression: (node, b) => {
    b.fn?.returns.push({ kind: 'list', items: [inner(node, b)], open: true });
    return UNKNOWN;
  },
  binary_expression: (node, b) => {
    const sign = raw(field(node, 'operator'), b);
    const parts = [lowered(field(node, 'left'), b), lowered(field(node, 'right'), b)];
    if (sign === '+') return { kind: 'join', parts };
    return /^(\|\|?|&&|\?\?)$/.test(sign) ? either(parts) : PLAIN;
  },
  ternary_expression: (node, b) => {
    lowered(field(node, 'condition'), b);
    return either([lowered(field(node, 'consequence'), b), lowered(field(node, 'alternative'), b)]);
  },
  unary_expression: plainly,
  update_expression: plainly,
  sequence_expression: inner,
  parenthesized_expression: inner,
  await_expression: inner,
  non_null_expression: inner,
  as_expression: (node, b) => lowered(named(node)[0], b),
  satisfies_expression: (node, b) => lowered(named(node)[0], b),
  type_assertion: inner,
  import_statement: (node, b) => {
    const clause = named(node).find((one) => one.type === 'import_clause' || one.type === 'import_require_clause');
    const from = source(field(node, 'source') ?? (clause === undefined ? undefined : field(clause, 'source')), b);
    // Read as what it is like: `require('fs')`.
    const module = call({ kind: 'thing', name: 'import' }, [{ value: textOf(from) }], 'import', b);
    if (clause === undefined) return PLAIN;
    if (clause.type === 'import_require_clause') assign(named(clause)[0], module, b);
    else
      for (const one of named(clause)) {
        if (one.type === 'identifier') assign(one, { kind: 'member', of: module, key: textOf('default') }, b);
        else if (one.type === 'namespace_import') assign(named(one)[0], module, b);
        else
          for (const name of named(one)) {
            const key = textOf(raw(field(name, 'name'), b));
            assign(field(name, 'alias') ?? field(name, 'name'), { kind: 'member', of: module, key }, b);
          }
      }
    return PLAIN;
  },
};
