import type { Json } from '../../core/canonical-json.ts';
import { isJsonObject } from '../api-actions.ts';
import type { Reading, ReadingContext } from '../reading.ts';
import { readSqlText } from '../sql/read-sql.ts';
import type { Body, HttpRequest } from './request.ts';

const SQL_PATH = /^(_?sql|query|queries|execute|exec|statements?|pipeline|batch|run[-_]?query|run[-_]?sql)$/i;
const SQL_KEYS = new Set(['sql', 'query', 'queries', 'statement', 'statements', 'stmt', 'q', 'sqlquery', 'sql_query']);
const SQL_START =
  /^[\s(;]*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*(?:select|with|insert|update|delete|drop|truncate|alter|create|grant|revoke|merge|copy|do|call|exec|execute|explain|show|begin|commit|set|vacuum|pragma|replace|rename|attach|detach|optimize|system|kill|describe|use|analyze|reindex|refresh|comment|lock|purge)\b/i;

/** SQL in a parameter or body of a request to a path that takes SQL; `undefined` where there is none. */
export function sqlOverHttp(request: HttpRequest, body: Body, context: ReadingContext): Reading | undefined {
  const isSqlPath = request.segments.some((segment) => SQL_PATH.test(segment));
  // `/databases/x/query` takes SQL whatever it begins with; a `/query` of a search engine takes words.
  const isDatabase = request.segments.some((segment) => /sql|^d1$|database|^db$/i.test(segment));
  const texts: string[] = [];
  for (const [name, value] of request.url.searchParams)
    if (SQL_KEYS.has(name.toLowerCase()) && SQL_START.test(value)) texts.push(value);
  if (body.kind === 'json') collect('', body.value, { isSqlPath, isDatabase }, texts);
  else if (body.kind === 'form' || body.kind === 'multipart') {
    for (const [name, value] of body.fields)
      if (SQL_KEYS.has(name.toLowerCase()) && SQL_START.test(value)) texts.push(value);
  } else if (
    body.kind === 'text' &&
    SQL_START.test(body.text) &&
    (isSqlPath || texts.length > 0 || request.segments.length === 0)
  ) {
    // A database that takes SQL by HTTP joins parameter and body into one text.
    texts.push(body.text);
  }
  if (texts.length === 0) return undefined;
  const readings = texts.map((text) => readSqlText(text, 'unknown', context));
  return { effects: readings.flatMap((one) => one.effects), questions: readings.flatMap((one) => one.questions) };
}

interface PathKind {
  readonly isSqlPath: boolean;
  readonly isDatabase: boolean;
}

function collect(key: string, value: Json | undefined, path: PathKind, texts: string[]): void {
  if (typeof value === 'string') {
    const name = key.toLowerCase();
    const isKey = path.isSqlPath ? SQL_KEYS.has(name) : name.includes('sql');
    if (isKey && ((path.isSqlPath && path.isDatabase) || SQL_START.test(value))) texts.push(value);
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(key, item, path, texts);
  else if (isJsonObject(value)) for (const [inner, item] of Object.entries(value)) collect(inner, item, path, texts);
}
