import { LIMITS } from '../../core/limits.ts';
import { type Machine, opaque, type Scope, subscope } from '../shell/machine.ts';
import { type Field, FRESH, HOLE, hasHole, SECRET, SETUP } from '../shell/value.ts';
import { readCall } from './act.ts';
import { HOLE_NAME, makeBuilder } from './builder.ts';
import { CATALOGUES } from './catalogue.ts';
import { makeEvaluator } from './evaluate.ts';
import type { Evaluator } from './evaluator.ts';
import type { CallExpr, Expr, Func, Program } from './expression.ts';
import { JAVASCRIPT } from './lower-javascript.ts';
import { lowerPerl } from './lower-perl.ts';
import { PHP } from './lower-php.ts';
import { PYTHON } from './lower-python.ts';
import { RUBY } from './lower-ruby.ts';
import { changesInPlace } from './mutations.ts';
import type { Tongue } from './names.ts';
import type { Stage } from './stage.ts';
import { type Grammar, type Parsed as ParsedText, parseProgram, type Syntax } from './syntax.ts';
import { text as textValue, type Values } from './value.ts';

export interface Started {
  /** The arguments that it is started with. */
  readonly args?: readonly Field[];
  /** The folder of its file; where it stands in a command there is none. */
  readonly folder?: string;
  /** Loaded by another program: what its functions do counts only where they are called. */
  readonly loaded?: boolean;
  /** Names of the program whose text this is a part of. */
  readonly outer?: Evaluator['outer'];
}

/** The languages that have a grammar. */
type Grammatical = Exclude<Tongue, 'perl'>;

const LOWERINGS: Readonly<Record<Grammatical, Parameters<typeof makeBuilder>[1]>> = {
  python: PYTHON,
  javascript: JAVASCRIPT,
  ruby: RUBY,
  php: PHP,
};

/** More than one where one language has several grammars: the first that fits is taken. */
const GRAMMARS: Readonly<Record<Grammatical, readonly Grammar[]>> = {
  python: ['python'],
  javascript: ['javascript', 'typescript', 'tsx'],
  ruby: ['ruby'],
  php: ['php'],
};

/** Effects of a program's text: deletions, subprocesses, requests, SQL. What cannot be read is opaque. */
export function readProgram(text: string, tongue: Tongue, scope: Scope, machine: Machine, started: Started = {}): void {
  if (scope.depth > LIMITS.nestedCommands) {
    opaque(machine, `code/${tongue}`, 'nests programs deeper than can be followed');
    return;
  }
  const source = marked(text, tongue);
  const lowered = loweredFrom(source, tongue);
  if (!lowered.ok) {
    opaque(machine, `code/${tongue}`, `runs a program that cannot be read: ${lowered.why}`);
    return;
  }
  const { program, broken } = lowered;
  changesInPlace(program);
  const evaluator = makeEvaluator(
    program,
    tongue,
    startedWith(tongue, started),
    started.folder ?? '.',
    started.outer,
    (name) => CATALOGUES[tongue].calls.has(name),
  );
  const outer = (name: string): Values | undefined =>
    program.top.bound.has(name) ? evaluator.values({ kind: 'name', name, scope: program.top }) : started.outer?.(name);
  const own = subscope(scope);
  own.depth += 1;
  const stage: Stage = {
    tongue,
    source: `code/${tongue}`,
    evaluator,
    scope: own,
    machine,
    nested: (inner, folder) =>
      readProgram(
        inner,
        tongue,
        own,
        machine,
        folder === undefined ? { ...started, loaded: false, outer } : { folder, loaded: true },
      ),
  };
  if (wanders(program, evaluator, stage)) own.cwd = undefined;
  const reached = started.loaded === true ? reachedIn(program, evaluator) : undefined;
  for (const call of program.calls)
    if (reached === undefined || call.within === undefined || reached.has(call.within)) readCall(call, stage);
  for (const doubt of program.doubts) opaque(machine, stage.source, doubt);
  if (broken.some((line) => DANGEROUS.test(line)))
    opaque(machine, stage.source, `holds text that is not ${tongue} and names what destroys or runs`);
}

type Lowered =
  | { readonly ok: true; readonly program: Program; readonly broken: readonly string[] }
  | { readonly ok: false; readonly why: string };

function loweredFrom(source: string, tongue: Tongue): Lowered {
  if (tongue === 'perl') {
    const builder = makeBuilder(source, {});
    const broken = lowerPerl(source, builder);
    return { ok: true, program: builder.program, broken };
  }
  const parsed = parsedAs(source, GRAMMARS[tongue]);
  if (!parsed.ok) return parsed;
  const builder = makeBuilder(source, LOWERINGS[tongue]);
  builder.lower(parsed.root);
  return { ok: true, program: builder.program, broken: parsed.broken ? brokenLines(parsed.root, source) : [] };
}

/** Marks as identifiers, so that the text around them still parses. */
function marked(text: string, tongue: Tongue): string {
  const plain = hasHole(text)
    ? text.replaceAll(SECRET, '').replaceAll(HOLE, HOLE_NAME).replaceAll(SETUP, HOLE_NAME).replaceAll(FRESH, HOLE_NAME)
    : text.replaceAll(FRESH, HOLE_NAME);
  return tongue === 'php' && !plain.includes('<?') ? `<?php ${plain}` : plain;
}

function parsedAs(source: string, grammars: readonly Grammar[]): ParsedText {
  let first: ParsedText | undefined;
  for (const grammar of grammars) {
    const parsed = parseProgram(source, grammar);
    first ??= parsed;
    if (parsed.ok && !parsed.broken) return parsed;
  }
  return first ?? { ok: false, why: 'no grammar' };
}

/** The lines of which some part fits no rule of the grammar. */
function brokenLines(root: Syntax, source: string): readonly string[] {
  const lines: string[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'ERROR' || node.missing) {
      const end = source.indexOf('\n', node.end);
      lines.push(source.slice(source.lastIndexOf('\n', node.start - 1) + 1, end === -1 ? undefined : end));
    }
    open.push(...node.children);
  }
  return lines;
}

const DANGEROUS =
  /(unlink|remove|rmtree|rmdir|\brm|delete|drop|truncate|destroy|system|popen|exec|spawn|eval|subprocess|child_process|passthru|proc_open|Function|fetch|urlopen|requests|writeFile|fopen|open|`)/i;

function startedWith(tongue: Tongue, started: Started): Values | undefined {
  // Without any, what it takes from them is no reason to think that it does nothing.
  if (started.args === undefined || started.args.length === 0) return undefined;
  const words = started.args.map(
    (field): Values => (field.maybe || hasHole(field.s) ? [textValue(HOLE)] : [textValue(field.s, field.glob)]),
  );
  const before: Values[] =
    tongue === 'javascript'
      ? [[textValue('node')], [textValue('program')]]
      : tongue === 'ruby'
        ? []
        : [[textValue('program')]];
  return [{ kind: 'list', items: [...before, ...words], open: started.args.some((field) => field.glob) }];
}

/** It changes its folder where nobody can say when: then a relative name says nothing. */
function wanders(program: Program, evaluator: Evaluator, stage: Stage): boolean {
  return program.calls.some(
    (call) =>
      (!call.straight || call.args.some((arg) => arg.name === 'block')) &&
      /chdir|\bcd$/.test(call.written) &&
      evaluator
        .values(call.callee)
        .some((one) => one.kind === 'thing' && CATALOGUES[stage.tongue].calls.get(one.name)?.kind === 'changes-folder'),
  );
}

/** Functions that its own straight text calls, or that those call. */
function reachedIn(program: Program, evaluator: Evaluator): ReadonlySet<Func> {
  const reached = new Set<Func>();
  const functionsIn = (expr: Expr): readonly Func[] =>
    evaluator.values(expr).flatMap((one) => (one.kind === 'local' ? [one.fn] : []));
  for (let more = true; more; ) {
    more = false;
    for (const call of program.calls as readonly CallExpr[]) {
      if (call.within !== undefined && !reached.has(call.within)) continue;
      for (const fn of [call.callee, ...call.args.map((arg) => arg.value)].flatMap(functionsIn)) {
        if (reached.has(fn)) continue;
        reached.add(fn);
        more = true;
      }
    }
  }
  return reached;
}
