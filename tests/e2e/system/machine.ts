/**
 * A machine of its own to install on: a mount and a process namespace in which `/etc` is a copy and `/usr/local`, `/var/lib`,
 * `/var/log`, `/run`, `/tmp` and `/home` are empty. What happens in it is gone with it.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repoRoot } from '../../platform.ts';

export const AGENT = { name: 'hpagent', uid: 4711, home: '/home/hpagent' } as const;
export const OTHER = { name: 'hpother', uid: 4712 } as const;
/** Built program as a package has it, readable by every account. */
export const PACKAGE = '/opt/holdpoint-package';
export const CLI = '/usr/local/bin/holdpoint';

const SETUP = `
set -e
mount -t tmpfs tmpfs /opt
mkdir /opt/etc /opt/holdpoint-package
cp -a /etc/. /opt/etc/
mount --bind /opt/etc /etc
for folder in /usr/local /var/lib /var/log /run /home; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /usr/local/lib /usr/local/bin
rm -rf /etc/holdpoint /etc/claude-code /etc/cursor
echo '${AGENT.name}:x:${AGENT.uid}:${AGENT.uid}::${AGENT.home}:/bin/sh' >>/etc/passwd
echo '${OTHER.name}:x:${OTHER.uid}:${OTHER.uid}::/home/${OTHER.name}:/bin/sh' >>/etc/passwd
echo '${AGENT.name}:x:${AGENT.uid}:' >>/etc/group
echo '${OTHER.name}:x:${OTHER.uid}:' >>/etc/group
sed -i '/^holdpoint:/d' /etc/passwd /etc/group
mkdir ${AGENT.home} && chown ${AGENT.uid}:${AGENT.uid} ${AGENT.home} && chmod 700 ${AGENT.home}
echo ready
exec sleep 600
`;

export type Who = 'root' | 'agent' | 'other';

export interface Machine {
  /** The same place seen from outside. */
  at(inside: string): string;
  run(who: Who, argv: readonly string[], options?: { input?: string; cwd?: string }): SpawnSyncReturns<string>;
  end(): Promise<void>;
}

/** Why there can be no such machine here, or \`undefined\`. */
export function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'a system installation is made on Linux only';
  if (process.getuid?.() !== 0) return 'needs root, for a mount namespace and several accounts';
  for (const tool of ['unshare', 'nsenter', 'setpriv', 'useradd'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `\`${tool}\` is not installed`;
  const setup = 'mount -t tmpfs tmpfs /opt && setpriv --inh-caps=+dac_read_search --ambient-caps=+dac_read_search true';
  const tried = spawnSync('unshare', ['-m', '-p', '-f', '--mount-proc', 'sh', '-c', setup], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `no mount namespace or capability can be had here: ${tried.stderr.trim()}`;
}

export function buildProgram(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-system-'));
  chmodSync(folder, 0o755);
  const built = spawnSync(
    process.execPath,
    [path.join(repoRoot, 'scripts/build.ts'), '--out', path.join(folder, 'dist')],
    { encoding: 'utf8' },
  );
  if (built.status !== 0) throw new Error(`the build failed: ${built.stderr}`);
  for (const name of ['package.json', 'LICENSE']) cpSync(path.join(repoRoot, name), path.join(folder, name));
  mkdirSync(path.join(folder, 'runtime'));
  cpSync(process.execPath, path.join(folder, 'runtime/node'));
  return folder;
}

export async function startMachine(program: string): Promise<Machine> {
  const holder = spawn('unshare', ['-m', '-p', '-f', '--mount-proc', '--kill-child', 'sh', '-c', SETUP], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [first] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as [unknown];
  if (String(first).trim() !== 'ready') throw new Error('the namespace could not be set up');
  const pid = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim());
  const at = (inside: string): string => `/proc/${pid}/root${inside}`;
  cpSync(program, at(PACKAGE), { recursive: true });
  return {
    at,
    run(who, argv, options = {}) {
      const account = who === 'agent' ? AGENT : OTHER;
      const drop =
        who === 'root' ? [] : ['setpriv', `--reuid=${account.uid}`, `--regid=${account.uid}`, '--clear-groups', '--'];
      const inside = ['sh', '-c', 'cd "$0" && exec "$@"', options.cwd ?? (who === 'agent' ? AGENT.home : '/'), ...argv];
      return spawnSync('nsenter', ['-t', String(pid), '-m', '-p', '--', ...drop, ...inside], {
        encoding: 'utf8',
        input: options.input ?? '',
        timeout: 120_000,
        env: {
          PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
          HOME: who === 'agent' ? AGENT.home : '/root',
          LC_ALL: 'C',
        },
      });
    },
    async end() {
      if (holder.exitCode === null && holder.signalCode === null) {
        const gone = once(holder, 'exit');
        holder.kill('SIGKILL');
        await gone;
      }
      rmSync(program, { recursive: true, force: true });
    },
  };
}
