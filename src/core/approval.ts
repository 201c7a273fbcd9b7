import type { Digest } from './digest.ts';

/** `preapproval`: `bytes` is a whole signed pre-approval document, made before the hold was. */
export type SignatureFormat = 'sshsig' | 'webauthn' | 'preapproval';

/** A signature as it came in. `key` is the digest of the public key that made it. */
export interface Signature {
  readonly key: string;
  readonly format: SignatureFormat;
  readonly bytes: Uint8Array;
}

export interface Approval {
  readonly hold: string;
  readonly claim: Digest;
  readonly signatures: readonly Signature[];
}

/** How a signature shows that a person was there. Only `touched` and `typed` count for a destructive approval. */
export type Presence = 'touched' | 'typed' | 'unproven';
