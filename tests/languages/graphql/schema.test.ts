import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { INTROSPECTION } from '../../../src/adapters/documents/fetch-document.ts';
import type { Json } from '../../../src/core/canonical-json.ts';
import { worstDanger } from '../../../src/core/danger.ts';
import { apiDifferences } from '../../../src/languages/api-differences.ts';
import { describedApis, type Trust } from '../../../src/languages/described-apis.ts';
import { makeGraphqlReader } from '../../../src/languages/graphql/read-graphql.ts';
import { schemaIndex } from '../../../src/languages/graphql/schema/read-schema.ts';
import type { SchemaIndex } from '../../../src/languages/graphql/schema/schema-index.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { actionOf, describeReading, NO_FACTS } from '../api-scenarios.ts';

const SDL = `
"A shop."
type Query { me: User, user(id: ID!): User, deleteHistory(id: ID!): [String]
  "Returns the next message and removes it from the queue."
  pop(queue: ID!): String }
type User { id: ID! name: String posts(first: Int): [String] }
type Mutation {
  "Permanently removes everything that the tenant stored. This cannot be undone."
  finalize(tenantId: ID!): Boolean
  "Delete a persistent volume in a project"
  volumeDelete(volumeId: String!): Boolean @deprecated
  settle(input: DeleteAccountInput!): SettlePayload
  conclude(id: ID!): DeleteThingPayload
  "Creates a note."
  jot(text: String!): Note
  createNote(input: NoteInput!): Note
  frobnify(id: ID!): Note
  "Returns a report."
  report(id: ID!): String
  volumes: VolumeOps
  node(id: ID!): Thing
}
type VolumeOps { spin(name: String): Boolean
  "Wipes a volume." scrubNow(id: ID!): Boolean }
type SettlePayload { ok: Boolean }
type DeleteThingPayload { ok: Boolean }
type Note { id: ID! children(first: Int): [Note] }
union Thing = Note | User
input DeleteAccountInput { id: ID! }
input NoteInput { title: String nested: NoteInput }
type Subscription { ticks: Int }
`;
const ENDPOINT = 'https://shop.example/graphql';

function indexOf(text: string): SchemaIndex {
  const result = schemaIndex(text);
  assert.ok(result.ok, result.ok ? '' : result.why);
  return result.index;
}

function apisOf(trust: Trust, text = SDL) {
  return describedApis([
    {
      name: 'shop',
      hosts: ['shop.example'],
      trust,
      index: { kind: 'graphql', schema: indexOf(text), paths: ['/graphql'] },
    },
  ]);
}

const read = makeGraphqlReader(apisOf('declared'));
const readFetched = makeGraphqlReader(apisOf('fetched'));
const INTROSPECTED = JSON.stringify({ data: introspectionFromSchema(buildSchema(SDL)) });
const readIntrospected = makeGraphqlReader(apisOf('declared', INTROSPECTED));

type Row = readonly [note: string, query: string, want: string, wantFetched?: string];
const TABLE: readonly Row[] = [
  ['a name that says nothing, a text that says all', 'mutation { finalize(tenantId: "t") }', 'destructive'],
  ['through an alias', 'mutation { hello: finalize(tenantId: "t") }', 'destructive'],
  ['through a fragment', 'mutation { ...F } fragment F on Mutation { finalize(tenantId: "t") }', 'destructive'],
  ['deprecated is as good as not', 'mutation { volumeDelete(volumeId: "v") }', 'destructive'],
  ['an argument type that says so', 'mutation { settle(input: {id: "a"}) { ok } }', 'destructive'],
  ['a return type that says so', 'mutation { conclude(id: "a") { ok } }', 'destructive'],
  ['a creation by its text', 'mutation { jot(text: "x") { id } }', 'harmless', 'opaque'],
  [
    'a creation by its name',
    'mutation { createNote(input: {title: "x"}) { id children(first: 2) { id } } }',
    'harmless',
  ],
  ['a mutation that says nothing', 'mutation { frobnify(id: "n") { id } }', 'opaque'],
  ['a mutation that says it only reads', 'mutation { report(id: "n") }', 'opaque'],
  ['a namespace', 'mutation { volumes { spin(name: "x") } }', 'opaque'],
  ['a namespace whose field deletes', 'mutation { volumes { a: spin(name: "x") scrubNow(id: "v") } }', 'destructive'],
  ['a field that is not in the schema', 'mutation { teleport(id: "n") }', 'opaque'],
  ['a field below that is not in the schema', 'mutation { createNote(input: {title: "x"}) { zap(id: 1) } }', 'opaque'],
  [
    'an argument that is not in the schema',
    'mutation { createNote(input: {title: "x"}, force: true) { id } }',
    'opaque',
  ],
  [
    'a member that is not in the schema',
    'mutation { createNote(input: {title: "x", nested: {purge: true}}) { id } }',
    'opaque',
  ],
  ['a query', '{ me { id posts(first: 3) } user(id: "u") { name } }', 'harmless'],
  ['a query that is named like a deletion', '{ deleteHistory(id: "u") }', 'harmless', 'opaque'],
  ['a query whose text says that it deletes', '{ pop(queue: "q") }', 'opaque'],
  ['a query for a field that is not in the schema', '{ me { id } teleport }', 'opaque'],
  ['a subscription', 'subscription { ticks }', 'harmless'],
  ['introspection', '{ __schema { queryType { name } } }', 'harmless'],
];

describe('graphql by schema', () => {
  for (const [note, query, want, wantFetched] of TABLE)
    it(`${want}: ${note}`, () => {
      const action = actionOf('graphql', { endpoint: ENDPOINT, query });
      const reading = read(action, NO_FACTS);
      assert.equal(worstDanger(reading.effects), want, describeReading(reading));
      assert.equal(worstDanger(readFetched(action, NO_FACTS).effects), wantFetched ?? want, 'as the server says it');
      const seen = readIntrospected(action, NO_FACTS);
      assert.equal(worstDanger(seen.effects), want, 'the same schema, introspected');
    });

  it('names the target, and asks for the text of what is dangerous', () => {
    const { effects, questions } = read(
      actionOf('graphql', {
        endpoint: ENDPOINT,
        query: 'mutation($i: String!) { x: volumeDelete(volumeId: $i) }',
        variables: { i: 'v1' },
      }),
      NO_FACTS,
    );
    assert.deepEqual(effects[0]?.target, { known: { system: 'shop', kind: 'volume', path: ['v1'] } });
    assert.deepEqual(questions, [
      { check: 'documentation', about: { system: 'api', kind: 'operation', path: ['shop', 'Mutation.volumeDelete'] } },
    ]);
    const final = read(
      actionOf('graphql', { endpoint: ENDPOINT, query: 'mutation { finalize(tenantId: "t") }' }),
      NO_FACTS,
    );
    assert.equal(final.effects[0]?.reversal, 'irreversible');
  });

  it('adds the text of a schema to a catalogue, and takes nothing away', () => {
    const sdl = 'type Query { a: Int } type Mutation { "Reads a volume." volumeDelete(volumeId: String!): Boolean }';
    const apis = describedApis([
      {
        name: 'rw',
        hosts: ['backboard.railway.com'],
        trust: 'declared',
        index: { kind: 'graphql', schema: indexOf(sdl), paths: [] },
      },
    ]);
    const action = actionOf('graphql', {
      endpoint: 'https://backboard.railway.com/graphql/v2',
      query: 'mutation { volumeDelete(volumeId: "v") }',
    });
    const reading = makeGraphqlReader(apis)(action, NO_FACTS);
    assert.equal(worstDanger(reading.effects), 'destructive');
    assert.ok(reading.questions.some((one) => one.about.system === 'api'));
  });

  it('is for its own host and path', () => {
    for (const endpoint of [
      'https://shop.example/other',
      'https://shop.example:444/graphql',
      'https://else.example/graphql',
    ])
      assert.equal(
        read(actionOf('graphql', { endpoint, query: 'mutation { finalize(tenantId: "t") }' }), NO_FACTS).effects[0]
          ?.source,
        'graphql/mutation-name',
      );
    const http = makeHttpReader({ apis: apisOf('declared') });
    const body = JSON.stringify([{ query: '{ me { id } }' }, { query: 'mutation { finalize(tenantId: "t") }' }]);
    const reading = http(actionOf('http', { method: 'POST', url: ENDPOINT, body }), NO_FACTS);
    assert.equal(reading.effects[1]?.source, 'graphql:shop#Mutation.finalize', describeReading(reading));
  });

  it('asks a server for all that it reads', () => {
    assert.match(INTROSPECTION, /includeDeprecated: true/);
    assert.doesNotThrow(() => indexOf(INTROSPECTED));
  });

  it('says what another schema says otherwise', () => {
    const after = SDL.replace(
      'frobnify(id: ID!): Note',
      'frobnify(id: ID!, wipe: Boolean): Note\n explode: Boolean',
    ).replace('  "Creates a note."\n  jot(text: String!): Note\n', '');
    assert.deepEqual(apiDifferences('graphql', SDL, after, []), [
      '`Mutation.frobnify` is described otherwise',
      '`Mutation.explode` is new',
      '`Mutation.jot` is gone',
    ]);
    assert.deepEqual(apiDifferences('graphql', SDL, SDL, []), []);
    assert.match(apiDifferences('graphql', SDL, 'type', [])[0] ?? '', /cannot be read/);
  });

  it('never throws for a schema, and bounds it', () => {
    const piece = fc.constantFrom(
      'type Mutation {',
      '}',
      'a(x: [Int!]!): B',
      '"""text"""',
      'extend schema',
      'input I { a: I }',
      'union U = A',
      '@d',
      ':',
      '"',
    );
    fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (parts) => void schemaIndex(parts.join('\n'))));
    const json = fc.json().map((text) => `{"data":{"__schema":{"types":[${text}],"mutationType":{"name":"M"}}}}`);
    fc.assert(fc.property(json, (text) => void schemaIndex(text)));
    const nested: Json[] = [];
    for (let depth = 0; depth < 30; depth += 1) nested.push({});
    const types = Array.from({ length: 20_001 }, (_, at) => `type T${at} { a: Int }`).join('\n');
    const giant = schemaIndex(`${types}\ntype Query { a: Int }`);
    assert.ok(!giant.ok && /more than 20000 types/.test(giant.why));
    const deep = schemaIndex(`type Query { a: ${'['.repeat(50_000)}Int${']'.repeat(50_000)} }`);
    assert.ok(!deep.ok);
  });

  it('is bounded for requests: depth, aliases, fragments in a circle', () => {
    for (const query of [
      `mutation { volumes { ${'a { '.repeat(60)} b ${'}'.repeat(60)} } }`,
      `mutation { ${Array.from({ length: 2_000 }, (_, at) => `a${at}: jot(text: "x") { id }`).join(' ')} }`,
      'mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A }',
    ])
      assert.equal(worstDanger(read(actionOf('graphql', { endpoint: ENDPOINT, query }), NO_FACTS).effects), 'opaque');
  });
});
