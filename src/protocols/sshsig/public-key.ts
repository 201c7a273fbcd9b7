import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { ascii, atEnd, concat, cursorOn, decodeBase64, encodeBase64, readString, readText, string } from './wire.ts';

export type KeyType =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com';

export type Algorithm = 'ed25519' | 'P-256' | 'P-384' | 'P-521';

/** An OpenSSH public key. Sources: RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f. */
export interface PublicKey {
  readonly type: KeyType;
  readonly algorithm: Algorithm;
  /** The wire form, which is what digests and fingerprints are over. */
  readonly blob: Uint8Array;
  /** 32 bytes for Ed25519; `x || y` for the curves. Whether it lies on the curve is for the verifier to find out. */
  readonly point: Uint8Array;
  /** Security keys only: the relying party, `ssh:` and what follows. */
  readonly application?: string;
}

export type PublicKeyResult =
  | { readonly ok: true; readonly key: PublicKey }
  | { readonly ok: false; readonly why: string };

interface Curve {
  readonly algorithm: Algorithm;
  readonly name: string;
  readonly width: number;
}

const CURVES: ReadonlyMap<string, Curve> = new Map([
  ['ecdsa-sha2-nistp256', { algorithm: 'P-256', name: 'nistp256', width: 32 }],
  ['ecdsa-sha2-nistp384', { algorithm: 'P-384', name: 'nistp384', width: 48 }],
  ['ecdsa-sha2-nistp521', { algorithm: 'P-521', name: 'nistp521', width: 66 }],
  ['sk-ecdsa-sha2-nistp256@openssh.com', { algorithm: 'P-256', name: 'nistp256', width: 32 }],
]);

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['ssh-rsa', 'RSA keys are not accepted; use Ed25519, ECDSA or a security key'],
  ['ssh-dss', 'DSA keys are not accepted; use Ed25519, ECDSA or a security key'],
  [
    'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
    'webauthn-sk keys are not accepted; use an sk- key made by ssh-keygen',
  ],
]);

/** Longest of a public key, its text and its comment. */
const MAX_BLOB_BYTES = 1024;
const MAX_TEXT_CHARS = 4096;

/** One line of a `.pub` file: type, base64, perhaps a comment. Options and further lines are refused. */
export function parsePublicKeyText(text: string): PublicKeyResult {
  if (text.length > MAX_TEXT_CHARS) return no('the public key is too long');
  const [, type, base64] = /^([\x21-\x7e]+) ([A-Za-z0-9+/=]+)(?: [^\r\n]*)?\n?$/.exec(text) ?? [];
  if (type === undefined || base64 === undefined) return no('not an OpenSSH public key on one line');
  const blob = decodeBase64(base64);
  if (blob === undefined) return no('the public key is not canonical base64');
  const parsed = parsePublicKey(blob);
  if (parsed.ok && parsed.key.type !== type)
    return no(`the text says \`${type.slice(0, 64)}\`, the key \`${parsed.key.type}\``);
  return parsed;
}

export function parsePublicKey(blob: Uint8Array): PublicKeyResult {
  if (blob.length > MAX_BLOB_BYTES * 4) return no('the public key is too long');
  const cursor = cursorOn(blob);
  const type = readText(cursor, 64);
  if (type === undefined) return no('the public key has no type');
  const refusal = REFUSED.get(type);
  if (refusal !== undefined) return no(refusal);
  if (type.includes('-cert-v0')) return no('certificates are not accepted; give the plain public key');
  if (blob.length > MAX_BLOB_BYTES) return no('the public key is too long');
  let algorithm: Algorithm;
  let point: Uint8Array;
  if (type === 'ssh-ed25519' || type === 'sk-ssh-ed25519@openssh.com') {
    const raw = readString(cursor, 32);
    if (raw?.length !== 32) return no('the Ed25519 key is not 32 bytes');
    algorithm = 'ed25519';
    point = raw;
  } else {
    const curve = CURVES.get(type);
    if (curve === undefined) return no(`key type \`${type}\` is not known`);
    if (readText(cursor, 16) !== curve.name) return no('the curve does not belong to the key type');
    const raw = readString(cursor, 1 + 2 * curve.width);
    if (raw?.length !== 1 + 2 * curve.width || raw[0] !== 4) return no('the curve point is not in uncompressed form');
    algorithm = curve.algorithm;
    point = raw.subarray(1);
  }
  const isSecurityKey = type.startsWith('sk-');
  const application = isSecurityKey ? readText(cursor, 256) : undefined;
  if (isSecurityKey && application?.startsWith('ssh:') !== true)
    return no('the application of the security key does not begin with `ssh:`');
  if (!atEnd(cursor)) return no('bytes follow the public key');
  const key = { type: type as KeyType, algorithm, blob: new Uint8Array(blob), point };
  return { ok: true, key: application === undefined ? key : { ...key, application } };
}

export function isSecurityKey(key: PublicKey): boolean {
  return key.application !== undefined;
}

export function ed25519PublicKey(point: Uint8Array): PublicKey {
  if (point.length !== 32) throw new TypeError('an Ed25519 key has 32 bytes');
  return {
    type: 'ssh-ed25519',
    algorithm: 'ed25519',
    blob: concat(string(ascii('ssh-ed25519')), string(point)),
    point,
  };
}

/** The one-line text, without comment and without line feed. */
export function publicKeyText(key: PublicKey): string {
  return `${key.type} ${encodeBase64(key.blob)}`;
}

/** What `Signature.key` names: lower-case hex SHA-256 of the wire form. */
export function keyIdOf(key: PublicKey): string {
  return bytesToHex(sha256(key.blob));
}

/** As `ssh-keygen -l` shows it. */
export function fingerprintOf(key: PublicKey): string {
  return `SHA256:${encodeBase64(sha256(key.blob)).replace(/=+$/, '')}`;
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
