// `npm run policy-differential -- [FOLDER]`: the pack (default policy/pack) under stock `opa check --strict` and `opa test`,
// and the same documents through stock `opa eval` and our engine, which must find the same. Stock OPA is
// $HOLDPOINT_STOCK_OPA, or built with Go from policy/engine/stock at the version that the engine is built from.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { loadEngineModule } from '../src/adapters/opa/artefact.ts';
import { startEngine } from '../src/adapters/opa/engine-calls.ts';
import { readRecorded } from '../src/adapters/opa/recorded.ts';
import type { Json } from '../src/core/canonical-json.ts';
import { EXAMPLES, exampleDocument } from './policy-input-page.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.resolve(process.argv[2] ?? path.join(root, 'policy/pack'));
const scratch = mkdtempSync(path.join(tmpdir(), 'hp-stock-'));

async function main(): Promise<number> {
  if (!existsSync(folder)) return skipped(`there is no \`${path.relative(root, folder)}\``);
  const opa = stockOpa();
  if (opa === undefined) return skipped('Go is not installed, and HOLDPOINT_STOCK_OPA names no program');
  const modules = globSync('**/*.rego', { cwd: folder })
    .sort()
    .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
  let failed = 0;
  const hasTests = modules.some((one) => one.name.endsWith('_test.rego'));
  const runs = [['check', '--strict', folder], ...(hasTests ? [['test', folder]] : [])];
  for (const args of runs) {
    const ran = spawnSync(opa, args, { encoding: 'utf8' });
    process.stdout.write(`stock opa ${args.slice(0, -1).join(' ')}: ${ran.status === 0 ? 'passed' : 'failed'}\n`);
    if (ran.status === 0) continue;
    process.stderr.write(`${ran.stdout}${ran.stderr}`);
    failed += 1;
  }
  if (!hasTests) process.stdout.write('stock opa test: not run, because the folder has no tests\n');
  const loaded = await loadEngineModule();
  if (!loaded.ok) throw new Error(loaded.why);
  const engine = startEngine(loaded.module);
  const documents = await table();
  // All documents in one query: starting the stock program takes longer than all of its answers.
  const data = { table: documents.map(([, document]) => document) };
  const file = path.join(scratch, 'data.json');
  writeFileSync(file, JSON.stringify(data));
  const request = { modules, data, query: QUERY, maxSteps: 100_000_000, explain: 'off', loose: true };
  const ours = ourAnswer.parse(JSON.parse(engine.call('query', JSON.stringify(request))));
  const args = ['eval', '--strict-builtin-errors', '--format', 'json', '-d', folder, '-d', file, QUERY];
  const stock = spawnSync(opa, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (ours.error !== undefined || stock.status !== 0) {
    process.stderr.write(`ours: ${ours.error?.message ?? 'no error'}\nstock: ${stock.stdout}${stock.stderr}\n`);
    return 1;
  }
  const mine = found.parse(ours.results)[0]?.found ?? [];
  const theirs = stockAnswer.parse(JSON.parse(stock.stdout)).result[0]?.bindings.found ?? [];
  for (const [index, [note]] of documents.entries()) {
    const [one, other] = [canonical(mine[index]), canonical(theirs[index])];
    if (one !== undefined && one === other) continue;
    failed += 1;
    process.stderr.write(`${note}: ours ${one}\n${note}: stock ${other}\n`);
  }
  process.stdout.write(
    `differential: ${documents.length} documents over ${modules.length} files, ${failed} failures in all\n`,
  );
  return failed === 0 ? 0 : 1;
}

const QUERY = 'found := [answer | some one in data.table; answer := data.holdpoint.policies with input as one]';
const binding = z.object({ found: z.array(z.json()) });
const found = z.array(binding).length(1);
const stockAnswer = z.object({ result: z.array(z.object({ bindings: binding })).length(1) });
const ourAnswer = z.object({ results: z.unknown(), error: z.object({ message: z.string() }).optional() });

/** The examples of the documentation, each as it is and with facts of several kinds about its first target. */
async function table(): Promise<readonly (readonly [note: string, document: Json])[]> {
  const rows: (readonly [string, Json])[] = [];
  for (const { kind, input } of EXAMPLES) {
    const document = (await exampleDocument(kind, input)) as { readonly [name: string]: Json } & {
      readonly effects: readonly { readonly target: { readonly known?: Json } }[];
    };
    rows.push([kind, document]);
    const about = document.effects[0]?.target.known;
    if (about === undefined) continue;
    for (const [check, answer] of FACTS) {
      const fact = {
        check,
        about,
        effects: [0],
        answer,
        source: 'table',
        at: 1_777_118_399_000,
        maxAgeMs: 60_000,
        fresh: true,
      };
      // The index follows from the rest, so it is made anew.
      const { index: _, ...rest } = document as { readonly [name: string]: Json };
      const recorded = readRecorded({ ...rest, evidence: [fact] });
      if (!recorded.ok) throw new Error(recorded.problems.map((one) => one.message).join('; '));
      rows.push([`${kind} with ${check}`, JSON.parse(recorded.text) as Json]);
    }
  }
  return rows;
}

const FACTS: readonly (readonly [check: string, answer: Json])[] = [
  ['environment', { known: { environments: [{ name: 'production' }] } }],
  ['environment', { known: { environments: [{ name: 'staging' }] } }],
  ['environment', { unknown: 'no answer' }],
  ['recovery', { unknown: 'no answer' }],
  ['credential', { unknown: 'no answer' }],
];

function canonical(value: unknown): string | undefined {
  return value === undefined
    ? undefined
    : JSON.stringify(value, (_name, member: unknown) =>
        typeof member === 'object' && member !== null && !Array.isArray(member)
          ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
          : Array.isArray(member)
            ? [...(member as readonly unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
            : member,
      );
}

function stockOpa(): string | undefined {
  const given = process.env['HOLDPOINT_STOCK_OPA'];
  if (given !== undefined && existsSync(given)) return given;
  const file = path.join(scratch, 'opa');
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const cwd = path.join(root, 'policy/engine/stock');
  execFileSync('go', ['build', '-o', file, 'github.com/open-policy-agent/opa'], { cwd, stdio: 'inherit' });
  return file;
}

function skipped(why: string): number {
  process.stdout.write(`policy differential: not run, because ${why}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} finally {
  rmSync(scratch, { recursive: true });
}
