import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePerson } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';
import { makeWorld, rules, signedBy, type World } from './engine.ts';

const MODULES = [{ name: 'mine.rego', text: rules('mine', 'deny', 'deploy') }];

async function add(world: World, more: object = {}): Promise<string> {
  const reply = await world.ask({ op: 'session-add', task: 'one', modules: MODULES, lifetimeMs: 60_000, ...more });
  assert.ok(reply.ok, reply.ok ? '' : reply.error);
  return String(reply.id);
}

describe('rules of a task', { skip: skipUnless('unix') }, () => {
  test('count for that task alone, over a restart, until a person drops them', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    const said = async (): Promise<readonly string[]> => [
      (await world.judge('echo deploy', shop, 'one')).says,
      (await world.judge('echo deploy', shop, 'two')).says,
    ];
    assert.deepEqual(await said(), ['allow', 'allow']);
    const id = await add(world);
    assert.deepEqual(await said(), ['deny', 'allow']);
    await world.restart();
    assert.deepEqual(await said(), ['deny', 'allow']);
    const order = (person = world.ann, subject = id, atMs = Date.now()): string =>
      signedBy(person, { type: 'holdpoint/order/v1', order: 'policy-session-drop', subject, atMs });
    const table: readonly (readonly [string, object, RegExp])[] = [
      ['unsigned', {}, /takes a signature/],
      ['a stranger', { order: order(makePerson('ann')) }, /not enrolled/],
      ['other rules', { order: order(world.ann, 'x') }, /something else/],
      ['long ago', { order: order(world.ann, id, Date.now() - 86_400_000) }, /ten minutes/],
      ['before they were added', { order: order(world.ann, id, Date.now() - 500_000) }, /added again/],
    ];
    for (const [what, more, why] of table) {
      const reply = await world.ask({ op: 'session-drop', id, ...more });
      assert.ok(!reply.ok && why.test(reply.error), `${what}: ${JSON.stringify(reply)}`);
    }
    assert.deepEqual(await said(), ['deny', 'allow']);
    const dropped = await world.ask({ op: 'session-drop', id, order: order() });
    assert.ok(dropped.ok, dropped.ok ? '' : dropped.error);
    assert.deepEqual(await said(), ['allow', 'allow']);
  });

  test('end by the clock', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    await add(world, { lifetimeMs: 1_500 });
    assert.equal((await world.judge('echo deploy', shop, 'one')).says, 'deny');
    for (let tries = 0; tries < 200 && (await world.judge('echo deploy', shop, 'one')).says === 'deny'; tries += 1)
      await sleep(50);
    assert.equal((await world.judge('echo deploy', shop, 'one')).says, 'allow');
  });

  test('only tighten, and have limits', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop', { 'only-copy.txt': 'x' });
    await add(world, { modules: [{ name: 'a.rego', text: rules('a', 'allow', 'only-copy') }] });
    assert.equal((await world.judge('rm only-copy.txt', shop, 'one')).says, 'hold');
    const table: readonly (readonly [string, object, RegExp])[] = [
      ['a week and more', { lifetimeMs: 8 * 86_400_000 }, /seven days/],
      ['too much', { modules: [{ name: 'a.rego', text: '#'.repeat(200_000) }] }, /characters/],
      ['no Rego', { modules: [{ name: 'a.rego', text: 'pakcage x' }] }, /a\.rego:1:/],
      ['nothing', { modules: [] }, /not a request/],
    ];
    for (const [what, more, why] of table) {
      const reply = await world.ask({ op: 'session-add', task: 'one', modules: MODULES, lifetimeMs: 60_000, ...more });
      assert.ok(!reply.ok && why.test(reply.error), `${what}: ${JSON.stringify(reply).slice(0, 300)}`);
    }
  });

  test('that were altered on disk deny the task', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    await add(world);
    const folder = path.join(world.paths.state, 'policy/session');
    for (const name of readdirSync(folder)) writeFileSync(path.join(folder, name), '{}');
    await world.restart();
    const said = await world.judge('ls', shop, 'one');
    assert.deepEqual([said.says, said.rules], ['deny', ['POLICY_ERROR']]);
    assert.equal((await world.judge('ls', shop, 'two')).says, 'allow');
  });
});
