import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { worstDanger } from '../../../src/core/danger.ts';
import { readHttp } from '../../../src/languages/http/read-http.ts';
import { makeMcpReader } from '../../../src/languages/mcp/read-mcp.ts';
import { loadSqlParser, readSql } from '../../../src/languages/sql/read-sql.ts';
import { verbOfName, wordsOf } from '../../../src/languages/verb-words.ts';
import { actionOf, NO_FACTS, runScenarios } from '../api-scenarios.ts';

const readMcp = makeMcpReader({ sql: readSql, http: readHttp });

describe('mcp scenarios', () => {
  before(loadSqlParser);
  runScenarios('mcp-calls.jsonl', 'mcp', readMcp);
});

describe('mcp reader', () => {
  before(loadSqlParser);

  it('no annotation loosens', () => {
    const call = fc.record({
      server: fc.constantFrom('s', 'postgres'),
      tool: fc.constantFrom('delete_x', 'get_x', 'frob', 'create_x', 'run_x', 'send_x'),
      arguments: fc.dictionary(
        fc.constantFrom('sql', 'query', 'action', 'id'),
        fc.constantFrom('select 1', 'drop table x', 'delete', '7'),
      ),
    });
    const rank = { harmless: 0, opaque: 1, destructive: 2 };
    fc.assert(
      fc.property(call, fc.jsonValue(), fc.boolean(), fc.boolean(), (plain, junk, readOnlyHint, destructiveHint) => {
        const danger = (annotations: object) =>
          rank[worstDanger(readMcp(actionOf('mcp', { ...plain, ...annotations }), NO_FACTS).effects)];
        assert.ok(danger({ annotations: { readOnlyHint, destructiveHint } }) >= danger({}));
        if (JSON.stringify(junk).isWellFormed())
          assert.ok(danger({ annotations: JSON.parse(JSON.stringify(junk)) }) >= danger({}));
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (args, tool) => {
        const bytes = new TextEncoder().encode(JSON.stringify({ server: 's', tool, arguments: args }));
        assert.ok(Array.isArray(readMcp({ kind: 'mcp', bytes }, NO_FACTS).effects));
      }),
    );
  });
});

describe('verb words', () => {
  it('splits names', () => {
    assert.deepEqual(wordsOf('HTTPServer-listAll.v2'), ['http', 'server', 'list', 'all', 'v2']);
    assert.deepEqual(wordsOf('volumeDelete'), ['volume', 'delete']);
  });

  it('reads verbs', () => {
    const table: readonly (readonly [string, string | undefined])[] = [
      ['volumeDelete', 'destroy'],
      ['listVolumes', 'read'],
      ['user_remove', 'destroy'],
      ['getDeletedUsers', 'read'],
      ['resetPassword', 'destroy'],
      ['frob', undefined],
      ['post_delete', 'destroy'],
      ['status_update', 'change'],
      ['dropdb', 'destroy'],
      ['dropdown', undefined],
      [`list_${'x'.repeat(300)}_delete`, undefined],
      ['fetch_or_remove', 'destroy'],
    ];
    for (const [name, verb] of table) assert.equal(verbOfName(name), verb, name);
  });

  it('a deletion stays one under any prefix of nouns', () => {
    const noun = fc.constantFrom('user', 'volume', 'aws', 'x1', 'team');
    fc.assert(
      fc.property(
        fc.array(noun, { maxLength: 3 }),
        fc.constantFrom('delete', 'remove', 'destroy', 'purge'),
        (nouns, verb) => assert.equal(verbOfName([...nouns, verb].join('_')), 'destroy'),
      ),
    );
  });
});
