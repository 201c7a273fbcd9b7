import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** PostgreSQL's own programs out of one folder. */
export interface Programs {
  readonly folder: string;
  /** `15.18` */
  readonly version: string;
  readonly major: number;
  /** With `initdb` and `postgres` beside the clients. */
  readonly hasServer: boolean;
}

/** Where distributions put them. SECURITY: never the PATH, which an agent may have written. One `*` stands for a version. */
const FOLDERS: readonly string[] = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/local/pgsql/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  '/usr/local/bin',
  '/usr/bin',
];
const CLIENTS = ['pg_dump', 'pg_restore', 'psql'] as const;
const SERVER = ['initdb', 'postgres'] as const;
const VERSION_TIMEOUT_MS = 5_000;

/** What there is, the newest first. */
export function findPrograms(folders: readonly string[] = FOLDERS): readonly Programs[] {
  const found = folders.flatMap(expand).flatMap((folder) => {
    if (!CLIENTS.every((name) => isProgram(join(folder, name)))) return [];
    const version = versionOf(join(folder, 'pg_dump'));
    return version === undefined
      ? []
      : [
          {
            folder,
            version,
            major: Number(version.split('.')[0]),
            hasServer: SERVER.every((name) => isProgram(join(folder, name))),
          },
        ];
  });
  return found.sort((a, b) => b.major - a.major || Number(b.hasServer) - Number(a.hasServer));
}

/** Extensions that lie beside a server's programs, and whether an owner of a database may load them. */
export function extensionsOf(programs: Programs): ReadonlyMap<string, { readonly trusted: boolean }> {
  const asked = spawnSync(join(programs.folder, 'pg_config'), ['--sharedir'], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT_MS,
    env: {},
  });
  const found = new Map<string, { readonly trusted: boolean }>();
  if (asked.status !== 0) return found;
  const folder = join(asked.stdout.trim(), 'extension');
  for (const name of namesIn(folder)) {
    if (!name.endsWith('.control')) continue;
    const trusted = /^\s*trusted\s*=\s*(true|on|yes)\b/im.test(readFileSync(join(folder, name), 'utf8'));
    found.set(name.slice(0, -'.control'.length), { trusted });
  }
  return found;
}

function expand(pattern: string): readonly string[] {
  const star = pattern.indexOf('*');
  if (star === -1) return [pattern];
  const slash = pattern.lastIndexOf('/', star);
  const [before, after] = [pattern.slice(slash + 1, star), pattern.slice(star + 1)];
  const end = after.indexOf('/');
  return namesIn(pattern.slice(0, slash))
    .filter((name) => name.startsWith(before) && /^\d[\d.]*$/.test(name.slice(before.length)))
    .map((name) => join(pattern.slice(0, slash), name, after.slice(end)));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** SECURITY: a program that others may write to is not started with a password in its environment. */
function isProgram(file: string): boolean {
  try {
    const stat = statSync(realpathSync(file));
    const own = stat.uid === 0 || stat.uid === process.geteuid?.();
    return stat.isFile() && own && (stat.mode & 0o022) === 0 && (stat.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

function versionOf(pgDump: string): string | undefined {
  const asked = spawnSync(pgDump, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS, env: {} });
  return asked.status === 0 ? /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(asked.stdout)?.[1] : undefined;
}
