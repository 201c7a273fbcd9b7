/** docs/policy-language.md by example: what it says that a policy does, that policy does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadEngineModule } from '../../src/adapters/opa/artefact.ts';
import { startEngine } from '../../src/adapters/opa/engine-calls.ts';
import { openOpaEngine } from '../../src/adapters/opa/opa-engine.ts';
import { POLICY_ERROR } from '../../src/ports/policy-engine.ts';
import { showProblem } from '../../src/ports/policy-layers.ts';
import { repoRoot } from '../platform.ts';
import { type AttemptRow, policyInputOf } from './world.ts';

interface Example {
  readonly row: number;
  readonly claims: readonly string[];
  readonly rego: string;
}

const PAGE = readFileSync(path.join(repoRoot, 'docs/policy-language.md'), 'utf8');
const EXAMPLES: readonly Example[] = [...PAGE.matchAll(/((?:<!-- example: .+ -->\n)*)```rego\n([\s\S]*?)```/g)].map(
  (match) => ({
    row: PAGE.slice(0, match.index).split('\n').length,
    claims: [...(match[1] ?? '').matchAll(/<!-- example: (.+) -->/g)].map((claim) => claim[1] ?? ''),
    rego: match[2] ?? '',
  }),
);

describe('docs/policy-language.md', () => {
  test('has examples, and each says what it shows', () => {
    assert.ok(EXAMPLES.length >= 7, `only ${EXAMPLES.length} examples`);
    assert.deepEqual(
      EXAMPLES.filter((one) => one.claims.length === 0).map((one) => one.row),
      [],
    );
  });

  for (const { row, claims, rego } of EXAMPLES) {
    const name = /package (\S+)/.exec(rego)?.[1] ?? '';
    test(`line ${row}: ${name}`, async () => {
      if (claims.includes('tests')) {
        const loaded = await loadEngineModule();
        assert.ok(loaded.ok);
        const [tested] = EXAMPLES.filter((one) => one.rego.includes(`package ${name.replace(/_test$/, '')}\n`));
        const modules = [tested?.rego ?? '', rego].map((text, index) => ({ name: `${index}.rego`, text }));
        const answer = startEngine(loaded.module).call('test', JSON.stringify({ modules, data: {} }));
        const { tests } = JSON.parse(answer) as { tests: readonly { result: string }[] };
        assert.ok(tests.length >= 2, answer);
        assert.ok(
          tests.every((one) => one.result === 'pass'),
          answer,
        );
        return;
      }
      const opened = await openOpaEngine({
        layers: [{ layer: 'organisation', modules: [{ name: 'example.rego', text: rego }] }],
        timeoutMs: 60_000,
      });
      const refusal = claims.find((claim) => claim.startsWith('refused: '))?.slice('refused: '.length);
      if (refusal !== undefined) {
        assert.ok(!opened.ok, 'it compiles');
        const said = opened.problems.map(showProblem).join('\n');
        assert.ok(said.includes(refusal) && said.includes('example.rego:'), said);
        return;
      }
      assert.ok(opened.ok, JSON.stringify(opened));
      const { engine } = opened;
      try {
        for (const claim of claims) {
          const [, what = '', attempt = ''] = /^(fires|silent) on (\{.*\})$/.exec(claim) ?? [];
          const input = await policyInputOf(JSON.parse(attempt) as AttemptRow);
          assert.ok(input !== undefined, claim);
          const [opinion] = await engine.evaluate(input);
          const rules = opinion?.findings.map((finding) => finding.rule) ?? [];
          assert.ok(!rules.includes(POLICY_ERROR), JSON.stringify(opinion?.findings));
          assert.equal(rules.length > 0, what === 'fires', `${claim}: ${rules.join()}`);
        }
      } finally {
        await engine.close();
      }
    });
  }
});
