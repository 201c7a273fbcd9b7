import { constants } from 'node:fs';
import { join } from 'node:path';
import { type CopyManifest, parseManifest } from './copy-manifest.ts';
import { type CopyFiles, cannotCopy, readBack } from './copy-tree.ts';

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** What a copy says it holds, and what is found when all of it is read. Throws where either cannot be read. */
export async function readSafeguard(
  files: CopyFiles,
  where: string,
  stop: () => string | undefined,
): Promise<{ readonly manifest: CopyManifest; readonly found: CopyManifest }> {
  const handle = await files.open(join(where, 'manifest.json'), constants.O_RDONLY | constants.O_NOFOLLOW);
  let manifest: CopyManifest | undefined;
  try {
    const { size } = await handle.stat();
    if (size > MAX_MANIFEST_BYTES) throw cannotCopy(`a manifest of more than ${MAX_MANIFEST_BYTES} bytes`);
    manifest = parseManifest(await handle.readFile('utf8'));
  } finally {
    await handle.close();
  }
  if (manifest === undefined) throw cannotCopy('the manifest of the copy is damaged');
  const roots: CopyManifest['roots'] = [];
  for (const [index, root] of manifest.roots.entries()) {
    const entries = await readBack(files, join(where, 'data', String(index)), root.entries, stop);
    roots.push({ original: root.original, entries });
  }
  return { manifest, found: { type: manifest.type, roots } };
}

export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}

export function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return 'no space left for copies';
    if (error.code === 'EACCES' || error.code === 'EPERM') return 'the guard may not read it';
    if (error.code === 'ENOENT') return 'it is gone';
    if (typeof error.code === 'string') return error.code;
  }
  return error instanceof Error ? error.message : String(error);
}
