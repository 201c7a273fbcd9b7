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

export interface PerlText {
  readonly tokens: readonly Token[];
  /** What stands in quotes that never close: then nobody can say what of it is text. */
  readonly unclosed: string | undefined;
}

const SPECIAL = /^\$(?:[!"'`/\\@&.,;|?<>+-](?!\w)|\$(?![\w{$])|\^\w)/;
const QUOTED = /^(qq|qx|qw|q)(?=\s*[^\w\s=,;)])|^(qr|tr|s|m|y)(?=[/|!{([<#~@%^"'])/;
const HERE = /^<<~?(?:"([^"\n]+)"|'([^'\n]+)'|([A-Za-z_]\w*))/;

/** Perl's text as words, texts and signs; comments and documentation are left out. Linear. `undefined`: too many. */
export function perlTokens(source: string): PerlText | undefined {
  const tokens: Token[] = [];
  let unclosed: string | undefined;
  /** Here-documents begin after the line that names them. */
  let here: { readonly at: number; readonly to: number } | undefined;
  let i = 0;
  const quote = (from: number): { readonly inside: string; readonly end: number } => {
    const end = closing(source, from);
    if (end >= source.length) unclosed ??= source.slice(from);
    return { inside: source.slice(from + 1, end), end: end + 1 };
  };
  while (i < source.length) {
    if (tokens.length >= MOST_TOKENS) return undefined;
    if (here !== undefined && i >= here.at) {
      i = Math.max(i, here.to);
      here = undefined;
      continue;
    }
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
    if (/^__(END|DATA)__\b/.test(rest)) break;
    const before = tokens.at(-1);
    const special = SPECIAL.exec(rest)?.[0];
    if (special !== undefined) {
      tokens.push({ kind: 'word', text: '$_' });
      i += special.length;
      continue;
    }
    const quoted = isName(before, source[i - 1]) ? null : QUOTED.exec(rest);
    if (quoted !== null) {
      const how = quoted[0];
      const from = i + how.length + (/^\s*/.exec(source.slice(i + how.length, i + how.length + 40))?.[0].length ?? 0);
      const first = quote(from);
      i = first.end;
      if (quoted[1] !== undefined)
        tokens.push({
          kind: 'text',
          text: how === 'q' || how === 'qw' ? first.inside : unescaped(first.inside),
          filled: how === 'qq' || how === 'qx',
          command: how === 'qx',
          words: how === 'qw',
        });
      else {
        tokens.push({ kind: 'sign', text: '/pattern/' });
        if (how === 's' || how === 'tr' || how === 'y') {
          const pairs = CLOSING[source[from] ?? ''] !== undefined;
          const open = pairs ? i + (/^\s*/.exec(source.slice(i, i + 40))?.[0].length ?? 0) : i - 1;
          const second = quote(open);
          i = second.end;
          // What is put in its place may be a program: `s/x/unlink $1/e`.
          if (how === 's' && /^\w*e/.test(source.slice(i, i + 12)))
            tokens.push({ kind: 'sign', text: ';' }, ...(perlTokens(second.inside)?.tokens ?? []), {
              kind: 'sign',
              text: ';',
            });
        }
        i += /^[a-z]*/.exec(source.slice(i, i + 12))?.[0].length ?? 0;
      }
      continue;
    }
    const named =
      before?.kind === 'word' && !/^(print|return|my|eval|push|and|or|x|say|die|warn)$/.test(before.text)
        ? null
        : HERE.exec(rest);
    if (named !== null) {
      const label = named[1] ?? named[2] ?? named[3] ?? '';
      const at = here?.at ?? lineEnd(source, i);
      const from = here?.to ?? at;
      const body = new RegExp(`\\n[ \\t]*${label.replace(/[^\w ]/g, '.')}[ \\t]*(?=\\n|$)`).exec(source.slice(from));
      if (body === null) unclosed ??= source.slice(from);
      const to = body === null ? source.length : from + body.index + body[0].length;
      tokens.push({
        kind: 'text',
        text: source.slice(from + 1, body === null ? source.length : from + body.index),
        filled: named[2] === undefined,
      });
      here = { at, to };
      i += named[0].length;
      continue;
    }
    const [char = ''] = rest;
    if (char === '"' || char === "'" || char === '`') {
      const { inside, end } = quote(i);
      tokens.push({
        kind: 'text',
        text: char === "'" ? inside.replace(/\\(['\\])/g, '$1') : unescaped(inside),
        filled: char !== "'",
        command: char === '`',
      });
      i = end;
      continue;
    }
    if (char === '/' && regexMayStart(before)) {
      const end = closing(source, i);
      if (end < lineEnd(source, i)) {
        tokens.push({ kind: 'sign', text: '/pattern/' });
        i = end + 1 + (/^[a-z]*/.exec(source.slice(end + 1, end + 12))?.[0].length ?? 0);
        continue;
      }
    }
    const word = /^(?:\$#\{?\$?\w+|[$@]\w+(?:::\w+)*|[A-Za-z_]\w*(?:::\w+)*|\d[\w.]*)/.exec(rest)?.[0];
    if (word !== undefined) {
      tokens.push({ kind: 'word', text: word.replace(/::/g, '.') });
      i += word.length;
      continue;
    }
    const sign = /^(?:->|=>|\|\||&&|\/\/|=~|!~|==|!=|<=|>=|\.=|\.\.)/.exec(rest)?.[0] ?? char;
    tokens.push({ kind: 'sign', text: sign });
    i += sign.length;
  }
  return { tokens, unclosed };
}

/** `->s(…)`, `sub y`, `$s`, `-s`, `{s}`: a letter that names something. */
function isName(before: Token | undefined, char: string | undefined): boolean {
  if (char !== undefined && /[$@%&\w-]/.test(char)) return true;
  return before?.text === '->' || before?.text === 'sub' || (before?.text === '{' && char === '{');
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
