import {
  GUARD_FILE_WORDS,
  GUARD_NAMES,
  HOOK_FILE_PATTERN,
  HOOK_FILES,
  HOOK_FOLDERS,
  NOT_GUARD_FOLDERS,
} from '../../catalog/guard.ts';
import {
  DATA_EXTENSIONS,
  REBUILT_ANYWHERE,
  REBUILT_EXTENSIONS,
  REBUILT_FILES,
  REBUILT_HERE,
  SECRET_ENDINGS,
  SECRET_EXTENSIONS,
  SECRET_NAMES,
  SYSTEM_ROOTS,
  TEMPLATE_WORDS,
  TEMPORARY_ROOTS,
} from '../../catalog/paths.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { FRESH, hasMark } from './value.ts';

/** Joins and normalises; the result is absolute, starts with `~`, or is relative to an unknown start. */
export function resolvePath(path: string, cwd: string | undefined): string {
  const text = path.replaceAll('\\', '/');
  const rooted =
    text.startsWith('/') ||
    text === '~' ||
    text.startsWith('~/') ||
    /^[A-Za-z]:(\/|$)/.test(text) ||
    /^~[a-z]/.test(text);
  const full = rooted || cwd === undefined || cwd === '.' ? text : `${cwd}/${text}`;
  return normalise(full);
}

/**
 * The path as the kernel is given it: `..` goes up from where a symlink leads, a slash at the end follows one. Only what
 * means nothing to the kernel (`//`, `/./`) is taken out.
 */
export function kernelPath(path: string, cwd: string | undefined): string {
  const resolved = resolvePath(path, cwd);
  if (!resolved.startsWith('/')) return resolved;
  const text = path.replaceAll('\\', '/');
  const full = text.startsWith('/') ? text : `${cwd}/${text}`;
  const parts = full.split('/').slice(1);
  const last = parts.length - 1;
  const kept = parts.filter((part, index) => index === last || (part !== '' && part !== '.'));
  if (kept.at(-1) === '.') kept[kept.length - 1] = '';
  while (kept[0] === '..' && kept.length > 1) kept.shift();
  const joined = `/${kept.join('/')}`;
  return joined === '/' || joined === '/..' ? '/' : joined;
}

function normalise(path: string): string {
  const absolute = path.startsWith('/');
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      const last = out.at(-1);
      if (last !== undefined && last !== '..' && last !== '~') out.pop();
      else if (!absolute) out.push('..');
    } else out.push(part);
  }
  const joined = out.join('/');
  if (absolute) return `/${joined}`;
  return joined === '' ? '.' : joined;
}

export function fileRef(path: string): ResourceRef {
  return { system: 'file', kind: 'path', path: [path] };
}

export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** As written relative to the workspace where it lies inside it. */
export function insideWorkspace(path: string, workspace: string): string | undefined {
  if (workspace === '') return undefined;
  if (path === workspace) return '.';
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : undefined;
}

export function isTemporary(path: string): boolean {
  return TEMPORARY_ROOTS.some((root) => path.startsWith(`${root}/`) && !/^[*?]+$/.test(path.slice(root.length + 1)));
}

/** Sinks and terminals: writing there loses nothing. */
export function isSink(path: string): boolean {
  return (
    /^\/dev\/(null|stdout|stderr|stdin|tty|zero|full|fd\/\d+|pts\/\d+|tcp\/.*|udp\/.*)$/.test(path) ||
    path.startsWith('/proc/self/fd/')
  );
}

export function isDevice(path: string): boolean {
  return (
    (path.startsWith('/dev/') && !isSink(path) && !path.startsWith('/dev/shm/')) ||
    path.startsWith('//./') ||
    path.startsWith('\\\\.\\')
  );
}

/** True where the usual build or install makes it again, judged by its name alone. */
export function isRegenerable(resolved: string, workspace: string): boolean {
  if (resolved.includes(FRESH) && !resolved.split('/').some((part) => part !== FRESH && part.includes('*')))
    return isTemporary(resolved) || relative(resolved, workspace) !== undefined;
  if (hasMark(resolved)) return false;
  const here = relative(resolved, workspace);
  // A workspace that lies among temporary files is a workspace all the same.
  if (isTemporary(resolved) && (here === undefined || here.startsWith('..'))) return true;
  const parts = (here ?? resolved).split('/');
  if (here === undefined && isSystem(resolved) && !/^(\/home|\/Users)\/[^/]+\/./.test(resolved)) return false;
  const upwards = parts[0] === '..';
  for (const [index, part] of parts.entries()) {
    if (part.includes('*') && index < parts.length - 1 && part !== '**' && part !== '*') continue;
    if (REBUILT_ANYWHERE.has(part)) return true;
    if (here !== undefined && !upwards && REBUILT_HERE.has(part)) return true;
    if (part.endsWith('.egg-info')) return true;
  }
  const name = parts.at(-1) ?? '';
  if (REBUILT_FILES.has(name)) return true;
  return (
    (here !== undefined || resolved.startsWith('~')) &&
    !upwards &&
    REBUILT_EXTENSIONS.has(extension(name)) &&
    !/^\.?[*]+$/.test(`${name.slice(0, -extension(name).length - 1)}.`)
  );
}

function relative(resolved: string, workspace: string): string | undefined {
  const inside = insideWorkspace(resolved, workspace);
  if (inside !== undefined) return inside;
  if (resolved.startsWith('/') || resolved.startsWith('~') || /^[A-Za-z]:/.test(resolved)) return undefined;
  return resolved;
}

export function extension(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= -1 ? '' : name.slice(dot + 1);
}

export function isSystem(resolved: string): boolean {
  if (isTemporary(resolved)) return false;
  return (
    resolved === '/' ||
    /^[A-Za-z]:\/?(\*|Windows|Program Files|Users)?/i.test(resolved) ||
    SYSTEM_ROOTS.some((root) => resolved === root || resolved.startsWith(`${root}/`))
  );
}

/** What nobody deletes and carries on: root, home, the system's folders, a whole disk. */
export function isCatastrophic(resolved: string): boolean {
  const path = resolved.replace(/\/[*.]+$/, '') || '/';
  if (path === '/' || path === '~' || path === '/*' || /^[A-Za-z]:\/?$/.test(path)) return true;
  if (/^~[a-z0-9_-]*$/.test(path) || /^(\/home|\/Users|\/root)(\/[^/]+)?$/.test(path)) return true;
  return (
    /^\/(etc|usr|bin|sbin|lib|lib64|boot|var|opt|srv|sys|proc|dev|System|Library|Applications)(\/(lib|local|bin|share|log))?$/.test(
      path,
    ) || /^[A-Za-z]:\/(Windows|Users|Program Files)\/?$/i.test(path)
  );
}

export function isData(resolved: string): boolean {
  const name = lastName(resolved);
  const dots = name.split('.');
  return (
    dots.length > 1 &&
    (DATA_EXTENSIONS.has(dots.at(-1) ?? '') ||
      DATA_EXTENSIONS.has(dots.slice(-2).join('.')) ||
      (dots[0] !== '' && /^(sqlite|db)\d?-(wal|shm|journal)$/.test(dots.at(-1) ?? '')))
  );
}

export function isSecret(resolved: string): boolean {
  const name = lastName(resolved).replace(/[*?]+$/, '');
  if (name.endsWith('.pub')) return false;
  if (
    SECRET_ENDINGS.some(
      (ending) =>
        resolved === ending ||
        resolved.endsWith(ending.startsWith('/') ? ending : `/${ending}`) ||
        resolved === `~/${ending}`,
    )
  )
    return true;
  if (/^\/proc\/[^/]+\/environ$/.test(resolved) || resolved.startsWith('/run/secrets/')) return true;
  if (/(^|\/)\.ssh\/(\*|id_[^/]*|[^/]*_(rsa|ed25519|ecdsa)|[^/]*\.pem)$/.test(resolved)) return true;
  if (/(^|\/)\.gnupg\/(private-keys|secring)/.test(resolved)) return true;
  const words = name.toLowerCase().split(/[._-]/);
  if (words.some((word) => TEMPLATE_WORDS.has(word))) return false;
  if (SECRET_NAMES.has(name)) return name !== 'auth.json' || resolved.includes('/.');
  if (name.startsWith('.env.') || /^[\w-]+\.env$/.test(name)) return true;
  if (/^(service[-_]?account|gcp[-_]key|credentials?)[\w-]*\.json$/.test(name)) return true;
  const ext = extension(name);
  if (ext === 'pem')
    return !/(^|[-_])(cert|certs|ca|chain|fullchain|pub|public|bundle|cacert)/.test(name.toLowerCase());
  return SECRET_EXTENSIONS.has(ext) && name.length > ext.length + 1;
}

/** The guard's own files, those in which agents keep hooks, and other guards' rule books and records. */
export function isGuardPath(resolved: string): boolean {
  const parts = resolved.split('/');
  if (
    parts.some((part) =>
      GUARD_NAMES.some(
        (name) =>
          part === name || part === `.${name}` || part.startsWith(`.${name}.`) || part.startsWith(`${name}.sock`),
      ),
    )
  ) {
    // A checkout or package of that name is source, not the running guard.
    return parts.some((part) => part.startsWith('.')) || /^\/(etc|run|var|usr|opt)\//.test(resolved);
  }
  if (HOOK_FILE_PATTERN.test(resolved)) return true;
  if (HOOK_FILES.some((ending) => resolved === ending || resolved.endsWith(`/${ending}`))) return true;
  if (
    HOOK_FOLDERS.some(
      (folder) => resolved === folder || resolved.endsWith(`/${folder}`) || `/${resolved}`.includes(`/${folder}/`),
    )
  )
    return !resolved.endsWith('.sample');
  const dot = parts.findIndex((part) => part.length > 2 && part.startsWith('.') && part !== '..');
  const folder = parts[dot] ?? '';
  if (dot === -1 || NOT_GUARD_FOLDERS.has(folder)) return false;
  if (/guard|interlock|policy/.test(folder) && folder !== '.policy_sentry') return true;
  return parts.slice(dot + 1).some((part) =>
    part
      .toLowerCase()
      .split(/[._-]/)
      .some((word) => GUARD_FILE_WORDS.has(word)),
  );
}
