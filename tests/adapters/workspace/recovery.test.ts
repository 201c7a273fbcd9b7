import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { Fixture, needsGit } from './fixture.ts';

const FLAGS = ['trackedAndClean', 'regenerable', 'madeByTask'] as const;

async function flags(fixture: Fixture, name: string): Promise<string> {
  const fact = await fixture.recovery(name);
  return FLAGS.filter((flag) => fact[flag]).join(' ');
}

test('tracked and clean is what HEAD holds byte for byte', needsGit, async () => {
  const f = new Fixture().write({ 'a.txt': 'one\n', 'src/b.txt': 'two\n', 'src/deep/c.txt': 'three\n' });
  f.git('init', '-q');
  f.commit();
  assert.equal(await flags(f, 'a.txt'), 'trackedAndClean');
  assert.equal(await flags(f, 'src'), 'trackedAndClean');
  assert.equal((await f.recovery('src')).files, 2);
  // The same size and time: only the content tells.
  writeFileSync(f.path('src/b.txt'), 'TWO\n');
  assert.deepEqual((await f.recovery('src')).irreplaceable, ['b.txt']);
  assert.equal(await flags(f, 'src'), '');
  assert.equal(await flags(f, 'src/deep'), 'trackedAndClean');
  // Staged is not committed.
  f.git('add', '-A');
  assert.equal(await flags(f, 'src/b.txt'), '');
  f.commit();
  assert.equal(await flags(f, 'src'), 'trackedAndClean');
  f.write({ 'src/new.txt': 'x' });
  assert.deepEqual((await f.recovery('src')).irreplaceable, ['new.txt']);
  // Told to look away, git would say clean.
  f.git('update-index', '--assume-unchanged', 'a.txt');
  appendFileSync(f.path('a.txt'), 'work');
  assert.equal(await flags(f, 'a.txt'), '');
});

test('packed, with deltas, and in SHA-256, all the same', needsGit, async () => {
  for (const format of ['sha1', 'sha256']) {
    const f = new Fixture();
    f.git('init', '-q', `--object-format=${format}`);
    let text = Array.from({ length: 300 }, (_, n) => `line ${n} ${n * 7919}`).join('\n');
    for (let n = 0; n < 12; n += 1) {
      text += `\nmore ${n}`;
      const many = Object.fromEntries(Array.from({ length: 40 }, (_, k) => [`many/f${k}.txt`, `${k}`]));
      f.write({ ...many, 'big.txt': text, [`many/x${n}`]: text }).commit(`c${n}`);
    }
    f.git('gc', '-q', '--aggressive', '--prune=now');
    f.git('pack-refs', '--all');
    assert.deepEqual(
      readdirSync(f.path('.git/objects')).filter((name) => name.length === 2),
      [],
    );
    assert.equal(await flags(f, 'big.txt'), 'trackedAndClean', format);
    assert.equal(await flags(f, 'many'), 'trackedAndClean', format);
    assert.deepEqual(await f.state(), { known: { dirty: false, staged: false, branch: 'main', untracked: 0 } });
  }
});

test('a blob that HEAD names but the repository does not hold keeps nothing', needsGit, async () => {
  const f = new Fixture().write({ 'a.txt': 'precious\n', 'b.txt': 'other\n' });
  f.git('init', '-q');
  f.commit();
  const blob = f.git('rev-parse', 'HEAD:a.txt').trim();
  const file = f.path(`.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`);
  const other = f.git('rev-parse', 'HEAD:b.txt').trim();
  rmSync(file, { force: true });
  assert.equal(await flags(f, 'a.txt'), '');
  // Another object under its name.
  copyFileSync(f.path(`.git/objects/${other.slice(0, 2)}/${other.slice(2)}`), file);
  assert.equal(await flags(f, 'a.txt'), '');
  // An index entry for a blob that was never written.
  f.write({ 'c.txt': 'fresh' });
  const oid = f.git('hash-object', 'c.txt').trim();
  f.git('update-index', '--add', '--cacheinfo', `100644,${oid},c.txt`);
  assert.equal(await flags(f, 'c.txt'), '');
});

test('a repository that goes with the target keeps nothing', needsGit, async () => {
  const f = new Fixture().write({ 'inner/a.txt': 'x', 'outer.txt': 'y' });
  f.git('init', '-q');
  f.gitIn('inner', 'init', '-q');
  f.gitIn('inner', 'add', '-A');
  f.gitIn('inner', 'commit', '-q', '-m', 'c');
  assert.equal(await flags(f, 'inner/a.txt'), 'trackedAndClean');
  const inner = await f.recovery('inner');
  assert.equal(inner.trackedAndClean, false);
  assert.ok(inner.irreplaceable.includes('a.txt') && inner.irreplaceable.includes('.git'));
  assert.equal((await f.recovery('inner/.git')).trackedAndClean, false);
  assert.equal((await f.recovery('')).trackedAndClean, false);
  assert.equal((await f.recovery('inner/.git/HEAD')).trackedAndClean, false);
  // The repository kept in a folder of its own work tree, and that folder goes.
  const g = new Fixture().write({ 'store/x.txt': 'x', 'y.txt': 'y' });
  g.git('init', '-q', '--separate-git-dir', g.path('store/repository'));
  g.git('add', 'store/x.txt', 'y.txt');
  g.git('commit', '-q', '-m', 'c');
  assert.equal(await flags(g, 'y.txt'), 'trackedAndClean');
  assert.equal(await flags(g, 'store/x.txt'), 'trackedAndClean');
  assert.deepEqual((await g.recovery('store/[x]*')).irreplaceable, []);
  rmSync(g.path('store/repository/hooks'), { recursive: true });
  rmSync(g.path('store/repository/objects/info'), { recursive: true });
  g.git('repack', '-adq');
  assert.ok((await g.recovery('store')).irreplaceable.includes('x.txt'));
});

test('linked work trees and submodules are read where they are', needsGit, async () => {
  const f = new Fixture().write({ 'main/a.txt': 'x' });
  f.gitIn('main', 'init', '-q');
  f.gitIn('main', 'add', '-A');
  f.gitIn('main', 'commit', '-q', '-m', 'c');
  f.gitIn('main', 'worktree', 'add', '-q', '../linked', '-b', 'side');
  assert.equal(await flags(f, 'linked/a.txt'), 'trackedAndClean');
  assert.deepEqual(await f.state('linked'), { known: { dirty: false, staged: false, branch: 'side', untracked: 0 } });
  // The workspace is the linked tree, the repository lies beside it in a temporary directory: it may vanish.
  const beside = await f.recovery('linked/a.txt', { workspace: f.path('linked') });
  assert.equal(beside.trackedAndClean, false);
});

test('a pointer to a repository in the temporary directory is not believed', needsGit, async () => {
  const f = new Fixture().write({ 'work/notes.txt': 'mine', 'tmp/x': '' });
  f.gitIn('tmp', 'init', '-q', 'fake');
  f.write({ 'tmp/fake/notes.txt': 'mine' });
  f.gitIn('tmp/fake', 'add', '-A');
  f.gitIn('tmp/fake', 'commit', '-q', '-m', 'c');
  writeFileSync(f.path('work/.git'), `gitdir: ${f.path('tmp/fake/.git')}\n`);
  const options = { workspace: f.path('work'), temporaryDirectories: [f.path('tmp')] };
  assert.equal((await f.recovery('work/notes.txt', options)).trackedAndClean, false);
  assert.equal((await f.recovery('work/notes.txt', { ...options, temporaryDirectories: [] })).trackedAndClean, true);
});

test('a build folder is regenerable where git ignores it', needsGit, async () => {
  const f = new Fixture().write({
    '.gitignore': 'dist/\nnode_modules\nlogs/\n*.tsbuildinfo\nout\nlinked\n',
    'package.json': '{}',
    'node_modules/lib/package.json': '{}',
    'node_modules/lib/schema.sql': 'create table t()',
    'node_modules/.bin/lib': '',
    'node_modules/@s/lib/package.json': '{}',
    'node_modules/@s/lib/.env.example': '',
    'dist/a.js': '',
    'dist/sub/b.js': '',
    'build/c.js': '',
    'logs/d.log': '',
    'a.tsbuildinfo': '',
    'out/kept.js': 'tracked although ignored',
    'src/x.ts': '',
  });
  f.git('init', '-q');
  f.git('add', '-f', 'out/kept.js', 'src', '.gitignore', 'package.json');
  f.git('commit', '-q', '-m', 'c');
  for (const name of ['dist', 'dist/a.js', 'dist/sub', 'dist/', 'node_modules', 'node_modules/lib', 'a.tsbuildinfo'])
    assert.equal(await flags(f, name), 'regenerable', name);
  for (const name of ['build', 'logs', 'src', 'out']) assert.equal((await f.recovery(name)).regenerable, false, name);
  assert.equal((await f.recovery('out')).trackedAndClean, true);
  assert.equal((await f.recovery('dist/*')).regenerable, true);
  assert.equal((await f.recovery('{dist,src}')).exists, false);
  // What people keep is not a build product, wherever it lies.
  for (const name of ['.env', 'data.sqlite', 'dump.sql', 'id_rsa', 'prod.db-wal', '.env.local', 'x.tfstate']) {
    f.write({ [`dist/sub/${name}`]: '1' });
    assert.deepEqual((await f.recovery('dist')).irreplaceable, [`sub/${name}`]);
    assert.equal((await f.recovery('dist')).regenerable, false);
    rmSync(f.path(`dist/sub/${name}`));
  }
  f.write({ 'node_modules/local.db': '1' });
  assert.equal((await f.recovery('node_modules')).regenerable, false);
});

test(
  'what came over the network is not counted to the last file, unless something else goes with it',
  needsGit,
  async () => {
    const f = new Fixture().write({
      '.gitignore': 'node_modules\n',
      'package.json': '{}',
      'node_modules/lib/package.json': '{}',
      'node_modules/lib/a/b.js': '12345',
      'notes.txt': 'x',
    });
    f.git('init', '-q');
    const alone = await f.recovery('node_modules');
    assert.deepEqual([alone.regenerable, alone.filesCapped, alone.irreplaceable], [true, true, []]);
    const all = await f.recovery('*');
    assert.deepEqual(all.irreplaceable, ['notes.txt', 'package.json']);
    const whole = await f.recovery('');
    assert.deepEqual([whole.filesCapped, whole.regenerable], [false, false]);
    assert.ok(whole.files > 5);
    // A package that someone put under version control, and changed.
    f.git('add', '-f', 'node_modules');
    f.git('commit', '-q', '-m', 'c');
    assert.equal(await flags(f, 'node_modules'), 'trackedAndClean');
    f.write({ 'node_modules/lib/a/b.js': 'patched' });
    assert.deepEqual((await f.recovery('node_modules')).irreplaceable, ['lib/a/b.js']);
  },
);

test('outside git, node_modules beside a package.json only', async () => {
  const f = new Fixture().write({
    'p/package.json': '{}',
    'p/node_modules/a/package.json': '{}',
    'dist/x': '',
    'q/node_modules/a/b': '',
  });
  assert.equal(await flags(f, 'p/node_modules'), 'regenerable');
  assert.equal(await flags(f, 'dist'), '');
  assert.equal(await flags(f, 'q/node_modules'), '');
});

test('links: the link, what it leads to, and what lies behind it', needsGit, async () => {
  const f = new Fixture().write({ 'data/precious.txt': 'x', 'dist/a.js': '', '.gitignore': 'dist\n' });
  f.git('init', '-q');
  symlinkSync('data', f.path('link'));
  symlinkSync('../data', f.path('dist/way-out'));
  const link = await f.recovery('link');
  assert.deepEqual(
    [link.type, link.files, link.realPath, link.linkTarget],
    ['symlink', 1, f.path('link'), f.path('data')],
  );
  const through = await f.recovery('link/');
  assert.deepEqual(
    [through.type, through.realPath, through.irreplaceable],
    ['directory', f.path('data'), ['precious.txt']],
  );
  assert.equal((await f.recovery('link/.')).realPath, f.path('data'));
  assert.equal((await f.recovery('link/precious.txt')).realPath, f.path('data/precious.txt'));
  // Deleting the build folder takes the link, not what it leads to.
  const dist = await f.recovery('dist');
  assert.deepEqual([dist.regenerable, dist.files], [true, 2]);
  // The kernel goes up from where the link leads.
  mkdirSync(f.path('a/b/c'), { recursive: true });
  f.write({ 'a/b/sibling': 's', sibling: 'not this one' });
  symlinkSync('a/b/c', f.path('jump'));
  assert.equal((await f.recovery('jump/../sibling')).realPath, f.path('a/b/sibling'));
  assert.equal((await f.recovery('dist/way-out/precious.txt')).regenerable, false);
});

test('made by the task: only the very file that was noted', async () => {
  const f = new Fixture().write({ 'made.txt': 'x', 'old.txt': 'precious', 'dir/made.txt': 'y' });
  f.tasks.noteCreated('task-1', f.path('made.txt'));
  f.tasks.noteCreated('task-1', f.path('dir/made.txt'));
  f.tasks.noteCreated('task-1', f.path('dir'));
  f.tasks.noteCreated('task-2', f.path('old.txt'));
  assert.equal(await flags(f, 'made.txt'), 'madeByTask');
  assert.equal(await flags(f, 'dir'), 'madeByTask');
  assert.equal(await flags(f, 'old.txt'), '');
  appendFileSync(f.path('made.txt'), 'more');
  assert.equal(await flags(f, 'made.txt'), 'madeByTask');
  // Another file moved to its place is another file; one that came into the folder, too.
  renameSync(f.path('old.txt'), f.path('made.txt'));
  assert.equal(await flags(f, 'made.txt'), '');
  linkSync(f.path('made.txt'), f.path('dir/in.txt'));
  assert.equal(await flags(f, 'dir'), '');
  assert.equal(f.tasks.wasCreated('task-2', f.path('made.txt')), false);
});

test('patterns are the union of what they match', needsGit, async () => {
  const f = new Fixture().write({
    'a/x.txt': '1',
    'b/x.txt': '2',
    '.hidden': '3',
    'c.log': '4',
    'pk/one/dist/o.js': '',
    'pk/two/dist/o.js': '',
    '.gitignore': 'dist\n',
  });
  f.git('init', '-q');
  f.git('add', 'a', 'b');
  f.git('commit', '-q', '-m', 'c');
  const all = await f.recovery('*');
  assert.deepEqual([all.realPath, all.files, all.type], [f.root, 5, 'other']);
  assert.deepEqual([...all.irreplaceable].sort(), ['c.log']);
  assert.equal((await f.recovery('[ab]')).trackedAndClean, true);
  assert.equal((await f.recovery('?.log')).files, 1);
  assert.equal((await f.recovery('.h*')).files, 1);
  assert.equal((await f.recovery('pk/*/dist')).regenerable, true);
  const none = await f.recovery('*.none');
  assert.deepEqual([none.exists, none.type, none.insideWorkspace], [false, 'none', true]);
  // A name that is a pattern, too.
  f.write({ 'we[i]rd': '1', weird: '2' });
  assert.equal((await f.recovery('we[i]rd')).files, 2);
  assert.ok('unknown' in (await f.ask('recovery', 'file', `${f.root}/**/x`)));
});

test('places: workspace, temporary, nothing there', async () => {
  const f = new Fixture().write({ 'work/a': '1', 'tmp/b': '2' });
  const options = { workspace: f.path('work'), temporaryDirectories: [f.path('tmp')] };
  const at = async (name: string): Promise<unknown[]> => {
    const fact = await f.recovery(name, options);
    return [fact.exists, fact.insideWorkspace, fact.temporary];
  };
  assert.deepEqual(await at('work/a'), [true, true, false]);
  assert.deepEqual(await at('tmp/b'), [true, false, true]);
  assert.deepEqual(await at('tmp'), [true, false, false]);
  assert.deepEqual(await at('work/../tmp/b'), [true, false, true]);
  assert.deepEqual(await at('work/gone'), [false, true, false]);
  assert.deepEqual(await at('gone/gone'), [false, false, false]);
  // A workspace kept in a temporary directory is not temporary, and neither is what holds it.
  const inside = { workspace: f.path('work'), temporaryDirectories: [f.root, '/tmp'] };
  assert.equal((await f.recovery('work/a', inside)).temporary, false);
  assert.equal((await f.recovery('', inside)).temporary, false);
});

test('a workspace inside a larger repository', needsGit, async () => {
  const f = new Fixture().write({ 'pk/one/a.txt': '1', 'pk/two/b.txt': '2' });
  f.git('init', '-q');
  f.commit();
  const workspace = f.path('pk/one');
  assert.equal((await f.recovery('pk/one/a.txt', { workspace })).trackedAndClean, true);
  assert.equal((await f.recovery('pk/two/b.txt', { workspace })).trackedAndClean, false);
});

test('what the repository filters or converts is compared as it lies there', needsGit, async () => {
  const f = new Fixture().write({ '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'one\r\ntwo\r\n', 'b.bin': 'x' });
  f.git('init', '-q');
  f.commit();
  assert.equal(await flags(f, 'a.txt'), '');
  assert.equal(await flags(f, 'b.bin'), 'trackedAndClean');
});

test('damaged repositories are not believed', needsGit, async () => {
  const f = new Fixture().write({ 'a.txt': 'x', 'dist/b': '', '.gitignore': 'dist\n' });
  f.git('init', '-q');
  f.git('add', 'a.txt', '.gitignore');
  f.git('commit', '-q', '-m', 'c');
  truncateSync(f.path('.git/index'), 40);
  assert.equal(await flags(f, 'dist'), '');
  assert.ok('unknown' in (await f.state()));
  f.git('read-tree', 'HEAD');
  f.git('config', 'core.bare', 'true');
  assert.equal(await flags(f, 'a.txt'), '');
  f.git('config', 'core.bare', 'false');
  writeFileSync(f.path('.git/HEAD'), 'ref: refs/../../x');
  assert.equal(await flags(f, 'a.txt'), '');
  rmSync(f.path('.git/HEAD'));
  execFileSync('mkfifo', [f.path('.git/HEAD')]);
  assert.equal(await flags(f, 'a.txt'), '');
});
