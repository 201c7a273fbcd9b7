import { stringify } from 'yaml';
import type { Json } from '../../../src/core/canonical-json.ts';
import { openApiOfText } from '../../../src/languages/api-differences.ts';
import { parseYaml } from '../../../src/languages/http/openapi/yaml-document.ts';
import { assertSame, type Target } from '../fuzzing.ts';

const HOSTS = ['api.acme.example'];
const DOCUMENT = {
  openapi: '3.1.0',
  servers: [{ url: 'https://{r}.acme.example/{v}', variables: { r: { default: 'api' }, v: { enum: ['v1', 'v2'] } } }],
  paths: {
    '/volumes/{id}': {
      get: { operationId: 'get' },
      delete: { summary: 'Deletes it', 'x-holdpoint': { verb: 'destroy' } },
    },
    '/jobs': { $ref: '#/x/jobs' },
  },
  x: { jobs: { post: { operationId: 'run', description: 'Runs it\nfor long' } } },
};
const SWAGGER = {
  swagger: '2.0',
  host: 'api.acme.example',
  basePath: '/v1',
  schemes: ['https'],
  paths: DOCUMENT.paths,
  x: DOCUMENT.x,
};

/** What it says of each operation, in an order of its own. */
function meaningOf(text: string): string {
  const read = openApiOfText(text, HOSTS);
  if (!read.ok) return `refused`;
  const operations = [...read.index.operations.values()].map((one) => JSON.stringify(one)).sort();
  const bases = read.index.bases.map((base) => base.segments.join('/')).sort();
  return JSON.stringify([operations, bases]);
}

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((one: Json) => reversed(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, one]) => [key, reversed(one as Json)]),
  );
}

function readDocument(input: string): number {
  const meaning = meaningOf(input);
  const isJson = /^\s*[{[]/.test(input);
  let value: Json;
  if (isJson) {
    if (meaning === 'refused') return 1;
    value = JSON.parse(input.replace(/^\uFEFF/, '')) as Json;
  } else {
    const yaml = parseYaml(input.replace(/^\uFEFF/, ''));
    if (!yaml.ok) {
      if (meaning !== 'refused') throw new Error('read although its YAML is not');
      return 1;
    }
    ({ value } = yaml);
  }
  if (typeof value !== 'object' || value === null) return 1;
  // The same document in the other language, and with its keys in another order, says the same.
  assertSame(meaningOf(JSON.stringify(value)), meaning, 'as JSON');
  assertSame(meaningOf(stringify(value, { version: '1.2', aliasDuplicateObjects: false })), meaning, 'as YAML');
  assertSame(meaningOf(JSON.stringify(reversed(value))), meaning, 'with its keys turned round');
  return meaning === 'refused' ? 1 : 0;
}

export const OPENAPI: Target = {
  name: 'openapi',
  seeds: [
    JSON.stringify(DOCUMENT),
    stringify(DOCUMENT),
    JSON.stringify(SWAGGER),
    stringify(SWAGGER),
    '---\na: &a [1, *b]\nb: *a\n',
  ],
  pieces: [
    [
      '&a ',
      '*a',
      '<<: ',
      '!!str ',
      '!x ',
      '- ',
      ': ',
      '? ',
      '|',
      '>-',
      '|+2',
      '"',
      "'",
      '#',
      '%YAML 1.1\n',
      '---\n',
      '...\n',
      '\n',
      '  ',
      '\t',
    ],
    [
      '{',
      '}',
      '[',
      ']',
      ',',
      '~',
      'null',
      '.inf',
      '0o17',
      '0x1f',
      'yes',
      '2020-01-01',
      '__proto__',
      '$ref',
      '"#/paths/~1jobs"',
      '/{a}/{a}',
    ],
    [
      'get:',
      '"post":{"operationId":"x"}',
      'x-holdpoint',
      'swagger',
      'openapi',
      'basePath',
      'servers',
      '{v}',
      '\uFEFF',
      '\u0085',
      '\u2028',
      '\0',
    ],
  ].flat(),
  read: readDocument,
  respell: (input) => [`${input}\n`, `\uFEFF${input}`],
};
