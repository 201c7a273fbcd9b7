import { type Builder, bind, call, HOLE_NAME, nameExpr } from './builder.ts';
import { type Arg, type Expr, PLAIN, textOf, UNKNOWN } from './expression.ts';
import { perlTokens, type Token } from './perl-tokens.ts';

/**
 * Perl is read by its tokens: there is no grammar for it that is kept up, built and under a licence of ours. What stands
 * in parentheses, or up to the end of the statement, are the arguments; scopes and blocks are not told apart. Gives back
 * the text that could not be read.
 */
export function lowerPerl(source: string, b: Builder): readonly string[] {
  const read = perlTokens(source);
  if (read === undefined) {
    b.program.doubts.add('has more parts than can be followed');
    return [];
  }
  const { tokens } = read;
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'text') {
      if (token.command === true) call({ kind: 'thing', name: '`' }, [{ value: filled(token, b) }], '`', b);
      continue;
    }
    if (token.kind !== 'word') continue;
    if (token.text === HOLE_NAME && isAlone(tokens, at))
      b.program.doubts.add('holds program text that only the running shell would know');
    given(tokens, at, b);
  }
  for (const [at, token] of tokens.entries()) if (token.kind === 'word') called(tokens, at, token.text, b);
  return read.unclosed === undefined ? [] : [read.unclosed];
}

function isSign(token: Token | undefined, text: string): boolean {
  return token?.kind === 'sign' && token.text === text;
}

function isAlone(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  const after = tokens[at + 1];
  return (before === undefined || /^[;{}]$/.test(before.text)) && (after === undefined || /^[;}]$/.test(after.text));
}

/** `my $x = …;`, `my ($a, $b) = …`, `for my $f (…)`. */
function given(tokens: readonly Token[], at: number, b: Builder): void {
  const name = tokens[at]?.text ?? '';
  if (!/^[$@]\w/.test(name)) return;
  const next = tokens[at + 1];
  const before = tokens[at - 1]?.text ?? '';
  if (isSign(next, '=') && !isSign(tokens[at - 1], '->')) bind(name, expression(until(tokens, at + 2), b), b);
  // Anything else that may change it: `.=`, `||=`, `push @x, …`.
  else if (next?.kind === 'sign' && /^(\.=|\|\||&&|\/\/|[-+*x])$/.test(next.text) && isSign(tokens[at + 2], '='))
    bind(name, UNKNOWN, b);
  else if (isSign(next, '.=') || /^(push|unshift|splice|chomp|shift|pop)$/.test(before)) bind(name, UNKNOWN, b);
  else if (isSign(next, '(') && /^(my|our|for|foreach)$/.test(before))
    bind(name, { kind: 'item', of: expression(tokens.slice(at + 1, pair(tokens, at + 1) + 1), b) }, b);
  else if (name.startsWith('$') && (isSign(tokens[at - 1], '(') || isSign(tokens[at - 1], ','))) {
    // One of several that are given together.
    const end = tokens.findIndex((token, index) => index > at && isSign(token, ')'));
    if (end !== -1 && end < at + 40 && isSign(tokens[end + 1], '=') && !isSign(tokens[end + 2], '='))
      bind(name, UNKNOWN, b);
  }
}

/** The tokens up to the end of the statement. */
function until(tokens: readonly Token[], from: number): readonly Token[] {
  let depth = 0;
  let end = from;
  for (; end < tokens.length && end < from + 2_000; end += 1) {
    const token = tokens[end] as Token;
    if (token.kind === 'sign') {
      if (/^[([{]$/.test(token.text)) depth += 1;
      else if (/^[)\]}]$/.test(token.text)) {
        if (depth === 0) break;
        depth -= 1;
      } else if (depth === 0 && /^(;|\|\||&&|\/\/)$/.test(token.text)) break;
    }
    if (depth === 0 && token.kind === 'word' && /^(if|unless|for|foreach|while|until|or|and)$/.test(token.text)) break;
  }
  return tokens.slice(from, end);
}

function pair(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.kind !== 'sign') continue;
    if (/^[([{]$/.test(token.text)) depth += 1;
    else if (/^[)\]}]$/.test(token.text)) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return tokens.length - 1;
}

const BARE =
  /^(unlink|rmtree|remove_tree|rmdir|truncate|rename|move|copy|open|system|exec|eval|do|chdir|require|capture|run)$/;

/** A call, with parentheses or without, of a function, a method, a reference. */
function called(tokens: readonly Token[], at: number, name: string, b: Builder): void {
  const before = tokens[at - 1];
  const next = tokens[at + 1];
  if (before?.kind === 'word' && /^(sub|package|use|no|my|our)$/.test(before.text)) return;
  // A key: `{unlink}`, `unlink => 1`.
  if (isSign(next, '=>') || (isSign(before, '{') && isSign(next, '}'))) return;
  const isMethod = isSign(before, '->');
  const opens = isSign(next, '(');
  if (/^[$@]/.test(name)) {
    // `$f->('x')`, `&$f('x')`
    const arrow = isSign(next, '->') && isSign(tokens[at + 2], '(');
    if (arrow || (isSign(before, '&') && opens))
      call(nameExpr(name, b), listed(tokens.slice(arrow ? at + 2 : at + 1), b), name, b);
    return;
  }
  if (!opens && !(BARE.test(name) && !isMethod)) return;
  if (/^(eval|do)$/.test(name) && isSign(next, '{')) return;
  const args = opens ? listed(tokens.slice(at + 1), b) : split(until(tokens, at + 1)).map((part) => argument(part, b));
  if (isMethod) {
    const owner = tokens[at - 2];
    const of = owner?.kind === 'word' ? owner.text : '';
    call({ kind: 'member', of: of === '' ? UNKNOWN : value(of, b), key: textOf(name) }, args, `${of}.${name}`, b);
    return;
  }
  // Without arguments it is `$_` that is meant, or what runs when nothing is said.
  const all = args.length === 0 && /^(unlink|eval)$/.test(name) ? [{ value: UNKNOWN }] : args;
  if (name === 'open' || name === 'CORE.open') opened(all, b);
  else call(value(name.replace(/^CORE\.(GLOBAL\.)?/, ''), b), all, name, b);
}

function listed(tokens: readonly Token[], b: Builder): readonly Arg[] {
  return split(tokens.slice(1, pair(tokens, 0))).map((part) => argument(part, b));
}

function split(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'sign' && /^[([{]$/.test(token.text)) depth += 1;
    if (token.kind === 'sign' && /^[)\]}]$/.test(token.text)) depth -= 1;
    if (depth === 0 && token.kind === 'sign' && (token.text === ',' || token.text === '=>')) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

function argument(part: readonly Token[], b: Builder): Arg {
  const of = expression(part, b);
  const first = part[0];
  const isList = first?.words === true || (first?.kind === 'word' && first.text.startsWith('@'));
  return { value: isList ? { kind: 'spread', of } : of };
}

function value(name: string, b: Builder): Expr {
  return /^[$@]/.test(name) ? nameExpr(name, b) : { kind: 'thing', name };
}

/** `open(F, '>', name)`, `open(F, '>name')`: as a name and a mode of its own. */
function opened(args: readonly Arg[], b: Builder): void {
  const [, mode, name] = args;
  if (mode === undefined) return;
  const written = mode.value.kind === 'text' ? mode.value.text.trim() : '';
  const [, sign = '', inside = ''] = /^(\+?[<>]{1,2}|\||)\s*(.*)$/s.exec(written) ?? [];
  if (/^(\|-|-\|)/.test(written) || sign === '|' || (name === undefined && written.endsWith('|'))) {
    const command = name?.value ?? textOf(written.replace(/^\||\|$/g, ''));
    call({ kind: 'thing', name: '`' }, [{ value: command }], 'open', b);
    return;
  }
  const how = sign === '>' || sign === '+>' ? 'w' : sign.includes('>>') ? 'a' : sign === '+<' ? 'r+' : 'r';
  const path = name?.value ?? (mode.value.kind === 'text' ? textOf(inside) : UNKNOWN);
  call({ kind: 'thing', name: 'open' }, [{ value: path }, { value: textOf(how) }], 'open', b);
}

function expression(tokens: readonly Token[], b: Builder): Expr {
  const [first, second] = tokens;
  if (first === undefined) return PLAIN;
  if (tokens.length === 1) {
    if (first.kind === 'text') return filled(first, b);
    if (first.kind === 'word')
      return /^\d/.test(first.text) ? { kind: 'number', value: Number(first.text) } : value(first.text, b);
  }
  // `\&unlink`
  if (isSign(first, '\\') && isSign(second, '&') && tokens.length === 3 && tokens[2]?.kind === 'word')
    return value(tokens[2].text.replace(/^CORE\.(GLOBAL\.)?/, ''), b);
  if (isSign(first, '(') && pair(tokens, 0) === tokens.length - 1)
    return { kind: 'list', items: listed(tokens, b).map((arg) => arg.value), open: false };
  if (isSign(first, '[') && pair(tokens, 0) === tokens.length - 1)
    return { kind: 'list', items: listed(tokens, b).map((arg) => arg.value), open: false };
  if (first.kind === 'word' && isSign(second, '(') && pair(tokens, 1) === tokens.length - 1)
    return quiet(first.text, listed(tokens.slice(1), b), b);
  if (first.kind === 'word' && first.text === 'glob') return quiet('glob', [argument(tokens.slice(1), b)], b);
  const joined = concatenated(tokens);
  return joined === undefined ? UNKNOWN : { kind: 'join', parts: joined.map((part) => expression(part, b)) };
}

/** What a call gives back; that it is made is seen where it stands. */
function quiet(name: string, args: readonly Arg[], b: Builder): Expr {
  return {
    kind: 'call',
    callee: value(name, b),
    args,
    written: name,
    straight: false,
    constructs: false,
    within: undefined,
  };
}

function concatenated(tokens: readonly Token[]): readonly (readonly Token[])[] | undefined {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'sign' && /^[([{]$/.test(token.text)) depth += 1;
    if (token.kind === 'sign' && /^[)\]}]$/.test(token.text)) depth -= 1;
    if (depth === 0 && isSign(token, '.')) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.length > 1 && parts.every((part) => part.length > 0) ? parts : undefined;
}

/** Text with its variables filled in. */
function filled(token: Token, b: Builder): Expr {
  if (token.words === true)
    return {
      kind: 'list',
      items: token.text
        .split(/\s+/)
        .filter((word) => word !== '')
        .map(textOf),
      open: false,
    };
  if (token.filled !== true || !/[$@]/.test(token.text)) return textOf(token.text);
  const parts: Expr[] = [];
  let from = 0;
  for (const found of token.text.matchAll(
    /[$@](?:\{\s*(\w+)\s*\}|(\w+)((?:->)?[[{][^\]}]*[\]}])?|\{[^}]*\}|[^\w\s"'])/g,
  )) {
    parts.push(textOf(token.text.slice(from, found.index)));
    const name = found[1] ?? (found[3] === undefined ? found[2] : undefined);
    parts.push(name === undefined ? UNKNOWN : nameExpr(`${token.text[found.index] ?? '$'}${name}`, b));
    from = found.index + found[0].length;
  }
  parts.push(textOf(token.text.slice(from)));
  return { kind: 'join', parts: parts.filter((part) => part.kind !== 'text' || part.text !== '') };
}
