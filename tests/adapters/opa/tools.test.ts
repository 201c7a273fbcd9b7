import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import test from 'node:test';
import { loadEngineModule } from '../../../src/adapters/opa/artefact.ts';
import { startThread } from '../../../src/adapters/opa/engine-thread.ts';
import { documentOf } from '../../../src/adapters/opa/input.ts';
import { createPolicyTools } from '../../../src/adapters/opa/policy-tools.ts';
import type { Json } from '../../../src/core/canonical-json.ts';
import { POLICY_ERROR } from '../../../src/ports/policy-engine.ts';
import { HOLD_ALL, inputOf, layerOf, moduleOf, openEngine } from './policy-world.ts';

const module = await loadEngineModule();
const tools = createPolicyTools({ module });
test.after(() => tools.close());

function demand<T>(
  answered: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: unknown },
): T {
  assert.ok(answered.ok, JSON.stringify(answered));
  return answered.value;
}

function messagesOf(answered: {
  readonly ok: boolean;
  readonly problems?: readonly { readonly message: string }[];
}): string {
  assert.ok(!answered.ok);
  return (answered.problems ?? []).map((one) => one.message).join('\n');
}

const RULES = moduleOf(
  '\n# METADATA\n# title: holds all\n# description: of it\n# custom:\n#   severity: high\nhold contains {"id": "all", "reason": "r", "effect": e.index} if {\n\tsome e in input.effects\n\te.verb == "destroy"\n}\n\nunused := 1 if input.attempt.agent == "x"',
  'team/a.rego',
);
const TESTS = moduleOf(
  'import data.holdpoint.policies.team\n\ntest_fires if count(team.hold) == 1 with input as {"effects": [{"index": 0, "verb": "destroy"}]}\n\ntest_wrong if count(team.hold) == 1 with input as {"effects": []}\n\ntest_error if to_number("x") == 1\n\ntodo_test_later if false',
  'team/a_test.rego',
  'holdpoint.policies.team_test',
);

const documentText = (() => {
  const document = documentOf(inputOf());
  assert.ok(document.ok);
  const text = document.text();
  assert.ok(text.ok);
  return text.text;
})();
const DOCUMENT = JSON.parse(documentText) as Json;

test('check lists rules with their place and annotations', async () => {
  const rules = demand(await tools.check({ modules: [RULES, TESTS] }));
  const hold = rules.find((one) => one.path === 'data.holdpoint.policies.team.hold');
  assert.deepEqual(hold, {
    path: 'data.holdpoint.policies.team.hold',
    file: 'team/a.rego',
    row: 8,
    annotations: { title: 'holds all', description: 'of it', custom: { severity: 'high' } },
  });
});

test('check is as strict as loading, unless any Rego is allowed', async () => {
  const loose = moduleOf('deny := true', 'x.rego', 'anywhere');
  const refused = await tools.check({ modules: [loose] });
  assert.ok(!refused.ok);
  assert.deepEqual(
    refused.problems.map(({ file, row, col }) => [file, row, col]),
    [['x.rego', 2, 1]],
  );
  assert.equal((await tools.check({ modules: [loose] }, { anything: true })).ok, true);
  assert.match(
    messagesOf(await tools.check({ modules: [moduleOf('x := http.send({})')] }, { anything: true })),
    /not available to a policy/,
  );
});

test('check complains of a finding in a file of tests, which would never be asked', async () => {
  const hidden = moduleOf('deny contains "x" if input.harmless', 'prod_test.rego', 'holdpoint.policies.prod');
  assert.match(
    messagesOf(await tools.check({ modules: [HOLD_ALL, hidden] })),
    /never asked: files named `\*_test\.rego` hold tests/,
  );
});

test('test runs, says what failed and where, and what was covered', async () => {
  const { tests, coverage } = demand(await tools.test({ modules: [RULES, TESTS] }, { coverage: true }));
  assert.deepEqual(
    tests.map(({ name, result, file }) => [name, result, file]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    [
      ['test_error', 'error', 'team/a_test.rego'],
      ['test_fires', 'pass', 'team/a_test.rego'],
      ['test_wrong', 'fail', 'team/a_test.rego'],
      ['todo_test_later', 'skip', 'team/a_test.rego'],
    ],
  );
  assert.deepEqual(coverage?.files['team/a.rego']?.notCovered, [[13, 13]]);
  assert.ok(coverage.percent > 0 && coverage.percent < 100);
  const some = demand(await tools.test({ modules: [RULES, TESTS] }, { coverage: false, run: 'fires' }));
  assert.deepEqual([some.tests.map((one) => one.name), some.coverage], [['test_fires'], undefined]);
});

test('format lays out as `opa fmt` does, and gives places of what does not parse', async () => {
  const [formatted] = demand(await tools.format([moduleOf('deny   contains "x" if   { input.harmless }')]));
  assert.equal(formatted?.text, 'package holdpoint.policies.team\n\ndeny contains "x" if input.harmless\n');
  const refused = await tools.format([moduleOf('deny contains')]);
  assert.ok(!refused.ok);
  assert.ok((refused.problems[0]?.row ?? 0) >= 2);
});

test('query gives solutions, traces, prints and errors at run time', async () => {
  const base = { modules: [RULES], explain: 'off' } as const;
  const { results } = demand(
    await tools.query({ ...base, query: 'x := data.holdpoint.policies.team.hold[_].id', input: DOCUMENT }),
  );
  assert.deepEqual(results, [{ x: 'all' }]);
  assert.deepEqual(demand(await tools.query({ ...base, query: 'input' })).results, []);
  const traced = demand(
    await tools.query({ ...base, query: 'data.holdpoint.policies.team.hold', input: DOCUMENT, explain: 'full' }),
  );
  assert.match(traced.trace ?? '', /team\/a\.rego:8/);
  const printed = moduleOf('x := 1 if print("seen", input)', 'p.rego', 'p');
  assert.match(
    demand(await tools.query({ ...base, modules: [printed], query: 'data.p.x', input: 7 })).printed.join(),
    /seen 7/,
  );
  const fails = demand(await tools.query({ ...base, query: 'to_number("x")' }));
  assert.match(fails.error?.message ?? '', /invalid syntax/);
  const endless = demand(
    await tools.query({
      ...base,
      query: 'some a in numbers.range(1, 5000); some b in numbers.range(1, 5000); a * b == -1',
    }),
  );
  assert.equal(endless.error?.code, 'step_limit');
  assert.equal((await tools.query({ ...base, query: 'x ===' })).ok, false);
});

test('opinion says what the engine says', async () => {
  const engine = await openEngine({ layers: [layerOf(RULES)] });
  const [want] = await engine.evaluate(inputOf());
  await engine.close();
  for (let round = 0; round < 2; round += 1)
    assert.deepEqual(demand(await tools.opinion(layerOf(RULES), DOCUMENT)), want);
  assert.equal(tools.digest(layerOf(RULES)), want?.digest);
});

test('opinion keeps more layers apart than it keeps compiled', async () => {
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 12; index += 1) {
      const layer = layerOf(
        moduleOf(`hold contains {"id": "l${index}", "reason": "r", "effect": 0} if input.attempt.door == "hook"`),
      );
      const opinion = demand(await tools.opinion(layer, DOCUMENT));
      assert.deepEqual(
        opinion.findings.map((one) => one.rule),
        [`team/l${index}`],
      );
    }
  }
});

test('opinion refuses a document that does not conform, with its place, and a layer that is not the pinned one', async () => {
  assert.match(messagesOf(await tools.opinion(layerOf(RULES), { ...(DOCUMENT as object), now: 'noon' })), /at `now`/);
  assert.match(
    messagesOf(await tools.opinion(layerOf(RULES, { pinned: '0'.repeat(64) as never }), DOCUMENT)),
    /not 0000/,
  );
});

test('a rule that fails is an opinion that denies', async () => {
  const rules = moduleOf('deny contains {"id": "x", "reason": "x", "effect": 0} if to_number(input.attempt.agent) > 1');
  assert.deepEqual(
    demand(await tools.opinion(layerOf(rules), DOCUMENT)).findings.map((one) => one.rule),
    [POLICY_ERROR],
  );
});

test('a bundle that is written can be read, and a signed one only as it was signed', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const sources = {
    modules: [RULES],
    data: { limits: { rows: 5 } },
    revision: 'r-1',
    roots: ['holdpoint/policies/team', 'limits'],
  };
  const plain = demand(await tools.writeBundle(sources));
  const read = demand(await tools.readBundle(plain));
  assert.deepEqual(
    [read.verified, read.revision, read.data, read.modules.map((one) => one.text)],
    [false, 'r-1', sources.data, [RULES.text]],
  );
  const signed = demand(
    await tools.writeBundle({ ...sources, signing: { key: privateKey, keyId: 'k', algorithm: 'ES256' } }),
  );
  const keys = { keys: { k: { key: publicKey, algorithm: 'ES256' } }, keyId: 'k' };
  assert.equal(demand(await tools.readBundle(signed, keys)).verified, true);
  assert.match(messagesOf(await tools.readBundle(plain, keys)), /sign/);
  const altered = Uint8Array.from(signed);
  altered[altered.length >> 1] = (altered[altered.length >> 1] ?? 0) ^ 1;
  assert.equal((await tools.readBundle(altered, keys)).ok, false);
  assert.equal((await tools.readBundle(signed.subarray(0, signed.length - 20), keys)).ok, false);
  assert.equal((await tools.readBundle(new Uint8Array(), keys)).ok, false);
});

test('an operation past its time names itself, and the next one works', async () => {
  const slow = createPolicyTools({ module, timeoutMs: 1_500 });
  const endless = moduleOf(
    'test_endless if {\n\tcount({x |\n\t\tsome a in numbers.range(1, 5000)\n\t\tsome b in numbers.range(1, 5000)\n\t\tx := a * b\n\t}) < 0\n}',
    'x_test.rego',
    'x_test',
  );
  assert.match(
    messagesOf(await slow.test({ modules: [endless] }, { coverage: false })),
    /`test` gave no answer within 1500 ms/,
  );
  await slow.close();
  assert.match(messagesOf(await slow.format([])), /closed/);
});

test('what a thread has compiled is forgotten with it', async () => {
  const starts = { count: 0 };
  const fragile = createPolicyTools({
    module,
    start: async (compiled) => {
      starts.count += 1;
      const real = await startThread(compiled);
      const evaluations = { count: 0 };
      return {
        call: async (operation, request, timeoutMs) => {
          if (operation === 'evaluate') evaluations.count += 1;
          if (evaluations.count === 2) await real.end();
          return await real.call(operation, request, timeoutMs);
        },
        memoryBytes: 0,
        get isEnded() {
          return real.isEnded;
        },
        end: () => real.end(),
      };
    },
  });
  const layerNamed = (id: string) =>
    layerOf(moduleOf(`hold contains {"id": "${id}", "reason": "r", "effect": 0} if input.attempt.door == "hook"`));
  const ruleOf = async (id: string) => {
    const answered = await fragile.opinion(layerNamed(id), DOCUMENT);
    return answered.ok ? answered.value.findings[0]?.rule : 'failed';
  };
  assert.deepEqual(
    [await ruleOf('a'), await ruleOf('b'), await ruleOf('b'), starts.count],
    ['team/a', 'failed', 'team/b', 2],
  );
  await fragile.close();
});
