import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { runEnforce } from '../../../src/apps/cli/enforce.ts';
import { hookFiles } from '../../../src/apps/cli/init.ts';
import { readMode, readRecord } from '../../../src/apps/cli/install/record.ts';
import { addEntries, hookCommand, removeEntries } from '../../../src/apps/cli/install/settings-edit.ts';
import { runUninstall } from '../../../src/apps/cli/uninstall.ts';
import { bundleClient, type Installation, newInstallation } from './fixture.ts';

let place: Installation;
beforeEach(async () => {
  place = await newInstallation();
});
afterEach(() => place.remove());

const claudeFile = (): string => path.join(place.home, '.claude/settings.json');
const cursorFile = (): string => path.join(place.home, '.cursor/hooks.json');
const read = (file: string): string => readFileSync(file, 'utf8');

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const WITH_COMMENTS = `{
    // my own rules
    "permissions": { "allow": ["Bash(ls:*)"] }, /* keep */
    "hooks": {
        "PreToolUse": [
            { "matcher": "Bash", "hooks": [{ "type": "command", "command": "mine" }] },
        ],
    },
}
`;

test('install, again, and uninstall give the original bytes back', async () => {
  write(claudeFile(), WITH_COMMENTS);
  write(cursorFile(), '{"version":1,"hooks":{}}');
  assert.equal(await place.init('--agent', 'claude-code', '--agent', 'cursor', '--yes'), 0, place.said());
  const installed = read(claudeFile());
  assert.match(installed, /\/\/ my own rules/);
  assert.match(installed, /"command": "mine"/);
  assert.match(installed, /"onFailure": "block"/);
  const cursor = JSON.parse(read(cursorFile())) as {
    hooks: { [event: string]: { command: string; failClosed?: boolean }[] };
  };
  for (const event of ['beforeShellExecution', 'beforeMCPExecution', 'beforeReadFile', 'preToolUse'])
    assert.equal(cursor.hooks[event]?.[0]?.failClosed, true, event);
  assert.equal(statSync(hookFiles(place.paths).shim).mode & 0o777, 0o755);

  assert.equal(
    await place.init('--agent', 'claude-code', '--agent', 'cursor'),
    0,
    'nothing to change, so nothing to ask',
  );
  assert.equal(read(claudeFile()), installed);
  assert.match(place.said(), /already in/);

  assert.equal(runUninstall([], place.io, place.deps), 0, place.said());
  assert.equal(read(claudeFile()), WITH_COMMENTS);
  assert.equal(read(cursorFile()), '{"version":1,"hooks":{}}');
  assert.equal(existsSync(hookFiles(place.paths).shim), false);
  assert.equal(readRecord(place.paths.config).kind, 'none');
  assert.equal(runUninstall([], place.io, place.deps), 0);
});

test('a file that was not there goes again', async () => {
  assert.equal(await place.init('--agent', 'claude-code', '--yes'), 0);
  assert.deepEqual(Object.keys((JSON.parse(read(claudeFile())) as { hooks: object }).hooks), [
    'PreToolUse',
    'PostToolUse',
    'PostToolUseFailure',
  ]);
  assert.equal(runUninstall([], place.io, place.deps), 0);
  assert.equal(existsSync(claudeFile()), false);
});

test('after later edits, uninstall takes out only our entries', async () => {
  write(claudeFile(), WITH_COMMENTS);
  await place.init('--agent', 'claude-code', '--yes');
  write(claudeFile(), read(claudeFile()).replace('"permissions"', '"model": "x",\n    "permissions"'));
  assert.equal(runUninstall([], place.io, place.deps), 0);
  const left = read(claudeFile());
  assert.equal(left.includes('holdpoint-hook'), false);
  for (const kept of ['"model": "x"', '// my own rules', '/* keep */', '"command": "mine"'])
    assert.ok(left.includes(kept), kept);
  assert.equal(left.includes('PostToolUse'), false);
});

test('a hook of the user that shares a group with ours stays', () => {
  const shim = '/s/holdpoint-hook';
  const text = JSON.stringify({
    hooks: {
      PreToolUse: [
        {
          matcher: '*',
          hooks: [
            { type: 'command', command: hookCommand('claude-code', shim) },
            { type: 'command', command: 'mine' },
          ],
        },
      ],
    },
  });
  const removed = removeEntries(text, 'claude-code', shim);
  assert.ok(removed.ok);
  assert.deepEqual(JSON.parse(removed.text), {
    hooks: { PreToolUse: [{ matcher: '*', hooks: [{ type: 'command', command: 'mine' }] }] },
  });
});

test('a dry run, and a run that nobody confirms, write nothing', async () => {
  write(claudeFile(), '{}');
  assert.equal(await place.init('--agent', 'claude-code', '--dry-run'), 0);
  assert.match(place.said(), /^\+.*holdpoint-hook/m);
  assert.equal(await place.init('--agent', 'claude-code'), 1);
  assert.equal(read(claudeFile()), '{}');
  assert.equal(existsSync(place.paths.config), false);
  assert.equal(existsSync(place.paths.state), false);
});

for (const [note, text] of [
  ['cut off', '{"hooks": {'],
  ['a list', '[]'],
  ['hooks is a text', '{"hooks":"x"}'],
  ['an event is an object', '{"hooks":{"PreToolUse":{}}}'],
] as const) {
  test(`broken settings are left alone: ${note}`, async () => {
    write(claudeFile(), text);
    write(cursorFile(), '{}');
    assert.equal(await place.init('--agent', 'cursor', '--agent', 'claude-code', '--yes'), 1);
    assert.equal(read(claudeFile()), text);
    assert.equal(read(cursorFile()), '{}', 'nor is any other file touched');
    assert.equal(existsSync(hookFiles(place.paths).shim), false);
    assert.match(place.said(), /nothing was changed/);
  });
}

test('settings that became broken keep the shim, and uninstall says so', async () => {
  await place.init('--agent', 'claude-code', '--yes');
  write(claudeFile(), '{');
  assert.equal(runUninstall([], place.io, place.deps), 1);
  assert.equal(existsSync(hookFiles(place.paths).shim), true);
  write(claudeFile(), '{}');
  assert.equal(runUninstall([], place.io, place.deps), 0);
});

test('a symlink stays one, and so does the mode', async () => {
  const real = path.join(place.dir, 'dotfiles.json');
  writeFileSync(real, '{}', { mode: 0o640 });
  mkdirSync(path.dirname(claudeFile()), { recursive: true });
  symlinkSync(real, claudeFile());
  await place.init('--agent', 'claude-code', '--yes');
  assert.equal(readlinkSync(claudeFile()), real);
  assert.match(read(real), /holdpoint-hook/);
  assert.equal(statSync(real).mode & 0o777, 0o640);
});

test('scopes: project, managed', async () => {
  await place.init('--agent', 'claude-code', '--project', '--yes');
  assert.match(read(path.join(place.project, '.claude/settings.json')), /holdpoint-hook/);
  assert.equal(existsSync(claudeFile()), false);
  assert.equal(await place.init('--agent', 'claude-code', '--managed', '--managed-only', '--yes'), 0);
  const { managedFile } = place.deps.places;
  assert.match(read(managedFile), /"allowManagedHooksOnly": true/);
  assert.equal(statSync(managedFile).mode & 0o777, 0o644);
  write(managedFile, read(managedFile).replace('{', '{ "model": "x",'));
  assert.equal(runUninstall([], place.io, place.deps), 0);
  assert.deepEqual(JSON.parse(read(managedFile)), { model: 'x' });
  assert.equal(await place.init('--project', '--managed'), 64);
  assert.equal(await place.init('--agent', 'vim'), 64);
  assert.equal(await place.init('--nonsense'), 64);
});

test('says that hooks are switched off', async () => {
  write(path.join(place.project, '.claude/settings.local.json'), '{"disableAllHooks": true}');
  await place.init('--agent', 'claude-code', '--yes');
  assert.match(place.said(), /warning: `disableAllHooks` in .*settings\.local\.json/);
});

test('no agent found', async () => {
  rmSync(path.join(place.project, '.claude'), { recursive: true });
  assert.equal(await place.init('--yes'), 1);
  assert.match(place.said(), /--agent/);
});

test('begins in shadow; enforce reports and switches on; init keeps it', async () => {
  const enforce = (lines: readonly string[] | undefined): Promise<number> =>
    runEnforce([], place.io, { paths: place.paths, shadowReport: async () => lines });
  assert.equal(readMode(place.paths.config), 'enforce', 'without a record nothing is loosened');
  assert.equal(await enforce([]), 1);
  await place.init('--agent', 'claude-code', '--yes');
  assert.equal(readMode(place.paths.config), 'shadow');
  assert.equal(await enforce(['rm -rf src, 2 times']), 0);
  assert.match(place.said(), /would have held 1:\n {2}rm -rf src, 2 times/);
  assert.equal(readMode(place.paths.config), 'enforce');
  await place.init('--agent', 'claude-code', '--yes');
  assert.equal(readMode(place.paths.config), 'enforce');
  write(path.join(place.paths.config, 'install.json'), '{"mode":"shadow"}');
  assert.equal(readMode(place.paths.config), 'enforce', 'a broken record loosens nothing');
  assert.equal(await enforce([]), 1);
  assert.equal(await place.init('--agent', 'claude-code', '--yes'), 1);
});

test('the bundled client stays small', async () => {
  assert.ok((await bundleClient(path.join(place.dir, 'c.cjs'))) <= 100 * 1024);
});

test('adding twice is adding once, and removing leaves what was there', () => {
  const hook = fc.record({ type: fc.constant('command'), command: fc.string() });
  const settings = fc.record(
    {
      model: fc.string(),
      version: fc.constant(1),
      hooks: fc.dictionary(
        fc.constantFrom('PreToolUse', 'PostToolUse', 'Stop', 'preToolUse'),
        fc.array(fc.oneof(hook, fc.record({ matcher: fc.string(), hooks: fc.array(hook, { minLength: 1 }) })), {
          minLength: 1,
        }),
      ),
    },
    { requiredKeys: ['version'] },
  );
  fc.assert(
    fc.property(
      settings,
      fc.constantFrom('claude-code' as const, 'cursor' as const),
      fc.constantFrom(undefined, 2, '\t'),
      (value, agent, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        const options = { shim: "/a b/it's/holdpoint-hook", hookTimeoutS: 60, managedOnly: false };
        const once = addEntries(text, agent, options);
        assert.ok(once.ok);
        const twice = addEntries(once.text, agent, options);
        assert.deepEqual(twice, once);
        const removed = removeEntries(once.text, agent, options.shim);
        assert.ok(removed.ok);
        const { hooks, ...rest } = JSON.parse(removed.text) as { hooks?: object };
        const { hooks: before, ...restBefore } = value;
        assert.deepEqual(rest, { ...restBefore });
        assert.deepEqual(hooks ?? {}, JSON.parse(JSON.stringify(before ?? {})));
      },
    ),
    { numRuns: 60 },
  );
});

test('the preset is written once, and of a file that is there it alone changes', async () => {
  const file = path.join(place.paths.config, 'policy.json');
  assert.equal(await place.init('--agent', 'claude-code', '--yes', '--dry-run', '--preset', 'team'), 0);
  assert.equal(existsSync(file), false);
  assert.equal(await place.init('--agent', 'claude-code', '--yes', '--preset', 'lax'), 64);
  assert.equal(await place.init('--agent', 'claude-code', '--yes'), 0);
  assert.deepEqual(JSON.parse(read(file)), { version: 1, preset: 'solo' });
  const organisation = { kind: 'folder', path: '/etc/rules' };
  write(file, JSON.stringify({ version: 1, preset: 'team', organisation }));
  assert.equal(await place.init('--agent', 'claude-code', '--yes'), 0);
  assert.deepEqual(JSON.parse(read(file)), { version: 1, preset: 'team', organisation });
  assert.equal(await place.init('--agent', 'claude-code', '--yes', '--preset', 'regulated'), 0);
  assert.deepEqual(JSON.parse(read(file)), { version: 1, preset: 'regulated', organisation });
  write(file, '{');
  assert.equal(await place.init('--agent', 'claude-code', '--yes', '--preset', 'solo'), 1);
  assert.equal(read(file), '{', 'what cannot be read is left for a person');
  assert.equal(runUninstall([], place.io, place.deps), 0);
  assert.equal(existsSync(file), true);
});
