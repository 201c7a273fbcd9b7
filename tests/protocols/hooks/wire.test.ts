import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HookOutput } from '../../../src/protocols/hooks/hook.ts';
import {
  encodeHookHeader,
  encodeHookRequest,
  encodeReply,
  type PayloadStep,
  parseHookHeader,
  parseReply,
  payloadReader,
} from '../../../src/protocols/hooks/wire.ts';

test('a header names one agent and nothing else', () => {
  assert.equal(parseHookHeader(encodeHookHeader('cursor')), 'cursor');
  for (const line of [
    '',
    '{}',
    '{"op":"hook"}',
    '{"op":"hook","agent":"x"}',
    '{"op":"hook","agent":"cursor","more":1}',
    '{"op":"hook","op":"hook","agent":"cursor"}',
    '[]',
  ]) {
    assert.equal(parseHookHeader(line), undefined, line);
  }
});

test('any chunking of a request gives the same payload', () => {
  fc.assert(
    fc.property(fc.json(), fc.array(fc.nat(200), { maxLength: 10 }), (json, cuts) => {
      const request = encodeHookRequest('claude-code', new TextEncoder().encode(json));
      const body = request.subarray(request.indexOf(0x0a) + 1);
      const reader = payloadReader();
      let last: PayloadStep = { state: 'more' };
      let from = 0;
      for (const to of [...cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b), body.length]) {
        last = reader.push(body.subarray(from, to));
        from = to;
        if (last.state !== 'more') break;
      }
      assert.equal(from, body.length);
      assert.ok(last.state === 'whole');
      assert.equal(new TextDecoder().decode(last.payload), json);
    }),
  );
});

test('a payload that is too large, cut off or followed by more is refused', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.equal(payloadReader(4).push(bytes('12345')).state, 'refused');
  assert.equal(payloadReader().push(bytes('{}\x1e\n{')).state, 'refused');
  assert.equal(payloadReader().push(bytes('{}\x1ex')).state, 'refused');
  const reader = payloadReader();
  assert.equal(reader.push(bytes('{}')).state, 'more');
  assert.equal(reader.end().state, 'refused');
});

test('a reply comes back as it went, and no part of it is taken for a whole one', () => {
  const output: fc.Arbitrary<HookOutput> = fc.oneof(
    fc
      .json({ maxDepth: 3 })
      .map((json) => ({ exitCode: 0 as const, stdout: JSON.stringify({ value: JSON.parse(json) as unknown }) })),
    fc.constant({ exitCode: 0 as const, stdout: '' }),
    fc
      .string({
        unit: fc.oneof(
          fc.constantFrom('\\', '\n', 'n', '0', 'c', 'é', '%', ' '),
          fc.string({ minLength: 1, maxLength: 1 }),
        ),
      })
      .map((text) => ({ exitCode: 2 as const, stderr: text.toWellFormed().replace(/(?![\n\t])\p{Cc}/gu, '') })),
  );
  fc.assert(
    fc.property(output, fc.nat(), (said, cut) => {
      const line = encodeReply(said);
      assert.deepEqual(parseReply(line), said);
      assert.equal(parseReply(line.slice(0, cut % line.length)), undefined);
      assert.equal(parseReply(`${line}x`), undefined);
    }),
  );
});

test('printf %b of sh gives back exactly the text of a refusal', {
  skip: process.platform === 'win32' && 'no sh here',
}, () => {
  for (const text of [
    'plain',
    'two\nlines',
    'back\\slash',
    '\\n \\c \\0101 %s %b',
    'tab\there',
    'quote \' " `x` $(x)',
    'é ☃',
  ]) {
    const line = encodeReply({ exitCode: 2, stderr: text }).slice('HOLDPOINT/1 2 '.length, -1);
    assert.equal(execFileSync('/bin/sh', ['-c', 'printf "%b" "$1"', 'sh', line], { encoding: 'utf8' }), text);
  }
});

test('garbage is no reply', () => {
  for (const text of [
    '',
    'ok\n',
    'HOLDPOINT/1 1 x\n',
    'HOLDPOINT/1 0 {\n',
    'HOLDPOINT/1 0 {}',
    'HOLDPOINT/2 0 {}\n',
    'HOLDPOINT/1 2 a\\qb\n',
    'HOLDPOINT/1 0 {}\n{}\n',
    ' HOLDPOINT/1 0 \n',
  ]) {
    assert.equal(parseReply(text), undefined, JSON.stringify(text));
  }
});
