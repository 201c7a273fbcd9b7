import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Action, attemptKey, type Origin } from '../../src/core/attempt.ts';

const action: fc.Arbitrary<Action> = fc.record(
  {
    kind: fc.constantFrom('shell', 'sql', 'http', 'graphql', 'mcp', 'file', 'git'),
    bytes: fc.uint8Array({ maxLength: 8 }),
    cwd: fc.constantFrom('/w', '/w/a'),
    dialect: fc.constantFrom('bash', 'powershell'),
  },
  { requiredKeys: ['kind', 'bytes'] },
);
const name = fc.constantFrom('', 'a', 'b', 'a/b');
const origin: fc.Arbitrary<Origin> = fc.record({
  door: fc.constantFrom('hook', 'egress', 'cli'),
  person: name,
  agent: name,
  task: name,
  workspace: name,
});

test('the honest repeat has the same key: id, time and prose do not count', () => {
  fc.assert(
    fc.property(action, origin, fc.string(), fc.nat(), (what, who, text, atMs) => {
      const again = { ...who, id: text, atMs, statedPurpose: text, key: text };
      const same = { ...what, bytes: Uint8Array.from(what.bytes), description: text };
      assert.equal(attemptKey(same, again), attemptKey(what, who));
    }),
  );
});

test('any other byte, place, person, agent, task or door has another key', () => {
  const plain = (what: Action, who: Origin): string =>
    JSON.stringify([
      what.kind,
      [...what.bytes],
      what.cwd,
      what.dialect,
      who.door,
      who.person,
      who.agent,
      who.task,
      who.workspace,
    ]);
  fc.assert(
    fc.property(
      action,
      action,
      origin,
      origin,
      fc.boolean(),
      fc.boolean(),
      (one, two, here, there, sameAction, sameOrigin) => {
        const [what, who] = [sameAction ? one : two, sameOrigin ? here : there];
        assert.equal(attemptKey(one, here) === attemptKey(what, who), plain(one, here) === plain(what, who));
      },
    ),
    { numRuns: 1000 },
  );
});

test('bytes that are no UTF-8 count as they are', () => {
  const who: Origin = { door: 'hook', person: 'p', agent: 'a', task: 't', workspace: '/w' };
  const key = (...bytes: number[]): string => attemptKey({ kind: 'shell', bytes: Uint8Array.from(bytes) }, who);
  assert.notEqual(key(0xff), key(0xfe));
  assert.notEqual(key(0xff), key(0xef, 0xbf, 0xbd));
});
