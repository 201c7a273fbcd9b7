import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CREDENTIALS,
  HOST,
  openWorld,
  PLAIN_HOST,
  rawSocket,
  rawTunnel,
  textOf,
  tlsTunnel,
  type World,
} from './fixture.ts';

/** What goes through a tunnel, and the status that it must meet. Nothing of any of it may reach the server. */
const INSIDE: readonly (readonly [note: string, text: string, status: number])[] = [
  [
    'length and coding',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'coding and length',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['two lengths', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
  ['two equal lengths', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na`, 400],
  ['a list of lengths', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1, 1\r\n\r\na`, 400],
  ['a signed length', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: +1\r\n\r\na`, 400],
  ['a space before the colon', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length : 1\r\n\r\na`, 400],
  [
    'a coding that is not chunked',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['two codings in one', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  [
    'two codings in two',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'a vertical tab in the coding',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['an underscore twin', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer_Encoding: chunked\r\n\r\n`, 400],
  ['a coding in HTTP/1.0', `POST / HTTP/1.0\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a folded header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\r\n b\r\n\r\n`, 400],
  ['bare line feeds', `GET / HTTP/1.1\nHost: ${HOST}\n\n`, 400],
  ['one bare line feed', `GET / HTTP/1.1\r\nHost: ${HOST}\nX: y\r\n\r\n`, 400],
  ['a bare carriage return', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['a NUL in a header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\0b\r\n\r\n`, 400],
  ['an empty header name', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n: x\r\n\r\n`, 400],
  [
    'a line feed after a chunk size',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n`,
    400,
  ],
  [
    'a line feed in a chunk extension',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nx\r\n0\r\n\r\n`,
    400,
  ],
  [
    'a chunk longer than said',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n`,
    400,
  ],
  [
    'a chunk size out of range',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n`,
    400,
  ],
  [
    'a negative chunk size',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n`,
    400,
  ],
  [
    'chunk extensions without end',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
    413,
  ],
  [
    'request trailers',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Late: 1\r\n\r\n`,
    400,
  ],
  ['HTTP/2.0 in text', `GET / HTTP/2.0\r\nHost: ${HOST}\r\n\r\n`, 505],
  ['HTTP/1.2', `GET / HTTP/1.2\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['another host', 'GET / HTTP/1.1\r\nHost: other.example\r\n\r\n', 421],
  ['another port', `GET / HTTP/1.1\r\nHost: ${HOST}:444\r\n\r\n`, 421],
  ['a user in the host', `GET / HTTP/1.1\r\nHost: x@${HOST}\r\n\r\n`, 400],
  ['an absolute target', `GET https://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['an absolute target elsewhere', `GET http://other.example/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['an asterisk target', `OPTIONS * HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['a fragment', `GET /a#b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['a backslash', `GET /a\\..\\b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['a hidden dot segment', `GET /a%2f..%2fb HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['bytes above ASCII in the target', `GET /\xff HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  ['a tunnel in the tunnel', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n', 405],
  ['TRACE', `TRACE / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 405],
  ['an unknown method', `DELETEX / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
  [
    'a websocket',
    `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    403,
  ],
  [
    'h2c',
    `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
    403,
  ],
  ['an upgrade without a connection header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: h2c\r\n\r\n`, 403],
  [
    'a nominated header',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close, content-type\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\na`,
    400,
  ],
  [
    'an unknown expectation',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: 200-maybe\r\nContent-Length: 1\r\n\r\na`,
    417,
  ],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${'X-Y: zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n'.repeat(3000)}\r\n`,
    431,
  ],
  ['very many headers', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${'X: y\r\n'.repeat(2500)}\r\n`, 431],
  [
    'an unknown body encoding',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Encoding: zstd\r\nContent-Length: 1\r\n\r\na`,
    415,
  ],
  [
    'two body encodings',
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Encoding: gzip, br\r\nContent-Length: 1\r\n\r\na`,
    415,
  ],
  ['a damaged body', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\na`, 400],
];

/** The same for what is sent to the proxy itself. */
const OUTSIDE: readonly (readonly [note: string, text: string, status: number])[] = [
  ['an origin target', `GET / HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`, 400],
  [
    'TLS in absolute form',
    `GET https://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  [
    'another scheme',
    `GET ftp://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  [
    'a user in the target',
    `GET http://u:p@${PLAIN_HOST}/ HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  [
    'a host that differs',
    `GET http://${PLAIN_HOST}/ HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    421,
  ],
  ['no credentials', `GET http://${PLAIN_HOST}/ HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\n\r\n`, 407],
  [
    'wrong credentials',
    `GET http://${PLAIN_HOST}/ HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\nProxy-Authorization: Basic eDp5\r\n\r\n`,
    407,
  ],
  [
    'credentials of another kind',
    `GET http://${PLAIN_HOST}/ HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\nProxy-Authorization: Bearer x\r\n\r\n`,
    407,
  ],
  [
    'two credentials',
    `GET http://${PLAIN_HOST}/ HTTP/1.1\r\nHost: ${PLAIN_HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  ['a tunnel without credentials', `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`, 407],
  [
    'a tunnel with two hosts',
    `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: other.example:443\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  [
    'a tunnel without a port',
    `CONNECT ${HOST} HTTP/1.1\r\nHost: ${HOST}\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  [
    'a tunnel to an odd address',
    `CONNECT 2130706433:443 HTTP/1.1\r\nHost: 2130706433:443\r\nProxy-Authorization: ${CREDENTIALS}\r\n\r\n`,
    400,
  ],
  [
    'a tunnel with a body',
    `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\nProxy-Authorization: ${CREDENTIALS}\r\nContent-Length: 3\r\n\r\nabc`,
    400,
  ],
  ['TLS to the proxy port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['an SSH greeting', 'SSH-2.0-OpenSSH_9.6\r\n', 400],
];

describe('what two parsers could read differently is refused', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());

  async function meet(open: () => Promise<import('node:net').Socket>, text: string, status: number): Promise<void> {
    const refusals = world.refusals.length;
    const socket = await open();
    socket.write(Buffer.from(text, 'latin1'));
    const answer = await textOf(socket);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), answer.slice(0, 300));
    assert.match(answer, /application\/problem\+json/);
    assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1, 'one answer, then the end');
    assert.equal(world.refusals.length, refusals + 1, 'one refusal to record');
    assert.equal(world.refusals.at(-1)?.status, status);
    assert.equal(world.judged.length, 0);
    assert.equal(world.connections(), 0, 'nothing was opened towards the server');
    assert.deepEqual(world.lookups, []);
  }

  for (const [note, text, status] of INSIDE) {
    it(`in TLS: ${note}`, () => meet(() => tlsTunnel(world), text, status));
    it(`in a plain tunnel: ${note}`, () => meet(() => rawTunnel(world, `${HOST}:80`), text, status));
  }
  for (const [note, text, status] of OUTSIDE) it(`outside: ${note}`, () => meet(() => rawSocket(world), text, status));

  it('a server name that is not the host of the tunnel', () =>
    meet(() => tlsTunnel(world, { servername: 'other.example' }), `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 421));
});
