import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** The one version that the replay and the tests are written for. About 235 MB once unpacked. */
export const CLAUDE_VERSION = '2.1.330';

/** Without a network npm waits for over a minute between its tries; whoever waits here has a stand-in. */
const HURRY = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
const PACKAGE = '@anthropic-ai/claude-code';
const INSTALL_TIMEOUT_MS = 10 * 60 * 1000;
const VERSION_TIMEOUT_MS = 60 * 1000;

/** Where the client is kept between runs: `$HOLDPOINT_TEST_CACHE`, else `holdpoint-dev` in the XDG cache folder. */
export function claudeCacheDir(env: NodeJS.ProcessEnv): string {
  return (
    env['HOLDPOINT_TEST_CACHE'] ?? path.join(env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'holdpoint-dev')
  );
}

/** Absolute path of the installed client, or `undefined`. Looks at the disk only. */
export function findClaude(cacheDir: string): string | undefined {
  return binaryIn(installDir(cacheDir));
}

/**
 * Installs the real client from npm into `cacheDir`, unless it is there. Its own install script is not run: the
 * program is taken from the platform's package, where that script would copy it from. Safe to call from two processes
 * at once: a finished folder is moved into place whole.
 */
export async function installClaude(
  cacheDir: string,
  onProgress: (line: string) => void,
): Promise<{ readonly ok: true; readonly path: string } | { readonly ok: false; readonly why: string }> {
  const found = findClaude(cacheDir);
  if (found !== undefined) return { ok: true, path: found };
  try {
    await mkdir(cacheDir, { recursive: true });
    const partial = await mkdtemp(path.join(cacheDir, 'partial-'));
    try {
      return await installInto(partial, cacheDir, onProgress);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  } catch (error) {
    return {
      ok: false,
      why: `cannot install into \`${cacheDir}\`: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

async function installInto(
  partial: string,
  cacheDir: string,
  onProgress: (line: string) => void,
): Promise<{ readonly ok: true; readonly path: string } | { readonly ok: false; readonly why: string }> {
  await writeFile(path.join(partial, 'package.json'), '{"name":"claude-client","private":true}\n');
  onProgress(`fetching ${PACKAGE} ${CLAUDE_VERSION} from npm (about 235 MB)`);
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--save-exact', ...HURRY];
  const npm = await run(
    'npm',
    ['install', ...flags, `${PACKAGE}@${CLAUDE_VERSION}`],
    partial,
    process.env,
    INSTALL_TIMEOUT_MS,
  );
  if (npm.status !== 0) return { ok: false, why: `npm could not install ${PACKAGE}: ${npmReason(npm.output)}` };
  const binary = binaryIn(partial);
  if (binary === undefined)
    return { ok: false, why: `${PACKAGE} has no program for ${process.platform}-${process.arch}` };
  const version = await run(
    binary,
    ['--version'],
    partial,
    { PATH: process.env['PATH'], HOME: partial },
    VERSION_TIMEOUT_MS,
  );
  if (version.status !== 0 || !version.output.includes(CLAUDE_VERSION)) {
    return { ok: false, why: `the installed client does not start: ${lastLine(version.output)}` };
  }
  const target = installDir(cacheDir);
  try {
    await rename(partial, target);
  } catch (error) {
    // Another process was faster; anything else is a failure.
    if (binaryIn(target) === undefined) throw error;
  }
  const installed = binaryIn(target);
  return installed === undefined ? { ok: false, why: `\`${target}\` is incomplete` } : { ok: true, path: installed };
}

function installDir(cacheDir: string): string {
  return path.join(cacheDir, `claude-code-${CLAUDE_VERSION}`);
}

function binaryIn(dir: string): string | undefined {
  const file = process.platform === 'win32' ? 'claude.exe' : 'claude';
  const stem = `${process.platform}-${process.arch}`;
  // With glibc both builds may lie there; the plain one is for glibc.
  const isMusl =
    process.platform === 'linux' && existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`);
  const platforms = isMusl ? [`${stem}-musl`, stem] : [stem];
  return platforms
    .map((platform) => path.join(dir, 'node_modules', `${PACKAGE}-${platform}`, file))
    .find((candidate) => existsSync(candidate));
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    // Not spawn's own time-out: its timer outlives a program that could not be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const parts: string[] = [];
    const keep = (text: string): void => void parts.push(text);
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ status: 127, output: error.message });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ status: code ?? 1, output: parts.join('') + (signal === null ? '' : `\nended by ${signal}`) });
    });
  });
}

/** npm ends with where its log is; what went wrong stands above, as a code or a sentence. */
function npmReason(output: string): string {
  const errors = output.split('\n').flatMap((line) => /^npm (?:error|ERR!) (.+)$/.exec(line)?.[1] ?? []);
  const reason =
    errors.find((line) => line.includes('reason:')) ??
    errors.find((line) => line.startsWith('code ')) ??
    errors.find((line) => !line.startsWith('A complete log'));
  return (reason ?? lastLine(output)).slice(0, 300);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
