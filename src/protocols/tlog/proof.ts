import { emptyRoot, type Hash, type NodeReader, nodeHash, rangeHash } from './merkle.ts';

/** The hashes that lead from leaf `index` to the root of the first `size` leaves. RFC 6962 section 2.1.1. */
export function inclusionProof(index: number, size: number, read: NodeReader): readonly Hash[] {
  if (!isSize(size) || !isSize(index) || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  return path(index, 0, size, read);
}

function path(index: number, start: number, count: number, read: NodeReader): Hash[] {
  if (count === 1) return [];
  const split = splitOf(count);
  return index < start + split
    ? [...path(index, start, split, read), rangeHash(start + split, count - split, read)]
    : [...path(index, start + split, count - split, read), rangeHash(start, split, read)];
}

/** The hashes that show that the first `from` leaves of a tree of `to` leaves are what they were. RFC 6962 section 2.1.2. */
export function consistencyProof(from: number, to: number, read: NodeReader): readonly Hash[] {
  if (!isSize(from) || !isSize(to) || from > to) throw new RangeError(`no tree of ${from} inside a tree of ${to}`);
  return from === 0 || from === to ? [] : subproof(from, 0, to, true, read);
}

function subproof(from: number, start: number, count: number, whole: boolean, read: NodeReader): Hash[] {
  if (from === count) return whole ? [] : [rangeHash(start, count, read)];
  const split = splitOf(count);
  return from <= split
    ? [...subproof(from, start, split, whole, read), rangeHash(start + split, count - split, read)]
    : [...subproof(from - split, start + split, count - split, false, read), rangeHash(start, split, read)];
}

/** True only if `proof` leads from this leaf at this place to this root. RFC 9162 section 2.1.3.2. Never throws. */
export function verifyInclusion(leaf: Hash, index: number, size: number, proof: readonly Hash[], root: Hash): boolean {
  if (!isSize(size) || !isSize(index) || index >= size || !allHashes([leaf, root, ...proof])) return false;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = half(last);
      }
    } else hash = nodeHash(hash, sibling);
    at = half(at);
    last = half(last);
  }
  return last === 0 && sameHash(hash, root);
}

/**
 * True only if the tree of `from` leaves with `fromRoot` is a prefix of the tree of `to` leaves with `toRoot`.
 * RFC 9162 section 2.1.4.2. The empty tree is a prefix of every tree. Never throws.
 */
export function verifyConsistency(
  from: number,
  fromRoot: Hash,
  to: number,
  toRoot: Hash,
  proof: readonly Hash[],
): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !allHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === to) return proof.length === 0 && sameHash(fromRoot, toRoot);
  if (from === 0) return proof.length === 0 && sameHash(fromRoot, emptyRoot());
  const hashes = isPowerOfTwo(from) ? [fromRoot, ...proof] : [...proof];
  const first = hashes[0];
  if (first === undefined || hashes.length === 1) return false;
  let at = from - 1;
  let last = to - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  let oldHash = first;
  let newHash = first;
  for (const sibling of hashes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = half(last);
      }
    } else newHash = nodeHash(newHash, sibling);
    at = half(at);
    last = half(last);
  }
  return last === 0 && sameHash(oldHash, fromRoot) && sameHash(newHash, toRoot);
}

export function sameHash(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Largest power of two below `count`; `count` is at least 2. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function isPowerOfTwo(value: number): boolean {
  return splitOf(value * 2) === value;
}

// Division, not shifts: tree sizes go past 32 bits.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function allHashes(hashes: readonly Hash[]): boolean {
  return hashes.every((hash) => hash.length === 32);
}
