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

function assign(target: Syntax | undefined, value: Expr, b: Builder): void {
  if (target === undefined) return;
  switch (target.type) {
    case 'variable_name':
      bind(raw(target, b), value, b);
      return;
    case 'by_ref':
      for (const one of named(target)) assign(one, value, b);
      return;
    case 'list_literal':
    case 'array_creation_expression':
      for (const [index, child] of named(target).entries())
        assign(
          child.type === 'array_element_initializer' ? named(child).at(-1) : child,
          { kind: 'member', of: value, key: { kind: 'number', value: index } },
          b,
        );
      return;
    case 'member_access_expression':
    case 'nullsafe_member_access_expression':
    case 'scoped_property_access_expression':
      add(b.program.members, raw(field(target, 'name'), b).replace(/^\$/, ''), value);
      through(target, b);
      return;
    case 'subscript_expression': {
      const key = named(target)[1];
      if (key?.type.endsWith('string') === true) add(b.program.members, raw(key, b).slice(1, -1), value);
      through(target, b);
      return;
    }
    default:
      b.lower(target);
  }
}

function functionOf(node: Syntax, name: string, b: Builder): Func {
  return func(
    name,
    b,
    (fn) => {
      const list = field(node, 'parameters');
      for (const [index, one] of (list === undefined ? [] : named(list)).entries()) {
        const variable = raw(field(one, 'name'), b).replace(/^&/, '');
        bind(variable, param(fn, index, variable.slice(1), one.type === 'variadic_parameter'), b);
        const otherwise = field(one, 'default_value');
        if (otherwise !== undefined) bind(variable, b.lower(otherwise), b);
        if (one.type === 'property_promotion_parameter')
          add(b.program.members, variable.slice(1), param(fn, index, variable.slice(1)));
      }
    },
    () => {
      const body = field(node, 'body');
      if (body === undefined) return;
      const value = b.lower(body);
      if (node.type === 'arrow_function') b.fn?.returns.push(value);
    },
  );
}

const classOf: Lowering = (node, b) => {
  const name = raw(field(node, 'name'), b);
  inClass(b, () => through(node, b));
  if (name !== '') bind(name, { kind: 'class', name }, b, b.program.top);
  return { kind: 'class', name };
};

function argumentsOf(list: Syntax | undefined, b: Builder): readonly Arg[] {
  if (list === undefined) return [];
  return named(list)
    .filter((one) => one.type !== 'variadic_placeholder')
    .map((one): Arg => {
      const name = field(one, 'name');
      const value = named(one).at(-1);
      return { ...(name === undefined ? {} : { name: raw(name, b) }), value: lowered(value, b) };
    });
}

/** `"a $b {$c}"`: text between the parts is a node of its own. */
const interpolated: Lowering = (node, b) => {
  const parts = named(node).map((part): Expr => {
    if (part.type === 'string_content' || part.type === 'string_value' || part.type === 'nowdoc_string')
      return textOf(raw(part, b));
    return part.type === 'escape_sequence' ? textOf(unescaped(raw(part, b))) : b.lower(part);
  });
  return parts.length === 1 ? (parts[0] as Expr) : { kind: 'join', parts };
};

/** The name of a function: `unlink`, `\unlink`, `App\clean`. */
const functionName = (node: Syntax, b: Builder): string => {
  const full = raw(node, b).replace(/^\\/, '');
  return full.slice(full.lastIndexOf('\\') + 1);
};

const memberOf: Lowering = (node, b) => {
  const name = field(node, 'name');
  return {
    kind: 'member',
    of: lowered(field(node, 'object'), b),
    key: name?.type === 'name' ? textOf(raw(name, b)) : lowered(name, b),
  };
};

const methodCall: Lowering = (node, b) => {
  const name = field(node, 'name');
  const object = field(node, 'object');
  return call(memberOf(node, b), argumentsOf(field(node, 'arguments'), b), `${raw(object, b)}.${raw(name, b)}`, b);
};

const scopeOf = (node: Syntax | undefined, b: Builder): Expr => {
  if (node === undefined) return UNKNOWN;
  if (node.type === 'relative_scope') return { kind: 'self' };
  return node.type === 'name' || node.type === 'qualified_name' ? nameExpr(functionName(node, b), b) : b.lower(node);
};

const included: Lowering = (node, b) =>
  call({ kind: 'thing', name: 'include' }, [{ value: inner(node, b) }], 'include', b);

export const PHP: Readonly<Record<string, Lowering>> = {
  expression_statement: statement,
  ERROR: broken,
  comment: () => PLAIN,
  text: () => PLAIN,
  name: (node, b) => nameExpr(raw(node, b), b),
  qualified_name: (node, b) => nameExpr(functionName(node, b), b),
  variable_name: (node, b) => (raw(node, b) === '$this' ? { kind: 'self' } : nameExpr(raw(node, b), b)),
  dynamic_variable_name: (node, b) => {
    const value = inner(node, b);
    // `${"name"}` as a callee is the variable of that name; whichever it is, is not followed.
    return {
      kind: 'either',
      options: [UNKNOWN, { kind: 'member', of: { kind: 'thing', name: 'variables' }, key: value }],
    };
  },
  integer: (node, b) => ({ kind: 'number', value: Number(raw(node, b)) }),
  float: () => PLAIN,
  boolean: () => PLAIN,
  null: () => PLAIN,
  string: (node, b) =>
    textOf(
      raw(node, b)
        .slice(1, -1)
        .replace(/\\(['\\])/g, '$1'),
    ),
  encapsed_string: interpolated,
  heredoc: (node, b) => lowered(field(node, 'value'), b),
  heredoc_body: interpolated,
  nowdoc: (node, b) => lowered(field(node, 'value'), b),
  nowdoc_body: interpolated,
  shell_command_expression: (node, b) => call({ kind: 'thing', name: '`' }, [{ value: interpolated(node, b) }], '`', b),
  function_call_expression: (node, b) => {
    const callee = field(node, 'function');
    const direct = callee?.type === 'name' || callee?.type === 'qualified_name';
    return call(
      direct ? nameExpr(functionName(callee, b), b) : lowered(callee, b),
      argumentsOf(field(node, 'arguments'), b),
      raw(callee, b).replace(/^\\/, ''),
      b,
    );
  },
  member_call_expression: methodCall,
  nullsafe_member_call_expression: methodCall,
  scoped_call_expression: (node, b) => {
    const name = field(node, 'name');
    const scope = field(node, 'scope');
    const callee: Expr = {
      kind: 'member',
      of: scopeOf(scope, b),
      key: name?.type === 'name' ? textOf(raw(name, b)) : lowered(name, b),
    };
    return call(callee, argumentsOf(field(node, 'arguments'), b), `${raw(scope, b)}.${raw(name, b)}`, b);
  },
  member_access_expression: memberOf,
  nullsafe_member_access_expression: memberOf,
  subscript_expression: (node, b) => {
    const [of, key] = named(node);
    return { kind: 'member', of: lowered(of, b), key: lowered(key, b) };
  },
  scoped_property_access_expression: (node, b) => ({
    kind: 'member',
    of: scopeOf(field(node, 'scope'), b),
    key: textOf(raw(field(node, 'name'), b).replace(/^\$/, '')),
  }),
  object_creation_expression: (node, b) => {
    const [type, ...others] = named(node);
    const list = others.find((one) => one.type === 'arguments');
    const callee = scopeOf(type, b);
    return call(callee, argumentsOf(list, b), raw(type, b), b, true);
  },
  print_intrinsic: plainly,
  include_expression: included,
  include_once_expression: included,
  require_expression: included,
  require_once_expression: included,
  assignment_expression: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    assign(field(node, 'left'), value, b);
    return value;
  },
  reference_assignment_expression: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    assign(field(node, 'left'), value, b);
    return value;
  },
  augmented_assignment_expression: (node, b) => {
    const value = lowered(field(node, 'right'), b);
    const kept = raw(field(node, 'operator'), b) === '??=';
    assign(field(node, 'left'), kept ? value : UNKNOWN, b);
    return kept ? value : UNKNOWN;
  },
  static_variable_declaration: (node, b) => {
    assign(field(node, 'name'), lowered(field(node, 'value'), b), b);
    return PLAIN;
  },
  const_element: (node, b) => {
    const [name, value] = named(node);
    bind(raw(name, b), lowered(value, b), b, b.program.top);
    add(b.program.members, raw(name, b), lowered(value, b));
    return PLAIN;
  },
  property_element: (node, b) => {
    const value = field(node, 'default_value');
    if (value !== undefined) add(b.program.members, raw(field(node, 'name'), b).replace(/^\$/, ''), b.lower(value));
    return PLAIN;
  },
  array_creation_expression: (node, b) => {
    const entries = named(node).map((one) => named(one));
    if (entries.length > 0 && entries.every((parts) => parts.length === 2))
      return { kind: 'record', fields: entries.map(([key, value]) => [lowered(key, b), lowered(value, b)] as const) };
    return { kind: 'list', items: entries.map((parts) => lowered(parts.at(-1), b)), open: false };
  },
  variadic_unpacking: (node, b) => ({ kind: 'spread', of: inner(node, b) }),
  foreach_statement: (node, b) => {
    const [of, target, ...rest] = named(node);
    const item: Expr = { kind: 'item', of: lowered(of, b) };
    if (target?.type === 'pair') {
      const [key, value] = named(target);
      assign(key, UNKNOWN, b);
      assign(value, item, b);
    } else assign(target, item, b);
    b.branches += 1;
    for (const one of rest) b.lower(one);
    b.branches -= 1;
    return UNKNOWN;
  },
  if_statement: branch,
  while_statement: branch,
  do_statement: branch,
  for_statement: branch,
  switch_statement: branch,
  try_statement: branch,
  function_definition: (node, b) => {
    const name = raw(field(node, 'name'), b);
    bind(name, { kind: 'function', fn: functionOf(node, name, b) }, b, b.program.top);
    return PLAIN;
  },
  method_declaration: (node, b) => {
    const name = raw(field(node, 'name'), b);
    add(b.program.methods, name, functionOf(node, name, b));
    return PLAIN;
  },
  anonymous_function: (node, b) => ({ kind: 'function', fn: functionOf(node, '', b) }),
  arrow_function: (node, b) => ({ kind: 'function', fn: functionOf(node, '', b) }),
  class_declaration: classOf,
  trait_declaration: classOf,
  enum_declaration: classOf,
  anonymous_class: classOf,
  return_statement: (node, b) => {
    b.fn?.returns.push(inner(node, b));
    return PLAIN;
  },
  binary_expression: (node, b) => {
    const sign = raw(field(node, 'operator'), b);
    const parts = [lowered(field(node, 'left'), b), lowered(field(node, 'right'), b)];
    if (sign === '.') return { kind: 'join', parts };
    return sign === '??' || sign === '||' || sign === '&&' ? either(parts) : PLAIN;
  },
  conditional_expression: (node, b) => {
    const condition = lowered(field(node, 'condition'), b);
    const yes = field(node, 'body');
    return either([yes === undefined ? condition : b.lower(yes), lowered(field(node, 'alternative'), b)]);
  },
  unary_op_expression: plainly,
  update_expression: plainly,
  cast_expression: (node, b) => lowered(field(node, 'value'), b),
  error_suppression_expression: inner,
  parenthesized_expression: inner,
  clone_expression: inner,
  namespace_use_declaration: (node, b) => {
    for (const clause of named(node).filter((one) => one.type === 'namespace_use_clause')) {
      const full = named(clause)[0];
      const alias = field(clause, 'alias');
      if (full !== undefined && alias !== undefined)
        bind(raw(alias, b), { kind: 'thing', name: functionName(full, b) }, b, b.program.top);
    }
    return PLAIN;
  },
};
