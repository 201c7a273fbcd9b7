import assert from 'node:assert/strict';
import { sign as cryptoSign, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifySignature } from '../../../src/adapters/people/verify-signature.ts';
import {
  armoredSshsig,
  parseArmoredSshsig,
  parsePublicKey,
  parsePublicKeyText,
  parseSshsig,
  publicKeyText,
  signedBlob,
} from '../../../src/protocols/sshsig/index.ts';
import { decodeBase64, encodeBase64 } from '../../../src/protocols/sshsig/wire.ts';
import { makePerson } from '../../fakes/people.ts';
import { coordinates, ecdsa, keyOf, mpint, softKey, str } from './keys.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const message = bytes('{"statement":1}');
const ann = makePerson('ann');
const annsSignature = ann.signStatement({ statement: 1 });

/** The SSHSIG blob between the armor's lines. */
function blobOf(armored: string): Uint8Array {
  return new Uint8Array(Buffer.from(armored.split('\n').slice(1, -2).join(''), 'base64'));
}

function armorOf(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

function why(result: { readonly ok: boolean; readonly why?: string }): string {
  assert.equal(result.ok, false);
  return result.why ?? '';
}

test('base64 has one text for some bytes, and no other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (content) => {
      const text = encodeBase64(content);
      assert.equal(text, Buffer.from(content).toString('base64'));
      assert.deepEqual(decodeBase64(text), content);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9+/=_ -]{0,24}$/), (text) => {
      const decoded = decodeBase64(text);
      assert.ok(decoded === undefined || Buffer.from(decoded).toString('base64') === text);
    }),
  );
  for (const text of ['QQ', 'QQ=', 'QR==', 'QQ===', 'Q===', '====', 'QUJD====', 'QQ==QUJD', 'QQ==\n']) {
    assert.equal(decodeBase64(text), undefined, text);
  }
});

test('a signature that we write verifies, and only over its own message', () => {
  assert.equal(verifySignature(bytes(annsSignature), message).ok, true);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (other) => {
      fc.pre(Buffer.compare(other, message) !== 0);
      assert.equal(verifySignature(bytes(annsSignature), other).ok, false);
    }),
  );
});

for (const [name, armored] of [
  ['ssh-ed25519', annsSignature],
  ['sk-ssh-ed25519', softKey('sk-ssh-ed25519@openssh.com').sign(message, 5)],
  ['sk-ecdsa', softKey('sk-ecdsa-sha2-nistp256@openssh.com').sign(message, 5)],
  ['ecdsa-p384', ecdsaSignature('P-384')],
] as const) {
  test(`every flipped bit of the blob is refused: ${name}`, () => {
    const original = verifySignature(bytes(armored), message);
    assert.ok(original.ok);
    const blob = blobOf(armored);
    assert.equal(armorOf(blob), armored);
    for (let at = 0; at < blob.length; at += 1) {
      for (const bit of [1, 2, 16, 128]) {
        const changed = blob.slice();
        changed[at] = (changed[at] ?? 0) ^ bit;
        assert.equal(verifySignature(bytes(armorOf(changed)), message).ok, false, `byte ${at}, bit ${bit}`);
      }
    }
  });

  test(`every changed, dropped or added byte of the armor is refused: ${name}`, () => {
    const text = bytes(armored);
    for (let at = 0; at < text.length; at += 1) {
      for (const byte of [0x00, 0x0a, 0x20, 0x3d, 0x41, 0x42, 0xff]) {
        if (text[at] === byte) continue;
        const changed = text.slice();
        changed[at] = byte;
        assert.equal(verifySignature(changed, message).ok, false, `byte ${at} as ${byte}`);
      }
      const dropped = Uint8Array.from([...text.subarray(0, at), ...text.subarray(at + 1)]);
      assert.equal(verifySignature(dropped, message).ok, false, `without byte ${at}`);
      for (const byte of [0x0a, 0x20, 0x41]) {
        const added = Uint8Array.from([...text.subarray(0, at), byte, ...text.subarray(at)]);
        assert.equal(verifySignature(added, message).ok, false, `byte ${byte} before ${at}`);
      }
      assert.equal(verifySignature(text.subarray(0, at), message).ok, false, `cut at ${at}`);
    }
    for (const after of ['\n', 'x', '\0', armored])
      assert.equal(verifySignature(bytes(armored + after), message).ok, false);
    assert.equal(verifySignature(bytes(armored.replaceAll('\n', '\r\n')), message).ok, false);
  });
}

test('any bytes at all are refused in words, never thrown on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (content) => {
      assert.ok(why(parseSshsig(content)).length > 0);
      assert.ok(why(parseArmoredSshsig(content)).length > 0);
      assert.ok(why(parsePublicKey(content)).length > 0);
    }),
  );
  const blob = blobOf(annsSignature);
  for (let length = 0; length < blob.length; length += 1) assert.equal(parseSshsig(blob.subarray(0, length)).ok, false);
  assert.match(why(parseSshsig(Buffer.concat([blob, Buffer.of(0)]))), /followed by more bytes/);
});

test('each field of the blob that is not as it must be is refused with its reason', () => {
  const key = keyBlob(ann.publicKeyText);
  const inner = Buffer.concat([str('ssh-ed25519'), str(new Uint8Array(64))]);
  const make = (changes: {
    version?: number;
    key?: Uint8Array;
    namespace?: string;
    reserved?: string;
    hash?: string;
    inner?: Uint8Array;
  }) =>
    parseSshsig(
      new Uint8Array(
        Buffer.concat([
          Buffer.from('SSHSIG'),
          Buffer.of(0, 0, 0, changes.version ?? 1),
          str(changes.key ?? key),
          str(changes.namespace ?? 'holdpoint'),
          str(changes.reserved ?? ''),
          str(changes.hash ?? 'sha512'),
          str(changes.inner ?? inner),
        ]),
      ),
    );
  assert.equal(make({}).ok, true);
  assert.match(why(make({ version: 2 })), /version 2/);
  for (const namespace of ['git', 'file', '', 'holdpoint2', 'Holdpoint', 'holdpoint\0'])
    assert.match(why(make({ namespace })), /namespace/);
  assert.match(why(make({ reserved: 'x' })), /reserved/);
  for (const hash of ['sha1', 'sha384', 'SHA512', '', 'md5']) assert.match(why(make({ hash })), /hash/);
  assert.match(why(make({ inner: Buffer.concat([str('ssh-rsa'), str(new Uint8Array(64))]) })), /not of the key's type/);
  assert.match(why(make({ inner: Buffer.concat([str('ssh-ed25519'), str(new Uint8Array(63))]) })), /form/);
  assert.match(why(make({ inner: Buffer.concat([inner, Buffer.of(0)]) })), /bytes follow/);
  assert.match(why(make({ inner: Buffer.concat([inner, Buffer.of(5, 0, 0, 0, 1)]) })), /bytes follow/);
  const rsa = Buffer.concat([str('ssh-rsa'), str(Buffer.of(1, 0, 1)), str(new Uint8Array(512).fill(0x7f))]);
  assert.match(why(make({ key: rsa })), /RSA keys are not accepted/);
  assert.match(why(make({ key: Buffer.concat([str('ssh-dss'), str('x')]) })), /DSA keys are not accepted/);
  assert.match(why(make({ key: str('webauthn-sk-ecdsa-sha2-nistp256@openssh.com') })), /webauthn-sk/);
  assert.match(why(make({ key: str('ssh-ed25519-cert-v01@openssh.com') })), /certificates/);
  for (const name of ['constructor', '__proto__', 'toString', 'ssh-ed448'])
    assert.match(why(make({ key: str(name) })), /not known/);
});

test('numbers of an ECDSA signature have one encoding', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = coordinates(publicKey);
  const key = keyOf(
    Buffer.concat([str('ecdsa-sha2-nistp256'), str('nistp256'), str(Buffer.concat([Buffer.of(4), x, y]))]),
  );
  const one = mpint(Buffer.of(1));
  const parse = (raw: Uint8Array) =>
    parseSshsig(blobOf(armoredSshsig(key, new Uint8Array(Buffer.concat([str('ecdsa-sha2-nistp256'), str(raw)])))));
  assert.equal(parse(Buffer.concat([one, one])).ok, true);
  const padded = str(Buffer.of(0, 1));
  const zero = str('');
  const negative = str(Buffer.of(0x80));
  const wide = str(Buffer.concat([Buffer.of(1), new Uint8Array(32)]));
  for (const bad of [padded, zero, str(Buffer.of(0)), negative, wide]) {
    assert.match(why(parse(Buffer.concat([bad, one]))), /form/);
    assert.match(why(parse(Buffer.concat([one, bad]))), /form/);
  }
  assert.match(why(parse(Buffer.concat([one, one, Buffer.of(0)]))), /form/);
});

test('a security key tells touch and PIN apart, for each combination of flags', () => {
  for (const type of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const) {
    const key = softKey(type);
    for (let flags = 0; flags < 256; flags += 1) {
      const check = verifySignature(bytes(key.sign(message, flags, flags * 3)), message);
      assert.ok(check.ok);
      assert.deepEqual(check.assertion, {
        flags,
        counter: flags * 3,
        userPresent: flags % 2 === 1,
        userVerified: (flags & 4) === 4,
      });
    }
  }
});

test('flags and counter that the key did not sign are refused', () => {
  const key = softKey('sk-ssh-ed25519@openssh.com');
  const blob = blobOf(key.sign(message, 1, 9));
  const flagsAt = blob.length - 5;
  assert.equal(blob[flagsAt], 1);
  const lied = blob.slice();
  lied[flagsAt] = 5;
  assert.equal(verifySignature(bytes(armorOf(lied)), message).ok, false);
});

test('a plain signature by the same numbers does not pass for a security key', () => {
  // The blob hashed as a plain Ed25519 key would, under an sk- key's name.
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const type = 'sk-ssh-ed25519@openssh.com';
  const key = keyOf(Buffer.concat([str(type), str(coordinates(publicKey).x), str('ssh:')]));
  const raw = cryptoSign(null, signedBlob(message, 'holdpoint', 'sha512'), privateKey);
  const inner = Buffer.concat([str(type), str(raw), Buffer.of(5, 0, 0, 0, 1)]);
  assert.equal(verifySignature(bytes(armoredSshsig(key, new Uint8Array(inner))), message).ok, false);
});

test('public keys are read in one form only', () => {
  const text = ann.publicKeyText;
  const parsed = parsePublicKeyText(`${text} ann@laptop\n`);
  assert.ok(parsed.ok);
  assert.equal(publicKeyText(parsed.key), text);
  const base64 = text.slice('ssh-ed25519 '.length);
  for (const bad of [
    '',
    base64,
    ` ${text}`,
    `${text}\n${text}`,
    `no-pty ${text}`,
    `ssh-ed25519  ${base64}`,
    `ecdsa-sha2-nistp256 ${base64}`,
    `${text}=`,
    text.slice(0, -1),
    `${text} ${'x'.repeat(5000)}`,
    `${text} two\r\nlines`,
  ]) {
    assert.equal(parsePublicKeyText(bad).ok, false, bad.slice(0, 100));
  }
  const withTail = `ssh-ed25519 ${Buffer.concat([keyBlob(text), Buffer.of(0)]).toString('base64')}`;
  assert.match(why(parsePublicKeyText(withTail)), /bytes follow/);
  const application = (name: string) =>
    parsePublicKey(Buffer.concat([str('sk-ssh-ed25519@openssh.com'), str(new Uint8Array(32)), str(name)]));
  assert.equal(application('ssh:work').ok, true);
  for (const name of ['', 'https://example.com', 'xssh:', 'ssh:\n']) assert.equal(application(name).ok, false, name);
});

function keyBlob(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.split(' ')[1] ?? '', 'base64'));
}

function ecdsaSignature(curve: 'P-384'): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const { x, y } = coordinates(publicKey);
  const type = 'ecdsa-sha2-nistp384';
  const key = keyOf(Buffer.concat([str(type), str('nistp384'), str(Buffer.concat([Buffer.of(4), x, y]))]));
  const raw = ecdsa('sha384', signedBlob(message, 'holdpoint', 'sha512'), privateKey);
  return armoredSshsig(key, new Uint8Array(Buffer.concat([str(type), str(raw)])));
}
