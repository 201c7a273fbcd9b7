import type { Action } from '../../core/attempt.ts';
import { dangerOf } from '../../core/danger.ts';
import type { Effect } from '../../core/effect.ts';
import type { ConnectionFact, EnvironmentFact } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import { actionText, opaqueReading, withinEffectLimit } from '../api-actions.ts';
import { whyExpendable } from '../connection.ts';
import type { Reader, Reading, ReadingContext } from '../reading.ts';
import { databaseRef, sqlEffects } from './effects.ts';
import { otherDialectEffects } from './other-dialects.ts';
import { parsePostgres } from './parser.ts';
import { type PostgresContext, postgresEffects } from './postgres.ts';

export { loadSqlParser } from './parser.ts';

const SUMMARY = 'runs SQL that cannot be judged';

/**
 * Effects of a list of SQL statements. PostgreSQL (the dialect unless another is given) by its own parser, which
 * `loadSqlParser` loads first; what that does not parse, and other dialects, by keywords. `unknown` as a dialect is judged
 * as both. `sqlite-memory` is a database that ends with the process.
 */
export const readSql: Reader = (action, context): Reading => {
  const text = actionText(action, LIMITS.commandBytes);
  if (!text.ok) return opaqueReading('sql', text.why, SUMMARY);
  return readSqlText(text.text, action.dialect, context);
};

/** The same, for a text that came inside something else. */
export function readSqlText(text: string, dialect: Action['dialect'], context: ReadingContext): Reading {
  if (text.length > LIMITS.commandBytes)
    return opaqueReading('sql', `a text over ${LIMITS.commandBytes} characters`, SUMMARY);
  // A parser in C ends at a NUL, a server may not.
  if (text.includes('\u0000')) return opaqueReading('sql', 'a NUL in the text', SUMMARY);
  const name = (dialect ?? 'postgres').toLowerCase();
  const isPostgres = ['postgres', 'postgresql', 'redshift', 'cockroach', 'cockroachdb', 'unknown'].includes(name);
  const system = isPostgres
    ? name === 'unknown'
      ? 'sql'
      : 'postgres'
    : name === 'mariadb'
      ? 'mysql'
      : name === 'sqlite-memory'
        ? 'sqlite'
        : SYSTEMS.has(name)
          ? name
          : 'sql';
  const environment = environmentOf(system, context);
  try {
    const effects = isPostgres
      ? postgresReading(text, system, name, environment)
      : otherDialectEffects(text, system, { dialect: SYSTEMS.has(system) ? system : 'unknown', ...environment });
    const judged = name === 'sqlite-memory' ? effects.map(inMemory) : effects;
    const asks = judged.some(
      (effect) =>
        effect.verb === 'destroy' ||
        (effect.verb === 'change' && dangerOf(effect) !== 'harmless') ||
        effect.reversal === 'undoable',
    );
    const questions = asks ? [{ check: 'environment' as const, about: databaseRef(system) }] : [];
    return withinEffectLimit({ effects: judged, questions }, `sql/${system}`);
  } catch (error) {
    // A tree deeper than the stack; anything else is a bug.
    if (error instanceof RangeError) return opaqueReading('sql', 'nested too deep', SUMMARY);
    throw error;
  }
}

const SYSTEMS = new Set(['mysql', 'sqlite', 'mssql', 'oracle', 'clickhouse', 'bigquery', 'snowflake']);

interface Environment {
  readonly isTest: boolean;
  readonly isProduction: boolean;
}

/** SECURITY: a name that an agent could have written (`claimed`) never makes a database a test database. */
function environmentOf(system: string, context: ReadingContext): Environment {
  const fact = context.fact('environment', databaseRef(system));
  if (fact === undefined || !('known' in fact)) return { isTest: false, isProduction: false };
  const found = fact.known as EnvironmentFact | ConnectionFact;
  const { environments, by } = found;
  const isProduction = environments.some((one) => one.production);
  const vouched = environments.length > 0 && !isProduction && by !== 'claimed';
  if (!('connections' in found)) return { isTest: vouched, isProduction };
  const isSettled = found.unsettled === undefined && !isProduction;
  return { isTest: isSettled && (vouched || whyExpendable(found) !== undefined), isProduction };
}

function postgresReading(text: string, system: string, dialect: string, environment: Environment): Effect[] {
  const parsed = parsePostgres(text);
  if (!parsed.ok) {
    if (!parsed.loaded) return [sqlEffects(system, [0, text.length]).opaque(parsed.why)];
    return otherDialectEffects(text, system, {
      dialect: dialect === 'unknown' ? 'unknown' : 'postgres',
      ...environment,
    });
  }
  const temporary: PostgresContext['temporary'] = new Set();
  const effects = parsed.statements.flatMap((statement) => {
    // What is undone, or ends the session's tables, may leave the name to a permanent table.
    if (statement.kind === 'DiscardStmt' || statement.kind === 'TransactionStmt' || statement.kind === 'RenameStmt')
      temporary.clear();
    return postgresEffects(statement, {
      effects: sqlEffects(system, statement.span),
      ...environment,
      temporary,
      depth: 0,
    });
  });
  // Another server may take for code what PostgreSQL takes for a comment or a string.
  if (dialect === 'unknown' && /--\S|\/\*M?!|\\/.test(text)) {
    for (const other of ['unknown', 'mysql']) {
      const seen = otherDialectEffects(text, system, { dialect: other, ...environment });
      effects.push(...seen.filter((effect) => dangerOf(effect) !== 'harmless'));
    }
  }
  return effects;
}

function inMemory(effect: Effect): Effect {
  return effect.verb === 'destroy' || effect.verb === 'change' ? { ...effect, reversal: 'regenerable' } : effect;
}
