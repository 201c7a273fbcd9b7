/** The pack's own Rego tests, run by the engine, and what must be true of its files. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { policyDocs, readPack } from '../../scripts/generate-policy-docs.ts';
import { loadEngineModule } from '../../src/adapters/opa/artefact.ts';
import { documentText } from '../../src/adapters/opa/document-text.ts';
import { type EngineInstance, startEngine } from '../../src/adapters/opa/engine-calls.ts';
import type { RegoModule } from '../../src/ports/policy-layers.ts';
import { repoRoot } from '../platform.ts';
import { type AttemptRow, policyInputOf, tableOf } from './world.ts';

const LEAST_COVERAGE_PERCENT = 95;
const FIRING = tableOf<AttemptRow & { readonly rule: string; readonly note: string }>('firing.jsonl', [
  'rule',
  'note',
  'kind',
  'input',
  'dialect',
  'cwd',
  'facts',
  'railway',
  'at',
  'door',
  'staleMs',
]);
const FOLDER = path.join(repoRoot, 'policy/pack');

const Lines = z.object({ covered_lines: z.int().optional(), not_covered_lines: z.int().optional() });
const Answer = z.object({
  tests: z.array(
    z.object({ package: z.string(), name: z.string(), result: z.string(), file: z.string(), row: z.int() }),
  ),
  coverage: z.object({ files: z.record(z.string(), Lines) }),
});
const Queried = z.object({ results: z.array(z.object({ x: z.array(z.unknown()) })).length(1) });
const Index = z.looseObject({ keys: z.array(z.string()).optional() });
const Formatted = z.object({ modules: z.array(z.object({ name: z.string(), text: z.string() })) });

describe('the files of the pack', () => {
  const modules: readonly RegoModule[] = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.rego'))
    .map((name) => ({ name, text: readFileSync(path.join(FOLDER, name), 'utf8') }));
  const engine: { instance?: EngineInstance } = {};
  before(async () => {
    const loaded = await loadEngineModule();
    assert.ok(loaded.ok);
    engine.instance = startEngine(loaded.module);
  });
  const call = (operation: 'test' | 'format' | 'query', request: object): unknown =>
    JSON.parse(engine.instance?.call(operation, JSON.stringify(request)) ?? '');

  test('all Rego tests pass and cover the pack', () => {
    const { tests, coverage } = Answer.parse(call('test', { modules, data: {}, coverage: true }));
    assert.deepEqual(
      tests.filter((one) => one.result !== 'pass').map((one) => `${one.file}:${one.row} ${one.name}: ${one.result}`),
      [],
    );
    let covered = 0;
    let all = 0;
    for (const [file, lines] of Object.entries(coverage.files)) {
      if (file.endsWith('_test.rego')) continue;
      covered += lines.covered_lines ?? 0;
      all += (lines.covered_lines ?? 0) + (lines.not_covered_lines ?? 0);
    }
    assert.ok(all > 500, `only ${all} lines were counted`);
    assert.ok((covered / all) * 100 >= LEAST_COVERAGE_PERCENT, `${covered} of ${all} lines are covered`);

    const names = new Set(tests.map((one) => `${one.package}.${one.name}`));
    const missing = readPack().flatMap(({ concern, rules }) =>
      rules.flatMap(({ custom }) =>
        ['fires', 'silent']
          .map((what) => `data.holdpoint.policies.${concern}_test.test_${custom.id.replaceAll('-', '_')}_${what}`)
          .filter((name) => !names.has(name)),
      ),
    );
    assert.deepEqual(missing, []);
  });

  test('their tests index a document as Holdpoint does', async () => {
    const documents: { readonly [name: string]: unknown }[] = [];
    for (const row of FIRING) {
      const input = await policyInputOf(row);
      assert.ok(input !== undefined);
      const text = documentText(input);
      assert.ok(text.ok);
      documents.push(JSON.parse(text.text));
    }
    const query = 'x := [data.holdpoint.lib_test.indexed(one).index | some one in data.table]';
    const request = { modules, data: { table: documents }, query, maxSteps: 10_000_000, explain: 'off', loose: true };
    const [answer] = Queried.parse(call('query', request)).results;
    // The order of keys says nothing.
    const sorted = (index: unknown): unknown => {
      const { keys, ...rest } = Index.parse(index);
      return { ...rest, keys: keys?.toSorted() };
    };
    assert.deepEqual(
      answer?.x.map(sorted),
      documents.map((one) => sorted(one['index'])),
    );
  });

  test('are formatted as `opa fmt` does', () => {
    const { modules: formatted } = Formatted.parse(call('format', { modules }));
    const texts = new Map(modules.map((one) => [one.name, one.text]));
    assert.equal(formatted.length, modules.length);
    assert.deepEqual(
      formatted.filter((one) => one.text !== texts.get(one.name)).map((one) => one.name),
      [],
    );
  });

  test('each finding in them has an id that its annotation names', () => {
    for (const { concern, rules } of readPack()) {
      const text = modules.find((one) => one.name === `${concern}.rego`)?.text ?? '';
      const written = new Set([...text.matchAll(/"id": "([^"]+)"/g)].map((match) => match[1]));
      assert.deepEqual(written, new Set(rules.map((rule) => rule.custom.id)));
    }
  });

  test('docs/policy.md is what they say', () => {
    assert.equal(readFileSync(path.join(repoRoot, 'docs/policy.md'), 'utf8'), policyDocs());
  });
});
