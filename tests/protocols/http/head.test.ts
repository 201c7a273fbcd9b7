import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isGraphqlPath, readGraphqlRequest } from '../../../src/protocols/http/graphql-request.ts';
import { checkRequestHead, forwardableResponseHeaders } from '../../../src/protocols/http/head.ts';
import { refusalBody } from '../../../src/protocols/http/problem.ts';

function check(rawHeaders: readonly string[], more: { method?: string; httpVersion?: string } = {}) {
  return checkRequestHead({ method: more.method ?? 'POST', httpVersion: more.httpVersion ?? '1.1', rawHeaders });
}

const REFUSED: readonly (readonly [string, readonly string[], number, { method?: string; httpVersion?: string }?])[] = [
  ['no host', [], 400],
  ['two hosts', ['Host', 'a', 'host', 'a'], 400],
  ['length and coding', ['Host', 'a', 'Content-Length', '1', 'Transfer-Encoding', 'chunked'], 400],
  ['two equal lengths', ['Host', 'a', 'Content-Length', '1', 'Content-Length', '1'], 400],
  ['a list of lengths', ['Host', 'a', 'Content-Length', '1, 1'], 400],
  ['a signed length', ['Host', 'a', 'Content-Length', '+1'], 400],
  ['a hex length', ['Host', 'a', 'Content-Length', '0x1'], 400],
  ['an empty length', ['Host', 'a', 'Content-Length', ''], 400],
  ['another coding', ['Host', 'a', 'Transfer-Encoding', 'gzip, chunked'], 501],
  ['an odd chunked', ['Host', 'a', 'Transfer-Encoding', '\x0bchunked'], 400],
  ['two codings', ['Host', 'a', 'Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'], 400],
  ['a coding in HTTP/1.0', ['Host', 'a', 'Transfer-Encoding', 'chunked'], 400, { httpVersion: '1.0' }],
  ['an underscore twin', ['Host', 'a', 'Transfer_Encoding', 'chunked'], 400],
  ['a space in a name', ['Host', 'a', 'X y', '1'], 400],
  ['a line feed in a value', ['Host', 'a', 'X', 'a\nb'], 400],
  ['a NUL in a value', ['Host', 'a', 'X', 'a\0b'], 400],
  ['an upgrade', ['Host', 'a', 'Connection', 'Upgrade', 'Upgrade', 'websocket'], 403],
  ['h2c', ['Host', 'a', 'Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c', 'HTTP2-Settings', 'x'], 403],
  ['a nominated content-type', ['Host', 'a', 'Connection', 'content-type', 'Content-Type', 'a/b'], 400],
  ['a nominated authorization', ['Host', 'a', 'Connection', 'close, Authorization'], 400],
  ['two content types', ['Host', 'a', 'Content-Type', 'a/b', 'content-type', 'c/d'], 400],
  ['two authorizations', ['Host', 'a', 'Authorization', 'x', 'Authorization', 'y'], 400],
  ['an unknown expectation', ['Host', 'a', 'Expect', '200-ok'], 417],
  ['one of our own headers', ['Host', 'a', 'Holdpoint-Body', 'x'], 400],
  ['HTTP/2.0 in text', ['Host', 'a'], 505, { httpVersion: '2.0' }],
  ['TRACE', ['Host', 'a'], 405, { method: 'TRACE' }],
  ['too many', Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? `X${i}` : 'v')), 431],
  ['too large', ['Host', 'a', 'X', 'v'.repeat(70_000)], 431],
];

describe('request head', () => {
  for (const [note, raw, status, more] of REFUSED) {
    it(`refuses ${note}`, () => {
      const got = check(raw, more);
      assert.ok(!got.ok);
      assert.equal(got.fault.status, status);
      assert.match(got.fault.detail, /^[^A-Z].*[^.]$|^Content|^`|^HTTP/);
    });
  }

  it('keeps what was written and drops what belongs to the connection', () => {
    const got = check([
      'Host',
      'A.example',
      'Proxy-Authorization',
      'Basic x',
      'Connection',
      'keep-alive',
      'Keep-Alive',
      '5',
      'TE',
      'trailers',
      'X-A',
      '1',
      'x-a',
      '2',
      'Content-Length',
      '3',
    ]);
    assert.ok(got.ok);
    assert.deepEqual(got.head.forward, ['X-A', '1', 'x-a', '2']);
    assert.deepEqual(got.head.headers.get('x-a'), ['1', '2']);
    assert.equal(got.head.headers.has('proxy-authorization'), false);
    assert.deepEqual(got.head.framing, { kind: 'length', bytes: 3 });
    assert.equal(got.head.host, 'A.example');
  });

  it('takes `__proto__` for a name like any other', () => {
    const got = check(['Host', 'a', '__proto__', 'x']);
    assert.ok(got.ok);
    assert.deepEqual(got.head.headers.get('__proto__'), ['x']);
  });

  it('drops connection headers of a response, and what leads past the gateway', () => {
    assert.deepEqual(
      forwardableResponseHeaders([
        'Connection',
        'close, X-Hop',
        'X-Hop',
        '1',
        'Alt-Svc',
        'h3=":443"',
        'Trailer',
        'X-T',
        'Upgrade',
        'h2',
        'Set-Cookie',
        'a',
        'Set-Cookie',
        'b',
        'Content-Length',
        '1',
      ]),
      ['Trailer', 'X-T', 'Set-Cookie', 'a', 'Set-Cookie', 'b', 'Content-Length', '1'],
    );
  });
});

const JSON_TYPE = new Map([['content-type', ['application/json']]]);
const URL_V2 = 'https://api.example/graphql/v2';

describe('graphql over http', () => {
  const read = (
    bodyText: string,
    more: { url?: string; method?: string; headers?: ReadonlyMap<string, readonly string[]> } = {},
  ) =>
    readGraphqlRequest({
      method: more.method ?? 'POST',
      url: more.url ?? URL_V2,
      headers: more.headers ?? JSON_TYPE,
      bodyText,
    });

  it('reads the plain shape', () => {
    assert.deepEqual(read('{"query":"{a}","variables":{"x":1},"operationName":"q"}'), {
      query: '{a}',
      variables: { x: 1 },
      operationName: 'q',
    });
    assert.deepEqual(read('{"query":"{a}","variables":null,"operationName":null}'), { query: '{a}' });
  });

  const OTHERS: readonly (readonly [string, ReturnType<typeof read>])[] = [
    ['a batch', read('[{"query":"{a}"}]')],
    ['a duplicate key', read('{"query":"{a}","query":"mutation{b}"}')],
    ['an escaped duplicate key', read('{"query":"{a}","\\u0071uery":"mutation{b}"}')],
    ['a persisted query', read('{"query":"{a}","extensions":{"persistedQuery":{}}}')],
    ['no query', read('{"id":"x"}')],
    ['a byte order mark', read('\ufeff{"query":"{a}"}')],
    ['parameters in the URL', read('{"query":"{a}"}', { url: `${URL_V2}?query=mutation{b}` })],
    ['another path', read('{"query":"{a}"}', { url: 'https://api.example/x' })],
    ['GET', read('{"query":"{a}"}', { method: 'GET' })],
    [
      'a form',
      read('{"query":"{a}"}', { headers: new Map([['content-type', ['application/x-www-form-urlencoded']]]) }),
    ],
    [
      'another charset',
      read('{"query":"{a}"}', { headers: new Map([['content-type', ['application/json; charset=utf-16']]]) }),
    ],
    [
      'an overridden method',
      read('{"query":"{a}"}', { headers: new Map([...JSON_TYPE, ['x-http-method-override', ['DELETE']]]) }),
    ],
    ['variables that are a list', read('{"query":"{a}","variables":[1]}')],
  ];
  for (const [note, got] of OTHERS) it(`leaves ${note} to plain HTTP`, () => assert.equal(got, undefined));

  it('knows the path in its usual disguises', () => {
    for (const path of [
      '/graphql',
      '/graphql/v2',
      '/GraphQL/',
      '/api//graphql',
      '/graphql%2Fv2',
      '/graphql;x=1/v2',
      '/graphql?x',
    ])
      assert.ok(isGraphqlPath(path), path);
    for (const path of ['/graphqlx', '/graphql/v2/x', '/x?/graphql']) assert.ok(!isGraphqlPath(path), path);
  });

  it('answers a GraphQL client in GraphQL', () => {
    const problem = { type: 'urn:x', title: 'held', detail: 'why', hold: 'h-1' };
    assert.deepEqual(JSON.parse(refusalBody(403, problem, true).text), {
      errors: [{ message: 'held: why', extensions: { type: 'urn:x', hold: 'h-1', status: 403 } }],
      data: null,
    });
    assert.equal(refusalBody(403, problem, true).status, 200);
    assert.deepEqual(JSON.parse(refusalBody(403, problem, false).text), { ...problem, status: 403 });
  });
});

describe('heads of HTTP/2', () => {
  const head = (rawHeaders: readonly string[], endsWithHead = true) =>
    checkRequestHead({ method: 'POST', httpVersion: '2', rawHeaders, endsWithHead });

  it('have no Host, and say by themselves where they end', () => {
    for (const [rawHeaders, ends, kind] of [
      [[], true, 'none'],
      [['content-length', '0'], true, 'none'],
      [[], false, 'chunked'],
      [['content-length', '5'], false, 'length'],
    ] as const) {
      const got = head(rawHeaders, ends);
      assert.ok(got.ok);
      assert.equal(got.head.framing.kind, kind);
    }
  });

  it('say whether trailers are read', () => {
    for (const [rawHeaders, want] of [
      [['te', 'trailers'], true],
      [[], false],
    ] as const) {
      const got = head(rawHeaders);
      assert.ok(got.ok);
      assert.equal(got.head.acceptsTrailers, want);
      assert.ok(!got.head.headers.has('te') && !got.head.forward.includes('te'));
    }
  });

  for (const rawHeaders of [
    ['connection', 'close'],
    ['keep-alive', '1'],
    ['proxy-connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'websocket'],
    ['http2-settings', 'AAMAAABkAAQAAP__'],
    ['te', 'gzip'],
    ['te', 'trailers', 'te', 'trailers'],
    ['content-length', '5'],
    ['content-length', 'x'],
    ['content-length', '0', 'content-length', '0'],
  ])
    it(`refuse ${rawHeaders.join(' ')}`, () => {
      const got = head(rawHeaders);
      assert.ok(!got.ok);
      assert.equal(got.fault.status, 400);
    });
});
