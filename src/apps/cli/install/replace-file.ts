import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

/**
 * Replaces a file whole or not at all: written beside it, synced, renamed. A symlink stays one and its target is
 * replaced; the mode of a file that exists stays, unless `mode` is given. Makes missing folders, which others may enter only
 * where they may read the file. Throws on disk errors.
 */
export function replaceFile(file: string, content: string | Uint8Array, mode?: number): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: ((mode ?? 0) & 0o004) === 0 ? 0o700 : 0o755 });
  const target = realTarget(file);
  const partial = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}`);
  const finalMode = mode ?? modeOf(target) ?? 0o600;
  try {
    const handle = openSync(partial, 'wx', finalMode);
    try {
      const bytes = Buffer.from(content);
      let written = 0;
      while (written < bytes.length) written += writeSync(handle, bytes, written);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function realTarget(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function modeOf(file: string): number | undefined {
  try {
    return statSync(file).mode & 0o777;
  } catch {
    return undefined;
  }
}
