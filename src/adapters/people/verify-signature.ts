import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import {
  type Assertion,
  type PublicKey,
  parseArmoredSshsig,
  type ToVerify,
  toVerify,
} from '../../protocols/sshsig/index.ts';

export type SignatureCheck =
  | { readonly ok: true; readonly publicKey: PublicKey; readonly assertion?: Assertion }
  | { readonly ok: false; readonly why: string };

/** Verifies an armored SSHSIG over a message. Says nothing about whose key it is. Never throws. */
export function verifySignature(armored: Uint8Array, message: Uint8Array): SignatureCheck {
  const parsed = parseArmoredSshsig(armored);
  if (!parsed.ok) return parsed;
  const { publicKey, assertion } = parsed.sshsig;
  if (!holds(toVerify(parsed.sshsig, message)))
    return { ok: false, why: 'the signature does not fit what was to be signed' };
  return assertion === undefined ? { ok: true, publicKey } : { ok: true, publicKey, assertion };
}

/** True where the key's point lies on its curve. */
export function isUsableKey(key: PublicKey): boolean {
  return keyObject(key) !== undefined;
}

function holds(what: ToVerify): boolean {
  const key = keyObject(what);
  if (key === undefined) return false;
  try {
    return verify(
      what.hash === 'none' ? null : what.hash,
      what.signed,
      { key, dsaEncoding: 'ieee-p1363' },
      what.signature,
    );
  } catch {
    return false;
  }
}

function keyObject(what: Pick<ToVerify, 'algorithm' | 'point'>): KeyObject | undefined {
  const half = what.point.length / 2;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const jwk: JsonWebKey =
    what.algorithm === 'ed25519'
      ? { kty: 'OKP', crv: 'Ed25519', x: text(what.point) }
      : { kty: 'EC', crv: what.algorithm, x: text(what.point.subarray(0, half)), y: text(what.point.subarray(half)) };
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}
