import { parseStrictJson } from '../core/strict-json.ts';
import { brief } from './api-actions.ts';
import { schemaIndex } from './graphql/schema/read-schema.ts';
import type { SchemaIndex } from './graphql/schema/schema-index.ts';
import { type OpenApiIndex, type OpenApiResult, openApiIndex } from './http/openapi/openapi-index.ts';
import { fromSwagger, isSwagger } from './http/openapi/swagger.ts';
import { parseYaml, type YamlResult } from './http/openapi/yaml-document.ts';

const MOST_LINES = 50;
/** Arrays in objects in arrays: documents nest deeper than requests. */
const DOCUMENT_DEPTH = 256;

/**
 * An OpenAPI 3 or Swagger 2.0 document from its text, JSON or YAML. Numbers in it mean nothing here, so they may be larger
 * than a double holds.
 */
export function openApiOfText(text: string, hosts: readonly string[]): OpenApiResult {
  const parsed = documentOfText(text);
  if (!parsed.ok) return parsed;
  if (!isSwagger(parsed.value)) return openApiIndex(parsed.value, hosts);
  const converted = fromSwagger(parsed.value);
  return converted.ok ? openApiIndex(converted.document, hosts) : converted;
}

function documentOfText(text: string): YamlResult {
  // A byte order mark is no part of either.
  const plain = text.replace(/^\uFEFF/, '');
  // SECURITY: what begins as JSON is read as JSON alone; YAML would take much of what its rules refuse.
  if (/^\s*[{[]/.test(plain)) {
    const json = parseStrictJson(plain, DOCUMENT_DEPTH, { numbers: 'any' });
    return json.ok ? json : { ok: false, why: `not JSON: ${json.error}` };
  }
  const yaml = parseYaml(plain);
  return yaml.ok ? yaml : { ok: false, why: `not YAML: ${yaml.why}` };
}

/** What one text of a document says otherwise than another, an operation a line, for people. */
export function apiDifferences(
  kind: 'openapi' | 'graphql',
  before: string,
  after: string,
  hosts: readonly string[],
): readonly string[] {
  const old = operationsOf(kind, before, hosts);
  const fresh = operationsOf(kind, after, hosts);
  if (typeof old === 'string') return [`the confirmed text cannot be read: ${old}`];
  if (typeof fresh === 'string') return [`the new text cannot be read: ${fresh}`];
  const lines: string[] = [];
  for (const [name, meaning] of fresh) {
    const known = old.get(name);
    if (known === undefined) lines.push(`\`${brief(name)}\` is new`);
    else if (known !== meaning) lines.push(`\`${brief(name)}\` is described otherwise`);
  }
  for (const name of old.keys()) if (!fresh.has(name)) lines.push(`\`${brief(name)}\` is gone`);
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more`];
}

function operationsOf(
  kind: 'openapi' | 'graphql',
  text: string,
  hosts: readonly string[],
): ReadonlyMap<string, string> | string {
  if (kind === 'openapi') {
    const read = openApiOfText(text, hosts);
    return read.ok ? ofOpenApi(read.index) : read.why;
  }
  const read = schemaIndex(text);
  return read.ok ? ofSchema(read.index) : read.why;
}

function ofOpenApi(index: OpenApiIndex): ReadonlyMap<string, string> {
  return new Map(
    [...index.operations].map(([id, one]) => [
      id,
      JSON.stringify([one.method, one.path, one.summary, one.description, one.owner ?? null]),
    ]),
  );
}

function ofSchema(index: SchemaIndex): ReadonlyMap<string, string> {
  const operations = new Map<string, string>();
  for (const root of [index.query, index.mutation, index.subscription])
    for (const field of index.types.get(root ?? '')?.values() ?? []) {
      const args = [...field.args.values()].map((one) => [one.name, one.type, membersOf(index, one.type)]);
      operations.set(`${root}.${field.name}`, JSON.stringify([field.description, field.type, args]));
    }
  return operations;
}

function membersOf(index: SchemaIndex, type: string): readonly string[] {
  return [...(index.inputs.get(type) ?? [])].map(([name, inner]) => `${name}: ${inner}`);
}
