import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPeople } from '../../src/adapters/people/people.ts';
import type { Approval, Presence } from '../../src/core/approval.ts';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { type Claim, claimDigest, claimJson } from '../../src/core/hold.ts';
import type { People } from '../../src/ports/people.ts';
import { ed25519PublicKey, keyIdOf, publicKeyText, signSshsig } from '../../src/protocols/sshsig/index.ts';

export interface FakePerson {
  readonly name: string;
  readonly presence: Presence;
  readonly publicKeyText: string;
  readonly privateKey: KeyObject;
  sign(claim: Claim): Approval['signatures'][number];
  /** Armored SSHSIG over the canonical bytes of a statement. */
  signStatement(statement: Json): string;
}

/** A person with an Ed25519 key in memory. Enrolled as `typed` unless said otherwise: a stand-in for a sealed key. */
export function makePerson(name: string, presence: 'typed' | 'unproven' = 'typed'): FakePerson {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const x = publicKey.export({ format: 'jwk' }).x ?? '';
  const key = ed25519PublicKey(new Uint8Array(Buffer.from(x, 'base64url')));
  const signStatement = (statement: Json): string =>
    signSshsig(key, canonicalBytes(statement), (bytes) => new Uint8Array(sign(null, bytes, privateKey)));
  return {
    name,
    presence,
    publicKeyText: publicKeyText(key),
    privateKey,
    signStatement,
    sign: (claim) => ({
      key: keyIdOf(key),
      format: 'sshsig',
      bytes: new TextEncoder().encode(signStatement(claimJson(claim))),
    }),
  };
}

/** An approval of a hold, signed by these people. */
export function approvalBy(people: readonly FakePerson[], hold: string, claim: Claim): Approval {
  return { hold, claim: claimDigest(claim), signatures: people.map((person) => person.sign(claim)) };
}

export interface FakeRegistry {
  /** Canonical path of the folder that everything lies in. */
  readonly folder: string;
  readonly stateDir: string;
  readonly registryFile: string;
  readonly trustedOwnerUids: readonly number[];
  readonly uid: number;
}

export type RegistryEntry = Pick<FakePerson, 'name' | 'publicKeyText'> & {
  readonly presence: Presence;
  readonly removed?: true;
};

const madeFolders: string[] = [];

/** Writes a real registry into a new folder that belongs to whoever runs the tests. It is deleted at exit. */
export function makeRegistry(people: readonly RegistryEntry[], uid: number = process.getuid?.() ?? 0): FakeRegistry {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdpoint-people-')));
  if (madeFolders.length === 0) {
    process.once('exit', () => {
      for (const one of madeFolders) rmSync(one, { recursive: true, force: true });
    });
  }
  madeFolders.push(folder);
  chmodSync(folder, 0o755);
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir, { mode: 0o755 });
  const registryFile = join(folder, 'registry.json');
  writeFileSync(registryFile, registryJson(people, uid), { mode: 0o644 });
  chmodSync(registryFile, 0o644);
  return { folder, stateDir, registryFile, trustedOwnerUids: [...new Set([0, process.getuid?.() ?? 0])], uid };
}

export function registryJson(people: readonly RegistryEntry[], uid: number): string {
  return JSON.stringify({
    version: 1,
    uid,
    people: people.map(({ name, publicKeyText: publicKey, presence, removed }) => ({
      name,
      keys: [{ publicKey, presence, addedAtMs: 0, addedBy: 'root' }],
      removed,
    })),
  });
}

/** The real approver over a registry with these people in it. */
export function approverFor(people: readonly RegistryEntry[]): People {
  return openPeople(makeRegistry(people));
}
