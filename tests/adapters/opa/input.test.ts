import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { policyInputPage } from '../../../scripts/policy-input-page.ts';
import { schemaText } from '../../../scripts/policy-schema.ts';
import { documentOf } from '../../../src/adapters/opa/input.ts';
import { inputDocument, nonconformances, publishedSchema } from '../../../src/adapters/opa/input-schema.ts';
import { readRecorded } from '../../../src/adapters/opa/recorded.ts';
import type { Json } from '../../../src/core/canonical-json.ts';
import type { Evidence } from '../../../src/core/evidence.ts';
import type { PolicyInput } from '../../../src/ports/policy-engine.ts';
import { effects, exception, resource } from '../../core/generators.ts';
import { attemptOf, effectOf, factOf, HARMLESS, inputOf, NOW_MS } from './policy-world.ts';

const evidence: fc.Arbitrary<Evidence> = fc
  .record({
    check: fc.constantFrom<Evidence['question']['check'][]>('content', 'environment', 'recovery'),
    about: resource,
    answer: fc.oneof(
      fc.jsonValue().map((known) => ({ known: known as Json })),
      fc.string().map((unknown) => ({ unknown })),
    ),
    ageMs: fc.integer({ min: -1_000, max: 100_000 }),
  })
  .map(({ check, about, answer, ageMs }) => ({
    ...factOf(check, { unknown: '' }),
    question: { check, about },
    answer,
    atMs: NOW_MS - ageMs,
  }));

const input: fc.Arbitrary<PolicyInput> = fc
  .record({
    text: fc.string({ unit: 'binary' }),
    kind: fc.constantFrom('shell', 'sql', 'http', 'graphql', 'mcp', 'file', 'git'),
    cwd: fc.option(fc.string(), { nil: undefined }),
    effects,
    evidence: fc.array(evidence, { maxLength: 4 }),
    exceptions: fc.option(fc.array(exception, { maxLength: 2 }), { nil: undefined }),
  })
  .map((parts) => ({
    attempt: attemptOf({
      kind: parts.kind,
      bytes: new TextEncoder().encode(parts.text),
      ...(parts.cwd === undefined ? {} : { cwd: parts.cwd }),
    }),
    effects: parts.effects,
    evidence: parts.evidence,
    nowMs: NOW_MS,
    ...(parts.exceptions === undefined ? {} : { exceptions: parts.exceptions }),
  }));

/** A copy with one thing somewhere in it replaced by anything at all. */
function spoilt(original: PolicyInput, picks: readonly number[], value: unknown): PolicyInput {
  const walk = (node: unknown, depth: number): unknown => {
    if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return value;
    const keys = Object.keys(node);
    const key = keys[(picks[depth] ?? 0) % Math.max(1, keys.length)];
    if (key === undefined || depth >= picks.length) return value;
    const copy: Record<string, unknown> = Array.isArray(node) ? ([...node] as never) : { ...node };
    copy[key] = walk(copy[key], depth + 1);
    return copy;
  };
  return walk(original, 0) as PolicyInput;
}

function textOf(document: ReturnType<typeof documentOf>): string | undefined {
  if (!document.ok) return undefined;
  const text = document.text();
  return text.ok ? text.text : undefined;
}

test('every document that is made conforms to the published schema', () => {
  fc.assert(
    fc.property(input, (one) => {
      const text = textOf(documentOf(one));
      assert.ok(text !== undefined);
      assert.deepEqual(nonconformances(JSON.parse(text)), []);
    }),
    { numRuns: 500 },
  );
});

test('whatever a verifier at fault puts into the input, what is made conforms or nothing is made', () => {
  const seen = { made: 0, refused: 0 };
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(input, fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 }), anything, (one, picks, value) => {
      const text = textOf(documentOf(spoilt(one, picks, value)));
      if (text === undefined) seen.refused += 1;
      else {
        seen.made += 1;
        assert.deepEqual(nonconformances(JSON.parse(text)), [], text);
      }
    }),
    { numRuns: 5_000 },
  );
  assert.ok(seen.made > 100 && seen.refused > 1_000, JSON.stringify(seen));
});

test('the index names what going through everything finds, and nothing else', () => {
  const seen = { pairs: 0, things: 0 };
  // Facts about what the attempt has effects on, or goes through.
  const matching = fc.tuple(input, fc.boolean()).map(([one, isThrough]): PolicyInput => {
    const known = one.effects.flatMap(({ target }) => ('known' in target ? [target.known] : []));
    const facts = one.evidence.map((fact, place): Evidence => {
      const target = known[place % Math.max(1, known.length)];
      if (target === undefined) return fact;
      const ways = [
        { system: target.system, kind: 'database', path: [''] },
        { system: 'database', kind: 'connection', path: ['libpq', '/w'] },
        { system: target.system, kind: 'connection', path: ['/w'] },
      ];
      const about = isThrough ? (ways[place % ways.length] ?? target) : target;
      return { ...fact, question: { ...fact.question, about } };
    });
    return { ...one, evidence: facts };
  });
  fc.assert(
    fc.property(matching, (one) => {
      const document = inputDocument.parse(JSON.parse(textOf(documentOf(one)) ?? ''));
      const hurting = document.effects.filter((effect) => effect.danger === 'destructive');
      const grouped = (names: (effect: (typeof hurting)[number]) => readonly string[]): object => {
        const groups: Record<string, number[]> = {};
        for (const name of new Set(hurting.flatMap(names)))
          groups[name] = hurting.filter((effect) => names(effect).includes(name)).map((effect) => effect.index);
        return groups;
      };
      const at = grouped(({ verb, target, tags }) => [
        ...('known' in target ? (WORDS[verb] ?? []).map((word) => `${word} ${target.known.kind}`) : []),
        ...tags.map((tag) => `tagged ${tag}`),
      ]);
      const bearing = (answer: 'known' | 'unknown'): object => {
        const groups: Record<string, [number, number][]> = {};
        for (const [place, fact] of document.evidence.entries()) {
          if (!(answer in fact.answer)) continue;
          for (const { index, target } of hurting) {
            const isAbout = 'known' in target && isWayThrough(fact.about, target.known.system);
            if (!fact.effects.includes(index) && !isAbout) continue;
            groups[fact.check] = [...(groups[fact.check] ?? []), [index, place]];
          }
        }
        return groups;
      };
      const { keys = [], ...rest } = document.index;
      const want = {
        at,
        destructive: hurting.map((effect) => effect.index),
        opaque: document.effects.filter((effect) => effect.danger === 'opaque').map((effect) => effect.index),
        verbs: grouped(({ verb }) => [verb]),
        known: bearing('known'),
        unknown: bearing('unknown'),
      };
      assert.deepEqual(
        rest,
        Object.fromEntries(Object.entries(want).filter(([, part]) => Object.keys(part).length > 0)),
      );
      const checks = (['known', 'unknown'] as const).flatMap((name) =>
        Object.keys(want[name]).map((check) => `${name} ${check}`),
      );
      assert.deepEqual(new Set(keys), new Set([...Object.keys(at), ...checks]));
      assert.equal(new Set(keys).size, keys.length);
      seen.pairs += checks.length;
      seen.things += Object.keys(at).length;
    }),
    { numRuns: 500 },
  );
  assert.ok(seen.pairs > 20 && seen.things > 200, JSON.stringify(seen));
});

const WORDS: Readonly<Record<string, readonly string[]>> = {
  destroy: ['destroyed', 'altered', 'touched'],
  change: ['changed', 'altered', 'touched'],
  grant: ['granted', 'touched'],
  expose: ['exposed'],
};

function isWayThrough(
  about: { readonly system: string; readonly kind: string; readonly path: readonly string[] },
  system: string,
): boolean {
  if (about.kind === 'connection')
    return about.system === 'database'
      ? ['sql', 'postgres', 'mysql', 'sqlite', 'mssql', 'mongodb', 'redis'].includes(system)
      : about.system === system;
  const isCurrent = ['[""]', '["current"]'].includes(JSON.stringify(about.path));
  return ['database', 'credential'].includes(about.kind) && isCurrent && about.system === system;
}

test('a credential bears on the effects in its system, and a harmless attempt has an empty index', () => {
  const about = { system: 'railway', kind: 'credential', path: ['current'] };
  const fact: Evidence = {
    ...factOf('credential', { known: { broad: true } }),
    question: { check: 'credential', about },
  };
  const indexOf = (one: PolicyInput): unknown => JSON.parse(textOf(documentOf(one)) ?? '').index;
  assert.deepEqual(indexOf(inputOf({ effects: [HARMLESS, effectOf()], evidence: [fact] })), {
    keys: ['destroyed volume', 'altered volume', 'touched volume', 'known credential'],
    at: { 'destroyed volume': [1], 'altered volume': [1], 'touched volume': [1] },
    destructive: [1],
    verbs: { destroy: [1] },
    known: { credential: [[1, 0]] },
  });
  assert.deepEqual(indexOf(inputOf({ effects: [HARMLESS], evidence: [fact] })), {});
});

test('a document without an index gets the one that follows from it, and one with another is refused', () => {
  const text = textOf(documentOf(inputOf({ evidence: [factOf('recovery', { unknown: 'no answer' })] }))) ?? '';
  const { index, ...rest } = JSON.parse(text);
  const without = readRecorded(rest);
  assert.ok(without.ok);
  assert.deepEqual(JSON.parse(without.text), { ...rest, index });
  for (const other of [
    {},
    { ...index, destructive: [] },
    { ...index, keys: [] },
    { ...index, unknown: { content: [[0, 0]] } },
  ]) {
    const refused = readRecorded({ ...rest, index: other });
    assert.ok(!refused.ok);
    assert.match(refused.problems[0]?.message ?? '', /at `index`: it does not follow/);
  }
});

test('what is read back from a document gives the same document', () => {
  fc.assert(
    fc.property(input, (one) => {
      const text = textOf(documentOf(one));
      assert.ok(text !== undefined);
      const recorded = readRecorded(JSON.parse(text));
      assert.ok(recorded.ok);
      assert.deepEqual(JSON.parse(textOf(documentOf(recorded.input)) ?? ''), JSON.parse(text));
    }),
    { numRuns: 300 },
  );
});

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
let deep: unknown = 1;
for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
class Thing {
  readonly x = 1;
}

const REFUSED: readonly (readonly [note: string, input: unknown, why: RegExp])[] = [
  ['cyclic', answered(cyclic), /nested deeper|more than/],
  ['deep', answered(deep), /nested deeper than 64/],
  ['of a class', answered(new Thing()), /not plain data/],
  ['a date', answered(new Date(0)), /not plain data/],
  ['a map, which JSON would empty', answered(new Map([['a', 1]])), /not plain data/],
  ['with a toJSON of its own', answered({ toJSON: () => 1 }), /not plain data/],
  ['a function', answered({ f: () => 1 }), /holds a function/],
  ['not a number', answered(Number.NaN), /the number `NaN`/],
  ['infinite', answered([Number.POSITIVE_INFINITY]), /the number `Infinity`/],
  ['a bigint', answered(1n), /holds a bigint/],
  ['known and undefined', answered(undefined), /evidence\[0\]\.answer/],
  ['wide', answered(Array.from({ length: 200_000 }, () => 0)), /more than 100000 parts/],
  [
    'a getter that throws',
    answered(
      Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () => {
          throw new Error('boom');
        },
      }),
    ),
    /cannot be read: boom/,
  ],
  ['too many effects', inputOf({ effects: Array.from({ length: 257 }, () => effectOf()) }), /257 effects/],
  ['a door that does not exist', inputOf({ attempt: attemptOf({}, { door: 'window' as never }) }), /attempt\.door/],
  ['a count below nothing', inputOf({ effects: [effectOf({ count: { min: -1, max: 1 } })] }), /effects\[0\]\.count/],
  ['a time that is no number', inputOf({ nowMs: Number.NaN }), /now/],
  [
    'a path that is no list',
    inputOf({ effects: [effectOf({ target: { known: { system: 'a', kind: 'b', path: 'c' as never } } })] }),
    /effects\[0\]\.target|cannot be read/,
  ],
];

function answered(known: unknown): PolicyInput {
  return inputOf({ evidence: [{ ...factOf('content', { unknown: '' }), answer: { known: known as never } }] });
}

for (const [note, one, why] of REFUSED) {
  test(`refuses an input that is ${note}`, () => {
    const document = documentOf(one as PolicyInput);
    assert.ok(!document.ok);
    assert.match(document.why, why);
  });
}

test('a document longer than may be is refused where it is asked for, and not where nobody asks', () => {
  const document = documentOf(inputOf({ attempt: attemptOf({ text: 'x'.repeat(17 * 1024 * 1024) }) }));
  assert.ok(document.ok);
  const text = document.text();
  assert.ok(!text.ok);
  assert.match(text.why, /characters, more than 16777216/);
});

test('the words that the agent gives as its purpose are not in it', () => {
  const text = textOf(documentOf(inputOf({ attempt: { ...attemptOf(), statedPurpose: 'only staging, promised' } })));
  assert.ok(text !== undefined && !text.includes('promised'));
});

const good = JSON.parse(
  textOf(documentOf(inputOf({ evidence: [factOf('recovery', { unknown: 'no answer' })] }))) ?? '{}',
);

const FOREIGN: readonly (readonly [note: string, change: (document: typeof good) => unknown, at: RegExp])[] = [
  ['nothing', () => undefined, /at `\.`/],
  ['a text', () => 'x', /at `\.`/],
  ['another schema', (one) => ({ ...one, schema: 'holdpoint/v2' }), /at `schema`/],
  ['a member too many', (one) => ({ ...one, extra: 1 }), /extra/],
  ['a member too few', (one) => ({ ...one, evidence: undefined }), /at `evidence`/],
  [
    'a verb that does not exist',
    (one) => ({ ...one, effects: [{ ...one.effects[0], verb: 'delete' }] }),
    /at `effects\[0\]\.verb`/,
  ],
  [
    'an answer that is neither',
    (one) => ({ ...one, evidence: [{ ...one.evidence[0], answer: {} }] }),
    /at `evidence\[0\]\.answer/,
  ],
  [
    'a danger played down',
    (one) => ({ ...one, effects: [{ ...one.effects[0], danger: 'harmless' }] }),
    /at `effects\[0\]\.danger`: it should be `destructive`/,
  ],
  ['harmless where it is not', (one) => ({ ...one, harmless: true }), /at `harmless`: it should be false/],
  [
    'an index that is not its own',
    (one) => ({ ...one, effects: [{ ...one.effects[0], index: 1 }] }),
    /at `effects\[0\]\.index`/,
  ],
  [
    'a depth without end',
    (one) => ({ ...one, evidence: [{ ...one.evidence[0], answer: { known: deep } }] }),
    /too deep/,
  ],
  ['a cycle', (one) => ({ ...one, effects: cyclic }), /too deep/],
];

for (const [note, change, at] of FOREIGN) {
  test(`a document from elsewhere with ${note} is refused with its place`, () => {
    const recorded = readRecorded(change(structuredClone(good)));
    assert.ok(!recorded.ok);
    assert.match(recorded.problems.map((one) => one.message).join('\n'), at);
  });
}

test('the published schema is the one of the program', () => {
  assert.equal(
    readFileSync(new URL('../../../policy/schema/holdpoint-v1.schema.json', import.meta.url), 'utf8'),
    schemaText(),
  );
});

test('the page about the input shows what the program makes, one of each kind, and each conforms', async () => {
  const page = await policyInputPage();
  assert.equal(readFileSync(new URL('../../../docs/policy-input.md', import.meta.url), 'utf8'), page);
  const shown = [...page.matchAll(/```json\n(.*?)\n```/gs)].map((one) => JSON.parse(one[1] ?? ''));
  assert.deepEqual(shown.map((one) => String(one.attempt.action.kind)).sort(), [
    'file',
    'git',
    'graphql',
    'http',
    'mcp',
    'shell',
    'sql',
  ]);
  for (const one of shown) assert.deepEqual(nonconformances(one), []);
});

test('the published schema is tight and says what each member is', () => {
  const loose: string[] = [];
  const walk = (node: Json | undefined, at: string): void => {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const schema = node as { readonly [name: string]: Json | undefined };
    if (schema['type'] === 'object' && schema['additionalProperties'] !== false) loose.push(at);
    for (const [name, member] of Object.entries((schema['properties'] ?? {}) as object))
      walk(member as Json, `${at}.${name}`);
    walk(schema['items'], `${at}[]`);
    for (const part of (schema['anyOf'] ?? []) as readonly Json[]) walk(part, at);
  };
  const schema = publishedSchema();
  walk(schema, 'input');
  // What things there are nobody lists.
  assert.deepEqual(loose, ['input.index.at']);
  assert.deepEqual(schema['required'], Object.keys(inputDocument.shape));
});
