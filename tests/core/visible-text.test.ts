import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { visibleText } from '../../src/core/visible-text.ts';

const cases: readonly (readonly [note: string, text: string, want: string])[] = [
  ['a right-to-left override', 'rm \u202etxt.exe', 'rm \\u{202e}txt.exe'],
  ['bidi isolates', 'a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
  ['a right-to-left mark', 'a\u200fb', 'a\\u{200f}b'],
  ['a zero-width space', 'drop\u200b table', 'drop\\u{200b} table'],
  ['a zero-width joiner', 'a\u200db', 'a\\u{200d}b'],
  ['a byte order mark', '\ufeffls', '\\u{feff}ls'],
  ['a soft hyphen', 'vol\u00adume', 'vol\\u{ad}ume'],
  ['an annotation anchor', 'a\ufff9b', 'a\\u{fff9}b'],
  ['an Arabic number sign', '1\u06002', '1\\u{600}2'],
  ['tag characters', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['a variation selector', 'a\ufe0fb', 'a\\u{fe0f}b'],
  ['a Hangul filler', 'a\u3164b', 'a\\u{3164}b'],
  ['a blank Braille pattern', 'a\u2800b', 'a\\u{2800}b'],
  ['a no-break space', 'rm\u00a0-rf', 'rm\\u{a0}-rf'],
  ['an ideographic space', 'rm\u3000-rf', 'rm\\u{3000}-rf'],
  ['an escape sequence', '\u001b[2J\u001b]0;x\u0007', '\\u{1b}[2J\\u{1b}]0;x\\u{7}'],
  ['a C1 control', '\u009b2J', '\\u{9b}2J'],
  ['a carriage return', 'safe\rrm', 'safe\\rrm'],
  ['line feed and tab', 'a\n\tb', 'a\\n\\tb'],
  ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
  ['a private code point', 'a\ue000b', 'a\\u{e000}b'],
  ['an unassigned code point', 'a\u{10ffff}b', 'a\\u{10ffff}b'],
  ['a Cyrillic letter in a Latin word', 'st\u0430ging', 'st\\u{430}ging'],
  ['a Greek letter in a Latin word', 'pr\u03bfd', 'pr\\u{3bf}d'],
  ['a Latin letter in a Cyrillic word', '\u043f\u0440o\u0434', '\\u{43f}\\u{440}o\\u{434}'],
  ['a Coptic letter in a Latin word', 'pr\u2c9fd', 'pr\\u{2c9f}d'],
  ['a Lisu letter in a Latin word', 'PRO\ua4d3', 'PRO\\u{a4d3}'],
  ['fullwidth letters', '\uff52\uff4d', '\\u{ff52}\\u{ff4d}'],
  ['mathematical letters', 'pr\u{1d428}d', 'pr\\u{1d428}d'],
  ['a combining mark without a base', ' \u0301x', ' \\u{301}x'],
  ['a combining mark at the start', '\u0338=', '\\u{338}='],
  ['a heap of combining marks', `a${'\u0301'.repeat(6)}`, `a${'\u0301'.repeat(4)}${'\\u{301}'.repeat(2)}`],
];

for (const [note, text, want] of cases) {
  test(`shows ${note}`, () => assert.equal(visibleText(text), want));
}

const untouched: readonly (readonly [note: string, text: string])[] = [
  ['German', 'Löschen der Größe'],
  ['decomposed accents', 'Lo\u0308schen, Vie\u0323\u0302t'],
  ['Russian', 'удалить том'],
  ['Greek', 'διαγραφή'],
  ['Japanese with Latin', '本番Tシャツ'],
  ['Korean', '삭제'],
  ['Hindi with its marks', 'हिन्दी'],
  ['Russian and English words side by side', 'том volume'],
  ['emoji', 'done 🎉'],
];

for (const [note, text] of untouched) {
  test(`leaves ${note} alone`, () => assert.equal(visibleText(text), text));
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const nasty = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      '\u202e',
      '\u200b',
      '\ud800',
      '\udc00',
      '\n',
      '\t',
      '\u0301',
      '\u0430',
      'a',
      ' ',
      '\u00a0',
      '\\',
      '\u001b',
    ),
  ),
});
const runs = { numRuns: 2000 };

test('nothing hidden is left in any output', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const shown = visibleText(text);
      assert.doesNotMatch(shown, HIDDEN);
      assert.doesNotMatch(shown, /(?! )\p{Zs}/u);
      assert.doesNotMatch(shown, /(^|[^\p{L}\p{N}\p{M}])\p{M}/u);
      assert.ok(shown.isWellFormed());
    }),
    runs,
  );
});

test('several lines keep line feed and tab, and nothing else', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const shown = visibleText(text, { multiline: true });
      assert.doesNotMatch(shown.replaceAll(/[\n\t]/g, ''), HIDDEN);
      assert.equal(shown.split('\n').length, text.split('\n').length);
    }),
    runs,
  );
});

test('printable ASCII is never changed', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => assert.equal(visibleText(text), text)));
});

test('what is shown is shown the same way again', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const shown = visibleText(text);
      assert.equal(visibleText(shown), shown);
    }),
    runs,
  );
});

test('two texts that differ in something hidden are told apart', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.constantFrom('\u202e', '\u200b', '\u0000', '\u2800'),
      fc.nat(),
      (text, hidden, place) => {
        const at = place % (text.length + 1);
        assert.notEqual(visibleText(text.slice(0, at) + hidden + text.slice(at)), visibleText(text));
      },
    ),
  );
});
