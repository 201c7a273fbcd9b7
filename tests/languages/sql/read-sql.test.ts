import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { worstDanger } from '../../../src/core/danger.ts';
import type { EnvironmentFact } from '../../../src/core/facts.ts';
import type { ReadingContext } from '../../../src/languages/reading.ts';
import { loadSqlParser, readSql } from '../../../src/languages/sql/read-sql.ts';
import { actionOf, describeReading, NO_FACTS, runScenarios } from '../api-scenarios.ts';

const danger = (sql: string, dialect?: string, context: ReadingContext = NO_FACTS) =>
  worstDanger(readSql(actionOf('sql', sql, dialect), context).effects);

/** Runs before the parser is loaded: the order of the blocks counts. */
describe('sql reader without its parser', () => {
  it('knows nothing', () => {
    assert.equal(danger('SELECT 1'), 'opaque');
    assert.equal(danger('DROP TABLE users'), 'opaque');
  });
});

describe('sql scenarios', () => {
  before(loadSqlParser);
  runScenarios('sql-statements.jsonl', 'sql', readSql);
});

describe('sql reader', () => {
  before(loadSqlParser);

  const environment = (production: boolean, by: EnvironmentFact['by']): ReadingContext => ({
    ...NO_FACTS,
    fact: (check) =>
      check === 'environment' ? { known: { environments: [{ id: 'e', name: 'x', production }], by } } : undefined,
  });

  it('asks which environment the database serves, and heeds the answer', () => {
    assert.deepEqual(readSql(actionOf('sql', 'DELETE FROM orders'), NO_FACTS).questions, [
      { check: 'environment', about: { system: 'postgres', kind: 'database', path: [''] } },
    ]);
    assert.deepEqual(readSql(actionOf('sql', 'SELECT 1'), NO_FACTS).questions, []);
    const range = "DELETE FROM sessions WHERE expires_at < now() - interval '90 days'";
    assert.equal(danger(range, undefined, environment(false, 'declared')), 'harmless');
    assert.equal(danger(range, undefined, environment(false, 'claimed')), 'destructive');
    assert.equal(danger('DELETE FROM sessions', undefined, environment(false, 'declared')), 'destructive');
    assert.equal(danger('DROP TABLE tmp_7', undefined, environment(false, 'declared')), 'harmless');
    assert.equal(danger('DROP TABLE users', undefined, environment(false, 'declared')), 'destructive');
    assert.equal(danger('DELETE FROM orders WHERE id = 5', undefined, environment(true, 'provider')), 'destructive');
  });

  it('finds a destruction among any harmless statements', () => {
    const harmless = fc.constantFrom(
      'SELECT 1',
      "SELECT ';'",
      '-- DROP',
      '/* ; */ SELECT 2',
      'BEGIN',
      "SELECT 'a''b;'",
      'SELECT $a$;$a$',
      'SELECT "x;y" FROM t',
      'ünï',
    );
    const bad = fc.constantFrom(
      'DROP TABLE users',
      'TRUNCATE users',
      'DELETE FROM users',
      'WITH a AS (DELETE FROM users RETURNING 1) SELECT 1',
    );
    const dialect = fc.constantFrom(undefined, 'unknown', 'mysql', 'sqlite', 'mssql', 'oracle', 'clickhouse');
    fc.assert(
      fc.property(
        fc.array(harmless, { maxLength: 4 }),
        bad,
        fc.array(harmless, { maxLength: 4 }),
        dialect,
        (first, sql, last, name) => {
          const text = [...first, sql, ...last].map((one) => `${one}\n`).join(';');
          const reading = readSql(actionOf('sql', text, name), NO_FACTS);
          assert.notEqual(worstDanger(reading.effects), 'harmless', `${name}: ${text}\n${describeReading(reading)}`);
        },
      ),
    );
  });

  it('never throws', () => {
    const piece = fc.constantFrom(
      'SELECT',
      'DROP',
      'TABLE',
      'x',
      '(',
      ')',
      ';',
      "'",
      '"',
      '`',
      '$$',
      '--',
      '/*',
      '*/',
      '\\',
      ',',
      '.',
      '=',
      'WHERE',
      'id',
      '1',
      'DELETE',
      'FROM',
      '\u0000',
      '\ud800',
      '[',
      ']',
      'E',
      '\n',
      '#',
      '::',
      'ü',
    );
    const dialect = fc.constantFrom(undefined, 'unknown', 'mysql', 'sqlite', 'mssql', 'oracle', 'strange');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.constantFrom('', ' '), dialect, (pieces, glue, name) => {
        assert.ok(Array.isArray(readSql(actionOf('sql', pieces.join(glue), name), NO_FACTS).effects));
      }),
    );
  });

  it('bears depth, length and what is not UTF-8, and reads on afterwards', () => {
    const deep = [
      `select ${'('.repeat(5000)}1${')'.repeat(5000)}`,
      `select 1${'+1'.repeat(20000)}`,
      `select 1${'::int'.repeat(12000)}`,
      `select ${'not '.repeat(9000)}true`,
      `select 1${' union select 1'.repeat(4000)}`,
      `select ${'case when '.repeat(5000)}1`,
      `select a${'[1]'.repeat(9000)}`,
    ];
    for (const text of deep) {
      assert.ok(['harmless', 'opaque'].includes(danger(text)), text.slice(0, 20));
      assert.equal(danger('SELECT 1'), 'harmless');
    }
    assert.equal(danger(`SELECT 1 -- ${'x'.repeat(70_000)}`), 'opaque');
    assert.equal(danger('SELECT 1\u0000; DROP TABLE users'), 'opaque');
    assert.equal(worstDanger(readSql({ kind: 'sql', bytes: Uint8Array.of(0xff) }, NO_FACTS).effects), 'opaque');
    assert.equal(danger(`${'DROP TABLE a;'.repeat(300)}`), 'opaque');
    assert.equal(danger('drop x '.repeat(5000), 'mssql'), 'opaque');
    assert.equal(danger('\n'.repeat(60_000), 'mysql'), 'harmless');
  });

  it('gives the span of the statement', () => {
    const text = "SELECT 'ü'; DROP TABLE users";
    const effect = readSql(actionOf('sql', text), NO_FACTS).effects.find((one) => one.verb === 'destroy');
    assert.equal(text.slice(...(effect?.span ?? [0, 0])).trim(), 'DROP TABLE users');
  });
});
