import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { findPaths } from '../../../src/apps/paths.ts';
import { openJudge } from '../../../src/apps/wire.ts';
import { isRefused } from '../../../src/pipeline/products.ts';
import { declarations } from '../../fakes/declarations.ts';

/** Commands as an agent types them, over a connection that a person declared a throw-away, and ways to another one. */
const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'holdpoint-judged-')));
after(() => rmSync(root, { recursive: true, force: true }));
const workspace = path.join(root, 'project');
const home = path.join(root, 'home');
const write = (files: { readonly [name: string]: string }): void => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
};
write({
  'project/.env': 'DATABASE_URL=postgres://localhost:5999/dev\n',
  'project/prisma/schema.prisma': 'datasource db {\n  url = env("DATABASE_URL")\n}\n',
  'project/Makefile': 'export DATABASE_URL = postgres://db.example/live\nreset:\n\tnpx prisma migrate reset --force\n',
  'project/package.json':
    '{"scripts":{"reset":"prisma migrate reset --force","live":"dotenv -e .env.live -- prisma migrate reset"}}',
  'project/shop/config/database.yml':
    'development:\n  adapter: postgresql\n  host: localhost\n  port: 5999\n  database: dev\ntest:\n  adapter: postgresql\n  host: localhost\n  port: 5999\n  database: test\nproduction:\n  adapter: postgresql\n  host: db.example\n  database: live\n',
  'project/reset.sh': 'export DATABASE_URL=postgres://db.example/live\nnpx prisma migrate reset --force\n',
  'home/.kube/config':
    'current-context: live\nclusters: [{name: live, cluster: {server: "https://k8s.example"}}, {name: lab, cluster: {server: "https://10.0.0.9:6443"}}]\ncontexts: [{name: live, context: {cluster: live}}, {name: lab, context: {cluster: lab}}]\n',
});

const declared = declarations({
  'postgres/server/localhost:5999': 'throwaway',
  'kubernetes/cluster/https://10.0.0.9:6443': 'throwaway',
  'postgres/server/db.example': 'production',
  'kubernetes/cluster/https://k8s.example': 'production',
});
const seen = openJudge(findPaths({ HOME: home }), () => undefined, undefined, {
  home,
  account: 'ann',
  environment: {},
  declared,
});
const unseen = openJudge(findPaths({ HOME: home }), () => undefined, undefined, {
  home,
  account: 'ann',
  environment: undefined,
  declared,
});
after(async () => {
  await (await seen).close();
  await (await unseen).close();
});

async function says(text: string, judge: typeof seen): Promise<string> {
  const action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: workspace } as const;
  const origin = { door: 'cli', person: 'p', agent: 'a', task: 't', workspace } as const;
  const judged = await (await judge).judge({ id: 'x', action, origin }, undefined);
  return isRefused(judged) ? judged.says : judged.verdict.says;
}

async function rulesOf(text: string): Promise<readonly string[]> {
  const action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: workspace } as const;
  const origin = { door: 'cli', person: 'p', agent: 'a', task: 't', workspace } as const;
  const judged = await (await seen).judge({ id: 'x', action, origin }, undefined);
  return isRefused(judged) ? [] : judged.verdict.findings.map((one) => one.rule);
}

for (const [text, isProduction] of [
  ['dropdb -h db.example live', true],
  ['psql postgres://db.example/live -c "drop table bookings"', true],
  ['kubectl --context live delete ns shop', true],
  ['dropdb -h other.example live', false],
] as const)
  test(`${text}: the pack's rules about production ${isProduction ? 'speak' : 'do not'}`, async () => {
    assert.equal((await rulesOf(text)).includes('production/destroys'), isProduction);
  });

/** `allow`, and `allow` only where the variables of the agent are seen. */
const ROWS: readonly (readonly [text: string, seen: string, unseen: string])[] = [
  ['npx prisma migrate reset --force', 'allow', 'hold'],
  ['npm run reset', 'allow', 'hold'],
  ['DATABASE_URL=postgres://localhost:5999/dev npx prisma migrate reset --force', 'allow', 'allow'],
  ['export DATABASE_URL=postgres://localhost:5999/dev; npx prisma migrate reset --force', 'allow', 'allow'],
  ['npx dbmate --url postgres://localhost:5999/dev drop', 'allow', 'allow'],
  ['DATABASE_URL=postgres://localhost:5999/dev dbmate drop', 'allow', 'allow'],
  ['dropdb -h localhost -p 5999 shop', 'allow', 'allow'],
  ['psql postgres://localhost:5999/dev -c "delete from sessions where seen_at < now()"', 'allow', 'allow'],
  ['psql -h localhost -p 5999 -d dev -c "delete from sessions where seen_at < now()"', 'allow', 'allow'],
  ['cd shop && bin/rails db:drop RAILS_ENV=test', 'allow', 'hold'],
  ['cd shop && rails db:drop', 'allow', 'hold'],
  ['kubectl --context lab --kubeconfig ~/.kube/config delete ns shop', 'hold', 'hold'],
  ['kubectl --context lab delete ns shop', 'allow', 'hold'],
  ['helm --kube-context lab uninstall shop', 'allow', 'hold'],

  ['DATABASE_URL=postgres://db.example/live npx prisma migrate reset --force', 'hold', 'hold'],
  ['export DATABASE_URL=postgres://db.example/live && npx prisma migrate reset --force', 'hold', 'hold'],
  ['env DATABASE_URL=postgres://db.example/live npx prisma migrate reset --force', 'hold', 'hold'],
  ['env -i DATABASE_URL=postgres://db.example/live npx prisma migrate reset --force', 'hold', 'hold'],
  ['dotenv -e .env.live -- npx prisma migrate reset --force', 'hold', 'hold'],
  ['doppler run -- npx prisma migrate reset --force', 'hold', 'hold'],
  ['sudo npx prisma migrate reset --force', 'hold', 'hold'],
  ['set -a; . ./.env.live; set +a; npx prisma migrate reset --force', 'hold', 'hold'],
  ['[ -f x ] || export DATABASE_URL=postgres://db.example/live; npx prisma migrate reset --force', 'hold', 'hold'],
  ['export DATABASE_URL=$LIVE; npx prisma migrate reset --force', 'hold', 'hold'],
  ['cd $SOMEWHERE && npx prisma migrate reset --force', 'hold', 'hold'],
  ['cd /srv/live && npx prisma migrate reset --force', 'hold', 'hold'],
  ['make reset', 'hold', 'hold'],
  ['npm run live', 'hold', 'hold'],
  ['bash reset.sh', 'hold', 'hold'],
  [
    'python3 -c "import os; os.environ.update(DATABASE_URL=x); os.system(\'npx prisma migrate reset --force\')"',
    'hold',
    'hold',
  ],
  ['ssh host "dropdb -h localhost -p 5999 shop"', 'hold', 'hold'],
  ['docker exec db dropdb -h localhost -p 5999 shop', 'hold', 'hold'],
  [
    'psql postgres://localhost:5999/dev -c "\\c postgres://db.example/live" -c "delete from sessions where a < 1"',
    'hold',
    'hold',
  ],
  ['psql "postgres://localhost:5999/dev?host=db.example" -c "delete from sessions where a < 1"', 'hold', 'hold'],
  ['dropdb -h db.example -p 5999 shop', 'hold', 'hold'],
  ['cd shop && RAILS_ENV=production rails db:drop', 'hold', 'hold'],
  // There is a `.env` here, and no lock file that tells whether a gem loads it.
  ['rails db:drop', 'hold', 'hold'],
  ['kubectl delete ns shop', 'hold', 'hold'],
  ['kubectl --context lab --server https://k8s.example delete ns shop', 'hold', 'hold'],
  ['KUBECONFIG=other.yaml kubectl --context lab delete ns shop', 'hold', 'hold'],
  ['HOME=/elsewhere kubectl --context lab delete ns shop', 'hold', 'hold'],
  ['kubectl --context lab get secret s -o yaml', 'hold', 'hold'],
];

for (const [text, withVariables, without] of ROWS)
  test(`${text}: ${withVariables}, and ${without} behind a hook`, async () => {
    assert.deepEqual([await says(text, seen), await says(text, unseen)], [withVariables, without]);
  });
