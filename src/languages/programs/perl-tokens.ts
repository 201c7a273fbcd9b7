/** A generic look into program text of other languages: tokens, calls and their literal arguments. No grammar. */

export interface Token {
  readonly kind: 'word' | 'string' | 'punct' | 'backtick';
  readonly text: string;
  readonly at: number;
  /** A string that takes part in formatting or interpolation: not all of it is known. */
  readonly dynamic?: boolean;
}

export type Tongue = 'python' | 'javascript' | 'ruby' | 'perl' | 'php';

const MAX_TOKENS = 50_000;

/** Splits text into words, strings and signs; comments are left out. Linear. */
export function tokenise(text: string, tongue: Tongue): readonly Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < text.length && tokens.length < MAX_TOKENS) {
    const char = text[i] ?? '';
    if (/\s/.test(char)) {
      i += 1;
      continue;
    }
    const hash = tongue !== 'javascript' && char === '#';
    if (hash || (tongue !== 'python' && tongue !== 'ruby' && tongue !== 'perl' && text.startsWith('//', i))) {
      const end = text.indexOf('\n', i);
      i = end === -1 ? text.length : end;
      continue;
    }
    if ((tongue === 'javascript' || tongue === 'php') && text.startsWith('/*', i)) {
      const end = text.indexOf('*/', i + 2);
      i = end === -1 ? text.length : end + 2;
      continue;
    }
    if (
      char === '/' &&
      (tongue === 'javascript' || tongue === 'perl' || tongue === 'ruby') &&
      regexMayStart(tokens.at(-1))
    ) {
      const end = endOfRegex(text, i);
      if (end !== -1) {
        tokens.push({ kind: 'punct', text: '/regex/', at: i });
        i = end;
        continue;
      }
    }
    if (char === '"' || char === "'" || char === '`') {
      const triple = tongue === 'python' && text.startsWith(char.repeat(3), i);
      const quote = triple ? char.repeat(3) : char;
      const end = endOfString(text, i + quote.length, quote);
      const raw = text.slice(i + quote.length, end);
      const before = tokens.at(-1);
      const formatted =
        before?.kind === 'word' &&
        before.at + before.text.length === i &&
        /^[fF]/.test(before.text) &&
        tongue === 'python';
      const dynamic =
        formatted ||
        (char === '`' && tongue === 'javascript' && raw.includes('${')) ||
        (char === '"' && tongue !== 'javascript' && tongue !== 'python' && /#\{|[$@]\w/.test(raw));
      tokens.push({
        kind: char === '`' && tongue !== 'javascript' ? 'backtick' : 'string',
        text: unescapeString(raw),
        at: i,
        ...(dynamic ? { dynamic } : {}),
      });
      i = end + quote.length;
      continue;
    }
    if (/[A-Za-z_$@]/.test(char)) {
      let end = i + 1;
      while (end < text.length && /[\w$?!]/.test(text[end] ?? '')) end += 1;
      if (/[?!]/.test(text[end - 1] ?? '') && tongue !== 'ruby') while (/[?!]/.test(text[end - 1] ?? '')) end -= 1;
      tokens.push({ kind: 'word', text: text.slice(i, end), at: i });
      i = end;
      continue;
    }
    if (/[0-9]/.test(char)) {
      let end = i + 1;
      while (end < text.length && /[\w.]/.test(text[end] ?? '')) end += 1;
      tokens.push({ kind: 'punct', text: text.slice(i, end), at: i });
      i = end;
      continue;
    }
    if (text.startsWith('?.', i) || text.startsWith('->', i) || text.startsWith('::', i)) {
      tokens.push({ kind: 'punct', text: '.', at: i });
      i += 2;
      continue;
    }
    tokens.push({ kind: 'punct', text: char, at: i });
    i += 1;
  }
  return tokens;
}

function regexMayStart(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'word')
    return /^(return|if|unless|and|or|not|when|case|split|grep|typeof|in|of)$/.test(before.text);
  return before.kind === 'punct' && /^[(,=:[!&|?{};~+\-*%<>]$/.test(before.text);
}

function endOfRegex(text: string, start: number): number {
  let set = false;
  for (let i = start + 1; i < text.length && text[i] !== '\n'; i += 1) {
    const char = text[i];
    if (char === '\\') i += 1;
    else if (char === '[') set = true;
    else if (char === ']') set = false;
    else if (char === '/' && !set) {
      let end = i + 1;
      while (/[a-z]/.test(text[end] ?? '')) end += 1;
      return end;
    }
  }
  return -1;
}

function endOfString(text: string, from: number, quote: string): number {
  let i = from;
  while (i < text.length) {
    if (text[i] === '\\') i += 2;
    else if (text.startsWith(quote, i)) return i;
    else i += 1;
  }
  return text.length;
}

function unescapeString(raw: string): string {
  return raw.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return ({ n: '\n', t: '\t', r: '\r', '0': '\0' } as Record<string, string>)[code] ?? code;
  });
}

export interface CallSite {
  /** `shutil.rmtree`, `fs.rmSync`, `unlink`. */
  readonly name: string;
  /** Tokens between the parentheses; for languages that call without them, up to the end of the statement. */
  readonly args: readonly Token[];
  readonly bare: boolean;
  /** The one string of the call that it is a method of: `Path('x').write_text(…)`. */
  readonly receiver?: string;
}

/** Every call in order. `bareNames`: names that count as called without parentheses (perl, ruby, php). */
export function callsOf(tokens: readonly Token[], bareNames: ReadonlySet<string>): readonly CallSite[] {
  const calls: CallSite[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token?.kind !== 'word') continue;
    const next = tokens[i + 1];
    const opens = next?.kind === 'punct' && next.text === '(';
    if (!opens && !bareNames.has(token.text)) continue;
    if (tokens[i - 1]?.kind === 'word' && /^(def|function|sub|class|fn)$/.test(tokens[i - 1]?.text ?? '')) continue;
    calls.push({
      name: nameAt(tokens, i),
      args: opens ? argumentsAt(tokens, i + 1) : bareArguments(tokens, i + 1),
      bare: !opens,
      ...receiverAt(tokens, i),
    });
  }
  return calls;
}

function receiverAt(tokens: readonly Token[], at: number): { readonly receiver?: string } {
  const [open, text, close, dot] = tokens.slice(Math.max(0, at - 4), at);
  const one = open?.text === '(' && text?.kind === 'string' && close?.text === ')' && dot?.text === '.';
  return one && text.dynamic !== true ? { receiver: text.text } : {};
}

function nameAt(tokens: readonly Token[], at: number): string {
  let name = tokens[at]?.text ?? '';
  let i = at - 1;
  let parts = 1;
  while (i > 0 && tokens[i]?.text === '.' && parts < 6) {
    const before = tokens[i - 1];
    if (before?.kind === 'word') {
      name = `${before.text}.${name}`;
      i -= 2;
      parts += 1;
      continue;
    }
    if (before?.text === ')' || before?.text === ']' || before?.kind === 'string') {
      // `require('fs').rmSync`: what stands before the parenthesis matters by its string.
      const inside = tokens.slice(Math.max(0, i - 4), i).find((one) => one.kind === 'string');
      name = `${inside !== undefined && /^(node:)?[a-z_/-]+$/.test(inside.text) ? inside.text.replace(/^node:/, '').replace('/promises', '') : '()'}.${name}`;
    }
    break;
  }
  return name;
}

function argumentsAt(tokens: readonly Token[], open: number): readonly Token[] {
  let depth = 0;
  for (let i = open; i < tokens.length && i < open + 2000; i += 1) {
    const token = tokens[i];
    if (token?.kind !== 'punct') continue;
    if (/^[([{]$/.test(token.text)) depth += 1;
    else if (/^[)\]}]$/.test(token.text)) {
      depth -= 1;
      if (depth === 0) return tokens.slice(open + 1, i);
    }
  }
  return tokens.slice(open + 1, open + 2000);
}

function bareArguments(tokens: readonly Token[], from: number): readonly Token[] {
  let end = from;
  while (
    end < tokens.length &&
    end < from + 200 &&
    !(tokens[end]?.kind === 'punct' && /^[;})]$/.test(tokens[end]?.text ?? '')) &&
    !/^(if|unless|for|foreach|while)$/.test(tokens[end]?.text ?? '')
  )
    end += 1;
  return tokens.slice(from, end);
}
