const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Standard base64 with padding, RFC 4648 section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let shift = 18; shift >= 0; shift -= 6) text += ALPHABET[(group >> shift) & 63] ?? '';
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  return missing === 0 ? text : text.slice(0, -missing) + '='.repeat(missing);
}

/**
 * The bytes, or `undefined` for anything but the one canonical spelling.
 * SECURITY: a second spelling of the same bytes (loose padding bits, white space, missing `=`) would let a signed
 * text be changed without breaking its signature.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let group = 0;
    for (let k = 0; k < 4; k += 1) group = (group << 6) | Math.max(0, ALPHABET.indexOf(text[i + k] ?? ''));
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8, at += 1) bytes[at] = (group >> shift) & 255;
  }
  return encodeBase64(bytes) === text ? bytes : undefined;
}
