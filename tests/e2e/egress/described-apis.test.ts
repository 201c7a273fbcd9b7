import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openEngine } from '../../../src/apps/wire.ts';
import { digestOfBytes } from '../../../src/core/digest.ts';
import { acmeShop, GITHUB_TOKENS, startGithub } from '../../stand-ins/github/github.ts';

const DOCUMENT = JSON.stringify({
  openapi: '3.0.3',
  servers: [{ url: 'https://api.acme.example/v1' }],
  paths: {
    '/customers': { post: { operationId: 'createCustomer', summary: 'Create a customer' } },
    '/customers/{id}/settle': {
      post: { operationId: 'settleCustomer', summary: 'Permanently deletes what a customer is owed' },
    },
  },
});

test('one engine: a document explains, raises and is quoted; GitHub is asked what a deletion takes', async (t) => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-described-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [workspace, config, state, runtime] = ['workspace', 'config', 'state', 'run'].map((name) => {
    mkdirSync(path.join(folder, name), { mode: 0o700 });
    return path.join(folder, name);
  }) as [string, string, string, string];
  mkdirSync(path.join(config, 'apis'), { mode: 0o700 });
  const put = (name: string, text: string): void =>
    writeFileSync(path.join(config, 'apis', name), text, { mode: 0o600 });
  put('acme.openapi.json', DOCUMENT);
  const digest = digestOfBytes(new TextEncoder().encode(DOCUMENT));
  const source = 'acme.openapi.json';
  put(
    'acme.json',
    JSON.stringify({ version: 1, name: 'acme', hosts: ['api.acme.example'], kind: 'openapi', source, digest }),
  );
  const github = await startGithub(acmeShop());
  t.after(() => github.close());
  const opened = await openEngine({
    paths: {
      config,
      state,
      runtime,
      socket: path.join(runtime, 'holdpoint.sock'),
      trust: 'advisory',
      ownerUid: process.getuid?.() ?? 0,
    },
    home: folder,
    person: 'ada',
    version: 'test',
    execCommand: ['holdpoint', 'exec'],
    mode: () => 'enforce',
    githubEndpoint: github.url,
  });
  assert.ok(opened.ok, opened.ok ? '' : opened.why);
  const { engine } = opened;
  t.after(() => engine.daemon.close());
  const { service } = engine;
  const judge = async (command: string) => {
    const begun = await service.begin(command, workspace, { agent: 'test', task: 'apis', workspace });
    const checks = begun.kind === 'refused' ? (begun.hold?.card.checks.map((one) => one.text) ?? []) : [];
    return { kind: begun.kind, checks };
  };

  const created = await judge(`curl -X POST https://api.acme.example/v1/customers -d '{"name":"x"}'`);
  assert.equal(created.kind, 'release', 'what the document calls a creation');
  const settled = await judge('curl -X POST https://api.acme.example/v1/customers/7/settle');
  assert.equal(settled.kind, 'refused');
  assert.match(
    settled.checks.join('\n'),
    /documentation, quoted \(.*acme\.openapi\.json, as of \d{4}-\d\d-\d\d\): “Permanently deletes what a customer is owed”/,
  );

  const header = `-H "Authorization: Bearer ${GITHUB_TOKENS.classic}"`;
  const deletion = (ref: string): string =>
    `curl -X DELETE ${header} https://api.github.com/repos/acme/shop/git/refs/heads/${ref}`;
  assert.equal((await judge(deletion('feature/merged'))).kind, 'release', 'its commits are in the default branch');
  const open = await judge(deletion('feature/open'));
  assert.equal(open.kind, 'refused');
  const said = open.checks.join('\n');
  assert.match(said, /acme\/shop@feature\/open, not protected/);
  assert.match(said, /dependents: pull request Add x/);
  assert.match(said, /backups: none/);
  assert.match(said, /scopes repo, delete_repo/);
  assert.match(said, /documentation, in our words \(https:\/\/docs\.github\.com/);
  assert.doesNotMatch(said, /ghp_/);
  github.state.fault = { kind: 'status', status: 503 };
  // Answers are kept for three seconds: another branch is asked about.
  const down = await judge(deletion('feature/other'));
  assert.equal(down.kind, 'refused');
  assert.match(down.checks.join('\n'), /not known: GitHub answered with status 503/);
});
