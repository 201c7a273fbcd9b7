import { digestOfBytes } from '../../core/digest.ts';
import type { FileContentFact } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { type ReadingFiles, readRegular } from './bounded-files.ts';

/** The text of a file, as the program that reads it next would get it: symlinks are followed. */
export async function contentOf(files: ReadingFiles, path: string): Promise<Tri<FileContentFact>> {
  if (!path.startsWith('/')) return unknown('not an absolute path');
  if (path.includes('\0')) return unknown('the path contains a NUL byte');
  const bytes = await readRegular(files, path, LIMITS.scriptBytes);
  if (!isKnown(bytes)) return unknown(`\`${path}\` ${bytes.unknown}`);
  if (bytes.known.includes(0)) return unknown(`\`${path}\` is not text`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.known);
    return known({ text, digest: digestOfBytes(bytes.known), size: bytes.known.length });
  } catch {
    return unknown(`\`${path}\` is not text in UTF-8`);
  }
}
