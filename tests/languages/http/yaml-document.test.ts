import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { openApiOfText } from '../../../src/languages/api-differences.ts';
import { findOperation } from '../../../src/languages/http/openapi/openapi-index.ts';
import { parseYaml, YAML_LIMITS } from '../../../src/languages/http/openapi/yaml-document.ts';

const HOST = 'api.acme.example';
const PATHS = {
  '/volumes/{id}': {
    get: { operationId: 'getVolume', responses: { 200: { description: 'it' } } },
    delete: { operationId: 'deleteVolume', summary: 'Deletes a volume', deprecated: true },
  },
  '/volumes': { $ref: '#/x-items/volumes' },
};
const MORE = {
  'x-items': { volumes: { post: { operationId: 'createVolume' } } },
  info: { title: 'Acme', version: '1' },
};
const OPENAPI3 = { openapi: '3.0.3', servers: [{ url: `https://${HOST}/v1` }], paths: PATHS, ...MORE };
const SWAGGER = { swagger: '2.0', host: HOST, basePath: '/v1', schemes: ['https', 'http'], paths: PATHS, ...MORE };

describe('documents in YAML', () => {
  it('say the same as in JSON', () => {
    const json = openApiOfText(JSON.stringify(OPENAPI3), [HOST]);
    for (const text of [
      stringify(OPENAPI3),
      `\uFEFF---\n${stringify(OPENAPI3)}...\n`,
      stringify(OPENAPI3, { defaultStringType: 'QUOTE_SINGLE' }),
    ])
      assert.deepEqual(openApiOfText(text, [HOST]), json);
    assert.ok(json.ok && json.index.operations.size === 3);
  });

  it('come back as the values that were written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const read = parseYaml(stringify(value, { version: '1.2', schema: 'core' }));
        // As JSON text: that has no negative zero.
        assert.ok(read.ok);
        assert.deepEqual(JSON.parse(JSON.stringify(read.value)), JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });

  it('keep to one meaning, and to their limits', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
      .concat(Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`))
      .join('\n');
    for (const [text, why] of [
      ['a: 1\na: 2', /duplicate key `a`/],
      ['200: x\n"200": y', /duplicate key `200`/],
      ['<<: {a: 1}', /merge key/],
      ['%YAML 1.1\n---\na: yes', /directive/],
      ['a: !!binary aGk=', /tag/i],
      ['a: !!str 1', /tag/],
      ['!!map {a: 1}', /tag/],
      ['a: !own x', /tag/i],
      ['a: 1\n---\nb: 2', /document/i],
      ['? [a]\n: 1', /no text/],
      ['a: *nowhere', /alias/i],
      ['a: &a [*a]', /alias/i],
      [bomb, /aliases counted out|too many/],
      ['['.repeat(100_000), /nested|flow|stack/i],
      [`a: ${'['.repeat(300)}${']'.repeat(300)}`, /nested deeper/],
      ['- a: 1\n b: 2', /at \d+/],
      ['a: "\\x"', /at \d+/],
      ['a:\n\t- b', /at \d+/],
      ['x'.repeat(YAML_LIMITS.chars + 1), /larger/],
    ] as const) {
      const read = parseYaml(text);
      assert.ok(!read.ok && why.test(read.why), `${text.slice(0, 40)}: ${JSON.stringify(read).slice(0, 200)}`);
    }
  });

  it('make own properties of every key', () => {
    const read = parseYaml('__proto__: {x: 1}\nconstructor: 2');
    assert.ok(read.ok && Object.getPrototypeOf(read.value) === Object.prototype);
    assert.deepEqual(Object.keys(read.value as object), ['__proto__', 'constructor']);
  });

  it('are not tried where a text begins as JSON', () => {
    const read = openApiOfText('{openapi: 3.0.0, paths: {}}', [HOST]);
    assert.ok(!read.ok && /not JSON/.test(read.why));
  });
});

describe('Swagger 2.0', () => {
  it('is read as the OpenAPI 3 that says the same', () => {
    const want = openApiOfText(JSON.stringify(OPENAPI3), [HOST]);
    assert.deepEqual(openApiOfText(JSON.stringify(SWAGGER), [HOST]), want);
    assert.deepEqual(openApiOfText(stringify(SWAGGER), [HOST]), want);
  });

  it('puts its paths below `basePath`, whatever the scheme', () => {
    for (const [more, path, found] of [
      [{}, ['v1', 'volumes', '7'], 'deleteVolume'],
      [{}, ['volumes', '7'], 'outside'],
      [{ basePath: undefined }, ['volumes', '7'], 'deleteVolume'],
      [{ basePath: '/' }, ['volumes', '7'], 'deleteVolume'],
      [{ host: undefined }, ['v1', 'volumes', '7'], 'deleteVolume'],
      [{ schemes: undefined }, ['v1', 'volumes', '7'], 'deleteVolume'],
      [{ host: 'other.example:8443' }, ['v1', 'volumes', '7'], 'deleteVolume'],
    ] as const) {
      const read = openApiOfText(JSON.stringify({ ...SWAGGER, ...more }), [HOST]);
      assert.ok(read.ok, JSON.stringify(read));
      const one = findOperation(read.index, 'DELETE', path);
      assert.equal(typeof one === 'string' ? one : one.operation.id, found, JSON.stringify(more));
    }
  });

  it('is refused where it is not one', () => {
    for (const [more, why] of [
      [{ swagger: '1.2' }, /not 2\.0/],
      [{ swagger: 2 }, /not 2\.0/],
      [{ openapi: '3.0.0' }, /two versions/],
      [{ basePath: 'v1' }, /basePath/],
      [{ basePath: ['/v1'] }, /basePath/],
      [{ host: 'a/b' }, /host/],
      [{ host: '{region}.acme.example' }, /host/],
      [{ schemes: 'https' }, /schemes/],
      [{ schemes: ['gopher'] }, /schemes/],
      [{ paths: [] }, /paths/],
    ] as const) {
      const read = openApiOfText(JSON.stringify({ ...SWAGGER, ...more }), [HOST]);
      assert.ok(!read.ok && why.test(read.why), JSON.stringify([more, read]));
    }
  });
});
