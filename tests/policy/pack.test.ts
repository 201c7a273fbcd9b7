/** The default pack, judged by real Open Policy Agent over documents that Holdpoint's own readers and stages made. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { outcomeOf, type PackRule, presetOf, readPack } from '../../scripts/generate-policy-docs.ts';
import { type OpaEngine, openOpaEngine } from '../../src/adapters/opa/opa-engine.ts';
import { builtInLayer, isPresetName, PRESETS, type PresetName, packModules } from '../../src/apps/policy/pack.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import { worstDanger } from '../../src/core/danger.ts';
import type { Effect } from '../../src/core/effect.ts';
import { type Check, evidenceOf } from '../../src/core/evidence.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { decideVerdict, type LayerOpinion } from '../../src/core/verdict.ts';
import { floor } from '../../src/pipeline/floor.ts';
import { POLICY_ERROR, type PolicyInput } from '../../src/ports/policy-engine.ts';
import { type AttemptRow, policyInputOf, tableOf } from './world.ts';

interface FiringRow extends AttemptRow {
  readonly rule: string;
  readonly note: string;
}

const FEWEST_RULES = 60;
const FIRING = tableOf<FiringRow>('firing.jsonl', [
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
const RULES: ReadonlyMap<string, PackRule> = new Map(
  readPack().flatMap((concern) => concern.rules.map((rule) => [rule.rule, rule])),
);

describe('the default pack', () => {
  const engines = new Map<PresetName, OpaEngine>();
  const inputs: { readonly at: string; readonly want: string; readonly input: PolicyInput | undefined }[] = [];
  before(async () => {
    for (const preset of PRESETS) {
      // A busy machine must not make an answer out of a delay; the steps are bounded as ever.
      const opened = await openOpaEngine({ layers: [builtInLayer(preset)], timeoutMs: 60_000 });
      assert.ok(opened.ok, JSON.stringify(opened));
      engines.set(preset, opened.engine);
    }
    for (const { at, want, row } of scenarios()) inputs.push({ at, want, input: await policyInputOf(row) });
  });
  after(async () => {
    for (const engine of engines.values()) await engine.close();
  });
  const engineOf = (preset: PresetName): OpaEngine => {
    const engine = engines.get(preset);
    assert.ok(engine !== undefined);
    return engine;
  };
  const opinionOf = async (preset: PresetName, input: PolicyInput): Promise<LayerOpinion> => {
    const [opinion, ...more] = await engineOf(preset).evaluate(input);
    assert.ok(opinion !== undefined && more.length === 0);
    return opinion;
  };

  test('is shown to be silent on harmless attempts, but for the preset that looks at everyday work', () => {
    for (const preset of PRESETS) {
      const silent = engineOf(preset).inForce.every((layer) => layer.silent);
      assert.equal(silent, !presetOf(preset).everyday, preset);
    }
    assert.deepEqual(
      PRESETS.filter((preset) => presetOf(preset).everyday),
      ['regulated'],
    );
  });

  test('has enough rules, and each has rows that make it fire', () => {
    assert.ok(RULES.size >= FEWEST_RULES, `only ${RULES.size} rules`);
    const covered = new Set(FIRING.map((row) => row.rule));
    assert.deepEqual(
      [...RULES.keys()].filter((rule) => !covered.has(rule)),
      [],
    );
    assert.deepEqual(
      [...covered].filter((rule) => !RULES.has(rule)),
      [],
    );
  });

  test('each row makes its rule fire, in each preset as that preset is documented', async () => {
    const wrong: string[] = [];
    for (const row of FIRING) {
      const label = `firing.jsonl:${row.line} ${row.rule} (${row.note})`;
      const input = await policyInputOf(row);
      if (input === undefined) {
        wrong.push(`${label}: refused before any policy`);
        continue;
      }
      for (const preset of PRESETS) {
        const content = presetOf(preset);
        const rule = RULES.get(row.rule);
        assert.ok(rule !== undefined);
        const opinion = await opinionOf(preset, input);
        const want = outcomeOf(rule, content).says;
        const got = opinion.findings.find((finding) => finding.rule === row.rule)?.says ?? 'off';
        if (got !== want) wrong.push(`${label}: ${got} instead of ${want} under ${preset}`);
        wrong.push(...oddities(opinion, preset).map((what) => `${label} under ${preset}: ${what}`));
      }
    }
    assert.deepEqual(wrong, []);
  });

  test('does not nag: harmless rows of every table stay without a finding', async () => {
    const wrong: string[] = [];
    let harmless = 0;
    for (const { at, input } of inputs) {
      if (input === undefined || worstDanger(input.effects) !== 'harmless') continue;
      harmless += 1;
      for (const preset of PRESETS) {
        const { findings } = await opinionOf(preset, input);
        const loud = findings.filter((one) => preset !== 'regulated' || RULES.get(one.rule)?.custom.everyday !== true);
        if (loud.length > 0) wrong.push(`${at} under ${preset}: ${loud.map((one) => one.rule).join(', ')}`);
      }
    }
    assert.ok(harmless > 700, `only ${harmless} rows are harmless`);
    assert.deepEqual(wrong, []);
  });

  test('every harmless row of the everyday and near-miss tables was read as harmless', () => {
    for (const { at, input, want } of inputs) {
      if (want !== 'harmless' || !/^shell-(everyday|near-misses)/.test(at)) continue;
      assert.equal(worstDanger(input?.effects ?? [OPAQUE]), 'harmless', at);
    }
  });

  test('joined with the floor it loosens nothing', async () => {
    let stopped = 0;
    for (const { at, input } of inputs) {
      if (input === undefined || worstDanger(input.effects) === 'harmless') continue;
      const below = await floor.evaluate(input);
      for (const preset of PRESETS) {
        const mine = await opinionOf(preset, input);
        assert.ok(!mine.findings.some((finding) => finding.says === 'allow'), at);
        const joined = decideVerdict(input.effects, [...below, mine], []);
        const alone = decideVerdict(input.effects, below, []);
        assert.notEqual(joined.says, 'allow', at);
        assert.ok(alone.says !== 'deny' || joined.says === 'deny', at);
        assert.deepEqual(oddities(mine, preset), [], at);
      }
      stopped += 1;
    }
    assert.ok(stopped > 500, `only ${stopped} rows could hurt`);
  });

  test('in a sandbox opaque code is left to the gateways around it', async () => {
    const row = { kind: 'shell', input: 'bash ./deploy.sh', cwd: '/w/acme' } as const;
    const inside = await policyInputOf({ ...row, door: 'sandbox' });
    const outside = await policyInputOf(row);
    assert.ok(inside !== undefined && outside !== undefined);
    assert.deepEqual((await opinionOf('regulated', inside)).findings, []);
    assert.notDeepEqual((await opinionOf('regulated', outside)).findings, []);
  });

  test('no shape of an answer makes a policy fail', async () => {
    const base = await policyInputOf({ ...RAILWAY_ROW, railway: 'staging and production' });
    assert.ok(base !== undefined);
    const members =
      `environments by dependents backups kind scope broad name production id environment atMs insideTarget
      exists type linkTarget insideWorkspace temporary files filesCapped bytes irreplaceable`.split(/\s+/);
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(null, true, false, 0, -1, 1e300, 0.5, '', 'production', 'claimed', [], {}),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...members), tie('value'), { maxKeys: 6 }),
      ),
    }));
    const checks: readonly Check[] = [
      'environment',
      'dependents',
      'recovery',
      'credential',
      'documentation',
      'content',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...checks),
        fc.oneof(
          value.map((known) => ({ known })),
          fc.string().map((unknown) => ({ unknown })),
        ),
        fc.integer({ min: -10_000_000_000, max: 10_000_000_000 }),
        async (check, answer, ageMs) => {
          const evidence = base.evidence.flatMap((one) => {
            const { digest: _, ...parts } = one;
            return one.question.check === check
              ? [evidenceOf({ ...parts, answer, atMs: base.nowMs - ageMs })]
              : one.question.check === 'credential' && check === 'content'
                ? [
                    one,
                    evidenceOf({
                      ...parts,
                      answer,
                      question: { check, about: { system: 'file', kind: 'path', path: ['/a'] } },
                    }),
                  ]
                : [one];
          });
          const { findings } = await opinionOf('regulated', { ...base, evidence });
          assert.deepEqual(
            findings.filter((one) => one.rule === POLICY_ERROR),
            [],
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the largest attempts are judged within the bound on steps', async () => {
    const many = (one: (index: number) => string): string =>
      Array.from({ length: LIMITS.effects - 6 }, (_, index) => one(index)).join('; ');
    const rows: readonly AttemptRow[] = [
      { kind: 'sql', input: many((index) => `DROP TABLE t${index}`), facts: { environment: 'production' } },
      { kind: 'shell', input: many((index) => `rm -rf d${index}`), cwd: '/w/acme' },
      {
        ...RAILWAY_ROW,
        input: {
          ...RAILWAY_ROW.input,
          query: `mutation { ${Array.from({ length: 50 }, (_, at) => `a${at}: volumeDelete(volumeId: "v${at}")`).join(' ')} }`,
        },
        railway: 'staging and production',
      },
    ];
    for (const row of rows) {
      const input = await policyInputOf(row);
      assert.ok(input !== undefined && input.effects.length >= 50);
      for (const preset of PRESETS) {
        const { findings } = await opinionOf(preset, input);
        assert.deepEqual(
          findings.filter((one) => one.rule === POLICY_ERROR).slice(0, 1),
          [],
          `${row.kind} under ${preset}`,
        );
        assert.ok(findings.some((one) => one.rule === 'velocity/effects'));
      }
    }
  });

  /** What no finding of the pack may be. */
  function oddities(opinion: LayerOpinion, preset: PresetName): readonly string[] {
    const content = presetOf(preset);
    const odd: string[] = [];
    let signers = 0;
    const copies = new Set<number>();
    for (const { rule, reason, says, effect } of opinion.findings) {
      const known = RULES.get(rule);
      if (known === undefined) odd.push(`\`${rule}\` is not in the pack: ${reason}`);
      else {
        const outcome = outcomeOf(known, content);
        if (outcome.says !== says) odd.push(`\`${rule}\` says ${says}, documented as ${outcome.says}`);
        if (says === 'hold' && outcome.signers > 1) signers = Math.max(signers, outcome.signers);
        if (says === 'hold' && known.custom.safeguard === true) copies.add(effect);
      }
      if (/^\p{Lu}/u.test(reason) || reason.endsWith('.')) odd.push(`the reason of \`${rule}\`: ${reason}`);
    }
    const asked = opinion.obligations.flatMap((one) => (one.kind === 'signers' ? [one.count] : []));
    if (Math.max(0, ...asked) !== signers) odd.push(`${asked.join()} signers instead of ${signers}`);
    const planned = new Set(opinion.obligations.flatMap((one) => (one.kind === 'safeguard' ? [one.effect] : [])));
    if (planned.symmetricDifference(copies).size > 0) odd.push(`copies of ${[...planned].join()}`);
    return odd;
  }
});

describe('presets', () => {
  test('are read by name', () => {
    for (const preset of PRESETS) {
      assert.ok(isPresetName(preset));
      assert.equal(presetOf(preset).name, preset);
      assert.equal(builtInLayer(preset).revision, preset);
    }
    assert.ok(!isPresetName('enterprise') && !isPresetName('constructor'));
  });

  test('name only rules that are there and that a preset can change', () => {
    for (const preset of PRESETS) {
      for (const rule of Object.keys(presetOf(preset).rules)) {
        assert.equal(RULES.get(rule)?.kind, 'found', `${rule} in ${preset}`);
      }
    }
  });

  test('have no knob that no rule reads, and rules read no other', () => {
    const text = packModules()
      .map((one) => one.text)
      .join('\n');
    const read = new Set([...text.matchAll(/data\.holdpoint\.preset\.([a-z_.]+)/g)].map((match) => match[1]));
    for (const preset of PRESETS) {
      const { name: _, description: __, limits, ...knobs } = presetOf(preset);
      assert.deepEqual(new Set([...Object.keys(knobs), ...Object.keys(limits).map((one) => `limits.${one}`)]), read);
    }
  });

  test('get stricter one after the other', () => {
    const rank = { off: 0, hold: 1, deny: 2 } as const;
    for (const rule of RULES.values()) {
      const [solo, team, regulated] = PRESETS.map((preset) => {
        const { says, signers } = outcomeOf(rule, presetOf(preset));
        return rank[says] * 100 + signers;
      });
      assert.ok(solo !== undefined && team !== undefined && regulated !== undefined);
      assert.ok(solo <= team && team <= regulated, rule.rule);
    }
  });
});

const RAILWAY_ROW = {
  kind: 'graphql',
  input: {
    endpoint: 'https://backboard.railway.com/graphql/v2',
    query: 'mutation { volumeDelete(volumeId: "v1") }',
  },
} as const;

const OPAQUE: Effect = {
  verb: 'run',
  target: { unknown: 'refused' },
  count: { min: 0, max: 1 },
  reversal: 'unknown',
  basis: 'opaque',
  source: 'test',
  summary: 'refused',
};

interface Scenario {
  readonly at: string;
  readonly row: AttemptRow;
  readonly want: string;
}

/** Every row of tests/scenarios; the kind of its action is the first word of a table's name. */
function scenarios(): readonly Scenario[] {
  const folder = path.resolve(import.meta.dirname, '../scenarios');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) =>
      readFileSync(path.join(folder, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => {
          if (line.trim() === '') return [];
          const { input, dialect, want } = JSON.parse(line) as { input: Json; dialect?: string; want: string };
          const kind = file.split('-')[0] as AttemptRow['kind'];
          return [
            { at: `${file}:${index + 1}`, want, row: { kind, input, ...(dialect === undefined ? {} : { dialect }) } },
          ];
        }),
    );
}
