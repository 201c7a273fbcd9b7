import type { Json } from '../../../core/canonical-json.ts';
import { dangerOf } from '../../../core/danger.ts';
import type { Effect } from '../../../core/effect.ts';
import { LIMITS } from '../../../core/limits.ts';
import type { ResourceRef } from '../../../core/resource.ts';
import { brief, isJsonObject, type JsonObject, opaqueEffect } from '../../api-actions.ts';
import { DOCUMENTED_EFFECTS, operationRef, stricterReversal, type Trust, targetWords } from '../../described-apis.ts';
import type { Reading } from '../../reading.ts';
import { type NameVerb, stricterVerb, verbOfName, wordsOf } from '../../verb-words.ts';
import { type CalledField, fieldsOf, isFlat, type ParsedDocument, type Variables } from '../document.ts';
import { weighed } from '../unknown-api.ts';
import { fieldOf, operationName, type SchemaField, type SchemaIndex } from './schema-index.ts';

/** A schema, and who vouches for it. */
export interface DescribedSchema {
  readonly name: string;
  readonly trust: Trust;
  readonly schema: SchemaIndex;
}

/** Effects of a root field of a mutation, by the schema: name, description, argument and return types. */
export function schemaMutation(
  field: CalledField,
  described: DescribedSchema,
  document: ParsedDocument,
  variables: Variables,
): Reading {
  const { schema, name: system } = described;
  const type = schema.mutation;
  const listed = fieldOf(schema, type, field.name);
  const source = `graphql:${system}#${type === undefined ? field.name : operationName(type, field.name)}`;
  const name = `\`${brief(field.name)}\` of ${system}`;
  if (type === undefined || listed === undefined)
    return unlisted(source, `mutation \`${brief(field.name)}\` is not in the schema`, `calls ${name}`, field);
  const tree = walk(field, listed, { schema, document, variables, trust: described.trust }, 0);
  if (typeof tree === 'string') return unlisted(source, tree, `calls ${name}`, field);
  const target = targetOf(field, system);
  const question = { check: 'documentation', about: operationRef(system, operationName(type, field.name)) } as const;
  if (tree.verb === undefined || tree.verb === 'run' || tree.verb === 'read') {
    // As without a schema: a mutation that says it only reads is not believed.
    const effect = {
      ...opaqueEffect(source, 'its schema does not say what it changes', `calls ${name}`, target),
      span: field.span,
    };
    return { effects: [effect], questions: listed.description === '' ? [] : [question] };
  }
  const [verb, usual, does] = DOCUMENTED_EFFECTS[tree.verb];
  const isFinal = tree.isIrreversible && (verb === 'destroy' || verb === 'change');
  const effect: Effect = {
    verb,
    target: { known: target },
    count: { min: 1, max: 'unbounded' },
    reversal: isFinal ? stricterReversal(usual, 'irreversible') : usual,
    basis: 'documented',
    source,
    summary: `${does} ${targetWords(target)} by ${name}`,
    span: field.span,
  };
  const isAsked = dangerOf(effect) !== 'harmless' && listed.description !== '';
  return { effects: [effect], questions: isAsked ? [question] : [] };
}

/**
 * Why a query or subscription is more than a read; `undefined` where it is one. A field that the schema does not have
 * holds; a text that speaks of a deletion counts whoever wrote it.
 */
export function schemaQuery(
  fields: readonly CalledField[],
  operation: 'query' | 'subscription',
  described: DescribedSchema,
): string | undefined {
  const { schema, trust } = described;
  const type = operation === 'query' ? schema.query : schema.subscription;
  for (const field of fields) {
    if (field.name.startsWith('__')) continue;
    const listed = fieldOf(schema, type, field.name);
    if (listed === undefined) return `field \`${brief(field.name)}\` is not in the schema`;
    const hasArguments = Object.keys(field.args).length + field.unresolved.length > 0;
    const isNamedSo = trust !== 'declared' && hasArguments && verbOfName(field.name) === 'destroy';
    if (listed.asRead().raises === 'destroy' && hasArguments)
      return `the schema says that field \`${brief(field.name)}\` deletes`;
    if (isNamedSo) return `the query field \`${brief(field.name)}\` is named like a deletion`;
  }
  return undefined;
}

function unlisted(source: string, why: string, summary: string, field: CalledField): Reading {
  return { effects: [{ ...opaqueEffect(source, why, summary), span: field.span }], questions: [] };
}

interface Walk {
  readonly schema: SchemaIndex;
  readonly document: ParsedDocument;
  readonly variables: Variables;
  readonly trust: Trust;
}

interface Meaning {
  readonly verb: NameVerb | undefined;
  readonly isIrreversible: boolean;
}

/** The strictest of a field and of those below it that take arguments; a text says what is not in the schema. */
function walk(field: CalledField, listed: SchemaField, at: Walk, depth: number): Meaning | string {
  const stranger = strangerIn(field, listed, at.schema);
  if (stranger !== undefined) return stranger;
  const own = meaningOf(listed, depth, at.trust);
  let { verb, isIrreversible } = own;
  if (depth >= LIMITS.graphqlDepth || isFlat(field.selections)) return own;
  for (const inner of fieldsOf(field.selections, at.document, at.variables)) {
    const takesArguments = Object.keys(inner.args).length > 0 || inner.unresolved.length > 0;
    const isNamespace = (verb === undefined || verb === 'read') && inner.selections !== undefined;
    if (inner.name.startsWith('__') || !(takesArguments || isNamespace)) continue;
    const next = fieldOf(at.schema, listed.type, inner.name);
    // A union has no fields of its own: what stands in a fragment on one of its types is judged by its name.
    const meaning: Meaning | string =
      next === undefined
        ? at.schema.types.has(listed.type)
          ? `field \`${brief(inner.name)}\` is not in the schema`
          : { verb: verbOfName(inner.name), isIrreversible: false }
        : walk(inner, next, at, depth + 1);
    if (typeof meaning === 'string') return meaning;
    isIrreversible ||= meaning.isIrreversible;
    if (meaning.verb !== undefined && meaning.verb !== 'read')
      verb = verb === undefined ? meaning.verb : stricterVerb(verb, meaning.verb);
  }
  return { verb, isIrreversible };
}

function meaningOf(listed: SchemaField, depth: number, trust: Trust): Meaning {
  const isRoot = depth === 0;
  const documented = listed.asChange();
  const verbs: NameVerb[] = [];
  const named = listed.named();
  if (named !== undefined) verbs.push(named);
  if (documented.raises !== undefined) verbs.push(documented.raises);
  else if (documented.mild === 'create' && named === undefined && trust === 'declared') verbs.push('create');
  // `DeleteVolumeInput`, `VolumeDeletePayload`: types speak too, of deletions and grants only.
  if (isRoot)
    for (const type of [listed.type, ...[...listed.args.values()].map((one) => one.type)]) {
      const verb = verbOfName(type.replace(/(Input|Payload|Result|Response|Output|Args|Params)$/, ''));
      if ((verb === 'destroy' || verb === 'grant') && wordsOf(type).length > 1) verbs.push(verb);
    }
  const [first, ...rest] = verbs;
  return {
    verb: weighed(first === undefined ? undefined : rest.reduce(stricterVerb, first), listed.name),
    isIrreversible: documented.isIrreversible,
  };
}

/** An argument, or a member of an input object, that the schema does not list. */
function strangerIn(field: CalledField, listed: SchemaField, schema: SchemaIndex): string | undefined {
  const missing = [...Object.keys(field.args), ...field.unresolved].find((name) => !listed.args.has(name));
  if (missing !== undefined) return `argument \`${brief(missing)}\` of \`${brief(field.name)}\` is not in the schema`;
  const look = (value: Json | undefined, type: string | undefined): string | undefined => {
    const members = type === undefined ? undefined : schema.inputs.get(type);
    if (members === undefined) return undefined;
    if (Array.isArray(value)) return firstOf(value as readonly Json[], (item) => look(item, type));
    if (!isJsonObject(value)) return undefined;
    return firstOf(Object.keys(value), (name) =>
      members.has(name)
        ? look(value[name], members.get(name))
        : `member \`${brief(name)}\` of \`${brief(type ?? '')}\` is not in the schema`,
    );
  };
  return firstOf(Object.entries(field.args), ([name, value]) => look(value, listed.args.get(name)?.type));
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const ID = /(^|_)id$|I[dD]$|^name$|^slug$/;

/** `volumeDelete(volumeId: "v1")` acts on volume v1; ids lie in the arguments or one input below. */
function targetOf(field: CalledField, system: string): ResourceRef {
  const ids: string[] = [];
  const take = (args: JsonObject, isInner: boolean): void => {
    for (const [name, value] of Object.entries(args)) {
      if (typeof value === 'string' && ID.test(name) && ids.length < 8) ids.push(value.slice(0, 200));
      else if (!isInner && isJsonObject(value)) take(value, true);
    }
  };
  take(field.args, false);
  const noun = wordsOf(field.name).filter((word) => verbOfName(word) === undefined);
  return { system, kind: noun.length === 0 ? 'thing' : noun.join('-'), path: ids.length === 0 ? [field.name] : ids };
}
