import { RAILWAY_HOSTS } from '../../catalog/railway/provider.ts';
import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { isJsonObject, type JsonObject, opaqueReading } from '../api-actions.ts';
import type { DescribedApis } from '../described-apis.ts';
import { readGraphqlRequest } from '../graphql/read-graphql.ts';
import type { Reading } from '../reading.ts';
import type { Body, HttpRequest } from './request.ts';

const SUMMARY = 'sends a GraphQL request that cannot be judged';
const DOCUMENT = /^\s*(?:#[^\n]*\n\s*)*(?:(?:query|mutation|subscription)\b[^{]*\{|fragment\s+\w+\s+on\b|\{\s*[\w.])/;

/** The reading of a request that is GraphQL by its path, host, type or body; `undefined` if it is none. */
export function graphqlOverHttp(request: HttpRequest, body: Body, apis: DescribedApis): Reading | undefined {
  const isEndpoint =
    request.segments.some((segment) => /^(graphql|gql|graphiql)$/i.test(segment.replace(/\.\w+$/, ''))) ||
    RAILWAY_HOSTS.includes(request.host) ||
    isDeclaredEndpoint(request, apis);
  const type = request.headers.get('content-type')?.toLowerCase() ?? '';
  if (!isEndpoint && !type.includes('application/graphql') && !looksLikeGraphql(body)) return undefined;
  const requests: (JsonObject | string)[] = [];
  const fromUrl = ofParameters(request.url.searchParams);
  if (fromUrl !== undefined) requests.push(fromUrl);
  const isRead = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
  if (body.kind !== 'none') requests.push(...ofBody(body, type));
  // The page of an explorer, a preflight.
  else if (fromUrl === undefined && isRead) return undefined;
  if (requests.length === 0) return opaqueReading('graphql/http', 'it carries no document', SUMMARY);
  const endpoint = `${request.url.protocol}//${request.url.host}${request.path}`;
  const readings = requests.map((one) =>
    typeof one === 'string'
      ? opaqueReading('graphql/http', one, SUMMARY)
      : readGraphqlRequest({ ...one, endpoint }, apis),
  );
  return { effects: readings.flatMap((one) => one.effects), questions: readings.flatMap((one) => one.questions) };
}

/** A path that a person declared for a schema. */
function isDeclaredEndpoint({ host, url, path }: HttpRequest, apis: DescribedApis): boolean {
  return (apis.byHost.get(url.port === '' ? host : `${host}:${url.port}`) ?? []).some(
    (api) => api.index.kind === 'graphql' && api.index.paths.includes(path),
  );
}

function looksLikeGraphql(body: Body): boolean {
  if (body.kind === 'multipart') return body.fields.has('operations');
  if (body.kind !== 'json') return false;
  const items: readonly (Json | undefined)[] = Array.isArray(body.value) ? body.value : [body.value];
  return items.some((item) => isJsonObject(item) && typeof item['query'] === 'string' && DOCUMENT.test(item['query']));
}

/** A text says why there is no request. */
function ofBody(body: Body, type: string): (JsonObject | string)[] {
  switch (body.kind) {
    case 'none':
      return [];
    case 'unreadable':
      return [body.why];
    case 'json':
      return ofJson(body.value);
    case 'form':
      return [ofFields(body.fields)];
    case 'multipart': {
      const operations = body.fields.get('operations');
      if (operations === undefined) return [ofFields(body.fields)];
      const parsed = parseStrictJson(operations, LIMITS.jsonDepth);
      return parsed.ok ? ofJson(parsed.value) : [`the operations of a multipart body: ${parsed.error}`];
    }
    case 'text':
      return type.includes('application/graphql') || DOCUMENT.test(body.text)
        ? [{ query: body.text }]
        : ['the body is no GraphQL request'];
    default:
      return body satisfies never;
  }
}

function ofJson(value: Json): (JsonObject | string)[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ['an empty batch'];
    return value.map((item: Json) => (isJsonObject(item) ? item : 'a batch with something other than requests in it'));
  }
  return [isJsonObject(value) ? value : 'the body is no GraphQL request'];
}

function ofFields(fields: ReadonlyMap<string, string>): JsonObject | string {
  const request: { [name: string]: Json } = {};
  for (const [name, value] of fields) {
    if (name === 'variables' || name === 'extensions') {
      const parsed = parseStrictJson(value, LIMITS.jsonDepth);
      if (!parsed.ok) return `\`${name}\`: ${parsed.error}`;
      request[name] = parsed.value;
    } else request[name] = value;
  }
  return request;
}

/** GraphQL by GET, or in the URL of a POST, which some servers merge with the body. */
function ofParameters(parameters: URLSearchParams): JsonObject | string | undefined {
  const fields = new Map<string, string>();
  for (const name of ['query', 'variables', 'operationName', 'extensions', 'documentId', 'doc_id', 'queryId']) {
    const values = parameters.getAll(name);
    if (values.length > 1) return `parameter \`${name}\` is given twice`;
    if (values[0] !== undefined) fields.set(name, values[0]);
  }
  return fields.size === 0 ? undefined : ofFields(fields);
}
