import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseStrictJson } from '../../src/core/strict-json.ts';

const DEPTH = 64;
const refused: readonly (readonly [note: string, text: string, error: RegExp])[] = [
  ['a duplicate key', '{"a":1,"a":2}', /duplicate key `a`/],
  ['a duplicate key in other spelling', '{"a":1,"\\u0061":2}', /duplicate key `a`/],
  ['a duplicate key with an escaped slash', '{"a/b":1,"a\\/b":2}', /duplicate key `a\/b`/],
  ['a duplicate key by a surrogate pair', '{"\\ud83d\\ude00":1,"😀":2}', /duplicate key/],
  ['a duplicate key far apart', '{"a":{"b":[1,{"c":"}"}]},"b":2,"a":3}', /duplicate key `a`/],
  ['a duplicate key in an inner object', '[{"a":{"b":1,"b":1}}]', /duplicate key `b`/],
  ['a duplicate key before spaces and a colon', '{"a" :1,"a"\n\t\r:2}', /duplicate key `a`/],
  ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}', /duplicate key/],
  ['a duplicate empty key', '{"":1,"":2}', /duplicate key/],
  ['a lone surrogate by escape in an array', '["\\ud800"]', /lone surrogate/],
  ['a lone surrogate by escape in a value', '{"a":"x\\udc00y"}', /lone surrogate/],
  ['a lone surrogate by escape at the top', '"\\uD800"', /lone surrogate/],
  ['a lone surrogate by escape in a key', '{"\\ud800":1}', /lone surrogate/],
  ['a lone surrogate after an escaped backslash', '["\\\\\\ud800"]', /lone surrogate/],
  ['surrogates in the wrong order', '["\\ude00\\ud83d"]', /lone surrogate/],
  ['half a pair by escape, half as it is', '["\\ud83d\ude00"]', /lone surrogate/],
  ['a lone surrogate as it is', '"\ud800"', /lone surrogate/],
  ['nesting too deep', `${'['.repeat(65)}${']'.repeat(65)}`, /nested deeper than 64/],
  ['nesting too deep in objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, /nested deeper than 64/],
  ['nesting that never closes', '['.repeat(1_000_000), /nested deeper than 64/],
  ['no text', '', /not valid JSON/],
  ['two values', '1 2', /not valid JSON/],
  ['a trailing comma', '{"a":1,}', /not valid JSON/],
  ['a comment', '{/* a */}', /not valid JSON/],
  ['single quotes', "{'a':1}", /not valid JSON/],
  ['a byte order mark', '\ufeff{}', /not valid JSON/],
  ['a control in a string', '"\n"', /not valid JSON/],
  ['a string without an end', '{"a', /does not end/],
  ['a string that ends in a backslash', '"\\', /does not end/],
  ['a closing bracket too many', '{}]', /not valid JSON/],
  ['brackets that do not match', '{"a":[}', /not valid JSON/],
  ['NaN', '[NaN]', /not valid JSON/],
  ['a bad escape in a key', '{"\\x":1}', /a key is not valid JSON/],
  ['a number beyond a double', '[1e400]', /a number is too large/],
  ['a negative number beyond a double', '{"a":-1E+400}', /a number is too large/],
  ['an integer whose canonical form is another one', '[1152921504606846976]', /more digits/],
  ['an integer that would become its neighbour', '{"id":9007199254740993}', /more digits/],
  ['a long integer that a double rounds', '[123456789012345678901234567890]', /more digits/],
  ['a fraction that would become its neighbour', '[0.1000000000000000000001]', /more digits/],
  ['a number that would become zero', '[1.5e-400]', /too small/],
  ['a short number that would become zero', '[1e-999]', /too small/],
  ['a number as long as a book', `[0.${'3'.repeat(2_000)}]`, /too many digits/],
  ['a number beyond a double by its digits', `[${'9'.repeat(400)}]`, /a number is too large/],
];

for (const [note, text, error] of refused) {
  test(`refuses ${note}`, () => {
    const result = parseStrictJson(text, DEPTH);
    assert.ok(!result.ok);
    assert.match(result.error, error);
  });
}

const accepted: readonly (readonly [note: string, text: string])[] = [
  ['the same key in two objects', '[{"a":1},{"a":1},{"b":{"a":1}}]'],
  ['a string value equal to a key', '{"a":"a","b":["a","a"]}'],
  ['keys that differ in case', '{"a":1,"A":2}'],
  ['brackets and quotes inside strings', '{"a":"{\\"a\\":[","b":"]}"}'],
  ['a colon after a string in an array of strings', '["a:","b"]'],
  ['a pair by escapes', '["\\ud83d\\ude00"]'],
  ['an escaped backslash before a u', '["\\\\ud800"]'],
  ['depth at the limit', `${'['.repeat(64)}${']'.repeat(64)}`],
  ['a scalar', ' 12 '],
  [
    'numbers of all kinds',
    '[-0,0.0e-400,1E+2,-1.7976931348623157e308,5e-324,9007199254740992,1152921504606847000,0.30000000000000004]',
  ],
];

for (const [note, text] of accepted) {
  test(`accepts ${note}`, () => assert.deepEqual(parseStrictJson(text, DEPTH), { ok: true, value: JSON.parse(text) }));
}

test('agrees with JSON.parse on I-JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat({ max: 3 }), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.deepEqual(parseStrictJson(text, DEPTH), { ok: true, value: JSON.parse(text) });
    }),
    { numRuns: 500 },
  );
});

test('agrees with JSON.parse on what is no JSON, whatever was broken', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.nat(),
      fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', 'u', ' '),
      (value, place, patch) => {
        const whole = JSON.stringify(value);
        const at = place % (whole.length + 1);
        const text = whole.slice(0, at) + patch + whole.slice(at + 1);
        const result = parseStrictJson(text, DEPTH);
        if (result.ok) assert.deepEqual(result.value, JSON.parse(text));
      },
    ),
    { numRuns: 1000 },
  );
});

test('a key that occurs twice is always found, however it is spelt', () => {
  const spelling = (key: string, escaped: readonly boolean[]): string =>
    `"${Array.from({ length: key.length }, (_, i) =>
      escaped[i % escaped.length] === true
        ? `\\u${key.charCodeAt(i).toString(16).padStart(4, '0')}`
        : JSON.stringify(key[i]).slice(1, -1),
    ).join('')}"`;
  const flags = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.jsonValue(), flags, flags, (key, value, one, other) => {
      const text = `{${spelling(key, one)}:${JSON.stringify(value)},${spelling(key, other)}:1}`;
      assert.equal(parseStrictJson(text, DEPTH).ok, false, text);
    }),
  );
});
