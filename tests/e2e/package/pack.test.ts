import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { oldNodePath, repoRoot, skipUnless } from '../../platform.ts';

const MAX_TARBALL_BYTES = 9_000_000;
const entries = ['src/apps/cli/main.ts', 'src/apps/wire.ts', 'src/apps/verify-log/main.ts', 'src/apps/hook/main.ts'];
const absent = entries.filter((entry) => !existsSync(path.join(repoRoot, entry)));
const skip = absent.length > 0 ? `there is no ${absent.join(', ')} yet` : skipUnless('npm', 'unix');

const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-pack-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const project = path.join(folder, 'project');
const { version } = JSON.parse(readFileSync(path.join(repoRoot, 'package.json'), 'utf8')) as {
  readonly version: string;
};

// As in a terminal: without what `npm test` adds, and with the machine's own node first.
const systemPath = [oldNodePath() ?? process.execPath, process.execPath].map((node) => path.dirname(node));
const env: NodeJS.ProcessEnv = {
  HOME: process.env['HOME'],
  npm_config_cache: process.env['npm_config_cache'],
  CI: 'true',
  PATH: [
    systemPath[0],
    ...(process.env['PATH'] ?? '').split(path.delimiter).filter((dir) => !dir.includes('node_modules')),
  ].join(path.delimiter),
};

function run(
  cwd: string,
  command: string,
  ...args: string[]
): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(command, args, { cwd, env, encoding: 'utf8' });
}

test('the tarball works in an empty project', { skip }, async (t) => {
  // Packed from a copy, since other tests run from dist/ meanwhile.
  const stage = path.join(folder, 'stage');
  mkdirSync(stage);
  for (const part of ['bin', 'docs', 'package.json', 'README.md', 'LICENSE']) {
    if (existsSync(path.join(repoRoot, part)))
      cpSync(path.join(repoRoot, part), path.join(stage, part), { recursive: true });
  }
  const built = spawnSync(
    process.execPath,
    [path.join(repoRoot, 'scripts/build.ts'), '--out', path.join(stage, 'dist')],
    {
      encoding: 'utf8',
      env: { ...process.env, CI: 'true' },
    },
  );
  assert.equal(built.status, 0, built.stderr);
  const packed = run(stage, 'npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
  assert.equal(packed.status, 0, packed.stderr);
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '';

  await t.test('it is small and holds no sources', () => {
    assert.ok(statSync(path.join(folder, tarball)).size < MAX_TARBALL_BYTES);
    const { files } = (
      JSON.parse(run(stage, 'npm', 'pack', '--ignore-scripts', '--dry-run', '--json').stdout) as [
        { readonly files: readonly { readonly path: string }[] },
      ]
    )[0];
    const outside = files.filter((file) => !/^(bin|dist|docs)\/|^(package\.json|README\.md|LICENSE)$/.test(file.path));
    assert.deepEqual(outside, []);
    for (const needed of ['THIRD-PARTY-LICENSES.txt', 'policy-pack/lib.rego', 'policy-presets/solo.json'])
      assert.ok(
        files.some((file) => file.path === `dist/${needed}`),
        needed,
      );
    assert.ok(!files.some((file) => file.path.endsWith('_test.rego')));
  });

  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), '{"name":"somewhere","private":true}\n');
  const installed = run(
    project,
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    path.join(folder, tarball),
  );
  assert.equal(installed.status, 0, installed.stderr);

  await t.test('npx holdpoint --version prints the version', () => {
    const { stdout, stderr, status } = run(project, 'npx', 'holdpoint', '--version');
    assert.equal(status, 0, stderr);
    assert.ok(stdout.includes(version), stdout);
  });

  await t.test('npx holdpoint --help tells the commands', () => {
    const { stdout, stderr, status } = run(project, 'npx', 'holdpoint', '--help');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\bcheck\b/);
  });

  await t.test('npx holdpoint check judges, with the parsers that were bundled', () => {
    const read = run(project, 'npx', 'holdpoint', 'check', 'ls');
    assert.equal(read.status, 0, read.stderr);
    const destroy = run(project, 'npx', 'holdpoint', 'check', 'rm -rf ~');
    assert.equal(destroy.status, 20, `status ${destroy.status}: ${destroy.stderr}`);
    assert.match(destroy.stdout, /irreversible\/catastrophic/, 'the default pack came with it');
  });

  await t.test('npx holdpoint init --dry-run changes nothing and shows what it would do', () => {
    const before = readdirSync(project, { recursive: true }).length;
    const { stderr, status } = run(project, 'npx', 'holdpoint', 'init', '--dry-run');
    assert.equal(status, 0, stderr);
    assert.equal(readdirSync(project, { recursive: true }).length, before);
  });

  await t.test('the auditor is a program of its own', () => {
    const { stdout, stderr } = run(project, 'npx', 'holdpoint-verify-log', '--help');
    assert.match(stdout + stderr, /verify-log/);
  });
});
