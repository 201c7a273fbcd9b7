import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

/** RFC 6962 section 2.1 Merkle tree hashes. A hash is 32 bytes. Source: https://www.rfc-editor.org/rfc/rfc6962 */
export type Hash = Uint8Array;

/** Gives the hash of the complete subtree of 2^level leaves that starts at leaf index * 2^level. Throws if there is none. */
export type NodeReader = (level: number, index: number) => Hash;

export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
}

/** The complete subtrees that make up a tree, widest first: all that is needed to append and to give the root. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Hash[];
}

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/** SECURITY: the prefixes differ, so that no leaf's content can stand for an interior node. */
export function leafHash(content: Uint8Array): Hash {
  return sha256(concatBytes(LEAF_PREFIX, content));
}

export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

/** Root of no leaves: SHA-256 of nothing. */
export function emptyRoot(): Hash {
  return sha256(new Uint8Array(0));
}

/** Adds a leaf. `nodes` are the complete subtrees that it finishes, lowest first; the first is the leaf itself. */
export function appendLeaf(
  frontier: Frontier,
  leaf: Hash,
): { readonly frontier: Frontier; readonly nodes: readonly TreeNode[] } {
  const hashes = [...frontier.hashes];
  let index = frontier.size;
  let level = 0;
  let hash = leaf;
  const nodes: TreeNode[] = [{ level, index, hash }];
  while (index % 2 === 1) {
    const left = hashes.pop();
    if (left === undefined) throw new RangeError(`frontier of ${frontier.size} leaves lacks level ${level}`);
    hash = nodeHash(left, hash);
    index = (index - 1) / 2;
    level += 1;
    nodes.push({ level, index, hash });
  }
  hashes.push(hash);
  return { frontier: { size: frontier.size + 1, hashes }, nodes };
}

export function rootOf(frontier: Frontier): Hash {
  return (
    frontier.hashes.reduceRight<Hash | undefined>(
      (right, left) => (right === undefined ? left : nodeHash(left, right)),
      undefined,
    ) ?? emptyRoot()
  );
}

/** Reads the frontier of a tree of `size` leaves from its stored nodes. */
export function frontierOf(size: number, read: NodeReader): Frontier {
  return { size, hashes: completeSubtrees(0, size).map(({ level, index }) => read(level, index)) };
}

/** Root of a tree given all leaf hashes. */
export function rootOfLeaves(leaves: readonly Hash[]): Hash {
  return rootOf(leaves.reduce<Frontier>((frontier, leaf) => appendLeaf(frontier, leaf).frontier, EMPTY_FRONTIER));
}

/** Hash of the leaves from `start` on, `count` of them, by the splitting rule of RFC 6962. `start` is aligned as that rule makes it. */
export function rangeHash(start: number, count: number, read: NodeReader): Hash {
  return rootOf({ size: count, hashes: completeSubtrees(start, count).map(({ level, index }) => read(level, index)) });
}

/** The complete subtrees of `count` leaves from `start`, widest first. */
function completeSubtrees(start: number, count: number): { level: number; index: number }[] {
  const found: { level: number; index: number }[] = [];
  let at = start;
  let left = count;
  while (left > 0) {
    let level = 0;
    let width = 1;
    while (width * 2 <= left) {
      width *= 2;
      level += 1;
    }
    found.push({ level, index: at / width });
    at += width;
    left -= width;
  }
  return found;
}
