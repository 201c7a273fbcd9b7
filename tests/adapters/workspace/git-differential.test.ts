import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { realFiles } from '../../../src/adapters/workspace/bounded-files.ts';
import { findRepository } from '../../../src/adapters/workspace/git-repository.ts';
import { makeIgnoreRules } from '../../../src/adapters/workspace/ignore-rules.ts';
import { Fixture, needsGit } from './fixture.ts';

const NAMES = ['a', 'b', 'ab', 'dist', 'a.log', 'b.txt', '.x', 'a b', 'a[b]', '#c', '!d', 'ä'] as const;
const pathArbitrary = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));
const patternArbitrary = fc
  .array(
    fc.constantFrom(
      ...NAMES,
      '*',
      '**',
      '?',
      '/',
      '/',
      '/',
      '*.log',
      '[ab]',
      '[!a]',
      '[a-c]',
      '\\#',
      '\\!',
      '\\ ',
      ' ',
      '!',
      '#',
      '.',
      '[[:alpha:]]',
      '[',
      ']',
      '\\*',
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(''))
  // What is not read (see the rules) errs on the safe side.
  .filter((pattern) => !/\[[^\]]*\//.test(pattern) && !(pattern.includes('/') && /[^/]\*\*|\*\*[^/]/.test(pattern)));
const fileArbitrary = fc
  .array(patternArbitrary, { minLength: 1, maxLength: 5 })
  .map((lines) => `${lines.join('\n')}\n`);

test('ignores what git ignores', needsGit, async () => {
  await fc.assert(
    fc.asyncProperty(
      fileArbitrary,
      fileArbitrary,
      fileArbitrary,
      fc.array(pathArbitrary, { minLength: 4, maxLength: 12 }),
      async (root, nested, exclude, paths) => {
        const f = new Fixture();
        f.git('init', '-q');
        f.write({ '.gitignore': root, 'a/.gitignore': nested, '.git/info/exclude': exclude });
        const made: string[] = [];
        for (const path of paths) {
          try {
            mkdirSync(dirname(f.path(path)), { recursive: true });
            writeFileSync(f.path(path), '');
            made.push(path);
          } catch {
            // Another path has a file where this one wants a directory.
          }
        }
        const found = await findRepository(realFiles, f.root, f.root);
        assert.ok('known' in found && found.known !== undefined);
        const rules = makeIgnoreRules(realFiles, found.known);
        const mine: string[] = [];
        for (const path of made) if (await rules.isIgnored(path.split('/'), false)) mine.push(path);
        let theirs: string[] = [];
        try {
          const settings = ['-c', 'core.quotePath=false', '-c', 'core.excludesFile=/dev/null'];
          theirs = execFileSync('git', [...settings, 'check-ignore', '-z', '--stdin', '--no-index'], {
            cwd: f.root,
            input: made.join('\0'),
            encoding: 'utf8',
            env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: f.root },
            stdio: ['pipe', 'pipe', 'ignore'],
          }).split('\0');
        } catch (error) {
          // Status 1: nothing is ignored.
          assert.equal((error as { status?: number }).status, 1);
        }
        rmSync(f.root, { recursive: true });
        assert.deepEqual(mine.sort(), theirs.filter((one) => one !== '').sort());
      },
    ),
    {
      numRuns: 150,
      examples: [
        ['a[*\na\n', 'a\n', 'a\n', ['a[b]/!d', 'a', 'b[/c', 'b[']],
        ['b[\n!b[\n', 'b\n', 'a\n', ['b[', 'a/b', 'c']],
      ],
    },
  );
});

test('says of a repository what git status says', needsGit, async () => {
  const f = new Fixture();
  f.git('init', '-q');
  const compare = async (note: string, name = ''): Promise<void> => {
    const lines = f
      .gitIn(name === '' ? '.' : name, 'status', '--porcelain=v2', '--branch', '--untracked-files=all')
      .split('\n');
    const branch = lines.find((line) => line.startsWith('# branch.head '))?.slice('# branch.head '.length) ?? '';
    const want = {
      dirty: lines.some((line) => /^[12u] /.test(line)),
      // A file that is only meant to be added stands in the index as well.
      staged: note === 'intended' || lines.some((line) => /^(u |[12] [^.])/.test(line)),
      branch: branch === '(detached)' ? '' : branch,
      untracked: lines.filter((line) => line.startsWith('? ')).length,
    };
    assert.deepEqual(await f.state(name), { known: want }, note);
  };
  await compare('before the first commit');
  f.write({ 'a.txt': '1', 'dir/b.txt': '2', 'dir/sub/c.txt': '3', '.gitignore': '*.o\nbuild/\n', run: '#!' });
  await compare('all untracked');
  f.git('add', 'a.txt');
  await compare('staged before the first commit');
  f.commit();
  await compare('clean');
  f.write({ 'x.o': '', 'build/y': '', 'dir/z.o': '', 'dir/new': '', 'new/deep/er': '' });
  await compare('ignored and untracked');
  utimesSync(f.path('a.txt'), new Date(0), new Date(0));
  await compare('touched only');
  appendFileSync(f.path('a.txt'), 'x');
  await compare('changed');
  f.git('commit', '-q', '-am', 'c');
  chmodSync(f.path('run'), 0o755);
  await compare('mode changed');
  f.git('commit', '-q', '-am', 'c');
  rmSync(f.path('dir/b.txt'));
  await compare('deleted');
  f.git('checkout', '-q', '--', '.');
  f.git('rm', '-q', '--cached', 'dir/b.txt');
  await compare('no longer tracked');
  f.git('reset', '-q');
  symlinkSync('a.txt', f.path('link'));
  f.git('add', 'link');
  f.git('commit', '-q', '-m', 'c');
  await compare('a link');
  rmSync(f.path('link'));
  symlinkSync('run', f.path('link'));
  await compare('a link elsewhere');
  f.git('checkout', '-q', '--', 'link');
  for (const version of ['3', '4', '2']) {
    f.git('update-index', '--index-version', version);
    await compare(`index version ${version}`);
  }
  f.write({ intent: '' });
  f.git('add', '-N', 'intent');
  await compare('intended');
  f.git('reset', '-q');
  f.git('checkout', '-q', '--detach');
  await compare('detached');
  f.git('checkout', '-q', '-b', 'feature/one');
  await compare('a branch with a slash');
  f.git('init', '-q', 'nested');
  f.write({ 'nested/n': '' });
  await compare('from below', 'dir/sub');
});

test('a file that was changed behind the time stamps is found', needsGit, async () => {
  const f = new Fixture().write({ 'a.txt': 'aaaa' });
  f.git('init', '-q');
  f.commit();
  const old = new Date(1_600_000_000_000);
  utimesSync(f.path('a.txt'), old, old);
  f.git('update-index', '-q', '--refresh');
  writeFileSync(f.path('a.txt'), 'bbbb');
  utimesSync(f.path('a.txt'), old, old);
  const state = await f.state();
  assert.ok('known' in state && state.known.dirty);
  assert.equal((await f.recovery('a.txt')).trackedAndClean, false);
});
