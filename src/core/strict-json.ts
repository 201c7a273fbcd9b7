import type { Json } from './canonical-json.ts';

export type StrictJsonResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly error: string };

/**
 * JSON that means the same to every reader: no duplicate keys (two readers may pick different ones), no lone
 * surrogates, no number that a double does not hold (two numbers would become one), bounded depth. RFC 8259 with the I-JSON restrictions of RFC 7493.
 * `maxDepth` counts nested arrays and objects. Never throws.
 */
export function parseStrictJson(
  text: string,
  maxDepth: number,
  /** `any`: for texts whose numbers nobody acts on. */
  { numbers = 'exact' }: { readonly numbers?: 'exact' | 'any' } = {},
): StrictJsonResult {
  const fault = scan(text, maxDepth, numbers === 'exact');
  if (fault !== undefined) return { ok: false, error: fault };
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch {
    return { ok: false, error: 'not valid JSON' };
  }
}

/** Looks for what `JSON.parse` lets through in silence; grammar itself is left to `JSON.parse`. */
function scan(text: string, maxDepth: number, checksNumbers: boolean): string | undefined {
  if (!text.isWellFormed()) return 'a lone surrogate in the text';
  // One entry for each open container: the keys seen so far for an object, undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let i = 0;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      const end = endOfString(text, i);
      if (end === -1) return 'a string does not end';
      const literal = text.slice(i, end);
      if (literal.includes('\\u') && decode(literal)?.isWellFormed() === false) return 'a lone surrogate in a string';
      const keys = open.at(-1);
      if (keys !== undefined && nextIsColon(text, end)) {
        const key = decode(literal);
        if (key === undefined) return 'a key is not valid JSON';
        if (keys.has(key)) return `duplicate key \`${key.slice(0, 80)}\``;
        keys.add(key);
      }
      i = end;
      continue;
    }
    if (isNumberUnit(code)) {
      const end = endOfNumber(text, i);
      const fault = checksNumbers ? numberFault(text.slice(i, end)) : undefined;
      if (fault !== undefined) return fault;
      i = end;
      continue;
    }
    if (code === 0x7b || code === 0x5b) {
      if (open.length >= maxDepth) return `nested deeper than ${maxDepth}`;
      open.push(code === 0x7b ? new Set() : undefined);
    } else if (code === 0x7d || code === 0x5d) open.pop();
    i += 1;
  }
  return undefined;
}

/** Index just past the closing quote of the string that starts at `start`, or -1. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    i += code === 0x5c ? 2 : 1;
  }
  return -1;
}

/** Digits, signs, the point; an exponent's letter counts inside a number only. */
function isNumberUnit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e;
}

function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (!isNumberUnit(code) && code !== 0x65 && code !== 0x45) break;
    i += 1;
  }
  return i;
}

/** Digits that a double always keeps, and the most that serialisers write of one. */
const KEPT_DIGITS = 15;
const WRITTEN_DIGITS = 17;
const MOST_NUMBER_UNITS = 1_000;

/**
 * SECURITY: readers that keep more digits than a double see another number. Two requests that differ there alone would
 * share their canonical form, and so an approval. Whether the text is a number at all is left to `JSON.parse`.
 */
function numberFault(text: string): string | undefined {
  const value = Number(text);
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return 'a number is too large';
  if (Number.isNaN(value) || text.length <= KEPT_DIGITS)
    return value === 0 && /[1-9].*e/i.test(text) ? TOO_SMALL : undefined;
  if (text.length > MOST_NUMBER_UNITS) return 'a number has too many digits';
  const digits = text
    .replace(/e.*$/i, '')
    .replace(/[-+.]/g, '')
    .replace(/^0+|0+$/g, '');
  if (value === 0) return digits === '' ? undefined : TOO_SMALL;
  const kept = /^-?\d+$/.test(text) ? String(value) === text : digits.length <= WRITTEN_DIGITS;
  return kept ? undefined : 'a number has more digits than a double holds';
}

const TOO_SMALL = 'a number is too small';

function nextIsColon(text: string, from: number): boolean {
  let i = from;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return code === 0x3a;
    i += 1;
  }
  return false;
}

function decode(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
