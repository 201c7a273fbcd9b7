import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBase64, encodeBase64 } from './base64.ts';

/** C2SP signed notes with Ed25519 keys. Source: https://c2sp.org/signed-note */

const ED25519 = 0x01;
const SIGNATURE_START = '\u2014 ';
const MAX_NOTE_CHARS = 1 << 20;
const MAX_SIGNATURES = 100;

/** Ed25519 itself is passed in: this module does no I/O and knows no platform. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
export type SignEd25519 = (message: Uint8Array) => Uint8Array;

export interface NoteKey {
  readonly name: string;
  /** 4 bytes, as 8 lower-case hex characters. */
  readonly id: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export type OpenedNote =
  | { readonly ok: true; readonly text: string; readonly signedBy: readonly NoteKey[] }
  | { readonly ok: false; readonly error: string };

export function noteKey(name: string, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name)) throw new TypeError(`\`${name}\` cannot name a key`);
  if (publicKey.length !== 32) throw new TypeError(`an Ed25519 public key has 32 bytes, not ${publicKey.length}`);
  return {
    name,
    id: bytesToHex(sha256(concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(ED25519), publicKey)).slice(0, 4)),
    publicKey,
  };
}

/** `NAME+ID+BASE64(0x01 || public key)`: what is given to whoever checks. */
export function formatVerifierKey(key: NoteKey): string {
  return `${key.name}+${key.id}+${encodeBase64(concatBytes(Uint8Array.of(ED25519), key.publicKey))}`;
}

/** `undefined` unless the text is exactly what `formatVerifierKey` makes. */
export function parseVerifierKey(text: string): NoteKey | undefined {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const [, name = '', id = '', encoded = ''] = parts ?? [];
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || bytes?.length !== 33 || bytes[0] !== ED25519) return undefined;
  const key = noteKey(name, bytes.slice(1));
  return key.id === id ? key : undefined;
}

/** `PRIVATE+KEY+NAME+ID+BASE64(0x01 || seed)`. */
export function formatSignerKey(key: NoteKey, seed: Uint8Array): string {
  return `PRIVATE+KEY+${key.name}+${key.id}+${encodeBase64(concatBytes(Uint8Array.of(ED25519), seed))}`;
}

/** Name, id and 32-byte seed; whether the id fits the key can be told only once the public key is known. */
export function parseSignerKey(
  text: string,
): { readonly name: string; readonly id: string; readonly seed: Uint8Array } | undefined {
  const parts = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const [, name = '', id = '', encoded = ''] = parts ?? [];
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || bytes?.length !== 33 || bytes[0] !== ED25519) return undefined;
  return { name, id, seed: bytes.slice(1) };
}

/** A note with one signature. `text` ends with a line feed. Throws where it could not be opened again. */
export function signNote(text: string, key: NoteKey, sign: SignEd25519): string {
  if (!isNoteText(text))
    throw new TypeError('a note is UTF-8 text without control characters that ends with a line feed');
  const signature = sign(utf8ToBytes(text));
  if (signature.length !== 64) throw new TypeError(`an Ed25519 signature has 64 bytes, not ${signature.length}`);
  const id = Uint8Array.from(key.id.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return `${text}\n${SIGNATURE_START}${key.name} ${encodeBase64(concatBytes(id, signature))}\n`;
}

/**
 * The text of a note, if at least one of `keys` signed it. Signatures by other keys are passed over, as the format
 * asks; a bad or a second signature by one of `keys` refuses the whole note. Never throws.
 */
export function openNote(note: string, keys: readonly NoteKey[], verify: VerifyEd25519): OpenedNote {
  const refuse = (error: string): OpenedNote => ({ ok: false, error });
  if (note.length > MAX_NOTE_CHARS) return refuse('the note is too long');
  const split = note.lastIndexOf('\n\n');
  if (split === -1) return refuse('the note has no blank line before its signatures');
  const text = note.slice(0, split + 1);
  if (!isNoteText(text)) return refuse('the note has a character that notes do not have');
  const block = note.slice(split + 2);
  if (!block.endsWith('\n')) return refuse('the note does not end with a signature line');
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return refuse('the note has too many signatures');
  const signedBy: NoteKey[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === undefined) return refuse('a signature line is malformed');
    const key = keys.find((one) => one.name === signature.name && one.id === signature.id);
    if (key === undefined) continue;
    if (signedBy.includes(key)) return refuse(`two signatures by \`${key.name}\``);
    if (signature.bytes.length !== 64 || !verify(key.publicKey, utf8ToBytes(text), signature.bytes)) {
      return refuse(`the signature by \`${key.name}\` is not valid`);
    }
    signedBy.push(key);
  }
  return signedBy.length === 0 ? refuse('no signature by a known key') : { ok: true, text, signedBy };
}

function parseSignatureLine(line: string): { name: string; id: string; bytes: Uint8Array } | undefined {
  if (!line.startsWith(SIGNATURE_START)) return undefined;
  const [name = '', encoded = '', ...rest] = line.slice(SIGNATURE_START.length).split(' ');
  const bytes = decodeBase64(encoded);
  if (rest.length > 0 || !isKeyName(name) || bytes === undefined || bytes.length < 5) return undefined;
  return { name, id: bytesToHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
}

export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s\u0085\p{Z}\p{Cc}+]/u.test(name);
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !/(?!\n)[^ -\u{10ffff}]/u.test(text);
}
