import assert from 'node:assert/strict';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from '../../../src/protocols/tlog/base64.ts';
import {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../src/protocols/tlog/checkpoint.ts';
import {
  formatSignerKey,
  formatVerifierKey,
  noteKey,
  openNote,
  parseSignerKey,
  parseVerifierKey,
  signNote,
  type VerifyEd25519,
} from '../../../src/protocols/tlog/note.ts';

const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });
  return verify(null, message, key, signature);
};
const rawOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));

function makeKey(name: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    key: noteKey(name, rawOf(publicKey)),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
  };
}

const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_SIGNER = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

describe('signed note', () => {
  test('the example of the Go implementation opens, and signing gives the same bytes', () => {
    const key = parseVerifierKey(GO_KEY);
    const signer = parseSignerKey(GO_SIGNER);
    assert.ok(key && signer);
    assert.deepEqual(openNote(GO_NOTE, [key], verifyEd25519), { ok: true, text: GO_TEXT, signedBy: [key] });
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), signer.seed]);
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    assert.equal(
      signNote(GO_TEXT, key, (message) => new Uint8Array(sign(null, message, privateKey))),
      GO_NOTE,
    );
    assert.equal(formatVerifierKey(key), GO_KEY);
    assert.equal(formatSignerKey(key, signer.seed), GO_SIGNER);
  });

  test('a key id is what node:crypto computes by the definition', () => {
    const { key } = makeKey('example.com/log');
    const hash = createHash('sha256')
      .update('example.com/log\n')
      .update(Uint8Array.of(1))
      .update(key.publicKey)
      .digest('hex');
    assert.equal(key.id, hash.slice(0, 8));
  });

  test('only the exact spelling of a verifier key is taken', () => {
    for (const bad of [
      '',
      `${GO_KEY}\n`,
      ` ${GO_KEY}`,
      GO_KEY.replace('c74f20a3', 'C74F20A3'),
      GO_KEY.replace('c74f20a3', 'c74f20a4'),
      GO_KEY.slice(0, -1),
      `${GO_KEY}=`,
      GO_KEY.replace('+ARpc', '+AhpC'),
      GO_KEY.replace('PeterNeumann', 'Peter Neumann'),
    ]) {
      assert.equal(parseVerifierKey(bad), undefined, bad);
    }
    assert.throws(() => noteKey('a b', new Uint8Array(32)), TypeError);
    assert.throws(() => noteKey('a\u00a0b', new Uint8Array(32)), TypeError);
    assert.throws(() => noteKey('ok', new Uint8Array(31)), TypeError);
  });

  test('malformed notes are refused', () => {
    const { key, sign: signIt } = makeKey('k');
    const note = signNote('hello\n', key, signIt);
    const line = note.slice('hello\n\n'.length);
    const stranger = makeKey('other');
    const cases: [string, string][] = [
      ['no blank line', note.replace('\n\n', '\n')],
      ['no final line feed', note.slice(0, -1)],
      ['an extra final line feed', `${note}\n`],
      ['carriage returns', note.replaceAll('\n', '\r\n')],
      ['a control character', note.replace('hello', 'hel\0lo')],
      ['a lone surrogate', note.replace('hello', 'hel\ud800lo')],
      ['a hyphen for the dash', note.replace('\u2014', '-')],
      ['two spaces', note.replace('\u2014 k ', '\u2014 k  ')],
      ['trailing space', `${note.slice(0, -1)} \n`],
      ['signature twice', note + line],
      ['garbage line', `${note}garbage\n`],
      ['base64 without padding', note.replace(/=+\n$/, '\n')],
      ['no signature', 'hello\n\n'],
      ['only a stranger', signNote('hello\n', stranger.key, stranger.sign)],
      ['another text', note.replace('hello', 'hullo')],
      ['a blank line more', note.replace('\n\n', '\n\n\n')],
    ];
    for (const [name, bad] of cases) assert.equal(openNote(bad, [key], verifyEd25519).ok, false, name);
    const both = note + signNote('hello\n', stranger.key, stranger.sign).slice('hello\n\n'.length);
    assert.equal(openNote(both, [key], verifyEd25519).ok, true);
    assert.equal(openNote(both, [key, stranger.key], verifyEd25519).ok, true);
    assert.throws(() => signNote('no line feed', key, signIt), TypeError);
  });

  test('no change of one character of a note opens', () => {
    const { key, sign: signIt } = makeKey('k');
    const note = signNote('first\n\nlast\n', key, signIt);
    assert.equal(openNote(note, [key], verifyEd25519).ok, true);
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.constantFrom('A', '=', '\n', ' ', '/', '0', '', 'AA'), (index, char) => {
        const changed = note.slice(0, index) + char + note.slice(index + 1);
        assert.equal(openNote(changed, [key], verifyEd25519).ok, changed === note);
      }),
      { numRuns: 500 },
    );
  });
});

describe('checkpoint', () => {
  const root = Uint8Array.from({ length: 32 }, (_, n) => n);

  test('round trip', () => {
    const { key, sign: signIt } = makeKey('example.com/log');
    const checkpoint = { origin: 'example.com/log', size: 20852163, root, extensions: ['more'] };
    assert.equal(
      formatCheckpoint(checkpoint),
      'example.com/log\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nmore\n',
    );
    assert.deepEqual(openCheckpoint(signCheckpoint(checkpoint, key, signIt), key, verifyEd25519), {
      ok: true,
      checkpoint,
    });
    const other = signCheckpoint({ ...checkpoint, origin: 'example.com/other' }, key, signIt);
    assert.equal(openCheckpoint(other, key, verifyEd25519).ok, false);
  });

  test('one spelling only', () => {
    const good = formatCheckpoint({ origin: 'o', size: 7, root, extensions: [] });
    const [, , rootText = ''] = good.split('\n');
    for (const bad of [
      '',
      '\n7\n',
      good.slice(0, -1),
      `${good}\n`,
      good.replace('\n7\n', '\n07\n'),
      good.replace('\n7\n', '\n+7\n'),
      good.replace('\n7\n', '\n-7\n'),
      good.replace('\n7\n', '\n7 \n'),
      good.replace('\n7\n', '\n9007199254740993\n'),
      good.replace('\n7\n', '\n\n7\n'),
      good.replace('8=', '9='),
      good.replace('=', ''),
      good.replace(rootText, rootText.slice(4)),
      good.replace('o\n', '\n'),
    ]) {
      assert.equal(parseCheckpoint(bad).ok, false, JSON.stringify(bad));
    }
    assert.throws(() => formatCheckpoint({ origin: 'o\n9', size: 7, root, extensions: [] }), TypeError);
    assert.throws(() => formatCheckpoint({ origin: 'o', size: 7, root, extensions: ['a\nb'] }), TypeError);
    assert.throws(() => formatCheckpoint({ origin: 'o', size: 1.5, root, extensions: [] }), TypeError);
  });
});

describe('base64', () => {
  test('agrees with Buffer, and takes nothing but the canonical spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        assert.equal(encodeBase64(bytes), text);
        assert.deepEqual(decodeBase64(text), bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', 'B', '/', '=', ' ', '-', 'g'), maxLength: 9 }), (text) => {
        const bytes = decodeBase64(text);
        if (bytes !== undefined) assert.equal(Buffer.from(bytes).toString('base64'), text);
      }),
    );
    assert.equal(decodeBase64('AB=='), undefined);
  });
});
