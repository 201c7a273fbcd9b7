import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import { isAbsence, type ReadingFiles, readRegular, whyNot } from './bounded-files.ts';
import { applyDelta, entryHeader } from './git-pack-format.ts';

const inflateAsync = promisify(inflate);

export type HashName = 'sha1' | 'sha256';

export interface GitObject {
  readonly type: 'commit' | 'tree' | 'blob' | 'tag';
  readonly body: Buffer;
}

/** Reads git's object store, without git. Formats: gitformat-pack(5), gitrepository-layout(5). */
export interface GitObjects {
  readonly hash: HashName;
  /** The object, its hash checked. `oid` is lower-case hex. */
  read(oid: string): Promise<Tri<GitObject>>;
  /** True if the object is really there: a loose one is hashed, a packed one is in the index of a pack that reaches so far. */
  holds(oid: string): Promise<boolean>;
  close(): Promise<void>;
}

interface Pack {
  readonly index: FileHandle;
  readonly data: FileHandle;
  readonly size: number;
  readonly fanout: Buffer;
}

/** Trees and commits are small; a tree of this size has some 300,000 entries. */
const MAX_OBJECT_BYTES = 16 * 1024 * 1024;
const MAX_LOOSE_BLOB_BYTES = 64 * 1024 * 1024;
const MAX_DELTAS = 4096;
const MAX_PACKS = 512;
const TYPES: { readonly [number: number]: GitObject['type'] | undefined } = {
  1: 'commit',
  2: 'tree',
  3: 'blob',
  4: 'tag',
};

/** `objectsDir`: `.git/objects`. Alternates are not followed: what lies in another repository is not counted as kept. */
export function openGitObjects(files: ReadingFiles, objectsDir: string, hash: HashName): GitObjects {
  const hashBytes = hash === 'sha1' ? 20 : 32;
  const open: FileHandle[] = [];
  const opened = openPacks();

  async function openPacks(): Promise<readonly Pack[]> {
    const packs: Pack[] = [];
    const packDir = join(objectsDir, 'pack');
    try {
      for await (const entry of await files.opendir(packDir)) {
        if (!entry.name.endsWith('.idx') || !entry.isFile() || packs.length >= MAX_PACKS) continue;
        const dataPath = join(packDir, `${entry.name.slice(0, -4)}.pack`);
        const stat = await files.lstat(dataPath).catch(() => undefined);
        if (stat?.isFile() !== true) continue;
        const index = await files.open(join(packDir, entry.name), 'r');
        open.push(index);
        const data = await files.open(dataPath, 'r');
        open.push(data);
        const header = await readAt(index, 0, 8 + 1024);
        // Version 1 has no magic and has not been written since 2007.
        if (header?.readUInt32BE(0) !== 0xff744f63 || header.readUInt32BE(4) !== 2) continue;
        packs.push({ index, data, size: stat.size, fanout: header.subarray(8) });
      }
    } catch (error) {
      if (!isAbsence(error)) return packs;
    }
    return packs;
  }

  /** Where the object starts in a pack. */
  async function locate(pack: Pack, oid: Buffer): Promise<number | undefined> {
    const bucket = oid[0] ?? 0;
    const from = bucket === 0 ? 0 : pack.fanout.readUInt32BE((bucket - 1) * 4);
    const to = pack.fanout.readUInt32BE(bucket * 4);
    const total = pack.fanout.readUInt32BE(255 * 4);
    if (to <= from || (to - from) * hashBytes > MAX_OBJECT_BYTES) return undefined;
    const names = await readAt(pack.index, 8 + 1024 + from * hashBytes, (to - from) * hashBytes);
    if (names === undefined) return undefined;
    let low = 0;
    let high = to - from;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = names.compare(oid, 0, hashBytes, middle * hashBytes, (middle + 1) * hashBytes);
      if (order === 0) return offsetOf(pack, from + middle, total);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  async function offsetOf(pack: Pack, position: number, total: number): Promise<number | undefined> {
    const offsets = 8 + 1024 + total * (hashBytes + 4);
    const short = (await readAt(pack.index, offsets + position * 4, 4))?.readUInt32BE(0);
    if (short === undefined) return undefined;
    if (short < 0x80000000) return short;
    const long = await readAt(pack.index, offsets + total * 4 + (short - 0x80000000) * 8, 8);
    return long === undefined ? undefined : Number(long.readBigUInt64BE(0));
  }

  async function find(oid: string): Promise<{ readonly pack: Pack; readonly offset: number } | undefined> {
    const bytes = Buffer.from(oid, 'hex');
    for (const pack of await opened) {
      const offset = await locate(pack, bytes);
      if (offset !== undefined && offset < pack.size - hashBytes) return { pack, offset };
    }
    return undefined;
  }

  /** Follows the deltas down to a whole object, then applies them on the way back. */
  async function readPacked(start: { readonly pack: Pack; readonly offset: number }): Promise<GitObject | undefined> {
    const deltas: Buffer[] = [];
    let at = start;
    while (deltas.length <= MAX_DELTAS) {
      const head = await readAt(at.pack.data, at.offset, 64, true);
      const entry = head === undefined ? undefined : entryHeader(head, hashBytes);
      if (entry === undefined || entry.size > MAX_OBJECT_BYTES) return undefined;
      // Deflate grows incompressible data by 5 bytes per block at most; what follows the stream is left alone.
      const packedBytes = entry.size + Math.ceil(entry.size / 1000) + 512;
      const packed = await readAt(at.pack.data, at.offset + entry.length, packedBytes, true);
      const body = packed === undefined ? undefined : await inflated(packed, entry.size);
      if (body?.length !== entry.size) return undefined;
      if (entry.base === undefined) {
        const type = TYPES[entry.type];
        if (type === undefined) return undefined;
        let whole: Buffer | undefined = body;
        for (const delta of deltas.reverse())
          whole = whole === undefined ? undefined : applyDelta(whole, delta, MAX_OBJECT_BYTES);
        return whole === undefined ? undefined : { type, body: whole };
      }
      deltas.push(body);
      if (typeof entry.base === 'number') {
        if (entry.base <= 0 || entry.base > at.offset) return undefined;
        at = { pack: at.pack, offset: at.offset - entry.base };
      } else {
        const base = await find(entry.base);
        if (base === undefined) return undefined;
        at = base;
      }
    }
    return undefined;
  }

  async function readLoose(oid: string, maxBytes: number): Promise<Tri<GitObject> | undefined> {
    const packed = await readRegular(files, join(objectsDir, oid.slice(0, 2), oid.slice(2)), maxBytes);
    if (!isKnown(packed)) return packed.unknown === 'does not exist' ? undefined : packed;
    const whole = await inflated(packed.known, maxBytes + 32);
    const end = whole?.indexOf(0) ?? -1;
    const header = /^(commit|tree|blob|tag) (\d+)$/.exec(whole?.toString('latin1', 0, Math.min(end, 32)) ?? '');
    if (whole === undefined || header === null || Number(header[2]) !== whole.length - end - 1)
      return unknown(`object ${oid} is damaged`);
    return known({ type: header[1] as GitObject['type'], body: whole.subarray(end + 1) });
  }

  /** INVARIANT: an object is believed only under the name that its own bytes give it. */
  function isNamed(object: GitObject, oid: string): boolean {
    return hashObject(object.type, object.body, hash) === oid;
  }

  return {
    hash,
    read: async (oid) => {
      try {
        let object = await readLoose(oid, MAX_OBJECT_BYTES);
        if (object === undefined) {
          const place = await find(oid);
          const packed = place === undefined ? undefined : await readPacked(place);
          object = packed === undefined ? unknown(`object ${oid} is not in the repository`) : known(packed);
        }
        if (isKnown(object) && !isNamed(object.known, oid)) return unknown(`object ${oid} is damaged`);
        return object;
      } catch (error) {
        return unknown(whyNot(error));
      }
    },
    holds: async (oid) => {
      try {
        const loose = await readLoose(oid, MAX_LOOSE_BLOB_BYTES);
        if (loose !== undefined) return isKnown(loose) && isNamed(loose.known, oid);
        return (await find(oid)) !== undefined;
      } catch {
        return false;
      }
    },
    close: async () => {
      await opened;
      await Promise.all(open.map((handle) => handle.close().catch(() => undefined)));
    },
  };
}

/** The name git gives to these bytes. */
export function hashObject(type: GitObject['type'], body: Uint8Array, hash: HashName): string {
  return createHash(hash).update(`${type} ${body.length}\0`).update(body).digest('hex');
}

/** Exactly `length` bytes, or with `upTo` as many as there are; `undefined` past the end. */
async function readAt(handle: FileHandle, position: number, length: number, upTo = false): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(length);
  let have = 0;
  while (have < length) {
    const { bytesRead } = await handle.read(buffer, have, length - have, position + have);
    if (bytesRead === 0) break;
    have += bytesRead;
  }
  if (have === length) return buffer;
  return upTo && have > 0 ? buffer.subarray(0, have) : undefined;
}

async function inflated(bytes: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  try {
    return (await inflateAsync(bytes, { maxOutputLength: Math.max(maxBytes, 1) })) as Buffer;
  } catch {
    return undefined;
  }
}
