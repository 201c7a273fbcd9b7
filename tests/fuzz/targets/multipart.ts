import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { NO_FACTS } from '../../languages/api-scenarios.ts';
import { type Random, strictnessOf, type Target } from '../fuzzing.ts';

const read = makeHttpReader({});
const part = (name: string, value: string, more = ''): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
const DELETE = '{"query":"mutation { volumeDelete(volumeId: \\"v\\") }"}';
const body = (...parts: readonly string[]): string => `${parts.join('')}--b--\r\n`;
const TYPE = 'multipart/form-data; boundary=b';

/** The first line is the type, the rest the body. */
function readMultipart(input: string): number {
  const end = input.indexOf('\n');
  const [type, text] = end === -1 ? [input, ''] : [input.slice(0, end), input.slice(end + 1)];
  const headers = { 'content-type': type.toWellFormed() };
  const request = {
    method: 'POST',
    url: 'https://backboard.railway.com/graphql/v2',
    headers,
    body: text.toWellFormed(),
  };
  return strictnessOf(read({ kind: 'http', bytes: canonicalBytes(request) }, NO_FACTS));
}

function respell(input: string, random: Random): readonly string[] {
  const flip = (word: string): string =>
    [...word].map((char) => (random.below(2) === 0 ? char.toUpperCase() : char.toLowerCase())).join('');
  return [
    input.replace(/^content-disposition:/gim, flip),
    input.replace(/^(content-disposition: form-data; name="\w+")\r$/gim, '$1\r\nContent-Type: text/plain\r'),
    // A part that says nothing to a server of GraphQL.
    input.replace(/\n--b\r\n/, `\n${part('zz', 'x')}--b\r\n`),
  ];
}

export const MULTIPART: Target = {
  name: 'multipart',
  seeds: [
    `${TYPE}\n${body(part('operations', DELETE), part('map', '{}'))}`,
    `${TYPE}\n${body(part('query', '{ me { name } }'), part('variables', '{}'))}`,
    `${TYPE}\n${body(part('operations', '{"query":"{ me { name } }"}'), part('0', 'x', '; filename="a.txt"'))}`,
    `${TYPE}\n${body(part('query', '{ me { name } }'), part('x', DELETE, '; filename="y; name=operations"'))}`,
  ],
  pieces: [
    [
      '--b',
      '--b--',
      '\r\n',
      '\n',
      '\r\n\r\n',
      '"',
      ';',
      '; name="operations"',
      '; name=operations',
      '; filename="x"',
      ' name ="operations"',
    ],
    [
      'boundary="b"',
      'boundary=c',
      '; charset=utf-8',
      'Content-Disposition: form-data',
      'Content-Type: application/json\r\n',
      '\\"',
      "name*=utf-8''operations",
    ],
    ['Content-Transfer-Encoding: base64\r\n', part('operations', DELETE), part('query', '{ a }'), '\0', ' ', '\t'],
  ].flat(),
  read: readMultipart,
  respell,
};
