import {
  accessSync,
  constants,
  type Dirent,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';
import { join } from 'node:path';

/** How one place of the real disk stands in the view. */
export type Place =
  /** Copy-on-write; `writable`: this account may change the folder itself. */
  | { readonly how: 'overlay'; readonly path: string; readonly writable: boolean }
  /** Made anew, since a part of it is mounted by itself; its own names follow. */
  | { readonly how: 'folder'; readonly path: string }
  | { readonly how: 'link'; readonly path: string; readonly to: string }
  /** A file in a folder that is made anew: as it is, and it cannot be changed. */
  | { readonly how: 'file'; readonly path: string };

/** Made by the sandbox itself, or of the running system and no business of a file command. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['/proc', '/sys', '/dev', '/run', '/lost+found', '/var/run']);
const MOST_PLACES = 400;
/** Option lists of `mount` give these a meaning of their own. */
const MOUNT_MARKS = /[,:\\"\n]/;

export type Plan =
  | { readonly ok: true; readonly places: readonly Place[] }
  | { readonly ok: false; readonly why: string };

/**
 * The view's places, parents first. The kernel lays no overlay over a tree in which something is mounted that the
 * account may not take away, so such a tree is taken apart until no part holds a mount.
 */
export function planPlaces(mountPoints: readonly string[]): Plan {
  const places: Place[] = [];
  const mounted = mountPoints.filter((point) => ![...NOT_SHOWN].some((hidden) => isWithin(point, hidden)));
  const open = ['/'];
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    for (const entry of namesIn(path)) {
      const at = join(path, entry.name);
      if (NOT_SHOWN.has(at)) continue;
      if (places.length >= MOST_PLACES) return { ok: false, why: 'this machine has too many mounts' };
      if (entry.isSymbolicLink()) places.push({ how: 'link', path: at, to: readlinkSync(at) });
      else if (entry.isFile()) places.push({ how: 'file', path: at });
      else if (!entry.isDirectory()) continue;
      else if (MOUNT_MARKS.test(at) || mounted.some((point) => point !== at && isWithin(point, at))) {
        places.push({ how: 'folder', path: at });
        open.push(at);
      } else if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true)
        places.push({ how: 'overlay', path: at, writable: isWritable(at) });
    }
  }
  return { ok: true, places };
}

/** Of this process's mount namespace. Octal escapes as in `proc(5)`. */
export function mountPointsHere(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '/').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    );
}

function namesIn(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** In the home of an account, where programs keep what lets somebody in. */
const SECRET_PLACES = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.netrc',
  '.npmrc',
  '.pypirc',
  '.pgpass',
  '.my.cnf',
  '.git-credentials',
  '.password-store',
  '.railway',
  '.vault-token',
  '.terraform.d',
  '.claude',
  '.codex',
  '.gemini',
  '.mozilla',
  '.config/gcloud',
  '.config/gh',
  '.config/glab-cli',
  '.config/op',
  '.config/sops',
  '.config/google-chrome',
  '.config/chromium',
  '.local/share/keyrings',
  '.local/share/opencode',
];

/** Those that are there, outside of the workspace that the command is about. */
export function secretPlaces(home: string, workspace: string): readonly string[] {
  return SECRET_PLACES.map((name) => join(home, name)).filter((path) => existsSync(path) && !isWithin(workspace, path));
}
/** True if `path` is `directory` or lies below it. Both absolute and without `..`. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}
