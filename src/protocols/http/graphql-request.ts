import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';

/** One GraphQL request over HTTP, in the only shape that cannot be read in two ways. */
export interface GraphqlRequest {
  readonly query: string;
  readonly variables?: { readonly [key: string]: Json | undefined };
  readonly operationName?: string;
}

/** True where the path is one at which GraphQL is served by convention. `path` is canonical, with or without a query. */
export function isGraphqlPath(path: string): boolean {
  const plain = (path.split('?')[0] ?? '')
    .replace(/%2f/gi, '/')
    .replace(/;[^/]*/g, '')
    .replace(/\/{2,}/g, '/')
    .toLowerCase();
  return /\/graphql(\/v\d+)?\/?$/.test(plain);
}

export interface GraphqlCandidate {
  readonly method: string;
  /** Canonical absolute URL. */
  readonly url: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly bodyText: string | undefined;
}

/**
 * The single GraphQL request that this is, or `undefined`: then it is judged as plain HTTP. Left to that are batches, GET,
 * forms, multipart, persisted queries, requests with parameters in the URL (some servers prefer those to the body),
 * overridden methods, duplicate keys and unknown members.
 */
export function readGraphqlRequest(candidate: GraphqlCandidate): GraphqlRequest | undefined {
  const url = new URL(candidate.url);
  if (candidate.method !== 'POST' || url.search !== '' || !isGraphqlPath(url.pathname)) return undefined;
  if (!isPlainJson(candidate.headers.get('content-type')?.[0]) || candidate.bodyText === undefined) return undefined;
  for (const name of candidate.headers.keys()) if (/^x-(http-)?method(-override)?$/.test(name)) return undefined;
  const parsed = parseStrictJson(candidate.bodyText, LIMITS.jsonDepth);
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  const { query, variables, operationName, ...rest } = parsed.value;
  if (typeof query !== 'string' || Object.keys(rest).length > 0) return undefined;
  if (variables !== undefined && variables !== null && !isObject(variables)) return undefined;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return undefined;
  return {
    query,
    ...(isObject(variables) ? { variables } : {}),
    ...(typeof operationName === 'string' ? { operationName } : {}),
  };
}

function isPlainJson(contentType: string | undefined): boolean {
  return (
    contentType !== undefined &&
    /^application\/(graphql\+)?json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?$/i.test(contentType.trim())
  );
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
