import { allReaders } from '../../src/apps/readers.ts';
import type { Action } from '../../src/core/attempt.ts';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { describedApis } from '../../src/languages/described-apis.ts';
import { schemaIndex } from '../../src/languages/graphql/schema/read-schema.ts';
import { openApiIndex } from '../../src/languages/http/openapi/openapi-index.ts';
import type { ReadingContext } from '../../src/languages/reading.ts';

export interface ReaderRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const WARM_UP = 5_000;
const RUNS = 5_000;
const OPERATIONS = 5_000;
const CONTEXT: ReadingContext = { workspace: '', cwd: '', fact: () => undefined };

/** Parse and classify, by text alone: what each request to an API costs before anybody is asked. */
export async function benchReaders(): Promise<readonly ReaderRow[]> {
  const paths: { [path: string]: Json } = {};
  for (let i = 0; i < OPERATIONS; i += 1)
    paths[`/group${i % 50}/{a}/thing${i}/{b}`] = {
      post: { operationId: `settle${i}`, summary: 'Permanently deletes it' },
    };
  const openapi = openApiIndex({ openapi: '3.1.0', servers: [{ url: '/v1' }], paths }, ['api.bench.example']);
  const fields = Array.from({ length: OPERATIONS }, (_, i) => `"Deletes it." settle${i}(id: ID!, input: I): T`).join(
    '\n',
  );
  const schema = schemaIndex(
    `type Query { a: Int } type T { id: ID! name: String longishName: String field(first: Int): T } input I { name: String } type Mutation { ${fields} }`,
  );
  if (!openapi.ok || !schema.ok) throw new Error('the documents of the bench cannot be read');
  const read = await allReaders(
    undefined,
    describedApis([
      {
        name: 'rest',
        hosts: ['api.bench.example'],
        trust: 'declared',
        index: { kind: 'openapi', openapi: openapi.index },
      },
      {
        name: 'graph',
        hosts: ['graph.bench.example'],
        trust: 'declared',
        index: { kind: 'graphql', schema: schema.index, paths: [] },
      },
    ]),
  );
  const selection = Array.from({ length: 60 }, (_, i) =>
    i % 5 === 0 ? `alias${i}: field(first: ${i}) { id name }` : `alias${i}: field { id longishName }`,
  ).join('\n');
  const graphql = (endpoint: string, field: string): Action => ({
    kind: 'graphql',
    bytes: canonicalBytes({
      endpoint,
      query: `mutation M($id: ID!) { ${field} { ${selection} } }`,
      variables: { id: 'x' },
    }),
  });
  const http = (method: string, url: string, body?: string): Action => ({
    kind: 'http',
    bytes: canonicalBytes({ method, url, ...(body === undefined ? {} : { body }) }),
  });
  const cases: readonly (readonly [string, Action])[] = [
    [
      'GraphQL of 2 kB, by our catalogue (Railway)',
      graphql('https://backboard.railway.com/graphql/v2', 'serviceDelete(id: $id)'),
    ],
    [
      `GraphQL of 2 kB, by a schema of ${OPERATIONS} mutations`,
      graphql('https://graph.bench.example/graphql', 'settle4999(id: $id)'),
    ],
    ['GraphQL of 2 kB, by name', graphql('https://other.bench.example/graphql', 'settle(id: $id)')],
    [
      `REST, by a document of ${OPERATIONS} operations`,
      http('POST', 'https://api.bench.example/v1/group49/x/thing4999/y'),
    ],
    [
      'REST, by our catalogue (GitHub)',
      http('PATCH', 'https://api.github.com/repos/a/b/git/refs/heads/main', '{"sha":"a","force":true}'),
    ],
    ['REST, by method', http('DELETE', 'https://other.bench.example/v1/things/7')],
  ];
  return cases.map(([name, action]) => {
    for (let i = 0; i < WARM_UP; i += 1) read(action, CONTEXT);
    const micros: number[] = [];
    for (let i = 0; i < RUNS; i += 1) {
      const startedMs = performance.now();
      read(action, CONTEXT);
      micros.push((performance.now() - startedMs) * 1000);
    }
    micros.sort((a, b) => a - b);
    return { name: `${name} (${action.bytes.length} bytes), p50`, value: micros[RUNS / 2] ?? 0, unit: 'µs' };
  });
}
