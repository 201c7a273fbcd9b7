import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  authorityText,
  canonicalTarget,
  parseAbsoluteTarget,
  parseAuthority,
} from '../../../src/protocols/http/target.ts';

const TARGETS: readonly (readonly [string, string | undefined])[] = [
  ['/', '/'],
  ['/a/./b/../c', '/a/c'],
  ['/a/%2e%2E/c', '/c'],
  ['/../../x', '/x'],
  ['/a/..', '/'],
  ['/a/.', '/a/'],
  ['/%61%7e%5F', '/a~_'],
  ['/a%2fb', '/a%2Fb'],
  ['/@scope%2fname', '/@scope%2Fname'],
  ['/job/feature%252Fx', '/job/feature%252Fx'],
  ['/100%25', '/100%25'],
  ['/a//b', '/a//b'],
  ['/a?b=/../c&d=%2f', '/a?b=/../c&d=%2f'],
  ['/a?q={x|y}', '/a?q=%7Bx%7Cy%7D'],
  ['/.well-known/x', '/.well-known/x'],
  ['/a%2f..%2fb', undefined],
  ['/a%2f%2e%2e%2fb', undefined],
  ['/a/%252e%252e/b', undefined],
  ['/a/%25252e%25252e/b', undefined],
  ['/a/%25252525252e', undefined],
  ['/a/..;/b', undefined],
  ['/a%5c..%5cb', undefined],
  ['/a\\b', undefined],
  ['/a%00', undefined],
  ['/a%0d%0aX: y', undefined],
  ['/a%zz', undefined],
  ['/a?%', undefined],
  ['/a#b', undefined],
  ['/a b', undefined],
  ['/\u00e9', undefined],
  ['*', undefined],
  ['a', undefined],
  ['http://x/', undefined],
  ['', undefined],
];

describe('canonical target', () => {
  for (const [text, want] of TARGETS) {
    it(`\`${JSON.stringify(text)}\` ${want === undefined ? 'is refused' : `becomes \`${want}\``}`, () => {
      const got = canonicalTarget(text);
      assert.equal(got.ok ? got.value : undefined, want);
    });
  }

  it('is a fixed point, and holds no dot segment for a server that decodes once more', () => {
    const piece = fc.constantFrom('/', '.', '..', '%2e', '%2F', '%5c', '%25', '2e', 'a', ';', '%', '?', '{', '//');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const got = canonicalTarget(`/${pieces.join('')}`);
        if (!got.ok) return;
        assert.deepEqual(canonicalTarget(got.value), got);
        const path = got.value.split('?')[0] ?? '';
        for (const text of [
          path,
          path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        ]) {
          assert.ok(!text.split(/[/\\]/).some((segment) => segment === '..' || segment === '.'), text);
        }
        assert.equal(new URL(`http://h${got.value}`).pathname, path, 'the URL parser changes nothing');
      }),
      { numRuns: 2000 },
    );
  });
});

const AUTHORITIES: readonly (readonly [string, string | undefined])[] = [
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['example.com:443', 'example.com'],
  ['example.com:8443', 'example.com:8443'],
  ['a_b.example', 'a_b.example'],
  ['127.0.0.1', '127.0.0.1'],
  ['[::1]:443', '[::1]'],
  ['[0:0:0:0:0:0:0:1]', '[::1]'],
  ['[2001:DB8::0:1:0]', '[2001:db8::1:0]'],
  ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
  ['127.1', undefined],
  ['0x7f000001', undefined],
  ['2130706433', undefined],
  ['0177.0.0.1', undefined],
  ['1.2.3.0x4', undefined],
  ['user@example.com', undefined],
  ['example.com:0', undefined],
  ['example.com:65536', undefined],
  ['example.com:', undefined],
  ['a..b', undefined],
  ['-a.example', undefined],
  ['::1', undefined],
  ['[fe80::1%25eth0]', undefined],
  ['exa mple', undefined],
  ['ex\u00e4mple.com', undefined],
  ['a/b', undefined],
  ['', undefined],
];

describe('authority', () => {
  for (const [text, want] of AUTHORITIES) {
    it(`\`${JSON.stringify(text)}\` ${want === undefined ? 'is refused' : `becomes \`${want}\``}`, () => {
      const got = parseAuthority(text, 443);
      assert.equal(got.ok ? authorityText(got.value, 'https') : undefined, want);
    });
  }

  it('needs a port where there is no default', () => assert.ok(!parseAuthority('example.com', undefined).ok));

  it('reads an absolute target', () => {
    assert.deepEqual(parseAbsoluteTarget('http://A.example:81/x/../y?z'), {
      ok: true,
      value: { authority: { host: 'a.example', port: 81 }, target: '/y?z' },
    });
    assert.deepEqual(parseAbsoluteTarget('http://a.example?z'), {
      ok: true,
      value: { authority: { host: 'a.example', port: 80 }, target: '/?z' },
    });
    for (const bad of [
      '/x',
      'https://a.example/',
      'ftp://a.example/',
      'http://u:p@a.example/',
      'http://a.example/#f',
      'http://',
      'http://a.example\\@b/',
    ]) {
      assert.ok(!parseAbsoluteTarget(bad).ok, bad);
    }
  });
});
