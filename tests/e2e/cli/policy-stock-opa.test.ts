import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { skipUnless } from '../../platform.ts';
import { stockOpa } from '../../stock-opa.ts';
import { FREEZE, FREEZE_TEST, makePolicyPlace, type PolicyPlace, type Ran } from './policy-place.ts';

const skip = skipUnless('go');

const pemOf = ({ publicKey, privateKey }: KeyPairKeyObjectResult): Record<'publicKey' | 'privateKey', string> => ({
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
});

let place: PolicyPlace;
before(() => {
  place = makePolicyPlace();
  place.write('p/freeze.rego', FREEZE);
  place.write('p/freeze_test.rego', FREEZE_TEST);
  place.write('p/data.json', '{"list":[3,1,2]}');
  place.write('ugly/a.rego', 'package   a\nimport data.b\nx:=   b.y  # why\n\n\n\ny if { 1==1;2==2 }');
  place.write('broken/a.rego', 'package a\n\nx := ');
  place.write(
    'mixed/a_test.rego',
    'package a_test\n\ntest_yes if true\n\ntest_no if false\n\ntodo_test_later if true\n',
  );
  place.write('skipped/a_test.rego', 'package a_test\n\ntest_yes if true\n\ntodo_test_later if true\n');
  place.write('input.json', '{"x":[1,2,3],"name":"ann"}');
});
after(() => place.remove());

function opa(args: readonly string[], input = ''): Ran {
  const ran = spawnSync(stockOpa(), args, { cwd: place.work, encoding: 'utf8', input });
  return { code: ran.status ?? -1, out: ran.stdout, err: ran.stderr };
}

describe('the same as stock opa', { skip }, () => {
  const queries: readonly (readonly string[])[] = [
    ['1 + 1'],
    ['false'],
    ['data.nope'],
    ['data.list[i]', '-d', 'p/data.json'],
    ['input.x[_] > 1', '-i', 'input.json'],
    ['input.x[i] > 1', '-i', 'input.json'],
    ['[x | x = input.x[_]; x > 1]', '-i', 'input.json'],
    ['{"a":false,"b":2}[k]'],
    ['data.holdpoint.policies.freeze.hold', '-d', 'p/freeze.rego', '-i', 'input.json'],
    ['sprintf("%s!", [input.name])', '-i', 'input.json'],
    ['null'],
    ['1 +'],
    ['nosuch(1)'],
    ['input.x + y'],
  ];
  for (const args of queries)
    for (const fail of [[], ['--fail']])
      test(`eval ${[...args, ...fail].join(' ')}`, async () => {
        const [theirs, ours] = [
          opa(['eval', ...args, ...fail]),
          await place.run(['eval', '--any-rego', ...args, ...fail]),
        ];
        assert.equal(ours.code, theirs.code);
        assert.deepEqual(comparable(ours.out), comparable(theirs.out));
      });

  for (const args of [
    ['p'],
    ['mixed'],
    ['skipped'],
    ['skipped', '-z'],
    ['mixed', '--run', 'yes'],
    ['broken'],
    ['none'],
    ['p', '--threshold', '10'],
    ['p', '--threshold', '100'],
  ])
    test(`test ${args.join(' ')} exits alike, and counts alike`, async () => {
      const [theirs, ours] = [opa(['test', ...args]), await place.run(['test', ...args])];
      assert.equal(ours.code, theirs.code, `${theirs.out}${theirs.err}`);
      const counts = (text: string): readonly string[] => text.match(/^(?:PASS|FAIL|SKIPPED|ERROR): \d+\/\d+$/gm) ?? [];
      if (!args.includes('--threshold')) assert.deepEqual(counts(ours.out), counts(theirs.out));
    });

  for (const args of [['p'], ['broken'], ['none']])
    test(`check ${args.join(' ')} exits alike`, async () => {
      assert.equal((await place.run(['check', '--any-rego', ...args])).code, opa(['check', '--strict', ...args]).code);
    });

  for (const args of [
    ['ugly'],
    ['-l', 'ugly', 'p'],
    ['-l', '--fail', 'ugly'],
    ['--fail', 'p'],
    ['--fail', 'ugly'],
    ['broken'],
    ['none'],
  ])
    test(`fmt ${args.join(' ')}`, async () => {
      const [theirs, ours] = [opa(['fmt', ...args]), await place.run(['fmt', ...args])];
      assert.equal(ours.code, theirs.code, theirs.err);
      // With `--fail` alone opa prints what is formatted well.
      if (args[0] !== '--fail') assert.deepEqual(ours.out.split('\n').sort(), theirs.out.split('\n').sort());
    });

  const keyPairs: readonly (readonly [string, () => ReturnType<typeof pemOf>])[] = [
    ['RS256', () => pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['PS384', () => pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['ES256', () => pemOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }))],
  ];
  for (const [algorithm, keys] of keyPairs)
    test(`a bundle signed with ${algorithm} verifies there, and does not with another key`, async () => {
      const pair = keys();
      place.write('key.pem', pair.privateKey);
      place.write('pub.pem', pair.publicKey);
      place.write('other.pem', keys().publicKey);
      const built = await place.run([
        'build',
        'p',
        '-o',
        'b.tar.gz',
        '--signing-key',
        'key.pem',
        '--signing-alg',
        algorithm,
      ]);
      assert.deepEqual(built, { code: 0, out: '', err: '' });
      const verify = (key: string) =>
        opa(['build', '-b', 'b.tar.gz', '-o', 'out.tar.gz', '--verification-key', key, '--signing-alg', algorithm]);
      assert.equal(verify('pub.pem').code, 0, verify('pub.pem').err);
      assert.notEqual(verify('other.pem').code, 0);
      const asked = opa(['eval', '-b', 'b.tar.gz', 'data.list', '--format', 'values']);
      assert.deepEqual(JSON.parse(asked.out), [[3, 1, 2]]);
    });
});

/** Errors are OPA's own in both, in no order of theirs. */
function comparable(out: string): unknown {
  const { errors, ...rest } = JSON.parse(out) as { errors?: readonly { code: string }[] };
  return errors === undefined ? rest : errors[0]?.code;
}
