import type { CallSite, Token, Tongue } from './perl-tokens.ts';

/**
 * Other names for functions and modules in program text: `import os as o`, `from os import remove as r`,
 * `f = os.remove`, `const {unlinkSync: u} = require('fs')`. Short name → full name.
 */
export function namesIn(tokens: readonly Token[], tongue: Tongue): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    const next = tokens[index + 1];
    if (tongue === 'python' && token.text === 'import') imported(tokens, index, names);
    else if (next?.text === '=' && next.kind === 'punct' && tokens[index + 2]?.text !== '=') {
      const full = chainAt(tokens, index + 2);
      if (full !== undefined && full !== token.text) names.set(token.text, full);
    } else if (tongue === 'javascript' && next?.text === ':' && tokens[index + 2]?.kind === 'word')
      names.set(tokens[index + 2]?.text ?? '', token.text);
  }
  return names;
}

/** `import os as o, shutil`, `from os import remove as r, unlink`. */
function imported(tokens: readonly Token[], at: number, names: Map<string, string>): void {
  let from = '';
  for (let i = at - 1; i >= 0 && i > at - 12; i -= 1) {
    if (tokens[i]?.text !== 'from') continue;
    from = `${tokens
      .slice(i + 1, at)
      .map((token) => token.text)
      .join('')}.`;
    break;
  }
  for (let i = at + 1; i < tokens.length && i < at + 200; i += 1) {
    const token = tokens[i];
    if (token?.text === '(' || token?.text === ',' || token?.text === ')') continue;
    if (token?.kind !== 'word') return;
    let full = token.text;
    while (tokens[i + 1]?.text === '.' && tokens[i + 2]?.kind === 'word') {
      full += `.${tokens[i + 2]?.text ?? ''}`;
      i += 2;
    }
    const renamed = tokens[i + 1]?.text === 'as' ? tokens[i + 2] : undefined;
    if (renamed !== undefined) i += 2;
    if (renamed?.kind === 'word') names.set(renamed.text, `${from}${full}`);
    else if (from !== '') names.set(full, `${from}${full}`);
    // Without a comma the list is over.
    if (!/^[,)]$/.test(tokens[i + 1]?.text ?? '')) return;
  }
}

/** `os.remove`, `require('fs').unlinkSync`: a name that is not called here. */
function chainAt(tokens: readonly Token[], from: number): string | undefined {
  let name = tokens[from]?.kind === 'word' ? (tokens[from]?.text ?? '') : '';
  let i = from + 1;
  if (
    /^(require|__import__|import_module)$/.test(name) &&
    tokens[i]?.text === '(' &&
    tokens[i + 1]?.kind === 'string'
  ) {
    name = (tokens[i + 1]?.text ?? '').replace(/^node:/, '').replace('/promises', '');
    i += 3;
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) return undefined;
  while (tokens[i]?.text === '.' && tokens[i + 1]?.kind === 'word') {
    name += `.${tokens[i + 1]?.text ?? ''}`;
    i += 2;
  }
  return tokens[i]?.text === '(' || tokens[i]?.text === '[' ? undefined : name;
}

/** The call under its full name. */
export function named(call: CallSite, names: ReadonlyMap<string, string>): CallSite {
  const dot = call.name.indexOf('.');
  const full = names.get(dot === -1 ? call.name : call.name.slice(0, dot));
  return full === undefined ? call : { ...call, name: dot === -1 ? full : `${full}${call.name.slice(dot)}` };
}

/** `os.__dict__['remove'](…)`, `require('fs')['unlinkSync'](…)`: calls by a name that stands in a string. */
export function subscripted(tokens: readonly Token[]): readonly CallSite[] {
  return tokens.flatMap((token, index): CallSite[] => {
    if (token.kind !== 'string' || tokens[index - 1]?.text !== '[' || tokens[index + 1]?.text !== ']') return [];
    if (tokens[index + 2]?.text !== '(' || !/^\w+$/.test(token.text)) return [];
    const end = tokens.findIndex((one, at) => at > index + 2 && one.text === ')');
    const owner = tokens[index - 2];
    const of = owner?.kind === 'word' && owner.text !== '__dict__' ? owner.text : '()';
    return [{ name: `${of}.${token.text}`, args: tokens.slice(index + 3, end === -1 ? undefined : end), bare: false }];
  });
}
