import { z } from 'zod';
import { type Digest, digestOf } from '../../core/digest.ts';

/** One thing that was copied. `path` is relative to its root: empty for the root itself. */
const entrySchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('file'),
    path: z.string(),
    mode: z.int(),
    uid: z.int(),
    gid: z.int(),
    mtimeMs: z.number(),
    size: z.int(),
    /** SHA-256 of the content, lower-case hex. */
    digest: z.string(),
  }),
  z.strictObject({
    type: z.literal('directory'),
    path: z.string(),
    mode: z.int(),
    uid: z.int(),
    gid: z.int(),
    mtimeMs: z.number(),
  }),
  z.strictObject({ type: z.literal('symlink'), path: z.string(), to: z.string() }),
]);

const manifestSchema = z.strictObject({
  type: z.literal('holdpoint/safeguard/v1'),
  /** Copies lie in `data/0`, `data/1`, ... in this order. `original` is absolute. */
  roots: z.array(z.strictObject({ original: z.string().startsWith('/'), entries: z.array(entrySchema) })),
});

export type CopyEntry = z.infer<typeof entrySchema>;
export type CopyManifest = z.infer<typeof manifestSchema>;

export function parseManifest(text: string): CopyManifest | undefined {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.roots.every((root) => root.entries.every(staysBelow))
      ? parsed.data
      : undefined;
  } catch {
    return undefined;
  }
}

/** SECURITY: a manifest says where files are written to; a path in it must not lead out of its root. */
function staysBelow(entry: CopyEntry): boolean {
  return entry.path === '' || entry.path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

export function manifestDigest(manifest: CopyManifest): Digest {
  return digestOf({
    type: manifest.type,
    roots: manifest.roots.map(({ original, entries }) => ({
      original,
      entries: entries.map((entry) => ({ ...entry })),
    })),
  });
}

export function manifestBytes(manifest: CopyManifest): number {
  return manifest.roots.reduce(
    (sum, root) => sum + root.entries.reduce((bytes, entry) => bytes + (entry.type === 'file' ? entry.size : 0), 0),
    0,
  );
}
