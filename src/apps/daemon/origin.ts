import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** The nearest folder at or above `cwd` that holds `.git`, else `cwd` itself. Reads names only. */
export function workspaceOf(cwd: string): string {
  if (!path.isAbsolute(cwd)) return '';
  for (let folder = path.normalize(cwd); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder;
    if (folder === path.dirname(folder)) return path.normalize(cwd);
  }
}

export function newAttemptId(): string {
  return randomUUID();
}
