import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Attempt } from '../../src/core/attempt.ts';
import { type Denial, denialOf, doorShutBy, onlyLooks, refusedWays } from '../../src/core/denial.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Effect, Verb } from '../../src/core/effect.ts';

const file = (path: string) => ({ system: 'file', kind: 'path', path: [path] });
const effect = (verb: Verb, path: string, more: Partial<Effect> = {}): Effect => ({
  verb,
  target: { known: file(path) },
  count: { min: 1, max: 1 },
  reversal: 'irreversible',
  basis: 'parsed',
  source: 'test',
  summary: 'does it',
  ...more,
});
const denial = (path: string, more: Partial<Denial> = {}): Denial => ({
  task: 't',
  verb: 'destroy',
  target: file(path),
  rule: 'floor/destructive',
  atMs: 1,
  ...more,
});
const key = (name: string) => digestOf({ name });

test('a denial meets the thing, its folders and the patterns that take either in, and nothing else', () => {
  const rows: readonly (readonly [target: string, meets: boolean])[] = [
    ['/w/data/precious.txt', true],
    ['/w/data', true],
    ['/w/data/', true],
    ['/w', true],
    ['/', true],
    ['/w/data/*.txt', true],
    ['/w/data/*', true],
    ['/w/d*', true],
    ['/w/da?a', true],
    ['/w/[a-e]ata', true],
    ['/w/data/**/precious*', true],
    ['/w/**/*.txt', true],
    ['/w/data/other.txt', false],
    ['/w/data/*.log', false],
    ['/w/dat', false],
    ['/w/data2', false],
    ['/w/data/precious.txt.bak', false],
    ['/w/data/precious.txt*/x', false],
  ];
  const denials = [denial('/w/data/precious.txt')];
  for (const [target, meets] of rows)
    assert.equal(denialOf(effect('destroy', target), denials) !== undefined, meets, target);
  assert.equal(denialOf(effect('change', '/w/data/precious.txt'), denials), undefined, 'another effect');
  assert.equal(denialOf(effect('destroy', 'x', { target: { unknown: 'who knows' } }), denials), undefined);
});

test('a pattern is matched in bounded time, and one that is the path itself always matches', () => {
  const path = fc.array(fc.constantFrom('a', 'b', '/', '.'), { maxLength: 40 }).map((list) => `/${list.join('')}`);
  fc.assert(
    fc.property(path, path, fc.nat(40), (denied, other, at) => {
      const denials = [denial(denied)];
      const star = `${denied.slice(0, at)}*${denied.slice(at + 1)}`;
      assert.notEqual(denialOf(effect('destroy', star), denials), undefined, `${star} ${denied}`);
      denialOf(effect('destroy', other), denials);
    }),
  );
  denialOf(effect('destroy', `/${'*a'.repeat(2_000)}b`), [denial(`/${'a'.repeat(4_000)}`)]);
});

test('the door shuts at the third attempt at one effect, not at a repeat and not at three different things', () => {
  const ways = (...names: readonly string[]): readonly Denial[] =>
    names.map((name) => denial('/w/a', { attempt: key(name), counted: true }));
  assert.equal(doorShutBy(ways('1', '2')), undefined);
  assert.equal(doorShutBy(ways('1', '1', '1', '2')), undefined);
  assert.notEqual(doorShutBy(ways('1', '2', '3')), undefined);
  const apart = ['/w/a', '/w/b', '/w/c'].map((path, index) => denial(path, { attempt: key(String(index)) }));
  assert.equal(doorShutBy(apart), undefined);
  const person = denial('/w/a', { attempt: key('0'), hold: 'h-aaaaaaaa' });
  assert.equal(doorShutBy([...ways('1', '2'), person])?.hold, 'h-aaaaaaaa', 'the hold by which it is opened');
});

test('a refused attempt counts once for each effect, against the target that was denied', () => {
  const attempt = { key: key('x'), task: 't' } as Attempt;
  const effects = [effect('destroy', '/w'), effect('read', '/w/b'), effect('destroy', '/w/data')];
  const findings = [0, 0, 2].map((at) => ({
    layer: 'session' as const,
    rule: 'session/denied-before',
    effect: at,
    says: 'deny' as const,
    reason: 'x',
  }));
  const refused = { attempt, effects, verdict: { says: 'deny' as const, findings, obligations: [], policies: [] } };
  const known = [denial('/w/data/precious.txt', { attempt: key('first') })];
  const added = refusedWays(refused, known, 5);
  assert.deepEqual(
    added.map((one) => [one.target.path[0], one.attempt, one.counted, one.atMs]),
    [['/w/data/precious.txt', key('x'), true, 5]],
  );
  assert.deepEqual(refusedWays(refused, [...known, ...added], 6), [], 'the honest repeat');
});

test('behind a shut door: reading and looking, and nothing that runs a file', () => {
  const run = (name: string, more: Partial<Effect> = {}): Effect =>
    effect('run', '', {
      target: { known: { system: 'host', kind: 'program', path: [name] } },
      reversal: 'regenerable',
      basis: 'documented',
      ...more,
    });
  const rows: readonly (readonly [readonly Effect[], boolean])[] = [
    [[effect('read', '/w/a'), run('cat')], true],
    [[run('holdpoint status')], true],
    [[run('asks', { tags: ['model'], reversal: 'irreversible' })], true],
    [[run('npm')], false],
    [[run('holdpoint replay')], false],
    [[run('cat'), run('sh', { basis: 'opaque', tags: ['unjudged'] })], false],
    [[effect('create', '/w/a', { reversal: 'regenerable' })], false],
    [[effect('change', '/w/a', { reversal: 'undoable' })], false],
    [[effect('read', '/w/a', { tags: ['guard-tampering'] })], false],
  ];
  for (const [effects, looks] of rows) assert.equal(onlyLooks(effects), looks, JSON.stringify(effects));
});
