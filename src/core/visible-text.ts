/**
 * Text from outside, made safe to read: what could hide, reorder or imitate is shown as an escape.
 * Controls (but not line feed and tab where `multiline`), bidi controls, zero-width and other format characters,
 * unassigned and private code points, blanks that are no spaces, combining marks without a base or in heaps, and letters
 * of a second script inside one word (scripts that are commonly written together with Latin, as in Japanese, aside).
 * Sources: UTS #39 (mixed scripts), UAX #9 (bidi), CWE-1007.
 */
export function visibleText(text: string, options: { readonly multiline?: boolean } = {}): string {
  const wellFormed = text.replace(/[\ud800-\udfff]/gu, (unit) => `\\u{${unit.charCodeAt(0).toString(16)}}`);
  const escaped = wellFormed.replace(
    /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]|(?![ ])\p{Zs}/gu,
    (char) => (options.multiline === true && (char === '\n' || char === '\t') ? char : escapeChar(char)),
  );
  return escaped
    .replace(/[\p{L}\p{M}\p{N}_]+/gu, escapeMixedScripts)
    .replace(/(^|[^\p{L}\p{N}\p{M}])(\p{M}+)/gu, (_, before: string, marks: string) => before + escapeAll(marks))
    .replace(/(\p{M}{4})(\p{M}+)/gu, (_, marks: string, heap: string) => marks + escapeAll(heap));
}

/** Scripts whose letters imitate those of another one. */
const SCRIPTS: readonly RegExp[] = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Georgian}/u,
  /\p{Script=Hebrew}/u,
  /\p{Script=Arabic}/u,
  // Any other script, but those that UTS #39 lets stand beside Latin at its level "highly restrictive".
  /(?![\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Georgian}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Hangul}\p{Script=Common}\p{Script=Inherited}])\p{L}/u,
];

function escapeMixedScripts(word: string): string {
  if (/^[\p{ASCII}]*$/u.test(word)) return word;
  const found = SCRIPTS.filter((pattern) => pattern.test(word));
  const imitation = /[\u{ff00}-\u{ffef}\u{1d400}-\u{1d7ff}]/u;
  if (found.length < 2 && !imitation.test(word)) return word;
  return Array.from(word, (char) => (/\p{ASCII}/u.test(char) ? char : escapeChar(char))).join('');
}

function escapeAll(text: string): string {
  return Array.from(text, escapeChar).join('');
}

function escapeChar(char: string): string {
  if (char === '\n') return '\\n';
  if (char === '\t') return '\\t';
  if (char === '\r') return '\\r';
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
