import { worstDanger } from '../../core/danger.ts';
import { LIMITS } from '../../core/limits.ts';
import { actionObject, opaqueReading, withinEffectLimit } from '../api-actions.ts';
import { type DescribedApis, NO_APIS } from '../described-apis.ts';
import { makeGraphqlReader } from '../graphql/read-graphql.ts';
import { makeMcpReader } from '../mcp/read-mcp.ts';
import type { Reader, Reading, ReadingContext } from '../reading.ts';
import { readSql } from '../sql/read-sql.ts';
import { describedRest } from './described-rest.ts';
import { gitOverHttp } from './git-smart-http.ts';
import { githubRest, isListed } from './github-rest.ts';
import { graphqlOverHttp } from './graphql-over-http.ts';
import { modelCall } from './model-calls.ts';
import { bodyOf, type HttpRequest, requestOf } from './request.ts';
import { restEffect } from './rest.ts';
import { rpcOverHttp } from './rpc.ts';
import { sqlOverHttp } from './sql-over-http.ts';

const SOURCE = 'http';
const SUMMARY = 'sends a request that cannot be judged';

/**
 * Effects of an HTTP request `{method, url, headers?, body?}`. What it carries counts before what it looks like: GraphQL,
 * SQL and JSON-RPC (MCP too) are read as such; the rest is judged by method, path and the orders in it.
 */
export const readHttp: Reader = makeHttpReader({});

export interface HttpReaders {
  /** For commands in the arguments of tools that are called over HTTP. */
  readonly shell?: Reader;
  /** APIs that somebody described to us. */
  readonly apis?: DescribedApis;
}

export function makeHttpReader(readers: HttpReaders): Reader {
  return atDepth(readers, 0);
}

/** A request may carry a tool call that carries a URL, and so on. */
function atDepth(readers: HttpReaders, depth: number): Reader {
  const { shell, apis = NO_APIS } = readers;
  return (action, context) => {
    if (depth > LIMITS.nestedCommands) return opaqueReading(SOURCE, 'requests inside requests', SUMMARY);
    const parsed = actionObject(action);
    if (!parsed.ok) return opaqueReading(SOURCE, parsed.why, SUMMARY);
    const request = requestOf(parsed.value);
    if (!request.ok) return opaqueReading(SOURCE, request.why, SUMMARY);
    const mcp = makeMcpReader({
      ...(shell === undefined ? {} : { shell }),
      sql: readSql,
      http: atDepth(readers, depth + 1),
      graphql: makeGraphqlReader(apis),
    });
    return withinEffectLimit(readRequest(request.request, mcp, apis, context), SOURCE);
  };
}

function readRequest(request: HttpRequest, mcp: Reader, apis: DescribedApis, context: ReadingContext): Reading {
  const overrides = isOverridden(request);
  const git = overrides ? undefined : gitOverHttp(request, context);
  if (git !== undefined) return git;
  const body = bodyOf(request);
  const model = overrides ? undefined : modelCall(request, body);
  if (model !== undefined) return model;
  const carried =
    rpcOverHttp(request, body, mcp, context) ??
    graphqlOverHttp(request, body, apis) ??
    sqlOverHttp(request, body, context);
  const catalogued = githubRest(request, body, apis, context);
  const described = besides(catalogued, describedRest(request, body, apis));
  if (carried === undefined)
    return joined([catalogued, described]) ?? { effects: [restEffect(request, body)], questions: [] };
  // SECURITY: a body that looks like a query does not make an operation that is known to be one.
  const known = joined([catalogued, described].filter((one) => one !== undefined && isDestructive(one)));
  if (known !== undefined) return joined([carried, known]) ?? carried;
  const rest = restEffect(request, body);
  // A POST is how such languages are carried; any stricter method, or one that overrides it, is an effect of its own.
  const isCarrier =
    rest.verb === 'run' ||
    rest.verb === 'read' ||
    rest.verb === 'create' ||
    // SECURITY: but not one whose path says that it deletes, whatever its body looks like.
    (request.method === 'POST' && rest.verb !== 'destroy') ||
    request.method === 'GET';
  return isCarrier && !overrides ? carried : { effects: [...carried.effects, rest], questions: carried.questions };
}

/** A catalogue of ours was written with the documents at hand: to a call that it lists, they add their text, and no verb. */
function besides(catalogued: Reading | undefined, described: Reading | undefined): Reading | undefined {
  if (catalogued === undefined || described === undefined || !isListed(catalogued)) return described;
  return { effects: [], questions: worstDanger(catalogued.effects) === 'harmless' ? [] : described.questions };
}

function joined(readings: readonly (Reading | undefined)[]): Reading | undefined {
  const there = readings.filter((one) => one !== undefined);
  if (there.length < 2) return there[0];
  return { effects: there.flatMap((one) => one.effects), questions: there.flatMap((one) => one.questions) };
}

function isDestructive(reading: Reading): boolean {
  return worstDanger(reading.effects) === 'destructive';
}

function isOverridden(request: HttpRequest): boolean {
  return (
    request.url.searchParams.has('_method') ||
    request.headers.has('x-http-method-override') ||
    request.headers.has('x-http-method') ||
    request.headers.has('x-method-override')
  );
}
