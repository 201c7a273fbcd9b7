/**
 * SSH wire format: byte, uint32, string (RFC 4251 section 5), and base64 (RFC 4648 section 4), both read strictly:
 * one encoding a value, so that nobody can make a second signature text out of a first one.
 */

export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

export function cursorOn(bytes: Uint8Array): Cursor {
  return { bytes, at: 0 };
}

export function atEnd(cursor: Cursor): boolean {
  return cursor.at === cursor.bytes.length;
}

/** `undefined` where fewer bytes are left. The result is a copy. */
export function readBytes(cursor: Cursor, length: number): Uint8Array | undefined {
  if (cursor.bytes.length - cursor.at < length) return undefined;
  // Not `slice`, which for a Node Buffer shares the memory.
  const taken = new Uint8Array(cursor.bytes.subarray(cursor.at, cursor.at + length));
  cursor.at += length;
  return taken;
}

export function readUint32(cursor: Cursor): number | undefined {
  const bytes = readBytes(cursor, 4);
  if (bytes === undefined) return undefined;
  return new DataView(bytes.buffer).getUint32(0);
}

/** `undefined` where the length lies past the end or past `maxBytes`. */
export function readString(cursor: Cursor, maxBytes: number): Uint8Array | undefined {
  const length = readUint32(cursor);
  if (length === undefined || length > maxBytes) return undefined;
  return readBytes(cursor, length);
}

/** A string of printable ASCII. */
export function readText(cursor: Cursor, maxBytes: number): string | undefined {
  const bytes = readString(cursor, maxBytes);
  if (bytes === undefined) return undefined;
  return bytes.every((byte) => byte >= 0x20 && byte <= 0x7e) ? String.fromCharCode(...bytes) : undefined;
}

/** A positive mpint in its only encoding, as exactly `width` bytes; `undefined` for zero, negative or too wide. */
export function readPositiveMpint(cursor: Cursor, width: number): Uint8Array | undefined {
  const bytes = readString(cursor, width + 1);
  const first = bytes?.[0];
  if (bytes === undefined || first === undefined || first >= 0x80) return undefined;
  if (first === 0 && (bytes.length === 1 || (bytes[1] ?? 0) < 0x80)) return undefined;
  const digits = first === 0 ? bytes.subarray(1) : bytes;
  if (digits.length > width) return undefined;
  const padded = new Uint8Array(width);
  padded.set(digits, width - digits.length);
  return padded;
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Length and content. Text is ASCII. */
export function string(content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === 'string' ? ascii(content) : content;
  return concat(uint32(bytes.length), bytes);
}

export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) throw new TypeError('not ASCII');
    bytes[i] = code;
  }
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const word = (a << 16) | (b << 8) | c;
    for (let digit = 0; digit < 4; digit += 1) {
      text += i + digit > bytes.length ? '=' : (ALPHABET[(word >> (18 - 6 * digit)) & 63] ?? '');
    }
  }
  return text;
}

/** `undefined` for anything but the one canonical text of some bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const digits = text.replace(/={1,2}$/, '');
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let word = 0;
  let at = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const value = ALPHABET.indexOf(digits.charAt(i));
    if (value === -1) return undefined;
    word = ((word << 6) | value) & 0xffffff;
    if (i % 4 === 1) bytes[at++] = (word >> 4) & 0xff;
    if (i % 4 === 2) bytes[at++] = (word >> 2) & 0xff;
    if (i % 4 === 3) bytes[at++] = word & 0xff;
  }
  // SECURITY: left-over bits and surplus padding would give one key or signature many texts.
  return encodeBase64(bytes) === text ? bytes : undefined;
}
