import type { Effect } from '../../core/effect.ts';
import { brief } from '../api-actions.ts';
import { isKeyColumn, type SqlEffects } from './effects.ts';
import { functionClass } from './functions.ts';
import type { SqlToken } from './tokens.ts';

export interface OtherContext {
  readonly dialect: string;
  readonly isTest: boolean;
  readonly isProduction: boolean;
}

export function readingEffects(tokens: readonly SqlToken[], words: readonly string[], effects: SqlEffects): Effect[] {
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

export function pragma(tokens: readonly SqlToken[], effects: SqlEffects): Effect[] {
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

export function created(tokens: readonly SqlToken[], words: readonly string[], effects: SqlEffects): Effect[] {
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

export function altered(tokens: readonly SqlToken[], words: readonly string[], effects: SqlEffects): Effect[] {
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

export function rowChange(
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
export function nameAfter(tokens: readonly SqlToken[], words: readonly string[]): string {
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
