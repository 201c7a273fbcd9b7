import { type Node, type ParseError, parseTree } from 'jsonc-parser';
import { LIMITS } from '../../../src/core/limits.ts';
import { parseStrictJson } from '../../../src/core/strict-json.ts';
import { assertSame, type Random, type Target } from '../fuzzing.ts';

/** By another parser: whether some object has a key twice. */
function hasTwice(node: Node): boolean {
  if (node.type === 'object') {
    const keys = (node.children ?? []).map((property) => String(property.children?.[0]?.value));
    if (new Set(keys).size < keys.length) return true;
  }
  return (node.children ?? []).some(hasTwice);
}

function readJson(input: string): number {
  const read = parseStrictJson(input, LIMITS.jsonDepth);
  if (!read.ok) return 1;
  assertSame(read.value, JSON.parse(input), 'what JSON.parse makes of it');
  const errors: ParseError[] = [];
  const tree = parseTree(input, errors, { disallowComments: true });
  if (tree === undefined || errors.length > 0) throw new Error('accepted, and another parser finds errors');
  if (hasTwice(tree)) throw new Error('accepted with a key given twice');
  const again = parseStrictJson(JSON.stringify(read.value), LIMITS.jsonDepth);
  assertSame(again, read, 'what it is once it is written anew');
  return 0;
}

/** White space where it means nothing: beside what opens, closes and parts, outside of texts. */
function respell(input: string, random: Random): readonly string[] {
  let isText = false;
  const out: string[] = [];
  for (let at = 0; at < input.length; at += 1) {
    const char = input[at] ?? '';
    out.push(char);
    if (isText && char === '\\') {
      out.push(input[at + 1] ?? '');
      at += 1;
    } else if (char === '"') isText = !isText;
    else if (!isText && /[[\]{},:]/.test(char)) out.push(random.pick(['', ' ', '\n', '\t', '\r\n  ']));
  }
  return [out.join(''), ` ${input}`, `${input}\n`];
}

export const JSON_TEXT: Target = {
  name: 'json',
  seeds: [
    '{"query":"mutation { a }","variables":{"v":"x"},"operationName":null}',
    '[{"a":1,"b":[true,false,null,-0.5e-3]},"\\u00e9\\n\\"",[]]',
    '{"a":{"b":{"c":{}}},"\\u0061x":1,"ax2":2}',
    '{"__proto__":{"x":1},"constructor":[9007199254740991]}',
  ],
  pieces: [
    [
      '"',
      '\\',
      '\\u0061',
      '\\ud800',
      '\\udc00',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a":',
      '"\\u0061":1,',
      '1e400',
      '9007199254740993',
      '-',
    ],
    [
      '0',
      '.',
      'e',
      'true',
      'null',
      'NaN',
      '//',
      '/* */',
      "'",
      '\0',
      '\uFEFF',
      '\u2028',
      '\ud800',
      ' ',
      '\n',
      '[[[[[[[[[[[[[[[[',
      '"__proto__":',
    ],
  ].flat(),
  read: readJson,
  respell,
};
