export type { Algorithm, KeyType, PublicKey, PublicKeyResult } from './public-key.ts';
export {
  ed25519PublicKey,
  fingerprintOf,
  isSecurityKey,
  keyIdOf,
  parsePublicKey,
  parsePublicKeyText,
  publicKeyText,
} from './public-key.ts';
export type { Assertion, Sshsig, SshsigHash, SshsigResult, ToVerify } from './sshsig.ts';
export {
  armoredSshsig,
  assertionBytes,
  NAMESPACE,
  parseArmoredSshsig,
  parseSshsig,
  signedBlob,
  signSshsig,
  toVerify,
} from './sshsig.ts';
