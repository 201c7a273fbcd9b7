import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestBytes, parseManifest } from './copy-manifest.ts';

export interface KeptSafeguard {
  /** Names it on the command line: the attempt's id and the effect's index. */
  readonly id: string;
  /** Absolute path of the copy. */
  readonly where: string;
  /** When it was taken, milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly originals: readonly string[];
  readonly bytes: number;
}

/** The copies below `dir`, newest first. What cannot be read is left out: `restoreSafeguard` says why. */
export async function listSafeguards(dir: string): Promise<readonly KeptSafeguard[]> {
  const found: KeptSafeguard[] = [];
  for (const attempt of await namesIn(dir)) {
    for (const index of await namesIn(join(dir, attempt))) {
      const where = join(dir, attempt, index);
      try {
        const manifest = parseManifest(await readFile(join(where, 'manifest.json'), 'utf8'));
        if (manifest === undefined) continue;
        const { mtimeMs } = await stat(join(where, 'manifest.json'));
        const originals = manifest.roots.map((root) => root.original);
        found.push({ id: `${attempt}/${index}`, where, atMs: mtimeMs, originals, bytes: manifestBytes(manifest) });
      } catch {
        // a copy that was never finished, or another file
      }
    }
  }
  return found.sort((a, b) => b.atMs - a.atMs);
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch {
    return [];
  }
}
