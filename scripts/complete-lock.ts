// Adds to package-lock.json what an `npm install` leaves out when its registry does not have the builds of a tool for
// other platforms: `npm ci` refuses a lock file without them, also where they are not wanted. Such an entry has a
// version, but no hash. Run after `npm install` if `npm ci` says `Missing: ... from lock file`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface Entry {
  readonly version: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface LockFile {
  packages: Record<string, Entry | Readonly<Record<string, unknown>>>;
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32'];
const EXACT_VERSION = /^\d+\.\d+\.\d+$/;

const file = path.resolve(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as LockFile;
const added: string[] = [];
for (const [parent, entry] of Object.entries(lock.packages) as [string, Entry][]) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    if (!EXACT_VERSION.test(version))
      throw new Error(`\`${name}\` of \`${parent}\` has no exact version: \`${version}\``);
    lock.packages[key] = { version, dev: true, optional: true, ...platformOf(name) };
    added.push(name);
  }
}
if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
process.stdout.write(`${added.length} entries added${added.map((name) => `\n  ${name}`).join('')}\n`);

/** What the package's own manifest would say, by its name: `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[/-]/);
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = os === undefined ? undefined : words[words.indexOf(os) + 1];
  if (os === undefined || cpu === undefined) throw new Error(`\`${name}\` does not name a platform`);
  const base = { os: [os], cpu: [cpu] };
  if (os !== 'linux') return base;
  return { ...base, libc: [/musl/.test(name) ? 'musl' : 'glibc'] };
}
