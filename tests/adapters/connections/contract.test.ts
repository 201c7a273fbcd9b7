import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeClusterVerifier } from '../../../src/adapters/connections/cluster-verifier.ts';
import { makeDatabaseVerifier } from '../../../src/adapters/connections/database-verifier.ts';
import { verifierContract } from '../../contracts/verifier.ts';
import { Ground } from './fixture.ts';

const foreign = { check: 'environment', about: { system: 'railway', kind: 'volume', path: ['v'] } } as const;

verifierContract('database connections', () => {
  const ground = new Ground({ '.env': 'DATABASE_URL=mysql://localhost/x' });
  const about = (loader: string) => ({ system: 'database', kind: 'connection', path: [loader, ground.project] });
  return Promise.resolve({
    verifier: makeDatabaseVerifier(ground.options()),
    attempt: ground.attempt(),
    answerable: { check: 'environment', about: about('url') },
    unanswerable: { check: 'environment', about: about('none') },
    foreign,
    world: () => Promise.resolve(readdirSync(ground.root, { recursive: true })),
  });
});

verifierContract('kubeconfig', () => {
  const config =
    'current-context: a\nclusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]\ncontexts: [{name: a, context: {cluster: a}}]\n';
  const ground = new Ground({ 'home/.kube/config': config });
  const about = (...words: string[]) => ({
    system: 'kubernetes',
    kind: 'connection',
    path: [ground.project, ...words],
  });
  return Promise.resolve({
    verifier: makeClusterVerifier(ground.options()),
    attempt: ground.attempt(),
    answerable: { check: 'environment', about: about() },
    unanswerable: { check: 'environment', about: about('context=none') },
    foreign,
    world: () => Promise.resolve(readdirSync(ground.root, { recursive: true })),
  });
});

test('no configuration of the workspace is run by any loader', async () => {
  const ground = new Ground();
  const canary = path.join(ground.root, 'canary');
  const run = `require('fs').writeFileSync(${JSON.stringify(canary)}, 'ran')`;
  ground.write({
    'prisma.config.ts': run,
    'knexfile.js': run,
    'ormconfig.js': run,
    'drizzle.config.ts': run,
    '.sequelizerc': run,
    'config/database.yml': `test:\n  adapter: postgresql\n  host: <%= \`touch ${canary}\` %>\n`,
    'config/database.php': `<?php touch('${canary}');`,
    'bootstrap/cache/config.php': `<?php touch('${canary}');`,
    'manage.py': `open('${canary}', 'w')\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')`,
    'settings.py': `open('${canary}', 'w')\nDATABASES = {'default': {'NAME': open('${canary}', 'w')}}\n`,
    'prisma/schema.prisma': 'datasource db {\n  url = env("DATABASE_URL")\n}\n',
    '.env': `DATABASE_URL=$(touch ${canary})\nDB_CONNECTION=\`touch ${canary}\`\n`,
    '.envrc': `touch ${canary}\n`,
    'home/.psqlrc': `\\! touch ${canary}\n`,
  });
  for (const name of readdirSync(ground.project))
    if (name.includes('.')) chmodSync(path.join(ground.project, name), 0o755);
  for (const loader of ['libpq', 'laravel', 'rails', 'prisma', 'django', 'url', 'code'])
    for (const words of [[], ['env=test']]) {
      const answer = await ground.database(loader, words);
      if ('known' in answer && loader !== 'libpq') assert.notEqual(answer.known.unsettled, undefined, loader);
    }
  assert.equal(existsSync(canary), false);
});
