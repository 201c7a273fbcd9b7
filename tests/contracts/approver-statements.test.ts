import assert from 'node:assert/strict';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeople } from '../../src/adapters/people/people.ts';
import { openPeopleWriter } from '../../src/adapters/people/people-writer.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import { digestOf } from '../../src/core/digest.ts';
import { exceptionDigest } from '../../src/core/exception.ts';
import type { EnrolmentRequest } from '../../src/ports/people.ts';
import { approvalBy, type FakePerson, makePerson, makeRegistry, registryJson } from '../fakes/people.ts';
import { aClaim } from './approver.ts';

type Statement = { readonly [key: string]: Json };
const ann = makePerson('ann');
const plain = makePerson('plain', 'unproven');
const gone = { ...makePerson('gone'), removed: true as const };
const stranger = makePerson('stranger');

const EXCEPTION = {
  rule: 'floor/destructive',
  verb: 'destroy' as const,
  target: { system: 'file', kind: 'path', path: ['/work/build'] },
  workspace: '/work',
  because: 'the build folder is made again each night',
  expiresAtMs: 2000,
};
const exception: Statement = { type: 'holdpoint/exception/v1', ...EXCEPTION };

function place() {
  const made = makeRegistry([ann, plain, gone]);
  for (const folder of ['exceptions', 'people']) mkdirSync(join(made.stateDir, folder));
  const put = (folder: string, name: string, text: string) => writeFileSync(join(made.stateDir, folder, name), text);
  return { made, put, people: openPeople(made) };
}

const signed = (statement: Statement, by: FakePerson, says: Statement = statement) =>
  JSON.stringify({ statement: says, signature: by.signStatement(statement) });

test('a signed exception is in force until it expires, and says who signed it', async () => {
  const { put, people } = place();
  put('exceptions', 'one.json', signed(exception, ann));
  const want = [{ ...EXCEPTION, signer: 'ann', digest: exceptionDigest(EXCEPTION) }];
  assert.deepEqual(await people.exceptions(1999), want);
  assert.equal(want[0]?.digest, digestOf(exception));
  assert.deepEqual(await people.exceptions(2000), []);
  assert.deepEqual(await people.exceptions(1999), want);
});

test('an exception that is not signed with presence, or not exactly this one, does not count', async () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['a key that any process could use', signed(exception, plain), /any process/],
    ['a removed person', signed(exception, gone), /removed/],
    ['a stranger', signed(exception, stranger), /not enrolled/],
    [
      'another target',
      signed(exception, ann, { ...exception, target: { ...EXCEPTION.target, path: ['/'] } }),
      /does not fit/,
    ],
    ['a later expiry', signed(exception, ann, { ...exception, expiresAtMs: 9999 }), /does not fit/],
    ['another type', signed({ ...exception, type: 'holdpoint/claim/v1' }, ann), /type/],
    ['one member more', signed({ ...exception, note: 'x' }, ann), /not valid/],
    ['no signature', JSON.stringify({ statement: exception }), /signature/],
    ['a member twice', signed(exception, ann).replace('"because"', '"rule":"x","because"'), /duplicate/],
    ['not JSON', '{', /not valid/],
    ['huge', ' '.repeat(70_000), /larger/],
  ];
  for (const [what, text, why] of cases) {
    const { put, people } = place();
    put('exceptions', 'one.json', text);
    assert.deepEqual(await people.exceptions(0), [], what);
    assert.match((await people.ignoredExceptions(0))[0]?.why ?? '', why, what);
  }
});

test('a bad exception file does not take the good ones with it', async () => {
  const { put, people } = place();
  put('exceptions', 'a.json', '{');
  put('exceptions', 'b.json', signed(exception, ann));
  put('exceptions', 'c.txt', signed(exception, ann));
  assert.equal((await people.exceptions(0)).length, 1);
});

test('what is remembered of a file does not outlive its content, its signer or the file', async () => {
  const { made, put, people } = place();
  const path = join(made.stateDir, 'exceptions', 'one.json');
  put('exceptions', 'one.json', signed(exception, ann));
  utimesSync(path, 1, 1);
  assert.equal((await people.exceptions(0)).length, 1);
  // The same length, and the old time set by hand.
  put('exceptions', 'one.json', signed(exception, ann, { ...exception, workspace: '/wor2' }));
  utimesSync(path, 1, 1);
  assert.deepEqual(await people.exceptions(0), []);
  put('exceptions', 'one.json', signed(exception, ann));
  assert.equal((await people.exceptions(0)).length, 1);
  writeFileSync(made.registryFile, registryJson([{ ...ann, removed: true }], made.uid));
  assert.deepEqual(await people.exceptions(0), []);
  writeFileSync(made.registryFile, registryJson([ann], made.uid));
  assert.equal((await people.exceptions(0)).length, 1);
  rmSync(path);
  assert.deepEqual(await people.exceptions(0), []);
});

const EFFECTS = 'b'.repeat(64);
const COMMIT = 'c'.repeat(40);
const preapproval: Statement = {
  type: 'holdpoint/preapproval/v1',
  effects: EFFECTS,
  commit: COMMIT,
  job: 'github:acme/shop:deploy.yml@refs/heads/main',
  uses: 1,
  expiresAtMs: 2000,
  because: 'the migration of 4 May',
};

test('a pre-approval binds effects, commit, job and time', async () => {
  const { people } = place();
  const scope = { effects: EFFECTS as never, commit: COMMIT, job: preapproval.job as string, nowMs: 1999 };
  const file = (text: string) => new TextEncoder().encode(text);
  assert.deepEqual(await people.verifyPreapproval(file(signed(preapproval, ann)), scope), {
    ok: true,
    id: digestOf(preapproval),
    signer: { name: 'ann', presence: 'typed' },
    uses: 1,
    expiresAtMs: 2000,
    because: 'the migration of 4 May',
  });
  const others = [
    { effects: 'd'.repeat(64) as never },
    { commit: 'd'.repeat(40) },
    { job: 'github:acme/shop:deploy.yml@refs/heads/other' },
    { nowMs: 2000 },
  ];
  for (const other of others) {
    const check = await people.verifyPreapproval(file(signed(preapproval, ann)), { ...scope, ...other });
    assert.equal(check.ok, false, JSON.stringify(other));
  }
  const bad = [
    signed(preapproval, plain),
    signed(preapproval, gone),
    signed(preapproval, stranger),
    signed(preapproval, ann, { ...preapproval, uses: 9 }),
    signed({ ...preapproval, uses: 0 }, ann),
    signed({ ...preapproval, uses: 1.5 }, ann),
    signed({ ...preapproval, commit: 'main' }, ann),
    signed({ ...exception }, ann),
    '',
  ];
  for (const text of bad) assert.equal((await people.verifyPreapproval(file(text), scope)).ok, false, text);
});

const newcomer = makePerson('newcomer');
const request: EnrolmentRequest = {
  name: 'newcomer',
  publicKey: newcomer.publicKeyText,
  presence: 'typed',
  addedAtMs: 5,
};

function writerAt(made: ReturnType<typeof makeRegistry>) {
  return openPeopleWriter({ ...made, account: { uid: made.uid, gid: process.getgid?.() ?? 0, home: made.folder } });
}

test('an enrolled person can enrol another by a signed statement', async () => {
  const { made, people } = place();
  const writer = writerAt(made);
  const claim = aClaim();
  assert.equal((await people.check(approvalBy([newcomer], 'h', claim), claim)).ok, false);
  assert.deepEqual(await writer.enrolSigned(request, ann.signStatement(writer.enrolmentStatement(request))), {
    ok: true,
  });
  assert.deepEqual(await people.check(approvalBy([newcomer], 'h', claim), claim), {
    ok: true,
    signers: [{ name: 'newcomer', presence: 'typed' }],
  });
  const list = await people.list();
  assert.ok(list.ok);
  assert.deepEqual(list.people.at(-1), {
    name: 'newcomer',
    keys: [{ publicKey: newcomer.publicKeyText, presence: 'typed', addedAtMs: 5, addedBy: 'ann' }],
  });
  // It stands as long as the one who vouched does.
  writeFileSync(made.registryFile, registryJson([{ ...ann, removed: true }], made.uid));
  assert.equal((await people.check(approvalBy([newcomer], 'h', claim), claim)).ok, false);
});

test('nobody else can, and the statement cannot be bent', async () => {
  const { made, put, people } = place();
  const writer = writerAt(made);
  const statement = writer.enrolmentStatement(request);
  for (const signer of [plain, gone, stranger, newcomer]) {
    assert.equal((await writer.enrolSigned(request, signer.signStatement(statement))).ok, false, signer.name);
  }
  const other = writer.enrolmentStatement({ ...request, presence: 'unproven' });
  assert.equal((await writer.enrolSigned(request, ann.signStatement(other))).ok, false);
  const bent: readonly (readonly [string, string])[] = [
    ['a name that root knows', signed({ ...statement, name: 'plain' }, ann)],
    ['a name that root removed', signed({ ...statement, name: 'gone' }, ann)],
    ['a key that root removed', signed({ ...statement, publicKey: gone.publicKeyText }, ann)],
    ['another account', signed({ ...statement, uid: made.uid + 1 }, ann)],
    ['a presence that the key cannot show', signed({ ...statement, presence: 'touched' }, ann)],
    ['a plain signer', signed(statement, plain)],
  ];
  for (const [what, text] of bent) {
    put('people', 'x.json', text);
    const list = await people.list();
    assert.ok(list.ok);
    assert.equal(list.ignored.length, 1, what);
    assert.equal(list.people.length, 3, what);
  }
});

test('somebody who was enrolled by a statement cannot vouch for a third', async () => {
  const { made } = place();
  const writer = writerAt(made);
  await writer.enrolSigned(request, ann.signStatement(writer.enrolmentStatement(request)));
  const third: EnrolmentRequest = { ...request, name: 'third', publicKey: stranger.publicKeyText };
  const done = await writer.enrolSigned(third, newcomer.signStatement(writer.enrolmentStatement(third)));
  assert.ok(!done.ok);
  assert.match(done.why, /not enrolled/);
});

test('the registry is written whole, by its own rules, and a removal outlasts a statement', async () => {
  const { made, people } = place();
  const writer = writerAt(made);
  const claim = aClaim();
  await writer.enrolSigned(request, ann.signStatement(writer.enrolmentStatement(request)));
  assert.deepEqual(await writer.remove('newcomer'), { ok: true });
  assert.equal((await people.check(approvalBy([newcomer], 'h', claim), claim)).ok, false);
  assert.deepEqual(await writer.enrol(request), { ok: true });
  assert.equal((await people.check(approvalBy([newcomer], 'h', claim), claim)).ok, true);
  const again = await writer.enrol(request);
  assert.ok(!again.ok);
  assert.match(again.why, /already enrolled/);
  assert.equal((await writer.enrol({ ...request, name: 'twin' })).ok, false);
  assert.equal((await writer.enrol({ ...request, name: '../x', publicKey: stranger.publicKeyText })).ok, false);
  assert.equal((await writer.enrol({ ...request, publicKey: stranger.publicKeyText, presence: 'touched' })).ok, false);
  assert.equal((await writer.remove('nobody')).ok, false);
  const list = await people.list();
  assert.ok(list.ok);
  assert.deepEqual(
    list.people.map((one) => [one.name, one.removed ?? false]),
    [
      ['ann', false],
      ['plain', false],
      ['gone', true],
      ['newcomer', false],
    ],
  );
});

test('a first enrolment makes the registry; one that is refused is never written over', async () => {
  const { made, people } = place();
  const writer = writerAt(made);
  rmSync(made.registryFile);
  assert.deepEqual(await writer.enrol(request), { ok: true });
  assert.equal((await people.list()).ok, true);
  writeFileSync(made.registryFile, '{');
  assert.equal((await writer.enrol({ ...request, name: 'other', publicKey: stranger.publicKeyText })).ok, false);
  assert.equal((await people.list()).ok, false);
});
