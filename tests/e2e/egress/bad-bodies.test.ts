import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { toAction } from '../../../src/apps/egress/action.ts';
import { findPaths } from '../../../src/apps/paths.ts';
import { type OpenedJudge, openJudge } from '../../../src/apps/wire.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { isRefused } from '../../../src/pipeline/products.ts';
import { HOST, openWorld, textOf, tlsTunnel, type World } from './fixture.ts';

const fingerprintKey = Buffer.alloc(32, 7);
const query = (text: string): string => JSON.stringify({ query: text });
const doubling = Array.from({ length: 40 }, (_, n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} }`).join(
  ' ',
);

/** Each is a read to whoever reads no further than its beginning. */
const GRAPHQL: readonly (readonly [note: string, body: string | Buffer, headers?: string])[] = [
  ['selections that nest without end', query(`{ ${'a { '.repeat(5_000)}a${' }'.repeat(5_000)} }`)],
  [
    'selections one deeper than is read',
    query(`{ ${'a { '.repeat(LIMITS.graphqlDepth)}a${' }'.repeat(LIMITS.graphqlDepth)} }`),
  ],
  [
    'a thousand aliases and one',
    query(`{ ${Array.from({ length: LIMITS.graphqlFields + 1 }, (_, n) => `a${n}: me { id }`).join(' ')} }`),
  ],
  ['more tokens than are read', query(`{ me(${'a: 1 '.repeat(LIMITS.graphqlTokens)}) { id } }`)],
  ['values that nest without end', query(`{ me(a: ${'['.repeat(20_000)}${']'.repeat(20_000)}) { id } }`)],
  ['a fragment in itself', query('{ ...f } fragment f on Query { me { id } ...f }')],
  [
    'fragments in a circle',
    query('{ ...a } fragment a on Query { ...b } fragment b on Query { ...c } fragment c on Query { ...a }'),
  ],
  ['fragments that double at each step', query(`{ ...f0 } ${doubling} fragment f40 on Query { me { id } }`)],
  [
    'two fragments of one name',
    query('{ ...f } fragment f on Query { me { id } } fragment f on Mutation { projectDelete(id: "p") }'),
  ],
  ['two operations of one name', query('query q { me { id } } mutation q { projectDelete(id: "p") }')],
  ['a batch of very many', `[${Array.from({ length: 2_000 }, () => query('{ me { id } }')).join(',')}]`],
  ['a query given twice', '{"query":"{ me { id } }","query":"mutation { projectDelete(id: \\"p\\") }"}'],
  [
    'a query given twice, once in escapes',
    '{"query":"{ me { id } }","\\u0071uery":"mutation { projectDelete(id: \\"p\\") }"}',
  ],
  ['a variable given twice', '{"query":"query($a: ID) { project(id: $a) { id } }","variables":{"a":"1","a":"2"}}'],
  [
    'variables that nest without end',
    `{"query":"{ me { id } }","variables":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
  ],
  ['a number that no double holds', '{"query":"{ me { id } }","variables":{"a":12345678901234567890}}'],
  ['half a surrogate', '{"query":"{ me { id } }","variables":{"a":"\\ud800"}}'],
  [
    'bytes that are no UTF-8',
    Buffer.concat([
      Buffer.from('{"query":"{ me { id } }","variables":{"a":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}'),
    ]),
  ],
  [
    'a letter in more bytes than it needs',
    Buffer.concat([
      Buffer.from('{"query":"{ me { id } }","variables":{"a":"'),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from('"}}'),
    ]),
  ],
  [
    'half a surrogate in bytes',
    Buffer.concat([
      Buffer.from('{"query":"{ me { id } }","variables":{"a":"'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}}'),
    ]),
  ],
  ['UTF-16', Buffer.from('\ufeff{"query":"{ me { id } }"}', 'utf16le')],
  ['a byte order mark', '\ufeff{"query":"{ me { id } }"}'],
  ['a comment', '{"query":"{ me { id } }" /* } */}'],
  ['a second text behind the first', '{"query":"{ me { id } }"}{"query":"mutation { projectDelete(id: \\"p\\") }"}'],
  ['UTF-7 by its type', query('{ me { id } }'), 'Content-Type: application/json; charset=utf-7'],
  [
    'bytes that are no UTF-8, packed',
    gzipSync(Buffer.from([0x7b, 0xff, 0x7d])),
    'Content-Type: application/json\r\nContent-Encoding: gzip',
  ],
  ['a bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024)), 'Content-Type: application/json\r\nContent-Encoding: gzip'],
  [
    'a bomb of another kind',
    brotliCompressSync(Buffer.alloc(64 * 1024 * 1024)),
    'Content-Type: application/json\r\nContent-Encoding: br',
  ],
  [
    'a bomb in zlib',
    deflateSync(Buffer.alloc(64 * 1024 * 1024)),
    'Content-Type: application/json\r\nContent-Encoding: deflate',
  ],
  [
    'a bomb in a bomb',
    gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024))),
    'Content-Type: application/json\r\nContent-Encoding: gzip, gzip',
  ],
  ['a packing that nobody knows', query('{ me { id } }'), 'Content-Type: application/json\r\nContent-Encoding: zstd'],
];

describe('bodies that two readers could read differently, or never come to the end of, are refused', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-bad-bodies-'));
  let world: World;
  let judging: OpenedJudge;
  const refused: string[] = [];
  before(async () => {
    judging = await openJudge(findPaths({ HOME: folder, XDG_STATE_HOME: path.join(folder, 'state') }), () => undefined);
    world = await openWorld({
      judge: async (request, _signal, pass) => {
        const { action } = toAction(request, { fingerprintKey });
        const judged = await judging.judge(
          { id: 'r', action, origin: { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: '' } },
          undefined,
        );
        if (!isRefused(judged) && judged.says === 'allow') return pass;
        const detail = isRefused(judged) ? judged.reason : judged.effects.map(({ summary }) => summary).join('; ');
        refused.push(detail);
        return { kind: 'refuse', status: 403, problem: { type: 'urn:test', title: 'held', detail, rule: 'r' } };
      },
    });
  });
  after(async () => {
    await world.close();
    await judging.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = async (body: string | Buffer, headers = 'Content-Type: application/json'): Promise<string> => {
    const socket = await tlsTunnel(world);
    const bytes = Buffer.from(body);
    socket.write(
      `POST /graphql/v2 HTTP/1.1\r\nHost: ${HOST}\r\n${headers}\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`,
    );
    socket.write(bytes);
    return textOf(socket);
  };

  it('but for a plain read, which passes', async () => {
    assert.match(await post(query('{ me { id } }')), /^HTTP\/1\.1 200 .*hello POST \/graphql\/v2/s);
    assert.equal(world.seen.length, 1);
  });

  for (const [note, body, headers] of GRAPHQL)
    it(note, async () => {
      const [seen, told] = [world.seen.length, refused.length + world.refusals.length];
      const answer = await post(body, headers);
      // A client of GraphQL gets an error of GraphQL, of status 200.
      assert.match(answer, /^HTTP\/1\.1 (403|413|415|400|200) /, answer.slice(0, 300));
      assert.match(answer, /"status":4\d\d/, answer.slice(0, 600));
      assert.doesNotMatch(answer, /hello/);
      assert.equal(world.seen.length, seen, 'nothing is forwarded');
      assert.equal(refused.length + world.refusals.length, told + 1, 'and it is recorded once');
    });

  it('and the next client is served', async () => {
    assert.match(await post(query('{ me { id } }')), /hello POST/);
  });
});
