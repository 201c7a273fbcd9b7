import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipUnless } from '../../platform.ts';
import { holdpoint, makePlace } from '../daemon/place.ts';
import { FREEZE, FREEZE_TEST, makePolicyPlace, type PolicyPlace } from './policy-place.ts';

let place: PolicyPlace;
before(() => {
  place = makePolicyPlace();
});
after(() => place.remove());

const UGLY = FREEZE.replace('some e in', 'some   e   in');
const read = (name: string): string => readFileSync(path.join(place.work, name), 'utf8');

describe('policy fmt', () => {
  test('prints what is formatted, from files or standard input', async () => {
    place.write('a/x.rego', UGLY);
    assert.deepEqual(await place.run(['fmt', 'a']), { code: 0, out: FREEZE, err: '' });
    assert.deepEqual(await place.run(['fmt'], { input: UGLY }), { code: 0, out: FREEZE, err: '' });
    assert.equal(read('a/x.rego'), UGLY);
  });

  test('lists, shows and fails, and none of these writes', async () => {
    place.write('b/good.rego', FREEZE);
    place.write('b/ugly.rego', UGLY);
    assert.deepEqual(await place.run(['fmt', '-l', 'b']), { code: 0, out: 'b/ugly.rego\n', err: '' });
    assert.deepEqual(await place.run(['fmt', '-l', '--fail', 'b']), { code: 2, out: 'b/ugly.rego\n', err: '' });
    assert.deepEqual(await place.run(['fmt', '--fail', 'b']), {
      code: 2,
      out: '',
      err: 'b/ugly.rego: not formatted\n',
    });
    assert.deepEqual(await place.run(['fmt', '--fail', 'b/good.rego']), { code: 0, out: '', err: '' });
    const { out } = await place.run(['fmt', '-d', '-w', 'b']);
    assert.match(out, /\n-\tsome {3}e {3}in input\.effects\n\+\tsome e in input\.effects\n/);
    assert.equal(read('b/ugly.rego'), UGLY);
  });

  test('writes by replacing: mode and link stay, nothing is left beside it', { skip: skipUnless('unix') }, async () => {
    const file = place.write('c/real.rego', UGLY);
    place.write('d/keep.txt', '');
    symlinkSync(file, path.join(place.work, 'd/link.rego'));
    const { ino } = statSync(file);
    assert.deepEqual(await place.run(['fmt', '-w', 'd']), { code: 0, out: '', err: '' });
    assert.equal(read('c/real.rego'), FREEZE);
    assert.ok(lstatSync(path.join(place.work, 'd/link.rego')).isSymbolicLink());
    assert.notEqual(statSync(file).ino, ino);
    assert.deepEqual(readdirSync(path.join(place.work, 'c')), ['real.rego']);
    const before = statSync(file).ino;
    await place.run(['fmt', '-w', 'd']);
    assert.equal(statSync(file).ino, before);
  });

  test('a file that does not parse is complained of, left alone, and keeps no other from it', async () => {
    place.write('e/a.rego', 'package x\n\ny := ');
    place.write('e/b.rego', UGLY);
    const ran = await place.run(['fmt', '-w', 'e']);
    assert.deepEqual([ran.code, ran.out], [2, '']);
    assert.match(ran.err, /^e\/a\.rego:3:\d+: /);
    assert.deepEqual([read('e/a.rego'), read('e/b.rego')], ['package x\n\ny := ', FREEZE]);
  });

  test('a file that changes while it is formatted is left as it is', async () => {
    const file = place.write('g/a.rego', UGLY);
    const { tools } = place;
    const edited = `${UGLY}\n# edited\n`;
    const ran = await place.run(['fmt', '-w', 'g'], {
      deps: {
        openTools: () => ({
          ...tools,
          format: async (modules) => {
            place.write('g/a.rego', edited);
            return tools.format(modules);
          },
          close: () => Promise.resolve(),
        }),
      },
    });
    assert.deepEqual([ran.code, ran.err], [2, 'g/a.rego: it was changed meanwhile\n']);
    assert.equal(readFileSync(file, 'utf8'), edited);
    assert.deepEqual(readdirSync(path.dirname(file)), ['a.rego']);
  });
});

describe('policy build', () => {
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const other = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  before(() => {
    place.write('pol/sub/freeze.rego', FREEZE);
    place.write('pol/sub/freeze_test.rego', FREEZE_TEST);
    place.write('pol/sub/data.json', '{"n":1}');
    place.write('rsa.pem', rsa.privateKey);
  });

  const keys = (key: string) => ({ keys: { mine: { key, algorithm: 'RS256' } }, keyId: 'mine' });

  test('a bundle that OPA reads: without tests, data where its folder is', async () => {
    assert.deepEqual(await place.run(['build', 'pol', '--revision', 'r7']), { code: 0, out: '', err: '' });
    const bundle = await place.tools.readBundle(readFileSync(path.join(place.work, 'bundle.tar.gz')));
    assert.ok(bundle.ok);
    assert.deepEqual(
      [bundle.value.revision, bundle.value.verified, bundle.value.modules.map((one) => one.text), bundle.value.data],
      ['r7', false, [FREEZE], { sub: { n: 1 } }],
    );
    const signed = await place.tools.readBundle(
      readFileSync(path.join(place.work, 'bundle.tar.gz')),
      keys(rsa.publicKey),
    );
    assert.equal(signed.ok, false);
  });

  test('signed: it verifies with its key, and with no other', async () => {
    const built = await place.run(['build', 'pol', '-o', 's.tar.gz', '--signing-key', 'rsa.pem', '--key-id', 'mine']);
    assert.deepEqual(built, { code: 0, out: '', err: '' });
    const { tools } = place;
    const bytes = readFileSync(path.join(place.work, 's.tar.gz'));
    const good = await tools.readBundle(bytes, keys(rsa.publicKey));
    assert.ok(good.ok && good.value.verified);
    assert.equal((await tools.readBundle(bytes, keys(other.publicKey))).ok, false);
  });

  const bad: readonly (readonly [readonly string[], RegExp])[] = [
    [['pol', '--signing-key', 'none.pem'], /^none\.pem: does not exist\n$/],
    [['pol', '--signing-key', 'pol/sub/data.json'], /./],
    [['broken'], /^a\.rego:3:1: `deny` has to be a set/],
    [['pol', '-o', 'no/such/folder.tar.gz'], /^no\/such\/folder\.tar\.gz: does not exist\n$/],
    [['tests-only'], /^no `\.rego` file there\n$/],
  ];
  for (const [args, says] of bad)
    test(`\`build ${args.join(' ')}\` makes nothing`, async () => {
      place.write('broken/a.rego', 'package holdpoint.policies.a\n\ndeny if true\n');
      place.write('tests-only/a_test.rego', FREEZE_TEST);
      const before = readdirSync(place.work);
      const ran = await place.run(['build', ...args]);
      assert.deepEqual([ran.code, ran.out], [1, '']);
      assert.match(ran.err, says);
      assert.deepEqual(readdirSync(place.work), before);
    });
});

test('ended in the middle, `fmt -w` leaves each file old or new', { skip: skipUnless('unix') }, async () => {
  const own = makePlace();
  try {
    const files = Array.from({ length: 150 }, (_, number) =>
      path.join(own.work, `${String(number).padStart(3, '0')}.rego`),
    );
    for (const file of files) writeFileSync(file, UGLY);
    const ended = await holdpoint(own, ['policy', 'fmt', '-w', '.'], {
      onChild: (child) => {
        const [, watched = ''] = files;
        // As soon as a file is written, which is while others are not.
        const timer = setInterval(() => {
          if (readFileSync(watched, 'utf8') === UGLY) return;
          clearInterval(timer);
          child.kill('SIGINT');
        }, 1);
        child.once('close', () => clearInterval(timer));
      },
    });
    assert.equal(ended.code, null, ended.err);
    const texts = files.map((file) => readFileSync(file, 'utf8'));
    assert.deepEqual(
      texts.filter((text) => text !== UGLY && text !== FREEZE),
      [],
    );
    assert.ok(texts.includes(UGLY) && texts.includes(FREEZE));
    // What may be left beside them is no policy.
    assert.equal(readdirSync(own.work).filter((name) => name.endsWith('.rego')).length, files.length);
  } finally {
    own.remove();
  }
});
