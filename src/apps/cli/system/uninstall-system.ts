import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readSystemFile, SYSTEM, systemPaths } from '../../paths.ts';
import { usage } from '../holds.ts';
import { readRecord } from '../install/record.ts';
import { EXIT, type Io } from '../io.ts';
import { runUninstall } from '../uninstall.ts';
import { findAccount, removeAccountCommand, run } from './accounts.ts';
import { hasSystemd, stopSystemDaemon } from './control.ts';
import { launcherState } from './program.ts';
import { SERVICE_UNIT, SOCKET_UNIT } from './units.ts';

/**
 * `holdpoint uninstall --system [--purge]`, for root. Hooks go first, so that none points at a shim that is gone. The
 * record, the keys, the account that owns them and the people stay, unless purged.
 */
export async function runSystemUninstall(args: readonly string[], io: Io): Promise<number> {
  const odd = args.find((arg) => arg !== '--system' && arg !== '--purge');
  if (odd !== undefined) return usage(io, `uninstall: cannot use \`${odd}\` with \`--system\``);
  if (process.geteuid?.() !== 0) return usage(io, 'uninstall --system: only root can do that; use sudo');
  const purge = args.includes('--purge');
  const record = readSystemFile();
  const account = findAccount(SYSTEM.account);
  if (record === undefined && !existsSync(SYSTEM.program) && !(purge && existsSync(SYSTEM.state))) {
    io.out('not installed\n');
    return EXIT.ok;
  }
  const ids = record ?? { uid: account?.uid ?? 1, gid: account?.gid ?? 1 };
  const nobody = { uid: 1, name: 'nobody', home: '/' };
  const paths = systemPaths(
    record ?? { version: 1, uid: ids.uid, gid: ids.gid, agent: nobody, person: { uid: 1, name: 'nobody' } },
  );
  const installed = readRecord(paths.config);
  const settings = installed.kind === 'record' ? installed.record.targets.map((target) => target.file) : [];
  const quietLast: Io = { ...io, out: (text) => (text.startsWith('the log and the keys') ? undefined : io.out(text)) };
  const hooks = runUninstall([], quietLast, { paths });
  if (hooks !== EXIT.ok) return hooks;

  const stopped = await stopSystemDaemon(paths);
  if (stopped !== undefined && !stopped.ok) {
    io.err(`holdpoint: the daemon could not be stopped: ${stopped.error}; the rest was left\n`);
    return EXIT.failed;
  }
  if (hasSystemd() && existsSync(path.join(SYSTEM.units, SOCKET_UNIT))) run(['systemctl', 'disable', SOCKET_UNIT]);
  const ours = launcherState() === 'ours' ? [SYSTEM.launcher] : [];
  const units = [SOCKET_UNIT, SERVICE_UNIT].map((unit) => path.join(SYSTEM.units, unit));
  const left = purge ? [SYSTEM.state, SYSTEM.config] : [path.join(SYSTEM.config, 'originals')];
  for (const place of [SYSTEM.file, ...ours, ...units, SYSTEM.program, SYSTEM.runtime, ...left]) {
    if (!existsSync(place)) continue;
    rmSync(place, { recursive: true, force: true });
    io.out(`removed ${place}\n`);
  }
  for (const folder of [...settings.map((file) => path.dirname(file)), SYSTEM.config]) removeIfEmpty(folder);
  if (hasSystemd()) run(['systemctl', 'daemon-reload']);
  if (purge && account !== undefined) {
    const removed = run(removeAccountCommand(SYSTEM.account));
    io.out(
      removed.ok ? `removed the account ${SYSTEM.account}\n` : `the account ${SYSTEM.account} stays: ${removed.why}\n`,
    );
  }
  if (!purge)
    io.out(
      `the log and the keys stay in ${SYSTEM.state}, the people and the policy in ${SYSTEM.config}, and the account ${SYSTEM.account}; \`--purge\` takes them too\n`,
    );
  return EXIT.ok;
}

function removeIfEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  } catch {
    // gone already, or not ours to take
  }
}
