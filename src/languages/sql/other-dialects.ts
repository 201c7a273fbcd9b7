import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import { brief } from '../api-actions.ts';
import { isKeyColumn, isScratchName, type SqlEffects, sqlEffects } from './effects.ts';
import { functionClass } from './functions.ts';
import { type SqlToken, statementsOf, tokensOf } from './tokens.ts';

interface OtherContext {
  readonly dialect: string;
  readonly isTest: boolean;
  readonly isProduction: boolean;
}

/**
 * SQL that no grammar of ours covers, judged by its keywords: each statement by the word that it begins with, and by
 * every word in it that could begin another. What does not begin with a known word is opaque.
 */
export function otherDialectEffects(text: string, system: string, context: OtherContext): Effect[] {
  const whole = sqlEffects(system, [0, text.length]);
  const clientLine = /^\s*[\\.!]/m.exec(text);
  if (clientLine !== null) return clientCommands(text, whole);
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

function judge(tokens: readonly SqlToken[], effects: SqlEffects, context: OtherContext): Effect[] {
  const found: Effect[] = judgeLeading(tokens, effects, context);
  const begins = tokens[0]?.text ?? '';
  // A CREATE of code was judged by its body; a DDL word inside ALTER or GRANT belongs to it.
  if (['ALTER', 'GRANT', 'REVOKE', 'DENY', 'EXPLAIN', 'DESCRIBE', 'DESC', 'SHOW', 'HELP'].includes(begins))
    return found;
  tokens.forEach((token, index) => {
    if (index === 0 || token.kind !== 'word' || !STARTS_ANOTHER.has(token.text)) return;
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (before?.kind === 'word' && CLAUSE_BEFORE.has(before.text)) return;
    // `replace(x, ...)` is a call; `t.update`, `update = 1`, `SELECT delete FROM` are columns.
    if (before?.text === '.' || before?.text === ',' || after === undefined || after.kind === 'symbol') return;
    if (begins === 'MERGE' && before?.text === 'THEN') return;
    if (begins === 'CREATE' || begins === 'INSERT' || (begins === 'REPLACE' && token.text === 'REPLACE')) {
      if (token.text === 'INSERT' || token.text === 'REPLACE' || token.text === 'UPDATE') return;
    }
    found.push(...judgeLeading(tokens.slice(index), effects, context));
  });
  return found;
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
      const isScratch = has('TEMPORARY') || /^#/.test(name) || (context.isTest && isScratchName(name));
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

function readingEffects(tokens: readonly SqlToken[], words: readonly string[], effects: SqlEffects): Effect[] {
  if (words.includes('OUTFILE') || words.includes('DUMPFILE'))
    return [effects.make('change', 'unknown', effects.ref('server-file'), 'writes a file on the database server')];
  const called = tokens.flatMap((token, index) =>
    token.kind === 'word' && tokens[index + 1]?.text === '(' ? [token.text.toLowerCase()] : [],
  );
  for (const name of called) {
    const what = functionClass(name);
    if (name === 'load_file')
      return [effects.make('expose', 'irreversible', effects.ref('server-file'), "reads the server's files")];
    if (what.kind === 'effect')
      return [effects.make(what.verb, what.reversal, effects.ref('function', name), what.does)];
    if (what.kind !== 'plain') return [effects.opaque(`function \`${brief(name)}\` may do anything`)];
  }
  return [effects.read('reads from a database')];
}

const HARMLESS_PRAGMAS =
  /^(foreign_keys|journal_mode|synchronous|cache_size|busy_timeout|temp_store|mmap_size|encoding|case_sensitive_like|optimize|analysis_limit|wal_checkpoint|quick_check|integrity_check|foreign_key_check|\w+_(list|info|xinfo))$/i;

function pragma(tokens: readonly SqlToken[], effects: SqlEffects): Effect[] {
  const name = tokens[1]?.text ?? '';
  if (tokens.length === 2 || HARMLESS_PRAGMAS.test(name))
    return [effects.read(`asks or sets \`${brief(name.toLowerCase())}\``)];
  return [
    effects.make(
      'change',
      'unknown',
      effects.ref('setting', name.toLowerCase()),
      `sets \`${brief(name.toLowerCase())}\``,
    ),
  ];
}

function created(tokens: readonly SqlToken[], words: readonly string[], effects: SqlEffects): Effect[] {
  const replaces = words[1] === 'OR' && words[2] === 'REPLACE';
  const kind =
    words
      .slice(1, 6)
      .find((word) =>
        [
          'TABLE',
          'VIEW',
          'FUNCTION',
          'PROCEDURE',
          'TRIGGER',
          'EVENT',
          'PACKAGE',
          'USER',
          'ROLE',
          'LOGIN',
          'DATABASE',
          'SCHEMA',
          'INDEX',
          'JOB',
        ].includes(word),
      ) ?? '';
  if (replaces && ['TABLE', 'DATABASE', 'SCHEMA'].includes(kind)) {
    const name = nameAfter(tokens, [kind]);
    return [
      effects.make(
        'destroy',
        'safeguardable',
        effects.ref(kind.toLowerCase(), name),
        `replaces ${kind.toLowerCase()} \`${brief(name)}\``,
      ),
    ];
  }
  const isCode = ['FUNCTION', 'PROCEDURE', 'TRIGGER', 'EVENT', 'PACKAGE', 'JOB'].includes(kind);
  const bodies = tokens.filter((token) => token.kind === 'string').map((token) => token.text.toUpperCase());
  if (
    isCode &&
    (words.some((word) => ['DELETE', 'DROP', 'TRUNCATE', 'EXECUTE', 'EXEC', 'ALTER'].includes(word)) ||
      bodies.some((body) => /\b(DELETE|DROP|TRUNCATE|EXECUTE|ALTER)\b/.test(body)))
  ) {
    return [effects.opaque('defines code that deletes, or runs text, when it is called')];
  }
  if (words.includes('SUPERUSER') || words.includes('SYSADMIN'))
    return [effects.make('grant', 'unknown', effects.ref('role'), 'creates a powerful role')];
  return [
    effects.make(
      'create',
      'undoable',
      effects.ref(kind.toLowerCase() || 'object', nameAfter(tokens, ['EXISTS', kind])),
      `creates ${kind.toLowerCase() || 'something'}`,
    ),
  ];
}

function altered(tokens: readonly SqlToken[], words: readonly string[], effects: SqlEffects): Effect[] {
  const name = nameAfter(tokens, ['EXISTS', 'TABLE', 'ALTER']);
  const target = effects.ref('table', name);
  if (
    words.includes('DROP') ||
    words.includes('DELETE') ||
    words.includes('TRUNCATE') ||
    words.includes('CLEAR') ||
    words.includes('DISCARD') ||
    words.includes('PURGE')
  ) {
    return [effects.make('destroy', 'safeguardable', target, `alters \`${brief(name)}\` by dropping from it`)];
  }
  const action = words
    .slice(2)
    .find((word) =>
      [
        'ADD',
        'ENABLE',
        'UPDATE',
        'MODIFY',
        'CHANGE',
        'RENAME',
        'DISABLE',
        'DETACH',
        'MOVE',
        'REPLACE',
        'ALTER',
        'SET',
        'OWNER',
        'ATTACH',
        'EXCHANGE',
      ].includes(word),
    );
  if (words[1] === 'TABLE' && (action === 'ADD' || action === 'ENABLE' || action === 'ATTACH'))
    return [effects.make('create', 'undoable', target, `adds to \`${brief(name)}\``)];
  return [effects.make('change', 'unknown', target, `alters \`${brief(name)}\``)];
}

function rowChange(
  verb: 'destroy' | 'change',
  tokens: readonly SqlToken[],
  words: readonly string[],
  effects: SqlEffects,
  context: OtherContext,
): Effect {
  const table = nameAfter(tokens, verb === 'destroy' ? ['FROM', 'DELETE'] : ['UPDATE']);
  const whereAt = words.indexOf('WHERE');
  const target = effects.ref('table', table);
  const does = verb === 'destroy' ? 'deletes' : 'changes';
  const isTemporary = table.startsWith('#');
  if (isTemporary)
    return effects.make(verb, 'regenerable', target, `${does} rows of a temporary table`, { rows: true });
  if (whereAt === -1)
    return effects.make(verb, 'safeguardable', target, `${does} every row of \`${brief(table)}\``, { rows: true });
  const keyed = isKeyedText(tokens.slice(whereAt + 1), table) && !words.includes('JOIN') && !words.includes('USING');
  const isSmall = keyed && !context.isProduction;
  return effects.make(
    verb,
    isSmall ? 'undoable' : 'safeguardable',
    target,
    `${does} ${keyed ? 'rows named by key' : 'rows that fit a condition'} in \`${brief(table)}\``,
    { rows: true },
  );
}

/** `key = constant`, alone or before AND; anything with OR, NOT or a bracket is not proved. */
function isKeyedText(tokens: readonly SqlToken[], table: string): boolean {
  if (
    tokens.some(
      (token) =>
        ['OR', 'NOT', 'XOR', 'UNION', 'SELECT'].includes(token.kind === 'word' ? token.text : '') ||
        token.text === '|' ||
        token.text === '(',
    )
  )
    return false;
  const [column, equals, value, next] = tokens;
  if (column === undefined || equals?.text !== '=' || value === undefined) return false;
  const isColumn = (column.kind === 'word' || column.kind === 'name') && isKeyColumn(column.text, table);
  const isValue = value.kind === 'string' || value.kind === 'number' || value.text === '?';
  return isColumn && isValue && (next === undefined || next.text === 'AND' || next.text === 'LIMIT');
}

/** The name after the first of some words that is there; with its dots, as written. */
function nameAfter(tokens: readonly SqlToken[], words: readonly string[]): string {
  for (const word of words) {
    const at = tokens.findIndex((token) => token.kind === 'word' && token.text === word);
    if (at === -1 || word === '') continue;
    let name = '';
    for (const token of tokens.slice(at + 1)) {
      const isPart = token.kind === 'word' || token.kind === 'name' || (token.kind === 'string' && name === '');
      if (name !== '' && !name.endsWith('.') && token.text !== '.') break;
      if (!isPart && token.text !== '.') break;
      name += token.kind === 'word' ? token.text.toLowerCase() : token.text;
    }
    if (name !== '') return name;
  }
  return '';
}
