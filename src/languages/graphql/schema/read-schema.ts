import { type DefinitionNode, Kind, parse, type TypeNode } from 'graphql';
import type { Json } from '../../../core/canonical-json.ts';
import { LIMITS } from '../../../core/limits.ts';
import { parseStrictJson } from '../../../core/strict-json.ts';
import { isJsonObject, type JsonObject } from '../../api-actions.ts';
import { SCHEMA_LIMITS, type SchemaArgument, type SchemaField, type SchemaIndex, schemaField } from './schema-index.ts';

export type SchemaResult =
  | { readonly ok: true; readonly index: SchemaIndex }
  | { readonly ok: false; readonly why: string };

/** Reads a schema: SDL, or the JSON answer to an introspection query. Pure; `text` is bounded by whoever reads it. */
export function schemaIndex(text: string): SchemaResult {
  const parts = /^\s*\{/.test(text) ? ofIntrospection(text) : ofSdl(text);
  if (typeof parts === 'string') return { ok: false, why: parts };
  const { types, inputs, roots } = parts;
  if (types.size + inputs.size > SCHEMA_LIMITS.types)
    return { ok: false, why: `more than ${SCHEMA_LIMITS.types} types` };
  let fields = 0;
  for (const one of types.values()) fields += one.size;
  if (fields > SCHEMA_LIMITS.fields) return { ok: false, why: `more than ${SCHEMA_LIMITS.fields} fields` };
  const root = (kind: 'query' | 'mutation' | 'subscription', usual: string): string | undefined => {
    const named = roots.get(kind);
    return named ?? (roots.size === 0 && types.has(usual) ? usual : undefined);
  };
  const index = {
    query: root('query', 'Query'),
    mutation: root('mutation', 'Mutation'),
    subscription: root('subscription', 'Subscription'),
    types,
    inputs,
  };
  if (index.query === undefined && index.mutation === undefined)
    return { ok: false, why: 'the schema has no root type' };
  return { ok: true, index };
}

interface Parts {
  readonly types: Map<string, Map<string, SchemaField>>;
  readonly inputs: Map<string, Map<string, string>>;
  readonly roots: Map<string, string>;
}

function ofSdl(text: string): Parts | string {
  let definitions: readonly DefinitionNode[];
  try {
    definitions = parse(text, { noLocation: true, maxTokens: SCHEMA_LIMITS.tokens }).definitions;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0]?.slice(0, 160) ?? 'not parsed') : 'not parsed';
  }
  const parts: Parts = { types: new Map(), inputs: new Map(), roots: new Map() };
  for (const definition of definitions) {
    switch (definition.kind) {
      case Kind.SCHEMA_DEFINITION:
      case Kind.SCHEMA_EXTENSION:
        for (const one of definition.operationTypes ?? []) parts.roots.set(one.operation, one.type.name.value);
        break;
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.OBJECT_TYPE_EXTENSION:
      case Kind.INTERFACE_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_EXTENSION: {
        const fields = parts.types.get(definition.name.value) ?? new Map<string, SchemaField>();
        parts.types.set(definition.name.value, fields);
        for (const field of definition.fields ?? [])
          fields.set(
            field.name.value,
            schemaField({
              name: field.name.value,
              description: (field.description?.value ?? '').slice(0, SCHEMA_LIMITS.textChars),
              type: bareType(field.type),
              args: new Map(
                (field.arguments ?? []).map((one) => [
                  one.name.value,
                  { name: one.name.value, type: bareType(one.type) },
                ]),
              ),
            }),
          );
        break;
      }
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      case Kind.INPUT_OBJECT_TYPE_EXTENSION: {
        const members = parts.inputs.get(definition.name.value) ?? new Map<string, string>();
        parts.inputs.set(definition.name.value, members);
        for (const field of definition.fields ?? []) members.set(field.name.value, bareType(field.type));
        break;
      }
      default:
        break;
    }
  }
  return parts;
}

function bareType(node: TypeNode): string {
  let here = node;
  while (here.kind !== Kind.NAMED_TYPE) here = here.type;
  return here.name.value;
}

function ofIntrospection(text: string): Parts | string {
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) return parsed.error;
  const outer = isJsonObject(parsed.value) ? parsed.value : {};
  const data = isJsonObject(outer['data']) ? outer['data'] : outer;
  const schema = data['__schema'];
  if (!isJsonObject(schema) || !Array.isArray(schema['types'])) return 'no `__schema` with its types';
  const parts: Parts = { types: new Map(), inputs: new Map(), roots: new Map() };
  for (const [kind, member] of [
    ['query', 'queryType'],
    ['mutation', 'mutationType'],
    ['subscription', 'subscriptionType'],
  ] as const) {
    const root = schema[member];
    if (isJsonObject(root) && typeof root['name'] === 'string') parts.roots.set(kind, root['name']);
  }
  for (const type of schema['types'] as readonly Json[]) {
    if (!isJsonObject(type) || typeof type['name'] !== 'string') return 'a type without a name';
    const { name, fields, inputFields } = type as JsonObject & { readonly name: string };
    if (Array.isArray(fields)) {
      const named = namedFields(fields as readonly Json[]);
      if (named === undefined) return `type \`${name.slice(0, 80)}\` has a field that cannot be read`;
      parts.types.set(name, named);
    }
    if (Array.isArray(inputFields)) {
      const members = namedTypes(inputFields as readonly Json[]);
      if (members === undefined) return `type \`${name.slice(0, 80)}\` has a member that cannot be read`;
      parts.inputs.set(name, new Map([...members.values()].map((one) => [one.name, one.type])));
    }
  }
  return parts;
}

function namedFields(fields: readonly Json[]): Map<string, SchemaField> | undefined {
  const named = new Map<string, SchemaField>();
  for (const field of fields) {
    if (!isJsonObject(field) || typeof field['name'] !== 'string') return undefined;
    const type = typeName(field['type']);
    const args = namedTypes(Array.isArray(field['args']) ? (field['args'] as readonly Json[]) : []);
    if (type === undefined || args === undefined) return undefined;
    const { description } = field;
    const text = typeof description === 'string' ? description.slice(0, SCHEMA_LIMITS.textChars) : '';
    named.set(field['name'], schemaField({ name: field['name'], description: text, type, args }));
  }
  return named;
}

function namedTypes(values: readonly Json[]): Map<string, SchemaArgument> | undefined {
  const named = new Map<string, SchemaArgument>();
  for (const value of values) {
    if (!isJsonObject(value) || typeof value['name'] !== 'string') return undefined;
    const type = typeName(value['type']);
    if (type === undefined) return undefined;
    named.set(value['name'], { name: value['name'], type });
  }
  return named;
}

/** `{kind: NON_NULL, ofType: {...}}` down to a name. */
function typeName(value: Json | undefined): string | undefined {
  let here = value;
  for (let depth = 0; depth < 16; depth += 1) {
    if (!isJsonObject(here)) return undefined;
    if (typeof here['name'] === 'string') return here['name'];
    here = here['ofType'];
  }
  return undefined;
}
