import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { ed25519PublicKey, publicKeyText, signSshsig } from '../../protocols/sshsig/index.ts';

/** The person of a replay: enrolled in a registry of the replay's own, with a key that only this process holds. */
export interface ReplayPerson {
  readonly registry: { readonly registryFile: string; readonly trustedOwnerUids: readonly number[] };
  signClaim(claim: Json): string;
}

export function makeReplayPerson(folder: string): ReplayPerson {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = ed25519PublicKey(new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')));
  const uid = process.getuid?.() ?? 0;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const registryFile = path.join(folder, 'people.json');
  const entry = { publicKey: publicKeyText(key), presence: 'typed', addedAtMs: 0, addedBy: 'root' };
  writeFileSync(registryFile, JSON.stringify({ version: 1, uid, people: [{ name: 'owner', keys: [entry] }] }), {
    mode: 0o600,
  });
  return {
    registry: { registryFile, trustedOwnerUids: [...new Set([0, uid])] },
    signClaim: (claim) =>
      signSshsig(key, canonicalBytes(claim), (bytes) => new Uint8Array(sign(null, bytes, privateKey))),
  };
}
