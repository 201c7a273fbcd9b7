import { constants } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Sourced } from '../../ports/policy-sources.ts';

/** Whose files count. `anybody` is for an installation in the agent's own account, where ownership proves nothing. */
export type Owners = readonly number[] | 'anybody';

/** `missing` only where nothing is there at all. */
export type GuardedRead = Sourced<Uint8Array> | { readonly ok: false; readonly missing: true; readonly why: string };

/**
 * Reads a regular file of at most `maxBytes`. SECURITY: with owners, the file and every folder above it must be theirs,
 * writable by nobody else, and no link. Never hangs on a pipe, never rejects.
 */
export async function readGuarded(file: string, maxBytes: number, owners: Owners): Promise<GuardedRead> {
  if (!path.isAbsolute(file)) return no(`\`${file}\` is not an absolute path`);
  const above = await faultOfFolder(path.dirname(file), owners);
  if (above !== undefined) return above;
  try {
    const link = owners === 'anybody' ? 0 : constants.O_NOFOLLOW;
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | link);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return no(`\`${file}\` is not a regular file`);
      const fault = faultOfOwner(file, stats, owners);
      if (fault !== undefined) return no(fault);
      if (stats.size > maxBytes) return no(`\`${file}\` is larger than ${maxBytes} bytes`);
      const buffer = Buffer.alloc(stats.size + 1);
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      if (length !== stats.size) return no(`\`${file}\` changed while it was read`);
      return { ok: true, value: buffer.subarray(0, length) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return faultOf(file, error);
  }
}

/** As `readGuarded`, as text. */
export async function readGuardedText(
  file: string,
  maxBytes: number,
  owners: Owners,
): Promise<Sourced<string> | { readonly ok: false; readonly missing: true; readonly why: string }> {
  const read = await readGuarded(file, maxBytes, owners);
  if (!read.ok) return read;
  try {
    return { ok: true, value: new TextDecoder('utf-8', { fatal: true }).decode(read.value) };
  } catch {
    return no(`\`${file}\` is not UTF-8`);
  }
}

/** Why what lies in a folder could be anybody's; `undefined` where it could not. */
export async function faultOfFolder(
  folder: string,
  owners: Owners,
): Promise<{ readonly ok: false; readonly why: string; readonly missing?: true } | undefined> {
  if (owners === 'anybody') return undefined;
  if (path.normalize(folder) !== folder) return no(`\`${folder}\` is not a normal path`);
  const parts = folder.split(path.sep).filter((part) => part !== '');
  for (let depth = 0; depth <= parts.length; depth += 1) {
    const place = path.sep + parts.slice(0, depth).join(path.sep);
    try {
      const stats = await lstat(place);
      if (stats.isSymbolicLink()) return no(`\`${place}\` is a symbolic link`);
      if (!stats.isDirectory()) return no(`\`${place}\` is not a folder`);
      // In a sticky folder (/tmp) nobody can move away what another owns; what lies in it is checked next.
      const isShared = depth < parts.length && (stats.mode & 0o1000) !== 0;
      const fault = faultOfOwner(place, isShared ? { uid: stats.uid, mode: 0 } : stats, owners);
      if (fault !== undefined) return no(fault);
    } catch (error) {
      return faultOf(place, error);
    }
  }
  return undefined;
}

export function faultOfOwner(
  place: string,
  stats: { readonly uid: number; readonly mode: number },
  owners: Owners,
): string | undefined {
  if (owners === 'anybody') return undefined;
  if (!owners.includes(stats.uid)) return `\`${place}\` belongs to user ${stats.uid}, who could have written it`;
  return (stats.mode & 0o022) === 0 ? undefined : `\`${place}\` can be written by others`;
}

/** Where a link ends, if that is inside of `root`, itself a real path. */
export async function realInside(root: string, place: string): Promise<Sourced<string>> {
  try {
    const real = await realpath(place);
    const isInside = real.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
    return isInside ? { ok: true, value: real } : no(`\`${place}\` is a link to \`${real}\`, outside of the folder`);
  } catch (error) {
    return faultOf(place, error);
  }
}

function faultOf(
  place: string,
  error: unknown,
): { readonly ok: false; readonly why: string } | { readonly ok: false; readonly missing: true; readonly why: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT') return { ok: false, missing: true, why: `\`${place}\` does not exist` };
  if (code === 'ELOOP') return no(`\`${place}\` is a symbolic link`);
  return no(`\`${place}\` cannot be read (${code})`);
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
