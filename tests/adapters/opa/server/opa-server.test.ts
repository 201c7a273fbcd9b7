import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openOpaServer, SERVER_LIMITS } from '../../../../src/adapters/opa/server/opa-server.ts';
import { LIMITS } from '../../../../src/core/limits.ts';
import type { LayerOpinion } from '../../../../src/core/verdict.ts';
import { POLICY_ERROR, type PolicyInput } from '../../../../src/ports/policy-engine.ts';
import type { OpaServer, OpaServerOptions } from '../../../../src/ports/policy-sources.ts';
import { freePort } from '../../../stock-opa.ts';
import { LOOK, policyInput, WIPE } from '../inputs.ts';
import { json, type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const SILENT = { result: { production: { deny: [], hold: [], allow: [] } } };
const HOLD = { id: 'no-wipe', reason: 'not on a friday', effect: 0 };

interface World {
  readonly server: ScriptedServer;
  readonly opa: OpaServer;
}

async function withServer(
  script: Script,
  run: (world: World) => Promise<void>,
  options: Partial<OpaServerOptions> = {},
): Promise<void> {
  const server = await startScriptedServer(script);
  const opa = open({ url: server.url, ...options });
  try {
    await run({ server, opa });
  } finally {
    await opa.close();
    await server.close();
  }
}

function open(options: Partial<OpaServerOptions>): OpaServer {
  const opened = openOpaServer({ url: 'https://opa.example', path: 'holdpoint/policies', timeoutMs: 250, ...options });
  assert.ok(opened.ok, opened.ok ? '' : opened.why);
  return opened.value;
}

async function opinion(opa: OpaServer, input: PolicyInput = WIPE): Promise<LayerOpinion> {
  const [only, ...more] = await opa.evaluate(input);
  assert.ok(only);
  assert.deepEqual(more, []);
  assert.equal(only.layer, 'organisation');
  return only;
}

/** Each effect is denied, with a reason that says what went wrong. */
function assertDenied(said: LayerOpinion, why: RegExp, effects = 1): void {
  assert.deepEqual(
    said.findings.map(({ rule, effect, says }) => ({ rule, effect, says })),
    Array.from({ length: effects }, (_, effect) => ({ rule: POLICY_ERROR, effect, says: 'deny' })),
  );
  for (const finding of said.findings) assert.match(finding.reason, why);
}

test('what an OPA server finds becomes an opinion of the organisation', async () => {
  await withServer(
    json({ result: { production: { deny: [], hold: [{ ...HOLD, signers: 2 }], helper: 7 } } }),
    async ({ opa, server }) => {
      const said = await opinion(opa);
      assert.deepEqual(said.findings, [
        { layer: 'organisation', rule: 'production/no-wipe', effect: 0, says: 'hold', reason: 'not on a friday' },
      ]);
      assert.deepEqual(said.obligations, [{ kind: 'signers', count: 2 }]);
      assert.equal(opa.trouble, undefined);
      const [asked] = server.asked;
      assert.equal(asked?.method, 'POST');
      assert.equal(asked?.url, '/v1/data/holdpoint/policies?strict-builtin-errors=true&provenance=true');
      assert.equal(asked?.headers['content-type'], 'application/json');
      assert.equal(asked?.headers.authorization, undefined);
      const { input } = JSON.parse(asked?.body ?? '') as { input: { schema: string; attempt: { action: unknown } } };
      assert.equal(input.schema, 'holdpoint/v1');
      assert.deepEqual(input.attempt.action, { kind: 'shell', cwd: '/w', text: 'rm -rf data' });
    },
  );
});

test('harmless attempts are asked about too, and a silent policy says nothing', async () => {
  await withServer(json(SILENT), async ({ opa, server }) => {
    assert.deepEqual((await opinion(opa, LOOK)).findings, []);
    assert.equal(server.asked.length, 1);
  });
});

test('a package `main` is read as conftest has it', async () => {
  const result = { deny: ['no'], warn: [{ msg: 'careful' }], violation_x: [], helper: {} };
  await withServer(
    json({ result }),
    async ({ opa }) => {
      const said = await opinion(opa);
      assert.deepEqual(
        said.findings.map(({ rule, says, reason }) => ({ rule, says, reason })),
        [
          { rule: 'main/deny', says: 'deny', reason: 'no' },
          { rule: 'main/warn', says: 'hold', reason: 'careful' },
        ],
      );
    },
    { path: 'main' },
  );
});

test('a bearer token and a base path are sent as given', async () => {
  const server = await startScriptedServer(json(SILENT));
  const opa = open({ url: `${server.url}/opa/`, path: 'acme/agents', token: 'tok.en' });
  try {
    await opinion(opa);
    assert.equal(server.asked[0]?.headers.authorization, 'Bearer tok.en');
    assert.match(server.asked[0]?.url ?? '', /^\/opa\/v1\/data\/acme\/agents\?/);
  } finally {
    await opa.close();
    await server.close();
  }
});

const hang: Script = () => {};
const FAULTS: readonly (readonly [note: string, script: Script, why: RegExp, options?: Partial<OpaServerOptions>])[] = [
  ['no result', json({}), /`data\.holdpoint\.policies` is undefined there/],
  ['no policy', json({ result: {} }), /defines no policy there/],
  ['a result that is a text', json({ result: 'allow' }), /is not an object there/],
  ['a result that is a list', json({ result: [] }), /is not an object there/],
  ['a result that is null', json({ result: null }), /is not an object there/],
  ['a package without rules', json({ result: { production: {} } }), /`production` has none of deny, hold and allow/],
  ['a package that is true', json({ result: { production: true } }), /`production` is not a package/],
  ['one of two packages undefined', json({ result: { a: { deny: [] }, b: { x: 1 } } }), /`b` has none of/],
  ['a rule that is true', json({ result: { production: { deny: true } } }), /is not a set/],
  ['a rule that is an object', json({ result: { production: { deny: { a: 1 } } } }), /is not a set/],
  ['a finding that is a text', json({ result: { production: { deny: ['no'] } } }), /a finding is not an object/],
  ['a finding of no effect', json({ result: { production: { hold: [{ ...HOLD, effect: 7 }] } } }), /names no effect/],
  ['a finding with more in it', json({ result: { production: { hold: [{ ...HOLD, x: 1 }] } } }), /unknown member `x`/],
  [
    'a rule of conftest elsewhere',
    json({ result: { production: { deny: [], warn: [] } } }),
    /`warn` in the policy .* has no meaning/,
  ],
  ['the name of the floor', json({ result: { floor: { allow: [] } } }), /`floor` is no name for a policy/],
  ['a name with capitals', json({ result: { Prod: { allow: [] } } }), /`Prod` is no name for a policy/],
  [
    'allow in main',
    json({ result: { allow: true, deny: [] } }),
    /`allow` has no meaning in a package `main`/,
    { path: 'main' },
  ],
  ['main without rules', json({ result: { helper: 1 } }), /defines no policy there/, { path: 'main' }],
  [
    'an expected policy missing',
    json(SILENT),
    /`costs`, which the settings expect, is undefined/,
    { expect: ['production', 'costs'] },
  ],
  [
    'an expected rule missing',
    json({ result: { production: { hold: [] } } }),
    /`production\/deny`, which the settings expect/,
    { expect: ['production/deny'] },
  ],
  [
    'a name that only begins as expected',
    json({ result: { productions: { deny: [] } } }),
    /`production`, which/,
    { expect: ['production'] },
  ],
  [
    'an expected rule of main missing',
    json({ result: { warn: [] } }),
    /`deny`, which the settings expect/,
    { path: 'main', expect: ['deny'] },
  ],
  ['not JSON', json('<html>'), /its answer is not JSON/],
  ['half of JSON', json('{"result":{"production":{"deny":[]'), /its answer is not JSON/],
  ['twice the same key', json('{"result":{"production":{"deny":[]}},"result":{}}'), /duplicate key `result`/],
  ['bytes that are no text', (_a, r) => r.end(Buffer.from([0x22, 0xff, 0x22])), /not UTF-8/],
  ['nothing', (_a, r) => r.end(), /its answer is not JSON/],
  ['JSON without end', json(`{"result":${'['.repeat(100)}`), /nested deeper/],
  [
    'status 500',
    json(
      {
        code: 'internal_error',
        message: 'm',
        errors: [{ code: 'c', message: 'bad cidr', location: { file: 'a.rego', row: 3, col: 9 } }],
      },
      500,
    ),
    /status 500: a\.rego:3:9: bad cidr/,
  ],
  ['status 401', json({ code: 'unauthorized', message: 'request rejected' }, 401), /status 401: request rejected/],
  ['status 404 that is no JSON', json('not here', 404), /status 404$/],
  ['status 201 with a good answer', json(SILENT, 201), /status 201/],
  ['status 204', (_a, r) => r.writeHead(204).end(), /status 204/],
  ['status 304', (_a, r) => r.writeHead(304).end(), /status 304/],
  [
    'a redirect',
    (_a, r) => r.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(JSON.stringify(SILENT)),
    /a redirect \(307\), which is not followed/,
  ],
  [
    'an encoding not asked for',
    (_a, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    /in the encoding `gzip`/,
  ],
  [
    'a length beyond the limit',
    (_a, r) => r.writeHead(200, { 'content-length': String(100 * 1024 * 1024) }).write('{'),
    /larger than 4194304 bytes/,
  ],
  ['a reset', (_a, _r, socket) => socket.resetAndDestroy(), /the connection was cut \(ECONNRESET\)/],
  ['the end before an answer', (_a, _r, socket) => socket.destroy(), /the connection was cut|cannot be reached/],
  [
    'the end within the answer',
    (_a, r, socket) => {
      r.writeHead(200, { 'content-length': '100' });
      r.write('{"result":', () => socket.destroy());
    },
    /the connection was cut|ended before the answer/,
  ],
  [
    'the end within a chunked answer',
    (_a, r, socket) => {
      r.writeHead(200);
      r.write('{"result":{"production":{"deny":[]}}}', () => socket.destroy());
    },
    /the connection was cut|ended before the answer/,
  ],
  ['another protocol', (_a, _r, socket) => socket.end('+OK redis\r\n'), /cannot be reached \(HPE_/],
  [
    'headers without end',
    (_a, _r, socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`),
    /cannot be reached \(HPE_HEADER_OVERFLOW\)/,
  ],
  ['no answer', hang, /no answer within 60 ms/, { timeoutMs: 60 }],
  ['headers and no body', (_a, r) => r.writeHead(200).flushHeaders(), /no answer within 60 ms/, { timeoutMs: 60 }],
];

for (const [note, script, why, options] of FAULTS) {
  test(`an OPA server at fault denies every effect: ${note}`, async () => {
    await withServer(
      script,
      async ({ opa, server }) => {
        const input = policyInput('rm -rf a b', [{}, { verb: 'read', reversal: 'undoable' }]);
        const said = await opinion(opa, input);
        assertDenied(said, why, 2);
        for (const { reason } of said.findings)
          assert.match(reason, new RegExp(`^policy error \\(organisation\\): .*${server.url}`));
        // An attempt without effects is denied as well.
        assertDenied(await opinion(opa, policyInput('true', [])), /policy error/);
      },
      options,
    );
  });
}

test('an answer that drips is ended at the time-out, and the connection with it', async () => {
  const drip: { timer?: NodeJS.Timeout; closed: Promise<void> } = { closed: Promise.resolve() };
  const script: Script = (_asked, response) => {
    response.writeHead(200);
    drip.timer = setInterval(() => response.write(' '), 5);
    drip.closed = new Promise((resolve) => {
      response.once('close', resolve);
    });
  };
  await withServer(
    script,
    async ({ opa }) => {
      assertDenied(await opinion(opa), /no answer within 80 ms/);
      await drip.closed;
      clearInterval(drip.timer);
    },
    { timeoutMs: 80 },
  );
});

test('an answer without end is cut off at the limit, not read', async () => {
  const sent = { bytes: 0 };
  const script: Script = (_asked, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024, 0x20);
    const pump = (): void => {
      while (sent.bytes < 100 * 1024 * 1024 && !response.destroyed) {
        sent.bytes += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', pump);
          return;
        }
      }
      response.end();
    };
    pump();
  };
  await withServer(script, async ({ opa }) => {
    assertDenied(await opinion(opa), /larger than 4194304 bytes|no answer within/);
    assert.ok(sent.bytes < 50 * 1024 * 1024, `${sent.bytes} bytes were taken`);
  });
});

test('connections are used again, also by a server that was started again', async () => {
  const first = await startScriptedServer(json(SILENT));
  const opa = open({ url: first.url });
  try {
    for (let round = 0; round < 5; round += 1) assert.deepEqual((await opinion(opa)).findings, []);
    assert.deepEqual(new Set(first.asked.map((one) => one.connection)), new Set([1]));
    await first.close();
    assertDenied(await opinion(opa), /nobody listens there/);
    assert.match(opa.trouble ?? '', /nobody listens there/);
    const second = await startScriptedServer(json(SILENT), first.port);
    assert.deepEqual((await opinion(opa)).findings, []);
    assert.equal(opa.trouble, undefined);
    await second.close();
    const third = await startScriptedServer(json(SILENT), first.port);
    // The kept connection is dead, which nobody has noticed yet: the question is put once more.
    assert.deepEqual((await opinion(opa)).findings, []);
    await third.close();
  } finally {
    await opa.close();
  }
});

test('a connection that is cut on its first use is not asked twice', async () => {
  await withServer(
    (_asked, _response, socket) => socket.resetAndDestroy(),
    async ({ opa, server }) => {
      assertDenied(await opinion(opa), /ECONNRESET/);
      assert.equal(server.asked.length, 1);
    },
  );
});

test('a server that always cuts a kept connection is asked at most twice', async () => {
  await withServer(json(SILENT), async ({ opa, server }) => {
    await opinion(opa);
    server.answer((_asked, _response, socket) => socket.resetAndDestroy());
    assertDenied(await opinion(opa), /ECONNRESET/);
    assert.equal(server.asked.length, 3);
  });
});

test('nobody there denies', async () => {
  const opa = open({ url: `http://127.0.0.1:${await freePort()}` });
  assertDenied(await opinion(opa), /nobody listens there \(ECONNREFUSED\)/);
  await opa.close();
  assertDenied(await opinion(opa), /is closed/);
});

test('more questions than may wait are denied at once', async () => {
  await withServer(hang, async ({ opa }) => {
    const all = await Promise.all(Array.from({ length: LIMITS.inFlight + 3 }, () => opinion(opa)));
    for (const said of all.slice(0, LIMITS.inFlight)) assertDenied(said, /no answer within/);
    for (const said of all.slice(LIMITS.inFlight)) assertDenied(said, /more than 256 questions wait/);
  });
});

test('an input that is no input denies without a question', async () => {
  await withServer(json(SILENT), async ({ opa, server }) => {
    const nan = { count: { min: Number.NaN, max: 1 } };
    assertDenied(
      await opinion(opa, policyInput('x', [nan])),
      /does not conform to holdpoint\/v1 at `effects\[0\]\.count`/,
    );
    assert.equal(server.asked.length, 0);
  });
});

test('the digest changes with what the server says of its policies, and with nothing else', async () => {
  const answer = (bundles: unknown, extra: object = {}): Script =>
    json({ ...SILENT, decision_id: String(Math.random()), provenance: { version: '1.22.2', bundles, ...extra } });
  await withServer(answer({ a: { revision: '1' }, b: { revision: 'x' } }), async ({ opa, server }) => {
    const unasked = opa.inForce.digest;
    assert.equal(opa.inForce.revision, undefined);
    const first = await opinion(opa);
    assert.notEqual(first.digest, unasked);
    assert.equal(opa.inForce.digest, first.digest);
    assert.equal(opa.inForce.revision, 'a@1 b@x');
    server.answer(answer({ b: { revision: 'x' }, a: { revision: '1' } }, { build_hostname: 'another' }));
    assert.equal((await opinion(opa)).digest, first.digest);
    const others = [
      answer({ a: { revision: '2' }, b: { revision: 'x' } }),
      answer({ a: { revision: '1' } }),
      answer({}),
      answer({ a: { revision: '1' }, b: { revision: 'x' } }, { version: '1.23.0' }),
      json(SILENT),
    ];
    const digests = new Set([first.digest]);
    for (const other of others) {
      server.answer(other);
      digests.add((await opinion(opa)).digest);
    }
    assert.equal(digests.size, others.length + 1);
    // A failure denies under the digest that was known last.
    const last = opa.inForce.digest;
    server.answer(json({}));
    assert.equal((await opinion(opa)).digest, last);
  });
  const elsewhere = [{}, { url: 'https://other.example' }, { path: 'main' }, { expect: ['a'] }].map(
    (options) => open(options).inForce.digest,
  );
  assert.equal(new Set(elsewhere).size, elsewhere.length);
});

const REFUSED: readonly (readonly [note: string, options: Partial<OpaServerOptions>, why: RegExp])[] = [
  ['plain http elsewhere', { url: 'http://opa.example:8181' }, /plain http to another machine/],
  ['plain http to a name that begins as loopback', { url: 'http://127.0.0.1.example' }, /plain http/],
  ['plain http to all addresses', { url: 'http://0.0.0.0:8181' }, /plain http/],
  ['another scheme', { url: 'ftp://127.0.0.1' }, /no address that begins with https/],
  ['no address', { url: 'opa' }, /no address/],
  ['a password in the address', { url: 'https://a:b@opa.example' }, /use a token file/],
  ['a query in the address', { url: 'https://opa.example/?a=b' }, /has a query/],
  ['a path upwards', { path: '../policies' }, /no path of data/],
  ['an empty path', { path: '' }, /no path of data/],
  ['a path with a query', { path: 'a?b' }, /no path of data/],
  ['a path that is too long', { path: Array(9).fill('a').join('/') }, /no path of data/],
  ['more time than an attempt has', { timeoutMs: SERVER_LIMITS.timeoutMs + 1 }, /time-out of 251 ms/],
  ['no time', { timeoutMs: 0 }, /time-out of 0 ms/],
  ['a token with a line end', { token: 'a\r\nx: y' }, /the token has characters/],
];

for (const [note, options, why] of REFUSED) {
  test(`settings of an OPA server are refused: ${note}`, () => {
    const opened = openOpaServer({
      url: 'https://opa.example',
      path: 'holdpoint/policies',
      timeoutMs: 250,
      ...options,
    });
    assert.equal(opened.ok, false);
    assert.match(opened.ok ? '' : opened.why, why);
  });
}

test('plain http to loopback is taken in all its spellings', () => {
  for (const url of ['http://127.0.0.1:8181', 'http://127.8.8.8', 'http://[::1]:8181', 'http://localhost:8181/opa'])
    assert.equal(openOpaServer({ url, path: 'main', timeoutMs: 1 }).ok, true, url);
});
