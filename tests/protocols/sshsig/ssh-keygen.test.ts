import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verifySignature } from '../../../src/adapters/people/verify-signature.ts';
import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { fingerprintOf, keyIdOf, parsePublicKeyText, publicKeyText } from '../../../src/protocols/sshsig/index.ts';
import { makePerson } from '../../fakes/people.ts';

const skip = spawnSync('ssh-keygen', ['-?']).error === undefined ? false : 'ssh-keygen is not installed here';
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-keygen-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const message = canonicalBytes({ what: 'a claim', n: 1 });

function makeKey(name: string, args: readonly string[]): { readonly path: string; readonly text: string } {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'a comment', '-f', path, ...args]);
  return { path, text: readFileSync(`${path}.pub`, 'utf8') };
}

function signWith(path: string, args: readonly string[] = []): Buffer {
  return execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', path, '-n', 'holdpoint', ...args], {
    input: message,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

for (const [name, args] of [
  ['ed25519', ['-t', 'ed25519']],
  ['p256', ['-t', 'ecdsa', '-b', '256']],
  ['p384', ['-t', 'ecdsa', '-b', '384']],
  ['p521', ['-t', 'ecdsa', '-b', '521']],
] as const) {
  test(`what ssh-keygen signs with ${name} verifies here`, { skip }, () => {
    const key = makeKey(name, args);
    const parsed = parsePublicKeyText(key.text);
    assert.ok(parsed.ok);
    assert.equal(`${publicKeyText(parsed.key)} a comment\n`, key.text);
    assert.ok(
      execFileSync('ssh-keygen', ['-l', '-f', `${key.path}.pub`], { encoding: 'utf8' }).includes(
        fingerprintOf(parsed.key),
      ),
    );
    for (const hash of ['sha512', 'sha256']) {
      // Several, since the length of ECDSA numbers varies.
      for (let round = 0; round < 8; round += 1) {
        const signature = signWith(key.path, ['-O', `hashalg=${hash}`]);
        const check = verifySignature(signature, message);
        assert.ok(check.ok, JSON.stringify(check));
        assert.equal(keyIdOf(check.publicKey), keyIdOf(parsed.key));
        assert.equal(check.assertion, undefined);
        assert.equal(verifySignature(signature, canonicalBytes({ what: 'another claim' })).ok, false);
      }
    }
    const elsewhere = execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key.path, '-n', 'git'], {
      input: message,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const check = verifySignature(elsewhere, message);
    assert.ok(!check.ok);
    assert.match(check.why, /namespace `git`/);
  });
}

test('RSA keys are refused with the reason', { skip }, () => {
  const key = makeKey('rsa', ['-t', 'rsa', '-b', '2048']);
  const parsed = parsePublicKeyText(key.text);
  assert.ok(!parsed.ok);
  assert.match(parsed.why, /RSA keys are not accepted/);
  const check = verifySignature(signWith(key.path), message);
  assert.ok(!check.ok);
  assert.match(check.why, /RSA keys are not accepted/);
});

test('ssh-keygen verifies what we sign', { skip }, () => {
  const ann = makePerson('ann');
  const allowed = join(folder, 'allowed');
  const signature = join(folder, 'ann.sig');
  writeFileSync(allowed, `ann namespaces="holdpoint" ${ann.publicKeyText}\n`);
  writeFileSync(signature, ann.signStatement({ what: 'a claim', n: 1 }));
  const verify = (input: Uint8Array) =>
    spawnSync('ssh-keygen', ['-Y', 'verify', '-f', allowed, '-I', 'ann', '-n', 'holdpoint', '-s', signature], {
      input,
    });
  assert.equal(verify(message).status, 0);
  assert.notEqual(verify(canonicalBytes({ what: 'another claim' })).status, 0);
});
