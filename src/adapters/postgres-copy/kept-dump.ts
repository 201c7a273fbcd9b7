import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** One file of a copy: a dump in PostgreSQL's custom format. */
const databaseSchema = z.strictObject({
  file: z.string().regex(/^\d{1,3}\.dump$/),
  /** For people: which database it was. */
  about: z.string(),
  host: z.string(),
  port: z.int(),
  database: z.string(),
  user: z.string(),
  /** Of `pg_dump`. */
  version: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  tables: z.int().nonnegative(),
  rows: z.int().nonnegative(),
  restoredInto: z.string().optional(),
});

const manifestSchema = z.strictObject({
  type: z.literal('holdpoint/dump/v1'),
  takenAtMs: z.int().nonnegative(),
  databases: z.array(databaseSchema).min(1),
});

export type DumpManifest = z.infer<typeof manifestSchema>;
export type DumpedDatabase = z.infer<typeof databaseSchema>;

export const DUMP_MANIFEST = 'dump.json';
const MANIFEST_BYTES = 1024 * 1024;

export interface KeptDump {
  /** Names it on the command line: the attempt's id and the effect's index. */
  readonly id: string;
  /** Absolute path of the folder. */
  readonly where: string;
  readonly manifest: DumpManifest;
}

/** The dumps below `dir`, newest first. What cannot be read is left out. */
export async function listDumps(dir: string): Promise<readonly KeptDump[]> {
  const found: KeptDump[] = [];
  for (const attempt of await namesIn(dir)) {
    // A copy that was never finished has another name.
    for (const index of (await namesIn(join(dir, attempt))).filter((name) => /^\d+$/.test(name))) {
      const where = join(dir, attempt, index);
      const manifest = await readManifest(where);
      if (manifest !== undefined) found.push({ id: `${attempt}/${index}`, where, manifest });
    }
  }
  return found.sort((a, b) => b.manifest.takenAtMs - a.manifest.takenAtMs);
}

/** What is wrong with a dump by now, read whole; `undefined` where every file is the one that was taken. */
export async function faultOfDump(dump: KeptDump): Promise<string | undefined> {
  for (const { file, sha256, bytes } of dump.manifest.databases) {
    const path = join(dump.where, file);
    try {
      const found = await digestOfFile(path);
      if (found.sha256 !== sha256 || found.bytes !== bytes) return `\`${path}\` is not what was taken`;
    } catch (error) {
      return `\`${path}\` cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`;
    }
  }
  return undefined;
}

export async function digestOfFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes };
      bytes += bytesRead;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

async function readManifest(where: string): Promise<DumpManifest | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(where, DUMP_MANIFEST), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size > MANIFEST_BYTES) return undefined;
    const parsed = manifestSchema.safeParse(JSON.parse(await handle.readFile('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch {
    return [];
  }
}
