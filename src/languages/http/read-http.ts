import { LIMITS } from '../../core/limits.ts';
import { actionObject, opaqueReading, withinEffectLimit } from '../api-actions.ts';
import { makeMcpReader } from '../mcp/read-mcp.ts';
import type { Reader, Reading, ReadingContext } from '../reading.ts';
import { readSql } from '../sql/read-sql.ts';
import { gitOverHttp } from './git-smart-http.ts';
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

/** With a reader for shell commands in the arguments of tools that are called over HTTP. */
export function makeHttpReader(readers: { readonly shell?: Reader }): Reader {
  return atDepth(readers, 0);
}

/** A request may carry a tool call that carries a URL, and so on. */
function atDepth(readers: { readonly shell?: Reader }, depth: number): Reader {
  return (action, context) => {
    if (depth > LIMITS.nestedCommands) return opaqueReading(SOURCE, 'requests inside requests', SUMMARY);
    const parsed = actionObject(action);
    if (!parsed.ok) return opaqueReading(SOURCE, parsed.why, SUMMARY);
    const request = requestOf(parsed.value);
    if (!request.ok) return opaqueReading(SOURCE, request.why, SUMMARY);
    const mcp = makeMcpReader({ ...readers, sql: readSql, http: atDepth(readers, depth + 1) });
    return withinEffectLimit(readRequest(request.request, mcp, context), SOURCE);
  };
}

function readRequest(request: HttpRequest, mcp: Reader, context: ReadingContext): Reading {
  const overrides = isOverridden(request);
  const git = overrides ? undefined : gitOverHttp(request, context);
  if (git !== undefined) return git;
  const body = bodyOf(request);
  const model = overrides ? undefined : modelCall(request, body);
  if (model !== undefined) return model;
  const rest = restEffect(request, body);
  const carried =
    rpcOverHttp(request, body, mcp, context) ?? graphqlOverHttp(request, body) ?? sqlOverHttp(request, body, context);
  if (carried === undefined) return { effects: [rest], questions: [] };
  // A POST is how such languages are carried; any stricter method, or one that overrides it, is an effect of its own.
  const isCarrier =
    rest.verb === 'run' ||
    rest.verb === 'read' ||
    rest.verb === 'create' ||
    request.method === 'POST' ||
    request.method === 'GET';
  return isCarrier && !overrides ? carried : { effects: [...carried.effects, rest], questions: carried.questions };
}

function isOverridden(request: HttpRequest): boolean {
  return (
    request.url.searchParams.has('_method') ||
    request.headers.has('x-http-method-override') ||
    request.headers.has('x-http-method') ||
    request.headers.has('x-method-override')
  );
}
