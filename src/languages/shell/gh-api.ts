import type { Json } from '../../core/canonical-json.ts';
import { parseArgs, setOf } from './argv.ts';
import { type Call, harmlessRun } from './machine.ts';
import { request } from './requests.ts';
import { type Field, HOLE, shown } from './value.ts';

const VALUED = setOf(
  '-X --method -f --raw-field -F --field -H --header --input --hostname -q --jq -t --template -p --preview --cache',
);
const API = 'https://api.github.com';

/**
 * `gh api ENDPOINT`: the request that it sends, read as any other request. `undefined` for the other commands of `gh`.
 * Source: https://cli.github.com/manual/gh_api
 */
export function ghApi(call: Call): string | undefined {
  const { machine, scope } = call;
  if (call.name !== 'gh' || machine.readers.http === undefined) return undefined;
  const at = call.argv.findIndex((field) => field.s === 'api');
  if (at === -1 || call.argv.slice(0, at).some((field) => !field.s.startsWith('-'))) return undefined;
  const args = parseArgs(call.argv.slice(at + 1), { valued: VALUED });
  const endpoint = args.operands[0]?.s;
  if (endpoint === undefined || args.has('--help')) return undefined;
  const source = 'catalog/gh';
  const fields = [
    ...(args.values.get('-f') ?? []).map((field) => ({ field, isTyped: false })),
    ...(args.values.get('--raw-field') ?? []).map((field) => ({ field, isTyped: false })),
    ...(args.values.get('-F') ?? []).map((field) => ({ field, isTyped: true })),
    ...(args.values.get('--field') ?? []).map((field) => ({ field, isTyped: true })),
  ];
  const input = args.value('--input');
  const isGraphql = endpoint === 'graphql';
  const hasBody = fields.length > 0 || input !== undefined;
  const method = (args.value('-X', '--method')?.s ?? (hasBody ? 'POST' : 'GET')).toUpperCase();
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const value of [...(args.values.get('-H') ?? []), ...(args.values.get('--header') ?? [])]) {
    const colon = value.s.indexOf(':');
    if (colon > 0) headers[value.s.slice(0, colon).trim().toLowerCase()] = value.s.slice(colon + 1).trim();
  }
  const given =
    input === undefined ? undefined : input.s === '-' ? (scope.stdin ?? HOLE) : (scope.written.get(input.s) ?? HOLE);
  const isSafe = method === 'GET' || method === 'HEAD';
  const body = isSafe ? undefined : (given ?? (fields.length === 0 ? undefined : bodyOf(fields, isGraphql)));
  // Fields beside an input, or of a GET, become parameters.
  const parameters = isSafe || given !== undefined ? fields : [];
  request(
    { method, url: urlOf(endpoint, args.value('--hostname'), parameters), headers, body },
    machine,
    scope,
    source,
  );
  harmlessRun(machine, source, 'gh');
  return HOLE;
}

interface GivenField {
  readonly field: Field;
  readonly isTyped: boolean;
}

/** `{owner}`, `{repo}` and `{branch}` are the current repository's, which text alone does not tell. */
function urlOf(endpoint: string, hostname: Field | undefined, parameters: readonly GivenField[]): string {
  const path = endpoint.replace(/\{(owner|repo|branch)\}|:(owner|repo|branch)\b/g, HOLE);
  const enterprise = hostname === undefined || hostname.s === 'github.com' ? undefined : hostname.s;
  const root = enterprise === undefined ? API : `https://${enterprise}/api${path === 'graphql' ? '' : '/v3'}`;
  const url = /^https?:\/\//i.test(path) ? path : `${root}/${path.replace(/^\/+/, '')}`;
  const query = parameters.map(({ field }) => field.s.replace(/[\s\\]/g, '%20')).join('&');
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

/** `a[b][]=c` builds objects and lists; for GraphQL all but two fields are variables. */
function bodyOf(fields: readonly GivenField[], isGraphql: boolean): string {
  const body: { [name: string]: Json } = Object.create(null) as { [name: string]: Json };
  const variables: { [name: string]: Json } = Object.create(null) as { [name: string]: Json };
  for (const { field, isTyped } of fields) {
    const equals = field.s.indexOf('=');
    const name = equals === -1 ? field.s : field.s.slice(0, equals);
    const text = equals === -1 ? '' : field.s.slice(equals + 1);
    const isVariable = isGraphql && name !== 'query' && name !== 'operationName';
    if (!put(isVariable ? variables : body, name, isTyped ? typed(text) : shown(text))) return HOLE;
  }
  return JSON.stringify(Object.keys(variables).length === 0 ? body : { ...body, variables });
}

function typed(text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  // `@file`: what it holds is not known here.
  return text.startsWith('@') ? shown(HOLE) : shown(text);
}

/** False where the name cannot be read. */
function put(target: { [name: string]: Json }, written: string, value: Json): boolean {
  const parts = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(written);
  const [, first, rest = ''] = parts ?? [];
  if (first === undefined) return false;
  const keys = [first, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map((match) => match[1] ?? '')];
  // Lists in the middle of a name build objects in an order that gh decides: nobody here follows that.
  if (keys.slice(0, -1).includes('') || keys.length > 16) return false;
  let here = target;
  for (const [index, key] of keys.entries()) {
    const next = keys[index + 1];
    if (next === undefined) here[key] = value;
    else if (next === '') {
      const list = here[key];
      here[key] = Array.isArray(list) ? [...(list as readonly Json[]), value] : [value];
      return true;
    } else {
      const inner = here[key];
      if (inner !== undefined && (typeof inner !== 'object' || inner === null || Array.isArray(inner))) return false;
      const object =
        (inner as { [name: string]: Json } | undefined) ?? (Object.create(null) as { [name: string]: Json });
      here[key] = object;
      here = object;
    }
  }
  return true;
}
