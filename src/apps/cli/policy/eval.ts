import type { Json } from '../../../core/canonical-json.ts';
import { LIMITS } from '../../../core/limits.ts';
import { parseStrictJson } from '../../../core/strict-json.ts';
import { visibleText } from '../../../core/visible-text.ts';
import { isRefused } from '../../../pipeline/products.ts';
import { type PolicyProblem, showProblem } from '../../../ports/policy-layers.ts';
import type { Explain, PolicyTools, QueryAnswer } from '../../../ports/policy-tools.ts';
import { isKind, makeAction, rawOf } from '../check.ts';
import { EXIT, type Io } from '../io.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { type PolicyDeps, problemsAsJson, tellProblems, usageOf, withTools } from './deps.ts';
import { readInput } from './read-input.ts';
import { readRegoFiles } from './rego-files.ts';
import { tableOf } from './table.ts';

/** As `opa eval` has it: 1 is for `--fail`, 2 for what cannot be evaluated. */
const UNDEFINED = 1;
const NOT_EVALUATED = 2;
const EXPLAIN: ReadonlySet<string> = new Set<Explain>(['off', 'notes', 'fails', 'full', 'debug']);
const TEXT_KINDS: ReadonlySet<string> = new Set(['shell', 'sql', 'git']);
const FINDS_NOTHING = {
  name: 'nothing.rego',
  text: 'package holdpoint.policies.nothing\n\nhold contains {"id": "never", "reason": "never", "effect": 0} if false\n',
};
/** Nearly: it may stand in a string too, where it would be found for nothing. */
const WILDCARD = /(?<![\w"])_(?![\w"])/;
/** The name that a query's value gets, where it is one expression. */
const VALUE = 'holdpoint_value_of_query';

/** `holdpoint policy eval QUERY [--data PATH]… [--input FILE|- | --action 'COMMAND'] [--explain …] [--format …] [--fail]` */
export async function runPolicyEval(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, {
    options: {
      data: 'values',
      input: 'value',
      action: 'value',
      kind: 'value',
      dialect: 'value',
      explain: 'value',
      format: 'value',
      fail: 'flag',
      'any-rego': 'flag',
    },
    short: { d: 'data', i: 'input', f: 'format' },
  });
  if (!read.ok) return usageOf(io, 'eval', read.why);
  const { args } = read;
  const wrong = whyWrong(args);
  if (wrong !== undefined) return usageOf(io, 'eval', wrong);
  const explain = (args.value('explain') ?? 'off') as Explain;
  const isPretty = args.value('format') === 'pretty';
  const refuse = (problems: readonly PolicyProblem[]): number => {
    if (isPretty) tellProblems(io, problems);
    else io.out(problemsAsJson(problems));
    return NOT_EVALUATED;
  };
  const files = await readRegoFiles(args.values('data'), { cwd: io.cwd, names: 'given' });
  if (!files.ok) return refuse(files.problems);
  return withTools(deps, async (tools) => {
    const input = await inputOf(args, io, deps, tools);
    if (!input.ok) return refuse(input.problems);
    const given = input.value === undefined ? {} : { input: input.value };
    const query = args.words.join(' ');
    const { modules, data } = files.value;
    const sources = { modules, data, ...given, explain };
    // OPA shows the value of each expression; here that is asked for by a name. What is no single expression has none.
    const asValue = await tools.query({ ...sources, query: `${VALUE} = (${query}\n)` });
    const answered = asValue.ok ? asValue : await tools.query({ ...sources, query });
    if (!answered.ok) return refuse(answered.problems);
    const answer = answered.value;
    for (const line of answer.printed) io.err(`${visibleText(line)}\n`);
    if (answer.error !== undefined) {
      if (isPretty && answer.trace !== undefined)
        io.out(`${visibleText(answer.trace.trimEnd(), { multiline: true })}\n`);
      return refuse([answer.error]);
    }
    const rows = rowsOf(answer, query);
    io.out(isPretty ? prettyOf(rows, answer.trace, query) : jsonOf(rows, answer.trace, query));
    return args.has('fail') && rows.length === 0 ? UNDEFINED : EXIT.ok;
  });
}

function whyWrong(args: Arguments): string | undefined {
  const query = args.words.join(' ');
  if (query.trim() === '') return 'give the query as one argument, or after `--`';
  if (args.has('input') && args.has('action')) return '`--input` and `--action` exclude each other';
  const explain = args.value('explain');
  if (explain !== undefined && !EXPLAIN.has(explain)) return '`--explain` takes notes, fails, full, debug or off';
  const format = args.value('format');
  if (format !== undefined && format !== 'pretty' && format !== 'json') return '`--format` takes pretty or json';
  const kind = args.value('kind');
  if (kind !== undefined && !isKind(kind)) return `unknown kind \`${kind}\``;
  if (!args.has('action') && (kind !== undefined || args.has('dialect')))
    return '`--kind` and `--dialect` say more of an `--action`';
  return undefined;
}

type InputOf =
  | { readonly ok: true; readonly value: Json | undefined }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

async function inputOf(args: Arguments, io: Io, deps: PolicyDeps, tools: PolicyTools): Promise<InputOf> {
  const fault = (message: string, file?: string): InputOf => ({
    ok: false,
    problems: [{ code: 'input_error', message, ...(file === undefined ? {} : { file }) }],
  });
  const action = args.value('action');
  if (action !== undefined) {
    const document = await documentOfAction(action, args, io, deps);
    return document.ok ? document : fault(document.why);
  }
  const name = args.value('input');
  if (name === undefined) return { ok: true, value: undefined };
  const shown = name === '-' ? 'stdin' : name;
  const text = await readInput(io, name);
  if (!text.ok) return fault(text.why, shown);
  const parsed = parseStrictJson(text.text, LIMITS.jsonDepth);
  if (!parsed.ok) return fault(parsed.error, shown);
  if (args.has('any-rego')) return parsed;
  // Any layer checks the document before it looks at it, even one that never finds anything.
  const checked = await tools.opinion({ layer: 'session', modules: [FINDS_NOTHING] }, parsed.value);
  if (checked.ok) return parsed;
  const why = checked.problems.map(showProblem).join('; ');
  return fault(`no document \`holdpoint/v1\` (\`--any-rego\` takes any): ${why}`, shown);
}

/** The input that policies would be asked with, were this tried here and now. */
async function documentOfAction(
  text: string,
  args: Arguments,
  io: Io,
  deps: PolicyDeps,
): Promise<{ readonly ok: true; readonly value: Json } | { readonly ok: false; readonly why: string }> {
  const kind = args.value('kind') ?? 'shell';
  const content = TEXT_KINDS.has(kind) ? text : parseStrictJson(text, LIMITS.jsonDepth);
  if (typeof content !== 'string' && !content.ok)
    return { ok: false, why: `a ${kind} action is JSON: ${content.error}` };
  const made = makeAction(
    isKind(kind) ? kind : 'shell',
    typeof content === 'string' ? content : content.value,
    io.cwd,
    args.value('dialect'),
  );
  if (!made.ok) return { ok: false, why: made.error };
  const judge = await deps.openJudge();
  try {
    const judged = await judge.judge(rawOf(made.action, judge, io.cwd), undefined);
    if (isRefused(judged))
      return { ok: false, why: `refused before any policy is asked: ${judged.reason} (${judged.rule})` };
    const { attempt, effects, evidence } = judged;
    const document = deps.documentOf({ attempt, effects, evidence, nowMs: deps.nowMs() });
    return document.ok ? { ok: true, value: JSON.parse(document.text) as Json } : document;
  } finally {
    await judge.close();
  }
}

/** As OPA has it: where a query looks at many things, only what is true counts; else a false value is shown. */
function rowsOf(answer: QueryAnswer, query: string): readonly Row[] {
  return answer.results.flatMap((row) => {
    const bindings = Object.entries(row).filter(([name]) => name !== VALUE);
    const value = Object.hasOwn(row, VALUE) ? (row[VALUE] ?? null) : true;
    return value === false && (bindings.length > 0 || WILDCARD.test(query)) ? [] : [{ value, bindings }];
  });
}

interface Row {
  readonly value: Json;
  readonly bindings: readonly (readonly [string, Json])[];
}

/** The form of `opa eval --format json`. The whole query counts as one expression. */
function jsonOf(rows: readonly Row[], trace: string | undefined, text: string): string {
  const result = rows.map(({ value, bindings }) => ({
    expressions: [{ value, text, location: { row: 1, col: 1 } }],
    ...(bindings.length > 0 ? { bindings: Object.fromEntries(bindings) } : {}),
  }));
  const whole = {
    ...(trace === undefined ? {} : { explanation: trace.trimEnd().split('\n') }),
    ...(result.length > 0 ? { result } : {}),
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

function prettyOf(rows: readonly Row[], trace: string | undefined, text: string): string {
  const before = trace === undefined ? '' : `${visibleText(trace.trimEnd(), { multiline: true })}\n`;
  const [first] = rows;
  if (first === undefined) return `${before}undefined\n`;
  if (first.bindings.length === 0) return `${before}${JSON.stringify(first.value, undefined, 2)}\n`;
  // A query that only says which solutions there are needs no column of its own.
  const hasValue = rows.some((row) => row.value !== true);
  const names = [...(hasValue ? [text] : []), ...first.bindings.map(([name]) => name)];
  const cells = rows.map((row) => [...(hasValue ? [row.value] : []), ...row.bindings.map(([, value]) => value)]);
  return (
    before +
    tableOf(
      names,
      cells.map((row) => row.map((cell) => JSON.stringify(cell))),
    )
  );
}
