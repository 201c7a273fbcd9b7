import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { readPacketLines, readRefCommands } from '../../../src/languages/http/receive-pack.ts';
import { NO_FACTS } from '../../languages/api-scenarios.ts';
import { assertSame, strictnessOf, type Target } from '../fuzzing.ts';

const read = makeHttpReader({});
const ZERO = '0'.repeat(40);
const [A, B] = ['a'.repeat(40), 'b'.repeat(40)];
const packet = (line: string): string => `${(Buffer.byteLength(line) + 4).toString(16).padStart(4, '0')}${line}`;
const push = (...lines: readonly string[]): string => `${lines.map(packet).join('')}0000`;

function readPush(input: string): number {
  const bytes = Buffer.from(input, 'latin1');
  readPacketLines(bytes);
  const commands = readRefCommands(bytes);
  if (commands.ok) {
    if (commands.endBytes > bytes.length) throw new Error('ends past its end');
    const again = push(...commands.commands.map(({ from, to, ref }) => `${from} ${to} ${ref}`));
    const reread = readRefCommands(Buffer.from(again));
    assertSame(reread.ok ? reread.commands : reread, commands.commands, 'the commands written anew');
    // What follows is the pack, and no part of the commands.
    const cut = readRefCommands(bytes.subarray(0, commands.endBytes));
    assertSame(cut, commands, 'the commands without the pack');
  }
  const request = {
    method: 'POST',
    url: 'https://git.example/shop.git/git-receive-pack',
    headers: { 'content-type': 'application/x-git-receive-pack-request' },
    body: new TextDecoder().decode(bytes),
  };
  return strictnessOf(read({ kind: 'http', bytes: canonicalBytes(request) }, NO_FACTS));
}

/** Lengths in capitals, line ends that do not count, and a harmless command more. */
function respell(input: string): readonly string[] {
  const commands = readRefCommands(Buffer.from(input, 'latin1'));
  if (!commands.ok || commands.commands.length === 0 || /[^\0-\x7f]/.test(input)) return [];
  const lines = commands.commands.map(({ from, to, ref }) => `${from} ${to} ${ref}`);
  const [first = '', ...rest] = lines;
  return [
    push(`${first}\0 report-status atomic`, ...rest),
    push(...lines.map((line) => `${line}\n`)),
    push(...lines).replace(/^[0-9a-f]{4}/, (length) => length.toUpperCase()),
    push(...lines, `${ZERO} ${B} refs/heads/zz-more`),
    push(`shallow ${A}`, ...lines),
  ];
}

export const GIT: Target = {
  name: 'git',
  seeds: [
    `${push(`${ZERO} ${B} refs/heads/x\0 report-status side-band-64k`)}PACK`,
    push(`${A} ${ZERO} refs/heads/main\0 delete-refs`, `${ZERO} ${B} refs/tags/v1`),
    `${push(`${A} ${B} refs/heads/main\0 report-status push-options`)}${push('ci.skip')}PACK\0\u0001`,
    push(`shallow ${A}`, `${A} ${B} HEAD`),
    push('command=ls-refs', 'agent=git/2'),
  ],
  pieces: [
    [
      '0000',
      '0001',
      '0002',
      '0003',
      '0004',
      'ffff',
      '\0',
      '\n',
      ' ',
      packet(`${A} ${ZERO} refs/heads/main`),
      packet(`${ZERO} ${B} refs/heads/y`),
    ],
    [
      'refs/heads/',
      'refs/tags/',
      '..',
      '~',
      '^',
      '\u00c3',
      '\u00ff',
      'push-cert',
      ' push-options',
      ZERO,
      A,
      B,
      packet('push-cert\0'),
      'PACK',
    ],
  ].flat(),
  read: readPush,
  respell: (input) => respell(input),
};
