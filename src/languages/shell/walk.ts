import type {
  AndOr,
  ArithmeticExpression,
  Assignment,
  Command,
  ParsedScript,
  PipelineNode,
  Statement,
  TestExpression,
  Word,
} from 'unbash';
import { type Machine, type Node, opaque, type Scope, subscope } from './machine.ts';
import { applyRedirects, finishRedirects } from './redirects.ts';
import { type Field, HOLE, literal, UNKNOWN_FIELD } from './value.ts';
import { expandOne, expandParts, expandWord, expandWords } from './words.ts';

const MAX_STEPS = 20_000;
const MAX_LOOP = 64;

/** Walks a script in the given scope; returns what it prints, with marks. */
export function walkScript(script: ParsedScript, scope: Scope, machine: Machine): string {
  if (script.errors !== undefined && script.errors.length > 0) {
    opaque(machine, 'shell/parse', `does not parse: ${script.errors[0]?.message ?? 'unknown error'}`);
  }
  return walkStatements(script.commands, scope, machine);
}

function walkStatements(statements: readonly Statement[], scope: Scope, machine: Machine): string {
  let out = '';
  for (const statement of statements) out += walkAny(statement.command, scope, machine);
  return out;
}

export function walkAny(node: PipelineNode | AndOr, scope: Scope, machine: Machine): string {
  machine.steps += 1;
  if (machine.steps > MAX_STEPS) {
    opaque(machine, 'shell/limit', 'does more steps than can be followed');
    return HOLE;
  }
  if (node.type === 'AndOr') return walkAndOr(node, scope, machine);
  if (node.type === 'Pipeline') {
    if (node.commands.length === 1 && node.commands[0] !== undefined) return walkNode(node.commands[0], scope, machine);
    let fed = scope.stdin;
    for (const command of node.commands) {
      const inner = subscope(scope);
      inner.stdin = fed;
      fed = walkNode(command, inner, machine);
      for (const [path, content] of inner.written) scope.written.set(path, content);
    }
    return fed ?? '';
  }
  return walkNode(node, scope, machine);
}

function walkAndOr(node: AndOr, scope: Scope, machine: Machine): string {
  let out = '';
  for (const [index, command] of node.commands.entries()) {
    if (index > 0 && node.operators[index - 1] === '||') {
      // The right side of `||` runs only where the left failed: both endings are possible afterwards.
      const branch = subscope(scope);
      out += walkAny(command, branch, machine);
      join(scope, branch);
    } else out += walkAny(command, scope, machine);
  }
  return out;
}

/** After a branch that may not have run: what both endings agree on stays known. */
function join(scope: Scope, branch: Scope): void {
  for (const [name, value] of branch.vars) {
    const before = scope.vars.get(name);
    if (before === undefined || !sameFields(before, value))
      scope.vars.set(name, before === undefined ? value.map((field) => ({ ...field, maybe: true })) : [UNKNOWN_FIELD]);
  }
  for (const [name, given] of branch.exports) if (scope.exports.get(name) !== given) scope.exports.set('*', true);
  for (const [name, node] of branch.functions) scope.functions.set(name, node);
  for (const [name, text] of branch.aliases) scope.aliases.set(name, text);
  for (const [path, text] of branch.written) scope.written.set(path, text);
  if (branch.cwd !== scope.cwd) scope.cwd = undefined;
}

function sameFields(a: readonly Field[], b: readonly Field[]): boolean {
  return a.length === b.length && a.every((field, index) => field.s === b[index]?.s && field.maybe === b[index]?.maybe);
}

function branches(
  bodies: readonly { readonly commands: readonly Statement[] }[],
  scope: Scope,
  machine: Machine,
): string {
  let out = '';
  const ends: Scope[] = [];
  for (const body of bodies) {
    const branch = subscope(scope);
    out += walkStatements(body.commands, branch, machine);
    ends.push(branch);
  }
  for (const end of ends) join(scope, end);
  return out;
}

export function walkNode(node: Node, scope: Scope, machine: Machine): string {
  switch (node.type) {
    case 'Command':
      return walkCommand(node, scope, machine);
    case 'CompoundList':
      return walkStatements(node.commands, scope, machine);
    case 'Redirected': {
      const inner = { ...scope };
      const sinks = applyRedirects(node.redirects, inner, machine);
      const bodyScope = node.command.type === 'Subshell' ? subscope(inner) : scope;
      const held = scope.stdin;
      bodyScope.stdin = inner.stdin;
      bodyScope.input = inner.input;
      const out = walkNode(node.command, bodyScope, machine);
      scope.stdin = held;
      return finishRedirects(sinks, out, scope, machine);
    }
    case 'Subshell':
      return walkStatements(node.body.commands, subscope(scope), machine);
    case 'BraceGroup':
      return walkStatements(node.body.commands, scope, machine);
    case 'If': {
      let out = walkStatements(node.clause.commands, scope, machine);
      for (const elif of node.elif) out += walkStatements(elif.clause.commands, scope, machine);
      return (
        out +
        branches(
          [node.then, ...node.elif.map((elif) => elif.then), ...(node.else === undefined ? [] : [node.else])],
          scope,
          machine,
        )
      );
    }
    case 'For':
    case 'Select': {
      const values =
        node.wordlist === undefined ? (scope.args ?? [UNKNOWN_FIELD]) : expandWords(node.wordlist, scope, machine);
      let out = '';
      const many = values.length > MAX_LOOP || scope.calling.length > 8;
      // A loop body may also never run, and runs again with what it left behind.
      for (const value of many ? [UNKNOWN_FIELD] : values) {
        scope.vars.set(node.name.value, [value]);
        out += walkStatements(node.body.commands, scope, machine);
      }
      return out;
    }
    case 'ArithmeticFor':
      for (const part of [node.initialize, node.test, node.update])
        if (part !== undefined) walkArithmetic(part, scope, machine);
      return loop(node.body.commands, scope, machine);
    case 'While':
      walkStatements(node.clause.commands, scope, machine);
      return loop(node.body.commands, scope, machine);
    case 'Case': {
      expandOne(node.word, scope, machine);
      return branches(
        node.items.map((item) => item.body),
        scope,
        machine,
      );
    }
    case 'Function':
      scope.functions.set(node.name.value, node.body);
      return '';
    case 'Coproc':
      return walkNode(node.body, subscope(scope), machine);
    case 'TestCommand':
      walkTest(node.expression, scope, machine);
      return '';
    case 'ArithmeticCommand':
      if (node.expression !== undefined) walkArithmetic(node.expression, scope, machine);
      return '';
    default:
      return node satisfies never;
  }
}

/** Body of a loop with an unknown number of turns: twice, so that what one turn leaves reaches the next. */
function loop(body: readonly Statement[], scope: Scope, machine: Machine): string {
  const branch = subscope(scope);
  let out = walkStatements(body, branch, machine);
  join(scope, branch);
  if (machine.steps < MAX_STEPS / 4) out += walkStatements(body, scope, machine);
  return out;
}

function walkTest(expression: TestExpression, scope: Scope, machine: Machine): void {
  switch (expression.type) {
    case 'TestUnary':
      expandOne(expression.operand, scope, machine);
      return;
    case 'TestBinary':
      expandOne(expression.left, scope, machine);
      expandOne(expression.right, scope, machine);
      return;
    case 'TestLogical':
      for (const operand of expression.operands) walkTest(operand, scope, machine);
      return;
    case 'TestNot':
      walkTest(expression.operand, scope, machine);
      return;
    case 'TestGroup':
      walkTest(expression.expression, scope, machine);
      return;
    default:
      expression satisfies never;
  }
}

function walkArithmetic(expression: ArithmeticExpression, scope: Scope, machine: Machine): void {
  switch (expression.type) {
    case 'ArithmeticBinary':
      walkArithmetic(expression.left, scope, machine);
      walkArithmetic(expression.right, scope, machine);
      return;
    case 'ArithmeticUnary':
      walkArithmetic(expression.operand, scope, machine);
      return;
    case 'ArithmeticTernary':
      walkArithmetic(expression.test, scope, machine);
      walkArithmetic(expression.consequent, scope, machine);
      walkArithmetic(expression.alternate, scope, machine);
      return;
    case 'ArithmeticGroup':
      walkArithmetic(expression.expression, scope, machine);
      return;
    case 'ArithmeticWord':
      if (expression.parts !== undefined) expandParts(expression.parts, scope, machine);
      return;
    case 'ArithmeticCommandExpansion':
      if (expression.script !== undefined) walkScript(expression.script, subscope(scope), machine);
      return;
    default:
      expression satisfies never;
  }
}

function assign(assignment: Assignment, scope: Scope, machine: Machine): void {
  const name = assignment.name;
  if (assignment.index !== undefined) {
    expandOne(assignment.index, scope, machine);
    if (assignment.value.type === 'Word') expandOne(assignment.value, scope, machine);
    scope.vars.set(name, [UNKNOWN_FIELD]);
    return;
  }
  const value =
    assignment.value.type === 'ArrayValue'
      ? expandWords(assignment.value.elements, scope, machine)
      : [expandOne(assignment.value, scope, machine)];
  const before = scope.vars.get(name);
  if (assignment.append !== true) scope.vars.set(name, value);
  else if (assignment.value.type === 'ArrayValue') scope.vars.set(name, [...(before ?? []), ...value]);
  else {
    const first = before?.[0] ?? UNKNOWN_FIELD;
    const added = value[0] ?? literal('');
    scope.vars.set(name, [{ s: first.s + added.s, glob: first.glob || added.glob, maybe: first.maybe || added.maybe }]);
  }
}

function walkCommand(command: Command, scope: Scope, machine: Machine): string {
  const heldSpan = machine.span;
  const { trace } = machine.context;
  if (!machine.nested) machine.span = [command.pos, command.end];
  if (trace !== undefined) trace.at = [command.pos, command.end];
  const assignments: Assignment[] = [];
  for (const prefix of command.prefix) if (prefix.type === 'Assignment') assignments.push(prefix);
  const words: Field[] = [];
  if (command.name !== undefined) words.push(...expandWord(command.name, scope, machine));
  for (const item of command.args) words.push(...argument(item, scope, machine));
  let out = '';
  const inner: Scope = { ...scope };
  const sinks = applyRedirects(command.redirects, inner, machine);
  if (words.length === 0) {
    for (const assignment of assignments) assign(assignment, scope, machine);
    machine.run(
      [literal(''), ...assignments.map((one) => literal(`${one.name}=${scope.vars.get(one.name)?.[0]?.s ?? ''}`))],
      scope,
    );
  } else {
    // Assignments before a command hold for it alone, and are made after its words are expanded.
    const env = assignments.map((one) => {
      const temporary = subscope(scope);
      assign(one, temporary, machine);
      return [one.name, temporary.vars.get(one.name) ?? [UNKNOWN_FIELD]] as const;
    });
    const saved = env.map(([name]) => [name, scope.vars.get(name), scope.exports.get(name)] as const);
    for (const [name, value] of env) {
      scope.vars.set(name, value);
      scope.exports.set(name, true);
    }
    const held = scope.stdin;
    scope.stdin = inner.stdin;
    scope.input = inner.input;
    if (env.length > 0)
      machine.run([literal(''), ...env.map(([name, value]) => literal(`${name}=${value[0]?.s ?? ''}`))], scope);
    out = machine.run(words, scope);
    scope.stdin = held;
    for (const [name, value, given] of saved) {
      if (value === undefined) scope.vars.delete(name);
      else scope.vars.set(name, value);
      if (given === undefined) scope.exports.delete(name);
      else scope.exports.set(name, given);
    }
  }
  out = finishRedirects(sinks, out, scope, machine);
  machine.span = heldSpan;
  return out;
}

function argument(item: Word | Assignment, scope: Scope, machine: Machine): Field[] {
  if (item.type === 'Word') return expandWord(item, scope, machine);
  // `export A=b`, `declare A=(…)`: the assignment is made here, the builtin sees its text.
  if (item.value.type === 'ArrayValue' || item.append === true || item.index !== undefined) {
    assign(item, scope, machine);
    return [literal(item.name)];
  }
  const value = expandOne(item.value, scope, machine);
  return [{ ...value, s: `${item.name}=${value.s}` }];
}
