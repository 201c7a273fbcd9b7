import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Paths } from '../paths.ts';
import { usage } from './holds.ts';
import {
  type InstallRecord,
  type InstallTarget,
  readRecord,
  removeRecord,
  sha256,
  writeRecord,
} from './install/record.ts';
import { replaceFile } from './install/replace-file.ts';
import { removeEntries } from './install/settings-edit.ts';
import { EXIT, type Io } from './io.ts';

export interface UninstallDeps {
  readonly paths: Paths;
  /** Takes the units of the account's own systemd out; left out where there is none. */
  readonly removeUnits?: () => boolean;
}

type Taken = { readonly ok: true; readonly said: string } | { readonly ok: false; readonly why: string };

/**
 * `holdpoint uninstall`. Needs no daemon. Gives a settings file its original bytes back where nobody changed it since,
 * else takes out only our entries. The log, the keys and the people stay.
 */
export function runUninstall(args: readonly string[], io: Io, deps: UninstallDeps): number {
  if (args.length > 0) return usage(io, `uninstall: cannot use \`${args.join(' ')}\``);
  const read = readRecord(deps.paths.config);
  if (read.kind === 'none') {
    io.out('not installed\n');
    return EXIT.ok;
  }
  if (read.kind === 'broken') {
    io.err(
      `holdpoint: ${read.why}; take the entries with \`holdpoint-hook\` out of the agents' settings by hand, then delete that file\n`,
    );
    return EXIT.failed;
  }
  const { record } = read;
  const left: InstallTarget[] = [];
  for (const target of record.targets) {
    const taken = takeOut(target, record);
    if (taken.ok) io.out(`${taken.said} ${target.file}\n`);
    else {
      left.push(target);
      io.err(`holdpoint: \`${target.file}\`: ${taken.why}; it was not changed\n`);
    }
  }
  if (left.length > 0) {
    // The shim stays while an entry may point at it: without it the host would let calls through.
    writeRecord(deps.paths, { ...record, targets: left });
    return EXIT.failed;
  }
  if (deps.removeUnits?.() === true) io.out('removed the units of systemd\n');
  rmSync(record.shim, { force: true });
  rmSync(record.client, { force: true });
  removeRecord(deps.paths.config);
  io.out(`the log and the keys stay in ${deps.paths.state} and ${deps.paths.config}, the policy too\n`);
  return EXIT.ok;
}

function takeOut(target: InstallTarget, record: InstallRecord): Taken {
  try {
    if (!existsSync(target.file)) return { ok: true, said: 'already gone:' };
    const now = readFileSync(target.file);
    if (sha256(now) === target.installedSha256) {
      if (target.backup === undefined) rmSync(target.file);
      else if (existsSync(target.backup)) replaceFile(target.file, readFileSync(target.backup));
      else return takeOutEntries(target, record, now);
      return { ok: true, said: target.backup === undefined ? 'removed, as before init:' : 'restored' };
    }
    return takeOutEntries(target, record, now);
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

function takeOutEntries(target: InstallTarget, record: InstallRecord, now: Uint8Array): Taken {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(now);
  const edited = removeEntries(text, target.agent, record.shim, target.managedOnly);
  if (!edited.ok) return edited;
  if (edited.text !== text) replaceFile(target.file, edited.text);
  return { ok: true, said: edited.text === text ? 'nothing of ours left in' : 'took our entries out of' };
}
