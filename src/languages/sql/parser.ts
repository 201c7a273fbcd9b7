import { loadModule, parseSync } from 'libpg-query';

export type AstNode = { readonly [key: string]: unknown };

export interface ParsedStatement {
  /** Name of the node, e.g. `DeleteStmt`, and its fields. */
  readonly kind: string;
  readonly node: AstNode;
  /** Half-open range in UTF-16 units of the text. */
  readonly span: readonly [number, number];
}

export type ParseOutcome =
  | { readonly ok: true; readonly statements: readonly ParsedStatement[] }
  | { readonly ok: false; readonly loaded: boolean; readonly why: string };

/** `broken` after the parser trapped: what it would say then cannot be trusted. */
const parser: { state: 'absent' | 'loaded' | 'broken' } = { state: 'absent' };

/** Loads PostgreSQL's own parser (WebAssembly). Until this has resolved every SQL text is opaque. */
export async function loadSqlParser(): Promise<void> {
  await loadModule();
  if (parser.state === 'absent') parser.state = 'loaded';
}

/** Nesting that the parser's stack surely bears; measured far below where it traps. */
const DEEPEST_BRACKETS = 200;
const LONGEST_CHAIN = 6_000;

export function parsePostgres(text: string): ParseOutcome {
  if (parser.state !== 'loaded') {
    return {
      ok: false,
      loaded: false,
      why: parser.state === 'broken' ? 'the SQL parser has failed and is out of use' : 'the SQL parser is not loaded',
    };
  }
  const why = tooDeep(text);
  if (why !== undefined) return { ok: false, loaded: false, why };
  try {
    const result = parseSync(text) as {
      readonly stmts?: readonly {
        readonly stmt?: AstNode;
        readonly stmt_location?: number;
        readonly stmt_len?: number;
      }[];
    };
    const toUnits = unitsOf(text);
    const statements: ParsedStatement[] = [];
    for (const { stmt, stmt_location = 0, stmt_len = 0 } of result.stmts ?? []) {
      const [kind] = Object.keys(stmt ?? {});
      if (stmt === undefined || kind === undefined) continue;
      const start = toUnits(stmt_location);
      statements.push({
        kind,
        node: asNode(stmt[kind]),
        span: [start, stmt_len === 0 ? text.length : toUnits(stmt_location + stmt_len)],
      });
    }
    return { ok: true, statements };
  } catch (error) {
    const trapped = error instanceof Error && error.name === 'RuntimeError';
    if (trapped) parser.state = 'broken';
    // A RangeError is nesting past the stack, which the parser survives; a trap it does not.
    if (trapped || error instanceof RangeError) {
      return { ok: false, loaded: false, why: 'the SQL parser failed on this text' };
    }
    return { ok: false, loaded: true, why: error instanceof Error ? error.message.slice(0, 160) : 'not parsed' };
  }
}

/** SECURITY: a trap inside the parser would cost every later text its reading, so what might trap is not tried. */
function tooDeep(text: string): string | undefined {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === '(' || char === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (char === ')' || char === ']') depth = Math.max(0, depth - 1);
  }
  if (deepest > DEEPEST_BRACKETS) return `brackets nested deeper than ${DEEPEST_BRACKETS}`;
  const chained =
    text.match(
      /[-+*/%<>=~!@#^&|:.]|\b(?:and|or|not|union|except|intersect|select|case|is|isnull|notnull|in|like|collate|at|join)\b/gi,
    )?.length ?? 0;
  return chained > LONGEST_CHAIN ? `more than ${LONGEST_CHAIN} operators` : undefined;
}

/** The parser counts UTF-8 bytes; spans count UTF-16 units. */
function unitsOf(text: string): (byteOffset: number) => number {
  if (/^\p{ASCII}*$/u.test(text)) return (offset) => Math.min(offset, text.length);
  const bytes = new TextEncoder().encode(text);
  return (offset) => new TextDecoder().decode(bytes.subarray(0, offset)).length;
}

export function asNode(value: unknown): AstNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as AstNode) : {};
}

export function asList(value: unknown): readonly AstNode[] {
  return Array.isArray(value) ? value.map(asNode) : [];
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `{ String: { sval } }` → the text. */
export function stringOf(node: unknown): string {
  return asText(asNode(asNode(node)['String'])['sval']);
}
