import type { Json } from '../../core/canonical-json.ts';
import { isJsonObject, type JsonObject } from '../api-actions.ts';
import { wordsOf } from '../verb-words.ts';

/** A text inside the arguments of a call that is in a language of its own. */
export type Embedded =
  | { readonly kind: 'sql'; readonly text: string }
  | { readonly kind: 'shell'; readonly text: string }
  | { readonly kind: 'code' }
  | { readonly kind: 'graphql'; readonly query: string; readonly around: JsonObject }
  | { readonly kind: 'http'; readonly request: JsonObject };

export type Found =
  | {
      readonly ok: true;
      readonly embedded: readonly Embedded[];
      readonly orders: readonly string[];
      readonly overwrites: boolean;
    }
  | { readonly ok: false; readonly why: string };

const MOST_NODES = 5_000;
const SQL_KEYS = new Set(['sql', 'statement', 'statements', 'stmt', 'sqlquery', 'sqlstatement']);
const QUERY_KEYS = new Set(['query', 'queries', 'q', 'text', 'command', 'script']);
const SHELL_KEYS = new Set(['command', 'commands', 'cmd', 'shell', 'bash', 'script', 'argv', 'commandline']);
const CODE_KEYS = new Set(['code', 'python', 'javascript', 'js', 'expression', 'eval', 'function', 'source']);
const URL_KEYS = new Set(['url', 'uri', 'endpoint', 'href']);
const ORDER_KEYS = new Set(['action', 'operation', 'op', 'verb', 'method', 'mode', 'type']);
const OVERWRITE_KEYS = new Set(['overwrite', 'force', 'replace', 'clobber', 'recursive', 'purge', 'hard', 'permanent']);
const DATABASE_WORDS = new Set(
  'sql db database databases postgres postgresql pg mysql mariadb sqlite mssql oracle supabase neon snowflake bigquery clickhouse duckdb redshift planetscale cockroach turso'.split(
    ' ',
  ),
);
const SQL_START =
  /^[\s(;]*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*(?:select|with|insert|update|delete|drop|truncate|alter|create|grant|revoke|merge|copy|do|call|exec|execute|explain|show|begin|set|vacuum|pragma|replace|describe|analyze|table|values)\b/i;
const GRAPHQL_START =
  /^\s*(?:#[^\n]*\n\s*)*(?:(?:query|mutation|subscription)\b[^{]*\{|fragment\s+\w+\s+on\s|\{\s*[\w.])/;

/** Looks through all arguments, since a batch may carry the order deep inside. `runs`: the tool says that it runs something. */
export function embeddedIn(names: readonly string[], args: JsonObject, runs: boolean): Found {
  const words = new Set(names.flatMap((name) => wordsOf(name)));
  const isDatabase = [...words].some((word) => DATABASE_WORDS.has(word));
  const embedded: Embedded[] = [];
  const orders: string[] = [];
  let overwrites = false;
  let nodes = 0;
  const text = (key: string, value: string, around: JsonObject) => {
    const name = wordsOf(key).join('');
    if (URL_KEYS.has(name) && /^https?:/i.test(value))
      embedded.push({ kind: 'http', request: requestOf(value, around) });
    else if (SQL_KEYS.has(name) || (QUERY_KEYS.has(name) && isDatabase && SQL_START.test(value)))
      embedded.push({ kind: 'sql', text: value });
    else if ((name === 'query' || name === 'mutation' || name === 'document') && GRAPHQL_START.test(value))
      embedded.push({ kind: 'graphql', query: value, around });
    else if (SHELL_KEYS.has(name)) embedded.push({ kind: 'shell', text: value });
    else if (CODE_KEYS.has(name) && runs) embedded.push({ kind: 'code' });
    else if (ORDER_KEYS.has(name) && value.length <= 60) orders.push(value);
  };
  const walk = (key: string, value: Json | undefined, around: JsonObject): void => {
    nodes += 1;
    if (nodes > MOST_NODES) return;
    // Stages of a pipeline that write over a collection.
    if (key === '$out' || key === '$merge') orders.push('overwrite');
    if (typeof value === 'string') text(key, value, around);
    else if (value === true) overwrites ||= OVERWRITE_KEYS.has(wordsOf(key).join(''));
    else if (Array.isArray(value)) {
      const isArgv = SHELL_KEYS.has(wordsOf(key).join('')) && value.every((item) => typeof item === 'string');
      if (isArgv) text(key, value.map((item) => shellQuote(String(item))).join(' '), around);
      else for (const item of value as readonly Json[]) walk(key, item, around);
    } else if (isJsonObject(value)) for (const [inner, item] of Object.entries(value)) walk(inner, item, value);
  };
  for (const [key, value] of Object.entries(args)) walk(key, value, args);
  if (nodes > MOST_NODES) return { ok: false, why: `more than ${MOST_NODES} values in the arguments` };
  return { ok: true, embedded, orders, overwrites };
}

function requestOf(url: string, around: JsonObject): JsonObject {
  const body = around['body'] ?? around['data'] ?? around['json'] ?? around['payload'];
  const method =
    typeof around['method'] === 'string' ? around['method'] : body === undefined || body === null ? 'GET' : 'POST';
  const headers = isJsonObject(around['headers']) ? around['headers'] : undefined;
  return {
    method,
    url,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined || body === null ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
}

function shellQuote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
