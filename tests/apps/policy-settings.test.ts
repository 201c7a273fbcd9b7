import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import {
  DEFAULT_SETTINGS,
  parsePolicySettings,
  readPolicySettings,
  SETTINGS_LIMITS,
} from '../../src/apps/policy/settings.ts';
import { showProblem } from '../../src/ports/policy-layers.ts';
import { skipUnless } from '../platform.ts';

const work = realpathSync(mkdtempSync(path.join(tmpdir(), 'policy-settings-')));
after(() => rmSync(work, { recursive: true, force: true }));

const BUNDLE = { kind: 'bundle', source: 'https://policy.example/b.tar.gz' };
const KEY = { keyId: 'k', algorithm: 'RS256', publicKeyFile: '/etc/holdpoint/policy.pem' };
const SERVER = { kind: 'server', url: 'https://opa.example:8181' };

function withOrganisation(organisation: unknown): unknown {
  return { version: 1, preset: 'team', organisation };
}

const GOOD: readonly (readonly [note: string, settings: unknown, want: unknown])[] = [
  ['a preset alone', { version: 1, preset: 'regulated' }, { version: 1, preset: 'regulated' }],
  [
    'a folder',
    withOrganisation({ kind: 'folder', path: '/etc/p' }),
    withOrganisation({ kind: 'folder', path: '/etc/p' }),
  ],
  ['a bundle with what is usual', withOrganisation(BUNDLE), withOrganisation({ ...BUNDLE, refreshS: 300 })],
  [
    'a bundle with all there is',
    withOrganisation({
      ...BUNDLE,
      source: '/srv/b.tar.gz',
      verification: { ...KEY, scope: 's' },
      refreshS: 60,
      tokenFile: '/t',
      caFile: '/c',
    }),
    withOrganisation({
      ...BUNDLE,
      source: '/srv/b.tar.gz',
      verification: { ...KEY, scope: 's' },
      refreshS: 60,
      tokenFile: '/t',
      caFile: '/c',
    }),
  ],
  [
    'a server with what is usual',
    withOrganisation(SERVER),
    withOrganisation({ ...SERVER, path: 'holdpoint/policies', timeoutMs: 250 }),
  ],
  [
    'a server with all there is',
    withOrganisation({
      ...SERVER,
      path: 'main',
      timeoutMs: 100,
      expect: ['production', 'production/deny'],
      tokenFile: '/t',
      caFile: '/c',
    }),
    withOrganisation({
      ...SERVER,
      path: 'main',
      timeoutMs: 100,
      expect: ['production', 'production/deny'],
      tokenFile: '/t',
      caFile: '/c',
    }),
  ],
];

for (const [note, settings, want] of GOOD) {
  test(`settings are read: ${note}`, () => {
    const read = parsePolicySettings(JSON.stringify(settings), 'policy.json');
    assert.ok(read.ok, read.ok ? '' : read.problems.map(showProblem).join());
    assert.deepEqual(read.settings, want);
  });
}

const BAD: readonly (readonly [note: string, settings: unknown, why: readonly RegExp[]])[] = [
  ['not JSON', '{', [/^policy\.json: not valid JSON/]],
  ['empty', '', [/^policy\.json: not valid JSON/]],
  ['a key twice', '{"version":1,"preset":"regulated","preset":"solo"}', [/duplicate key `preset`/]],
  ['a list', [], [/^policy\.json: ``: is not of the type object/]],
  ['no version', { preset: 'solo' }, [/`\/version`: is none of `1`/]],
  ['another version', { version: 2, preset: 'solo' }, [/`\/version`: is none of `1`/]],
  ['no preset', { version: 1 }, [/`\/preset`: is none of `solo`, `team`, `regulated`/]],
  ['another preset', { version: 1, preset: 'lax' }, [/`\/preset`: is none of `solo`, `team`, `regulated`/]],
  [
    'a member with another name',
    { version: 1, preset: 'solo', organization: SERVER },
    [/`\/organization`: is not known here/],
  ],
  ['a member with a slash', { version: 1, preset: 'solo', 'a/b~': 1 }, [/`\/a~1b~0`: is not known here/]],
  ['another kind', withOrganisation({ kind: 's3' }), [/`\/organisation\/kind`: .*\(`folder`, `bundle` or `server`\)/]],
  ['no kind', withOrganisation({ path: '/p' }), [/`\/organisation\/kind`: /]],
  ['null', withOrganisation(null), [/`\/organisation`: /]],
  [
    'two faults',
    withOrganisation({ kind: 'folder', path: 'p', x: 1 }),
    [/`\/organisation\/path`: is not an absolute, normal path/, /`\/organisation\/x`: is not known here/],
  ],
  ['a path upwards', withOrganisation({ kind: 'folder', path: '/etc/../p' }), [/is not an absolute, normal path/]],
  [
    'members of another kind',
    withOrganisation({ ...BUNDLE, timeoutMs: 1 }),
    [/`\/organisation\/timeoutMs`: is not known here/],
  ],
  [
    'a source that is neither',
    withOrganisation({ ...BUNDLE, source: 's3://b' }),
    [/`\/organisation\/source`: is neither/],
  ],
  [
    'refreshed too often',
    withOrganisation({ ...BUNDLE, refreshS: 59 }),
    [/`\/organisation\/refreshS`: is less than 60/],
  ],
  [
    'refreshed never',
    withOrganisation({ ...BUNDLE, refreshS: 86_401 }),
    [/`\/organisation\/refreshS`: is more than 86400/],
  ],
  [
    'half of a key',
    withOrganisation({ ...BUNDLE, verification: { keyId: 'k' } }),
    [
      /`\/organisation\/verification\/algorithm`: is none of/,
      /`\/organisation\/verification\/publicKeyFile`: is missing/,
    ],
  ],
  [
    'a shared secret',
    withOrganisation({ ...BUNDLE, verification: { ...KEY, algorithm: 'HS256' } }),
    [/verification\/algorithm`: is none of `RS256`/],
  ],
  [
    'no signature at all',
    withOrganisation({ ...BUNDLE, verification: { ...KEY, algorithm: 'none' } }),
    [/verification\/algorithm`: is none of/],
  ],
  ['too much time', withOrganisation({ ...SERVER, timeoutMs: 251 }), [/`\/organisation\/timeoutMs`: is more than 250/]],
  [
    'time as a text',
    withOrganisation({ ...SERVER, timeoutMs: '250' }),
    [/`\/organisation\/timeoutMs`: is not of the type number/],
  ],
  ['no address', withOrganisation({ ...SERVER, url: 'opa:8181' }), [/`\/organisation\/url`: is no address/]],
  [
    'an expectation that names nothing',
    withOrganisation({ ...SERVER, expect: ['production', 'Prod.deny'] }),
    [/`\/organisation\/expect\/1`: is neither/],
  ],
];

for (const [note, settings, whys] of BAD) {
  test(`settings are refused with place and reason: ${note}`, () => {
    const read = parsePolicySettings(typeof settings === 'string' ? settings : JSON.stringify(settings), 'policy.json');
    assert.equal(read.ok, false);
    const said = read.ok ? [] : read.problems.map(showProblem);
    assert.equal(said.length, whys.length, said.join('\n'));
    whys.forEach((why, at) => {
      assert.match(said[at] ?? '', why);
      assert.match(said[at] ?? '', /^policy\.json: /);
    });
  });
}

test('no file is the default; one that cannot be read or understood is not', async () => {
  assert.deepEqual(await readPolicySettings(path.join(work, 'none'), 'anybody'), {
    ok: true,
    settings: DEFAULT_SETTINGS,
  });
  const dir = path.join(work, 'kinds');
  const file = path.join(dir, 'policy.json');
  const cases: readonly (readonly [note: string, make: () => void, why: RegExp])[] = [
    ['a folder', () => mkdirSync(file), /is not a regular file/],
    ['empty', () => writeFileSync(file, ''), /not valid JSON/],
    ['too large', () => writeFileSync(file, ' '.repeat(SETTINGS_LIMITS.bytes + 1)), /is larger than 65536 bytes/],
    ['not UTF-8', () => writeFileSync(file, Buffer.from([0xff])), /is not UTF-8/],
    ['a link in a circle', () => symlinkSync('policy.json', file), /is a symbolic link/],
  ];
  for (const [note, make, why] of cases) {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    make();
    const read = await readPolicySettings(dir, 'anybody');
    assert.equal(read.ok, false, note);
    assert.match(read.ok ? '' : read.problems.map(showProblem).join(), why, note);
  }
});

const mine = process.getuid?.() ?? 0;

test('in a system installation the file has to be its owners alone', { skip: skipUnless('unix') }, async () => {
  const dir = path.join(work, 'owned');
  mkdirSync(dir, { mode: 0o755 });
  const file = path.join(dir, 'policy.json');
  writeFileSync(file, '{"version":1,"preset":"regulated"}', { mode: 0o644 });
  const owners = [0, mine];
  const why = async (by: readonly number[] = owners): Promise<string> => {
    const read = await readPolicySettings(dir, by);
    return read.ok ? read.settings.preset : read.problems.map(showProblem).join();
  };
  assert.equal(await why(), 'regulated');
  chmodSync(file, 0o664);
  assert.match(await why(), /policy\.json` can be written by others/);
  chmodSync(file, 0o644);
  chmodSync(dir, 0o777);
  assert.match(await why(), /owned` can be written by others/);
  chmodSync(dir, 0o1777);
  assert.match(
    await why(),
    /owned` can be written by others/,
    'sticky does not help in the folder itself: a missing file can be made',
  );
  chmodSync(dir, 0o755);
  assert.match(await why([mine + 4_000_000]), /belongs to user \d+, who could have written it/);
  rmSync(file);
  symlinkSync('/etc/hostname', file);
  assert.match(await why(), /is a symbolic link/);
  rmSync(file);
  assert.equal(await why(), 'solo');
  const link = path.join(work, 'link');
  symlinkSync(dir, link);
  const read = await readPolicySettings(link, owners);
  assert.match(read.ok ? '' : read.problems.map(showProblem).join(), /link` is a symbolic link/);
});

test("a file of the agent's account does not count", { skip: skipUnless('unix', 'root') }, async () => {
  const dir = path.join(work, 'stranger');
  mkdirSync(dir, { mode: 0o755 });
  const file = path.join(dir, 'policy.json');
  writeFileSync(file, '{"version":1,"preset":"solo"}');
  chownSync(file, 4_321, 4_321);
  const read = await readPolicySettings(dir, [0]);
  assert.match(read.ok ? '' : read.problems.map(showProblem).join(), /belongs to user 4321/);
});
