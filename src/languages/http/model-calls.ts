import { modelApiOf } from '../../catalog/model-apis.ts';
import type { Json } from '../../core/canonical-json.ts';
import { brief, isJsonObject, opaqueEffect } from '../api-actions.ts';
import type { Reading } from '../reading.ts';
import type { Body, HttpRequest } from './request.ts';

const SOURCE = 'catalog/model-apis';

/**
 * The reading of a request that asks a model for an answer; `undefined` if it is none. An agent sends one for each of its
 * steps: it must cost no prompt, whatever the size of the conversation in its body.
 */
export function modelCall(request: HttpRequest, body: Body): Reading | undefined {
  const { url, method, host, path } = request;
  if (url.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '') return undefined;
  // SECURITY: what had to be resolved, or is encoded but for the colon of a model's name, another server may read otherwise.
  if (url.hostname !== host || url.pathname.replace(/%3a/gi, ':') !== path) return undefined;
  const api = modelApiOf(host, method, path);
  if (api === undefined) return undefined;
  const target = { system: 'http', kind: 'endpoint', path: [host, method, path] };
  const where = `\`${brief(`${host}${path}`, 120)}\``;
  const reaching = reachesOut(request, body);
  if (reaching !== undefined)
    return { effects: [opaqueEffect(SOURCE, reaching, `asks a model at ${where}`, target)], questions: [] };
  return {
    effects: [
      {
        verb: 'run',
        target: { known: target },
        count: { min: 1, max: 1 },
        reversal: 'irreversible',
        basis: 'documented',
        source: SOURCE,
        summary: `asks a model at ${where}`,
        tags: ['model'],
      },
    ],
    questions: [],
  };
}

/**
 * SECURITY: a provider calls the MCP servers that a request names by itself, past every gateway of ours. Seen where the
 * body can be read, or a header announces it; OpenAI's interface has no such header.
 * Sources: https://docs.anthropic.com/en/docs/agents-and-tools/mcp-connector, https://platform.openai.com/docs/guides/tools-connectors-mcp
 */
function reachesOut(request: HttpRequest, body: Body): string | undefined {
  const betas = request.headers.get('anthropic-beta') ?? '';
  if (body.kind === 'unreadable' && /(^|[\s,])mcp-client/i.test(betas))
    return 'its provider may call MCP servers by itself, and the body cannot be read';
  if (body.kind !== 'json' || !isJsonObject(body.value)) return undefined;
  const { mcp_servers: servers, tools } = body.value;
  if (servers !== undefined && servers !== null && !(Array.isArray(servers) && servers.length === 0))
    return 'its provider would call MCP servers by itself';
  const isRemote = (tool: Json): boolean =>
    isJsonObject(tool) && typeof tool['type'] === 'string' && /^mcp(_|$)/.test(tool['type']);
  return Array.isArray(tools) && (tools as readonly Json[]).some(isRemote)
    ? 'its provider would call MCP servers by itself'
    : undefined;
}
