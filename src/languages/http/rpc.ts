import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import type { Effect } from '../../core/effect.ts';
import { brief, isJsonObject, opaqueEffect } from '../api-actions.ts';
import type { Reader, Reading, ReadingContext } from '../reading.ts';
import { verbOfName } from '../verb-words.ts';
import type { Body, HttpRequest } from './request.ts';

/** Methods of MCP that change nothing. Source: https://modelcontextprotocol.io/specification */
const MCP_READS =
  /^(initialize|ping|tools\/list|resources\/(list|read|templates\/list|subscribe|unsubscribe)|prompts\/(list|get)|completion\/complete|logging\/setLevel|notifications\/.*)$/;

/** JSON-RPC in a body, of which MCP's tool calls are read as such; `undefined` where it is none. */
export function rpcOverHttp(
  request: HttpRequest,
  body: Body,
  mcp: Reader,
  context: ReadingContext,
): Reading | undefined {
  if (body.kind !== 'json') return undefined;
  const items: readonly (Json | undefined)[] = Array.isArray(body.value) ? body.value : [body.value];
  const isRpc = items.some(
    (item) =>
      isJsonObject(item) &&
      typeof item['jsonrpc'] === 'string' &&
      (item['method'] !== undefined || item['result'] !== undefined || item['error'] !== undefined),
  );
  if (!isRpc) return undefined;
  const readings = items.map((item) => readMessage(item, request, mcp, context));
  return { effects: readings.flatMap((one) => one.effects), questions: readings.flatMap((one) => one.questions) };
}

function readMessage(item: Json | undefined, request: HttpRequest, mcp: Reader, context: ReadingContext): Reading {
  const target = { system: 'http', kind: 'endpoint', path: [request.host, request.method, request.path] };
  const opaque = (why: string): Reading => ({
    effects: [opaqueEffect('http/json-rpc', why, `sends JSON-RPC to \`${brief(request.host)}\``, target)],
    questions: [],
  });
  if (!isJsonObject(item)) return opaque('a batch with something other than calls in it');
  const { method, params } = item;
  const read: Effect = {
    verb: 'read',
    target: { known: target },
    count: { min: 0, max: 'unbounded' },
    reversal: 'regenerable',
    basis: 'parsed',
    source: 'http/json-rpc',
    summary: `asks \`${brief(typeof method === 'string' ? method : 'answer')}\` of \`${brief(request.host)}\``,
  };
  // An answer to a question of the server.
  if (method === undefined) return { effects: [read], questions: [] };
  if (typeof method !== 'string') return opaque('the method is not a text');
  if (MCP_READS.test(method)) return { effects: [read], questions: [] };
  const name =
    method === 'tools/call' ? (isJsonObject(params) ? params['name'] : undefined) : method.split(/[/.:]/).at(-1);
  if (typeof name !== 'string' || name === '') return opaque('the call names no tool');
  const given = method === 'tools/call' ? (isJsonObject(params) ? params['arguments'] : undefined) : params;
  const args: Json = isJsonObject(given)
    ? (given as Json)
    : given === undefined || given === null
      ? {}
      : { params: given };
  if (method !== 'tools/call' && verbOfName(name) === undefined)
    return opaque(`method \`${brief(method)}\` is not known`);
  return mcp({ kind: 'mcp', bytes: canonicalBytes({ server: request.host, tool: name, arguments: args }) }, context);
}
