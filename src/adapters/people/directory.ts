import { join } from 'node:path';
import type { Signer } from '../../ports/approver.ts';
import type { EnrolledPerson } from '../../ports/people.ts';
import { keyIdOf, parsePublicKeyText, publicKeyText } from '../../protocols/sshsig/index.ts';
import {
  type Enrolled,
  parseRegistry,
  peopleOf,
  presenceFault,
  proves,
  REGISTRY_BYTES,
  type RegistryResult,
  signerOf,
} from './registry.ts';
import { createStatementFolder } from './statement-folder.ts';
import { type EnrolmentStatement, enrolmentSchema, type StatementResult } from './statements.ts';
import { readTrustedFile } from './trusted-file.ts';
import type { SignatureCheck } from './verify-signature.ts';

export interface PeopleOptions {
  /** The person's account. Default: this process's. */
  readonly uid?: number;
  /** Holds `exceptions/` and `people/`: signed statements, in folders that anybody may write to. */
  readonly stateDir: string;
  /**
   * SECURITY: for tests and the demo, in code only. Neither an environment variable nor a flag may reach these two,
   * since the agent could set either.
   */
  readonly registryFile?: string;
  readonly trustedOwnerUids?: readonly number[];
}

export type Place = Required<PeopleOptions>;

export type DirectoryResult =
  | { readonly ok: true; readonly directory: Directory }
  | { readonly ok: false; readonly missing: boolean; readonly why: string };

/** Everybody who is enrolled at one moment. */
export interface Directory {
  readonly people: readonly EnrolledPerson[];
  /** Signed enrolments that do not count, with the reason. */
  readonly ignored: readonly string[];
  signerOf(check: SignatureCheck & { ok: true }): ReturnType<typeof signerOf>;
}

/** Fills in the fixed places. On macOS `/etc` is itself a link. */
export function placeOf(options: PeopleOptions): Place {
  const uid = options.uid ?? process.getuid?.() ?? -1;
  const etc = process.platform === 'darwin' ? '/private/etc' : '/etc';
  return {
    uid,
    stateDir: options.stateDir,
    registryFile: options.registryFile ?? `${etc}/holdpoint/people/${uid}.json`,
    trustedOwnerUids: options.trustedOwnerUids ?? [0],
  };
}

export async function readRegistry(
  place: Place,
): Promise<(RegistryResult & { ok: true }) | (DirectoryResult & { ok: false })> {
  const file = await readTrustedFile(place.registryFile, place.trustedOwnerUids, REGISTRY_BYTES);
  if (!file.ok) {
    const why = file.missing
      ? 'nobody is enrolled: run `sudo holdpoint people add NAME --generate`'
      : `the people registry is refused: ${file.why}`;
    return { ok: false, missing: file.missing, why };
  }
  const parsed = parseRegistry(file.text, place.uid);
  return parsed.ok ? parsed : { ok: false, missing: false, why: parsed.why };
}

/** Reads the registry and the signed enrolments, anew at each call. */
export function createDirectoryReader(place: Place): () => Promise<DirectoryResult> {
  const enrolments = createStatementFolder(join(place.stateDir, 'people'), enrolmentSchema);
  return async () => {
    const registry = await readRegistry(place);
    if (!registry.ok) return registry;
    const people = peopleOf(registry.file);
    const byKeyId = new Map(registry.byKeyId);
    const ignored: string[] = [];
    const addedNames = new Set<string>();
    for (const { file, result } of await enrolments.entries()) {
      const added = enrolmentFrom(result, place.uid, registry);
      const why = !added.ok
        ? added.why
        : addedNames.has(added.enrolled.name)
          ? `\`${added.enrolled.name}\` is enrolled by another statement`
          : undefined;
      if (!added.ok || why !== undefined) {
        ignored.push(`${file}: ${why}`);
        continue;
      }
      addedNames.add(added.enrolled.name);
      byKeyId.set(keyIdOf(added.enrolled.key), added.enrolled);
      people.push(added.person);
    }
    return {
      ok: true,
      directory: {
        people,
        ignored,
        signerOf: (check) => signerOf(byKeyId.get(keyIdOf(check.publicKey)), check.assertion),
      },
    };
  };
}

type Added =
  | { readonly ok: true; readonly enrolled: Enrolled; readonly person: EnrolledPerson; readonly by: Signer }
  | { readonly ok: false; readonly why: string };

/**
 * Whom a signed enrolment adds. INVARIANT: only a person in the root-owned registry can vouch, with presence, and only
 * for a name and a key that the registry does not know: what root wrote (a removal too) stands over what lies in a
 * folder that the agent can write to.
 */
export function enrolmentFrom(
  result: StatementResult<EnrolmentStatement>,
  uid: number,
  registry: RegistryResult & { ok: true },
): Added {
  if (!result.ok) return result;
  const { statement } = result;
  if (statement.uid !== uid) return no(`the enrolment is for user ${statement.uid}`);
  const by = signerOf(registry.byKeyId.get(keyIdOf(result.check.publicKey)), result.check.assertion);
  if (!by.ok) return by;
  if (!proves(by.signer.presence)) return no(`\`${by.signer.name}\` signed without presence`);
  if (registry.file.people.some((person) => person.name === statement.name))
    return no(`\`${statement.name}\` is already in the registry`);
  const key = parsePublicKeyText(statement.publicKey);
  if (!key.ok) return key;
  if (publicKeyText(key.key) !== statement.publicKey) return no('the public key is not in canonical form');
  if (registry.byKeyId.has(keyIdOf(key.key))) return no('the key is already in the registry');
  const fault = presenceFault(key.key, statement.presence);
  if (fault !== undefined) return no(fault);
  const { name, publicKey, presence, addedAtMs } = statement;
  return {
    ok: true,
    enrolled: { name, key: key.key, presence, removed: false },
    person: { name, keys: [{ publicKey, presence, addedAtMs, addedBy: by.signer.name }] },
    by: by.signer,
  };
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
