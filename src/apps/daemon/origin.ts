import { randomUUID } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * The nearest folder at or above `cwd` that holds `.git`, else `cwd` itself. Reads names only. SECURITY: by its real path,
 * so that a link to a workspace is not another one, without its exceptions and its policy.
 */
export function workspaceOf(cwd: string): string {
  if (!path.isAbsolute(cwd)) return '';
  const real = realFolder(cwd);
  for (let folder = real; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder;
    if (folder === path.dirname(folder)) return real;
  }
}

/** As the disk has it; as written, where it is not there. */
export function realFolder(folder: string): string {
  if (!path.isAbsolute(folder)) return folder;
  try {
    return realpathSync(folder);
  } catch {
    return path.normalize(folder);
  }
}

export function newAttemptId(): string {
  return randomUUID();
}
