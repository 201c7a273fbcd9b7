import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PolicyEngine, PolicyInput } from '../../src/ports/policy-engine.ts';
import { POLICY_ERROR } from '../../src/ports/policy-engine.ts';
import type { RegoModule } from '../../src/ports/policy-layers.ts';
import { effectOf, factOf, HARMLESS, inputOf, moduleOf, NOW_MS } from '../adapters/opa/policy-world.ts';

export interface OpenedPolicy {
  readonly engine: PolicyEngine;
  close(): Promise<void>;
}

/** What every policy engine owes, over one layer of Rego that it is given. */
export function policyEngineContract(
  name: string,
  open: (modules: readonly RegoModule[]) => Promise<OpenedPolicy>,
): void {
  const opened: { policy?: OpenedPolicy } = {};
  const evaluate = async (input: PolicyInput) => {
    assert.ok(opened.policy !== undefined);
    return await opened.policy.engine.evaluate(input);
  };
  before(async () => {
    opened.policy = await open(RULES);
  });
  after(async () => {
    await opened.policy?.close();
  });

  for (const { note, text, want, signers, safeguard } of FINDINGS) {
    test(`${name}: ${note}`, async () => {
      const opinions = await evaluate(inputOf({ attempt: { ...inputOf().attempt, agent: text } }));
      const findings = opinions.flatMap((one) => one.findings);
      assert.deepEqual(
        findings.map(({ rule, says, effect, reason }) => [rule, says, effect, reason]),
        want,
      );
      const obligations = opinions.flatMap((one) => one.obligations);
      assert.deepEqual(obligations, [
        ...(signers === undefined ? [] : [{ kind: 'signers', count: signers }]),
        ...(safeguard === undefined ? [] : [{ kind: 'safeguard', effect: safeguard }]),
      ]);
    });
  }

  for (const { note, text, why } of FAULTS) {
    test(`${name}: denies every effect where ${note}`, async () => {
      const input = inputOf({ attempt: { ...inputOf().attempt, agent: text }, effects: [effectOf(), HARMLESS] });
      const findings = (await evaluate(input)).flatMap((one) => one.findings);
      assert.deepEqual(
        findings.map(({ rule, says, effect }) => [rule, says, effect]),
        [
          [POLICY_ERROR, 'deny', 0],
          [POLICY_ERROR, 'deny', 1],
        ],
      );
      assert.match(findings[0]?.reason ?? '', why);
    });
  }

  test(`${name}: gives the same answer to the same input, and each opinion a digest`, async () => {
    const input = inputOf({ attempt: { ...inputOf().attempt, agent: 'hold' } });
    const first = await evaluate(input);
    assert.deepEqual(await evaluate(input), first);
    for (const one of first) assert.match(one.digest, /^[0-9a-f]{64}$/);
  });

  test(`${name}: answers many at once, each its own`, async () => {
    const agents = Array.from({ length: 40 }, (_, index) => ['hold', 'deny', 'allow', 'nobody'][index % 4] ?? '');
    const answers = await Promise.all(
      agents.map((agent) => evaluate(inputOf({ attempt: { ...inputOf().attempt, agent } }))),
    );
    const said = answers.map((one) => one.flatMap((opinion) => opinion.findings)[0]?.says ?? 'nobody');
    assert.deepEqual(said, agents);
  });

  test(`${name}: reads evidence that is fresh, and not what is too old`, async () => {
    const attempt = { ...inputOf().attempt, agent: 'production' };
    const fact = factOf('environment', { known: { environments: [{ name: 'production' }] } });
    const fresh = await evaluate(inputOf({ attempt, evidence: [fact] }));
    assert.deepEqual(
      fresh.flatMap((one) => one.findings).map((one) => one.says),
      ['deny'],
    );
    const stale = await evaluate(inputOf({ attempt, evidence: [fact], nowMs: NOW_MS + 120_000 }));
    assert.deepEqual(
      stale.flatMap((one) => one.findings),
      [],
    );
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  let nested: unknown = 1;
  for (let depth = 0; depth < 10_000; depth += 1) nested = [nested];
  const answered = (known: unknown): unknown =>
    inputOf({ evidence: [factOf('content', { known: 1 }, { answer: { known: known as never } })] });
  for (const [note, input] of Object.entries<unknown>({
    'evidence that is cyclic': answered(cyclic),
    'evidence without end': answered(nested),
    'evidence that is no JSON': answered(1n),
    'a verb that does not exist': inputOf({ effects: [effectOf({ verb: 'delete' as never })] }),
    'more effects than any attempt has': inputOf({ effects: Array.from({ length: 5_000 }, () => effectOf()) }),
    'no attempt': { ...inputOf(), attempt: undefined },
    'no effects': { ...inputOf(), effects: undefined },
    nothing: {},
  })) {
    test(`${name}: denies an input with ${note}`, async () => {
      const findings = (await evaluate(input as PolicyInput)).flatMap((one) => one.findings);
      assert.ok(findings.length > 0);
      assert.ok(findings.every((one) => one.says === 'deny' && one.rule === POLICY_ERROR));
    });
  }
}

/** `agent` selects what the policy finds, so that one set of rules serves all cases. */
const RULES: readonly RegoModule[] = [
  moduleOf(
    `
hold contains {"id": "h", "reason": "a hold", "effect": 0} if input.attempt.agent == "hold"
hold contains {"id": "two", "reason": "two persons", "effect": 0, "signers": 2} if input.attempt.agent == "signers"
hold contains {"id": "copy", "reason": "a copy first", "effect": 0, "safeguard": true} if input.attempt.agent == "safeguard"
deny contains {"id": "d", "reason": "a deny", "effect": 0} if input.attempt.agent == "deny"
allow contains {"id": "a", "reason": "an allow", "effect": 0} if input.attempt.agent == "allow"
allow contains {"id": "v", "reason": "if checked", "effect": 0, "verify": ["recovery"]} if input.attempt.agent == "verify"
hold contains {"id": "team/full", "reason": "a full name", "effect": 0} if input.attempt.agent == "full"

hold contains {"id": "x", "reason": "", "effect": 0} if input.attempt.agent == "no-reason"
hold contains {"id": "x", "effect": 0} if input.attempt.agent == "reason-missing"
hold contains {"id": "Ä", "reason": "r", "effect": 0} if input.attempt.agent == "bad-id"
hold contains {"id": "x", "reason": "r", "effect": 7} if input.attempt.agent == "effect-out"
hold contains {"id": "x", "reason": "r", "effect": 0.5} if input.attempt.agent == "effect-half"
hold contains {"id": "x", "reason": "r", "effect": "0"} if input.attempt.agent == "effect-text"
hold contains {"id": "x", "reason": "r", "effect": 0, "sayss": "allow"} if input.attempt.agent == "unknown-member"
hold contains {"id": "x", "reason": "r", "effect": 0, "signers": 0} if input.attempt.agent == "no-signers"
hold contains {"id": "x", "reason": "r", "effect": 0, "safeguard": false} if input.attempt.agent == "no-safeguard"
deny contains {"id": "x", "reason": "r", "effect": 0, "signers": 1} if input.attempt.agent == "deny-signers"
hold contains {"id": "x", "reason": "r", "effect": 0, "verify": ["luck"]} if input.attempt.agent == "bad-check"
hold contains "a text" if input.attempt.agent == "text"
deny contains {"id": "x", "reason": "r", "effect": 0} if {
	input.attempt.agent == "built-in"
	net.cidr_contains("10.0.0.0/99", "10.0.0.1")
}
deny contains {"id": "prod", "reason": "in production", "effect": 0} if {
	input.attempt.agent == "production"
	some one in input.evidence
	one.fresh
	some environment in one.answer.known.environments
	environment.name == "production"
}
`,
    'contract.rego',
  ),
];

const FINDINGS: readonly {
  readonly note: string;
  readonly text: string;
  readonly want: readonly (readonly [string, string, number, string])[];
  readonly signers?: number;
  readonly safeguard?: number;
}[] = [
  { note: 'is silent where no rule finds anything', text: 'nobody', want: [] },
  { note: 'holds', text: 'hold', want: [['team/h', 'hold', 0, 'a hold']] },
  { note: 'denies', text: 'deny', want: [['team/d', 'deny', 0, 'a deny']] },
  { note: 'allows', text: 'allow', want: [['team/a', 'allow', 0, 'an allow']] },
  { note: 'takes a full name as it is', text: 'full', want: [['team/full', 'hold', 0, 'a full name']] },
  { note: 'passes on how many must sign', text: 'signers', want: [['team/two', 'hold', 0, 'two persons']], signers: 2 },
  {
    note: 'passes on that a copy comes first',
    text: 'safeguard',
    want: [['team/copy', 'hold', 0, 'a copy first']],
    safeguard: 0,
  },
  {
    note: 'holds what it would allow if it were checked',
    text: 'verify',
    want: [['team/v', 'hold', 0, 'if checked; not verified: recovery']],
  },
];

const FAULTS: readonly { readonly note: string; readonly text: string; readonly why: RegExp }[] = [
  { note: 'a reason is empty', text: 'no-reason', why: /no `reason`/ },
  { note: 'a reason is missing', text: 'reason-missing', why: /no `reason`/ },
  { note: 'an id is none', text: 'bad-id', why: /no `id`/ },
  { note: 'a finding names an effect that is not there', text: 'effect-out', why: /names no effect/ },
  { note: 'an effect is half a number', text: 'effect-half', why: /names no effect/ },
  { note: 'an effect is a text', text: 'effect-text', why: /names no effect/ },
  { note: 'a finding has a member that nobody knows', text: 'unknown-member', why: /unknown member `sayss`/ },
  { note: 'nobody has to sign', text: 'no-signers', why: /`signers`/ },
  { note: 'a safeguard is refused', text: 'no-safeguard', why: /`safeguard`/ },
  { note: 'a deny asks for signers', text: 'deny-signers', why: /only `hold` can/ },
  { note: 'a check does not exist', text: 'bad-check', why: /`verify`/ },
  { note: 'a finding is a text', text: 'text', why: /not an object/ },
  { note: 'a built-in fails', text: 'built-in', why: /cidr/i },
];
