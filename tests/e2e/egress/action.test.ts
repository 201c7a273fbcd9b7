import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { toAction } from '../../../src/apps/egress/action.ts';
import type { GatewayRequest } from '../../../src/apps/egress/contract.ts';
import { CredentialTable } from '../../../src/apps/egress/credential-table.ts';

const fingerprintKey = Buffer.alloc(32, 7);
const URL_V2 = 'https://backboard.example/graphql/v2';
const TOKEN = 'Bearer 11111111-2222-4333-8444-555555555555';

function request(
  more: {
    method?: string;
    url?: string;
    headers?: Record<string, string | string[]>;
    body?: string | Uint8Array;
    bodyTooLarge?: boolean;
  } = {},
): GatewayRequest {
  const headers = new Map(
    Object.entries(more.headers ?? { 'content-type': 'application/json' }).map(([name, value]) => [
      name,
      [value].flat(),
    ]),
  );
  return {
    connectionId: 'c',
    identity: { agent: 'a', task: 't' },
    method: more.method ?? 'POST',
    url: more.url ?? URL_V2,
    headers,
    bodyTooLarge: more.bodyTooLarge ?? false,
    ...(more.body === undefined ? {} : { body: Buffer.from(more.body as string) }),
  };
}

function read(made: GatewayRequest) {
  const { action, ...beside } = toAction(made, { fingerprintKey });
  return {
    kind: action.kind,
    value: JSON.parse(Buffer.from(action.bytes).toString()) as Record<string, unknown>,
    ...beside,
  };
}

const MUTATION = '{"query":"mutation { volumeDelete(volumeId: \\"v\\") }"}';

describe('a request as an action', () => {
  it('is graphql where it is one plain GraphQL request', () => {
    const got = read(
      request({
        body: MUTATION,
        headers: { 'content-type': 'application/json', authorization: TOKEN, 'user-agent': 'curl/8' },
      }),
    );
    assert.equal(got.kind, 'graphql');
    assert.deepEqual(got.value, { endpoint: URL_V2, query: 'mutation { volumeDelete(volumeId: "v") }' });
    assert.deepEqual(got.credential, { header: 'authorization', value: TOKEN });
  });

  const HTTP: readonly (readonly [string, GatewayRequest])[] = [
    ['a batch', request({ body: `[${MUTATION}]` })],
    ['a query in the URL', request({ method: 'GET', url: `${URL_V2}?query=mutation{a}` })],
    [
      'an unknown header',
      request({ body: MUTATION, headers: { 'content-type': 'application/json', 'x-http-method-override': 'GET' } }),
    ],
    ['a body that is not UTF-8', request({ body: Buffer.from([0x7b, 0xff, 0x7d]) })],
    [
      'a number that JSON readers round to another one',
      request({ body: '{"query":"mutation M($id: Int!) { del(id: $id) }","variables":{"id":9007199254740993}}' }),
    ],
    ['another path', request({ url: 'https://a.example/x', body: MUTATION })],
  ];
  for (const [note, made] of HTTP) it(`is http for ${note}`, () => assert.equal(read(made).kind, 'http'));

  it('keeps secrets out of the bytes, whatever their header is called', () => {
    const secrets = {
      authorization: TOKEN,
      'project-access-token': 'tok-1',
      cookie: 'sid=abc',
      'x-api-key': 'key-1',
      'private-token': 'glpat-1',
      'x-goog-api-key': 'g-1',
      'x-vault-token': 'hvs.1',
      'x-client-secret': 's-1',
    };
    const made = request({ method: 'DELETE', url: 'https://a.example/x', headers: secrets });
    const { action } = toAction(made, { fingerprintKey });
    const text = Buffer.from(action.bytes).toString();
    for (const secret of Object.values(secrets)) assert.ok(!text.includes(secret), secret);
    assert.deepEqual(Object.keys(JSON.parse(text).headers).sort(), Object.keys(secrets).sort());
    assert.equal(
      toAction(made, { fingerprintKey }).credential,
      undefined,
      'two credentials: which one counts is not known',
    );
  });

  it('has the same bytes for the honest repeat, and others for anything that carries meaning', () => {
    const base = {
      method: 'DELETE',
      url: 'https://a.example/x',
      headers: {
        authorization: TOKEN,
        date: '1',
        traceparent: '1',
        'x-request-id': '1',
        'user-agent': '1',
        'idempotency-key': '1',
        'x-force': 'no',
      },
    };
    const text = (headers: Record<string, string>, key = fingerprintKey) =>
      Buffer.from(
        toAction(request({ ...base, headers: { ...base.headers, ...headers } }), { fingerprintKey: key }).action.bytes,
      ).toString();
    const first = text({});
    assert.equal(
      text({ date: '2', traceparent: '2', 'x-request-id': '2', 'user-agent': '2', 'idempotency-key': '2' }),
      first,
    );
    for (const other of [
      { authorization: 'Bearer other' },
      { 'x-force': 'yes' },
      { 'if-none-match': '*' },
      { 'content-type': 'a/b' },
    ])
      assert.notEqual(text(other), first);
    assert.notEqual(text({}, Buffer.alloc(32, 8)), first, 'a fingerprint is worthless elsewhere');
    const signed = (signature: string) =>
      text({
        authorization: `AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature=${signature}`,
      });
    assert.equal(signed('1'), signed('2'));
  });

  it('binds bytes that are not text, and says that a body was not seen', () => {
    const a = read(request({ url: 'https://a.example/x', body: Buffer.from([0xff, 1]) }));
    const b = read(request({ url: 'https://a.example/x', body: Buffer.from([0xfe, 1]) }));
    assert.notDeepEqual(a.value, b.value);
    assert.deepEqual(read(request({ url: 'https://a.example/x', headers: {}, bodyTooLarge: true })).value.headers, {
      'holdpoint-body': 'too-large',
    });
  });
});

describe('the credential table', () => {
  it('forgets, is bounded, and shows nothing', () => {
    const table = new CredentialTable(2);
    for (const id of ['a', 'b', 'c']) table.remember(id, { header: 'authorization', value: `${TOKEN}-${id}` });
    assert.equal(table.forAttempt('a'), undefined);
    assert.equal(table.forAttempt('c')?.value, `${TOKEN}-c`);
    table.forget('c');
    assert.equal(table.forAttempt('c'), undefined);
    assert.equal(table.size, 1);
    assert.ok(
      !inspect(table, { depth: 9, showHidden: true }).includes(TOKEN) && !JSON.stringify(table).includes(TOKEN),
    );
  });
});
