import assert from 'node:assert/strict';
import test from 'node:test';
import { POLICY_ERROR } from '../../../src/ports/policy-engine.ts';
import type { RegoModule } from '../../../src/ports/policy-layers.ts';
import { effectOf, HARMLESS, inputOf, layerOf, moduleOf, openEngine, refusalOf } from './policy-world.ts';

/** What a rule that fails says: nothing may make a deny vanish. Rows count from the package line. */
const FAILS: readonly { readonly note: string; readonly body: string; readonly why: RegExp }[] = [
  { note: 'a malformed CIDR', body: 'net.cidr_contains("10.0.0.0/99", "10.0.0.1")', why: /cidr/i },
  { note: 'a malformed date', body: 'time.parse_rfc3339_ns("yesterday") < input.now', why: /parse/ },
  { note: 'a malformed regex', body: 'regex.match(`(`, input.attempt.agent)', why: /missing closing/ },
  {
    note: 'a regex out of the input',
    body: 'regex.match(concat("", ["(", input.attempt.agent]), "a")',
    why: /missing closing/,
  },
  { note: 'a division by zero', body: '1 / (count(input.evidence) * 1) > 0', why: /divide by zero/ },
  { note: 'a number that is a text', body: 'to_number(input.attempt.agent) > 1', why: /invalid syntax/ },
  { note: 'an error below a not', body: 'not to_number(input.attempt.agent) == 1', why: /invalid syntax/ },
  { note: 'an error in every', body: 'every e in input.effects { to_number(e.verb) > 0 }', why: /invalid syntax/ },
  {
    note: 'an error in a comprehension',
    body: 'count([1 | to_number(input.attempt.agent) > 0]) == 0',
    why: /invalid syntax/,
  },
  { note: 'an unknown time zone', body: 'time.clock([input.now, "Nowhere/Land"])[0] > 0', why: /time zone/ },
  { note: 'JSON that is none', body: 'json.unmarshal(input.attempt.action.text).x', why: /invalid character/ },
];

for (const { note, body, why } of FAILS) {
  test(`a deny with ${note} denies and names its row`, async () => {
    const rules = `\ndeny contains {"id": "x", "reason": "x", "effect": 0} if {\n\t${body}\n}`;
    const engine = await openEngine({ layers: [layerOf(moduleOf(rules, 'team/x.rego'))] });
    const [opinion] = await engine.evaluate(inputOf());
    await engine.close();
    assert.deepEqual(
      opinion?.findings.map(({ rule, says, effect }) => [rule, says, effect]),
      [[POLICY_ERROR, 'deny', 0]],
    );
    assert.match(opinion.findings[0]?.reason ?? '', why);
    assert.match(opinion.findings[0]?.reason ?? '', /^policy error \(organisation\): team\/x\.rego:4:\d+: /);
  });
}

test('rules that contradict each other deny and name a row', async () => {
  const rules =
    'level := 1 if input.attempt.door == "hook"\nlevel := 2 if input.attempt.agent == "claude-code"\ndeny contains {"id": "x", "reason": "x", "effect": 0} if level == 3';
  const engine = await openEngine({ layers: [layerOf(moduleOf(rules))] });
  const [opinion] = await engine.evaluate(inputOf());
  await engine.close();
  assert.equal(opinion?.findings[0]?.rule, POLICY_ERROR);
  assert.match(
    opinion.findings[0].reason,
    /policy\.rego:3:1: rule .* produced conflicting values: 1 at policy\.rego:2 2 at policy\.rego:3/,
  );
});

test('a rule that loops denies after so many steps and names the row they went to', async () => {
  const rules =
    '\nhold contains {"id": "x", "reason": "x", "effect": 0} if {\n\tsome a in numbers.range(1, 1000)\n\tsome b in numbers.range(1, 1000)\n\ta * b == -1\n}';
  const engine = await openEngine({ layers: [layerOf(moduleOf(rules))], maxSteps: 50_000, timeoutMs: 60_000 });
  const first = await engine.evaluate(inputOf());
  const again = await engine.evaluate(inputOf());
  await engine.close();
  assert.match(first[0]?.findings[0]?.reason ?? '', /policy\.rego:[56]:1: more than 50000 steps/);
  assert.deepEqual(again, first);
});

test('a layer that fails does not take the others with it', async () => {
  const engine = await openEngine({
    layers: [
      layerOf(moduleOf('deny contains {"id": "x", "reason": "x", "effect": 0} if to_number(input.attempt.agent) > 1'), {
        layer: 'built-in',
      }),
      layerOf(moduleOf('hold contains {"id": "y", "reason": "y", "effect": 0} if input.attempt.door == "hook"')),
    ],
  });
  const opinions = await engine.evaluate(inputOf());
  await engine.close();
  assert.deepEqual(
    opinions.map((one) => [one.layer, one.findings[0]?.rule]),
    [
      ['built-in', POLICY_ERROR],
      ['organisation', 'team/y'],
    ],
  );
});

for (const name of [
  'http.send',
  'opa.runtime',
  'time.now_ns',
  'rand.intn',
  'net.lookup_ip_addr',
  'uuid.rfc4122',
  'io.jwt.decode_verify',
]) {
  test(`\`${name}\` is withheld, at compile time`, async () => {
    const call: Readonly<Record<string, string>> = {
      'http.send': 'http.send({"method": "get", "url": "http://localhost"}).status_code == 200',
      'opa.runtime': 'opa.runtime().env.HOME',
      'time.now_ns': 'time.now_ns() > 0',
      'rand.intn': 'rand.intn("a", 2) == 0',
      'net.lookup_ip_addr': 'net.lookup_ip_addr("localhost")',
      'uuid.rfc4122': 'uuid.rfc4122("a")',
      'io.jwt.decode_verify': 'io.jwt.decode_verify("a", {})[0]',
    };
    const said = await refusalOf(
      layerOf(moduleOf(`\ndeny contains {"id": "x", "reason": "x", "effect": 0} if {\n\t${call[name]}\n}`)),
    );
    assert.match(
      said,
      new RegExp(`^policy\\.rego:4:2: \`${name.replaceAll('.', '\\.')}\` is not available to a policy`),
    );
  });
}

/** Shapes that look as if they found something and never would. */
const SHAPES: readonly {
  readonly note: string;
  readonly modules: RegoModule | readonly RegoModule[];
  readonly want: RegExp;
}[] = [
  {
    note: 'deny as a complete rule',
    modules: moduleOf('deny := true if input.harmless'),
    want: /policy\.rego:2:1: `deny` has to be a set/,
  },
  { note: 'deny as a function', modules: moduleOf('deny(x) := x'), want: /`deny` has to be a set/ },
  { note: 'deny as an object', modules: moduleOf('deny[x] := 1 if some x in [1]'), want: /`deny` has to be a set/ },
  {
    note: 'deny with a tail',
    modules: moduleOf('deny.x contains 1 if input.harmless'),
    want: /`deny` has to be a set/,
  },
  { note: 'a default deny', modules: moduleOf('default deny := false'), want: /`deny` has to be a set/ },
  {
    note: 'a package further in',
    modules: moduleOf('deny contains "x" if input.harmless', 'a.rego', 'holdpoint.policies.team.prod'),
    want: /a\.rego:2:1: `deny` in `data\.holdpoint\.policies\.team\.prod` is never asked/,
  },
  {
    note: 'a misnamed package',
    modules: moduleOf('deny contains "x" if input.harmless', 'a.rego', 'holdpoint.policy.team'),
    want: /is never asked/,
  },
  {
    note: 'a name with capitals',
    modules: moduleOf('deny contains "x" if input.harmless', 'a.rego', 'holdpoint.policies.Team'),
    want: /is no package name/,
  },
  {
    note: "the floor's name",
    modules: moduleOf('deny contains "x" if input.harmless', 'a.rego', 'holdpoint.policies.floor'),
    want: /is no package name/,
  },
  {
    note: 'a package without a name',
    modules: moduleOf('deny contains "x" if input.harmless', 'a.rego', 'holdpoint.policies'),
    want: /is no package name/,
  },
  { note: 'a policy without findings', modules: moduleOf('helper := 1'), want: /finds nothing/ },
  {
    note: 'violation outside of main',
    modules: moduleOf('violation contains "x" if input.harmless'),
    want: /`violation` has no meaning/,
  },
  {
    note: 'hold in main',
    modules: moduleOf('hold contains "x" if input.harmless', 'a.rego', 'main'),
    want: /`hold` has no meaning in `package main`/,
  },
  {
    note: 'exception in main',
    modules: moduleOf('exception contains "x" if input.harmless', 'a.rego', 'main'),
    want: /`exception` has no meaning/,
  },
  {
    note: 'a rule written from a package further out',
    modules: moduleOf('policies.team.deny contains "x" if input.harmless', 'a.rego', 'holdpoint'),
    want: /`policies\.team\.deny` in `data\.holdpoint` is never asked/,
  },
  {
    note: 'a helper written from further out',
    modules: [
      moduleOf('policies.team.x := 1', 'a.rego', 'holdpoint'),
      moduleOf('deny contains "x" if data.holdpoint.policies.team.x == 1'),
    ],
    want: /lies inside of another package/,
  },
  {
    note: 'a deny in a package of tests',
    modules: moduleOf('deny contains "x" if input.harmless', 'a.rego', 'holdpoint.policies.team_test'),
    want: /is never asked: a package named/,
  },
  {
    note: 'a member of the input that does not exist',
    modules: moduleOf('deny contains "x" if input.atempt.agent == "x"'),
    want: /policy\.rego:2:\d+: undefined ref: input\.atempt/,
  },
  {
    note: 'a member of an effect that does not exist',
    modules: moduleOf('deny contains "x" if {\n\tsome e in input.effects\n\te.reversable == "no"\n}'),
    want: /policy\.rego:4:\d+: undefined ref/,
  },
  {
    note: 'a variable that nothing binds',
    modules: moduleOf('deny contains x if input.harmless'),
    want: /var x is unsafe/,
  },
  {
    note: 'a variable that nobody uses',
    modules: moduleOf('deny contains "x" if y := 1'),
    want: /assigned var y unused/,
  },
  {
    note: 'Rego of before version 1',
    modules: moduleOf('deny[msg] { msg = "x" }'),
    want: /rego_parse_error|`if` keyword|contains/,
  },
  {
    note: 'a text that is no Rego',
    modules: { name: 'a.rego', text: 'package holdpoint.policies.team\ndeny contains' },
    want: /a\.rego:2:/,
  },
  { note: 'an empty file', modules: { name: 'a.rego', text: '' }, want: /^a\.rego: .*empty/ },
  {
    note: 'one name twice',
    modules: [moduleOf('deny contains "x" if input.harmless'), moduleOf('hold contains "x" if input.harmless')],
    want: /given twice/,
  },
  { note: 'a call of itself', modules: moduleOf('a if b\nb if a\ndeny contains "x" if a'), want: /recursive/ },
];

for (const { note, modules, want } of SHAPES) {
  test(`refuses ${note}`, async () => {
    assert.match(await refusalOf(layerOf(modules)), want);
  });
}

test('refuses data in the place of a rule', async () => {
  const layer = layerOf(moduleOf('deny contains "x" if input.harmless'), {
    data: { holdpoint: { policies: { team: { deny: ['y'] } } } },
  });
  assert.match(await refusalOf(layer), /policy\.rego:2:1: .*conflict/);
});

test('every member of the input can be read', async () => {
  const members = [
    'input.schema',
    'input.now',
    'input.harmless',
    'input.attempt.id',
    'input.attempt.key',
    'input.attempt.at',
    'input.attempt.door',
    'input.attempt.person',
    'input.attempt.agent',
    'input.attempt.task',
    'input.attempt.workspace',
    'input.attempt.action.kind',
    'input.attempt.action.dialect',
    'input.attempt.action.cwd',
    'input.attempt.action.text',
    ...[
      'index',
      'verb',
      'danger',
      'target.known.system',
      'target.known.kind',
      'target.known.path',
      'target.unknown',
      'count.min',
      'count.max',
      'reversal',
      'basis',
      'source',
      'summary',
      'tags',
    ].map((one) => `input.effects[0].${one}`),
    ...[
      'check',
      'about.system',
      'effects',
      'answer.known.anything.below',
      'answer.unknown',
      'source',
      'at',
      'maxAgeMs',
      'fresh',
    ].map((one) => `input.evidence[0].${one}`),
    ...['rule', 'verb', 'target.path', 'workspace', 'because', 'expiresAt', 'signer'].map(
      (one) => `input.exceptions[0].${one}`,
    ),
  ];
  const rules = members
    .map((one, index) => `deny contains {"id": "x${index}", "reason": "x", "effect": 0} if ${one}`)
    .join('\n');
  assert.equal(await refusalOf(layerOf(moduleOf(rules))), 'accepted');
});

test('package main as conftest has it: deny and violation deny, warn holds, on every effect', async () => {
  const rules = [
    'deny contains "a text" if input.attempt.agent == "claude-code"',
    'deny_named contains {"msg": "an object", "details": {"x": 1}} if input.attempt.agent == "claude-code"',
    'violation contains {"msg": "a violation"} if input.attempt.agent == "claude-code"',
    'warn contains "a warning" if input.attempt.agent == "claude-code"',
  ].join('\n');
  const engine = await openEngine({ layers: [layerOf(moduleOf(rules, 'main.rego', 'main'))] });
  const [opinion] = await engine.evaluate(inputOf({ effects: [effectOf(), HARMLESS] }));
  await engine.close();
  const said = opinion?.findings.map(({ rule, says, effect, reason }) => [rule, says, effect, reason]).sort();
  assert.deepEqual(said, [
    ['main/deny', 'deny', 0, 'a text'],
    ['main/deny', 'deny', 1, 'a text'],
    ['main/deny_named', 'deny', 0, 'an object'],
    ['main/deny_named', 'deny', 1, 'an object'],
    ['main/violation', 'deny', 0, 'a violation'],
    ['main/violation', 'deny', 1, 'a violation'],
    ['main/warn', 'hold', 0, 'a warning'],
    ['main/warn', 'hold', 1, 'a warning'],
  ]);
});

for (const finding of ['{"message": "x"}', '1', '""', '{"msg": ""}', 'null']) {
  test(`package main: ${finding} is no finding, and denies`, async () => {
    const engine = await openEngine({
      layers: [
        layerOf(moduleOf(`warn contains ${finding} if input.attempt.agent == "claude-code"`, 'main.rego', 'main')),
      ],
    });
    const [opinion] = await engine.evaluate(inputOf());
    await engine.close();
    assert.deepEqual(
      opinion?.findings.map(({ rule, says }) => [rule, says]),
      [[POLICY_ERROR, 'deny']],
    );
    assert.match(opinion.findings[0]?.reason ?? '', /main\.rego:2/);
  });
}

test('an allow that was not verified makes nothing stricter that is harmless', async () => {
  const rules =
    'allow contains {"id": "a", "reason": "a", "effect": e.index, "verify": ["recovery"]} if some e in input.effects';
  const engine = await openEngine({
    layers: [layerOf(moduleOf(rules)), layerOf(moduleOf(rules), { layer: 'repository' })],
  });
  const opinions = await engine.evaluate(inputOf({ effects: [effectOf(), HARMLESS] }));
  await engine.close();
  for (const one of opinions)
    assert.deepEqual(
      one.findings.map(({ effect, says }) => [effect, says]),
      [[0, 'hold']],
    );
});

test('repository and session only tighten: what they allow counts for nothing', async () => {
  const rules =
    'allow contains {"id": "a", "reason": "a", "effect": 0} if input.attempt.door == "hook"\nhold contains {"id": "h", "reason": "h", "effect": 0} if input.attempt.door == "hook"';
  const engine = await openEngine({
    layers: (['built-in', 'organisation', 'repository', 'session'] as const).map((layer) =>
      layerOf(moduleOf(rules), { layer }),
    ),
  });
  const said = (await engine.evaluate(inputOf())).map((one) =>
    one.findings
      .map((finding) => finding.says)
      .sort()
      .join(),
  );
  await engine.close();
  assert.deepEqual(said, ['allow,hold', 'allow,hold', 'hold', 'hold']);
});

test('exceptions in force are input', async () => {
  const rules = 'hold contains {"id": "seen", "reason": one.because, "effect": 0} if some one in input.exceptions';
  const engine = await openEngine({ layers: [layerOf(moduleOf(rules))] });
  const exception = {
    signer: 'ada',
    rule: 'team/x',
    verb: 'destroy',
    target: { system: 'file', kind: 'path', path: ['/w/x'] },
    workspace: '/w',
    because: 'a migration',
    expiresAtMs: inputOf().nowMs + 1_000,
    digest: 'd'.repeat(64) as never,
  } as const;
  const said = (await engine.evaluate(inputOf({ exceptions: [exception] })))[0]?.findings.map((one) => one.reason);
  await engine.close();
  assert.deepEqual(said, ['a migration']);
});
