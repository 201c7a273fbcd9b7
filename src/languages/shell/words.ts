import type { DoubleQuotedChild, ParameterExpansionPart, Word, WordPart } from 'unbash';
import { parse } from 'unbash';
import { expandBraces } from './braces.ts';
import type { Machine, Scope } from './machine.ts';
import { subscope } from './machine.ts';
import { operate } from './parameters.ts';
import { isSecretVariable } from './secrets.ts';
import { type Field, FRESH, HOLE, literal, SECRET, UNKNOWN_FIELD } from './value.ts';

interface Piece {
  readonly s: string;
  readonly glob: boolean;
  readonly maybe: boolean;
  /** Unquoted expansion: the shell splits it into words. */
  readonly split: boolean;
  /** Starts a new word after the one before (`"$@"`). */
  readonly next?: boolean;
  readonly feed?: string;
}

const MAX_FIELDS = 512;

/** Expands words as bash does: braces, tilde, parameters, commands, splitting. What text cannot tell becomes a mark. */
export function expandWords(words: readonly Word[], scope: Scope, machine: Machine): Field[] {
  const out: Field[] = [];
  for (const word of words) {
    for (const field of expandWord(word, scope, machine)) {
      if (out.length >= MAX_FIELDS) {
        out.push(UNKNOWN_FIELD);
        return out;
      }
      out.push(field);
    }
  }
  return out;
}

export function expandWord(word: Word, scope: Scope, machine: Machine): Field[] {
  const parts = word.parts;
  if (parts === undefined) {
    const tilde = word.text.startsWith('~')
      ? tildeOf(word.value, scope)
      : word.value.startsWith('~')
        ? `./${word.value}`
        : word.value;
    return [literal(tilde)];
  }
  if (parts.some((part) => part.type === 'BraceExpansion')) {
    const alternatives = expandBraces(word.text);
    if (alternatives !== undefined && alternatives.length > 1) {
      return alternatives.flatMap((text) => expandText(text, scope, machine));
    }
  }
  const pieces: Piece[] = [];
  for (const [index, part] of parts.entries()) piecesOf(part, scope, machine, pieces, index === 0);
  return join(pieces, scope);
}

/** The value of an assignment, a redirection or a here-string: no splitting. */
export function expandOne(word: Word, scope: Scope, machine: Machine): Field {
  const parts = word.parts;
  if (parts === undefined) return literal(word.text.startsWith('~') ? tildeOf(word.value, scope) : word.value);
  const pieces: Piece[] = [];
  for (const [index, part] of parts.entries()) piecesOf(part, scope, machine, pieces, index === 0);
  return merge(pieces);
}

export function expandParts(parts: readonly WordPart[], scope: Scope, machine: Machine): string {
  const pieces: Piece[] = [];
  for (const part of parts) piecesOf(part, scope, machine, pieces, false);
  return merge(pieces).s;
}

function merge(pieces: readonly Piece[]): Field {
  const feed = pieces.find((piece) => piece.feed !== undefined)?.feed;
  return {
    s: pieces.map((piece) => piece.s).join(''),
    glob: pieces.some((piece) => piece.glob),
    maybe: pieces.some((piece) => piece.maybe),
    ...(feed === undefined ? {} : { feed }),
  };
}

/** A word made anew from text, for an alternative of a brace expansion. */
function expandText(text: string, scope: Scope, machine: Machine): Field[] {
  if (/^[\w./~@%+=:-]*$/.test(text)) return [literal(text.startsWith('~') ? tildeOf(text, scope) : text)];
  const command = parse(`: ${text}`).commands[0]?.command;
  if (command?.type !== 'Command' || command.suffix.length !== 1) return [UNKNOWN_FIELD];
  const word = command.suffix[0];
  return word?.type === 'Word' ? expandWord(word, scope, machine) : [literal(text)];
}

function tildeOf(text: string, scope: Scope): string {
  if (text === '~+' || text.startsWith('~+/')) return `${scope.cwd ?? HOLE}${text.slice(2)}`;
  if (text === '~-' || text.startsWith('~-/')) return HOLE;
  return text;
}

function piecesOf(part: WordPart, scope: Scope, machine: Machine, out: Piece[], first: boolean): void {
  switch (part.type) {
    case 'Literal': {
      const bare =
        part.value.startsWith('~') && first && !part.text.startsWith('\\') ? tildeOf(part.value, scope) : part.value;
      out.push(plain(bare));
      return;
    }
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      out.push(plain(first && part.value.startsWith('~') ? `./${part.value}` : part.value));
      return;
    case 'DoubleQuoted':
    case 'LocaleString': {
      const before = out.length;
      for (const child of part.parts) childPieces(child, scope, machine, out);
      if (out.length === before) out.push(plain(''));
      return;
    }
    case 'Glob':
      out.push({ ...plain(part.text), glob: true });
      return;
    case 'ExtendedGlob':
      out.push({ ...plain('*'), glob: true });
      return;
    case 'BraceExpansion':
      out.push(plain(part.text));
      return;
    case 'ProcessSubstitution': {
      const text = part.script === undefined ? HOLE : machine.walk(part.script, subscope(scope));
      out.push({ ...plain(part.operator === '<' ? '/dev/fd/63' : '/dev/null'), feed: text });
      return;
    }
    case 'SimpleExpansion':
    case 'ParameterExpansion':
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
      for (const piece of expansion(part, scope, machine, false)) out.push({ ...piece, split: true });
      return;
    default:
      part satisfies never;
  }
}

function childPieces(part: DoubleQuotedChild, scope: Scope, machine: Machine, out: Piece[]): void {
  if (part.type === 'Literal') out.push(plain(part.value));
  else for (const piece of expansion(part, scope, machine, true)) out.push({ ...piece, split: false });
}

function plain(s: string): Piece {
  return { s, glob: false, maybe: false, split: false };
}

function fromField(field: Field, next: boolean): Piece {
  return {
    ...plain(field.s),
    glob: field.glob,
    maybe: field.maybe,
    ...(next ? { next } : {}),
    ...(field.feed === undefined ? {} : { feed: field.feed }),
  };
}

function expansion(
  part: Exclude<DoubleQuotedChild, { type: 'Literal' }>,
  scope: Scope,
  machine: Machine,
  quoted: boolean,
): Piece[] {
  switch (part.type) {
    case 'SimpleExpansion': {
      const name = part.text.replace(/^\$(\\\n)*/, '');
      return lookup(name, scope).map((field, index) => fromField(field, index > 0 && (quoted || name !== '*')));
    }
    case 'ParameterExpansion':
      return parameter(part, scope, machine);
    case 'CommandExpansion': {
      if (part.script === undefined) return [plain(HOLE)];
      const held = machine.nested;
      if (part.script.source !== undefined) machine.nested = true;
      const text = machine.walk(part.script, subscope(scope)).replace(/\n+$/, '');
      machine.nested = held;
      return [plain(text)];
    }
    case 'ArithmeticExpansion': {
      const number = /^\$\(\(\s*(\d+)\s*\)\)$/.exec(part.text);
      if (/[`$][({]?/.test(part.text.slice(3))) machine.script(`: "${part.text.slice(3, -2)}"`, subscope(scope));
      return [plain(number?.[1] ?? HOLE)];
    }
    default:
      return part satisfies never;
  }
}

/** The fields that a parameter stands for; one field with a mark where text cannot tell. */
export function lookup(name: string, scope: Scope): readonly Field[] {
  if (name === '@' || name === '*') return scope.args ?? [];
  if (/^\d+$/.test(name)) {
    const index = Number(name);
    if (index === 0) return scope.vars.get('0') ?? [literal('bash')];
    if (scope.args === undefined) return index === 9 || index > 1 ? [literal('')] : [UNKNOWN_FIELD];
    return [scope.args[index - 1] ?? literal('')];
  }
  const bound = scope.vars.get(name);
  if (bound !== undefined) return bound;
  switch (name) {
    case 'HOME':
      return [literal('~')];
    case 'PWD':
      return [literal(scope.cwd ?? HOLE)];
    case 'TMPDIR':
    case 'TEMP':
    case 'TMP':
    case 'RUNNER_TEMP':
      return [literal('/tmp')];
    // The usual places, unless the environment says otherwise.
    case 'XDG_STATE_HOME':
      return [{ s: '~/.local/state', glob: false, maybe: true }];
    case 'XDG_CONFIG_HOME':
      return [{ s: '~/.config', glob: false, maybe: true }];
    case 'XDG_RUNTIME_DIR':
      return [{ s: '/run/user/0', glob: false, maybe: true }];
    case 'IFS':
      return [literal(' \t\n')];
    case '$':
    case 'RANDOM':
    case 'SECONDS':
    case 'BASHPID':
    case 'EPOCHSECONDS':
    case 'EPOCHREALTIME':
    case 'SRANDOM':
      return [literal(FRESH)];
    case 'SHELL':
    case 'BASH':
      return [literal('/bin/bash')];
    case '?':
    case '#':
      return [literal('0')];
    default:
      return isSecretVariable(name) ? [literal(SECRET + HOLE)] : [UNKNOWN_FIELD];
  }
}

function parameter(part: ParameterExpansionPart, scope: Scope, machine: Machine): Piece[] {
  const all = part.index?.text === '@' || part.index?.text === '*';
  if (part.prefix === '#') return [plain(HOLE)];
  let bound: readonly Field[];
  if (part.prefix === '!') {
    const via = lookup(part.parameter, scope)[0];
    if (via === undefined || /[^\w]/.test(via.s)) return [plain(HOLE)];
    bound = lookup(via.s, scope);
  } else bound = lookup(part.parameter, scope);
  if (part.index !== undefined && !all) {
    const index = Number(expandOne(part.index, scope, machine).s);
    bound = [bound[index] ?? UNKNOWN_FIELD];
  } else if (part.index === undefined && part.parameter !== '@' && part.parameter !== '*') bound = bound.slice(0, 1);
  const isSet = scope.vars.has(part.parameter) || scope.args !== undefined;
  const result = operate(part.operation, bound, isSet, (word) => expandOne(word, scope, machine));
  const assigns = part.operation?.type === 'Default' && part.operation.operator.includes('=');
  if (assigns && !scope.vars.has(part.parameter)) scope.vars.set(part.parameter, result);
  return result.map((field, index) => fromField(field, index > 0));
}

/** Joins pieces into words, splitting unquoted expansions at `IFS`. */
function join(pieces: readonly Piece[], scope: Scope): Field[] {
  const separators = scope.vars.get('IFS')?.[0]?.s ?? ' \t\n';
  const out: Field[] = [];
  let current: { s: string; glob: boolean; maybe: boolean; feed?: string } | undefined;
  const flush = (): void => {
    if (current !== undefined) out.push(current);
    current = undefined;
  };
  const append = (piece: Piece, s: string): void => {
    current ??= { s: '', glob: false, maybe: false };
    current.s += s;
    current.glob ||= piece.glob || (piece.split && /[*?]/.test(s));
    current.maybe ||= piece.maybe;
    if (piece.feed !== undefined) current.feed = piece.feed;
  };
  for (const piece of pieces) {
    if (piece.next === true) flush();
    if (!piece.split) {
      append(piece, piece.s);
      continue;
    }
    let run = '';
    for (const char of piece.s) {
      if (!separators.includes(char)) {
        run += char;
        continue;
      }
      if (run !== '') append(piece, run);
      run = '';
      flush();
      if (out.length > MAX_FIELDS) return [...out.slice(0, MAX_FIELDS), UNKNOWN_FIELD];
    }
    if (run !== '') append(piece, run);
  }
  flush();
  return out;
}
