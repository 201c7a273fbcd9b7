import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeople } from '../../src/adapters/people/people.ts';
import { publicKeyText } from '../../src/protocols/sshsig/index.ts';
import { approvalBy, type FakeRegistry, makePerson, makeRegistry, registryJson } from '../fakes/people.ts';
import { softKey } from '../protocols/sshsig/keys.ts';
import { aClaim } from './approver.ts';

const ann = makePerson('ann');
const bob = makePerson('bob');
const isRoot = process.getuid?.() === 0;

interface Fault {
  readonly what: string;
  readonly why: RegExp;
  readonly skip?: string | false;
  spoil(place: FakeRegistry): void;
}

const write = (text: string | Uint8Array) => (place: FakeRegistry) => writeFileSync(place.registryFile, text);
const good = (uid: number) => registryJson([ann, bob], uid);

/** Each way in which the registry can be wrong. Whatever is wrong with it, it counts for nobody. */
const FAULTS: readonly Fault[] = [
  { what: 'missing', why: /nobody is enrolled/, spoil: (place) => rmSync(place.registryFile) },
  { what: 'empty', why: /not valid/, spoil: write('') },
  { what: 'cut short', why: /not valid/, spoil: (place) => write(good(place.uid).slice(0, -20))(place) },
  { what: 'not JSON', why: /not valid/, spoil: write('people: [ann]') },
  { what: 'not UTF-8', why: /not UTF-8/, spoil: write(Uint8Array.of(0x7b, 0xff, 0x7d)) },
  {
    what: 'a member twice',
    why: /duplicate key/,
    spoil: (place) => write(good(place.uid).replace('{', '{"version":1,'))(place),
  },
  {
    what: 'an unknown member',
    why: /not valid/,
    spoil: (place) => write(good(place.uid).replace('{', '{"admin":true,'))(place),
  },
  {
    what: 'another version',
    why: /not valid/,
    spoil: (place) => write(good(place.uid).replace('"version":1', '"version":2'))(place),
  },
  { what: 'of another account', why: /is for user/, spoil: (place) => write(good(place.uid + 1))(place) },
  {
    what: 'a name twice',
    why: /twice/,
    spoil: (place) =>
      write(registryJson([ann, bob, { ...bob, publicKeyText: makePerson('x').publicKeyText }], place.uid))(place),
  },
  {
    what: 'a key with two owners',
    why: /twice/,
    spoil: (place) => write(registryJson([ann, { ...bob, publicKeyText: ann.publicKeyText }], place.uid))(place),
  },
  {
    what: 'a name that is a path',
    why: /not valid/,
    spoil: (place) => write(registryJson([ann, { ...bob, name: '../bob' }], place.uid))(place),
  },
  {
    what: 'a plain key said to be touched',
    why: /cannot tell whether it was touched/,
    spoil: (place) => write(registryJson([ann, { ...bob, presence: 'touched' }], place.uid))(place),
  },
  {
    what: 'a security key said to be typed',
    why: /not one that Holdpoint sealed/,
    spoil: (place) =>
      write(
        registryJson(
          [ann, { ...bob, publicKeyText: publicKeyText(softKey('sk-ssh-ed25519@openssh.com').publicKey) }],
          place.uid,
        ),
      )(place),
  },
  {
    what: 'a key with a comment',
    why: /canonical/,
    spoil: (place) => write(registryJson([ann, { ...bob, publicKeyText: `${bob.publicKeyText} x` }], place.uid))(place),
  },
  {
    what: 'no key at all',
    why: /not valid/,
    spoil: (place) => write(registryJson([ann, { ...bob, publicKeyText: 'ssh-ed25519 AAAA' }], place.uid))(place),
  },
  { what: 'huge', why: /larger than/, spoil: (place) => write(good(place.uid) + ' '.repeat(300_000))(place) },
  { what: 'writable by its group', why: /written by others/, spoil: (place) => chmodSync(place.registryFile, 0o664) },
  { what: 'writable by all', why: /written by others/, spoil: (place) => chmodSync(place.registryFile, 0o646) },
  {
    what: 'in a folder that others can write to',
    why: /written by others/,
    spoil: (place) => chmodSync(place.folder, 0o777),
  },
  {
    what: 'in a sticky folder that others can write to',
    why: /written by others/,
    spoil: (place) => chmodSync(place.folder, 0o1777),
  },
  {
    what: 'a link to a good one',
    why: /symbolic link/,
    spoil: (place) => {
      renameSync(place.registryFile, `${place.registryFile}.good`);
      symlinkSync(`${place.registryFile}.good`, place.registryFile);
    },
  },
  {
    what: 'a directory',
    why: /not a regular file/,
    spoil: (place) => {
      rmSync(place.registryFile);
      mkdirSync(place.registryFile);
    },
  },
  {
    what: 'a pipe that nobody writes to',
    why: /not a regular file/,
    spoil: (place) => {
      rmSync(place.registryFile);
      execFileSync('mkfifo', ['-m', '644', place.registryFile]);
    },
  },
  {
    what: "another account's file",
    why: /belongs to user/,
    skip: isRoot ? false : 'only root can give a file away',
    spoil: (place) => chownSync(place.registryFile, 65534, 65534),
  },
  {
    what: "in another account's folder",
    why: /belongs to user/,
    skip: isRoot ? false : 'only root can give a folder away',
    spoil: (place) => chownSync(place.folder, 65534, 65534),
  },
  {
    what: "another account's file, linked in",
    why: /belongs to user/,
    skip: isRoot ? false : 'only root can give a file away',
    spoil: (place) => {
      const own = join(place.stateDir, 'own.json');
      writeFileSync(own, good(place.uid));
      chownSync(own, 65534, 65534);
      rmSync(place.registryFile);
      linkSync(own, place.registryFile);
    },
  },
];

for (const fault of FAULTS) {
  test(`a registry that is ${fault.what} counts for nobody`, { skip: fault.skip ?? false }, async () => {
    const place = makeRegistry([ann, bob]);
    const people = openPeople(place);
    const claim = aClaim();
    const approval = approvalBy([ann], 'h-1', claim);
    const exceptions = join(place.stateDir, 'exceptions');
    mkdirSync(exceptions);
    const statement = {
      type: 'holdpoint/exception/v1',
      rule: 'floor/destructive',
      verb: 'destroy',
      target: { system: 'file', kind: 'path', path: ['/work/build'] },
      workspace: '/work',
      because: 'a test',
      expiresAtMs: 1000,
    };
    writeFileSync(join(exceptions, 'one.json'), JSON.stringify({ statement, signature: ann.signStatement(statement) }));
    // The same object before and after: nothing good may be remembered.
    assert.equal((await people.check(approval, claim)).ok, true);
    assert.equal((await people.exceptions(0)).length, 1);
    fault.spoil(place);
    const check = await people.check(approval, claim);
    assert.ok(!check.ok);
    assert.match(check.why, fault.why);
    const list = await people.list();
    assert.ok(!list.ok);
    assert.match(list.why, fault.why);
    assert.deepEqual(await people.exceptions(0), []);
    assert.equal((await people.ignoredExceptions(0)).length, 1);
    assert.equal(
      (await people.verifyPreapproval(new Uint8Array(), { effects: claim.effects, commit: '', job: '', nowMs: 0 })).ok,
      false,
    );
  });
}

test('a registry below a folder that is a link counts for nobody', async () => {
  const place = makeRegistry([ann]);
  const outer = makeRegistry([]);
  symlinkSync(place.folder, join(outer.folder, 'people'));
  const claim = aClaim();
  const check = await openPeople({ ...place, registryFile: join(outer.folder, 'people', 'registry.json') }).check(
    approvalBy([ann], 'h', claim),
    claim,
  );
  assert.ok(!check.ok);
  assert.match(check.why, /symbolic link/);
});

test('a path that is not absolute and normal is refused', async () => {
  const place = makeRegistry([ann]);
  for (const registryFile of ['registry.json', `${place.folder}/../registry.json`, `${place.folder}//registry.json`]) {
    assert.equal((await openPeople({ ...place, registryFile }).list()).ok, false, registryFile);
  }
});
