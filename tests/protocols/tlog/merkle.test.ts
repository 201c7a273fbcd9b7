import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendLeaf,
  EMPTY_FRONTIER,
  type Frontier,
  frontierOf,
  type Hash,
  leafHash,
  type NodeReader,
  nodeHash,
  rootOf,
  rootOfLeaves,
} from '../../../src/protocols/tlog/merkle.ts';
import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/protocols/tlog/proof.ts';

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

// The leaves and roots that the certificate transparency implementations share.
const KNOWN_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const KNOWN_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

interface Tree {
  readonly leaves: readonly Hash[];
  readonly roots: readonly Hash[];
  readonly read: NodeReader;
}

function grow(contents: readonly Uint8Array[]): Tree {
  const nodes = new Map<string, Hash>();
  const leaves = contents.map(leafHash);
  const roots: Hash[] = [rootOf(EMPTY_FRONTIER)];
  let frontier: Frontier = EMPTY_FRONTIER;
  for (const leaf of leaves) {
    const grown = appendLeaf(frontier, leaf);
    for (const node of grown.nodes) nodes.set(`${node.level}/${node.index}`, node.hash);
    frontier = grown.frontier;
    roots.push(rootOf(frontier));
  }
  const read = (level: number, index: number): Hash => {
    const hash = nodes.get(`${level}/${index}`);
    assert.ok(hash, `no node ${level}/${index}`);
    return hash;
  };
  assert.deepEqual(frontierOf(leaves.length, read), frontier);
  return { leaves, roots, read };
}

/** RFC 6962 section 2.1 word for word: the oracle. */
function oracleRoot(leaves: readonly Hash[]): Hash {
  const [only] = leaves;
  if (only === undefined) return rootOf(EMPTY_FRONTIER);
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(oracleRoot(leaves.slice(0, split)), oracleRoot(leaves.slice(split)));
}

const tree64 = grow(Array.from({ length: 64 }, (_, n) => Uint8Array.of(n)));
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  assert.ok(item !== undefined);
  return item;
};

test('known roots', () => {
  const tree = grow(KNOWN_LEAVES.map((leaf) => new Uint8Array(Buffer.from(leaf, 'hex'))));
  assert.deepEqual(tree.roots.map(hex), KNOWN_ROOTS);
});

test('every root up to 64 is what the recursive definition gives', () => {
  tree64.roots.forEach((root, size) => {
    assert.equal(hex(root), hex(oracleRoot(tree64.leaves.slice(0, size))));
    assert.equal(hex(rootOfLeaves(tree64.leaves.slice(0, size))), hex(root));
  });
});

test('every inclusion proof up to 64 holds, and for no other place, size or root', () => {
  for (let size = 1; size <= 64; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const proof = inclusionProof(index, size, tree64.read);
      const [leaf, root] = [at(tree64.leaves, index), at(tree64.roots, size)];
      assert.ok(verifyInclusion(leaf, index, size, proof, root));
      assert.ok(!verifyInclusion(leaf, (index + 1) % (size + 1), size, proof, root));
      assert.ok(!verifyInclusion(leaf, index, size, proof, at(tree64.roots, size - 1)));
      assert.ok(!verifyInclusion(leaf, index, size, [...proof, leaf], root));
      if (proof.length > 0) assert.ok(!verifyInclusion(leaf, index, size, proof.slice(1), root));
    }
  }
});

test('every consistency proof for all sizes up to 64 holds, and not with another root', () => {
  for (let to = 0; to <= 64; to += 1) {
    for (let from = 0; from <= to; from += 1) {
      const proof = consistencyProof(from, to, tree64.read);
      const [fromRoot, toRoot] = [at(tree64.roots, from), at(tree64.roots, to)];
      const wrong = leafHash(Uint8Array.of(255, from, to));
      assert.ok(verifyConsistency(from, fromRoot, to, toRoot, proof), `${from} to ${to}`);
      assert.ok(!verifyConsistency(from, wrong, to, toRoot, proof));
      assert.ok(!verifyConsistency(from, fromRoot, to, wrong, proof) || from === 0);
      assert.ok(!verifyConsistency(from, fromRoot, to, toRoot, [...proof, wrong]));
      if (proof.length > 0) assert.ok(!verifyConsistency(from, fromRoot, to, toRoot, proof.slice(0, -1)));
    }
  }
});

const contents = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 2, maxLength: 200 });

function flip(hash: Hash, bit: number): Hash {
  const copy = Uint8Array.from(hash);
  copy[bit >> 3] = at([...copy], bit >> 3) ^ (1 << (bit & 7));
  return copy;
}

test('a proof with any bit changed fails', () => {
  fc.assert(
    fc.property(contents, fc.nat(), fc.nat(), fc.nat(255), fc.nat(), (bytes, a, b, bit, which) => {
      const tree = grow(bytes);
      const to = 2 + (a % (bytes.length - 1));
      const from = 1 + (b % (to - 1));
      const [fromRoot, toRoot, leaf] = [at(tree.roots, from), at(tree.roots, to), at(tree.leaves, from)];
      const consistency = consistencyProof(from, to, tree.read);
      const inclusion = inclusionProof(from, to, tree.read);
      assert.ok(verifyConsistency(from, fromRoot, to, toRoot, consistency));
      assert.ok(verifyInclusion(leaf, from, to, inclusion, toRoot));
      const bad = (proof: readonly Hash[]): Hash[] =>
        proof.map((hash, i) => (i === which % proof.length ? flip(hash, bit) : hash));
      assert.ok(!verifyConsistency(from, fromRoot, to, toRoot, bad(consistency)));
      assert.ok(!verifyInclusion(leaf, from, to, bad(inclusion), toRoot));
      assert.ok(!verifyInclusion(flip(leaf, bit), from, to, inclusion, toRoot));
    }),
  );
});

test('nonsense is refused, never thrown', () => {
  const hash = leafHash(new Uint8Array(0));
  for (const size of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
    assert.equal(verifyInclusion(hash, 0, size, [], hash), false);
    assert.equal(verifyConsistency(size, hash, 2 ** 40, hash, [hash]), false);
    assert.equal(verifyConsistency(1, hash, size, hash, [hash]), false);
  }
  assert.equal(verifyInclusion(hash.slice(1), 0, 1, [], hash.slice(1)), false);
  assert.equal(verifyConsistency(2, hash, 2 ** 52, hash, [hash]), false);
  assert.throws(() => inclusionProof(1, 1, tree64.read), RangeError);
  assert.throws(() => consistencyProof(2, 1, tree64.read), RangeError);
});
