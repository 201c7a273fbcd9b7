import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findPrograms } from '../src/adapters/postgres-copy/programs.ts';
import { serverAccount } from '../src/adapters/postgres-copy/throwaway-server.ts';
import { boundProcesses } from '../src/adapters/rehearsal/process-bound.ts';
import { claudeCacheDir, findClaude } from '../src/apps/replay/claude-client.ts';
import { pythonTool } from './python-tools.ts';

/** What a test may need and a machine may lack. Each probe gives the reason to leave the test out, or `undefined`. */
const PROBES = {
  bash: () => missing('bash'),
  bubblewrap: () => missing('bwrap') ?? bubblewrapFault(),
  chromium: () => (chromiumPath() === undefined ? 'chromium is not installed' : undefined),
  claude: () =>
    claudePath() === undefined
      ? 'the claude code client is not installed (`npm run install-claude` fetches 235 MB)'
      : undefined,
  curl: () => missing('curl'),
  'curl-http2': () => missing('curl') ?? curlFault(),
  git: () => missing('git'),
  go: () => (goPath() === undefined ? 'go is not installed, so there is no stock opa to compare with' : undefined),
  httpx: () =>
    pythonTool('httpx') === undefined ? 'httpx is not installed (`npm run install-clients` fetches it)' : undefined,
  nc: () => missing('nc') ?? netcatFault(),
  npm: () => missing('npm'),
  'old-node': () => (oldNodePath() === undefined ? 'no node older than 24 is on PATH' : undefined),
  postgres: () => postgresFault(),
  procfs: () => (existsSync('/proc/self/status') ? undefined : 'there is no /proc to read the size of a process from'),
  rehearsal: () => rehearsalFault(),
  root: () => (process.getuid?.() === 0 ? undefined : 'not running as root'),
  shared: () => (existsSync(sharedDir()) ? undefined : 'the shared reference folder is not beside the repository'),
  'ssh-keygen': () => missing('ssh-keygen'),
  unix: () => (process.platform === 'win32' ? 'needs unix sockets and modes' : undefined),
} as const satisfies Readonly<Record<string, () => string | undefined>>;

export type Capability = keyof typeof PROBES;

const probed = new Map<Capability, string | undefined>();

/**
 * For node:test: `test('...', { skip: skipUnless('nc', 'curl') }, ...)`. False where all is there, else the reasons.
 * Probes run once a process, and only those that are asked for.
 */
export function skipUnless(...needed: readonly Capability[]): string | false {
  const reasons = needed.flatMap((one) => {
    if (!probed.has(one)) probed.set(one, PROBES[one]());
    return probed.get(one) ?? [];
  });
  return reasons.length === 0 ? false : reasons.join('; ');
}

/** Absolute path of the real client, where it is installed (see scripts/install-claude.ts). */
export function claudePath(): string | undefined {
  return findClaude(claudeCacheDir(process.env));
}

export function chromiumPath(): string | undefined {
  return onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome');
}

/** Its installer puts it beside PATH, not on it. */
export function goPath(): string | undefined {
  return onPath('go') ?? ['/usr/local/go/bin/go'].find(isExecutable);
}

/** A Node that is too old to run us, as many machines have it: for the launcher. `npm run` puts the pinned one first. */
export function oldNodePath(): string | undefined {
  return everyOnPath('node').find((file) => {
    const major = /^v(\d+)\./.exec(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout)?.[1];
    return major !== undefined && Number(major) < 24;
  });
}

/** Reference material that lies beside a checkout on some machines; nothing of it is in the repository. */
export function sharedDir(): string {
  return path.resolve(import.meta.dirname, '../../shared');
}

/** PostgreSQL does not run as root: then it runs as the account that its package made. */
export function postgresAccount(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, , uid, gid] = /^postgres:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

export const repoRoot: string = path.resolve(import.meta.dirname, '..');

/** Absolute path of a program on PATH, or `undefined`. */
export function onPath(program: string): string | undefined {
  return everyOnPath(program)[0];
}

function everyOnPath(program: string): string[] {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((dir) => path.isAbsolute(dir))
    .map((dir) => path.join(dir, program))
    .filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(program: string): string | undefined {
  return onPath(program) === undefined ? `\`${program}\` is not installed` : undefined;
}

/** Server and clients of one PostgreSQL, where they are looked for, and an account that may run it. */
function postgresFault(): string | undefined {
  const account = serverAccount();
  if ('unavailable' in account) return account.unavailable;
  return findPrograms().some((one) => one.hasServer) ? undefined : 'no PostgreSQL server is installed';
}

/** Containers often forbid new namespaces although the program is there. */
function bubblewrapFault(): string | undefined {
  const tried = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `bwrap cannot make a sandbox here: ${(tried.stderr ?? '').trim()}`;
}

/** What a rehearsal needs besides: overlays in a user namespace, and for root a way to bound its processes. */
function rehearsalFault(): string | undefined {
  const lacking = missing('bwrap') ?? bubblewrapFault() ?? missing('unshare') ?? missing('git');
  if (lacking !== undefined) return lacking;
  const script =
    'mount -t tmpfs x /tmp && mkdir /tmp/u /tmp/w /tmp/m && mount -t overlay -o lowerdir=/usr,upperdir=/tmp/u,workdir=/tmp/w,userxattr x /tmp/m';
  const tried = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], {
    encoding: 'utf8',
  });
  if (tried.status !== 0) return `no overlay in a user namespace here: ${(tried.stderr ?? '').trim()}`;
  const bound = boundProcesses(256, 2 ** 31);
  if (!bound.ok) return bound.why;
  // Nothing ever was in it.
  bound.release().catch(() => undefined);
  return undefined;
}

function curlFault(): string | undefined {
  return spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout.includes('HTTP2')
    ? undefined
    : 'this `curl` speaks no HTTP/2';
}

/** The hook shim needs `nc -U`; the traditional netcat has no unix sockets. */
function netcatFault(): string | undefined {
  const tried = spawnSync('nc', ['-h'], { encoding: 'utf8' });
  return /^\s*-U\b|\[-[A-Za-z]*U/m.test(`${tried.stdout}${tried.stderr}`) ? undefined : '`nc` has no unix sockets';
}
