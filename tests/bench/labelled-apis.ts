/**
 * Reads the labelled actions of kinds sql, http, graphql and mcp and says how many labels the readers agree with.
 * Run: `node tests/bench/labelled-apis.ts`. The table is not part of the project; where it is absent, that is printed.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Json } from '../../src/core/canonical-json.ts';
import { worstDanger } from '../../src/core/danger.ts';
import { readGraphql } from '../../src/languages/graphql/read-graphql.ts';
import { readHttp } from '../../src/languages/http/read-http.ts';
import { makeMcpReader } from '../../src/languages/mcp/read-mcp.ts';
import type { Reader, ReadingContext } from '../../src/languages/reading.ts';
import { loadSqlParser, readSql } from '../../src/languages/sql/read-sql.ts';
import { actionOf, describeReading, NO_FACTS } from '../languages/api-scenarios.ts';

interface Labelled {
  readonly id: string;
  readonly action_kind: string;
  readonly example: string;
  readonly destructive: boolean;
  readonly dialect?: string;
  readonly context?: string;
}

const FILES = ['labelled-actions.jsonl', 'context-dependent.jsonl'].map(
  (name) => new URL(`../../../shared/scenarios/${name}`, import.meta.url),
);

/** The examples are written for people; this is what each says as an action. */
function inputOf(row: Labelled): Json {
  const request = /^(GET|POST|PUT|PATCH|DELETE) (\S+)\s*([\s\S]*)$/.exec(row.example);
  switch (row.action_kind) {
    case 'sql':
      return row.example;
    case 'http':
      return { method: request?.[1] ?? '', url: request?.[2] ?? '', ...(request?.[3] ? { body: request[3] } : {}) };
    case 'graphql': {
      if (request === null) return { query: row.example };
      const body = request[3] ?? '';
      return body.startsWith('{"')
        ? { endpoint: request[2] ?? '', ...(JSON.parse(body) as object) }
        : { endpoint: request[2] ?? '', query: body };
    }
    case 'mcp': {
      const call = /^([\w-]+)\.([\w-]+) (\{.*?\})\s*(?:\((.*)\))?$/.exec(row.example);
      const args = /^\{.*\}$/.test(call?.[3] ?? '') ? (call?.[3] ?? '{}').replace(/\[\.\.\.\d+\]/, '["1","2"]') : '{}';
      const hint = /readOnlyHint:(true|false)/.exec(call?.[4] ?? '')?.[1];
      return {
        server: call?.[1] ?? '',
        tool: call?.[2] ?? '',
        arguments: JSON.parse(args) as Json,
        ...(hint === undefined ? {} : { annotations: { readOnlyHint: hint === 'true' } }),
      };
    }
    default:
      throw new Error(`kind \`${row.action_kind}\``);
  }
}

const READERS: Readonly<Record<string, Reader>> = {
  sql: readSql,
  http: readHttp,
  graphql: readGraphql,
  mcp: makeMcpReader({ sql: readSql, http: readHttp }),
};

/** A context of `test` is a person's word that the database is one for tests. */
function contextOf(row: Labelled): ReadingContext {
  if (row.context !== 'test') return NO_FACTS;
  return {
    ...NO_FACTS,
    fact: (check) =>
      check === 'environment'
        ? { known: { environments: [{ id: 'test', name: 'test', production: false }], by: 'declared' } }
        : undefined,
  };
}

await loadSqlParser();
let total = 0;
let bad = 0;
let missed = 0;
let nagged = 0;
for (const file of FILES) {
  if (!existsSync(file)) {
    console.log(`labelled actions are not at ${file.pathname}: nothing measured`);
    continue;
  }
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.trim() === '') continue;
    const row = JSON.parse(line) as Labelled;
    const reader = READERS[row.action_kind];
    if (reader === undefined) continue;
    const reading = reader(actionOf(row.action_kind as 'sql', inputOf(row), row.dialect), contextOf(row));
    const stopped = worstDanger(reading.effects) !== 'harmless';
    total += 1;
    if (row.destructive) bad += 1;
    if (stopped === row.destructive) continue;
    if (row.destructive) missed += 1;
    else nagged += 1;
    console.log(
      `${row.destructive ? 'MISSED' : 'FALSE ALARM'} ${row.id} ${row.example}\n  ${describeReading(reading)}`,
    );
  }
}
console.log(`${total} labelled: recall ${bad - missed}/${bad}, false alarms ${nagged}/${total - bad}`);
