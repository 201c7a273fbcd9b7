import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { restoreSafeguard } from '../../../src/adapters/local-safeguard/restore-safeguard.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { SafeguardTaken } from '../../../src/core/safeguard.ts';
import { safeguardContract } from '../../contracts/safeguard.ts';
import { type LocalCase, makeLocalCase, stateOf } from './safeguard-case.ts';

safeguardContract('local files', async () => makeLocalCase());
safeguardContract('local files, with a slash after it', async () => makeLocalCase({ target: 'data/' }));

async function take(one: LocalCase): Promise<SafeguardTaken> {
  const plan = one.safeguarder.plan(one.effect, 0, one.evidence, one.attempt);
  assert.ok(plan);
  const result = await one.safeguarder.take(plan, one.effect, one.attempt);
  assert.ok(result.ok, result.ok ? '' : result.why);
  return result.taken;
}

async function why(one: LocalCase): Promise<string> {
  const plan = { effect: 0, how: '', kind: 'local-files', outsideBlastRadius: true };
  const result = await one.safeguarder.take(plan, one.effect, one.attempt);
  assert.ok(!result.ok);
  assert.equal(existsSync(join(one.dir, 'attempt-1', '0')), false);
  assert.equal(existsSync(join(one.dir, 'attempt-1', '0.partial')), false);
  return result.why;
}

test('where no copy can be made the plan says so', () => {
  const plan = (one: LocalCase): string => {
    const made = one.safeguarder.plan(one.effect, 0, one.evidence, one.attempt);
    assert.equal(made?.kind, 'none');
    assert.equal(made.outsideBlastRadius, false);
    return made.how;
  };
  assert.match(plan(makeLocalCase({ fact: { filesCapped: true } })), /more than 20000 files/);
  assert.match(plan(makeLocalCase({ fact: { bytes: LIMITS.safeguardBytes + 1 } })), /bytes/);
  assert.match(plan({ ...makeLocalCase(), evidence: [] }), /not known/);
  assert.match(plan(makeLocalCase({ dir: 'data/copies' })), /would go with it/);
  assert.match(plan(makeLocalCase({ dir: '.' })), /would go with it/);
  const gone = makeLocalCase({ fact: { exists: false, type: 'none' } });
  assert.equal(gone.safeguarder.plan(gone.effect, 0, gone.evidence, gone.attempt), undefined);
});

test('copies are their owner’s alone', async () => {
  const taken = await take(makeLocalCase());
  assert.equal(statSync(taken.where).mode & 0o777, 0o700);
  assert.equal(statSync(join(taken.where, 'data/0/a.txt')).mode & 0o777, 0o600);
  assert.equal(statSync(join(taken.where, 'data/0/deep/b.bin')).mode & 0o777, 0o600);
  assert.equal(taken.bytes, 12);
});

test('the blast radius is judged on real paths', async () => {
  const one = makeLocalCase({ dir: 'alias/copies' });
  symlinkSync(join(one.root, 'data'), join(one.root, 'alias'));
  const plan = { effect: 0, how: '', kind: 'local-files', outsideBlastRadius: true };
  const result = await one.safeguarder.take(plan, one.effect, one.attempt);
  assert.ok(!result.ok && /would go with/.test(result.why));
});

test('a link: itself when it is deleted, and what a write through it reaches', async () => {
  const one = makeLocalCase({ target: 'to-file', verb: 'change' });
  symlinkSync('data/a.txt', one.target);
  const taken = await take(one);
  writeFileSync(one.target, 'overwritten');
  const refused = await restoreSafeguard(taken.where);
  assert.ok(!refused.ok);
  assert.deepEqual(refused.conflicts, [join(one.root, 'data/a.txt')]);
  assert.deepEqual(await restoreSafeguard(taken.where, { overwrite: true }), { ok: true, written: 1, unchanged: 1 });
  assert.equal(readFileSync(join(one.root, 'data/a.txt'), 'utf8'), 'precious');
  const two = makeLocalCase({ target: 'to-dir' });
  symlinkSync('data', two.target);
  assert.equal((await take(two)).bytes, 0);
});

test('what cannot be copied whole is not copied', async () => {
  const fifo = makeLocalCase();
  execFileSync('mkfifo', [join(fifo.target, 'pipe')]);
  assert.match(await why(fifo), /neither file, directory nor symlink/);
  const gone = makeLocalCase({ target: 'nowhere' });
  assert.match(await why(gone), /gone/);
  const odd = makeLocalCase();
  assert.match(await why({ ...odd, attempt: { ...odd.attempt, id: '../../escape' } }), /not a name/);
  const late = makeLocalCase({ timeoutMs: -1 });
  assert.match(await why(late), /no copy within/);
  const twice = makeLocalCase();
  await take(twice);
  const plan = { effect: 0, how: '', kind: 'local-files', outsideBlastRadius: true };
  assert.equal((await twice.safeguarder.take(plan, twice.effect, twice.attempt)).ok, false);
  assert.ok(existsSync(join(twice.dir, 'attempt-1/0/manifest.json')), 'the first copy stays');
});

test('restoring refuses what is newer, and writes nothing then', async () => {
  const one = makeLocalCase();
  const taken = await take(one);
  rmSync(join(one.target, 'a.txt'));
  writeFileSync(join(one.target, 'deep/b.bin'), 'new work');
  const before = stateOf(one.target);
  const refused = await restoreSafeguard(taken.where);
  assert.ok(!refused.ok);
  assert.deepEqual(refused.conflicts, [join(one.target, 'deep/b.bin')]);
  assert.deepEqual(stateOf(one.target), before);
  // Beside it, all of it.
  const beside = join(one.root, 'beside/here');
  assert.equal((await restoreSafeguard(taken.where, { to: beside, digest: taken.digest })).ok, true);
  assert.equal(readFileSync(join(beside, 'deep/b.bin')).toString('hex'), '00ff0a0d');
  // Told to, it replaces; what the copy does not know stays.
  writeFileSync(join(one.target, 'later.txt'), 'stays');
  assert.equal((await restoreSafeguard(taken.where, { overwrite: true })).ok, true);
  assert.equal(readFileSync(join(one.target, 'deep/b.bin')).toString('hex'), '00ff0a0d');
  assert.equal(readFileSync(join(one.target, 'later.txt'), 'utf8'), 'stays');
});

test('restoring refuses a copy that is not what was recorded', async () => {
  const one = makeLocalCase();
  const taken = await take(one);
  await one.destroy();
  assert.ok(!(await restoreSafeguard(taken.where, { digest: '0'.repeat(64) })).ok);
  const copy = join(taken.where, 'data/0/a.txt');
  writeFileSync(copy, 'PRECIOUS');
  assert.deepEqual(await restoreSafeguard(taken.where), { ok: false, why: 'the copy is damaged', conflicts: [] });
  writeFileSync(copy, 'precious');
  const manifest = join(taken.where, 'manifest.json');
  const text = readFileSync(manifest, 'utf8');
  // A manifest that would write elsewhere.
  writeFileSync(manifest, text.replaceAll('"path":"a.txt"', '"path":"../../escaped"'));
  assert.ok(!(await restoreSafeguard(taken.where)).ok);
  writeFileSync(manifest, text);
  mkdirSync(one.target);
  assert.ok((await restoreSafeguard(taken.where)).ok);
});
