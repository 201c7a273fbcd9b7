import type { Func } from './expression.ts';

/** What an expression may stand for. Text carries the marks of `shell/value.ts`. */
export type Value =
  | { readonly kind: 'text'; readonly text: string; readonly pattern: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'list'; readonly items: readonly Values[]; readonly open: boolean }
  | { readonly kind: 'record'; readonly fields: ReadonlyMap<string, Values> }
  /** A module, function or object by its full name; `()` stands for what a call gives back. */
  | { readonly kind: 'thing'; readonly name: string; readonly first?: Values }
  /** A method of a value that is known. */
  | { readonly kind: 'method'; readonly name: string; readonly of: Value }
  | { readonly kind: 'local'; readonly fn: Func }
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'self' }
  /** What a file holds. */
  | { readonly kind: 'content'; readonly of: Values }
  | { readonly kind: 'plain' }
  | { readonly kind: 'unknown' };

/** Each of them may be meant. */
export type Values = readonly Value[];

export const MOST_VALUES = 16;
const UNKNOWN_VALUE: Value = { kind: 'unknown' };
export const NOT_KNOWN: Values = [UNKNOWN_VALUE];
export const NOTHING: Values = [{ kind: 'plain' }];

export function text(s: string, pattern = false): Value {
  return { kind: 'text', text: s, pattern };
}

/** Stands for more functions than are kept: a call of it cannot be judged. */
export const TOO_MANY = '\0too many';
const MOST_CALLED = 64;

/** Each once. Past the limit all that is left is that more may be meant. */
export function several(values: Values): Values {
  if (values.length === 1) return values;
  const seen = new Set<unknown>();
  const kept = values.filter((value) => {
    const key = identityOf(value);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  if (kept.length === 0) return NOT_KNOWN;
  if (kept.length <= MOST_VALUES) return kept;
  // INVARIANT: what can be called is never left out unseen, or a call would be missed.
  const isCalled = (value: Value): boolean => /^(thing|local|method)$/.test(value.kind);
  const called = kept.filter(isCalled);
  const others = kept.filter((value) => !isCalled(value) && value.kind !== 'unknown').slice(0, MOST_VALUES - 1);
  const tooMany: Values = called.length > MOST_CALLED ? [{ kind: 'thing', name: TOO_MANY }] : [];
  return [...called.slice(0, MOST_CALLED), ...tooMany, ...others, UNKNOWN_VALUE];
}

function identityOf(value: Value): unknown {
  switch (value.kind) {
    case 'text':
      return `t${value.pattern}${value.text}`;
    case 'number':
      return value.value;
    case 'thing':
      return `n${value.name}`;
    case 'class':
      return `c${value.name}`;
    case 'local':
      return value.fn;
    case 'method':
      return `m${value.name} ${String(identityOf(value.of))}`;
    case 'list':
      return value.items;
    case 'record':
      return value.fields;
    case 'content':
      return value.of;
    case 'self':
    case 'plain':
    case 'unknown':
      return value.kind;
    default:
      return value satisfies never;
  }
}

/** The elements of a collection; of a value that is none, itself. */
export function itemsOf(values: Values): Values {
  return several(
    values.flatMap((value): Values => {
      switch (value.kind) {
        case 'list':
          return [...value.items.flat(), ...(value.open && value.items.length === 0 ? NOT_KNOWN : [])];
        case 'record':
          return [...value.fields.values()].flat();
        default:
          return [value];
      }
    }),
  );
}

export function folderOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at === -1 ? '.' : at === 0 ? '/' : path.slice(0, at);
}

/** As programs turn text round: character by character. */
export function reversed(s: string): string {
  return Array.from(s).reverse().join('');
}
