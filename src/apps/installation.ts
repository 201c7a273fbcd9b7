import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { visibleText } from '../core/visible-text.ts';
import type { Clock } from '../ports/clock.ts';
import type { People } from '../ports/people.ts';
import type { Paths } from './paths.ts';
import type { Owners } from './policy/guarded-file.ts';

export function ledgerDir(stateDir: string): string {
  return path.join(stateDir, 'ledger');
}

export function decisionsDir(stateDir: string): string {
  return path.join(stateDir, 'decisions');
}

/** In an installation of the agent's own account ownership proves nothing. */
export function ownersOf(paths: Paths): Owners {
  return paths.trust === 'system' ? [0, paths.ownerUid] : 'anybody';
}

/** Where an organisation's policy is kept, and whose it has to be. */
export function organisationPlace(paths: Paths, clock: Pick<Clock, 'nowMs'>) {
  return { stateDir: path.join(paths.state, 'policy'), owners: ownersOf(paths), nowMs: () => clock.nowMs() };
}

/** Where the daemon keeps the engine unpacked. */
export function engineDir(paths: Paths): string {
  return path.join(paths.state, 'policy/engine');
}

/** Where a server runs for a moment. A system installation's service may write nowhere else; a long path has no room for a socket. */
export function scratchOf(paths: Paths): string {
  return paths.system === undefined ? tmpdir() : paths.state;
}

/** Names this installation in its log and its decisions. */
export function originOf(): string {
  return `${hostname()}/holdpoint/${userInfo().uid}`.replace(/[\s+]/g, '-');
}

export function tell(line: string): void {
  process.stderr.write(`holdpoint: ${visibleText(line)}\n`);
}

/** A record that could not be written. The ledger refuses everything from then on, so this is seen; it is also said. */
export function lost(error: unknown): void {
  process.stderr.write(
    `holdpoint: a record could not be written: ${error instanceof Error ? error.message : String(error)}\n`,
  );
}

/** Absolute path of the built fallback client of the hook. */
export function hookClientBundle(): string {
  const beside = fileURLToPath(new URL('./hook/main.ts', import.meta.url));
  return beside.endsWith('.ts') ? path.resolve(path.dirname(beside), '../../../dist/hook-client.cjs') : beside;
}

/** 32 bytes that stay with the installation. */
export function installationKey(file: string): Uint8Array {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  return createHash('sha256').update(readFileSync(file)).digest();
}

export async function peopleSummary(people: People, account: string | undefined): Promise<{ readonly words: string }> {
  const enrol = `nobody may sign yet: \`sudo holdpoint people add NAME --generate${account === undefined ? '' : ` --account ${account}`}\``;
  const list = await people.list();
  if (!list.ok)
    return {
      words: list.missing ? enrol : `nobody counts: ${list.why}`,
    };
  const names = list.people.filter((one) => one.removed !== true).map((one) => one.name);
  return {
    words: names.length === 0 ? enrol : `${names.join(', ')} may sign`,
  };
}
