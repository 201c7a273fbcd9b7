import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  armoredSshsig,
  assertionBytes,
  type KeyType,
  type PublicKey,
  parsePublicKey,
  signedBlob,
} from '../../../src/protocols/sshsig/index.ts';

/** A software authenticator: what a security key does, built by hand from OpenSSH's PROTOCOL.u2f. */
export interface SoftKey {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array, flags: number, counter?: number): string;
}

export function str(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A positive number in SSH's mpint form. */
export function mpint(bytes: Uint8Array): Buffer {
  let digits = Buffer.from(bytes);
  while (digits.length > 1 && digits[0] === 0) digits = digits.subarray(1);
  return str((digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

export function keyOf(blob: Uint8Array): PublicKey {
  const parsed = parsePublicKey(new Uint8Array(blob));
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.key;
}

export function softKey(type: KeyType & `sk-${string}`, application = 'ssh:'): SoftKey {
  const ed25519 = type === 'sk-ssh-ed25519@openssh.com';
  const pair = ed25519 ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = coordinates(pair.publicKey);
  const point = ed25519 ? str(x) : Buffer.concat([str('nistp256'), str(Buffer.concat([Buffer.of(4), x, y]))]);
  const publicKey = keyOf(Buffer.concat([str(type), point, str(application)]));
  return {
    publicKey,
    sign(message, flags, counter = 7) {
      const blob = signedBlob(message, 'holdpoint', 'sha512');
      const signed = assertionBytes(application, flags, counter, blob);
      const tail = Buffer.alloc(5);
      tail.writeUInt8(flags);
      tail.writeUInt32BE(counter, 1);
      const raw = ed25519 ? sign(null, signed, pair.privateKey) : ecdsa('sha256', signed, pair.privateKey);
      return armoredSshsig(publicKey, new Uint8Array(Buffer.concat([str(type), str(raw), tail])));
    },
  };
}

export function ecdsa(hash: string, signed: Uint8Array, privateKey: KeyObject): Buffer {
  const raw = sign(hash, signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([mpint(raw.subarray(0, raw.length / 2)), mpint(raw.subarray(raw.length / 2))]);
}

export function coordinates(key: KeyObject): { readonly x: Buffer; readonly y: Buffer } {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return { x: Buffer.from(x, 'base64url'), y: Buffer.from(y, 'base64url') };
}
