import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Decrypter, Encrypter } from 'age-encryption';
import type { Account, Done, SealedKeys } from '../../ports/people.ts';
import { ed25519PublicKey, type PublicKey, publicKeyText, signSshsig } from '../../protocols/sshsig/index.ts';
import { asAccount } from './as-account.ts';
import { PERSON_NAME } from './registry.ts';
import { readSmallFile } from './small-file.ts';

/**
 * Inside the age file: this line, then the 32 bytes of an Ed25519 seed. Neither the file nor what is in it is a form
 * that ssh-add reads.
 */
const HEADER = Buffer.from('holdpoint-ed25519-seed-v1\n');
const SEED_BYTES = 32;
const MAX_FILE_BYTES = 4096;
/** An agent can copy the file and guess at leisure; scrypt makes a guess cost about a second, the rest is length. */
export const MIN_PASSPHRASE_CHARS = 12;

export interface SealedKeysOptions {
  /** Where `NAME.age` lie. */
  readonly folder: string;
  readonly account: Account;
  /** Base-2 logarithm of scrypt's cost, as in age; 18 unless a test wants it quicker. */
  readonly scryptLogN?: number;
}

export function openSealedKeys(options: SealedKeysOptions): SealedKeys {
  const pathOf = (name: string): string => {
    if (!PERSON_NAME.test(name)) throw new TypeError(`\`${name}\` is not a person's name`);
    return join(options.folder, `${name}.age`);
  };
  return {
    pathOf,
    has: async (name) => asAccount(options.account, () => existsSync(pathOf(name))),
    async generate(name, passphrase) {
      const path = pathOf(name);
      if (passphrase.length < MIN_PASSPHRASE_CHARS)
        return no(`the passphrase is shorter than ${MIN_PASSPHRASE_CHARS} characters`);
      const seed = randomBytes(SEED_BYTES);
      const encrypter = new Encrypter();
      encrypter.setPassphrase(passphrase);
      encrypter.setScryptWorkFactor(options.scryptLogN ?? 18);
      const plain = Buffer.concat([HEADER, seed]);
      const sealed = await encrypter.encrypt(new Uint8Array(plain));
      const publicKey = publicKeyText(publicKeyOf(privateKeyOf(seed)));
      plain.fill(0);
      seed.fill(0);
      const written = asAccount(options.account, () => writeNew(path, sealed));
      return written.ok ? { ok: true, publicKey } : written;
    },
    async discard(name) {
      asAccount(options.account, () => unlinkSync(pathOf(name)));
    },
    async sign(name, passphrase, message) {
      const file = await readSmallFile(pathOf(name), MAX_FILE_BYTES);
      if (!file.ok) return no(file.why);
      const plain = await unseal(file.bytes, passphrase);
      if (plain === undefined) return no('the passphrase is wrong, or the key file is damaged');
      const seed = plain.subarray(HEADER.length);
      if (seed.length !== SEED_BYTES || !HEADER.equals(plain.subarray(0, HEADER.length)))
        return no('the key file holds something else than a key');
      const key = privateKeyOf(seed);
      plain.fill(0);
      return {
        ok: true,
        sshsig: signSshsig(publicKeyOf(key), message, (bytes) => new Uint8Array(sign(null, bytes, key))),
      };
    },
  };
}

async function unseal(bytes: Uint8Array, passphrase: string): Promise<Uint8Array | undefined> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(bytes);
  } catch {
    return undefined;
  }
}

function writeNew(path: string, content: Uint8Array): Done {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const handle = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    return { ok: true };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return no(code === 'EEXIST' ? `\`${path}\` exists already` : `\`${path}\` cannot be written (${code})`);
  }
}

/** RFC 8410: the fixed PKCS #8 head of an Ed25519 key, then its seed. */
function privateKeyOf(seed: Uint8Array): KeyObject {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([head, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

function publicKeyOf(privateKey: KeyObject): PublicKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return ed25519PublicKey(new Uint8Array(Buffer.from(x, 'base64url')));
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
