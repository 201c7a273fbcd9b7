import { known, type Tri, unknown } from '../../core/tri.ts';
import type { HashName } from './git-objects.ts';

export interface IndexEntry {
  /** Relative to the repository's root, with `/`. */
  readonly path: string;
  readonly oid: string;
  readonly mode: number;
  /** 0, or 1 to 3 in a conflict. */
  readonly stage: number;
  readonly size: number;
  readonly ino: number;
  readonly ctime: readonly [seconds: number, nanoseconds: number];
  readonly mtime: readonly [seconds: number, nanoseconds: number];
  readonly skipWorktree: boolean;
}

/** Extensions that change what the entries mean: a split index and a sparse one do not list every file. */
const NOT_WHOLE = new Set(['link', 'sdir']);

/** Entries of `.git/index`, versions 2 to 4, in the order of the file. Source: gitformat-index(5). */
export function parseGitIndex(bytes: Buffer, hash: HashName): Tri<readonly IndexEntry[]> {
  const hashBytes = hash === 'sha1' ? 20 : 32;
  if (bytes.length < 12 + hashBytes || bytes.toString('latin1', 0, 4) !== 'DIRC')
    return unknown('the index of the repository is damaged');
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return unknown(`index version ${version} is not read`);
  const count = bytes.readUInt32BE(8);
  const end = bytes.length - hashBytes;
  const entries: IndexEntry[] = [];
  let at = 12;
  let previous: Buffer = Buffer.alloc(0);
  for (let n = 0; n < count; n += 1) {
    const fixed = at + 40 + hashBytes;
    if (fixed + 2 > end) return unknown('the index of the repository is cut short');
    const flags = bytes.readUInt16BE(fixed);
    const extended = version >= 3 && (flags & 0x4000) !== 0;
    const more = extended ? bytes.readUInt16BE(fixed + 2) : 0;
    let nameAt = fixed + (extended ? 4 : 2);
    let name: Buffer;
    if (version === 4) {
      const strip = varint(bytes, nameAt);
      nameAt = strip.next;
      const zero = bytes.indexOf(0, nameAt);
      if (zero === -1 || zero >= end || strip.value > previous.length)
        return unknown('the index of the repository is damaged');
      name = Buffer.concat([previous.subarray(0, previous.length - strip.value), bytes.subarray(nameAt, zero)]);
      previous = name;
    } else {
      const zero = bytes.indexOf(0, nameAt);
      if (zero === -1 || zero >= end) return unknown('the index of the repository is damaged');
      name = bytes.subarray(nameAt, zero);
    }
    const mode = bytes.readUInt32BE(at + 24);
    if ((mode & 0o170000) === 0o040000) return unknown('the index is sparse');
    entries.push({
      path: name.toString('utf8'),
      oid: bytes.toString('hex', at + 40, at + 40 + hashBytes),
      mode,
      stage: (flags >> 12) & 3,
      size: bytes.readUInt32BE(at + 36),
      ino: bytes.readUInt32BE(at + 20),
      ctime: [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)],
      mtime: [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)],
      skipWorktree: (more & 0x4000) !== 0,
    });
    // Versions 2 and 3 pad each entry with 1 to 8 NULs to a multiple of 8.
    at = version === 4 ? nameAt + (bytes.indexOf(0, nameAt) - nameAt) + 1 : at + padded(nameAt + name.length - at);
  }
  while (at + 8 <= end) {
    if (NOT_WHOLE.has(bytes.toString('latin1', at, at + 4))) return unknown('the index is split or sparse');
    at += 8 + bytes.readUInt32BE(at + 4);
  }
  return known(entries);
}

function padded(length: number): number {
  return (length + 8) & ~7;
}

/** The variable-width offset encoding that packs use, too. */
function varint(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let at = from;
  let byte = bytes[at] ?? 0;
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0 && at - from < 10) {
    at += 1;
    byte = bytes[at] ?? 0;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, next: at + 1 };
}
