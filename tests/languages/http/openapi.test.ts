import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../../src/core/canonical-json.ts';
import { dangerOf, worstDanger } from '../../../src/core/danger.ts';
import { openApiOfText } from '../../../src/languages/api-differences.ts';
import { describedApis, type Trust } from '../../../src/languages/described-apis.ts';
import { findOperation, type OpenApiIndex, openApiIndex } from '../../../src/languages/http/openapi/openapi-index.ts';
import { addPath, findPath, newPathTree } from '../../../src/languages/http/path-tree.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import type { Reading } from '../../../src/languages/reading.ts';
import { loadSqlParser } from '../../../src/languages/sql/read-sql.ts';
import { actionOf, describeReading, NO_FACTS } from '../api-scenarios.ts';

const HOST = 'api.acme.example';
const ACME: Json = {
  openapi: '3.1.0',
  info: { title: 'Acme', version: '1' },
  servers: [
    {
      url: 'https://{region}.acme.example/{version}',
      variables: { region: { default: 'api' }, version: { default: 'v1', enum: ['v1', 'v2'] } },
    },
  ],
  paths: {
    '/volumes': {
      post: { operationId: 'createVolume', summary: 'Create a volume' },
      get: { operationId: 'listVolumes' },
    },
    '/volumes/search': { post: { operationId: 'searchVolumes', summary: 'Search volumes' } },
    '/volumes/{volumeId}': {
      get: { operationId: 'getVolume', summary: 'Get a volume' },
      delete: { operationId: 'deleteVolume', summary: 'Delete a volume', description: 'This cannot be undone.' },
      post: { operationId: 'updateVolume', summary: 'Update a volume' },
    },
    '/volumes/{volumeId}/settle': {
      post: { operationId: 'settle', summary: 'Permanently deletes what the volume held' },
    },
    '/volumes/{volumeId}:freeze': {
      post: {
        operationId: 'freeze',
        summary: 'Freezes a volume, and removes its snapshots',
        'x-holdpoint': { verb: 'read' },
      },
    },
    '/jobs/{job}/next': { get: { operationId: 'nextTask', summary: 'Fetches and deletes the next task' } },
    '/jobs/{job}/run': {
      post: {
        operationId: 'kick',
        'x-holdpoint': { verb: 'destroy', target: { kind: 'queue', ids: ['job'] }, reversal: 'irreversible' },
      },
    },
    '/jobs/{job}/glimpse': { post: { operationId: 'glance', 'x-holdpoint': { verb: 'read' } } },
    '/jobs/{job}/stop': { delete: { operationId: 'stopJob', 'x-holdpoint': { verb: 'read', reversal: 'undoable' } } },
    '/jobs/{job}/odd': { post: { operationId: 'odd', summary: 'Search', 'x-holdpoint': { verb: 'frobnicate' } } },
    '/projects/{group}/{project}': { delete: { operationId: 'deleteProject' } },
    '/tenants/{tenant}': { $ref: '#/components/pathItems/tenant' },
  },
  components: {
    pathItems: {
      tenant: {
        post: {
          operationId: 'closeTenant',
          summary: 'Closes a tenant',
          description: 'All its data will be erased.',
          deprecated: true,
        },
      },
    },
  },
};

function indexOf(document: Json, hosts = [HOST]): OpenApiIndex {
  const result = openApiIndex(document, hosts);
  assert.ok(result.ok, result.ok ? '' : result.why);
  return result.index;
}

function readerOf(document: Json, trust: Trust = 'declared') {
  const openapi = indexOf(document);
  const apis = describedApis([{ name: 'acme', hosts: [HOST], trust, index: { kind: 'openapi', openapi } }]);
  const read = makeHttpReader({ apis });
  return (method: string, path: string, body?: Json): Reading =>
    read(
      actionOf('http', {
        method,
        url: /^https?:/.test(path) ? path : `https://${HOST}${path}`,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
      NO_FACTS,
    );
}

describe('openapi documents', () => {
  before(loadSqlParser);
  const declared = readerOf(ACME);
  const fetched = readerOf(ACME, 'fetched');

  const TABLE: readonly (readonly [
    note: string,
    method: string,
    path: string,
    want: string,
    verb: string,
    wantFetched?: string,
  ])[] = [
    ['a deletion', 'DELETE', '/v1/volumes/v7', 'destructive', 'destroy'],
    ['under the other server', 'DELETE', '/v2/volumes/v7', 'destructive', 'destroy'],
    ['a read', 'GET', '/v1/volumes/v7', 'harmless', 'read'],
    ['a search by POST', 'POST', '/v1/volumes/search', 'harmless', 'read', 'harmless'],
    ['a POST to a parameter beside it', 'POST', '/v1/volumes/v7', 'destructive', 'change'],
    ['a creation', 'POST', '/v1/volumes', 'harmless', 'create', 'opaque'],
    ['a POST whose text says that it deletes', 'POST', '/v1/volumes/v7/settle', 'destructive', 'destroy'],
    ['a GET whose text says that it deletes', 'GET', '/v1/jobs/j/next', 'destructive', 'destroy'],
    ['a POST that its owner calls a deletion', 'POST', '/v1/jobs/j/run', 'destructive', 'destroy'],
    ['a POST that its owner calls a read', 'POST', '/v1/jobs/j/glimpse', 'harmless', 'read', 'opaque'],
    ['a DELETE that its owner calls a read', 'DELETE', '/v1/jobs/j/stop', 'destructive', 'destroy'],
    ['an extension that cannot be read', 'POST', '/v1/jobs/j/odd', 'destructive', 'destroy'],
    ['a text that says worse than the owner', 'POST', '/v1/volumes/v7:freeze', 'destructive', 'destroy'],
    ['a path item elsewhere in the document', 'POST', '/v1/tenants/t1', 'destructive', 'destroy'],
    ['a mutating call that is not listed', 'POST', '/v1/volumes/v7/clone', 'opaque', 'run'],
    ['a call that is not listed and reads by its name', 'POST', '/v1/things/search', 'opaque', 'run'],
    ['a DELETE that is not listed', 'DELETE', '/v1/things/7', 'destructive', 'destroy'],
    ['a GET that is not listed', 'GET', '/v1/things/7', 'harmless', 'read'],
    ['a path outside every server', 'POST', '/other/customers/search', 'harmless', 'read'],
  ];
  for (const [note, method, path, want, verb, wantFetched] of TABLE)
    it(`${want}: ${note}`, () => {
      const reading = declared(method, path);
      assert.equal(worstDanger(reading.effects), want, describeReading(reading));
      assert.ok(
        reading.effects.some((effect) => effect.verb === verb),
        describeReading(reading),
      );
      assert.equal(worstDanger(fetched(method, path).effects), wantFetched ?? want, 'as the server says it');
    });

  it('names target, way back and the operation itself', () => {
    const [effect] = declared('DELETE', '/v1/volumes/v7').effects;
    assert.deepEqual(effect?.target, { known: { system: 'acme', kind: 'volume', path: ['v7'] } });
    assert.equal(effect?.reversal, 'irreversible');
    assert.equal(effect?.source, 'openapi:acme#deleteVolume');
    assert.deepEqual(declared('DELETE', '/v1/volumes/v7').questions, [
      { check: 'documentation', about: { system: 'api', kind: 'operation', path: ['acme', 'deleteVolume'] } },
    ]);
    assert.deepEqual(declared('POST', '/v1/jobs/j9/run').effects[0]?.target, {
      known: { system: 'acme', kind: 'queue', path: ['j9'] },
    });
    assert.deepEqual(declared('GET', '/v1/volumes').questions, [], 'nothing is asked about a read');
  });

  it('is not talked out of an operation by what a body looks like', () => {
    for (const body of [{ query: '{ me { id } }' }, { jsonrpc: '2.0', id: 1, method: 'ping' }, { sql: 'select 1' }]) {
      const reading = declared('POST', '/v1/volumes/v7/settle', body);
      assert.equal(worstDanger(reading.effects), 'destructive', describeReading(reading));
    }
  });

  it('gives the same operation however the path is written, or holds', () => {
    const written = fc.record({
      base: fc.constantFrom('/v1', '/v2', '//v1', '/v1/', '/./v1', '/x/../v1', '/%76%31', '/v1;a=b'),
      segments: fc.constantFrom(
        'volumes/v7/settle',
        'volumes/v7/settl%65',
        '%76olumes/v7/settle',
        'volumes//v7/settle',
        'volumes/v7;x=1/settle',
        'volumes/v%37/settle',
        'volumes/v7/settle%2F',
        'volumes%2Fv7%2Fsettle',
      ),
      tail: fc.constantFrom('', '/', '//', '?a=1', '#x', '/?'),
    });
    fc.assert(
      fc.property(written, ({ base, segments, tail }) => {
        const reading = declared('POST', `${base}/${segments}${tail}`);
        const isNamed = reading.effects.some((effect) => effect.source === 'openapi:acme#settle');
        const isHeld = reading.effects.some((effect) => dangerOf(effect) !== 'harmless');
        assert.ok(isNamed || isHeld, describeReading(reading));
        assert.ok(isHeld, describeReading(reading));
      }),
    );
  });

  it('does not take an opaque call for a read where its path can be cut in two ways', () => {
    const opaque = readerOf({
      openapi: '3.0.0',
      paths: {
        '/a/{x}': { post: { operationId: 'lookup', summary: 'Look up' } },
        '/a/{x}/{y}': { post: { operationId: 'frob', summary: 'Frobs' } },
      },
    });
    assert.equal(worstDanger(opaque('POST', '/a/b').effects), 'harmless');
    assert.equal(worstDanger(opaque('POST', '/a/b%2Fc').effects), 'opaque');
  });

  it('speaks for no host but the declared ones', () => {
    const index = indexOf({
      openapi: '3.0.3',
      servers: [{ url: 'https://other.example/x' }, { url: '/y' }],
      paths: { '/a': { get: {} } },
    });
    assert.deepEqual(
      index.bases.map((one) => one.segments),
      [['y']],
    );
    const elsewhere = readerOf(ACME)('DELETE', 'https://api.other.example/v1/volumes/v7');
    assert.equal(elsewhere.effects[0]?.source, 'http/method');
    assert.equal(readerOf(ACME)('POST', `https://${HOST}:8443/v1/volumes/search`).effects[0]?.source, 'http/method');
  });

  it('prefers the concrete path, and the base path that is longest', () => {
    const index = indexOf({
      openapi: '3.0.3',
      paths: {
        '/a/{x}': { post: { operationId: 'one', servers: [{ url: '/v1' }] }, get: { operationId: 'read' } },
        '/a/b': { post: { operationId: 'two', servers: [{ url: '/v1' }] } },
        '/v1/a/b': { post: { operationId: 'three' } },
        '/f/{name}.json': { get: { operationId: 'mixed' } },
        '/f/{name}': { get: { operationId: 'whole' } },
      },
    });
    const id = (method: string, path: string): string => {
      const found = findOperation(
        index,
        method,
        path.split('/').filter((one) => one !== ''),
      );
      return typeof found === 'string' ? found : found.operation.id;
    };
    assert.deepEqual(
      [
        id('POST', '/v1/a/b'),
        id('POST', '/v1/a/c'),
        id('GET', '/a/b'),
        id('HEAD', '/a/b'),
        id('GET', '/f/x.json'),
        id('GET', '/f/x'),
        id('PUT', '/a/b'),
        id('GET', '/zz'),
      ],
      ['two', 'one', 'read', 'read', 'mixed', 'whole', 'unlisted', 'unlisted'],
    );
  });

  it('refuses what it cannot read, and says why', () => {
    for (const [document, why] of [
      [[], /not a JSON object/],
      [{ swagger: '2.0', paths: {} }, /3\.0 and 3\.1/],
      [{ openapi: '4.0.0', paths: {} }, /3\.0 and 3\.1/],
      [{ openapi: '3.0.0' }, /no `paths`/],
      [{ openapi: '3.0.0', paths: {}, servers: 'x' }, /`servers`/],
      [
        { openapi: '3.0.0', paths: { '/a': { get: { operationId: 'x' } }, '/b': { get: { operationId: 'x' } } } },
        /two operations/,
      ],
    ] as const) {
      const result = openApiIndex(document as unknown as Json, [HOST]);
      assert.ok(!result.ok && why.test(result.why), JSON.stringify(result));
    }
    const circle = openApiIndex(
      { openapi: '3.0.0', paths: { '/a': { $ref: '#/paths/~1b' }, '/b': { $ref: '#/paths/~1a' } } },
      [HOST],
    );
    assert.ok(circle.ok && circle.skipped.length === 2);
    const large = openApiOfText('{"openapi":"3.0.0","paths":{"/a":{"get":{"x":9223372036854775807}}}}', [HOST]);
    assert.ok(large.ok, 'numbers of a document mean nothing here');
  });

  it('is bounded: giant documents, deep paths, many ways to read a path', () => {
    const paths: { [path: string]: Json } = {};
    for (let i = 0; i < 20_001; i += 1) paths[`/p${i}/{id}`] = { get: {} };
    const giant = openApiIndex({ openapi: '3.0.0', paths }, [HOST]);
    assert.ok(!giant.ok && /more than 20000 operations/.test(giant.why));
    const tree = newPathTree<string>();
    for (let bits = 0; bits < 2 ** 10; bits += 1)
      addPath(
        tree,
        `/${Array.from({ length: 10 }, (_, at) => ((bits >> at) & 1 ? 'a' : '{x}')).join('/')}`,
        String(bits),
      );
    addPath(tree, '/{a+}/x/{b+}/x/{c+}/x/{d+}/x/{e+}/y', 'greedy');
    const found = findPath(
      tree,
      Array.from({ length: 10 }, () => 'a'),
    );
    assert.equal(found?.[0]?.value, String(2 ** 10 - 1), 'the most concrete one');
    assert.equal(
      findPath(
        tree,
        Array.from({ length: 60 }, () => 'x'),
      ),
      undefined,
      'more ways than are followed',
    );
    assert.equal(
      findPath(
        tree,
        Array.from({ length: 65 }, () => 'a'),
      ),
      undefined,
    );
  });

  it('makes nothing better, but an opaque call that a declared document explains', () => {
    const words = fc.constantFrom(
      '',
      'List things',
      'Search things',
      'Create a thing',
      'Delete a thing',
      'Permanently removes things',
      'Returns it and deletes it',
      'Send a message',
      'Update it',
      'Get a token',
    );
    const owner = fc.option(
      fc.record({
        verb: fc.constantFrom('read', 'create', 'change', 'destroy', 'expose', 'grant', 'run', 'nonsense'),
        reversal: fc.constantFrom('regenerable', 'undoable', 'safeguardable', 'irreversible', 'unknown'),
      }),
    );
    const rank = { harmless: 0, opaque: 1, destructive: 2 } as const;
    const segment = fc.constantFrom('things', 'search', 'delete', 'tokens', 'messages', 'frob');
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.record({
          operationId: fc.constantFrom('getIt', 'searchIt', 'createIt', 'deleteIt', 'frobIt'),
          summary: words,
          description: words,
          owner,
        }),
        fc.constantFrom<Trust>('declared', 'fetched'),
        fc.option(fc.constantFrom<Json>({ action: 'delete' }, { _method: 'DELETE' }, { q: 1 }), { nil: undefined }),
        (method, segments, { owner: word, ...texts }, trust, body) => {
          const path = `/${segments.join('/')}`;
          const operation: Json = { ...texts, ...(word === null ? {} : { 'x-holdpoint': word }) };
          const document: Json = { openapi: '3.0.0', paths: { [path]: { [method.toLowerCase()]: operation } } };
          const before = worstDanger(
            readerOf({ openapi: '3.0.0', paths: {} })(method, `https://bare.example${path}`, body).effects,
          );
          const reading = readerOf(document, trust)(method, path, body);
          const now = worstDanger(reading.effects);
          const isExplained = before === 'opaque' && trust === 'declared';
          assert.ok(rank[now] >= rank[before] || isExplained, `${before} became ${now}\n${describeReading(reading)}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('never throws for a document', () => {
    const leaf = fc.oneof(
      fc.constantFrom<Json>('3.0.0', '/a/{b}', 'https://api.acme.example/{v}', '#/paths/~1a', '{', null, true, 1),
      fc.string({ unit: 'binary' }),
    );
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            'openapi',
            'paths',
            'servers',
            'url',
            'variables',
            '/a',
            '/{x}',
            '{',
            'get',
            'post',
            'operationId',
            'summary',
            '$ref',
            'x-holdpoint',
            'verb',
            'target',
            'ids',
            '__proto__',
          ),
          tie('tree'),
          { maxKeys: 4 },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, tree, (paths, servers) => {
        openApiIndex({ openapi: '3.0.0', paths, servers }, [HOST]);
        openApiIndex(paths, [HOST]);
      }),
      { numRuns: 500 },
    );
  });
});
