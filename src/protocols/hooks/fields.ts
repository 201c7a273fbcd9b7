import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';

export type Members = { readonly [key: string]: Json | undefined };

/** A payload whose needed fields are missing or of the wrong type. Never leaves this folder: decoders turn it into a value. */
export class FieldFault extends Error {}

export function parseMembers(payload: Uint8Array): Members {
  if (payload.length > LIMITS.hookPayloadBytes) throw new FieldFault(`larger than ${LIMITS.hookPayloadBytes} bytes`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    throw new FieldFault('not valid UTF-8');
  }
  return membersOfText(text, 'the payload');
}

export function membersOfText(text: string, what: string): Members {
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) throw new FieldFault(`${what}: ${parsed.error}`);
  return asMembers(parsed.value, what);
}

export function asMembers(value: Json | undefined, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FieldFault(`${what} is not an object`);
  return value as Members;
}

export function needText(members: Members, key: string): string {
  const value = own(members, key);
  if (typeof value !== 'string')
    throw new FieldFault(`\`${key}\` is ${value === undefined ? 'missing' : 'not a string'}`);
  return value;
}

export function needFilled(members: Members, key: string): string {
  const value = needText(members, key);
  if (value === '') throw new FieldFault(`\`${key}\` is empty`);
  return value;
}

/** Missing and null are both absent; any other type is a fault. */
export function optionalText(members: Members, key: string): string | undefined {
  const value = own(members, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new FieldFault(`\`${key}\` is not a string`);
  return value;
}

export function optionalFlag(members: Members, key: string): boolean {
  const value = own(members, key);
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new FieldFault(`\`${key}\` is not true or false`);
  return value;
}

export function needList(members: Members, key: string): readonly Json[] {
  const value = own(members, key);
  if (!Array.isArray(value)) throw new FieldFault(`\`${key}\` is ${value === undefined ? 'missing' : 'not a list'}`);
  return value as readonly Json[];
}

export function needAbsolute(members: Members, key: string): string {
  const value = needFilled(members, key);
  if (!value.startsWith('/') || value.includes('\0')) throw new FieldFault(`\`${key}\` is not an absolute path`);
  return value;
}

export function own(members: Members, key: string): Json | undefined {
  return Object.hasOwn(members, key) ? members[key] : undefined;
}

/** Text of anything, for the record: at most `max` characters. */
export function excerpt(value: Json | undefined, max: number): string {
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  return text.length <= max ? text : `${text.slice(0, max).toWellFormed()}…`;
}
