import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Danger, dangerOf, isPlainRead, worstDanger } from '../../src/core/danger.ts';
import type { Effect, Reversal, Verb } from '../../src/core/effect.ts';
import { effect, effects } from './generators.ts';

const target = { known: { system: 'file', kind: 'path', path: ['/w/a'] } };
const plain: Effect = {
  verb: 'read',
  target,
  count: { min: 1, max: 1 },
  reversal: 'irreversible',
  basis: 'parsed',
  source: 'test',
  summary: 'reads it',
};
const VERBS = ['read', 'create', 'change', 'destroy', 'expose', 'grant', 'run'] as const satisfies readonly Verb[];
const REVERSALS = [
  'regenerable',
  'undoable',
  'safeguardable',
  'irreversible',
  'unknown',
] as const satisfies readonly Reversal[];

// Rows: verb. Columns: how it can be undone, in the order of REVERSALS. h harmless, o opaque, D destructive.
const KNOWN_TARGET: Record<Verb, string> = {
  read: 'hhhhh',
  create: 'hhhhh',
  change: 'hhDDD',
  destroy: 'hhDDD',
  expose: 'DDDDD',
  grant: 'DDDDD',
  run: 'hhhhh',
};
const UNKNOWN_TARGET: Record<Verb, string> = { ...KNOWN_TARGET, change: 'hDDDD', destroy: 'hDDDD' };
const LETTERS: Readonly<Record<string, Danger>> = { h: 'harmless', o: 'opaque', D: 'destructive' };

for (const verb of VERBS) {
  test(`${verb} is as dangerous as the table says`, () => {
    for (const [column, reversal] of REVERSALS.entries()) {
      const known = dangerOf({ ...plain, verb, reversal });
      assert.equal(known, LETTERS[KNOWN_TARGET[verb].charAt(column)], `known, ${reversal}`);
      const unknown = dangerOf({ ...plain, verb, reversal, target: { unknown: 'a variable' } });
      assert.equal(unknown, LETTERS[UNKNOWN_TARGET[verb].charAt(column)], `unknown, ${reversal}`);
    }
  });
}

test('a run that is not understood is opaque, unless the record says that it is unjudged', () => {
  assert.equal(dangerOf({ ...plain, verb: 'run', basis: 'opaque' }), 'opaque');
  assert.equal(dangerOf({ ...plain, verb: 'run', basis: 'opaque', tags: ['unjudged'] }), 'harmless');
});

test('tampering with the guard is destructive, whatever else is said of it', () => {
  fc.assert(
    fc.property(effect, (one) => {
      assert.equal(dangerOf({ ...one, tags: [...(one.tags ?? []), 'guard-tampering'] }), 'destructive');
    }),
  );
});

test('not knowing the target never makes an effect less dangerous', () => {
  const rank: Record<Danger, number> = { harmless: 0, opaque: 1, destructive: 2 };
  fc.assert(
    fc.property(effect, (one) => {
      const unknown = dangerOf({ ...one, target: { unknown: 'why' } });
      assert.ok(rank[unknown] >= rank[dangerOf({ ...one, target })]);
    }),
  );
});

test('a list is as dangerous as its worst effect', () => {
  fc.assert(
    fc.property(effects, (list) => {
      const each = list.map(dangerOf);
      const worst = each.includes('destructive') ? 'destructive' : each.includes('opaque') ? 'opaque' : 'harmless';
      assert.equal(worstDanger(list), worst);
      assert.equal(
        isPlainRead(list),
        list.every((one, i) => one.verb === 'read' && each[i] === 'harmless'),
      );
    }),
  );
});
