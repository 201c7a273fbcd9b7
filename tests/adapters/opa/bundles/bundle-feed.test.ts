import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { openBundleFeed, type ReadBundleBytes } from '../../../../src/adapters/opa/bundles/bundle-feed.ts';
import { readBundleApart, readBundleIn } from '../../../../src/adapters/opa/bundles/read-bundle.ts';
import { compareRevisions, placeOfRevision } from '../../../../src/adapters/opa/bundles/revision-order.ts';
import type { BundleFeed, BundleOptions, NextPolicy, PolicyCandidate } from '../../../../src/ports/policy-sources.ts';
import { freePort } from '../../../stock-opa.ts';
import { type Script, startScriptedServer } from '../server/scripted-server.ts';
import {
  altered,
  type BundleMaker,
  type BundleParts,
  RULES,
  signingKey,
  startBundleMaker,
  verificationOf,
} from './bundle-maker.ts';

const KEY = signingKey('ES256');
const STRICT = { verification: verificationOf(KEY) };
const world: { maker: BundleMaker; dir: string } = { maker: undefined as unknown as BundleMaker, dir: '' };

before(async () => {
  world.maker = await startBundleMaker();
});
after(() => world.maker.end());
beforeEach(() => {
  if (world.dir !== '') rmSync(world.dir, { recursive: true, force: true });
  world.dir = mkdtempSync(path.join(tmpdir(), 'bundle-feed-'));
});
after(() => rmSync(world.dir, { recursive: true, force: true }));

function source(): string {
  return path.join(world.dir, 'policy.tar.gz');
}

function stateDir(): string {
  return path.join(world.dir, 'state');
}

async function publish(parts: BundleParts): Promise<Buffer> {
  const bytes = await world.maker.make({ key: KEY, ...parts });
  writeFileSync(source(), bytes);
  return bytes;
}

/** Reading in a thread that is there, since starting one each time would make the tests slow. */
const readFast: ReadBundleBytes = (bytes, verification) => readBundleIn(world.maker.thread, bytes, verification);

function open(options: Partial<BundleOptions> = {}, read: ReadBundleBytes = readFast): BundleFeed {
  const opened = openBundleFeed(
    {
      source: source(),
      stateDir: stateDir(),
      readFile: async (file) => {
        try {
          return { ok: true, value: await readFile(file) };
        } catch (error) {
          return { ok: false, why: String(error) };
        }
      },
      nowMs: () => 1_790_000_000_000,
      ...options,
    },
    read,
  );
  assert.ok(opened.ok, opened.ok ? '' : opened.why);
  return opened.value;
}

function candidateOf(next: NextPolicy): PolicyCandidate {
  assert.equal(next.kind, 'new', next.kind === 'refused' ? next.why : next.kind);
  return (next as Extract<NextPolicy, { kind: 'new' }>).candidate;
}

function assertRefused(next: NextPolicy, why: RegExp): void {
  assert.equal(next.kind, 'refused');
  assert.match(next.kind === 'refused' ? next.why : '', why);
}

async function take(feed: BundleFeed): Promise<PolicyCandidate> {
  const candidate = candidateOf(await feed.next());
  assert.equal(await candidate.accepted(), undefined);
  return candidate;
}

async function lastGood(feed: BundleFeed): Promise<PolicyCandidate | undefined> {
  const last = await feed.lastGood();
  assert.ok(last.ok, last.ok ? '' : last.why);
  return last.value;
}

test('a bundle becomes the layer of the organisation, once', async () => {
  await publish({ revision: '7' });
  const feed = open(STRICT, readBundleApart);
  assert.equal(await lastGood(feed), undefined);
  const { layer } = await take(feed);
  assert.deepEqual(layer, {
    layer: 'organisation',
    modules: [{ name: 'policies/production.rego', text: RULES }],
    data: { holdpoint: { words: { why: 'destroys data' } } },
    revision: '7',
  });
  assert.deepEqual(await feed.next(), { kind: 'same' });
  await publish({ revision: '8' });
  assert.equal((await take(feed)).layer.revision, '8');
  assert.deepEqual(readdirSync(stateDir()).length, 2, 'the archive before the last is gone');
});

test('a start without its source has the last accepted bundle, checked again', async () => {
  await publish({ revision: '7' });
  const accepted = await take(open(STRICT));
  rmSync(source());
  const feed = open(STRICT);
  assert.deepEqual((await lastGood(feed))?.layer, accepted.layer);
  assertRefused(await feed.next(), /ENOENT/);
  const kept = readdirSync(stateDir()).find((name) => name.endsWith('.tar.gz')) ?? '';
  const file = path.join(stateDir(), kept);
  const bytes = readFileSync(file);
  const damaged = Buffer.from(bytes);
  damaged[40] = (damaged[40] ?? 0) ^ 1;
  for (const [note, change] of [
    ['damaged', () => writeFileSync(file, damaged)],
    ['cut off', () => writeFileSync(file, bytes.subarray(0, 100))],
    ['gone', () => rmSync(file)],
  ] as const) {
    change();
    const last = await open(STRICT).lastGood();
    assert.equal(last.ok, false, note);
    assert.match(last.ok ? '' : last.why, /its checksum differs|cannot be read/);
  }
});

test('what was kept is verified with the key of today', async () => {
  await publish({ revision: '7' });
  await take(open(STRICT));
  const other = await open({ verification: verificationOf(signingKey('ES256')) }).lastGood();
  assert.match(other.ok ? '' : other.why, /failed to verify/);
  await world.maker.make({}).then((bytes) => writeFileSync(source(), bytes));
  await take(open());
  const unsigned = await open(STRICT).lastGood();
  assert.match(unsigned.ok ? '' : unsigned.why, /it is not signed/);
});

test('a bundle that is only given out, not accepted, leaves the last good one', async () => {
  await publish({ revision: '7' });
  const feed = open(STRICT);
  await take(feed);
  await publish({ revision: '9' });
  candidateOf(await feed.next());
  // The caller found it wanting: it is not offered again, and at the next start the last good one is there.
  assert.deepEqual(await feed.next(), { kind: 'same' });
  assert.equal((await lastGood(open(STRICT)))?.layer.revision, '7');
  await publish({ revision: '8' });
  assert.equal((await take(feed)).layer.revision, '8');
});

const OLDER: readonly (readonly [note: string, accepted: string, then: string, why: RegExp])[] = [
  ['a smaller number', '10', '9', /`9` is older than `10`/],
  ['an earlier time', '2026-11-25T12:00:00Z', '2026-11-25T11:59:59.999Z', /is older than/],
  ['a lesser version', '1.10.0', '1.9.9', /is older than/],
  ['a version before its release', 'v2.0.0', 'v2.0.0-rc.1', /is older than/],
  ['another kind', '10', '1.2.3', /cannot be compared with `10`/],
  ['no order', '10', '4f3e2d1', /`4f3e2d1` has no order/],
  ['no revision', '10', '', /`` has no order/],
];

for (const [note, accepted, then, why] of OLDER) {
  test(`once a key is configured a bundle that is not newer is refused, also after a restart: ${note}`, async () => {
    await publish({ revision: accepted });
    const feed = open(STRICT);
    await take(feed);
    await publish({ revision: then });
    assertRefused(await feed.next(), why);
    const restarted = open(STRICT);
    assertRefused(await restarted.next(), why);
    assert.equal((await lastGood(restarted))?.layer.revision, accepted);
  });
}

test('another bundle under the same revision is refused, the same bundle packed anew is not', async () => {
  await publish({ revision: '7' });
  const feed = open(STRICT);
  const first = await take(feed);
  await publish({ revision: '7', data: { holdpoint: { words: { why: 'other words' } } } });
  assertRefused(await feed.next(), /another bundle under the revision `7`/);
  // A signature of today over the same content.
  await publish({ revision: '7' });
  assert.deepEqual(await feed.next(), { kind: 'same' });
  const { layer } = candidateOf(await open(STRICT).next());
  assert.deepEqual(layer, first.layer);
});

test('without a key a revision is only a word', async () => {
  const feed = open();
  for (const revision of ['10', '9', '4f3e2d1', '']) {
    await publish({ revision });
    assert.equal((await take(feed)).layer.revision, revision === '' ? undefined : revision);
  }
  // And one that nobody signed shuts nothing out once there is a key.
  await publish({ revision: '99999' });
  await take(feed);
  await publish({ revision: '3' });
  assert.equal((await take(open(STRICT))).layer.revision, '3');
});

test('what was accepted of another source does not count', async () => {
  await publish({ revision: '10' });
  await take(open(STRICT));
  const other = path.join(world.dir, 'other.tar.gz');
  writeFileSync(other, await world.maker.make({ key: KEY, revision: '2' }));
  const feed = open({ ...STRICT, source: other });
  assert.equal(await lastGood(feed), undefined);
  assert.equal((await take(feed)).layer.revision, '2');
});

test('a damaged state refuses, since an older bundle could not be told', async () => {
  await publish({ revision: '10' });
  await take(open(STRICT));
  for (const text of ['', '{', '{}', 'null', '{"version":2}']) {
    writeFileSync(path.join(stateDir(), 'bundle-state.json'), text);
    const feed = open(STRICT);
    assertRefused(await feed.next(), /bundle-state\.json` is damaged/);
    const last = await feed.lastGood();
    assert.match(last.ok ? '' : last.why, /is damaged/);
  }
});

test('where the disk keeps nothing it says so, and still takes no older one', async () => {
  await publish({ revision: '10' });
  writeFileSync(stateDir(), 'a file where the folder should be');
  const feed = open({ ...STRICT, stateDir: path.join(stateDir(), 'x') });
  const first = await feed.next();
  // A state that cannot be read is no first start.
  assertRefused(first, /cannot be read/);
  rmSync(stateDir());
  const candidate = candidateOf(await feed.next());
  writeFileSync(stateDir(), '');
  assert.match((await candidate.accepted()) ?? '', /cannot be kept for a start without network/);
  await publish({ revision: '9' });
  assertRefused(await feed.next(), /is older than `10`/);
});

const WRONG: readonly (readonly [note: string, parts: BundleParts, why: RegExp])[] = [
  ['roots of everything', { roots: [] }, /its root `` lies outside/],
  ['roots elsewhere', { roots: ['holdpoint', 'acme'] }, /its root `acme` lies outside/],
  [
    'a root that only begins as ours',
    { roots: ['holdpoints'], files: { 'a.rego': 'package holdpoints.x\n\ny := 1\n' }, data: {} },
    /`holdpoints` lies outside/,
  ],
  ['no policy', { files: {}, data: { holdpoint: {} } }, /it holds no rego/],
  ['tests only', { files: { 'a_test.rego': 'package holdpoint.a_test\n\ntest_a if true\n' } }, /it holds no rego/],
  ['a revision without end', { revision: '1'.repeat(201) }, /longer than 200 characters/],
];

for (const [note, parts, why] of WRONG) {
  test(`a bundle that is no policy of ours is refused: ${note}`, async () => {
    await publish(parts);
    assertRefused(await open(STRICT).next(), why);
    assertRefused(await open().next(), why);
  });
}

test('conftest bundles with the root main are taken', async () => {
  await publish({
    roots: ['main'],
    files: { 'main.rego': 'package main\n\ndeny contains "no" if input.harmless == false\n' },
    data: {},
  });
  assert.equal((await take(open(STRICT))).layer.modules[0]?.name, 'main.rego');
});

test('over http a bundle is asked for by its tag, with a token, and no redirect is followed', async () => {
  const bytes = await world.maker.make({ key: KEY, revision: '7' });
  const tagged =
    (tag: string, body: Uint8Array): Script =>
    (asked, response) => {
      if (asked.headers['if-none-match'] === tag) response.writeHead(304).end();
      else response.writeHead(200, { etag: tag, 'content-type': 'application/gzip' }).end(body);
    };
  const server = await startScriptedServer(tagged('"a1"', bytes));
  const url = `${server.url}/bundles/holdpoint.tar.gz?x=1`;
  const feed = open({ ...STRICT, source: url, token: 'tok' });
  try {
    await take(feed);
    assert.deepEqual(await feed.next(), { kind: 'same' });
    assert.deepEqual(
      server.asked.map((one) => [one.method, one.url, one.headers.authorization, one.headers['if-none-match']]),
      [
        ['GET', '/bundles/holdpoint.tar.gz?x=1', 'Bearer tok', undefined],
        ['GET', '/bundles/holdpoint.tar.gz?x=1', 'Bearer tok', '"a1"'],
      ],
    );
    // A restart goes on with the tag of what was kept.
    const restarted = open({ ...STRICT, source: url, token: 'tok' });
    assert.equal((await lastGood(restarted))?.layer.revision, '7');
    assert.deepEqual(await restarted.next(), { kind: 'same' });
    assert.equal(server.asked.at(-1)?.headers['if-none-match'], '"a1"');
    await restarted.close();
    const bad: readonly (readonly [Script, RegExp])[] = [
      [(_a, r) => r.writeHead(302, { location: `${server.url}/x` }).end(), /a redirect \(302\)/],
      [(_a, r) => r.writeHead(404).end('no'), /status 404/],
      [(_a, r) => r.writeHead(403).end('{"message":"no such bucket"}'), /status 403: no such bucket/],
      [
        (_a, r) => r.writeHead(200, { 'content-length': String(64 * 1024 * 1024) }).write('x'),
        /larger than 16777216 bytes/,
      ],
      [(_a, r) => r.writeHead(200).end(bytes.subarray(0, 200)), /it is cut off/],
      [
        (_a, r, socket) => {
          r.writeHead(200, { 'content-length': String(bytes.length) });
          r.write(bytes.subarray(0, 200), () => socket.destroy());
        },
        /connection/,
      ],
      [(_a, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes), /in the encoding `gzip`/],
      [(_a, r) => r.writeHead(200).end('<html>log in</html>'), /no gzip file/],
    ];
    for (const [script, why] of bad) {
      server.answer(script);
      assertRefused(await feed.next(), why);
    }
    server.answer(tagged('"a2"', await world.maker.make({ key: KEY, revision: '8' })));
    assert.equal((await take(feed)).layer.revision, '8');
    server.answer(tagged('"a3"', bytes));
    assertRefused(await feed.next(), /`7` is older than `8`/);
    server.answer((_a, r) => r.writeHead(304).end());
    assertRefused(await open({ ...STRICT, source: url }).next(), /status 304/);
  } finally {
    await feed.close();
    await server.close();
  }
});

test('nobody there is a refusal', async () => {
  const feed = open({ source: `http://127.0.0.1:${await freePort()}/b.tar.gz` });
  assertRefused(await feed.next(), /nobody listens there/);
  await feed.close();
});

test('a download that hangs is cut off when the feed is closed', async () => {
  const { promise: isAsked, resolve } = Promise.withResolvers<void>();
  const server = await startScriptedServer((_asked, response) => {
    response.writeHead(200).write('x');
    resolve();
  });
  const feed = open({ source: `${server.url}/b.tar.gz` });
  const next = feed.next();
  await isAsked;
  await feed.close();
  assertRefused(await next, /the connection/);
  assertRefused(await feed.next(), /it is asked no more/);
  await server.close();
});

test('an altered bundle is refused and the next good one taken', async () => {
  const bytes = await publish({ revision: '7' });
  const feed = open(STRICT);
  writeFileSync(source(), await altered(bytes, (files) => files.set('data.json', Buffer.from('{}'))));
  assertRefused(await feed.next(), /digest mismatch/);
  writeFileSync(source(), bytes);
  await take(feed);
});

test('settings of a feed are refused', () => {
  const cases: readonly (readonly [Partial<BundleOptions>, RegExp])[] = [
    [{ source: 'http://bundles.example/a.tar.gz' }, /plain http to another machine/],
    [{ source: 'relative/a.tar.gz' }, /no address/],
    [{ source: 's3://bucket/a.tar.gz' }, /no address/],
    [{ verification: { ...verificationOf(KEY), algorithm: 'HS256' } }, /is none of the algorithms/],
    [{ ca: 'x' }, /holds no certificates/],
  ];
  for (const [options, why] of cases) {
    const opened = openBundleFeed({
      source: '/a.tar.gz',
      stateDir: '/nowhere',
      readFile: () => Promise.resolve({ ok: false, why: '' }),
      nowMs: () => 0,
      ...options,
    });
    assert.match(opened.ok ? '' : opened.why, why);
  }
});

test('revisions have the order that people expect', () => {
  const ordered = [
    ['0', '1', '9', '10', '1742+4f3e2d1', '20261125', '99999999999999999999'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00.500000001Z', '2026-11-25T12:00:00Z+abc'],
    [
      '0.9.0',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      'v1.0.0',
      '1.0.1+b',
      '1.10.0',
    ],
  ];
  for (const row of ordered)
    for (const [i, a] of row.entries())
      for (const [j, b] of row.entries())
        assert.equal(Math.sign(compareRevisions(a, b) ?? Number.NaN), Math.sign(i - j), `${a} ${b}`);
  assert.equal(compareRevisions('007', '7'), 0);
  assert.equal(compareRevisions('7+a', '7+b'), 0);
  for (const none of [
    '',
    'latest',
    '4f3e2d1',
    '1.2',
    '-1',
    '1e3',
    '2026-02-31T00:00:00Z',
    '2026-11-25',
    '2026-11-25T12:00:00',
    '2026-11-25T12:00:00+02:00',
    '1.2.3-',
    '7+',
    ' 7',
  ])
    assert.equal(placeOfRevision(none), undefined, none);
});

test('the order of revisions is one', () => {
  const revision = fc.oneof(
    fc.nat().map(String),
    fc
      .tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.option(fc.stringMatching(/^[0-9a-z]{1,3}(\.[0-9a-z]{1,3}){0,2}$/)))
      .map(([a, b, c, before]) => `${a}.${b}.${c}${before === null ? '' : `-${before}`}`),
  );
  fc.assert(
    fc.property(revision, revision, revision, (a, b, c) => {
      const [ab, ba, bc, ac] = [
        compareRevisions(a, b),
        compareRevisions(b, a),
        compareRevisions(b, c),
        compareRevisions(a, c),
      ];
      if (ab === undefined || bc === undefined || ba === undefined) return;
      assert.equal(Math.sign(ab), -Math.sign(ba));
      if (ab <= 0 && bc <= 0) assert.ok((ac ?? 1) <= 0);
    }),
  );
});
