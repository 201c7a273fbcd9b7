import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { loadEngineModule } from '../../../src/adapters/opa/artefact.ts';
import { startThread } from '../../../src/adapters/opa/engine-thread.ts';
import { documentOf } from '../../../src/adapters/opa/input.ts';
import { INPUT_SCHEMA } from '../../../src/adapters/opa/input-schema.ts';
import { dangerOf } from '../../../src/core/danger.ts';
import type { Effect } from '../../../src/core/effect.ts';
import { effect } from '../../core/generators.ts';
import {
  attemptOf,
  effectOf,
  factOf,
  fixturePack,
  HARMLESS,
  inputOf,
  layerOf,
  moduleOf,
  openEngine,
} from './policy-world.ts';

const loaded = await loadEngineModule();
assert.ok(loaded.ok);
const thread = await startThread(loaded.module);
test.after(() => thread.end());

async function loadSet(rules: string): Promise<{
  readonly set: number;
  readonly silent: boolean;
  readonly asked: readonly string[];
  readonly harmless: readonly string[];
  readonly errors?: unknown;
}> {
  const request = { modules: [moduleOf(rules)], data: {}, schema: INPUT_SCHEMA, keep: true };
  const called = await thread.call('load', JSON.stringify(request), 60_000);
  assert.ok(called.ok, called.ok ? '' : called.why);
  return JSON.parse(called.answer);
}

const FINDING = '{"id": "x", "reason": "x", "effect": 0}';
const CASES: readonly (readonly [note: string, silent: boolean, rules: string])[] = [
  [
    'begins with harmless == false',
    true,
    `hold contains ${FINDING} if {\n\tinput.harmless == false\n\tinput.effects[0].verb == "destroy"\n}`,
  ],
  [
    'begins with not harmless',
    true,
    `hold contains ${FINDING} if {\n\tnot input.harmless\n\tsome e in input.effects\n\te.verb == "destroy"\n}`,
  ],
  ['asks a helper about harmless', true, `dangerous if input.harmless == false\nhold contains ${FINDING} if dangerous`],
  ['asks a constant that is false', true, `hold contains ${FINDING} if 1 == 2`],
  ['only allows', true, `allow contains ${FINDING} if input.effects[0].verb == "read"`],
  ['looks at an effect', false, `hold contains ${FINDING} if input.effects[0].verb == "destroy"`],
  ['looks at the danger of an effect', false, `hold contains ${FINDING} if input.effects[0].danger == "destructive"`],
  ['holds what is harmless', false, `hold contains ${FINDING} if input.harmless`],
  ['holds always', false, `hold contains ${FINDING} if true`],
  ['denies by the time', false, `deny contains ${FINDING} if input.now > 5`],
  ['looks at the exceptions', false, `hold contains ${FINDING} if count(input.exceptions) > 0`],
  ['finds out by iterating over the input', false, `hold contains ${FINDING} if {\n\tsome k\n\tinput[k] == "x"\n}`],
  ['hands the input on as a whole', false, `bad(x) if x.harmless == true\nhold contains ${FINDING} if bad(input)`],
  ['walks through the input', false, `hold contains ${FINDING} if {\n\twalk(input, [_, value])\n\tvalue == "x"\n}`],
  [
    'replaces the input',
    false,
    `dangerous if input.harmless == false\nhold contains ${FINDING} if dangerous with input.harmless as false`,
  ],
  ['renames the input', false, `import input as it\nhold contains ${FINDING} if it.attempt.agent == "x"`],
  [
    'comes to an unknown before it comes to harmless',
    false,
    `hold contains ${FINDING} if {\n\tn := to_number(input.attempt.agent)\n\tn + 1 > 0\n\tnot input.harmless\n}`,
  ],
  ['fails', false, `deny contains ${FINDING} if to_number("x") == 1`],
  ['negates an unknown', false, `deny contains ${FINDING} if not input.attempt.agent == "x"`],
  [
    'has every over nothing known',
    false,
    `deny contains ${FINDING} if {\n\tevery e in input.effects { e.verb == "read" }\n}`,
  ],
  [
    'has a default that holds',
    false,
    `default risky := true\nrisky := false if input.attempt.agent == "x"\nhold contains ${FINDING} if risky`,
  ],
];

for (const [note, silent, rules] of CASES) {
  test(`a policy that ${note} is ${silent ? '' : 'not '}shown to be silent on harmless work`, async () => {
    const answer = await loadSet(rules);
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    assert.equal(answer.silent, silent);
  });
}

test('a policy that reads any member of the input but harmless is not shown to be silent', async () => {
  const members = Object.keys((INPUT_SCHEMA as { readonly properties: object }).properties);
  assert.ok(members.length > 6 && members.includes('evidence'), members.join());
  for (const member of members.filter((one) => one !== 'harmless')) {
    for (const rules of [
      `hold contains ${FINDING} if input.${member}`,
      `hold contains ${FINDING} if not input.${member}`,
    ]) {
      const answer = await loadSet(rules);
      assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
      assert.equal(answer.silent, false, rules);
    }
  }
});

test('of a policy that speaks about harmless work, the rules are asked that do, and no others', async () => {
  const answer = await loadSet(
    [
      `hold contains ${FINDING} if input.effects[0].verb == "read"`,
      `deny contains ${FINDING} if {\n\tinput.harmless == false\n\tto_number(input.attempt.agent) == 1\n}`,
      `allow contains ${FINDING} if to_number(input.attempt.agent) == 1`,
    ].join('\n'),
  );
  assert.equal(answer.silent, false);
  assert.deepEqual(
    answer.asked,
    ['allow', 'deny', 'hold'].map((name) => `data.holdpoint.policies.team.${name}`),
  );
  assert.deepEqual(answer.harmless, ['data.holdpoint.policies.team.hold']);
  const said = await evaluated(answer.set, documentText([HARMLESS]));
  assert.equal(said.error, undefined);
  assert.deepEqual(
    answer.asked.map((rule) => said.found?.[rule]?.length),
    [0, 0, 1],
  );
  // Anything else: each rule is asked, and one that fails is an error.
  assert.match((await evaluated(answer.set, documentText([effectOf()]))).error?.message ?? '', /to_number/);
});

interface Said {
  readonly found?: Readonly<Record<string, readonly unknown[]>>;
  readonly error?: { readonly message: string };
}

async function evaluated(set: number, text: string, whole = false): Promise<Said> {
  const called = await thread.call('evaluate', `{"sets":[${set}],"maxSteps":100000,"whole":${whole}}\n${text}`, 60_000);
  assert.ok(called.ok);
  return JSON.parse(called.answer)[0];
}

function documentText(effects: readonly Effect[]): string {
  const document = documentOf(
    inputOf({ effects, evidence: effects.length > 1 ? [factOf('content', { known: 1 })] : [] }),
  );
  assert.ok(document.ok);
  const text = document.text();
  assert.ok(text.ok);
  return text.text;
}

const harmlessEffect: fc.Arbitrary<Effect> = effect.filter((one) => dangerOf(one) === 'harmless');

/** Bodies out of parts that guard, that fire, that fail and that call each other, in any order. */
const part = fc.constantFrom(
  'input.harmless == false',
  'not input.harmless',
  'input.harmless',
  'guarded',
  'not guarded',
  'unguarded',
  'risky',
  'some e in input.effects; e.verb == "read"',
  'some e in input.effects; e.danger != "harmless"',
  'input.attempt.door == "hook"',
  'count(input.evidence) == 0',
  'to_number(input.attempt.agent) > 0',
  'not to_number(input.attempt.agent) > 0',
  'count({e | some e in input.effects; e.verb == "read"}) > 0',
  'every f in input.effects { f.verb == "read" }',
  'every f in input.effects { input.harmless == false; f.verb == "read" }',
  'object.get(input.attempt, "agent", "") == "x"',
  'level == 2',
  '1 == 2',
  'input.now > 0',
);
const body = fc
  .array(part, { minLength: 1, maxLength: 3 })
  .map((parts) =>
    parts.map((one, index) => one.replaceAll(/\be\b/g, `e${index}`).replaceAll(/\bf\b/g, `f${index}`)).join('\n\t'),
  );
const rulesOf = fc
  .array(fc.tuple(fc.constantFrom('hold', 'deny'), body), { minLength: 1, maxLength: 3 })
  .map((rules) =>
    [
      'guarded if input.harmless == false',
      'unguarded if input.attempt.person == "ada"',
      'risky if {\n\tguarded\n\tunguarded\n}',
      'default level := 1',
      'level := 2 if risky',
      ...rules.map(
        ([name, text], index) =>
          `${name} contains {"id": "r${index}", "reason": "r", "effect": 0} if {\n\t${text.replaceAll('; ', '\n\t').replaceAll(/\{(.*)\n\t(.*)\}/g, '{$1; $2}')}\n}`,
      ),
    ].join('\n'),
  );

test('the proof is never wrong: asked in whole, a policy finds and fails at the same as without what is shown to be silent', async () => {
  const seen = { silent: 0, partly: 0, asked: 0, refused: 0, found: 0, failed: 0 };
  await fc.assert(
    fc.asyncProperty(
      rulesOf,
      fc.array(fc.array(harmlessEffect, { maxLength: 3 }), { minLength: 3, maxLength: 3 }),
      async (rules, lists) => {
        const answer = await loadSet(rules);
        if (answer.errors !== undefined) {
          seen.refused += 1;
          return;
        }
        seen.asked += 1;
        assert.equal(answer.silent, answer.harmless.length === 0);
        if (answer.silent) seen.silent += 1;
        else if (answer.harmless.length < answer.asked.length) seen.partly += 1;
        for (const effects of lists) {
          const text = documentText(effects);
          const whole = await evaluated(answer.set, text, true);
          const pruned = await evaluated(answer.set, text);
          assert.deepEqual(pruned.found, whole.found, rules);
          assert.equal(pruned.error === undefined, whole.error === undefined, rules);
          if (whole.error !== undefined) seen.failed += 1;
          else if (Object.values(whole.found ?? {}).some((list) => list.length > 0)) seen.found += 1;
        }
        await thread.call('drop', JSON.stringify({ set: answer.set }), 60_000);
      },
    ),
    { numRuns: 400 },
  );
  const enough = seen.silent > 40 && seen.partly > 20 && seen.found > 40 && seen.failed > 40;
  assert.ok(enough && seen.asked - seen.silent > 40 && seen.refused < seen.asked, JSON.stringify(seen));
});

test('a silent layer is not evaluated for harmless work, and is for anything else', async () => {
  const engine = await openEngine({
    layers: [
      layerOf(
        moduleOf(
          `hold contains {"id": "x", "reason": "x", "effect": e.index} if {\n\tinput.harmless == false\n\tsome e in input.effects\n}`,
        ),
      ),
    ],
    start: async (module) => {
      const real = await startThread(module);
      return {
        call: (operation, request, timeoutMs) => {
          if (operation === 'evaluate') asked.count += 1;
          return real.call(operation, request, timeoutMs);
        },
        memoryBytes: 0,
        get isEnded() {
          return real.isEnded;
        },
        end: () => real.end(),
      };
    },
  });
  const asked = { count: 0 };
  assert.equal(engine.inForce[0]?.silent, true);
  const [opinion] = await engine.evaluate(inputOf({ effects: [HARMLESS] }));
  assert.deepEqual([opinion?.findings, opinion?.digest, asked.count], [[], engine.inForce[0].digest, 0]);
  assert.equal((await engine.evaluate(inputOf({ effects: [HARMLESS, effectOf()] })))[0]?.findings.length, 2);
  assert.equal(asked.count, 1);
  await engine.close();
});

test('a regex that would ruin a backtracking engine answers', async () => {
  const rules =
    'deny contains {"id": "x", "reason": "x", "effect": 0} if regex.match(`^(a+)+$`, input.attempt.action.text)';
  const engine = await openEngine({ layers: [layerOf(moduleOf(rules))], timeoutMs: 10_000 });
  const [opinion] = await engine.evaluate(inputOf({ attempt: attemptOf({ text: `${'a'.repeat(60_000)}!` }) }));
  await engine.close();
  assert.deepEqual(opinion?.findings, []);
});

test('10,000 evaluations leave memory flat', async () => {
  const engine = await openEngine({ layers: [layerOf(fixturePack())] });
  const run = async (times: number) => {
    for (let index = 0; index < times; index += 1) {
      const agent = `agent-${index % 97}`;
      const [opinion] = await engine.evaluate(
        inputOf({ attempt: attemptOf({ text: `rm -rf data-${index}` }, { agent }) }),
      );
      assert.ok(opinion?.findings.every((one) => one.rule !== 'POLICY_ERROR'));
    }
    globalThis.gc?.();
    return { linear: engine.memoryBytes, rss: process.memoryUsage().rss };
  };
  const early = await run(5_000);
  const late = await run(5_000);
  await engine.close();
  const MB = 1024 * 1024;
  assert.ok(late.linear - early.linear <= 8 * MB, `linear memory grew from ${early.linear} to ${late.linear}`);
  assert.ok(late.rss - early.rss <= 96 * MB, `resident memory grew from ${early.rss} to ${late.rss}`);
});
