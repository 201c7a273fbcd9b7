import assert from 'node:assert/strict';
import test from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalBytes, canonicalJson, type Json } from '../../src/core/canonical-json.ts';
import { digestOf, parseDigest } from '../../src/core/digest.ts';

// RFC 8785 appendix B: the bits of a double and its text.
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

test('numbers have the text of RFC 8785 appendix B', () => {
  for (const [bits, text] of NUMBERS) {
    assert.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE(0)), text, bits);
  }
});

test('keys sort by UTF-16 code units, not by code points (RFC 8785 section 3.2.3)', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  const order = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1]);
  assert.deepEqual(order, [
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ]);
});

test('strings are escaped as in RFC 8785 section 3.2.2.2', () => {
  assert.equal(
    canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/\u007f\u2028'),
    '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f\u2028"',
  );
  assert.equal(canonicalJson('\b\t\n\f\r\u0000\u001f'), '"\\b\\t\\n\\f\\r\\u0000\\u001f"');
});

test('agrees with the reference implementation on any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      assert.equal(canonicalJson(value as Json), canonicalize(value));
    }),
    { numRuns: 500 },
  );
});

test('is a fixed point: parsing and printing again gives the same bytes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value as Json);
      assert.equal(canonicalJson(JSON.parse(text) as Json), text);
      assert.equal(new TextDecoder().decode(canonicalBytes(value as Json)), text);
    }),
  );
});

test('does not depend on the order in which members were added', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.string(), fc.integer()), { selector: ([key]) => key }), (members) => {
      const forwards = Object.fromEntries(members.filter(([key]) => key !== '__proto__'));
      const backwards = Object.fromEntries(members.filter(([key]) => key !== '__proto__').reverse());
      assert.equal(digestOf(forwards), digestOf(backwards));
    }),
  );
});

test('members that are undefined are left out, elsewhere undefined is refused', () => {
  assert.equal(canonicalJson({ b: undefined, a: 1 }), '{"a":1}');
  assert.throws(() => canonicalJson(undefined as never), TypeError);
  assert.throws(() => canonicalJson([1, undefined] as never), TypeError);
  // Holes are undefined too: two different arrays must not share a text.
  assert.throws(() => canonicalJson(Array(2) as never), TypeError);
});

test('what JSON cannot carry is refused', () => {
  const values: unknown[] = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '\ud800',
    'a\udc00',
    { '\udfff': 1 },
    1n,
    Symbol('s'),
    () => 1,
  ];
  const instances: unknown[] = [new Date(0), new Map(), new Uint8Array(2), /x/, new (class A {})()];
  for (const value of [...values, ...instances])
    assert.throws(() => canonicalJson(value as Json), TypeError, String(value));
});

test('an own member called __proto__ counts', () => {
  const value = JSON.parse('{"__proto__":{"a":1},"b":2}') as Json;
  assert.equal(canonicalJson(value), '{"__proto__":{"a":1},"b":2}');
});

test('a digest from outside has 64 lower-case hex digits', () => {
  const digest = digestOf({ a: 1 });
  assert.equal(parseDigest(digest), digest);
  for (const wrong of ['', digest.toUpperCase(), `${digest}0`, digest.slice(1), `${digest}\n`, `z${digest.slice(1)}`]) {
    assert.equal(parseDigest(wrong), undefined, wrong);
  }
});
