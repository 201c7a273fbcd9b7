import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { COVERAGE_FILE, coverageText } from '../../scripts/generate-coverage.ts';
import { MODEL_APIS } from '../../src/catalog/model-apis.ts';
import { TOOLS } from '../../src/catalog/tools.ts';
import { repoRoot } from '../platform.ts';

test('docs/coverage.md is what the catalogue says', () => {
  assert.ok(
    readFileSync(COVERAGE_FILE, 'utf8') === coverageText(),
    '`node bin/runtime.cjs scripts/generate-coverage.ts` writes it anew',
  );
});

test('the check of the script is 0 while it holds', () => {
  const script = path.join(repoRoot, 'scripts/generate-coverage.ts');
  const done = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
});

test('each entry of the catalogue says where it is documented', () => {
  assert.ok(TOOLS.length > 100);
  const isPage = (docs: string): boolean => URL.canParse(docs) && docs.startsWith('https://');
  const without = [
    ...TOOLS.filter((tool) => !isPage(tool.docs)).map((tool) => tool.names[0]),
    ...TOOLS.flatMap((tool) => tool.rules.map((rule) => [tool.names[0], rule] as const))
      .filter(([, rule]) => rule.docs !== undefined && !isPage(rule.docs))
      .map(([name, rule]) => `${name} ${rule.on}`),
    ...MODEL_APIS.filter((api) => !isPage(api.documentation)).map((api) => api.host),
  ];
  assert.deepEqual(without, []);
});

test('no table cell is broken by a character of its own', () => {
  const rows = coverageText()
    .split('\n')
    .filter((line) => line.startsWith('| '));
  assert.ok(rows.length > 1_000);
  for (const row of rows) assert.equal(row.replaceAll('\\|', '').split('|').length, 7, row);
});
