/** One token of SQL in any dialect. `word` is upper-case and unquoted; `name` is a quoted identifier or a word. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  readonly text: string;
  readonly start: number;
}

export type Tokens =
  | { readonly ok: true; readonly tokens: readonly SqlToken[] }
  | { readonly ok: false; readonly why: string };

/** How a dialect writes strings and comments. Where a dialect is not known, less is a comment and more is code. */
interface Lexis {
  readonly backslash: boolean;
  readonly hashComment: boolean;
  readonly dashNeedsSpace: boolean;
  readonly doubleQuote: 'name' | 'string';
  readonly brackets: boolean;
  readonly dollar: boolean;
  readonly versionComments: boolean;
}

function lexisOf(dialect: string): Lexis {
  const isMysql = dialect === 'mysql' || dialect === 'mariadb';
  const isKnown = !isMysql && dialect !== 'unknown';
  return {
    backslash: isMysql || dialect === 'clickhouse' || dialect === 'bigquery',
    hashComment: isMysql || dialect === 'bigquery',
    dashNeedsSpace: !isKnown,
    doubleQuote: isMysql || dialect === 'bigquery' ? 'string' : 'name',
    brackets: dialect === 'mssql' || dialect === 'sqlite',
    dollar: dialect === 'postgres' || dialect === 'snowflake' || dialect === 'unknown',
    versionComments: !isKnown,
  };
}

/** Splits a text into tokens, without comments. Fails on what does not end. */
export function tokensOf(text: string, dialect: string): Tokens {
  const lexis = lexisOf(dialect);
  const tokens: SqlToken[] = [];
  let i = 0;
  const push = (kind: SqlToken['kind'], value: string, start: number) => tokens.push({ kind, text: value, start });
  while (i < text.length) {
    const char = text[i] ?? '';
    const rest = text.slice(i, i + 3);
    if (/\s|\ufeff/.test(char)) i += 1;
    else if (rest.startsWith('--') && (!lexis.dashNeedsSpace || rest.length === 2 || /\s/.test(rest[2] ?? '')))
      i = endOfLine(text, i);
    else if (char === '#' && lexis.hashComment) i = endOfLine(text, i);
    else if (rest.startsWith('/*')) {
      // A server of the MySQL family runs what stands in such a comment.
      if (lexis.versionComments && /^\/\*(?:!|M!)/.test(rest + (text[i + 3] ?? '')))
        return { ok: false, why: 'a comment that some servers run' };
      const end = text.indexOf('*/', i + 2);
      if (end === -1) return { ok: false, why: 'a comment does not end' };
      i = end + 2;
    } else if (char === "'" || (char === '"' && lexis.doubleQuote === 'string')) {
      const end = endOfQuoted(text, i, char, lexis.backslash || /e$/i.test(previousWord(tokens, i)));
      if (end === -1) return { ok: false, why: 'a string does not end' };
      push('string', text.slice(i + 1, end - 1), i);
      i = end;
    } else if (char === '"' || char === '`' || (char === '[' && lexis.brackets)) {
      const end = endOfQuoted(text, i, char === '[' ? ']' : char, false);
      if (end === -1) return { ok: false, why: 'a quoted name does not end' };
      push('name', text.slice(i + 1, end - 1), i);
      i = end;
    } else if (char === '$' && lexis.dollar && /^\$\w*\$/.test(text.slice(i, i + 66))) {
      const tag = /^\$\w*\$/.exec(text.slice(i, i + 66))?.[0] ?? '$$';
      const end = text.indexOf(tag, i + tag.length);
      if (end === -1) return { ok: false, why: 'a string does not end' };
      push('string', text.slice(i + tag.length, end), i);
      i = end + tag.length;
    } else if (/[\p{L}_@#]/u.test(char)) {
      const word = /^[\p{L}\p{N}_@#$]+/u.exec(text.slice(i, i + 512))?.[0] ?? char;
      push('word', word.toUpperCase(), i);
      i += word.length;
    } else if (/[0-9]/.test(char)) {
      const number = /^[0-9][0-9a-zA-Z_.]*/.exec(text.slice(i, i + 512))?.[0] ?? char;
      push('number', number, i);
      i += number.length;
    } else {
      push('symbol', char, i);
      i += 1;
    }
  }
  return { ok: true, tokens };
}

function previousWord(tokens: readonly SqlToken[], at: number): string {
  const last = tokens.at(-1);
  return last?.kind === 'word' && last.start + last.text.length === at ? last.text : '';
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

/** Just past the closing quote, or -1. A doubled quote stands for itself. */
function endOfQuoted(text: string, start: number, quote: string, backslash: boolean): number {
  for (let i = start + 1; i < text.length; i += 1) {
    if (backslash && text[i] === '\\') i += 1;
    else if (text[i] === quote) {
      if (text[i + 1] === quote) i += 1;
      else return i + 1;
    }
  }
  return -1;
}

/** Tokens up to each `;`, without empty statements. */
export function statementsOf(tokens: readonly SqlToken[]): readonly (readonly SqlToken[])[] {
  const statements: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === ';') statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}
