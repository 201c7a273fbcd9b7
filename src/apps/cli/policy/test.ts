import { visibleText } from '../../../core/visible-text.ts';
import type { RegoCoverage, RegoTest } from '../../../ports/policy-tools.ts';
import { EXIT, type Io } from '../io.ts';
import { readArguments } from './arguments.ts';
import { readPolicy } from './check.ts';
import { type PolicyDeps, problemsAsJson, tellProblems, usageOf, withTools } from './deps.ts';

/** As `opa test` has it: a failed test is not the same as tests that could not be run. */
const TESTS_FAILED = 2;
const RULE = '-'.repeat(80);

/** `holdpoint policy test [PATH…] [--run RE] [--coverage] [--threshold PERCENT] [--verbose] [--exit-zero-on-skipped] [--json]` */
export async function runPolicyTest(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, {
    options: {
      run: 'value',
      coverage: 'flag',
      threshold: 'value',
      verbose: 'flag',
      'exit-zero-on-skipped': 'flag',
      json: 'flag',
    },
    short: { r: 'run', c: 'coverage', v: 'verbose', z: 'exit-zero-on-skipped' },
  });
  if (!read.ok) return usageOf(io, 'test', read.why);
  const { args } = read;
  const run = args.value('run');
  const threshold = thresholdOf(args.value('threshold'));
  if (threshold === 'wrong') return usageOf(io, 'test', '`--threshold` takes a number from 0 to 100');
  const isJson = args.has('json');
  const files = await readPolicy(args.words, io, deps);
  if (!files.ok) {
    if (isJson) io.out(problemsAsJson(files.problems));
    else tellProblems(io, files.problems);
    return EXIT.failed;
  }
  return withTools(deps, async (tools) => {
    const coverage = args.has('coverage') || threshold !== undefined;
    const tested = await tools.test(files.value, { coverage, ...(run === undefined ? {} : { run }) });
    if (!tested.ok) {
      if (isJson) io.out(problemsAsJson(tested.problems));
      else tellProblems(io, tested.problems);
      return EXIT.failed;
    }
    const { tests, coverage: report } = tested.value;
    if (isJson) io.out(`${JSON.stringify(tested.value, undefined, 2)}\n`);
    else {
      io.out(testReport(tests, args.has('verbose')));
      if (args.has('coverage') && report !== undefined) io.out(coverageReport(report));
    }
    if (tests.length === 0) {
      // OPA passes here; a check in CI with a wrong name in it must not.
      io.err(run === undefined ? 'no tests found\n' : `no test matches \`${visibleText(run)}\`\n`);
      return EXIT.failed;
    }
    if (threshold !== undefined && (report?.percent ?? 0) < threshold) {
      io.err(
        `coverage threshold not met: got ${(report?.percent ?? 0).toFixed(2)} instead of ${threshold.toFixed(2)}\n`,
      );
      return TESTS_FAILED;
    }
    const passes = (one: RegoTest): boolean =>
      one.result === 'pass' || (one.result === 'skip' && args.has('exit-zero-on-skipped'));
    return tests.every(passes) ? EXIT.ok : TESTS_FAILED;
  });
}

function thresholdOf(text: string | undefined): number | undefined | 'wrong' {
  if (text === undefined) return undefined;
  const percent = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return percent >= 0 && percent <= 100 ? percent : 'wrong';
}

const SAYS = { pass: 'PASS', fail: 'FAIL', error: 'ERROR', skip: 'SKIPPED' } as const;

function testReport(tests: readonly RegoTest[], verbose: boolean): string {
  const lines: string[] = [];
  for (const one of tests) {
    if (one.result === 'pass' && !verbose) continue;
    const time = one.result === 'skip' ? '' : ` (${timeOf(one.micros)})`;
    lines.push(`${one.file}:${one.row}:`, `${one.package}.${one.name}: ${SAYS[one.result]}${time}`);
    if (one.why !== undefined) lines.push(`  ${one.why}`);
    const output = (one.output ?? '').trimEnd();
    if (output !== '') lines.push('', ...output.split('\n').map((line) => `  ${line}`), '');
  }
  if (lines.length > 0) lines.push(RULE);
  for (const result of ['pass', 'fail', 'skip', 'error'] as const) {
    const count = tests.filter((one) => one.result === result).length;
    if (count > 0) lines.push(`${SAYS[result]}: ${count}/${tests.length}`);
  }
  return lines.map((line) => `${visibleText(line)}\n`).join('');
}

function timeOf(micros: number): string {
  return micros < 1_000 ? `${micros}µs` : `${(micros / 1_000).toFixed(1)}ms`;
}

function coverageReport(report: RegoCoverage): string {
  const lines = [`coverage: ${report.percent.toFixed(2)} %`];
  for (const [file, one] of Object.entries(report.files)) {
    // OPA may name a row more than once, for parts of it.
    const rows = [...new Set(one.notCovered.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)))].join(
      ', ',
    );
    lines.push(`  ${one.percent.toFixed(2).padStart(6)} %  ${file}${rows === '' ? '' : `  rows not covered: ${rows}`}`);
  }
  return lines.map((line) => `${visibleText(line)}\n`).join('');
}
