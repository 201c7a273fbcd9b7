import { lstat } from 'node:fs/promises';
import { dirname, isAbsolute, normalize, parse, sep } from 'node:path';
import { fileFault, readSmallFile } from './small-file.ts';

export type TrustFault = { readonly ok: false; readonly missing: boolean; readonly why: string };
export type TrustedRead = { readonly ok: true; readonly text: string } | TrustFault;

/**
 * Reads a file that only a trusted owner could have written: every directory above it and the file itself belong to
 * one of `ownerUids`, nobody else may write to them, and none is a symbolic link. Checked again at each read.
 */
export async function readTrustedFile(
  path: string,
  ownerUids: readonly number[],
  maxBytes: number,
): Promise<TrustedRead> {
  const fault = await faultOfDirectories(path, ownerUids);
  if (fault !== undefined) return fault;
  const file = await readSmallFile(path, maxBytes);
  if (!file.ok) return file;
  const owned = faultOfOwner(path, Number(file.stats.uid), Number(file.stats.mode), ownerUids);
  if (owned !== undefined) return no(owned);
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(file.bytes) };
  } catch {
    return no(`\`${path}\` is not UTF-8`);
  }
}

/** The directories above `path`, from the root down; `undefined` where each of them is as it must be. */
export async function faultOfDirectories(path: string, ownerUids: readonly number[]): Promise<TrustFault | undefined> {
  if (process.getuid === undefined) return no('this platform has no file owners to check');
  if (!isAbsolute(path) || normalize(path) !== path) return no(`\`${path}\` is not an absolute, normal path`);
  const parent = dirname(path);
  for (const directory of directoriesDownTo(parent)) {
    try {
      const stats = await lstat(directory);
      if (stats.isSymbolicLink()) return no(`\`${directory}\` is a symbolic link`);
      if (!stats.isDirectory()) return no(`\`${directory}\` is not a directory`);
      // SECURITY: in a sticky directory (/tmp) nobody can move away what another owns, and the owner of what lies in
      // it is checked next. The directory that holds the file itself may not even be that.
      const shared = directory !== parent && (stats.mode & 0o1000) !== 0;
      const owned = faultOfOwner(directory, stats.uid, shared ? stats.mode & ~0o022 : stats.mode, ownerUids);
      if (owned !== undefined) return no(owned);
    } catch (error) {
      return { ok: false, ...fileFault(directory, error) };
    }
  }
  return undefined;
}

function faultOfOwner(path: string, uid: number, mode: number, ownerUids: readonly number[]): string | undefined {
  if (!ownerUids.includes(uid)) return `\`${path}\` belongs to user ${uid}, who could have written it`;
  return (mode & 0o022) === 0 ? undefined : `\`${path}\` can be written by others`;
}

function directoriesDownTo(directory: string): string[] {
  const { root } = parse(directory);
  const parts = directory
    .slice(root.length)
    .split(sep)
    .filter((part) => part !== '');
  return [root, ...parts.map((_, i) => root + parts.slice(0, i + 1).join(sep))];
}

function no(why: string): TrustFault {
  return { ok: false, missing: false, why };
}
