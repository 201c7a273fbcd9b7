/** What a rehearsal does to a verdict: it adds to what the text says, and takes nothing away from it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeRehearsalVerifier } from '../../../src/adapters/rehearsal/rehearsal-verifier.ts';
import { makeRehearser } from '../../../src/adapters/rehearsal/sandbox.ts';
import { makeSystemClock } from '../../../src/adapters/system-clock/system-clock.ts';
import { makeWorkspaceVerifier } from '../../../src/adapters/workspace/workspace-verifier.ts';
import { makeAction, rawOf } from '../../../src/apps/cli/check.ts';
import { allReaders } from '../../../src/apps/readers.ts';
import type { RehearsalFact } from '../../../src/core/facts.ts';
import { observe } from '../../../src/pipeline/observe.ts';
import { makeJudge } from '../../../src/pipeline/pipeline.ts';
import { isRefused } from '../../../src/pipeline/products.ts';
import type { Rehearsed, Rehearser } from '../../../src/ports/rehearsal.ts';
import { verifierContract } from '../../contracts/verifier.ts';
import { skipUnless } from '../../platform.ts';

const clock = makeSystemClock();
const workspaceVerifier = makeWorkspaceVerifier({
  clock,
  tasks: { wasCreated: () => false },
  temporaryDirectories: [],
});

async function judged(text: string, cwd: string, when: 'held' | 'always', rehearser: Rehearser) {
  const judge = makeJudge({
    read: await allReaders(when),
    verifiers: [workspaceVerifier, makeRehearsalVerifier({ rehearser, recovery: workspaceVerifier, clock })],
    engines: [],
    approver: { exceptions: () => Promise.resolve([]) },
    safeguarders: [],
    store: { denials: () => Promise.resolve([]) },
    clock,
    mode: () => 'enforce',
  });
  const made = makeAction('shell', text, cwd, undefined);
  assert.ok(made.ok);
  const product = await judge(rawOf(made.action, { workspaceOf: () => cwd, person: 'test' }, cwd));
  assert.ok(!isRefused(product));
  const evidence = product.evidence.find((one) => one.question.check === 'rehearsal');
  const fact = evidence !== undefined && 'known' in evidence.answer ? evidence.answer.known : undefined;
  return { product, evidence, fact: fact as unknown as RehearsalFact | undefined };
}

/** Commands that find out that they are rehearsed, or simply go another way there. */
const DETECTING = [
  '[ "$(ls /sys/class/net|wc -l)" -gt 1 ] && rm -rf w',
  '[ -e ~/.ssh/id_ed25519 ] && rm -rf w',
  'grep -q eth0 /proc/net/dev && rm -rf w',
  '[ "$(cat /proc/1/comm)" != bwrap ] && rm -rf w',
  '[ -t 1 ] && rm -rf w',
  'sleep 60; rm -rf w',
  '[ -n "$CLAUDECODE" ] && rm -rf w',
  'grep -q overlay /proc/self/mountinfo || rm -rf w',
  `"$(command -v python3 || echo node)" -c 'import socket; socket.socket()' && rm -rf w`,
  'if [ $$ -gt 1000 ]; then rm -rf w; fi',
  '[ -S /var/run/docker.sock ] && rm -rf w',
  'test -w /sys/fs/cgroup && rm -rf w',
];

describe('a rehearsed command', { skip: skipUnless('rehearsal') }, () => {
  let work = '';
  let rehearser: Rehearser;
  before(() => {
    work = realpathSync(mkdtempSync(path.join(tmpdir(), 'rehearsal-verdicts-')));
    mkdirSync(path.join(work, 'w/deep'), { recursive: true });
    mkdirSync(path.join(work, 'dist'));
    for (const [name, text] of [
      ['tracked.txt', 'in git\n'],
      ['.gitignore', 'dist\n'],
      ['dist/app.js', 'built\n'],
      ['w/tracked.txt', 'in git too\n'],
    ] as const)
      writeFileSync(path.join(work, name), text);
    const git = (...args: string[]): void => {
      execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
    };
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'first');
    writeFileSync(path.join(work, 'w/only.txt'), 'twelve bytes');
    writeFileSync(path.join(work, 'w/deep/copy.txt'), 'eight by');
    rehearser = makeRehearser({
      home: path.join(work, 'none'),
      path: '/usr/local/bin:/usr/bin:/bin',
      scratchIn: tmpdir(),
      hidden: [],
      limits: { timeoutMs: 1_500 },
    });
  });
  after(() => rmSync(work, { recursive: true }));

  test('says which files git brings back and how many bytes are the only copy', async () => {
    const { product, evidence, fact } = await judged('rm -r tracked.txt w dist', work, 'always', rehearser);
    assert.equal(product.verdict.says, 'hold');
    assert.ok(fact !== undefined, JSON.stringify(evidence));
    assert.deepEqual(
      fact.lost.map((one) => [path.relative(work, one.path), one.by, one.files, one.irreplaceableFiles]),
      [
        ['w', 'nothing', 3, 2],
        ['dist', 'build', 1, 0],
        ['tracked.txt', 'git', 1, 0],
      ],
    );
    assert.deepEqual([fact.files, fact.irreplaceableFiles, fact.irreplaceableBytes], [5, 2, 20]);
    const w = product.effects.find((one) => 'known' in one.target && one.target.known.path[0] === path.join(work, 'w'));
    assert.deepEqual([w?.basis, w?.verb, w?.count.min], ['observed', 'destroy', 3]);
  });

  test('that loses more than its text shows is held for what was seen', async () => {
    const hidden = `f=$(printf 'w/%s' only.txt); exec 3<>"$f"; cp tracked.txt "/proc/self/fd/3"`;
    const { product } = await judged(hidden, work, 'always', rehearser);
    assert.ok(product.effects.some((one) => one.basis === 'observed' && one.source === 'rehearsal'));
    assert.equal(product.verdict.says, 'hold');
  });

  test('is rehearsed again with the same evidence', async () => {
    const [one, other] = [
      await judged('rm -r w', work, 'held', rehearser),
      await judged('rm -r w', work, 'held', rehearser),
    ];
    assert.equal(one.evidence?.digest, other.evidence?.digest);
    assert.deepEqual(one.product.effects, other.product.effects);
  });

  for (const command of DETECTING)
    test(`is held all the same: ${command}`, async () => {
      const { product, fact } = await judged(command, work, 'always', rehearser);
      assert.equal(product.verdict.says, 'hold');
      // Most were not seen to delete anything, and that counts for nothing.
      assert.ok(fact !== undefined);
    });
});

describe('what was not seen', () => {
  const nothing: Rehearsed = { ok: true, ended: 'exited', exitCode: 0, changes: [], capped: false };
  const counting = (answer: Rehearsed): Rehearser & { readonly asked: string[] } => {
    const asked: string[] = [];
    return {
      asked,
      rehearse: ({ text }) => {
        asked.push(text);
        return Promise.resolve(answer);
      },
    };
  };
  const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), 'rehearsal-unseen-')));
  before(() => {
    for (const folder of ['w', 'src']) {
      mkdirSync(path.join(cwd, folder));
      writeFileSync(path.join(cwd, folder, 'only.txt'), 'the only copy');
    }
  });
  after(() => rmSync(cwd, { recursive: true }));

  test('takes no effect away', async () => {
    for (const command of [...DETECTING, 'rm -rf ~/precious', 'X=rm; $X -rf src']) {
      const blind = await judged(command, cwd, 'held', counting({ ok: false, why: 'no bubblewrap here' }));
      const seen = await judged(command, cwd, 'always', counting(nothing));
      assert.deepEqual(seen.product.effects, blind.product.effects);
      assert.equal(seen.product.verdict.says, 'hold', command);
    }
  });

  test('is asked only for what would be held and is local', async () => {
    const table: readonly (readonly [command: string, when: 'held' | 'always', asked: boolean, why?: RegExp])[] = [
      ['ls -la', 'held', false],
      ['ls -la', 'always', true],
      ['rm -rf ~/precious', 'held', true],
      ['sudo rm -rf /srv/data', 'held', false],
      ['sudo rm -rf /srv/data', 'always', false, /another account/],
      ['curl -X DELETE https://api.acme.example/x', 'always', false, /beyond the file system/],
      ['psql -c "DROP TABLE users"', 'always', false, /beyond the file system/],
      ['git push --force origin main', 'always', false, /beyond the file system/],
      ['holdpoint uninstall', 'always', false, /guard/],
    ];
    for (const [command, when, asked, why] of table) {
      const rehearser = counting(nothing);
      const { evidence } = await judged(command, cwd, when, rehearser);
      assert.equal(rehearser.asked.length > 0, asked, command);
      if (why !== undefined)
        assert.ok(
          evidence !== undefined && 'unknown' in evidence.answer && why.test(evidence.answer.unknown),
          `${command}: ${JSON.stringify(evidence)}`,
        );
    }
  });
});

verifierContract('rehearsal', () => {
  const rehearser: Rehearser = {
    rehearse: (_, signal) =>
      Promise.resolve(
        signal.aborted
          ? { ok: false, why: 'withdrawn' }
          : { ok: true, ended: 'exited', exitCode: 0, changes: [], capped: false },
      ),
  };
  const cwd = realpathSync(tmpdir());
  const made = makeAction('shell', 'ls', cwd, undefined);
  assert.ok(made.ok);
  const raw = rawOf(made.action, { workspaceOf: () => cwd, person: 'test' }, cwd);
  const observed = observe(raw, clock.nowMs());
  assert.ok(!isRefused(observed));
  const about = (...names: string[]) => ({ system: 'host', kind: 'command', path: names });
  return Promise.resolve({
    verifier: makeRehearsalVerifier({ rehearser, recovery: workspaceVerifier, clock }),
    attempt: observed.attempt,
    answerable: { check: 'rehearsal' as const, about: about('digest', cwd) },
    unanswerable: { check: 'rehearsal' as const, about: about('digest', '/elsewhere') },
    foreign: { check: 'recovery' as const, about: about('digest', cwd) },
    world: () => Promise.resolve([]),
  });
});
