import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { dangerOf } from '../../src/core/danger.ts';
import type { Effect } from '../../src/core/effect.ts';
import { coversFinding, POLICY_ERROR } from '../../src/core/exception.ts';
import { resourceKey } from '../../src/core/resource.ts';
import { decideVerdict, type Finding, joinVerdicts, type Says, type Verdict } from '../../src/core/verdict.ts';
import { effects, exception, finding, opinion, opinions, resource } from './generators.ts';

const RANK: Record<Says, number> = { allow: 0, hold: 1, deny: 2 };
const runs = { numRuns: 500 };
/** Three verdicts over the same effects. */
const verdicts: fc.Arbitrary<readonly [Verdict, Verdict, Verdict]> = effects.chain(
  (list) =>
    fc.tuple(...([1, 2, 3] as const).map(() => opinions.map((said) => decideVerdict(list, said, [])))) as fc.Arbitrary<
      [Verdict, Verdict, Verdict]
    >,
);

test('verdicts join commutatively', () => {
  fc.assert(
    fc.property(verdicts, ([a, b]) => assert.deepEqual(joinVerdicts(a, b), joinVerdicts(b, a))),
    runs,
  );
});

test('verdicts join associatively', () => {
  fc.assert(
    fc.property(verdicts, ([a, b, c]) =>
      assert.deepEqual(joinVerdicts(joinVerdicts(a, b), c), joinVerdicts(a, joinVerdicts(b, c))),
    ),
    runs,
  );
});

test('a verdict joined with itself stays the same', () => {
  fc.assert(
    fc.property(verdicts, ([a]) => assert.deepEqual(joinVerdicts(a, a), a)),
    runs,
  );
});

test('a joined verdict is as strict as the stricter one and keeps all reasons and obligations', () => {
  fc.assert(
    fc.property(verdicts, ([a, b]) => {
      const joined = joinVerdicts(a, b);
      assert.equal(RANK[joined.says], Math.max(RANK[a.says], RANK[b.says]));
      for (const one of [...a.findings, ...b.findings]) {
        assert.ok(joined.findings.some((other) => JSON.stringify(other) === JSON.stringify(one)));
      }
      const signers = (verdict: Verdict): number =>
        Math.max(0, ...verdict.obligations.map((one) => (one.kind === 'signers' ? one.count : 0)));
      assert.equal(signers(joined), Math.max(signers(a), signers(b)));
    }),
    runs,
  );
});

test('the order of layers, findings and exceptions does not matter', () => {
  fc.assert(
    fc.property(effects, opinions, fc.array(exception, { maxLength: 3 }), (list, said, exceptions) => {
      const turned = said.map((one) => ({ ...one, findings: one.findings.toReversed() })).toReversed();
      assert.deepEqual(decideVerdict(list, turned, exceptions), decideVerdict(list, said, exceptions));
    }),
    runs,
  );
});

test('adding a hold or a deny never loosens', () => {
  fc.assert(
    fc.property(effects, opinions, opinion, finding, (list, said, other, added) => {
      fc.pre(added.says !== 'allow');
      const before = decideVerdict(list, said, []);
      // For an effect that nobody speaks of, any finding takes the place of the hold for silence; none is weaker.
      const after = decideVerdict(list, [...said, { ...other, findings: [added] }], []);
      assert.ok(RANK[after.says] >= RANK[before.says]);
      assert.ok(RANK[after.says] >= RANK[added.says] || !(added.effect in list));
    }),
    runs,
  );
});

test('a finding about an effect that is not there denies', () => {
  fc.assert(
    fc.property(effects, opinions, finding, (list, said, added) => {
      fc.pre(list[added.effect] === undefined);
      const layered = [...said, { layer: added.layer, digest: said[0]?.digest, findings: [added], obligations: [] }];
      assert.equal(decideVerdict(list, layered as typeof said, []).says, 'deny');
    }),
    runs,
  );
});

test('silence about what is not harmless holds', () => {
  fc.assert(
    fc.property(effects, (list) => {
      const { says } = decideVerdict(list, [], []);
      assert.equal(says, list.every((one) => dangerOf(one) === 'harmless') ? 'allow' : 'hold');
    }),
    runs,
  );
});

test('an exception changes nothing but the findings of its rule about its target', () => {
  fc.assert(
    fc.property(effects, opinions, exception, (list, said, one) => {
      const covered = (item: Finding): boolean => {
        const about = list[item.effect];
        return (
          about !== undefined &&
          item.rule === one.rule &&
          about.verb === one.verb &&
          'known' in about.target &&
          resourceKey(about.target.known) === resourceKey(one.target) &&
          about.tags?.includes('guard-tampering') !== true
        );
      };
      const without = decideVerdict(list, said, []);
      const excepted = decideVerdict(list, said, [one]);
      const stays = without.findings.filter((item) => !covered(item));
      assert.deepEqual(
        excepted.findings.filter((item) => !covered(item)),
        stays,
      );
      assert.ok(excepted.findings.filter(covered).every((item) => item.says === 'allow'));
      const strictest = Math.max(0, ...stays.map((item) => RANK[item.says]));
      assert.equal(RANK[excepted.says], strictest);
      assert.deepEqual(excepted.obligations, without.obligations);
    }),
    { numRuns: 2000 },
  );
});

test('no exception covers an unknown target or tampering with the guard', () => {
  fc.assert(
    fc.property(exception, fc.boolean(), (one, unknown) => {
      const about: Effect = {
        verb: one.verb,
        target: unknown ? { unknown: 'a variable' } : { known: one.target },
        count: { min: 1, max: 'unbounded' },
        reversal: 'irreversible',
        basis: 'parsed',
        source: 'test',
        summary: 'deletes it',
        ...(unknown ? {} : { tags: ['guard-tampering'] }),
      };
      assert.equal(coversFinding(one, { rule: one.rule }, about), false);
      assert.equal(coversFinding(one, { rule: one.rule }, { ...about, target: { known: one.target }, tags: [] }), true);
      assert.notEqual(decideVerdict([about], [], [{ ...one, rule: 'floor/silence' }]).says, 'allow');
    }),
  );
});

test('no exception covers the failure of a policy', () => {
  fc.assert(
    fc.property(exception, (one) => {
      const about: Effect = {
        verb: one.verb,
        target: { known: one.target },
        count: { min: 1, max: 1 },
        reversal: 'irreversible',
        basis: 'parsed',
        source: 'test',
        summary: 'deletes it',
      };
      const failure: Finding = { layer: 'built-in', rule: POLICY_ERROR, effect: 0, says: 'deny', reason: 'too slow' };
      const opinion = { layer: 'built-in', digest: one.digest, findings: [failure], obligations: [] } as const;
      const verdict = decideVerdict([about], [opinion], [{ ...one, rule: POLICY_ERROR }]);
      assert.equal(verdict.says, 'deny');
      assert.deepEqual(verdict.findings, [failure]);
    }),
  );
});

test('what allows one effect does not allow its neighbour', () => {
  const destroy = (name: string): Effect => ({
    verb: 'destroy',
    target: { known: { system: 'file', kind: 'path', path: [name] } },
    count: { min: 1, max: 1 },
    reversal: 'irreversible',
    basis: 'parsed',
    source: 'catalog/rm',
    summary: `deletes ${name}`,
  });
  const says = decideVerdict(
    [destroy('/w/node_modules'), destroy('/home/ada')],
    [
      {
        layer: 'built-in',
        digest: 'd' as never,
        findings: [{ layer: 'built-in', rule: 'regenerable', effect: 0, says: 'allow', reason: 'made again' }],
        obligations: [],
      },
    ],
    [],
  ).says;
  assert.equal(says, 'hold');
});

test('different resources have different keys', () => {
  fc.assert(
    fc.property(resource, resource, (a, b) => {
      assert.equal(resourceKey(a) === resourceKey(b), JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 2000 },
  );
});
