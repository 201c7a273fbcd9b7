import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openBundleFeed, type ReadBundleBytes } from '../../src/adapters/opa/bundles/bundle-feed.ts';
import { readBundleIn } from '../../src/adapters/opa/bundles/read-bundle.ts';
import { openOpaServer } from '../../src/adapters/opa/server/opa-server.ts';
import type { Owners } from '../../src/apps/policy/guarded-file.ts';
import { type Organisation, type OrganisationDeps, organisationLayer } from '../../src/apps/policy/organisation.ts';
import { FOLDER_LIMITS } from '../../src/apps/policy/policy-folder.ts';
import type { PolicySettings } from '../../src/apps/policy/settings.ts';
import { watchOrganisation } from '../../src/apps/policy/watch-organisation.ts';
import type { PolicyLayer, Reloaded } from '../../src/ports/policy-layers.ts';
import { showProblem } from '../../src/ports/policy-layers.ts';
import { type BundleMaker, RULES, signingKey, startBundleMaker } from '../adapters/opa/bundles/bundle-maker.ts';
import { WIPE } from '../adapters/opa/inputs.ts';
import { json, startScriptedServer } from '../adapters/opa/server/scripted-server.ts';
import { skipUnless } from '../platform.ts';

const work = realpathSync(mkdtempSync(path.join(tmpdir(), 'organisation-')));
after(() => rmSync(work, { recursive: true, force: true }));

const making: { maker: BundleMaker } = { maker: undefined as unknown as BundleMaker };
before(async () => {
  making.maker = await startBundleMaker();
});
after(() => making.maker.end());
/** In a thread that is there, since starting one for each bundle would make the tests slow. */
const readFast: ReadBundleBytes = (bytes, verification) => readBundleIn(making.maker.thread, bytes, verification);

function deps(stateDir: string, owners: Owners = 'anybody'): OrganisationDeps {
  return {
    stateDir,
    owners,
    nowMs: () => 1_790_000_000_000,
    openServer: openOpaServer,
    openBundles: (options) => openBundleFeed(options, readFast),
  };
}

function folder(name: string, files: { readonly [file: string]: string | Buffer }): string {
  const dir = path.join(work, name);
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, file)), { recursive: true, mode: 0o755 });
    writeFileSync(path.join(dir, file), text, { mode: 0o644 });
  }
  return dir;
}

function fromFolder(dir: string, owners?: Owners): Promise<Organisation> {
  return organisationLayer(settings({ kind: 'folder', path: dir }), deps(path.join(work, 'state'), owners));
}

function settings(organisation: NonNullable<PolicySettings['organisation']>): PolicySettings {
  return { version: 1, preset: 'team', organisation };
}

function layerOf(organisation: Organisation): PolicyLayer {
  assert.equal(organisation.kind, 'layer', problemsOf(organisation));
  return (organisation as Extract<Organisation, { kind: 'layer' }>).candidate.layer;
}

function problemsOf(organisation: Organisation): string {
  return organisation.kind === 'problem' ? organisation.problems.map(showProblem).join('\n') : '';
}

test('no organisation is none', async () => {
  assert.deepEqual(await organisationLayer({ version: 1, preset: 'solo' }, deps(work)), { kind: 'none' });
});

test('a folder is a layer: all rego below it, and data at its place', async () => {
  const dir = folder('plain', {
    'b.rego': 'package b',
    'a/a.rego': 'package a',
    'a/a_test.rego': 'package a_test',
    'data.json': '{"holdpoint":{"x":1},"constructor":{"y":1}}',
    'holdpoint/words/data.json': '{"why":"because"}',
    'constructor/data.json': '{"z":2}',
    'README.md': 'not read',
    'other.json': '{}',
    '.git/config.rego': 'package hidden',
    '.hidden.rego': 'package hidden',
  });
  assert.deepEqual(layerOf(await fromFolder(dir)), {
    layer: 'organisation',
    modules: [
      { name: 'a/a.rego', text: 'package a' },
      { name: 'a/a_test.rego', text: 'package a_test' },
      { name: 'b.rego', text: 'package b' },
    ],
    data: { constructor: { y: 1, z: 2 }, holdpoint: { x: 1, words: { why: 'because' } } },
  });
});

const P = { 'p.rego': 'package holdpoint.policies.p' };
const BAD: readonly (readonly [note: string, make: () => string, why: RegExp])[] = [
  ['it is not there', () => path.join(work, 'nowhere'), /nowhere` cannot be read \(ENOENT\)/],
  ['it is a file', () => path.join(folder('as-file', P), 'p.rego'), /cannot be read \(ENOTDIR\)|cannot be read/],
  ['it is empty', () => folder('empty', {}), /holds no policy/],
  ['it holds tests only', () => folder('tests-only', { 'a_test.rego': 'package a_test' }), /holds no policy/],
  ['a policy is not UTF-8', () => folder('latin', { ...P, 'q.rego': Buffer.from([0xff]) }), /q\.rego: is not UTF-8/],
  ['data is not JSON', () => folder('bad-data', { ...P, 'a/data.json': '{' }), /a\/data\.json: /],
  ['data is a list', () => folder('list-data', { ...P, 'data.json': '[]' }), /data\.json: is not an object/],
  ['data has a key twice', () => folder('twin', { ...P, 'data.json': '{"a":1,"a":2}' }), /duplicate key `a`/],
  [
    'data is in conflict',
    () => folder('conflict', { ...P, 'data.json': '{"a":{"b":1}}', 'a/data.json': '{"b":2}' }),
    /conflicts with what another data\.json says of `a\/b`/,
  ],
  [
    'data is in the way',
    () => folder('in-the-way', { ...P, 'data.json': '{"z":1}', 'z/y/data.json': '{}' }),
    /conflicts with .* `z\/y`/,
  ],
  ['data is YAML', () => folder('yaml', { ...P, 'data.yaml': 'a: 1' }), /data\.yaml: is not read here/],
  [
    'a link leads out',
    () => {
      const dir = folder('link-out', P);
      symlinkSync('/etc/hostname', path.join(dir, 'q.rego'));
      return dir;
    },
    /q\.rego: .*is a link to `\/etc\/.*outside of the folder/,
  ],
  [
    'a link leads beside it',
    () => {
      const dir = folder('beside', P);
      symlinkSync(path.join(folder('beside-too', P), 'p.rego'), path.join(dir, 'q.rego'));
      return dir;
    },
    /outside of the folder/,
  ],
  [
    'a link leads nowhere',
    () => {
      const dir = folder('link-nowhere', P);
      symlinkSync('absent', path.join(dir, 'q.rego'));
      return dir;
    },
    /q\.rego: .*does not exist/,
  ],
  [
    'a link leads to a folder',
    () => {
      const dir = folder('link-folder', { 'a/p.rego': 'package p' });
      symlinkSync('a', path.join(dir, 'b'));
      return dir;
    },
    /b: is a link to a folder/,
  ],
  [
    'too many files',
    () =>
      folder(
        'many',
        Object.fromEntries(Array.from({ length: FOLDER_LIMITS.modules + 1 }, (_, at) => [`${at}.rego`, 'package a'])),
      ),
    /more than 500 files/,
  ],
  [
    'too many bytes',
    () => folder('large', { ...P, 'data.json': `"${'x'.repeat(FOLDER_LIMITS.bytes)}"` }),
    /larger than 8388608 bytes/,
  ],
  [
    'too many bytes in all',
    () => folder('large-sum', { 'a.rego': ' '.repeat(FOLDER_LIMITS.bytes - 5), 'b.rego': 'package b', 'c.rego': '' }),
    /b\.rego: with this the folder has more than 8388608 bytes/,
  ],
  [
    'it is too deep',
    () => folder('deep', { ...P, [`${'d/'.repeat(FOLDER_LIMITS.depth + 1)}x.rego`]: 'package x' }),
    /deeper than 16 folders/,
  ],
];

for (const [note, make, why] of BAD) {
  test(`a folder that cannot be read as a whole is a problem: ${note}`, { skip: skipUnless('unix') }, async () => {
    assert.match(problemsOf(await fromFolder(make())), why);
  });
}

test('exactly as many files as are allowed are read, and the data with them', async () => {
  const files = Object.fromEntries(
    Array.from({ length: FOLDER_LIMITS.modules }, (_, at) => [`${at}.rego`, 'package a']),
  );
  const layer = layerOf(await fromFolder(folder('full', { ...files, 'z/data.json': '{"last":true}' })));
  assert.equal(layer.modules.length, FOLDER_LIMITS.modules);
  assert.deepEqual(layer.data, { z: { last: true } });
});

test('a link that stays inside is followed, as orchestrators mount their files', {
  skip: skipUnless('unix'),
}, async () => {
  const dir = folder('mounted', { '..2026_11/p.rego': 'package p' });
  symlinkSync('..2026_11', path.join(dir, '..data'));
  symlinkSync('..data/p.rego', path.join(dir, 'p.rego'));
  assert.deepEqual(layerOf(await fromFolder(dir)).modules, [{ name: 'p.rego', text: 'package p' }]);
});

test('in a system installation nobody else may write below the folder', { skip: skipUnless('unix') }, async () => {
  const owners = [0, process.getuid?.() ?? 0];
  const dir = folder('guarded', { 'a/p.rego': 'package p' });
  layerOf(await fromFolder(dir, owners));
  chmodSync(path.join(dir, 'a/p.rego'), 0o666);
  assert.match(problemsOf(await fromFolder(dir, owners)), /p\.rego` can be written by others/);
  chmodSync(path.join(dir, 'a/p.rego'), 0o644);
  chmodSync(path.join(dir, 'a'), 0o777);
  assert.match(problemsOf(await fromFolder(dir, owners)), /guarded\/a` can be written by others/);
});

interface Watched {
  readonly organisation: Organisation;
  readonly reloaded: PolicyLayer[];
  readonly reports: string[];
}

test('a folder that changes is loaded again, one that breaks is not', async () => {
  const dir = folder('watched', P);
  const organisation = await fromFolder(dir);
  assert.equal(organisation.kind, 'layer');
  if (organisation.kind !== 'layer') return;
  const seen: Watched & { answer: Reloaded } = { organisation, reloaded: [], reports: [], answer: { ok: true } };
  const watch = watchOrganisation({
    source: organisation.source,
    reload: (layer) => {
      seen.reloaded.push(layer);
      return Promise.resolve(seen.answer);
    },
    report: (what) => seen.reports.push(what),
  });
  assert.equal(await watch.check(), false);
  writeFileSync(path.join(dir, 'p.rego'), 'package p # 2');
  assert.equal(await watch.check(), true);
  assert.equal(await watch.check(), false);
  assert.deepEqual(
    seen.reloaded.map((one) => one.modules[0]?.text),
    ['package p # 2'],
  );
  assert.deepEqual(seen.reports, []);
  // Unreadable: said once, and once that it is over.
  writeFileSync(path.join(dir, 'data.json'), '{');
  assert.equal(await watch.check(), false);
  assert.equal(await watch.check(), false);
  assert.match(watch.trouble ?? '', /was not renewed, the last good one stays: .*data\.json/);
  rmSync(path.join(dir, 'data.json'));
  assert.equal(await watch.check(), false);
  assert.equal(watch.trouble, undefined);
  assert.deepEqual(seen.reports.length, 2);
  // Does not compile: refused once, and it stays a trouble through looks that find nothing new.
  seen.answer = { ok: false, problems: [{ code: 'x', message: 'unsafe var', file: 'p.rego', row: 3, col: 1 }] };
  writeFileSync(path.join(dir, 'p.rego'), 'package p # 3');
  assert.equal(await watch.check(), false);
  writeFileSync(path.join(dir, 'data.json'), '{');
  await watch.check();
  rmSync(path.join(dir, 'data.json'));
  await watch.check();
  assert.match(watch.trouble ?? '', /new policy is refused and the last good one stays: p\.rego:3:1: unsafe var$/);
  assert.equal(seen.reloaded.length, 2);
  seen.answer = { ok: true };
  writeFileSync(path.join(dir, 'p.rego'), 'package p # 2');
  assert.equal(await watch.check(), true);
  assert.equal(watch.trouble, undefined);
  await watch.close();
  writeFileSync(path.join(dir, 'p.rego'), 'package p # 4');
  assert.equal(await watch.check(), false);
  assert.equal(seen.reloaded.length, 3);
});

test('the timer looks by itself, and nothing is left of it after the end', async () => {
  const looks = { count: 0, closed: 0 };
  const { promise, resolve } = Promise.withResolvers<void>();
  const watch = watchOrganisation({
    source: {
      everyMs: 1,
      next: () => {
        looks.count += 1;
        if (looks.count === 3) resolve();
        return Promise.resolve({ kind: 'same' });
      },
      close: () => {
        looks.closed += 1;
        return Promise.resolve();
      },
    },
    reload: () => Promise.resolve({ ok: true }),
    report: () => {},
  });
  const alive = setInterval(() => {}, 1_000);
  await promise;
  clearInterval(alive);
  await watch.close();
  assert.equal(looks.closed, 1);
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((one) => one === 'Timeout'),
    [],
  );
});

test('a bundle is a layer; without its source the last good one stands in, loudly', async () => {
  const { maker } = making;
  const key = signingKey('ES256');
  const dir = folder('bundle', { 'key.pem': key.publicPem });
  const source = path.join(dir, 'policy.tar.gz');
  const bundle = settings({
    kind: 'bundle',
    source,
    refreshS: 60,
    verification: { keyId: key.keyId, algorithm: key.algorithm, publicKeyFile: path.join(dir, 'key.pem') },
  });
  const mine = deps(path.join(dir, 'state'));
  const openIt = async (): Promise<Extract<Organisation, { kind: 'layer' }>> => {
    const organisation = await organisationLayer(bundle, mine);
    assert.equal(organisation.kind, 'layer', problemsOf(organisation));
    return organisation as Extract<Organisation, { kind: 'layer' }>;
  };
  // Neither source nor cache: the guard does not start.
  assert.match(
    problemsOf(await organisationLayer(bundle, mine)),
    /there is no bundle to go by: .*policy\.tar\.gz` does not exist/,
  );
  writeFileSync(source, await maker.make({ revision: '1' }));
  assert.match(problemsOf(await organisationLayer(bundle, mine)), /there is no bundle to go by: .*it is not signed/);
  writeFileSync(source, await maker.make({ revision: '1', key }));
  const first = await openIt();
  assert.equal(first.candidate.layer.revision, '1');
  assert.equal(first.candidate.layer.modules[0]?.text, RULES);
  assert.equal(first.fallback, undefined);
  assert.equal(first.source.everyMs, 60_000);
  assert.equal(await first.candidate.accepted(), undefined);
  await first.source.close();
  // A newer one, and the last one to fall back on.
  writeFileSync(source, await maker.make({ revision: '2', key }));
  const second = await openIt();
  assert.deepEqual(
    [second.candidate.layer.revision, second.fallback?.layer.revision, second.warning],
    ['2', '1', undefined],
  );
  await second.source.close();
  // Not accepted: still there. Then a stranger's: the last good one, with a warning.
  writeFileSync(source, await maker.make({ revision: '3' }));
  const third = await openIt();
  assert.equal(third.candidate.layer.revision, '1');
  assert.match(third.warning ?? '', /the last good bundle stays in force: .*it is not signed/);
  // The same one as was kept.
  rmSync(source);
  const fourth = await openIt();
  assert.match(fourth.warning ?? '', /does not exist/);
  const reports: string[] = [];
  const watch = watchOrganisation({
    source: fourth.source,
    reload: () => Promise.resolve({ ok: true }),
    report: (what) => reports.push(what),
  });
  writeFileSync(source, await maker.make({ revision: '4', key }));
  assert.equal(await watch.check(), true);
  writeFileSync(source, await maker.make({ revision: '2', key }));
  assert.equal(await watch.check(), false);
  assert.match(watch.trouble ?? '', /`2` is older than `4`/);
  assert.equal(reports.length, 1);
  await watch.close();
});

test('a bundle that nobody signed has to lie where only its owners write', { skip: skipUnless('unix') }, async () => {
  const { maker } = making;
  const owners = [0, process.getuid?.() ?? 0];
  const dir = folder('unsigned', {});
  const source = path.join(dir, 'policy.tar.gz');
  writeFileSync(source, await maker.make({}), { mode: 0o644 });
  const bundle = settings({ kind: 'bundle', source, refreshS: 60 });
  layerOf(await organisationLayer(bundle, deps(path.join(dir, 'state'), owners)));
  chmodSync(source, 0o666);
  assert.match(
    problemsOf(await organisationLayer(bundle, deps(path.join(dir, 'state'), owners))),
    /can be written by others/,
  );
});

test('a server is asked with the token of its file', async () => {
  const server = await startScriptedServer(json({ result: { p: { deny: [] } } }));
  const dir = folder('server', { token: 's3cret\n', 'no-token': '\n' });
  const of = (tokenFile: string): Promise<Organisation> =>
    organisationLayer(
      settings({
        kind: 'server',
        url: server.url,
        path: 'holdpoint/policies',
        timeoutMs: 250,
        expect: ['p'],
        tokenFile: path.join(dir, tokenFile),
      }),
      deps(path.join(dir, 'state')),
    );
  const organisation = await of('token');
  assert.equal(organisation.kind, 'server', problemsOf(organisation));
  if (organisation.kind === 'server') {
    assert.deepEqual(
      (await organisation.server.evaluate(WIPE)).map((one) => one.findings),
      [[]],
    );
    await organisation.server.close();
  }
  assert.equal(server.asked[0]?.headers.authorization, 'Bearer s3cret');
  assert.match(problemsOf(await of('no-token')), /no-token` is empty/);
  assert.match(problemsOf(await of('absent')), /absent` does not exist/);
  await server.close();
  const plain = settings({ kind: 'server', url: 'http://opa.example', path: 'main', timeoutMs: 250 });
  assert.match(problemsOf(await organisationLayer(plain, deps(work))), /plain http to another machine/);
});
