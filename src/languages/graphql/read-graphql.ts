import type { OperationDefinitionNode } from 'graphql';
import { RAILWAY_HOSTS } from '../../catalog/railway/provider.ts';
import type { Json } from '../../core/canonical-json.ts';
import { worstDanger } from '../../core/danger.ts';
import { digestOfBytes } from '../../core/digest.ts';
import type { Effect } from '../../core/effect.ts';
import { LIMITS } from '../../core/limits.ts';
import {
  actionObject,
  brief,
  isJsonObject,
  type JsonObject,
  opaqueReading,
  withinEffectLimit,
} from '../api-actions.ts';
import { type DescribedApis, NO_APIS, operationRef } from '../described-apis.ts';
import type { Reader, Reading } from '../reading.ts';
import { verbOfName } from '../verb-words.ts';
import {
  type CalledField,
  fieldsOf,
  type ParsedDocument,
  parseDocument,
  type Variables,
  variablesOf,
} from './document.ts';
import { forgeOf, githubMutation } from './github-effects.ts';
import { railwayEffect } from './railway-effects.ts';
import { type DescribedSchema, schemaMutation, schemaQuery } from './schema/schema-effects.ts';
import { operationName } from './schema/schema-index.ts';
import { type Endpoint, unknownMutation } from './unknown-api.ts';

const SOURCE = 'graphql';
const SUMMARY = 'sends a GraphQL request that cannot be judged';

/**
 * Effects of a GraphQL request `{endpoint, query, variables?, operationName?}`. Every root field counts, through aliases
 * and fragments; operation names mean nothing. Without `query` (a persisted query) the request is opaque.
 */
export const readGraphql: Reader = makeGraphqlReader(NO_APIS);

/** With the schemas of APIs that somebody described to us. */
export function makeGraphqlReader(apis: DescribedApis): Reader {
  return (action) => {
    const parsed = actionObject(action);
    if (!parsed.ok) return opaqueReading(SOURCE, parsed.why, SUMMARY);
    return readGraphqlRequest(parsed.value, apis);
  };
}

/** The same, for a request that is already an object. */
export function readGraphqlRequest(request: JsonObject, apis: DescribedApis = NO_APIS): Reading {
  const { endpoint, query, variables, operationName, extensions } = request;
  // SECURITY: a member that we do not know (`documentId`, `doc_id`, ...) may name another operation than `query` does.
  const stranger = Object.keys(request).find((key) => !KNOWN_MEMBERS.has(key));
  if (stranger !== undefined) return opaqueReading(SOURCE, `member \`${brief(stranger)}\` is not known here`, SUMMARY);
  if (endpoint !== undefined && endpoint !== null && typeof endpoint !== 'string')
    return opaqueReading(SOURCE, 'the endpoint is not a text', SUMMARY);
  if (typeof query !== 'string' || query.trim() === '') {
    return opaqueReading(SOURCE, 'the request carries no document (a persisted query that is not known here)', SUMMARY);
  }
  if (query.length > LIMITS.judgedBodyBytes)
    return opaqueReading(SOURCE, `a document over ${LIMITS.judgedBodyBytes} characters`, SUMMARY);
  if (variables !== undefined && variables !== null && !isJsonObject(variables))
    return opaqueReading(SOURCE, 'the variables are not an object', SUMMARY);
  if (!agreesWithHash(query, extensions)) {
    return opaqueReading(SOURCE, 'the hash of a persisted query does not belong to its text', SUMMARY);
  }
  const document = parseDocument(query);
  if (!document.ok) return opaqueReading(SOURCE, document.why, SUMMARY);
  const at = endpointOf(endpoint ?? undefined);
  if (at === 'invalid')
    return opaqueReading(SOURCE, `the endpoint \`${brief(String(endpoint))}\` is not a URL`, SUMMARY);
  // A server runs the first, the last or none when the name fits nothing: all are judged.
  const named =
    typeof operationName === 'string'
      ? document.document.operations.filter((one) => one.name?.value === operationName)
      : [];
  const operations = named.length === 1 ? named : document.document.operations;
  const api = apiOf(at, apis);
  const effects: Effect[] = [];
  const questions: Reading['questions'][number][] = [];
  for (const operation of operations) {
    const reading = readOperation(
      operation,
      document.document,
      isJsonObject(variables ?? undefined) ? (variables as JsonObject) : {},
      at,
      api,
    );
    effects.push(...reading.effects);
    questions.push(...reading.questions);
  }
  return withinEffectLimit({ effects, questions: unique(questions) }, SOURCE);
}

const KNOWN_MEMBERS = new Set(['endpoint', 'query', 'variables', 'operationName', 'extensions']);

/** A server may run what it has stored under the hash instead of the text beside it. */
function agreesWithHash(query: string, extensions: Json | undefined): boolean {
  if (extensions === undefined || extensions === null) return true;
  if (!isJsonObject(extensions)) return false;
  const persisted = extensions['persistedQuery'];
  if (persisted === undefined) return true;
  return isJsonObject(persisted) && persisted['sha256Hash'] === digestOfBytes(new TextEncoder().encode(query));
}

/** Whose API it is, and which schema a person gave us for it. */
interface Api {
  readonly catalogue: 'railway' | 'github' | undefined;
  /** `github.com`, or the host of an Enterprise Server. */
  readonly forge: string;
  readonly schema: DescribedSchema | undefined;
}

function apiOf(endpoint: Endpoint | undefined, apis: DescribedApis): Api {
  const host = endpoint?.host ?? '';
  const forge = forgeOf(host, apis);
  return {
    catalogue: RAILWAY_HOSTS.includes(host) ? 'railway' : forge === undefined ? undefined : 'github',
    forge: forge ?? '',
    schema: endpoint === undefined ? undefined : schemaFor(endpoint, apis),
  };
}

/** SECURITY: one schema is for all paths of its hosts but where it names some; another path may be another API. */
function schemaFor(endpoint: Endpoint, apis: DescribedApis): DescribedSchema | undefined {
  for (const api of apis.byHost.get(endpoint.host) ?? []) {
    if (api.index.kind !== 'graphql') continue;
    const { paths, schema } = api.index;
    const path = endpoint.path.replace(/\/+$/, '');
    if (paths.length > 0 && !paths.some((one) => one.replace(/\/+$/, '') === path)) continue;
    return { name: api.name, trust: api.trust, schema };
  }
  return undefined;
}

function readOperation(
  operation: OperationDefinitionNode,
  document: ParsedDocument,
  given: JsonObject,
  endpoint: Endpoint | undefined,
  api: Api,
): Reading {
  const variables = variablesOf(operation, given);
  const fields = fieldsOf(operation.selectionSet, document, variables);
  if (operation.operation !== 'mutation') return readQuery(fields, operation, endpoint, api);
  const called = fields.filter((field) => !field.name.startsWith('__'));
  if (called.length === 0)
    return { effects: [readEffect(endpoint, 'asks nothing of a GraphQL API', operation)], questions: [] };
  const readings = called.map((field) => mutationReading(field, endpoint, document, variables, api));
  return { effects: readings.flatMap((one) => one.effects), questions: readings.flatMap((one) => one.questions) };
}

/** The catalogue knows best; a schema beside it adds its own text. */
function mutationReading(
  field: CalledField,
  endpoint: Endpoint | undefined,
  document: ParsedDocument,
  variables: Variables,
  api: Api,
): Reading {
  const { catalogue, schema } = api;
  if (catalogue !== undefined) {
    const reading = catalogue === 'railway' ? railwayEffect(field) : githubMutation(field, api.forge);
    const text = schema?.schema.types.get(schema.schema.mutation ?? '')?.get(field.name)?.description ?? '';
    if (schema === undefined || text === '' || worstDanger(reading.effects) === 'harmless') return reading;
    const about = operationRef(schema.name, operationName(schema.schema.mutation ?? '', field.name));
    return { effects: reading.effects, questions: [...reading.questions, { check: 'documentation', about }] };
  }
  return schema === undefined
    ? { effects: [unknownMutation(field, endpoint, document, variables)], questions: [] }
    : schemaMutation(field, schema, document, variables);
}

/** Queries read. On an API that we do not know, one whose name orders a deletion and takes arguments is not believed. */
function readQuery(
  fields: readonly CalledField[],
  operation: OperationDefinitionNode,
  endpoint: Endpoint | undefined,
  { catalogue, schema }: Api,
): Reading {
  if (catalogue === undefined && schema !== undefined) {
    const kind = operation.operation === 'subscription' ? 'subscription' : 'query';
    const doubt = schemaQuery(fields, kind, schema);
    if (doubt !== undefined) return opaqueReading(`graphql:${schema.name}`, doubt, SUMMARY);
  }
  const suspicious =
    catalogue !== undefined || schema !== undefined
      ? []
      : fields.filter(
          (field) =>
            verbOfName(field.name) === 'destroy' && Object.keys(field.args).length + field.unresolved.length > 0,
        );
  if (suspicious.length > 0) {
    return opaqueReading(
      'graphql/query-name',
      `the query field \`${brief(suspicious[0]?.name ?? '')}\` is named like a deletion`,
      SUMMARY,
    );
  }
  const names = fields.map((field) => field.name).join(', ');
  return {
    effects: [readEffect(endpoint, `reads ${brief(names) || 'nothing'} from a GraphQL API`, operation)],
    questions: [],
  };
}

function readEffect(endpoint: Endpoint | undefined, summary: string, operation: OperationDefinitionNode): Effect {
  return {
    verb: 'read',
    target: {
      known: {
        system: 'http',
        kind: 'endpoint',
        path: endpoint === undefined ? ['', 'POST', ''] : [endpoint.host, 'POST', endpoint.path],
      },
    },
    count: { min: 0, max: 'unbounded' },
    reversal: 'regenerable',
    basis: 'parsed',
    source: `graphql/${operation.operation}`,
    summary,
    span: [operation.loc?.start ?? 0, operation.loc?.end ?? 0],
  };
}

/** Host in lower case without a trailing dot, and the path; a bare document has no endpoint. */
function endpointOf(text: string | undefined): Endpoint | undefined | 'invalid' {
  if (text === undefined || text === '') return undefined;
  if (!URL.canParse(text)) return 'invalid';
  const url = new URL(text);
  const host = url.hostname.toLowerCase().replace(/\.+$/, '');
  return { host: url.port === '' ? host : `${host}:${url.port}`, path: url.pathname };
}

function unique(questions: readonly Reading['questions'][number][]): Reading['questions'] {
  return [
    ...new Map(questions.map((question) => [JSON.stringify([question.check, question.about]), question])).values(),
  ];
}
