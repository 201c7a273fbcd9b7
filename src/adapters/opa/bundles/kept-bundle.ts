import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Sourced } from '../../../ports/policy-sources.ts';
import { ARCHIVE_LIMITS } from './archive.ts';

const keptSchema = z.strictObject({
  version: z.literal(1),
  source: z.string(),
  /** Whether a signature stood behind the revision. One that nobody signed must not shut out what comes later. */
  verified: z.boolean(),
  revision: z.string(),
  /** Over modules, data and revision. */
  content: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  etag: z.string().optional(),
  acceptedAtMs: z.int(),
});

/** The last accepted bundle of a source: `bundle-state.json`, and the archive beside it. */
export type Kept = z.infer<typeof keptSchema>;

const STATE = 'bundle-state.json';

/** `undefined` where none was accepted yet. */
export async function readKept(dir: string): Promise<Sourced<Kept | undefined>> {
  const file = path.join(dir, STATE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return { ok: true, value: undefined };
    return { ok: false, why: `\`${file}\` cannot be read: ${messageOf(error)}` };
  }
  try {
    return { ok: true, value: keptSchema.parse(JSON.parse(text)) };
  } catch {
    // Taking it for a first start would let an older bundle in.
    const why = `\`${file}\` is damaged, so that nobody knows which bundle was the last: remove it to begin anew with the next one`;
    return { ok: false, why };
  }
}

export async function readKeptArchive(dir: string, kept: Kept): Promise<Sourced<Uint8Array>> {
  const file = path.join(dir, archiveName(kept.sha256));
  try {
    const bytes = await readFile(file);
    if (bytes.length <= ARCHIVE_LIMITS.bytes && sha256Of(bytes) === kept.sha256) return { ok: true, value: bytes };
    return { ok: false, why: `\`${file}\` is damaged: its checksum differs` };
  } catch (error) {
    return { ok: false, why: `\`${file}\` cannot be read: ${messageOf(error)}` };
  }
}

/** The archive first, then the state that names it: a crash in between leaves the last one whole. Answers what went wrong. */
export async function keepBundle(dir: string, kept: Kept, archive: Uint8Array): Promise<string | undefined> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeWhole(path.join(dir, archiveName(kept.sha256)), archive);
    await writeWhole(path.join(dir, STATE), Buffer.from(`${JSON.stringify(kept)}\n`));
  } catch (error) {
    return `the bundle cannot be kept for a start without network: ${messageOf(error)}`;
  }
  // What is left of older ones only takes room.
  const old = (await readdir(dir)).filter((name) => /^bundle-[0-9a-f]{64}\.tar\.gz$/.test(name));
  for (const name of old) if (name !== archiveName(kept.sha256)) await rm(path.join(dir, name), { force: true });
  return undefined;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    const folder = await open(path.dirname(file), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function archiveName(sha256: string): string {
  return `bundle-${sha256}.tar.gz`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
