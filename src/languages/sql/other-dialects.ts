import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import { brief } from '../api-actions.ts';
import { isScratchName, type SqlEffects, sqlEffects } from './effects.ts';
import {
  altered,
  created,
  nameAfter,
  type OtherContext,
  pragma,
  readingEffects,
  rowChange,
} from './other-statements.ts';
import { type SqlToken, statementsOf, tokensOf } from './tokens.ts';

/**
 * SQL that no grammar of ours covers, judged by its keywords: each statement by the word that it begins with, and by
 * every word in it that could begin another. What does not begin with a known word is opaque.
 */
export function otherDialectEffects(text: string, system: string, context: OtherContext): Effect[] {
  const whole = sqlEffects(system, [0, text.length]);
  if (/^[^\S\n]*[\\.!]/m.test(text)) return clientCommands(text, whole);
  const result = tokensOf(text, context.dialect);
  if (!result.ok) return [whole.opaque(result.why)];
  return statementsOf(result.tokens).flatMap((statement) => {
    const last = statement.at(-1);
    const effects = sqlEffects(system, [statement[0]?.start ?? 0, (last?.start ?? 0) + (last?.text.length ?? 0)]);
    return judge(statement, effects, context);
  });
}

const CLIENT_READS =
  /^\s*(?:\\(?:d\S*|l\+?|c|connect|conninfo|x|timing|q|\?|h|echo|pset|a|t|encoding|z|sf|sv)|\.(?:tables|schema|headers?|mode|databases|indexes|indices|show|width|timer|quit|exit|help|fullschema))(?:\s|$)/;

function clientCommands(text: string, effects: SqlEffects): Effect[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const reads = lines.every((line) => CLIENT_READS.test(line) && !/[`|;]|\\!|\\g/.test(line));
  return [
    reads
      ? effects.read("asks the database's client for a description")
      : effects.opaque('a command of the database client'),
  ];
}

const STARTS_ANOTHER = new Set([
  'DROP',
  'TRUNCATE',
  'DELETE',
  'UPDATE',
  'ALTER',
  'EXEC',
  'EXECUTE',
  'MERGE',
  'GRANT',
  'REVOKE',
  'SHUTDOWN',
  'RESTORE',
  'KILL',
  'RENAME',
  'PURGE',
  'INSERT',
  'REPLACE',
]);
/** Words after which the next one is part of a clause: `ON DELETE`, `FOR UPDATE`, `CREATE OR REPLACE`. */
const CLAUSE_BEFORE = new Set(['ON', 'FOR', 'AFTER', 'BEFORE', 'OF', 'OR', 'NO', 'INSTEAD', 'KEY', 'WITH']);

const MOST_STARTS = 40;

function judge(tokens: readonly SqlToken[], effects: SqlEffects, context: OtherContext): Effect[] {
  const found: Effect[] = judgeLeading(tokens, effects, context);
  const begins = tokens[0]?.text ?? '';
  // A CREATE of code was judged by its body; a DDL word inside ALTER or GRANT belongs to it.
  if (['ALTER', 'GRANT', 'REVOKE', 'DENY', 'EXPLAIN', 'DESCRIBE', 'DESC', 'SHOW', 'HELP'].includes(begins))
    return found;
  let starts = 0;
  tokens.forEach((token, index) => {
    if (starts > MOST_STARTS || index === 0 || token.kind !== 'word' || !STARTS_ANOTHER.has(token.text)) return;
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (before?.kind === 'word' && CLAUSE_BEFORE.has(before.text)) return;
    // `replace(x, ...)` is a call; `t.update`, `update = 1`, `SELECT delete FROM` are columns.
    if (before?.text === '.' || before?.text === ',' || after === undefined || after.kind === 'symbol') return;
    if (begins === 'MERGE' && before?.text === 'THEN') return;
    if (begins === 'CREATE' || begins === 'INSERT' || (begins === 'REPLACE' && token.text === 'REPLACE')) {
      if (token.text === 'INSERT' || token.text === 'REPLACE' || token.text === 'UPDATE') return;
    }
    starts += 1;
    found.push(...judgeLeading(tokens.slice(index), effects, context));
  });
  // Each start is read to the end of the statement: past a number of them the time would not be bounded.
  return starts > MOST_STARTS ? [effects.opaque(`more than ${MOST_STARTS} orders in one statement`)] : found;
}

const READING = new Set(
  'SELECT WITH SHOW DESCRIBE DESC VALUES TABLE HELP USE PRINT DECLARE FROM EXISTS CHECK CHECKSUM FETCH OPEN CLOSE LIST'.split(
    ' ',
  ),
);
const SESSION = new Set(
  'BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE END ABORT LOCK UNLOCK ANALYZE COMMENT REINDEX OPTIMIZE REFRESH GO WAITFOR'.split(
    ' ',
  ),
);

function judgeLeading(tokens: readonly SqlToken[], effects: SqlEffects, context: OtherContext): Effect[] {
  const words = tokens.map((token) => (token.kind === 'word' ? token.text : ''));
  const first = words[0] ?? '';
  const has = (...wanted: string[]) => wanted.some((word) => words.includes(word));
  const one = (verb: Verb, reversal: Reversal, kind: string, name: string, does: string) => [
    effects.make(verb, reversal, effects.ref(kind, name), name === '' ? does : `${does} \`${brief(name)}\``),
  ];
  if (tokens[0]?.text === '(') return judgeLeading(tokens.slice(1), effects, context);
  if (READING.has(first)) return readingEffects(tokens, words, effects);
  if (SESSION.has(first)) {
    // BEGIN opens a transaction, or a block of procedural code.
    return first === 'BEGIN' &&
      words.length > 1 &&
      !/^(TRAN|TRANSACTION|WORK|IMMEDIATE|DEFERRED|EXCLUSIVE|ISOLATION|READ)$/.test(words[1] ?? '')
      ? [effects.opaque('a block of procedural code')]
      : [];
  }
  switch (first) {
    case 'EXPLAIN':
      return has('ANALYZE')
        ? judgeLeading(
            tokens.slice(words.indexOf('ANALYZE') + 1).filter((token) => token.text !== ')'),
            effects,
            context,
          )
        : [effects.read('shows a plan')];
    case 'SET':
      if (has('PASSWORD')) return one('grant', 'unknown', 'user', '', 'changes a password');
      return has('GLOBAL', 'PERSIST', 'SYSTEM')
        ? one('change', 'unknown', 'setting', words[2] ?? '', 'changes a setting of the server')
        : [];
    case 'PRAGMA':
      return pragma(tokens, effects);
    case 'CREATE':
      return created(tokens, words, effects);
    case 'INSERT':
      if (has('OVERWRITE'))
        return one('destroy', 'safeguardable', 'table', nameAfter(tokens, ['TABLE', 'OVERWRITE']), 'overwrites table');
      return has('REPLACE', 'DUPLICATE') || (has('CONFLICT') && has('UPDATE'))
        ? one(
            'change',
            context.isProduction ? 'safeguardable' : 'undoable',
            'table',
            nameAfter(tokens, ['INTO', 'INSERT']),
            'inserts, over rows with the same key, into',
          )
        : one('create', 'undoable', 'table', nameAfter(tokens, ['INTO', 'INSERT']), 'inserts into');
    case 'REPLACE':
      return one(
        'change',
        context.isProduction ? 'safeguardable' : 'undoable',
        'table',
        nameAfter(tokens, ['INTO', 'REPLACE']),
        'inserts, over rows with the same key, into',
      );
    case 'LOAD':
    case 'COPY':
      return has('PROGRAM')
        ? [effects.opaque('a program is run on the server')]
        : has('TO', 'UNLOAD')
          ? one('expose', 'unknown', 'table', '', 'copies data out')
          : one('create', 'undoable', 'table', nameAfter(tokens, ['INTO', 'TABLE', 'COPY']), 'loads rows into');
    case 'ATTACH':
    case 'BACKUP':
    case 'UNDROP':
      return one('create', 'undoable', 'database', '', `does ${first.toLowerCase()}`);
    case 'DETACH':
      return effects.system === 'sqlite'
        ? []
        : one('change', 'unknown', 'table', nameAfter(tokens, ['TABLE', 'DETACH']), 'detaches');
    case 'VACUUM':
      return ['sqlite', 'postgres', 'mysql'].includes(effects.system)
        ? []
        : one('destroy', 'irreversible', 'table', '', 'removes the versions that a table could be restored from');
    case 'UPDATE':
    case 'DELETE':
      return [rowChange(first === 'DELETE' ? 'destroy' : 'change', tokens, words, effects, context)];
    case 'MERGE':
      return has('DELETE', 'UPDATE')
        ? one(
            'change',
            'safeguardable',
            'table',
            nameAfter(tokens, ['INTO', 'MERGE']),
            'merges, over existing rows, into',
          )
        : one('create', 'undoable', 'table', nameAfter(tokens, ['INTO', 'MERGE']), 'merges into');
    case 'DROP':
    case 'TRUNCATE': {
      const name = nameAfter(tokens, ['EXISTS', ...DROPPED_KINDS, first]);
      const kind = DROPPED_KINDS.find((one) => words.slice(0, 4).includes(one))?.toLowerCase() ?? 'table';
      const isScratch = has('TEMPORARY') || name.startsWith('#') || (context.isTest && isScratchName(name));
      return one(
        'destroy',
        isScratch
          ? 'regenerable'
          : kind === 'database' || kind === 'schema' || kind === 'user'
            ? 'irreversible'
            : 'safeguardable',
        kind,
        name,
        first === 'DROP' ? `drops ${kind}` : 'empties table',
      );
    }
    case 'ALTER':
      return altered(tokens, words, effects);
    case 'GRANT': {
      const privileges = words
        .slice(1, Math.max(words.indexOf('ON'), words.indexOf('TO')))
        .filter((word) => word !== '');
      const looks =
        privileges.length > 0 &&
        privileges.every((word) => ['SELECT', 'USAGE', 'CONNECT', 'SHOW', 'VIEW'].includes(word)) &&
        !has('PUBLIC', 'OPTION');
      return looks && words.includes('ON')
        ? one('change', 'undoable', 'privileges', '', 'lets someone read')
        : one('grant', 'unknown', 'privileges', '', 'grants privileges');
    }
    case 'FLUSH':
      return has('PRIVILEGES', 'LOGS', 'STATUS', 'HOSTS')
        ? one('change', 'undoable', 'server', '', 'does upkeep')
        : one('change', 'unknown', 'server', '', 'flushes state of the server');
    default:
      if (['PURGE', 'RESET', 'RESTORE', 'FORMAT'].includes(first))
        return one(
          'destroy',
          'irreversible',
          'server',
          '',
          `removes what cannot be had again (${first.toLowerCase()})`,
        );
      if (['REVOKE', 'DENY', 'RENAME', 'KILL', 'SHUTDOWN', 'SYSTEM', 'UNLOAD', 'EXPORT', 'RECONFIGURE'].includes(first))
        return one('change', 'unknown', 'server', '', `changes what others rely on (${first.toLowerCase()})`);
      if (
        (first === 'EXEC' || first === 'EXECUTE') &&
        /^SP_(HELP\w*|WHO2?|COLUMNS|TABLES|SPACEUSED|DATABASES|FKEYS|PKEYS)$/.test(words[1] ?? '')
      )
        return [effects.read('describes a database')];
      return [effects.opaque(`a statement that begins with \`${brief(tokens[0]?.text ?? '')}\``)];
  }
}

const DROPPED_KINDS = [
  'TABLE',
  'DATABASE',
  'SCHEMA',
  'USER',
  'ROLE',
  'LOGIN',
  'VIEW',
  'INDEX',
  'SEQUENCE',
  'FUNCTION',
  'PROCEDURE',
  'TRIGGER',
  'TABLESPACE',
  'COLLECTION',
  'KEYSPACE',
  'PARTITION',
  'COLUMN',
  'STAGE',
  'WAREHOUSE',
];
