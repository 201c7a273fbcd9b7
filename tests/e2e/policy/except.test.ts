import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { type ExceptDeps, readTarget, runExcept } from '../../../src/apps/cli/except.ts';
import type { Io } from '../../../src/apps/cli/io.ts';
import { workspaceOf } from '../../../src/apps/daemon/origin.ts';
import type { Json } from '../../../src/core/canonical-json.ts';
import { type FakePerson, makePerson } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';
import { makeWorld, pinRequest, rules, signedBy, type World } from './engine.ts';

const DAY_MS = 86_400_000;

function depsOf(world: World, person: FakePerson = world.ann): ExceptDeps & { readonly asked: object[] } {
  const asked: object[] = [];
  return {
    asked,
    paths: world.paths,
    workspaceOf,
    nowMs: Date.now,
    sign: (statement) => {
      asked.push(statement);
      return Promise.resolve({ ok: true, armored: person.signStatement(statement) });
    },
  };
}

async function run(
  world: World,
  args: readonly string[],
  deps = depsOf(world),
): Promise<{ readonly code: number; readonly said: string; readonly asked: readonly object[] }> {
  const said: string[] = [];
  const io: Io = {
    env: {},
    cwd: world.folder,
    stdin: process.stdin,
    out: (text) => void said.push(text),
    err: (text) => void said.push(text),
    interactive: false,
    outIsTerminal: false,
  };
  return { code: await runExcept(args, io, deps), said: said.join(''), asked: deps.asked };
}

async function holdOf(world: World, command: string, cwd: string): Promise<string> {
  const answer = await world.engine().service.ask(command, cwd, 'why', { agent: 'test', task: 't', workspace: cwd });
  assert.equal(answer.kind, 'held', JSON.stringify(answer));
  return answer.kind === 'held' ? answer.hold.id : '';
}

const COMMAND = 'rm only-copy.txt';

describe('exceptions', { skip: skipUnless('unix') }, () => {
  test('are taken from a hold, count until they end, and for nothing else', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop', { 'only-copy.txt': 'x', 'other.txt': 'y' });
    const other = world.workspace('other', { 'only-copy.txt': 'x' });
    const hold = await holdOf(world, COMMAND, shop);
    const done = await run(world, [hold, '--because', 'made again each night', '--for', '2h']);
    assert.equal(done.code, 0, done.said);
    assert.match(done.said, /destroy .*only-copy\.txt[\s\S]*excepts floor\/destructive until/);
    assert.equal((await world.judge(COMMAND, shop)).says, 'allow');
    assert.equal((await world.judge('rm other.txt', shop)).says, 'hold');
    assert.equal((await world.judge(COMMAND, other)).says, 'hold');
    const listed = await run(world, ['list']);
    assert.match(listed.said, /by ann .*floor\/destructive: destroy .*made again each night/);
    const kept = JSON.parse((await run(world, ['list', '--json'])).said) as { id: string }[];
    for (const { id } of kept) assert.equal((await run(world, ['end', id])).code, 0);
    assert.equal((await world.judge(COMMAND, shop)).says, 'hold');
    const again = await world.ask({ op: 'except', document: signedBy(world.ann, done.asked[0] as Statement) });
    assert.ok(!again.ok && /was ended/.test(again.error), 'what was ended does not come back by itself');
  });

  test('can be written out, and name a rule of a policy', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    const pinned = await world.ask(pinRequest(world.ann, shop, rules('shop', 'deny', 'notes')));
    assert.ok(pinned.ok, pinned.ok ? '' : pinned.error);
    assert.equal((await world.judge('echo x > notes.md', shop)).says, 'deny');
    const target = `file/path/${shop}/notes.md`;
    const args = ['--rule', 'shop/notes', '--workspace', shop, '--verb', 'create', '--target', target];
    const done = await run(world, [...args, '--because', 'ok']);
    assert.equal(done.code, 0, done.said);
    const after = await world.judge('echo x > notes.md', shop);
    assert.ok(!after.reasons.includes(target), after.reasons);
  });

  test('are refused where they would loosen too much or nobody stands for them', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop', { 'only-copy.txt': 'x' });
    const statement = {
      type: 'holdpoint/exception/v1',
      rule: 'floor/destructive',
      verb: 'destroy',
      target: { system: 'file', kind: 'path', path: [path.join(shop, 'only-copy.txt')] },
      workspace: shop,
      because: 'ok',
      expiresAtMs: Date.now() + DAY_MS,
    };
    const table: readonly (readonly [string, string, RegExp])[] = [
      ['a stranger', signedBy(makePerson('ann'), statement), /not enrolled/],
      ['a key that any process could use', signedBy(world.plain, statement), /any process/],
      ['nobody', JSON.stringify({ statement }), /not valid/],
      ['too long', signedBy(world.ann, { ...statement, expiresAtMs: Date.now() + 31 * DAY_MS }), /at most 30 days/],
      ['over already', signedBy(world.ann, { ...statement, expiresAtMs: Date.now() - 1 }), /expired/],
      ['a broken policy', signedBy(world.ann, { ...statement, rule: 'POLICY_ERROR' }), /repaired, not excepted/],
      ['other words', signedBy(world.ann, statement).replace('floor/destructive', 'floor/opaque'), /does not fit/],
    ];
    for (const [what, document, why] of table) {
      const reply = await world.ask({ op: 'except', document });
      assert.ok(!reply.ok && why.test(reply.error), `${what}: ${JSON.stringify(reply)}`);
    }
    assert.equal((await world.judge(COMMAND, shop)).says, 'hold');
    assert.throws(() => readdirSync(path.join(world.paths.state, 'exceptions')), /ENOENT/);
  });

  test('of what can never be excepted nobody is asked to sign', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    const hold = await holdOf(world, 'rm "$SOMEWHERE/else"', shop);
    const done = await run(world, [hold, '--because', 'ok']);
    assert.deepEqual([done.code, done.asked], [20, []], done.said);
    assert.match(done.said, /not known/);
  });

  const wrong: readonly (readonly string[])[] = [
    [],
    ['h-abcd2345'],
    ['h-abcd2345', '--because', ' '],
    ['h-abcd2345', '--because', 'x', '--for', '31d'],
    ['h-abcd2345', '--because', 'x', '--for', '0h'],
    ['h-abcd2345', '--because', 'x', '--for', 'ever'],
    ['h-abcd2345', 'h-abcd2346', '--because', 'x'],
    ['nonsense', '--because', 'x'],
    ['--because', 'x', '--rule', 'a', '--verb', 'destroy', '--target', 'file/path//a'],
    ['--because', 'x', '--rule', 'a', '--verb', 'eat', '--target', 'file/path//a', '--workspace', '/a'],
    ['--because', 'x', '--rule', 'a', '--verb', 'destroy', '--target', 'file', '--workspace', '/a'],
    ['end'],
    ['list', 'x'],
  ];
  test('of wrong use nobody is asked to sign either', async (t) => {
    const world = await makeWorld(t);
    for (const args of wrong) {
      const done = await run(world, args);
      assert.deepEqual([done.code, done.asked], [64, []], `${args.join(' ')}: ${done.said}`);
    }
  });

  test('name their target in one word', () => {
    const table: readonly (readonly [string, object | undefined])[] = [
      ['file/path//work/build', { system: 'file', kind: 'path', path: ['/work/build'] }],
      ['postgres/table/shop/orders', { system: 'postgres', kind: 'table', path: ['shop', 'orders'] }],
      ['{"system":"x","kind":"y","path":["a/b"]}', { system: 'x', kind: 'y', path: ['a/b'] }],
      ['{"system":"x","kind":"y","path":"a"}', undefined],
      ['{', undefined],
      ['x/y', undefined],
      ['', undefined],
    ];
    for (const [text, want] of table) assert.deepEqual(readTarget(text), want, text);
  });
});

type Statement = { readonly [key: string]: Json };
