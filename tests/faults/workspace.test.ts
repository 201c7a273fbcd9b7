import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  promises as fsPromises,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ReadingFiles } from '../../src/adapters/workspace/bounded-files.ts';
import { matchesPath, matchesSegment } from '../../src/adapters/workspace/wildcard.ts';
import type { Check } from '../../src/core/evidence.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { Fixture, needsGit } from '../adapters/workspace/fixture.ts';

const QUESTIONS: readonly (readonly [Check, string])[] = [
  ['recovery', 'file'],
  ['content', 'file'],
  ['environment', 'git'],
];

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}
const hanging = (): Promise<never> => new Promise(() => undefined);

function worldWith(other: Partial<ReadingFiles>): ReadingFiles {
  return { ...fsPromises, ...other };
}

const FAULTS: readonly { readonly note: string; readonly files: Partial<ReadingFiles>; readonly why: RegExp }[] = [
  { note: 'everything hangs', files: { lstat: hanging, stat: hanging, realpath: hanging }, why: /not learnt within/ },
  {
    note: 'may not be looked at',
    files: { lstat: failing('EACCES'), stat: failing('EACCES'), realpath: failing('EACCES') },
    why: /may not be read/,
  },
  {
    note: 'the disk fails',
    files: { lstat: failing('EIO'), stat: failing('EIO'), realpath: failing('EIO') },
    why: /EIO/,
  },
];

for (const fault of FAULTS) {
  test(`workspace verifier, ${fault.note}: unknown, with the reason`, async () => {
    const f = new Fixture().write({ 'a.txt': 'x' });
    for (const [check, system] of QUESTIONS) {
      const answer = await f.ask(check, system, f.path('a.txt'), {
        files: worldWith(fault.files),
        limits: { timeoutMs: 30 },
      });
      assert.ok('unknown' in answer, `${check}: ${JSON.stringify(answer)}`);
      if (check !== 'recovery' || fault.note === 'everything hangs') assert.match(answer.unknown, fault.why);
    }
  });
}

test('workspace verifier, withdrawn while it hangs: unknown at once', async () => {
  const f = new Fixture().write({ 'a.txt': 'x' });
  const stop = new AbortController();
  const files = worldWith({ realpath: hanging });
  const asked = f.ask('recovery', 'file', f.path('a.txt'), { files, signal: stop.signal });
  stop.abort();
  assert.deepEqual(await asked, { unknown: 'the question was withdrawn' });
});

test('a file that vanishes between two looks is unknown, not harmless', async () => {
  const f = new Fixture().write({ 'a.txt': 'x' });
  let looks = 0;
  const lstat = (async (path: string, options?: { bigint: true }) => {
    if (path.endsWith('a.txt')) looks += 1;
    return looks > 1 && path.endsWith('a.txt') ? failing('ENOENT')() : fsPromises.lstat(path, options);
  }) as ReadingFiles['lstat'];
  const answer = await f.ask('recovery', 'file', f.path('a.txt'), { files: worldWith({ lstat }) });
  assert.ok('unknown' in answer, JSON.stringify(answer));
});

test('a FIFO, a socket or a device is neither opened nor waited for', async () => {
  const f = new Fixture();
  execFileSync('mkfifo', [f.path('pipe')]);
  execFileSync('mkfifo', [f.path('.gitignore')]);
  symlinkSync('pipe', f.path('link'));
  for (const path of [f.path('pipe'), f.path('link'), '/dev/zero', '/dev/tty', '/proc/self/environ', '/proc/kmsg']) {
    const answer = await f.ask('content', 'file', path);
    assert.ok('unknown' in answer, path);
  }
  const fact = await f.recovery('pipe');
  assert.deepEqual([fact.type, fact.trackedAndClean, fact.regenerable], ['other', false, false]);
  assert.deepEqual((await f.recovery('')).irreplaceable.toSorted(), ['.gitignore', 'link', 'pipe']);
  for (const name of ['HEAD', 'index', 'config', 'packed-refs']) {
    mkdirSync(f.path('.git/objects'), { recursive: true });
    execFileSync('mkfifo', [f.path(`.git/${name}`)]);
  }
  assert.ok('unknown' in (await f.state()));
  await f.recovery('pipe');
});

test('content: too large, not text, a folder, nothing there', async () => {
  const f = new Fixture().write({
    full: 'x'.repeat(LIMITS.scriptBytes),
    large: 'x'.repeat(LIMITS.scriptBytes + 1),
    nul: 'a\0b',
    latin: Buffer.from([0x61, 0xff]),
    mark: '\ufeffecho',
    'dir/x': '',
  });
  const full = await f.content('full');
  assert.ok('known' in full && full.known.size === LIMITS.scriptBytes);
  const mark = await f.content('mark');
  assert.ok('known' in mark && mark.known.text === '\ufeffecho');
  for (const [name, why] of [
    ['large', /larger than/],
    ['nul', /not text/],
    ['latin', /not text/],
    ['dir', /not a regular file/],
    ['gone', /does not exist/],
    ['full/below', /does not exist/],
    ['a\0b', /NUL/],
    ['x'.repeat(300), /too long/],
  ] as const) {
    const answer = await f.content(name);
    assert.ok('unknown' in answer, name);
    assert.match(answer.unknown, why);
  }
  symlinkSync('circle', f.path('circle'));
  assert.ok('unknown' in (await f.content('circle')));
});

test('a file that grows while it is read is not cut short in silence', async () => {
  const f = new Fixture().write({ 'a.sh': 'safe' });
  const stat = (async (path: string) => {
    const real = await fsPromises.stat(path);
    if (path.endsWith('a.sh')) writeFileSync(path, 'x'.repeat(LIMITS.scriptBytes + 1));
    return real;
  }) as ReadingFiles['stat'];
  const answer = await f.content('a.sh', worldWith({ stat }));
  assert.ok('unknown' in answer && /changed while/.test(answer.unknown));
});

test('paths that cannot be: unknown', async () => {
  const f = new Fixture();
  for (const path of ['relative', '', `${f.root}/a\0b`, `/${'x/'.repeat(3000)}`, `${f.root}/**/x`]) {
    const answer = await f.ask('recovery', 'file', path);
    assert.ok('unknown' in answer, path);
  }
  symlinkSync('circle', f.path('circle'));
  assert.ok('unknown' in (await f.ask('recovery', 'file', f.path('circle/x'))));
  assert.ok('unknown' in (await f.ask('recovery', 'file', f.path('circle/'))));
});

test('deep and wide: counted up to the limit, and never regenerable by that', needsGit, async () => {
  const f = new Fixture().write({ '.gitignore': 'dist\n' });
  f.git('init', '-q');
  let deep = 'deep';
  for (let n = 0; n < 300; n += 1) deep += '/d';
  mkdirSync(f.path(deep), { recursive: true });
  const fact = await f.recovery('deep');
  assert.equal(fact.trackedAndClean || fact.regenerable || fact.madeByTask, false);
  assert.notDeepEqual(fact.irreplaceable, []);
  mkdirSync(f.path('wide'));
  for (let n = 0; n < LIMITS.safeguardFiles + 5; n += 1) writeFileSync(f.path(`wide/${n}`), '');
  const wide = await f.recovery('wide');
  assert.deepEqual([wide.filesCapped, wide.files, wide.trackedAndClean], [true, LIMITS.safeguardFiles, false]);
  assert.equal(wide.irreplaceable.length, 20);
  // A build folder may be larger than what can be safeguarded; all of its names are looked at.
  renameSync(f.path('wide'), f.path('dist'));
  const dist = await f.recovery('dist');
  assert.deepEqual([dist.filesCapped, dist.regenerable], [true, true]);
  writeFileSync(f.path('dist/zz.sqlite'), '');
  assert.equal((await f.recovery('dist')).regenerable, false);
  const hurried = await f.ask('recovery', 'file', f.path('dist'), { limits: { timeoutMs: 0 } });
  assert.ok('unknown' in hurried);
});

test('a mount below the target is not regenerable, and not walked', needsGit, async (t) => {
  const f = new Fixture().write({ '.gitignore': 'dist\n', 'dist/a': '', 'dist/mnt/x': '' });
  f.git('init', '-q');
  assert.equal((await f.recovery('dist')).regenerable, true);
  const mounted = spawnSync('mount', ['--bind', f.path('.git'), f.path('dist/mnt')]);
  if (mounted.status !== 0) return t.skip('not allowed to mount here');
  try {
    const fact = await f.recovery('dist');
    assert.deepEqual([fact.regenerable, fact.irreplaceable], [false, ['mnt']]);
    assert.equal((await f.recovery('dist/mnt')).regenerable, false);
  } finally {
    execFileSync('umount', [f.path('dist/mnt')]);
  }
});

test('as another user: what may not be read is not called harmless', needsGit, async (t) => {
  const f = new Fixture().write({
    '.gitignore': 'dist\n',
    'a.txt': 'x',
    'open.txt': 'y',
    'dist/closed/b': '',
    'shut/c': '',
  });
  f.git('init', '-q');
  f.commit();
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    for (const path of execFileSync('find', [f.root, '-print0'], { encoding: 'utf8' }).split('\0'))
      if (path !== '') chownSync(path, 65534, 65534);
  }
  chmodSync(f.root, 0o755);
  chmodSync(f.path('a.txt'), 0);
  chmodSync(f.path('dist/closed'), 0);
  chmodSync(f.path('shut'), 0);
  const script = `
    import { makeWorkspaceVerifier } from ${JSON.stringify(join(import.meta.dirname, '../../src/adapters/workspace/workspace-verifier.ts'))};
    const verifier = makeWorkspaceVerifier({
      clock: { nowMs: () => 0, monotonicMs: () => performance.now() },
      tasks: { wasCreated: () => false },
    });
    const root = ${JSON.stringify(f.root)};
    const out = {};
    for (const name of ['a.txt', 'open.txt', 'dist', 'shut', 'shut/c']) {
      const about = { system: 'file', kind: 'path', path: [root + '/' + name] };
      const ask = async (check) => (await verifier.answer({ check, about }, { workspace: root, task: 't' }, new AbortController().signal)).answer;
      out[name] = [await ask('recovery'), await ask('content')];
    }
    console.log(JSON.stringify(out));
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
  });
  chmodSync(f.path('dist/closed'), 0o755);
  chmodSync(f.path('shut'), 0o755);
  if (child.status !== 0 && /EACCES|permission/i.test(child.stderr))
    return t.skip('the other user may not read this checkout');
  assert.equal(child.status, 0, child.stderr);
  type Answer = {
    known?: { trackedAndClean: boolean; regenerable: boolean; irreplaceable: string[] };
    unknown?: string;
  };
  const out = JSON.parse(child.stdout) as Record<string, [Answer, Answer]>;
  assert.equal(out['open.txt']?.[0].known?.trackedAndClean, true);
  assert.equal(out['a.txt']?.[0].known?.trackedAndClean, false);
  assert.match(out['a.txt']?.[1].unknown ?? '', /may not be read/);
  assert.equal(out['dist']?.[0].known?.regenerable, false);
  assert.deepEqual(out['dist']?.[0].known?.irreplaceable, ['closed']);
  assert.equal(out['shut']?.[0].known?.trackedAndClean, false);
  assert.match(out['shut/c']?.[0].unknown ?? '', /may not be read/);
  rmSync(f.path('shut'), { recursive: true });
});

test('patterns that would keep a regular expression busy for ever end', () => {
  const name = 'a'.repeat(5_000);
  assert.equal(matchesSegment(`${'*a'.repeat(500)}b`, name), false);
  assert.equal(matchesSegment(`${'*a'.repeat(500)}*`, name), true);
  const path = Array.from({ length: 200 }, () => 'a');
  assert.equal(matchesPath([...Array.from({ length: 100 }, () => ['**', 'a']).flat(), 'b'], path), false);
});
