import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes, type Json } from './canonical-json.ts';

/** Lower-case hex of SHA-256 over RFC 8785 canonical JSON; 64 characters. */
export type Digest = string & { readonly sha256OfJcs: true };

/** Digest of a JSON value in canonical form. Throws where the value has no canonical form (see `canonicalJson`). */
export function digestOf(value: Json): Digest {
  return bytesToHex(sha256(canonicalBytes(value))) as Digest;
}

/** Lower-case hex SHA-256 of raw bytes: for bodies, scripts and files, which have no JSON form. */
export function digestOfBytes(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** A digest that comes in from outside: 64 lower-case hex characters, else `undefined`. */
export function parseDigest(text: string): Digest | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;
}
