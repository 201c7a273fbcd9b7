import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { type Algorithm, type PublicKey, parsePublicKey } from './public-key.ts';
import {
  ascii,
  atEnd,
  concat,
  cursorOn,
  decodeBase64,
  encodeBase64,
  readBytes,
  readPositiveMpint,
  readString,
  readText,
  readUint32,
  string,
  uint32,
} from './wire.ts';

/** The one namespace that Holdpoint signs and accepts. */
export const NAMESPACE = 'holdpoint';

export type SshsigHash = 'sha256' | 'sha512';

/** What a security key says about the one signature: who was there, and its counter. OpenSSH PROTOCOL.u2f. */
export interface Assertion {
  readonly flags: number;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly counter: number;
}

/** A signature in SSHSIG format, taken apart and not yet verified. Source: OpenSSH PROTOCOL.sshsig. */
export interface Sshsig {
  readonly publicKey: PublicKey;
  readonly namespace: string;
  readonly hash: SshsigHash;
  /** 64 bytes for Ed25519; `r || s` in fixed width for the curves (IEEE P1363). */
  readonly signature: Uint8Array;
  /** Security keys only. */
  readonly assertion?: Assertion;
}

export type SshsigResult =
  | { readonly ok: true; readonly sshsig: Sshsig }
  | { readonly ok: false; readonly why: string };

/** What a verifier needs: a plain signature over plain bytes. */
export interface ToVerify {
  readonly algorithm: Algorithm;
  readonly point: Uint8Array;
  /** The hash that is part of the algorithm: none for Ed25519. */
  readonly hash: 'none' | 'sha256' | 'sha384' | 'sha512';
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
const MAGIC = ascii('SSHSIG');
const MAX_ARMOR_BYTES = 8192;
/** ssh-keygen wraps at 70; 76 is what the protocol recommends, 64 what PEM writers do. */
const WIDTHS: readonly number[] = [64, 70, 76];
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const SCALAR_BYTES: Record<Algorithm, number> = { ed25519: 32, 'P-256': 32, 'P-384': 48, 'P-521': 66 };

/** Reads the armored text as `ssh-keygen -Y sign` writes it: nothing before it, nothing after its last line feed. */
export function parseArmoredSshsig(armored: Uint8Array): SshsigResult {
  if (armored.length > MAX_ARMOR_BYTES) return no(`the signature is longer than ${MAX_ARMOR_BYTES} bytes`);
  if (!armored.every((byte) => byte === 0x0a || (byte >= 0x20 && byte <= 0x7e)))
    return no('the signature is not plain text');
  const lines = String.fromCharCode(...armored).split('\n');
  if (lines.shift() !== BEGIN) return no(`the signature does not begin with \`${BEGIN}\``);
  if (lines.pop() !== '' || lines.pop() !== END)
    return no(`the signature does not end with \`${END}\` and a line feed`);
  const width = lines[0]?.length ?? 0;
  const last = lines.at(-1)?.length ?? 0;
  if (lines.length > 1 && !WIDTHS.includes(width)) return no('the lines of the signature have an unusual width');
  if (last === 0 || last > Math.max(...WIDTHS) || last > width)
    return no('the last line of the signature is empty or too long');
  if (!lines.slice(0, -1).every((line) => line.length === width))
    return no('the lines of the signature differ in width');
  const blob = decodeBase64(lines.join(''));
  return blob === undefined ? no('the signature is not canonical base64') : parseSshsig(blob);
}

export function parseSshsig(blob: Uint8Array): SshsigResult {
  const cursor = cursorOn(blob);
  const magic = readBytes(cursor, MAGIC.length);
  if (magic === undefined || !magic.every((byte, i) => byte === MAGIC[i])) return no('not an SSHSIG signature');
  const version = readUint32(cursor);
  if (version !== 1) return no(`SSHSIG version ${version ?? 'missing'} is not known`);
  const keyBlob = readString(cursor, 4096);
  if (keyBlob === undefined) return no('the signature has no public key');
  const key = parsePublicKey(keyBlob);
  if (!key.ok) return key;
  const namespace = readText(cursor, 256);
  if (namespace !== NAMESPACE)
    return no(`the signature is for the namespace \`${namespace ?? ''}\`, not \`${NAMESPACE}\``);
  if (readString(cursor, 0) === undefined) return no('the reserved field is not empty');
  const hash = readText(cursor, 16);
  if (hash !== 'sha256' && hash !== 'sha512') return no('the hash is neither `sha256` nor `sha512`');
  const inner = readString(cursor, 1024);
  if (inner === undefined || !atEnd(cursor))
    return no('the signature is cut short, too long, or followed by more bytes');
  return parseInner(inner, key.key, namespace, hash);
}

function parseInner(inner: Uint8Array, publicKey: PublicKey, namespace: string, hash: SshsigHash): SshsigResult {
  const cursor = cursorOn(inner);
  // Each accepted key type has one signature type, of the same name.
  if (readText(cursor, 64) !== publicKey.type)
    return no(`the signature is not of the key's type \`${publicKey.type}\``);
  const raw = readString(cursor, 256);
  const signature =
    raw === undefined
      ? undefined
      : publicKey.algorithm === 'ed25519'
        ? raw
        : fixedWidth(raw, SCALAR_BYTES[publicKey.algorithm]);
  if (signature?.length !== 2 * SCALAR_BYTES[publicKey.algorithm])
    return no('the signature does not have the form its type asks for');
  let assertion: Assertion | undefined;
  if (publicKey.application !== undefined) {
    const flags = readBytes(cursor, 1)?.[0];
    const counter = readUint32(cursor);
    if (flags === undefined || counter === undefined)
      return no('the signature of the security key has no flags or no counter');
    assertion = {
      flags,
      counter,
      userPresent: (flags & USER_PRESENT) !== 0,
      userVerified: (flags & USER_VERIFIED) !== 0,
    };
  }
  if (!atEnd(cursor)) return no('bytes follow the signature');
  const sshsig = { publicKey, namespace, hash, signature };
  return { ok: true, sshsig: assertion === undefined ? sshsig : { ...sshsig, assertion } };
}

/** `r || s` from two mpints. */
function fixedWidth(raw: Uint8Array, width: number): Uint8Array | undefined {
  const cursor = cursorOn(raw);
  const r = readPositiveMpint(cursor, width);
  const s = readPositiveMpint(cursor, width);
  return r === undefined || s === undefined || !atEnd(cursor) ? undefined : concat(r, s);
}

/** The bytes that an SSH key signs for a message. */
export function signedBlob(message: Uint8Array, namespace: string, hash: SshsigHash): Uint8Array {
  const digest = hash === 'sha512' ? sha512(message) : sha256(message);
  return concat(MAGIC, string(namespace), string(''), string(hash), string(digest));
}

/** The bytes that a security key signs in turn: it hashes the blob and adds what it saw. */
export function assertionBytes(application: string, flags: number, counter: number, blob: Uint8Array): Uint8Array {
  return concat(sha256(ascii(application)), Uint8Array.of(flags), uint32(counter), sha256(blob));
}

export function toVerify(sshsig: Sshsig, message: Uint8Array): ToVerify {
  const { publicKey, assertion } = sshsig;
  const blob = signedBlob(message, sshsig.namespace, sshsig.hash);
  const signed =
    publicKey.application === undefined || assertion === undefined
      ? blob
      : assertionBytes(publicKey.application, assertion.flags, assertion.counter, blob);
  return {
    algorithm: publicKey.algorithm,
    point: publicKey.point,
    hash: hashOf(publicKey.algorithm),
    signed,
    signature: sshsig.signature,
  };
}

function hashOf(algorithm: Algorithm): ToVerify['hash'] {
  switch (algorithm) {
    case 'ed25519':
      return 'none';
    case 'P-256':
      return 'sha256';
    case 'P-384':
      return 'sha384';
    case 'P-521':
      return 'sha512';
    default:
      return algorithm satisfies never;
  }
}

/**
 * Writes an armored SSHSIG. `inner` is the signature in SSH wire form (type, signature, for a security key flags and
 * counter), made over `signedBlob(message, NAMESPACE, 'sha512')`.
 */
export function armoredSshsig(publicKey: PublicKey, inner: Uint8Array, hash: SshsigHash = 'sha512'): string {
  const blob = concat(
    MAGIC,
    uint32(1),
    string(publicKey.blob),
    string(NAMESPACE),
    string(''),
    string(hash),
    string(inner),
  );
  const lines = encodeBase64(blob).match(/.{1,70}/g) ?? [];
  return `${[BEGIN, ...lines, END].join('\n')}\n`;
}

/** Signs a message as `ssh-keygen -Y sign -n holdpoint` would with an Ed25519 key; `sign` is plain Ed25519. */
export function signSshsig(publicKey: PublicKey, message: Uint8Array, sign: (bytes: Uint8Array) => Uint8Array): string {
  if (publicKey.type !== 'ssh-ed25519') throw new TypeError(`cannot write signatures of \`${publicKey.type}\``);
  const signature = sign(signedBlob(message, NAMESPACE, 'sha512'));
  return armoredSshsig(publicKey, concat(string('ssh-ed25519'), string(signature)));
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
