import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { HoldView } from '../../../src/apps/daemon/service.ts';
import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { encodeHookRequest, parseReply } from '../../../src/protocols/hooks/wire.ts';
import { makePerson } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';
import { demand, exchange, holdpoint, makePlace, type Place, startDaemon } from '../daemon/place.ts';
import { makeWorld, pinRequest, rules } from './engine.ts';

function organise(place: Place, text: string): void {
  const folder = path.join(place.dir, 'rules');
  mkdirSync(folder, { recursive: true });
  mkdirSync(place.paths.config, { recursive: true });
  writeFileSync(path.join(folder, 'acme.rego'), text);
  writeFileSync(
    path.join(place.paths.config, 'policy.json'),
    JSON.stringify({ version: 1, preset: 'solo', organisation: { kind: 'folder', path: folder } }),
  );
}

async function hook(place: Place, command: string): Promise<string> {
  const payload = JSON.stringify({
    session_id: 's',
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    tool_use_id: command,
    tool_input: { command },
    cwd: place.work,
  });
  const { text } = await exchange(place.paths.socket, [encodeHookRequest('claude-code', Buffer.from(payload))], {
    half: true,
  });
  const reply = parseReply(text);
  return JSON.stringify(reply ?? text);
}

describe('a rule of the organisation', { skip: skipUnless('unix') }, () => {
  const ann = makePerson('ann');

  test('denies at every door, and a change that does not compile leaves the last good one', async (t) => {
    const place = makePlace({ people: [ann] });
    t.after(() => place.remove());
    organise(place, rules('acme', 'deny', 'forbidden'));
    const daemon = await startDaemon(place, 'people');
    const denied = /the rules of acme are about forbidden/;

    await t.test('the hook', async () => {
      assert.match(await hook(place, 'echo forbidden'), denied);
      assert.doesNotMatch(await hook(place, 'echo fine'), /"deny"|refuse/);
    });
    await t.test('the gateway', async () => {
      const identity = { task: 'g', workspace: place.work, agent: 'test' };
      const reply = await demand(place, { op: 'agent-environment', ...identity });
      const env = reply.environment as Record<string, string>;
      const url = 'http://api.acme.example/v1/forbidden';
      const curl = spawnSync('curl', ['-s', '--max-time', '20', url], { env: { PATH: '/usr/bin:/bin', ...env } });
      assert.match(curl.stdout.toString(), denied);
    });
    await t.test('the command line', async () => {
      const done = await holdpoint(place, ['check', 'echo forbidden']);
      assert.equal(done.code, 20, done.err);
      assert.match(done.out, denied);
      assert.equal((await holdpoint(place, ['check', 'echo fine'])).code, 0);
    });
    await t.test('after a change that does not compile, with SIGHUP and with the command', async () => {
      organise(place, 'package holdpoint.policies.acme\n\ndeny contains x if true\n');
      const done = await holdpoint(place, ['policy', 'reload']);
      assert.equal(done.code, 1);
      assert.match(done.err, /acme\.rego:3:\d+: /);
      assert.match(await hook(place, 'echo forbidden'), denied);
      const status = await holdpoint(place, ['status']);
      assert.match(status.out, /!! .*(refused|NOT RELOADED).*acme\.rego:3:/);
      assert.match(daemon.words(), /acme\.rego:3:/);
    });
    await t.test('and a good change is in force', async () => {
      organise(place, rules('acme', 'deny', 'other-word'));
      const done = await holdpoint(place, ['policy', 'reload']);
      assert.equal(done.code, 0, done.err);
      assert.doesNotMatch(await hook(place, 'echo forbidden  '), denied);
      assert.match(await hook(place, 'echo other-word'), /about other-word/);
      const shown = await holdpoint(place, ['policy', 'show']);
      assert.match(shown.out, /built-in[\s\S]*organisation/);
    });
  });

  test('that does not compile refuses to start, with its place', async (t) => {
    const place = makePlace({ people: [ann] });
    t.after(() => place.remove());
    organise(place, 'package holdpoint.policies.acme\n\ndeny contains x if true\n');
    await assert.rejects(startDaemon(place, 'people'), /acme\.rego:3:\d+: /);
    writeFileSync(path.join(place.paths.config, 'policy.json'), '{"version":1,"preset":"lax"}');
    await assert.rejects(startDaemon(place, 'people'), /policy\.json.*preset/);
  });
});

describe('layers', { skip: skipUnless('unix') }, () => {
  test('are in what a person signs: another policy voids the approval', async (t) => {
    const world = await makeWorld(t);
    const shop = world.workspace('shop', { 'only-copy.txt': 'x' });
    const command = 'rm only-copy.txt';
    const origin = { agent: 'test', task: 't', workspace: shop };
    const { service, store } = world.engine();
    const held = await service.begin(command, shop, origin);
    assert.ok(held.kind === 'refused' && held.hold !== undefined, JSON.stringify(held));
    const hold: HoldView = held.hold;
    const { policies } = hold.claim as { policies: readonly string[] };
    const shown = await world.ask({ op: 'policy-show' });
    assert.ok(shown.ok);
    for (const { digest } of (shown.policy as { layers: readonly { digest: string }[] }).layers)
      assert.ok(policies.includes(digest), 'each layer is in the claim');
    const armored = world.ann.signStatement(JSON.parse(new TextDecoder().decode(canonicalBytes(hold.claim))));
    const approved = await service.approve(hold.id, [armored]);
    assert.ok(approved.ok, approved.ok ? '' : approved.why);
    const pinned = await world.ask(pinRequest(world.ann, shop, rules('shop', 'deny', 'nothing-of-it')));
    assert.ok(pinned.ok, pinned.ok ? '' : pinned.error);
    const again = await service.begin(command, shop, origin);
    assert.equal(again.kind, 'refused', 'what was approved under another policy does not run');
    assert.match((await store.hold(hold.id))?.say ?? '', /the policy/);
  });

  test('that are broken do not stop a shadow user, and the record says so', async (t) => {
    const world = await makeWorld(t, undefined, 'shadow');
    const shop = world.workspace('shop');
    const bad = `package holdpoint.policies.shop

deny contains {"id": "x", "reason": "x", "effect": 99} if true
`;
    const pinned = await world.ask(pinRequest(world.ann, shop, bad));
    assert.ok(pinned.ok, pinned.ok ? '' : pinned.error);
    const said = await world.judge('ls', shop);
    assert.deepEqual([said.says, said.rules], ['allow', ['POLICY_ERROR']]);
    assert.equal((await world.judge('holdpoint down', shop)).says, 'deny', 'what is catastrophic is stopped');
  });
});
