import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account, Done, EnrolmentRequest, PeopleWriter } from '../../ports/people.ts';
import { keyIdOf, parsePublicKeyText, publicKeyText } from '../../protocols/sshsig/index.ts';
import { asAccount } from './as-account.ts';
import {
  createDirectoryReader,
  enrolmentFrom,
  type PeopleOptions,
  type Place,
  placeOf,
  readRegistry,
} from './directory.ts';
import { PERSON_NAME, parseRegistry, presenceFault, type RegistryFile, registryText } from './registry.ts';
import { enrolmentSchema, readStatement } from './statements.ts';
import { faultOfDirectories } from './trusted-file.ts';

const NEEDS_ROOT = 'only root writes the people registry: run `sudo holdpoint people add NAME --generate`';

export function openPeopleWriter(options: PeopleOptions & { readonly account: Account }): PeopleWriter {
  const place = placeOf({ ...options, uid: options.account.uid });
  return {
    async enrol(request) {
      const checked = checkRequest(request);
      if (!checked.ok) return checked;
      return change(place, (file) => withKey(file, checked.request));
    },
    async remove(name) {
      const read = await createDirectoryReader(place)();
      if (!read.ok) return no(read.why);
      const person = read.directory.people.find((one) => one.name === name && one.removed !== true);
      if (person === undefined) return no(`\`${name}\` is not enrolled`);
      return change(place, (file) => ({
        ...file,
        people: [...file.people.filter((one) => one.name !== name), { name, keys: [...person.keys], removed: true }],
      }));
    },
    enrolmentStatement: (request) => statementOf(place, request),
    async enrolSigned(request, armoredSshsig) {
      const checked = checkRequest(request);
      if (!checked.ok) return checked;
      const registry = await readRegistry(place);
      if (!registry.ok) return no(registry.why);
      const text = `${JSON.stringify({ statement: statementOf(place, checked.request), signature: armoredSshsig }, undefined, 2)}\n`;
      const added = enrolmentFrom(readStatement(new TextEncoder().encode(text), enrolmentSchema), place.uid, registry);
      if (!added.ok) return added;
      return asAccount(options.account, () =>
        writeWhole(join(place.stateDir, 'people', `${request.name}.json`), text, 'new'),
      );
    },
  };
}

function statementOf(place: Place, request: EnrolmentRequest) {
  return { type: 'holdpoint/enrolment/v1', uid: place.uid, ...request };
}

function checkRequest(request: EnrolmentRequest): Done<{ readonly request: EnrolmentRequest }> {
  if (!PERSON_NAME.test(request.name)) return no('a name has lower-case letters, digits, `.`, `_` and `-`, at most 64');
  const key = parsePublicKeyText(request.publicKey);
  if (!key.ok) return key;
  const fault = presenceFault(key.key, request.presence);
  return fault === undefined ? { ok: true, request: { ...request, publicKey: publicKeyText(key.key) } } : no(fault);
}

function withKey(file: RegistryFile, request: EnrolmentRequest): RegistryFile | string {
  const { name, publicKey, presence, addedAtMs } = request;
  const id = (text: string): string => {
    const key = parsePublicKeyText(text);
    return key.ok ? keyIdOf(key.key) : '';
  };
  // A person who was removed comes back with the new key only.
  const others = file.people.filter((one) => one.name !== name);
  const before = file.people.find((one) => one.name === name && one.removed !== true)?.keys ?? [];
  const clash = [...others, { name, keys: before }].find((one) =>
    one.keys.some((key) => id(key.publicKey) === id(publicKey)),
  );
  if (clash !== undefined) return `the key is already enrolled for \`${clash.name}\``;
  return {
    ...file,
    people: [...others, { name, keys: [...before, { publicKey, presence, addedAtMs, addedBy: 'root' }] }],
  };
}

/** Reads, changes and replaces the registry. INVARIANT: what is written has been read back by the reader's own rules. */
async function change(place: Place, edit: (file: RegistryFile) => RegistryFile | string): Promise<Done> {
  if (!place.trustedOwnerUids.includes(process.geteuid?.() ?? -1)) return no(NEEDS_ROOT);
  const folder = dirname(place.registryFile);
  try {
    makeFolder(folder);
  } catch (error) {
    return no(`\`${folder}\` cannot be made (${String(error)})`);
  }
  const fault = await faultOfDirectories(place.registryFile, place.trustedOwnerUids);
  if (fault !== undefined) return no(`the people registry is refused: ${fault.why}`);
  const read = await readRegistry(place);
  if (!read.ok && !read.missing) return no(read.why);
  const edited = edit(read.ok ? read.file : { version: 1, uid: place.uid, people: [] });
  if (typeof edited === 'string') return no(edited);
  const text = registryText(edited);
  const again = parseRegistry(text, place.uid);
  return again.ok ? writeWhole(place.registryFile, text, 'replace') : no(again.why);
}

/** `mkdir -p` with mode 0755 whatever the umask; what exists is left as it is, and checked by the caller. */
function makeFolder(folder: string): void {
  try {
    lstatSync(folder);
  } catch {
    makeFolder(dirname(folder));
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
  }
}

function writeWhole(path: string, text: string, how: 'new' | 'replace'): Done {
  const temporary = how === 'new' ? path : `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    makeFolder(dirname(path));
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const handle = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (how === 'replace') {
      try {
        chmodSync(temporary, 0o644);
        renameSync(temporary, path);
      } catch (error) {
        unlinkSync(temporary);
        throw error;
      }
    }
    const folder = openSync(dirname(path), constants.O_RDONLY);
    fsyncSync(folder);
    closeSync(folder);
    return { ok: true };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return no(code === 'EEXIST' ? `\`${path}\` exists already` : `\`${path}\` cannot be written (${code})`);
  }
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
