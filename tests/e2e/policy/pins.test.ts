import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../../../src/apps/cli/client.ts';
import { makePerson } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';
import { makeWorld, pinRequest, REGO, rules, signedBy, type World } from './engine.ts';

const STRICT = rules('shop', 'deny', 'notes');
const LAX = rules('shop', 'deny', 'nothing-at-all');
const TOUCH = 'echo x > notes.md';

async function accepted(reply: Promise<Reply>): Promise<void> {
  const got = await reply;
  assert.ok(got.ok, got.ok ? '' : got.error);
}

async function refused(reply: Promise<Reply>, why: RegExp): Promise<void> {
  const got = await reply;
  assert.ok(!got.ok, 'it was accepted');
  assert.match(got.error, why);
}

function keptFiles(world: World): readonly string[] {
  const folder = path.join(world.paths.state, 'policy/repository');
  return readdirSync(folder).map((name) => path.join(folder, name));
}

async function statusOf(world: World): Promise<{ readonly words: string; readonly troubles: readonly string[] }> {
  const reply = await world.ask({ op: 'status' });
  assert.ok(reply.ok);
  return (reply.status as { policy: { words: string; troubles: readonly string[] } }).policy;
}

describe('the policy of a repository', { skip: skipUnless('unix') }, () => {
  test('counts as pinned, not as it stands in the working tree', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop', { [REGO]: STRICT });
    const other = world.workspace('other');
    assert.equal((await world.judge(TOUCH, shop)).says, 'allow', 'a policy that nobody pinned is none');
    await accepted(world.ask(pinRequest(world.ann, shop, STRICT)));
    const denied = await world.judge(TOUCH, shop);
    assert.deepEqual([denied.says, denied.rules], ['deny', ['shop/notes']]);
    assert.equal((await world.judge('echo x > readme.md', shop)).says, 'allow');
    assert.equal((await world.judge(TOUCH, other)).says, 'allow', 'another workspace has its own');
    assert.deepEqual((await statusOf(world)).troubles, []);

    writeFileSync(path.join(shop, REGO), LAX);
    assert.equal((await world.judge(TOUCH, shop)).says, 'deny', 'an edited tree changes nothing');
    await accepted(world.ask({ op: 'policy-reload' }));
    assert.equal((await world.judge(TOUCH, shop)).says, 'deny', 'nor does it after a reload');
    assert.match((await statusOf(world)).troubles.join(), /shop: the working tree differs from the pinned policy/);

    await world.restart();
    assert.equal((await world.judge(TOUCH, shop)).says, 'deny', 'nor after a start');
    const order = signedBy(world.ann, {
      type: 'holdpoint/order/v1',
      order: 'policy-unpin',
      subject: shop,
      atMs: Date.now(),
    });
    await refused(world.ask({ op: 'policy-unpin', workspace: shop }), /takes a signature/);
    await refused(world.ask({ op: 'policy-unpin', workspace: other, order }), /no policy is pinned/);
    await accepted(world.ask({ op: 'policy-unpin', workspace: shop, order }));
    assert.equal((await world.judge(TOUCH, shop)).says, 'allow');
  });

  test('is refused where the signature is not a present person’s for exactly this, now', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    const good = pinRequest(world.ann, shop, STRICT);
    const nowMs = Date.now();
    const table: readonly (readonly [string, object, RegExp])[] = [
      ['forged by a stranger', pinRequest(makePerson('ann'), shop, STRICT), /not enrolled/],
      ['a key that any process could use', pinRequest(world.plain, shop, STRICT), /any process/],
      ['unsigned', { ...good, document: JSON.stringify({ statement: {} }) }, /not valid/],
      ['for another workspace', { ...good, document: good.document.replace('/shop"', '/else"') }, /does not fit/],
      ['other rules than signed', { ...good, modules: pinRequest(world.ann, shop, LAX).modules }, /not the ones/],
      ['rules added', { ...good, modules: [...good.modules, { name: 'b.rego', text: LAX }] }, /not the ones/],
      ['data added', { ...good, data: { a: 1 } }, /not the ones/],
      ['of yesterday', pinRequest(world.ann, shop, STRICT, { pinnedAtMs: nowMs - 86_400_000 }), /ten minutes/],
      ['of tomorrow', pinRequest(world.ann, shop, STRICT, { pinnedAtMs: nowMs + 86_400_000 }), /ten minutes/],
      [
        'does not compile',
        pinRequest(world.ann, shop, 'package holdpoint.policies.x\n\ndeny contains y if true\n'),
        /rules\.rego:3:/,
      ],
      [
        'another kind of statement',
        { ...good, document: signedBy(world.ann, { type: 'holdpoint/order/v1' }) },
        /not valid/,
      ],
    ];
    for (const [what, request, why] of table) {
      await t.test(what, () => refused(world.ask(request), why));
      assert.equal((await world.judge(TOUCH, shop)).says, 'allow', what);
    }
    await accepted(world.ask(good));
    await refused(world.ask(good), /signed later is in force/);
    const older = pinRequest(world.ann, shop, LAX, { pinnedAtMs: nowMs - 60_000 });
    await refused(world.ask(older), /signed later is in force/);
    assert.equal((await world.judge(TOUCH, shop)).says, 'deny');
    await sleep(2);
    await accepted(world.ask(pinRequest(world.ann, shop, LAX)));
    assert.equal((await world.judge(TOUCH, shop)).says, 'allow', 'the newest pin counts');
  });

  for (const [what, damage] of [
    ['its copy is deleted', (file: string) => file.endsWith('.sources.json') && rmSync(file)],
    ['its statement is deleted', (file: string) => file.endsWith('.pin.json') && rmSync(file)],
    ['both are deleted', (file: string) => rmSync(file)],
    [
      'its copy is altered',
      (file: string) =>
        file.endsWith('.sources.json') && writeFileSync(file, readFileSync(file, 'utf8').replace('notes', 'other')),
    ],
    [
      'its statement is altered',
      (file: string) =>
        file.endsWith('.pin.json') && writeFileSync(file, readFileSync(file, 'utf8').replace('/shop', '/chop')),
    ],
  ] as const)
    test(`denies in its workspace alone where ${what}`, async (t) => {
      const world = await makeWorld(t);
      const shop = world.workspace('shop');
      const other = world.workspace('other');
      await accepted(world.ask(pinRequest(world.ann, shop, STRICT)));
      for (const file of keptFiles(world)) damage(file);
      assert.equal((await world.judge(TOUCH, shop)).says, 'deny');
      await accepted(world.ask({ op: 'policy-reload' }));
      const after = await world.judge('ls', shop);
      assert.deepEqual([after.says, after.rules], ['deny', ['POLICY_ERROR']], after.reasons);
      assert.equal((await world.judge('ls', other)).says, 'allow');
      assert.match((await statusOf(world)).troubles.join(), /what it would judge is denied/);
      if (what !== 'both are deleted') {
        await world.restart();
        assert.equal((await world.judge('ls', shop)).says, 'deny');
      }
      await sleep(2);
      await accepted(world.ask(pinRequest(world.ann, shop, STRICT)));
      assert.equal((await world.judge('ls', shop)).says, 'allow', 'pinned again, it counts again');
    });

  test('follows the workspace under other names, and into folders below', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop');
    const link = path.join(world.folder, 'link');
    symlinkSync(shop, link);
    await accepted(world.ask(pinRequest(world.ann, shop, STRICT)));
    assert.equal((await world.judge(TOUCH, link)).says, 'deny', 'by a link');
    const nested = world.workspace('shop/vendor/nested');
    assert.equal((await world.judge(TOUCH, nested)).says, 'deny', 'in a repository inside');
    const elsewhere = world.workspace('elsewhere');
    assert.equal((await world.judge(`rm ${shop}/notes.md`, elsewhere)).says, 'deny', 'from outside');
    assert.equal((await world.judge(`cd ${shop} && ${TOUCH}`, elsewhere)).says, 'deny', 'after a cd');
    assert.equal((await world.judge(TOUCH, elsewhere)).says, 'allow');
  });

  test('only tightens', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop', { 'only-copy.txt': 'exists nowhere else' });
    const before = await world.judge('rm only-copy.txt', shop);
    assert.equal(before.says, 'hold');
    await accepted(world.ask(pinRequest(world.ann, shop, rules('shop', 'allow', 'only-copy'))));
    assert.deepEqual(await world.judge('rm only-copy.txt', shop), before);
  });

  test('of each of two workspaces counts where it is', async (t) => {
    const world = await makeWorld(t);
    const [a, b] = [world.workspace('a'), world.workspace('b')];
    await accepted(world.ask(pinRequest(world.ann, a, rules('x', 'deny', 'one'))));
    await accepted(world.ask(pinRequest(world.ann, b, rules('x', 'deny', 'two'))));
    const said = async (command: string) => [
      (await world.judge(command, a)).says,
      (await world.judge(command, b)).says,
    ];
    assert.deepEqual(await said('echo one'), ['deny', 'allow']);
    assert.deepEqual(await said('echo two'), ['allow', 'deny']);
    const reply = await world.ask({ op: 'policy-show' });
    assert.ok(reply.ok);
    const { layers } = reply.policy as { layers: readonly { layer: string; scope?: { workspace?: string } }[] };
    const scopes = layers.flatMap((one) => (one.layer === 'repository' ? [one.scope?.workspace] : []));
    assert.deepEqual(new Set(scopes), new Set([a, b]));
  });
});
