import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { loadSqlParser } from '../../../src/languages/sql/read-sql.ts';
import { NO_FACTS } from '../../languages/api-scenarios.ts';
import { type Random, strictnessOf, type Target } from '../fuzzing.ts';

await loadSqlParser();
const read = makeHttpReader({});

function strictnessIn(body: string, type = 'application/json', path = '/v1/sql'): number {
  const request = { method: 'POST', url: `https://db.example${path}`, headers: { 'content-type': type }, body };
  return strictnessOf(read({ kind: 'http', bytes: canonicalBytes(request) }, NO_FACTS));
}

function readSql(input: string): number {
  const sql = input.toWellFormed();
  const plain = strictnessIn(JSON.stringify({ sql, params: [] }));
  const other = strictnessIn(JSON.stringify({ params: [], sql }));
  if (plain !== other) throw new Error(`${plain}, and ${other} with the keys in another order`);
  strictnessIn(new URLSearchParams({ q: sql }).toString(), 'application/x-www-form-urlencoded', '/query');
  strictnessIn(sql, 'text/plain', '/');
  return plain;
}

export const SQL_OVER_HTTP: Target = {
  name: 'sql-over-http',
  seeds: [
    'DROP TABLE bookings',
    'select 1; delete from bookings where id > 3',
    'with gone as (delete from bookings returning *) select * from gone',
    "insert into t values ('drop table x', $$a$$, E'\\n')",
    'truncate bookings cascade; -- all of it',
    '/* a */ alter table t drop column c',
  ],
  pieces: [
    [
      ';',
      "'",
      '"',
      '$$',
      '$a$',
      '--',
      '/*',
      '*/',
      '\n',
      '(',
      ')',
      ',',
      '\\',
      '\0',
      'é',
      ' where ',
      ' select ',
      ' delete from t ',
      'drop table t;',
    ],
    [
      "E'",
      'U&"',
      '::',
      ':=',
      '@',
      '`',
      '#',
      '?',
      '$1',
      ' returning * ',
      'begin;',
      'commit;',
      ' union ',
      ' limit 1 ',
      '((((((((((',
    ],
  ].flat(),
  read: readSql,
  respell: (input: string, random: Random) => [
    `${random.pick([' ', '\n', '\t', '/* x */ ', '-- x\n', '/* a /* b */ c */'])}${input}`,
    `select 1; ${input}`,
  ],
};
