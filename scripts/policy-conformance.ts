// `npm run policy-conformance -- [CASES]`: OPA's published v1 conformance cases through our engine, which must answer each
// as OPA does. Without CASES, a file of JSON lines, `go` writes them out of OPA's module (policy/engine/conformance/).
// A case is left out only where it needs a built-in that is withheld from policies, and those are counted by name.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { loadEngineModule } from '../src/adapters/opa/artefact.ts';
import { startEngine } from '../src/adapters/opa/engine-calls.ts';

const MIN_CASES = 2_000;
const MAX_STEPS = 50_000_000;
const MAX_SHOWN = 20;
const engineFolder = path.resolve(import.meta.dirname, '../policy/engine');

const rows = z.array(z.record(z.string(), z.json()));
const conformanceCase = z.object({
  group: z.string(),
  note: z.string(),
  query: z.string(),
  modules: z.array(z.string()).nullish(),
  data: z.record(z.string(), z.json()).nullish(),
  input: z.json().optional(),
  input_term: z.string().optional(),
  want_result: rows.optional(),
  want_error_code: z.string().optional(),
  want_error: z.string().optional(),
  sort_bindings: z.boolean().optional(),
  ignore_generated_vars: z.boolean().optional(),
  strict_error: z.boolean().optional(),
  experimental_keywords: z.boolean().optional(),
});
type Case = z.infer<typeof conformanceCase>;

const problem = z.object({
  code: z.string(),
  message: z.string(),
  file: z.string().optional(),
  row: z.int().optional(),
});
const answer = z.union([
  z.object({ errors: z.array(problem) }),
  z.object({ results: rows, error: problem.optional() }),
]);

const text = process.argv[2] === undefined ? exported() : readFileSync(process.argv[2], 'utf8');
if (text === undefined) {
  process.stdout.write('policy conformance: not run, because Go is not installed and writes the cases\n');
  process.exit(0);
}
const cases = text
  .trimEnd()
  .split('\n')
  .map((line) => conformanceCase.parse(JSON.parse(line)));
const loaded = await loadEngineModule();
if (!loaded.ok) throw new Error(loaded.why);
const engine = startEngine(loaded.module);

const withheldNames = z.object({ leftOut: z.array(z.string()) }).parse(JSON.parse(engine.call('info', '{}'))).leftOut;

const leftOut = new Map<string, number>();
const failures: string[] = [];
let passed = 0;
for (const one of cases) {
  const outcome = judge(one);
  if (outcome === undefined) passed += 1;
  else if ('leftOut' in outcome) leftOut.set(outcome.leftOut, (leftOut.get(outcome.leftOut) ?? 0) + 1);
  else failures.push(`${one.note}: ${outcome.failed}`);
}
for (const failure of failures.slice(0, MAX_SHOWN)) process.stderr.write(`policy conformance: ${failure}\n`);
const sumLeftOut = [...leftOut.values()].reduce((sum, count) => sum + count, 0);
process.stdout.write(
  `policy conformance: ${passed} passed, ${failures.length} failed, ${sumLeftOut} left out of ${cases.length}\n`,
);
for (const [why, count] of [...leftOut].sort((a, b) => b[1] - a[1])) process.stdout.write(`  ${count} need ${why}\n`);
if (cases.length < MIN_CASES) process.stderr.write(`policy conformance: only ${cases.length} cases\n`);
process.exitCode = failures.length > 0 || cases.length < MIN_CASES ? 1 : 0;

function exported(): string | undefined {
  const go = { cwd: engineFolder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  try {
    execFileSync('go', ['version'], go);
  } catch {
    return undefined;
  }
  const folder = execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', 'github.com/open-policy-agent/opa'], go).trim();
  return execFileSync('go', ['run', './conformance', path.join(folder, 'v1/test/cases/testdata/v1')], go);
}

type Outcome = undefined | { readonly leftOut: string } | { readonly failed: string };

function judge(one: Case): Outcome {
  if (one.experimental_keywords === true) return { leftOut: 'experimental keywords' };
  const request = {
    modules: (one.modules ?? []).map((module, index) => ({ name: `test-${index}.rego`, text: module })),
    data: one.data ?? {},
    query: one.query,
    input: one.input,
    inputTerm: one.input_term,
    maxSteps: MAX_STEPS,
    lenient: one.strict_error !== true,
    loose: true,
  };
  const got = answer.parse(JSON.parse(engine.call('query', JSON.stringify(request))));
  if ('errors' in got) {
    const withheld =
      got.errors
        .map(({ message }) => /^`([^`]+)` is not available to a policy/.exec(message)?.[1])
        .find((name) => name !== undefined) ?? mocked(one, got.errors);
    if (withheld !== undefined) return { leftOut: `\`${withheld}\`, which policies do not have` };
    return { failed: `does not compile: ${got.errors.map((fault) => fault.message).join('; ')}` };
  }
  return wantsError(one) ? errorFault(one, got.error) : resultFault(one, got.results, got.error);
}

/** A withheld built-in that a case puts something in the place of. */
function mocked(one: Case, errors: readonly { readonly message: string }[]): string | undefined {
  if (!errors.every(({ message }) => message.startsWith('with keyword target must reference existing')))
    return undefined;
  const texts = [one.query, ...(one.modules ?? [])];
  return withheldNames.find((name) => texts.some((module) => module.includes(`with ${name} as `)));
}

function wantsError(one: Case): boolean {
  return one.want_error !== undefined || one.want_error_code !== undefined;
}

function errorFault(one: Case, error: z.infer<typeof problem> | undefined): Outcome {
  if (error === undefined) return { failed: 'no error' };
  if (one.want_error_code !== undefined && error.code !== one.want_error_code)
    return { failed: `\`${error.code}\`, not \`${one.want_error_code}\`` };
  // As OPA writes an error: with its place and code before the message.
  const place = error.file === undefined ? '' : `${error.file}:${error.row ?? 0}: `;
  const shown = `${place}${error.code}: ${error.message}`;
  return one.want_error === undefined || shown.includes(one.want_error)
    ? undefined
    : { failed: `\`${shown}\` does not contain \`${one.want_error}\`` };
}

function resultFault(one: Case, results: z.infer<typeof rows>, error: z.infer<typeof problem> | undefined): Outcome {
  if (error !== undefined) return { failed: `${error.code}: ${error.message}` };
  if (one.want_result === undefined) return { failed: 'the case wants nothing' };
  const shown = results.map((row) =>
    Object.fromEntries(
      Object.entries(row).filter(([name]) => one.ignore_generated_vars !== true || !name.startsWith('__localq')),
    ),
  );
  const [want, have] = [one.want_result, shown].map((list) =>
    asSet(one.sort_bindings === true ? list.map(sortedRow) : list),
  );
  return isDeepStrictEqual(want, have)
    ? undefined
    : { failed: `wanted ${JSON.stringify(one.want_result)}, got ${JSON.stringify(shown)}`.slice(0, 600) };
}

/** The case says that its bindings come in any order: sets, read as arrays. */
function sortedRow(row: object): object {
  const sort = (value: unknown): unknown => (Array.isArray(value) ? value.map(stable).sort() : value);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, sort(value)]));
}

/** The rows of an answer are a set. */
function asSet(list: readonly object[]): readonly string[] {
  return [...new Set(list.map(stable))].sort();
}

function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${stable(member)}`).join(',')}}`;
}
