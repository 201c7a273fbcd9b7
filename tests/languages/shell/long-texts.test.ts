import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectsIn } from './seen-world.ts';

/** Texts at which a pattern that looks again and again at the same characters takes minutes: here it ends the test run. */
const TEXTS: readonly (readonly [string, string])[] = [
  ['a substitution of nothing but its mark', `sed -i 's${'/'.repeat(60_000)}' f`],
  ['many substitutions', `sed -i '${'s/a/'.repeat(15_000)}' f`],
  ['prints without an end', `awk '${'print '.repeat(10_000)}' f`],
  ['a long name of a file', `psql -f ${'schema'.repeat(10_000)}.sqx`],
  ['settings without a value', `psql "${'a'.repeat(60_000)}=" -c "delete from x"`],
  ['commands of an editor', `vim -c '${'|w! '.repeat(15_000)}' f`],
  ['a search path of many folders', `PATH=${'a:'.repeat(30_000)} ls`],
  ['one output after the other', `gcc ${'-o a '.repeat(12_000)}`],
];

for (const [note, text] of TEXTS)
  test(`${note} is read to its end`, () => {
    assert.ok(effectsIn({}, text).length > 0);
  });
