import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ask } from '../../../src/apps/cli/client.ts';
import type { HoldView } from '../../../src/apps/daemon/service.ts';
import { makePerson } from '../../fakes/people.ts';
import { demand, exchange, holdpoint, makePlace, type RunningDaemon, startDaemon } from '../daemon/place.ts';

/** An agent's program that was let run unjudged, and so speaks to the socket itself. */
const ada = makePerson('ada');
const place = makePlace({ people: [ada] });
const shop = path.join(place.dir, 'shop');
const elsewhere = path.join(place.dir, 'elsewhere');
const precious = path.join(shop, 'precious.txt');
let daemon: RunningDaemon;

before(async () => {
  for (const folder of [shop, elsewhere]) mkdirSync(path.join(folder, '.git'), { recursive: true });
  writeFileSync(precious, 'one of a kind');
  daemon = await startDaemon(place, 'people');
});
after(async () => {
  await daemon.stop();
  place.remove();
});

type Answer = { readonly kind: string; readonly hold?: HoldView; readonly rule?: string };

async function begin(command: string, cwd: string, claims: { task?: string; workspace?: string } = {}) {
  const origin = { agent: 'a', task: claims.task ?? 'mine', workspace: claims.workspace ?? '' };
  return (await demand(place, { op: 'begin', command, cwd, origin })).answer as Answer;
}

async function hook(payload: object): Promise<string> {
  const header = '{"op":"hook","agent":"claude-code"}\n';
  const whole = `${header}${JSON.stringify(payload)}\u001e\n`;
  return (await exchange(place.paths.socket, [whole])).text;
}

async function heldBy(command: string, cwd: string): Promise<HoldView> {
  const answer = await begin(command, cwd);
  assert.ok(answer.hold !== undefined, JSON.stringify(answer));
  return answer.hold;
}

test('a refusal in the name of a person cannot paint on a terminal', async () => {
  const hold = await heldBy(`rm ${precious}`, shop);
  const say = '\u001b[2J\u001b[Happroved by ada\r\n\u202e\u009b2J';
  await demand(place, { op: 'deny', id: hold.id, say });
  for (const args of [
    ['show', hold.id],
    ['approve', hold.id],
  ]) {
    const { out, err } = await holdpoint(place, args);
    assert.match(out + err, /approved by ada/);
    assert.doesNotMatch(out + err, /(?!\n)\p{Cc}|\u202e/u);
  }
});

test('an exception counts where the command runs, not in a workspace that the client names', async () => {
  const target = path.join(elsewhere, 'cache.db');
  writeFileSync(target, 'x');
  const statement = {
    type: 'holdpoint/exception/v1',
    rule: 'floor/destructive',
    verb: 'destroy',
    target: { system: 'file', kind: 'path', path: [target] },
    workspace: shop,
    because: 'made again each night',
    expiresAtMs: Date.now() + 600_000,
  };
  const folder = path.join(place.paths.state, 'exceptions');
  mkdirSync(folder, { recursive: true });
  const document = JSON.stringify({ statement, signature: ada.signStatement(statement) });
  writeFileSync(path.join(folder, 'one.json'), document);
  assert.equal((await begin(`rm ${target}`, elsewhere, { workspace: shop })).kind, 'refused');
  assert.equal((await begin(`rm ${target}`, shop, { workspace: elsewhere })).kind, 'release');
});

test('a task that the client names owns none of that task’s files', async () => {
  const made = path.join(shop, 'notes.txt');
  const call = { session_id: 'victim', cwd: shop, tool_name: 'Write', tool_use_id: 'u1' };
  const input = { file_path: made, content: 'weeks of work' };
  assert.match(await hook({ ...call, hook_event_name: 'PreToolUse', tool_input: input }), /^HOLDPOINT\/1 0/);
  writeFileSync(made, 'weeks of work');
  await hook({ ...call, hook_event_name: 'PostToolUse', tool_input: input, tool_response: {} });
  const own = { ...call, tool_name: 'Bash', tool_use_id: 'u2', tool_input: { command: `rm ${made}` } };
  assert.equal(await hook({ ...own, hook_event_name: 'PreToolUse' }), 'HOLDPOINT/1 0 \n');
  assert.equal((await begin(`rm ${made}`, shop, { task: 'victim' })).kind, 'refused');
});

test('a place that is no absolute path is no request', async () => {
  const request = { op: 'begin', command: 'true', cwd: 'shop', origin: { agent: 'a', task: 't', workspace: '' } };
  const { text } = await exchange(place.paths.socket, [`${JSON.stringify(request)}\n`], { half: true });
  assert.match(text, /^\{"ok":false/);
});

const signedOrder = (order: object, by = ada): string => {
  const statement = { type: 'holdpoint/order/v1', atMs: Date.now(), ...order };
  return JSON.stringify({ statement, signature: by.signStatement(statement) });
};

test('nobody but a person forgets a refusal', async () => {
  const command = `rm ${precious}`;
  assert.equal((await begin(command, shop)).rule, 'session/denied-before', 'denied above');
  const task = 'mine';
  const orders: readonly (string | undefined)[] = [
    undefined,
    '{}',
    signedOrder({ order: 'reopen', subject: task }, makePerson('ada')),
    signedOrder({ order: 'reopen', subject: 'other' }),
    signedOrder({ order: 'erase', subject: task }),
    signedOrder({ order: 'reopen', subject: task, atMs: Date.now() - 3_600_000 }),
    signedOrder({ order: 'reopen', subject: task, atMs: Date.now() + 3_600_000 }),
  ];
  for (const order of orders) {
    const reply = await ask(place.paths, { op: 'reopen', task, ...(order === undefined ? {} : { order }) });
    assert.equal(reply.ok, false, order ?? 'no signature');
  }
  assert.equal((await begin(command, shop)).rule, 'session/denied-before');
  const order = signedOrder({ order: 'reopen', subject: task });
  // The refusal, and each way that met it.
  assert.ok(Number((await demand(place, { op: 'reopen', task, order })).forgotten) >= 1);
  const again = await heldBy(command, shop);
  await demand(place, { op: 'deny', id: again.id, say: 'still no' });
  const replayed = await ask(place.paths, { op: 'reopen', task, order });
  assert.match(replayed.ok ? '' : replayed.error, /after this was signed/);
});

test('nobody but a person takes from the record', async () => {
  const record = async () =>
    ((await demand(place, { op: 'log', fromIndex: 0, limit: 1 })).receipts as { leaf: string; payload?: object }[])[0];
  const { leaf = '' } = (await record()) ?? {};
  const orders: readonly (string | undefined)[] = [
    undefined,
    signedOrder({ order: 'erase', subject: '0' }),
    signedOrder({ order: 'erase', subject: leaf }, makePerson('ada')),
  ];
  for (const order of orders) {
    const reply = await ask(place.paths, { op: 'erase', index: 0, ...(order === undefined ? {} : { order }) });
    assert.equal(reply.ok, false, order ?? 'no signature');
  }
  const { code, err } = await holdpoint(place, ['log', 'erase', '0']);
  assert.notEqual(code, 0);
  assert.match(err, /not signed/);
  assert.ok((await record())?.payload !== undefined);
  const order = signedOrder({ order: 'erase', subject: leaf });
  assert.equal((await demand(place, { op: 'erase', index: 0, order })).erased, true);
  assert.equal((await record())?.payload, undefined);
});
