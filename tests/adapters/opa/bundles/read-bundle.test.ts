import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ARCHIVE_LIMITS, openArchive, plainTar } from '../../../../src/adapters/opa/bundles/archive.ts';
import {
  faultOfVerification,
  readBundleApart,
  readBundleIn,
} from '../../../../src/adapters/opa/bundles/read-bundle.ts';
import type { BundleVerification } from '../../../../src/ports/policy-sources.ts';
import { skipUnless } from '../../../platform.ts';
import { stockOpa } from '../../../stock-opa.ts';
import {
  altered,
  type BundleMaker,
  filesOf,
  packFiles,
  RULES,
  resigned,
  type SigningKey,
  signingKey,
  startBundleMaker,
  tarEntry,
  tarGz,
  untarred,
  verificationOf,
} from './bundle-maker.ts';

const KEYS = { RS256: signingKey('RS256'), ES256: signingKey('ES256') };
const STRANGER = signingKey('RS256');
const world: { maker: BundleMaker } = { maker: undefined as unknown as BundleMaker };
const work = mkdtempSync(path.join(tmpdir(), 'read-bundle-'));

before(async () => {
  world.maker = await startBundleMaker();
});
after(async () => {
  await world.maker.end();
  rmSync(work, { recursive: true, force: true });
});

async function refusal(bytes: Uint8Array, verification?: BundleVerification): Promise<string> {
  const read = await readBundleIn(world.maker.thread, bytes, verification);
  assert.equal(read.ok, false, 'the bundle was taken');
  return read.ok ? '' : read.why;
}

test('an unsigned bundle is read where no key is configured, and says that it is not verified', async () => {
  const bundle = await world.maker.make({ revision: '7' });
  const read = await readBundleApart(bundle);
  assert.ok(read.ok, read.ok ? '' : read.why);
  assert.deepEqual(
    {
      verified: read.value.verified,
      revision: read.value.revision,
      roots: read.value.roots,
      modules: read.value.modules,
    },
    {
      verified: false,
      revision: '7',
      roots: ['holdpoint'],
      modules: [{ name: 'policies/production.rego', text: RULES }],
    },
  );
  assert.deepEqual(read.value.data, { holdpoint: { words: { why: 'destroys data' } } });
});

for (const key of Object.values(KEYS)) {
  test(`a bundle signed with ${key.algorithm} is read with its key`, async () => {
    const bundle = await world.maker.make({ revision: '7', key });
    const read = await readBundleIn(world.maker.thread, bundle, verificationOf(key));
    assert.ok(read.ok, read.ok ? '' : read.why);
    assert.equal(read.value.verified, true);
    assert.equal(read.value.modules.length, 1);
  });

  test(`no byte of a bundle signed with ${key.algorithm} can be altered, no file added or taken away`, async () => {
    const bundle = await world.maker.make({
      files: { 'a.rego': RULES, 'b_test.rego': 'package b_test\n\ntest_a if true\n' },
      key,
    });
    const names = [...(await filesOf(bundle)).keys()];
    assert.deepEqual(names.toSorted(), ['.manifest', '.signatures.json', 'a.rego', 'b_test.rego', 'data.json']);
    for (const name of names) {
      const content = (await filesOf(bundle)).get(name) ?? Buffer.alloc(0);
      const places = [0, Math.floor(content.length / 2), content.lastIndexOf('"') - 1].filter((at) => at >= 0);
      for (const at of places) {
        const bytes = await altered(bundle, (files) => {
          const mine = files.get(name);
          assert.ok(mine);
          mine[at] = (mine[at] ?? 0) ^ 1;
        });
        assert.match(await refusal(bytes, verificationOf(key)), /^the bundle is refused: /, `${name} at ${at}`);
      }
      const without = await altered(bundle, (files) => files.delete(name));
      assert.match(await refusal(without, verificationOf(key)), /refused: /, `without ${name}`);
    }
    for (const extra of ['evil.rego', 'holdpoint/data.json', 'x/.manifest', '.signatures.json.rego']) {
      const more = await altered(bundle, (files) =>
        files.set(extra, Buffer.from(extra.endsWith('.rego') ? RULES : '{}')),
      );
      assert.match(await refusal(more, verificationOf(key)), /refused: /, extra);
    }
  });

  test(`a signature with ${key.algorithm} cannot be stripped, forged or borrowed`, async () => {
    const bundle = await world.maker.make({ key });
    const verification = verificationOf(key);
    const change = (run: (files: Map<string, Buffer>) => void): Promise<Buffer> => altered(bundle, run);
    const wide = { RS256: 'PS256', ES256: 'RS256' }[key.algorithm];
    const cases: readonly (readonly [note: string, bytes: Uint8Array, why: RegExp])[] = [
      ['never signed', await world.maker.make({}), /it is not signed/],
      ['stripped', await change((files) => files.delete('.signatures.json')), /it is not signed/],
      [
        'emptied',
        await change((files) => files.set('.signatures.json', Buffer.from('{"signatures":[]}'))),
        /exactly one signature/,
      ],
      ['not JSON', await change((files) => files.set('.signatures.json', Buffer.from('{'))), /exactly one signature/],
      [
        'no token',
        await change((files) => files.set('.signatures.json', Buffer.from('{"signatures":["a.b"]}'))),
        /cannot be read/,
      ],
      [
        'another plugin',
        await change((files) => {
          const all = JSON.parse(String(files.get('.signatures.json'))) as object;
          files.set('.signatures.json', Buffer.from(JSON.stringify({ ...all, plugin: 'mine' })));
        }),
        /exactly one signature/,
      ],
      [
        'by a stranger under the same name',
        await world.maker.make({ key: { ...STRANGER, keyId: key.keyId } }),
        key.algorithm === 'RS256' ? /failed to verify/ : /signed with `RS256`/,
      ],
      [
        'by the key under another name',
        await world.maker.make({ key: { ...key, keyId: 'old' } }),
        /signed with the key `old`, not with `policy-2026`/,
      ],
      [
        'algorithm none',
        await change((files) => resigned(files, { header: { alg: 'none' } }, 'none')),
        /signed with `none`/,
      ],
      [
        'no signature under the right algorithm',
        await change((files) => resigned(files, {}, 'none')),
        /failed to verify/,
      ],
      [
        'the public key as a secret',
        await change((files) => resigned(files, { header: { alg: 'HS256' } }, { hmac: key.publicPem })),
        /signed with `HS256`/,
      ],
      [
        'the public key as a secret, the header as it was',
        await change((files) => resigned(files, {}, { hmac: key.publicPem })),
        /failed to verify/,
      ],
      [
        'another algorithm of the kind',
        await change((files) => resigned(files, { header: { alg: wide } }, 'keep')),
        /signed with/,
      ],
      [
        'another key id in the header',
        await change((files) => resigned(files, { header: { kid: 'old' } }, { key })),
        /signed with the key `old`/,
      ],
      [
        'critical extensions',
        await change((files) => resigned(files, { header: { crit: ['b64'], b64: false } }, { key })),
        /cannot be read/,
      ],
      [
        'other claims under the old signature',
        await change((files) => resigned(files, { payload: (claims) => ({ ...claims, x: 1 }) }, 'keep')),
        /failed to verify/,
      ],
      [
        'a weak hash',
        await change((files) =>
          resigned(
            files,
            { payload: (claims) => ({ ...claims, files: claims.files.map((one) => ({ ...one, algorithm: 'MD5' })) }) },
            { key },
          ),
        ),
        /by the hash `MD5`, which is too weak/,
      ],
      [
        'another scope',
        await change((files) => resigned(files, { payload: (claims) => ({ ...claims, scope: 'read' }) }, { key })),
        /scope mismatch/,
      ],
    ];
    for (const [note, bytes, why] of cases) assert.match(await refusal(bytes, verification), why, note);
    // What the forger's tools do by themselves is no fault: the honest token, made again, passes.
    const again = await change((files) => resigned(files, {}, { key }));
    assert.ok((await readBundleIn(world.maker.thread, again, verification)).ok);
    const scoped = await change((files) =>
      resigned(files, { payload: (claims) => ({ ...claims, scope: 'read' }) }, { key }),
    );
    assert.ok((await readBundleIn(world.maker.thread, scoped, { ...verification, scope: 'read' })).ok);
    assert.match(await refusal(bundle, { ...verification, scope: 'read' }), /scope mismatch/);
  });
}

test('a signed bundle is read without a key too, and is not called verified', async () => {
  const read = await readBundleIn(world.maker.thread, await world.maker.make({ key: KEYS.RS256 }));
  assert.ok(read.ok, read.ok ? '' : read.why);
  assert.equal(read.value.verified, false);
});

test('keys that cannot verify are refused', () => {
  const good = verificationOf(KEYS.RS256);
  assert.equal(faultOfVerification(good), undefined);
  assert.equal(faultOfVerification(verificationOf(KEYS.ES256)), undefined);
  const cases: readonly (readonly [Partial<BundleVerification>, RegExp])[] = [
    [{ algorithm: 'HS256' }, /`HS256` is none of/],
    [{ algorithm: 'none' }, /`none` is none of/],
    [{ algorithm: 'ES256' }, /the key is one of rsa/],
    [{ publicKey: KEYS.RS256.privatePem }, /does not hold one public key/],
    [{ publicKey: good.publicKey + good.publicKey }, /does not hold one public key/],
    [{ publicKey: 'secret' }, /does not hold one public key/],
    [{ publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' }, /cannot be read/],
  ];
  for (const [parts, why] of cases) assert.match(faultOfVerification({ ...good, ...parts }) ?? '', why);
});

const MANIFEST = tarEntry('.manifest', '{"revision":"1","roots":["holdpoint"]}');
const POLICY = tarEntry('a.rego', RULES);
const HOSTILE: readonly (readonly [note: string, bytes: () => Uint8Array, why: RegExp])[] = [
  ['nothing', () => Buffer.alloc(0), /cut off|no gzip/],
  ['no gzip', () => Buffer.from('PK\x03\x04'), /no gzip file/],
  ['no tar', () => gzipSync('x'.repeat(600)), /no tar file/],
  ['a bomb', () => gzipSync(Buffer.alloc(ARCHIVE_LIMITS.unpackedBytes + 1)), /unpacks to more than/],
  [
    'a bomb of zeros behind the end',
    () => gzipSync(Buffer.concat([POLICY, Buffer.alloc(8 * 1024 * 1024)])),
    /something follows/,
  ],
  ['too many packed bytes', () => Buffer.alloc(ARCHIVE_LIMITS.bytes + 1), /larger than/],
  [
    'too many files',
    () => tarGz(...Array.from({ length: ARCHIVE_LIMITS.files + 1 }, (_, at) => tarEntry(`${at}.rego`, ''))),
    /more than 2000 files/,
  ],
  ['a name upwards', () => tarGz(MANIFEST, tarEntry('../../etc/x.rego', RULES)), /leads elsewhere/],
  ['a name upwards in the middle', () => tarGz(MANIFEST, tarEntry('a/../../x.rego', RULES)), /leads elsewhere/],
  ['a name with backslashes', () => tarGz(MANIFEST, tarEntry('a\\..\\x.rego', RULES)), /leads elsewhere/],
  ['a name with a control character', () => tarGz(MANIFEST, tarEntry('a\x1b[2J.rego', RULES)), /leads elsewhere/],
  ['an empty name', () => tarGz(MANIFEST, tarEntry('', RULES)), /leads elsewhere/],
  ['a name twice', () => tarGz(MANIFEST, POLICY, tarEntry('./a.rego', 'package x\n')), /`a\.rego` is in it twice/],
  [
    'a symbolic link',
    () => tarGz(MANIFEST, tarEntry('b.rego', '', '2', '/etc/shadow')),
    /`b\.rego` in it is not a plain file/,
  ],
  ['a hard link', () => tarGz(MANIFEST, tarEntry('b.rego', '', '1', 'a.rego')), /not a plain file/],
  ['a device', () => tarGz(MANIFEST, tarEntry('b.rego', '', '3')), /not a plain file/],
  ['a pipe', () => tarGz(MANIFEST, tarEntry('b.rego', '', '6')), /not a plain file/],
  ['a sparse file', () => tarGz(MANIFEST, tarEntry('b.rego', '', 'S')), /not a plain file/],
  ['a global extension', () => tarGz(tarEntry('g', '12 path=a\n', 'g'), POLICY), /not a plain file/],
  ['a size by extension', () => tarGz(tarEntry('x', '12 size=999\n', 'x'), POLICY), /the extension `size`/],
  ['a long name upwards', () => tarGz(MANIFEST, tarEntry('L', '../../x.rego\0', 'L'), POLICY), /leads elsewhere/],
  [
    'a name by extension upwards',
    () => tarGz(MANIFEST, tarEntry('x', '17 path=../x.rego\n'.replace('17', '18'), 'x'), POLICY),
    /leads elsewhere/,
  ],
  [
    'an extension that lies of its length',
    () => tarGz(MANIFEST, tarEntry('x', '99 path=a\n', 'x'), POLICY),
    /no tar file/,
  ],
  [
    'a damaged header',
    () => {
      const tar = untarred(tarGz(MANIFEST, POLICY));
      tar[0] = (tar[0] ?? 0) ^ 1;
      return gzipSync(tar);
    },
    /no tar file/,
  ],
  [
    'a second archive behind the end',
    () => gzipSync(Buffer.concat([POLICY, Buffer.alloc(1024), tarEntry('b.rego', RULES)])),
    /something follows its end/,
  ],
  ['no end', () => gzipSync(POLICY), /cut off/],
  ['half a policy', () => tarGz(MANIFEST, tarEntry('a.rego', RULES.slice(0, 60))), /a\.rego:\d+/],
  ['data that is no JSON', () => tarGz(MANIFEST, tarEntry('data.json', '{')), /data\.json/],
  ['a manifest that is no JSON', () => tarGz(tarEntry('.manifest', '['), POLICY), /refused: /],
  ['a policy outside of its roots', () => tarGz(MANIFEST, tarEntry('b.rego', 'package other\n\nx := 1\n')), /roots/],
  [
    'a delta',
    () => tarGz(tarEntry('patch.json', '{"data":[{"op":"replace","path":"/a","value":1}]}')),
    /only snapshot bundles/,
  ],
];

for (const [note, bytes, why] of HOSTILE) {
  test(`a hostile or broken bundle is refused with its reason: ${note}`, async () => {
    assert.match(await refusal(bytes()), why);
  });
}

test('a bundle cut off anywhere is refused', async () => {
  const bundle = await world.maker.make({ key: KEYS.ES256 });
  for (let length = 0; length < bundle.length; length += 37) {
    assert.match(await refusal(bundle.subarray(0, length), verificationOf(KEYS.ES256)), /cut off|no gzip/);
    assert.match(await refusal(bundle.subarray(0, length)), /cut off|no gzip/);
  }
});

test('whatever bytes come, the reader answers', async () => {
  const bundle = await world.maker.make({});
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(untarred(bundle).length - 1), fc.nat(255)), { maxLength: 8 }),
      async (edits) => {
        const tar = Buffer.from(untarred(bundle));
        for (const [at, byte] of edits) tar[at] = byte;
        const archive = await openArchive(gzipSync(tar));
        if (!archive.ok) assert.match(archive.why, /^[a-z`]/);
        else for (const name of archive.files.keys()) assert.ok(!name.split('/').includes('..'), name);
      },
    ),
    { numRuns: 300 },
  );
});

test('files survive being packed plainly', async () => {
  const names = fc.array(fc.stringMatching(/^[a-zé]{1,60}(\/[a-z]{1,60}){0,3}\.rego$/), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(names, fc.uint8Array({ maxLength: 2_000 })), async ([all, content]) => {
      const files = new Map(all.map((name) => [name, Buffer.from(content)]));
      const tar = plainTar(files);
      if (typeof tar === 'string') return;
      const archive = await openArchive(gzipSync(tar));
      assert.ok(archive.ok, archive.ok ? '' : archive.why);
      assert.deepEqual([...archive.files], [...files]);
    }),
  );
});

const stock: { readonly skip: string | false } = { skip: skipUnless('go') };

function builtByStockOpa(name: string, key: SigningKey, extra: readonly string[] = []): Buffer {
  const dir = path.join(work, name);
  mkdirSync(path.join(dir, 'holdpoint/words'), { recursive: true });
  mkdirSync(path.join(dir, 'policies'), { recursive: true });
  writeFileSync(path.join(dir, '.manifest'), '{"roots": ["holdpoint"]}');
  writeFileSync(path.join(dir, 'policies/production.rego'), RULES);
  writeFileSync(path.join(dir, 'holdpoint/words/data.json'), '{"why": "destroys data"}');
  writeFileSync(path.join(work, `${name}.key`), key.privatePem);
  const out = path.join(work, `${name}.tar.gz`);
  // `opa build` names the key that it signs with by the flag of the other one.
  const signing = [
    '--signing-alg',
    key.algorithm,
    '--signing-key',
    path.join(work, `${name}.key`),
    '--verification-key-id',
    key.keyId,
  ];
  execFileSync(stockOpa(), ['build', '-b', dir, '--revision', '1742+4f3e2d1', '-o', out, ...signing, ...extra], {
    stdio: 'pipe',
  });
  return readFileSync(out);
}

for (const key of Object.values(KEYS)) {
  test(`a bundle that stock opa built and signed with ${key.algorithm} is read`, stock, async () => {
    const bundle = builtByStockOpa(`stock-${key.algorithm}`, key);
    const read = await readBundleIn(world.maker.thread, bundle, verificationOf(key));
    assert.ok(read.ok, read.ok ? '' : read.why);
    assert.equal(read.value.revision, '1742+4f3e2d1');
    assert.deepEqual(read.value.roots, ['holdpoint']);
    assert.deepEqual(read.value.data, { holdpoint: { words: { why: 'destroys data' } } });
    assert.equal(read.value.modules.length, 1);
    const evil = await altered(bundle, (files) => files.set('policies/evil.rego', Buffer.from(RULES)));
    assert.match(await refusal(evil, verificationOf(key)), /not included in bundle signature/);
    assert.match(
      await refusal(packFiles(await filesOf(bundle)), verificationOf({ ...STRANGER, algorithm: 'RS256' })),
      /refused/,
    );
  });
}

test('a bundle that our writer signed is verified by stock opa', stock, async () => {
  const file = path.join(work, 'ours.tar.gz');
  writeFileSync(file, await world.maker.make({ key: KEYS.ES256, revision: '9' }));
  writeFileSync(path.join(work, 'ours.pub'), KEYS.ES256.publicPem);
  const out = path.join(work, 'again.tar.gz');
  const verify = (keyId: string): string => {
    const key = ['--verification-key', path.join(work, 'ours.pub'), '--verification-key-id', keyId];
    const args = ['build', '-b', file, '-o', out, '--signing-alg', 'ES256', ...key];
    const ran = spawnSync(stockOpa(), args, { encoding: 'utf8' });
    return `${ran.status} ${ran.stdout}${ran.stderr}`;
  };
  assert.equal(verify(KEYS.ES256.keyId), '0 ');
  writeFileSync(file, await altered(readFileSync(file), (files) => files.set('evil.rego', Buffer.from(RULES))));
  assert.match(verify(KEYS.ES256.keyId), /^1 .*not included in bundle signature/);
});

test('a bundle that was signed by `opa sign` beside it is read', stock, async () => {
  const key = KEYS.RS256;
  const dir = path.join(work, 'signed-apart');
  mkdirSync(path.join(dir, 'policies'), { recursive: true });
  writeFileSync(path.join(dir, '.manifest'), '{"roots": ["holdpoint"], "revision": "2026-11-25T12:00:00Z"}');
  writeFileSync(path.join(dir, 'policies/production.rego'), RULES);
  const keyFile = path.join(work, 'apart.key');
  writeFileSync(keyFile, key.privatePem);
  execFileSync(stockOpa(), ['sign', '--signing-key', keyFile, '--signing-alg', 'RS256', '--bundle', '.'], {
    stdio: 'pipe',
    cwd: dir,
  });
  const bundle = path.join(work, 'signed-apart.tar.gz');
  execFileSync('tar', ['czf', bundle, '-C', dir, '.']);
  const read = await readBundleIn(world.maker.thread, readFileSync(bundle), verificationOf(key));
  assert.ok(read.ok, read.ok ? '' : read.why);
  assert.equal(read.value.revision, '2026-11-25T12:00:00Z');
});
