import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { checkRequestHead } from '../../../src/protocols/http/head.ts';
import {
  authorityText,
  canonicalTarget,
  parseAbsoluteTarget,
  parseAuthority,
} from '../../../src/protocols/http/target.ts';
import { NO_FACTS } from '../../languages/api-scenarios.ts';
import { assertSame, type Random, strictnessOf, type Target } from '../fuzzing.ts';

const read = makeHttpReader({});

interface Parts {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** As it stands on the wire, with plain line feeds. */
function parts(input: string): Parts {
  const end = input.indexOf('\n\n');
  const [first = '', ...lines] = (end === -1 ? input : input.slice(0, end)).split('\n');
  const [method = '', target = ''] = first.split(' ');
  return {
    method,
    target,
    headers: lines.map((line) => {
      const colon = line.indexOf(':');
      return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
    body: end === -1 ? '' : input.slice(end + 2),
  };
}

function written({ method, target, headers, body }: Parts): string {
  const head = [`${method} ${target}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n');
  return `${head}\n\n${body}`;
}

function readRequest(input: string): number {
  const { method, target, headers, body } = parts(input);
  const absolute = parseAbsoluteTarget(target);
  const path = absolute.ok ? ({ ok: true, value: absolute.value.target } as const) : canonicalTarget(target);
  if (!path.ok) return 3;
  assertSame(canonicalTarget(path.value), path, 'the canonical form of the canonical form');
  const head = checkRequestHead({ method, httpVersion: '1.1', rawHeaders: headers.flat() });
  if (!head.ok) return 3;
  const host = parseAuthority(head.head.host ?? 'api.example', 443);
  if (!host.ok) return 3;
  const text = authorityText(host.value, 'https');
  assertSame(parseAuthority(text, 443), host, 'the authority of its text');
  const url = `https://${text}${path.value}`;
  // What is judged is what is sent: a URL parser must not change it.
  assertSame(new URL(url).pathname, path.value.split('?')[0], 'the path as a URL parser has it');
  const named = Object.fromEntries([...head.head.headers].map(([name, values]) => [name, values.join(', ')]));
  const request = { method, url, headers: named, ...(body === '' ? {} : { body: body.toWellFormed() }) };
  return strictnessOf(read({ kind: 'http', bytes: canonicalBytes(request) }, NO_FACTS));
}

function respell(input: string, random: Random): readonly string[] {
  const one = parts(input);
  const flipped = one.headers.map(([name, value]) => [
    // Letters of ASCII alone: others have no case of their own.
    name.replace(/[a-z]/gi, (char) => (random.below(2) === 0 ? char.toUpperCase() : char.toLowerCase())),
    value,
  ]) as readonly (readonly [string, string])[];
  // Different names may come in any order.
  const isUnique = new Set(one.headers.map(([name]) => name.toLowerCase())).size === one.headers.length;
  const spelled = [written({ ...one, headers: isUnique ? flipped.toReversed() : flipped })];
  const mark = one.target.indexOf('?');
  const path = mark === -1 ? one.target : one.target.slice(0, mark);
  const at = random.below(path.length);
  const char = path[at] ?? '';
  const isInEscape = /%[0-9A-Fa-f]?$/.test(path.slice(0, at));
  if (path.startsWith('/') && /[A-Za-z0-9_~-]/.test(char) && !isInEscape)
    spelled.push(
      written({
        ...one,
        target: `${one.target.slice(0, at)}%${char.charCodeAt(0).toString(16)}${one.target.slice(at + 1)}`,
      }),
    );
  if (path.startsWith('/')) spelled.push(written({ ...one, target: `/.${one.target}` }));
  return spelled;
}

export const HTTP_REQUEST: Target = {
  name: 'http',
  seeds: [
    'DELETE /v1/volumes/7?force=true\nhost: api.acme.example\nauthorization: Bearer x',
    'POST /graphql/v2\nhost: backboard.railway.com\ncontent-type: application/json\n\n{"query":"mutation { volumeDelete(volumeId: \\"x\\") }"}',
    'GET /graphql?query=mutation%20%7B%20a%20%7D\nhost: api.acme.example',
    'POST /rpc\nhost: api.acme.example\ncontent-type: application/json\n\n{"jsonrpc":"2.0","method":"tools/call","params":{"name":"delete_volume"},"id":1}',
    'POST /search\nHost: api.acme.example:8443\ncontent-type: application/x-www-form-urlencoded\nx-http-method-override: DELETE\n\nq=1',
    'PATCH /repos/o/r/git/refs/heads/main\nhost: api.github.com\n\n{"sha":"a","force":true}',
    'GET http://[::1]:80/a/%2e%2e/b;x=1\nhost: [::1]',
    'PUT /a//b/./../c%2Fd\nhost: a.example.\ncontent-length: 2\ntransfer-encoding: chunked\n\nab',
  ],
  pieces: [
    ['%2e%2e/', '%2F', '%5c', '..;/', '//', '?', '&', '#', '%', '%00', ';x=1', '\\', '{', '|', '%25', '%252e', ' '],
    ['\n', '\n\n', ': ', '\r', '\t', '\0', 'é', ',', '@', ':80', '[', ']', '.', 'DELETE ', '\nhost: other.example'],
    ['\ncontent-length: 5', '\ntransfer-encoding: chunked', '\ncontent-encoding: gzip', '\nx-http-method: DELETE'],
    [
      '\nconnection: authorization',
      '\nexpect: 100-continue',
      '{"query":"{a}"}',
      'mutation',
      'delete',
      'graphql',
      'sql',
    ],
  ].flat(),
  read: readRequest,
  respell,
};
