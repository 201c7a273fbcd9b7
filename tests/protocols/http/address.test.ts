import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressBytes, addressClass, mayConnect, parseAllowedAddress } from '../../../src/protocols/http/address.ts';

const CLASSES: readonly (readonly [string, string])[] = [
  ['1.1.1.1', 'public'],
  ['172.15.255.255', 'public'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['10.1.2.3', 'private'],
  ['192.168.0.1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['127.255.1.2', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'reserved'],
  ['169.254.169.254', 'metadata'],
  ['169.254.1.1', 'link-local'],
  ['100.64.0.1', 'shared'],
  ['100.128.0.1', 'public'],
  ['168.63.129.16', 'metadata'],
  ['224.0.0.251', 'multicast'],
  ['255.255.255.255', 'reserved'],
  ['2606:4700::1111', 'public'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::ffff:8.8.8.8', 'mapped'],
  ['::ffff:7f00:1', 'mapped'],
  ['::127.0.0.1', 'mapped'],
  ['64:ff9b::7f00:1', 'mapped'],
  ['2002:7f00:1::', 'mapped'],
  ['fe80::1', 'link-local'],
  ['fd12::1', 'private'],
  ['fd00:ec2::254', 'metadata'],
  ['ff02::1', 'multicast'],
  ['2001:db8::1', 'reserved'],
  ['4000::1', 'reserved'],
  ['127.1', 'not-an-address'],
  ['0177.0.0.1', 'not-an-address'],
  ['2130706433', 'not-an-address'],
  ['fe80::1%eth0', 'not-an-address'],
  ['1::2::3', 'not-an-address'],
  ['', 'not-an-address'],
];

describe('address classes', () => {
  for (const [address, want] of CLASSES)
    it(`\`${address}\` is ${want}`, () => assert.equal(addressClass(address), want));

  it('reads what node reads, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.'.split('')) })),
        (text) => {
          assert.equal(
            (addressBytes(text)?.length ?? 0) === 4 ? 4 : addressBytes(text) === undefined ? 0 : 6,
            isIP(text),
          );
        },
      ),
    );
  });
});

describe('declared addresses', () => {
  const allowed = ['127.0.0.1:8443', '10.0.0.0/8', '[::1]:80'].map((text) => {
    const parsed = parseAllowedAddress(text);
    assert.ok(parsed);
    return parsed;
  });
  const CASES: readonly (readonly [string, number, boolean])[] = [
    ['127.0.0.1', 8443, true],
    ['127.0.0.1', 8444, false],
    ['127.0.0.2', 8443, false],
    ['10.9.9.9', 1, true],
    ['::1', 80, true],
    ['::1', 81, false],
    ['::ffff:10.0.0.1', 80, false],
    ['8.8.8.8', 443, true],
    ['localhost', 8443, false],
  ];
  for (const [address, port, want] of CASES) {
    it(`${want ? 'reaches' : 'refuses'} ${address} ${port}`, () =>
      assert.equal(mayConnect(address, port, allowed), want));
  }
  for (const bad of [
    'localhost',
    '1.2.3.4/33',
    '1.2.3.4:0',
    '1.2.3.4:70000',
    '1.2.3/8',
    '::1:80:',
    '1.2.3.4/8/8',
    '',
  ]) {
    it(`does not take \`${bad}\``, () => assert.equal(parseAllowedAddress(bad), undefined));
  }
});
