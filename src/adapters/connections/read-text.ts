import { constants, promises as fsPromises } from 'node:fs';

/** What stands in a settings file. `absent` only where nothing is there at all. */
export type SettingsText = { readonly known: string } | { readonly absent: true } | { readonly unknown: string };

/** Reads a settings file. Loaders share what was read in one answer. */
export type ReadText = (path: string) => Promise<SettingsText>;

const MAX_BYTES = 512 * 1024;

/**
 * Text of a regular file. SECURITY: looks before it opens and opens without blocking, so that a pipe or a device neither
 * hangs the guard nor learns of it.
 */
export async function readSettingsText(path: string): Promise<SettingsText> {
  try {
    const stat = await fsPromises.stat(path);
    if (!stat.isFile()) return { unknown: `\`${path}\` is not a regular file` };
    if (stat.size > MAX_BYTES) return { unknown: `\`${path}\` is larger than ${MAX_BYTES} bytes` };
    const handle = await fsPromises.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const bytes = Buffer.alloc(stat.size + 1);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      if (bytesRead !== stat.size) return { unknown: `\`${path}\` changed while it was read` };
      return { known: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead)) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { absent: true };
    return { unknown: `\`${path}\` cannot be read${code === '' ? '' : `: ${code}`}` };
  }
}

/** Each file is read once: two settings never come from two states of one file. */
export function readingOnce(read: ReadText): ReadText {
  const texts = new Map<string, Promise<SettingsText>>();
  return (path) => {
    const text = texts.get(path) ?? read(path);
    texts.set(path, text);
    return text;
  };
}
