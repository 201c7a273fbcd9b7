import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import {
  formatSignerKey,
  type NoteKey,
  noteKey,
  parseSignerKey,
  type SignEd25519,
  type VerifyEd25519,
} from '../../protocols/tlog/note.ts';

export interface LogKey {
  readonly key: NoteKey;
  readonly sign: SignEd25519;
}

/** DER of a PKCS#8 Ed25519 key up to the seed. RFC 8410 section 7. */
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex');

export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
};

/** Reads a key. Throws where it is malformed, or where others than its owner may read it. */
export function readLogKey(file: string): LogKey {
  const mode = statSync(file).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Error(`the log key \`${file}\` is open to others (mode ${mode.toString(8)}); it must be 600`);
  }
  const parsed = parseSignerKey(readFileSync(file, 'utf8').trimEnd());
  if (parsed === undefined) throw new Error(`\`${file}\` is not a log key`);
  const made = keyOf(parsed.name, parsed.seed);
  if (made.key.id !== parsed.id) throw new Error(`the log key \`${file}\` does not fit its own id`);
  return made;
}

/**
 * Makes a key beside its final place. It is moved there by `settleLogKey` once the ledger that names it is on disk, so
 * that a key at its place always belongs to a ledger, and a ledger that has gone is noticed.
 */
export function makeLogKey(file: string, origin: string): LogKey {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const seed = new Uint8Array(randomBytes(32));
  const made = keyOf(origin, seed);
  rmSync(pendingPath(file), { force: true });
  const fd = openSync(pendingPath(file), 'wx', 0o600);
  try {
    writeSync(fd, `${formatSignerKey(made.key, seed)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return made;
}

/** Moves a pending key to its place, if there is one and the place is free. */
export function settleLogKey(file: string): void {
  if (existsSync(file) || !existsSync(pendingPath(file))) return;
  renameSync(pendingPath(file), file);
  const fd = openSync(path.dirname(file), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function pendingPath(file: string): string {
  return `${file}.pending`;
}

function keyOf(name: string, seed: Uint8Array): LogKey {
  const privateKey: KeyObject = createPrivateKey({
    key: Buffer.concat([PKCS8_START, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
  return {
    key: noteKey(name, new Uint8Array(publicKey)),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
