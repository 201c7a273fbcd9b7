import { z } from 'zod';
import type { Presence } from '../../core/approval.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { Signer } from '../../ports/approver.ts';
import type { EnrolledPerson } from '../../ports/people.ts';
import {
  type Assertion,
  isSecurityKey,
  keyIdOf,
  type PublicKey,
  parsePublicKeyText,
  publicKeyText,
} from '../../protocols/sshsig/index.ts';
import { isUsableKey } from './verify-signature.ts';

/** Also a file name (`NAME.age`), so nothing that a path or a terminal could take for something else. */
export const PERSON_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const REGISTRY_BYTES = 256 * 1024;
const MAX_PEOPLE = 1000;
const MAX_KEYS = 32;

export const presenceSchema = z.enum(['touched', 'typed', 'unproven']);
export const nameSchema = z.string().regex(PERSON_NAME);
export const timeSchema = z.int().nonnegative();

const registrySchema = z.strictObject({
  version: z.literal(1),
  uid: z.int().nonnegative(),
  people: z
    .array(
      z.strictObject({
        name: nameSchema,
        keys: z
          .array(
            z.strictObject({
              publicKey: z.string().max(4096),
              presence: presenceSchema,
              addedAtMs: timeSchema,
              addedBy: z.string().min(1).max(128),
            }),
          )
          .max(MAX_KEYS),
        removed: z.literal(true).optional(),
      }),
    )
    .max(MAX_PEOPLE),
});

export type RegistryFile = z.infer<typeof registrySchema>;

/** One enrolled key, parsed, with its person. */
export interface Enrolled {
  readonly name: string;
  readonly key: PublicKey;
  readonly presence: Presence;
  readonly removed: boolean;
}

export type RegistryResult =
  | { readonly ok: true; readonly file: RegistryFile; readonly byKeyId: ReadonlyMap<string, Enrolled> }
  | { readonly ok: false; readonly why: string };

/** INVARIANT: a registry with anything wrong in it counts for nobody; there is no picking out of what looks right. */
export function parseRegistry(text: string, uid: number): RegistryResult {
  const json = parseStrictJson(text, 8);
  if (!json.ok) return no(`the people registry is not valid: ${json.error}`);
  const parsed = registrySchema.safeParse(json.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return no(`the people registry is not valid at \`${issue?.path.join('.') ?? ''}\`: ${issue?.message ?? 'unknown'}`);
  }
  if (parsed.data.uid !== uid) return no(`the people registry is for user ${parsed.data.uid}, not ${uid}`);
  const names = new Set<string>();
  const byKeyId = new Map<string, Enrolled>();
  for (const person of parsed.data.people) {
    if (names.has(person.name)) return no(`the people registry names \`${person.name}\` twice`);
    names.add(person.name);
    for (const { publicKey, presence } of person.keys) {
      const key = parsePublicKeyText(publicKey);
      if (!key.ok) return no(`a key of \`${person.name}\` is not valid: ${key.why}`);
      if (publicKeyText(key.key) !== publicKey) return no(`a key of \`${person.name}\` is not in canonical form`);
      const fault = presenceFault(key.key, presence);
      if (fault !== undefined) return no(`a key of \`${person.name}\` cannot count: ${fault}`);
      const id = keyIdOf(key.key);
      // A key with two owners would make one person count as two signers.
      if (byKeyId.has(id)) return no(`a key of \`${person.name}\` is enrolled twice`);
      byKeyId.set(id, { name: person.name, key: key.key, presence, removed: person.removed === true });
    }
  }
  return { ok: true, file: parsed.data, byKeyId };
}

/** Which kinds of key can show which presence. */
export function presenceFault(key: PublicKey, presence: Presence): string | undefined {
  if (!isUsableKey(key)) return 'the key is not a point on its curve';
  switch (presence) {
    case 'touched':
      return isSecurityKey(key) ? undefined : `a \`${key.type}\` key cannot tell whether it was touched`;
    case 'typed':
      return key.type === 'ssh-ed25519' ? undefined : `a \`${key.type}\` key is not one that Holdpoint sealed`;
    case 'unproven':
      return isSecurityKey(key) ? `a \`${key.type}\` key is enrolled as \`touched\`` : undefined;
    default:
      return presence satisfies never;
  }
}

/** Whose signature this is. SECURITY: a security key that did not see finger and PIN is refused, never downgraded. */
export function signerOf(
  enrolled: Enrolled | undefined,
  assertion: Assertion | undefined,
): { readonly ok: true; readonly signer: Signer } | { readonly ok: false; readonly why: string } {
  if (enrolled === undefined) return no('the signature is by a key that is not enrolled');
  if (enrolled.removed) return no(`the signature is by \`${enrolled.name}\`, who was removed`);
  if (enrolled.presence === 'touched') {
    if (assertion?.userPresent !== true)
      return no(`the security key of \`${enrolled.name}\` was not touched for this signature`);
    if (!assertion.userVerified) {
      return no(
        `the security key of \`${enrolled.name}\` did not ask for its PIN; make it with \`ssh-keygen -O verify-required\``,
      );
    }
  }
  return { ok: true, signer: { name: enrolled.name, presence: enrolled.presence } };
}

export function proves(presence: Presence): boolean {
  return presence === 'touched' || presence === 'typed';
}

export function peopleOf(file: RegistryFile): EnrolledPerson[] {
  return file.people.map((person) => ({
    name: person.name,
    keys: person.keys,
    ...(person.removed === true ? { removed: true as const } : {}),
  }));
}

export function registryText(file: RegistryFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
