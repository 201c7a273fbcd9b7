import { utf8ToBytes } from '@noble/hashes/utils.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * RFC 8785 (JSON Canonicalization Scheme) text of a value. Members whose value is `undefined` are left out, as in
 * `JSON.stringify`. Throws on what I-JSON cannot carry: NaN, infinities, lone surrogates, anything but plain data.
 * Source: https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`no canonical form for the number \`${value}\``);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('no canonical form for a string with a lone surrogate');
    return JSON.stringify(value);
  }
  // `Array.from` visits holes too, where `map` would let two different arrays have one text.
  if (Array.isArray(value)) return `[${Array.from(value, (item: Json) => canonicalJson(item)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`no canonical form for a ${typeof value}`);
  const members = value as { readonly [key: string]: Json | undefined };
  const prototype: unknown = Object.getPrototypeOf(members);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError('no canonical form for a class instance');
  // RFC 8785 section 3.2.3: keys sort by UTF-16 code units, which is what the default sort compares.
  const parts: string[] = [];
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member !== undefined) parts.push(`${canonicalJson(key)}:${canonicalJson(member)}`);
  }
  return `{${parts.join(',')}}`;
}

/** UTF-8 bytes of `canonicalJson`. */
export function canonicalBytes(value: Json): Uint8Array {
  return utf8ToBytes(canonicalJson(value));
}
