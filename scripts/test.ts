// `npm test`: every tests/**/*.test.ts under the pinned runtime, one process a file. What was left out is said at the end.
//   npm test -- tests/core                 only these folders or files
//   npm test -- --name 'joins'             only tests whose name matches
//   npm test -- --verbose                  each test by name
// Fuzz and bench have their own commands. Exits non-zero where a test failed, a file held none, or none ran.
import { existsSync, globSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { inspect, parseArgs } from 'node:util';

const FILE_TIMEOUT_MS = 10 * 60 * 1000;
const EXCLUDED = ['tests/fuzz/', 'tests/bench/'];
const root = path.resolve(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  options: { name: { type: 'string', multiple: true }, verbose: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const files = positionals.length === 0 ? testFilesUnder(path.join(root, 'tests')) : positionals.flatMap(testFilesAt);
if (files.length === 0) fail(`no test file below ${positionals.map((one) => `\`${one}\``).join(' ') || '`tests`'}`);
process.exitCode = await main(files);

async function main(testFiles: readonly string[]): Promise<number> {
  const stream = run({
    files: [...testFiles],
    concurrency: Math.max(2, os.availableParallelism()),
    timeout: FILE_TIMEOUT_MS,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    ...(values.name === undefined ? {} : { testNamePatterns: values.name.map((one) => new RegExp(one)) }),
  });
  if (values.verbose) stream.compose(spec).pipe(process.stdout);
  const seen = { ran: 0, failed: 0, todo: 0, skipped: new Map<string, string[]>(), empty: new Set<string>() };
  const startedMs = performance.now();
  stream.on('test:pass', (test) => {
    if (test.name === test.file) seen.empty.add(relative(test.file));
    else if (test.skip !== undefined) {
      const reason = typeof test.skip === 'string' && test.skip !== '' ? test.skip : 'no reason was given';
      const line = `${relative(test.file ?? '')}: ${test.name}`;
      seen.skipped.set(reason, [...(seen.skipped.get(reason) ?? []), line]);
    } else if (test.todo !== undefined) seen.todo += 1;
    else if (test.details.type !== 'suite') seen.ran += 1;
  });
  stream.on('test:fail', (test) => {
    if (test.todo !== undefined) seen.todo += 1;
    else if (!isEcho(test.details.error)) {
      seen.failed += 1;
      const at = `${relative(test.file ?? '')}:${test.line ?? 0}`;
      say(
        `✗ ${test.name === test.file ? 'the file itself' : test.name} (${at})\n${indent(explain(test.details.error))}`,
      );
    }
  });
  if (!values.verbose) {
    stream.on('test:stderr', (output) => process.stderr.write(output.message));
    stream.on('test:summary', (summary) => {
      if (summary.file === undefined) return;
      const { tests, skipped } = summary.counts;
      const leftOut = skipped > 0 ? `, ${skipped} left out` : '';
      const mark = summary.success ? '✓' : '✗';
      say(`${mark} ${relative(summary.file)}: ${tests} tests${leftOut}, ${seconds(summary.duration_ms)}`);
    });
  }
  await finished(stream.resume());
  const leftOut = [...seen.skipped.values()].reduce((sum, lines) => sum + lines.length, 0);
  for (const [reason, lines] of seen.skipped) {
    say(`left out because ${reason}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  // With a name filter a file without a match is no mistake.
  const emptyFiles = values.name === undefined ? [...seen.empty] : [];
  for (const file of emptyFiles) say(`✗ ${file} holds no test`);
  const counts = `${seen.ran} passed, ${seen.failed} failed, ${leftOut} left out${seen.todo > 0 ? `, ${seen.todo} to do` : ''}`;
  say(`${counts}; ${testFiles.length} files, ${seconds(performance.now() - startedMs)}`);
  if (seen.ran === 0 && seen.failed === 0) return fail('no test ran');
  return seen.failed > 0 || emptyFiles.length > 0 ? 1 : 0;
}

function testFilesUnder(dir: string): string[] {
  return globSync('**/*.test.ts', { cwd: dir })
    .map((file) => path.join(dir, file))
    .filter((file) => !EXCLUDED.some((part) => relative(file).startsWith(part)))
    .sort();
}

function testFilesAt(argument: string): string[] {
  const at = path.resolve(argument);
  if (!existsSync(at)) return fail(`\`${argument}\` does not exist`);
  return statSync(at).isDirectory() ? testFilesUnder(at) : [at];
}

/** A suite that fails because a test in it failed repeats what was said already. */
function isEcho(error: Error): boolean {
  const type = (error as { readonly failureType?: unknown }).failureType;
  return type === 'subtestsFailed';
}

function explain(error: Error): string {
  const cause = error.cause ?? error;
  return typeof cause === 'string' ? cause : inspect(cause);
}

function relative(file: string): string {
  return path.relative(root, file);
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(why: string): never {
  process.stderr.write(`test: ${why}\n`);
  process.exit(1);
}
