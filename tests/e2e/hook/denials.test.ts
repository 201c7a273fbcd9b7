import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makePerson } from '../../fakes/people.ts';
import { demand, exchange, makePlace, type RunningDaemon, startDaemon } from '../daemon/place.ts';

/** What a person refused, met in other clothes through the hook door of a real daemon. */
const ada = makePerson('ada');
const place = makePlace({ people: [ada] });
const shop = path.join(place.dir, 'shop');
const precious = path.join(shop, 'data/precious.txt');
let daemon: RunningDaemon;

before(async () => {
  mkdirSync(path.join(shop, '.git'), { recursive: true });
  mkdirSync(path.dirname(precious));
  writeFileSync(precious, 'one of a kind');
  writeFileSync(path.join(shop, 'data/other.txt'), 'another one');
  writeFileSync(path.join(shop, 'clean.sh'), 'cd data\nrm -f precious.txt\n');
  writeFileSync(path.join(shop, 'clean.py'), `import os\nos.remove('${precious}')\n`);
  writeFileSync(path.join(shop, 'Makefile'), 'purge:\n\trm -f data/precious.txt\n');
  writeFileSync(path.join(shop, 'package.json'), '{"scripts":{"purge":"rm -f data/precious.txt"}}');
  daemon = await startDaemon(place, 'people');
});
after(async () => {
  await daemon.stop();
  place.remove();
});

let calls = 0;

/** What the host would tell the model: empty where the call may go on. */
async function hook(task: string, tool: string, input: object): Promise<string> {
  calls += 1;
  const payload = {
    hook_event_name: 'PreToolUse',
    session_id: task,
    cwd: shop,
    tool_name: tool,
    tool_use_id: `u${calls}`,
    tool_input: input,
  };
  const whole = `{"op":"hook","agent":"claude-code"}\n${JSON.stringify(payload)}\u001e\n`;
  const { text } = await exchange(place.paths.socket, [whole]);
  const reply = /^HOLDPOINT\/1 0 (.*)\n$/s.exec(text)?.[1];
  assert.ok(reply !== undefined, text);
  if (reply === '') return '';
  const { hookSpecificOutput } = JSON.parse(reply) as { hookSpecificOutput: { permissionDecisionReason?: string } };
  return hookSpecificOutput.permissionDecisionReason ?? '';
}

const bash = (task: string, command: string): Promise<string> => hook(task, 'Bash', { command });

/** A task whose deletion of the precious file a person has refused. */
async function refusedTask(task: string): Promise<string> {
  const held = await bash(task, `rm ${precious}`);
  const id = /\((h-[a-z2-7]{8})\)/.exec(held)?.[1] ?? '';
  assert.notEqual(id, '', held);
  await demand(place, { op: 'deny', id, say: 'it is the only copy' });
  return id;
}

const WAYS: readonly string[] = [
  'rm -rf data',
  'cd data && rm precious.txt',
  'F=precious; unlink "data/$F.txt"',
  'python3 -c \'import os; os.remove("data/precious.txt")\'',
  'node -e \'require("fs").rmSync("data/precious.txt")\'',
  'find data -name "precious*" -delete',
  'find data -type f -exec rm {} +',
  'find data -name "*.txt" | xargs rm',
  'rm data/*.txt',
  'rm -r dat?',
  'bash clean.sh',
  './clean.sh',
  'python3 clean.py',
  'make purge',
  'npm run purge',
  'bash -c "$(echo cm0gZGF0YS9wcmVjaW91cy50eHQ= | base64 -d)"',
  'shred -u data/precious.txt',
  'truncate -s 0 data/precious.txt',
  ': > data/precious.txt',
  'mv data/precious.txt /tmp/x && rm /tmp/x',
];

for (const [index, way] of WAYS.entries())
  test(`refused as \`rm\`, refused as \`${way}\``, async () => {
    const task = `way-${index}`;
    await refusedTask(task);
    const answer = await bash(task, way);
    assert.match(answer, /session\/denied-before/, answer);
    assert.match(answer, /it is the only copy/);
    assert.ok(existsSync(precious));
  });

test('a way that names no target is held for a person, and what hits something else is no way', async () => {
  await refusedTask('unknown');
  for (const way of ['ls data/precious.txt | xargs rm', 'rm "$TARGET"', 'rm data/other.txt', 'rm data/*.log data/o*'])
    assert.match(await bash('unknown', way), /holds this until a person signs/, way);
});

test('three refused ways shut the door, a repeat is no new way, a restart does not open it, a person does', async () => {
  const task = 'shut';
  const id = await refusedTask(task);
  for (let i = 0; i < 5; i += 1)
    assert.match(await bash(task, `rm ${precious}`), /denied-before/, 'the same call again');
  assert.match(await bash(task, 'rm -rf data'), /denied-before/);
  assert.equal(await bash(task, 'npm test'), '', 'two ways: other work goes on');
  assert.match(await bash(task, 'find data -delete'), /denied-before/);
  const shut = await bash(task, 'npm test');
  assert.match(shut, /session\/door-shut/);
  assert.match(shut, /three ways to the same effect \(destroy .*precious\.txt\) were refused/);
  assert.ok(shut.includes(`holdpoint reopen ${id}`), shut);
  const door = async (): Promise<void> => {
    for (const command of ['touch new.txt', 'git push', 'ls > list.txt', 'node x.js', 'sh -c "ls"; make'])
      assert.match(await bash(task, command), /door-shut/, command);
    assert.match(await hook(task, 'Write', { file_path: path.join(shop, 'new.txt'), content: 'x' }), /door-shut/);
    for (const command of ['ls -la', 'cat data/other.txt', 'grep -n one data/other.txt | head', 'holdpoint status'])
      assert.equal(await bash(task, command), '', command);
    assert.equal(await hook(task, 'Read', { file_path: path.join(shop, 'data/other.txt') }), '');
  };
  await door();
  assert.equal(await bash('another task', 'npm test'), '', 'the door of another task is its own');
  await daemon.stop();
  daemon = await startDaemon(place, 'people');
  await door();
  const statement = { type: 'holdpoint/order/v1', order: 'reopen', subject: task, atMs: Date.now() };
  const order = JSON.stringify({ statement, signature: ada.signStatement(statement) });
  await demand(place, { op: 'reopen', task, order });
  assert.equal(await bash(task, 'npm test'), '');
  assert.match(await bash(task, `rm ${precious}`), /Holdpoint holds this until a person signs/);
});

test('three ways to tamper with the guard shut the door too, without a person', async () => {
  const task = 'tamper';
  for (const command of ['holdpoint uninstall', 'npx holdpoint uninstall', 'holdpoint uninstall --purge'])
    assert.match(await bash(task, command), /guard[-_]tampering/, command);
  const shut = await bash(task, 'npm test');
  assert.match(shut, /door-shut/);
  assert.ok(shut.includes('holdpoint reopen --task tamper'), shut);
});
