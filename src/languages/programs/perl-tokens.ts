import { unescaped } from './escapes.ts';

export interface Token {
  readonly kind: 'word' | 'text' | 'sign';
  readonly text: string;
  /** Variables in it are filled in: `"a $b"`. */
  readonly filled?: boolean;
  /** A command for a shell: backticks, `qx`. */
  readonly command?: boolean;
  /** `qw(a b)`. */
  readonly words?: boolean;
}

const MOST_TOKENS = 50_000;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };

/** Perl's text as words, texts and signs; comments and documentation are left out. Linear. `undefined`: too many. */
export function perlTokens(source: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let i = 0;
  while (i < source.length) {
    if (tokens.length >= MOST_TOKENS) return undefined;
    const rest = source.slice(i, i + 400);
    const space = /^\s+/.exec(rest)?.[0];
    if (space !== undefined) {
      i += space.length;
      continue;
    }
    if (rest.startsWith('#')) {
      i = lineEnd(source, i);
      continue;
    }
    if (rest.startsWith('=') && (i === 0 || source[i - 1] === '\n') && /^=[a-z]/.test(rest)) {
      const end = source.indexOf('\n=cut', i);
      i = end === -1 ? source.length : lineEnd(source, end + 1);
      continue;
    }
    const quoted = /^(q|qq|qx|qw)(?=\s*[^\w\s=,;)])/.exec(rest)?.[1];
    if (quoted !== undefined && !/[$@%&>{]$/.test(source[i - 1] ?? '')) {
      const from =
        i + quoted.length + (/^\s*/.exec(source.slice(i + quoted.length, i + quoted.length + 40))?.[0].length ?? 0);
      const end = closing(source, from);
      const inside = source.slice(from + 1, end);
      tokens.push({
        kind: 'text',
        text: quoted === 'q' || quoted === 'qw' ? inside : unescaped(inside),
        filled: quoted === 'qq' || quoted === 'qx',
        command: quoted === 'qx',
        words: quoted === 'qw',
      });
      i = end + 1;
      continue;
    }
    const [char = ''] = rest;
    if (char === '"' || char === "'" || char === '`') {
      const end = closing(source, i);
      const inside = source.slice(i + 1, end);
      tokens.push({
        kind: 'text',
        text: char === "'" ? inside.replace(/\\(['\\])/g, '$1') : unescaped(inside),
        filled: char !== "'",
        command: char === '`',
      });
      i = end + 1;
      continue;
    }
    if (char === '/' && regexMayStart(tokens.at(-1))) {
      const end = closing(source, i);
      if (end < lineEnd(source, i)) {
        tokens.push({ kind: 'sign', text: '/pattern/' });
        i = end + 1 + (/^[a-z]*/.exec(source.slice(end + 1, end + 12))?.[0].length ?? 0);
        continue;
      }
    }
    const word = /^(?:[$@]#?\w+|[$@]?[A-Za-z_]\w*(?:(?:::|')(?=[A-Za-z_])\w+)*|\d[\w.]*)/.exec(rest)?.[0];
    if (word !== undefined) {
      tokens.push({ kind: 'word', text: word.replace(/::/g, '.') });
      i += word.length;
      continue;
    }
    const sign = /^(?:->|=>|\|\||&&|\/\/|=~|==|!=|<=|>=|\.=|\.\.)/.exec(rest)?.[0] ?? char;
    tokens.push({ kind: 'sign', text: sign });
    i += sign.length;
  }
  return tokens;
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf('\n', from);
  return end === -1 ? source.length : end;
}

/** Where what opens at `from` closes; brackets nest. */
function closing(source: string, from: number): number {
  const open = source[from] ?? '';
  const close = CLOSING[open] ?? open;
  let depth = 0;
  for (let i = from + 1; i < source.length; i += 1) {
    const char = source[i];
    if (char === '\\') i += 1;
    else if (char === close && depth === 0) return i;
    else if (char === close) depth -= 1;
    else if (char === open) depth += 1;
  }
  return source.length;
}

function regexMayStart(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'word') return /^(return|if|unless|and|or|not|while|until|split|grep|map|x)$/.test(before.text);
  return before.kind === 'sign' && !/^[)\]}]$/.test(before.text);
}
