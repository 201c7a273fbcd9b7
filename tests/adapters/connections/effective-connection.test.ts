import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionFact } from '../../../src/core/facts.ts';
import { isKnown } from '../../../src/core/tri.ts';
import { declarations } from '../../fakes/declarations.ts';
import { Ground } from './fixture.ts';

interface Row {
  readonly note: string;
  readonly files?: { readonly [name: string]: string };
  readonly environment?: Readonly<Record<string, string>> | 'unseen';
  readonly loader: string;
  readonly words?: readonly string[];
  /** `system host:port/database place` of each, or files relative to the project. */
  readonly want: readonly string[];
  /** Whether something could still choose another. */
  readonly settled: boolean;
}

const LARAVEL = "'default' => env('DB_CONNECTION'), 'host' => env('DB_HOST'), 'database' => env('DB_DATABASE'),";
const SCHEMA = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n';
const YAML = `default: &default
  adapter: postgresql
  host: <%= ENV.fetch("DB_HOST") { "localhost" } %>
development:
  <<: *default
  database: shop_development
test:
  <<: *default
  database: shop_test
production:
  <<: *default
  url: <%= ENV['DATABASE_URL'] %>
`;

const ROWS: readonly Row[] = [
  {
    note: 'the file of the environment that was asked for',
    loader: 'laravel',
    words: ['env=testing'],
    files: {
      '.env': 'DB_CONNECTION=pgsql\nDB_HOST=live.example\n',
      '.env.testing': 'DB_CONNECTION=sqlite\nDB_DATABASE=:memory:\n',
    },
    want: ['sqlite :0/:memory: memory'],
    settled: true,
  },
  {
    note: 'the live file where the one that was asked for is not there',
    loader: 'laravel',
    words: ['env=testing'],
    files: { '.env': 'DB_CONNECTION=pgsql\nDB_HOST=live.example\nDB_DATABASE=shop\n', 'config/database.php': LARAVEL },
    want: ['postgres live.example:5432/shop remote'],
    settled: true,
  },
  {
    note: 'a variable of the process stands above the file',
    loader: 'laravel',
    environment: { DB_HOST: 'other.example' },
    files: { '.env': 'DB_CONNECTION=mysql\nDB_HOST=localhost\nDB_DATABASE=shop\n' },
    want: ['mysql other.example:3306/shop remote'],
    settled: true,
  },
  {
    note: 'where the variables of the agent are not seen, they could be anything',
    loader: 'laravel',
    environment: 'unseen',
    files: { '.env': 'DB_CONNECTION=mysql\nDB_HOST=localhost\nDB_DATABASE=shop\n' },
    want: ['mysql localhost:3306/shop loopback'],
    settled: false,
  },
  {
    note: 'a cached configuration makes the files void',
    loader: 'laravel',
    files: { '.env': 'DB_CONNECTION=sqlite\nDB_DATABASE=:memory:\n', 'bootstrap/cache/config.php': '<?php return [];' },
    want: ['sqlite :0/:memory: memory'],
    settled: false,
  },
  {
    note: 'a configuration that has the host in it',
    loader: 'laravel',
    files: {
      '.env': 'DB_CONNECTION=pgsql\nDB_HOST=localhost\nDB_DATABASE=x\n',
      'config/database.php': LARAVEL.replace("env('DB_HOST')", "'db.example'"),
    },
    want: ['postgres localhost:5432/x loopback'],
    settled: false,
  },
  {
    note: 'the schema says which variable, `.env` what it is',
    loader: 'prisma',
    files: {
      'prisma/schema.prisma': SCHEMA,
      '.env': 'DATABASE_URL="postgresql://u:p@localhost:5433/dev?schema=public"',
    },
    want: ['postgres localhost:5433/dev loopback'],
    settled: true,
  },
  {
    note: 'what changes the schema goes by directUrl',
    loader: 'prisma',
    files: {
      'prisma/schema.prisma': SCHEMA.replace('}', '  directUrl = env("DIRECT_URL")\n}'),
      '.env': 'DATABASE_URL=postgres://localhost/pooled\nDIRECT_URL=postgres://db.example/live\n',
    },
    want: ['postgres db.example:5432/live remote'],
    settled: true,
  },
  {
    note: 'a configuration in code is not run, and could say anything',
    loader: 'prisma',
    files: {
      'prisma/schema.prisma': SCHEMA,
      '.env': 'DATABASE_URL=postgres://localhost/x',
      'prisma.config.ts': 'export default {}',
    },
    want: ['postgres localhost:5432/x loopback'],
    settled: false,
  },
  {
    note: 'a commented line of the schema is none',
    loader: 'prisma',
    files: {
      'prisma/schema.prisma': SCHEMA.replace('  url', '  // url = "postgres://localhost/x"\n  url'),
      '.env': 'DATABASE_URL=postgres://db.example/x',
    },
    want: ['postgres db.example:5432/x remote'],
    settled: true,
  },
  {
    note: 'a host in the query is the host',
    loader: 'url',
    words: ['url=postgres://localhost/x?host=db.example'],
    want: ['postgres db.example:5432/x remote'],
    settled: true,
  },
  { note: 'several hosts', loader: 'url', words: ['url=postgres://localhost,db.example/x'], want: [], settled: false },
  {
    note: 'a service inside an address',
    loader: 'url',
    words: ['url=postgres://localhost/x?service=live'],
    want: [],
    settled: false,
  },
  {
    note: 'sqlite by four slashes is absolute, by three relative',
    loader: 'url',
    words: ['url=sqlite:///data/x.db'],
    want: ['sqlite data/x.db file'],
    settled: true,
  },
  {
    note: 'a value that refers to what only the loader knows',
    loader: 'url',
    files: { '.env': `DATABASE_URL=postgres://\${HOST_OF_ALL}/x` },
    want: [],
    settled: false,
  },
  {
    note: 'a value that refers to a line above it',
    loader: 'url',
    files: { '.env': `H=localhost\nDATABASE_URL=postgres://\${H}/x` },
    want: ['postgres localhost:5432/x loopback'],
    settled: true,
  },
  {
    note: 'one name with two values',
    loader: 'url',
    files: { '.env': 'DATABASE_URL=postgres://localhost/x\nDATABASE_URL=postgres://db.example/x' },
    want: [],
    settled: false,
  },
  {
    note: 'development takes the test database along',
    loader: 'rails',
    files: { 'config/database.yml': YAML },
    want: ['postgres localhost:5432/shop_development loopback', 'postgres localhost:5432/shop_test loopback'],
    settled: true,
  },
  {
    note: 'another environment stands alone',
    loader: 'rails',
    words: ['env=test'],
    files: { 'config/database.yml': YAML },
    want: ['postgres localhost:5432/shop_test loopback'],
    settled: true,
  },
  {
    note: 'a variable in the file',
    loader: 'rails',
    words: ['$RAILS_ENV=test'],
    environment: { DB_HOST: 'db.example' },
    files: { 'config/database.yml': YAML },
    want: ['postgres db.example:5432/shop_test remote'],
    settled: true,
  },
  {
    note: 'code in the file is not run',
    loader: 'rails',
    words: ['env=test'],
    files: { 'config/database.yml': YAML.replace('shop_test', "<%= File.read('name') %>") },
    want: ['postgres localhost:5432/ loopback'],
    settled: false,
  },
  {
    note: 'a file of aliases in aliases is refused',
    loader: 'rails',
    words: ['env=test'],
    files: {
      'config/database.yml': `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\ntest: [*c,*c,*c]\n`,
    },
    want: [],
    settled: false,
  },
  {
    note: 'DATABASE_URL stands above the file',
    loader: 'rails',
    words: ['env=test', '$DATABASE_URL=postgres://db.example/live'],
    files: { 'config/database.yml': YAML },
    want: ['postgres db.example:5432/live remote'],
    settled: true,
  },
  {
    note: 'no host at all is the socket of this machine',
    loader: 'libpq',
    words: ['database=app'],
    want: ['postgres :5432/app socket'],
    settled: true,
  },
  {
    note: 'a host of the environment',
    loader: 'libpq',
    words: ['database=app'],
    environment: { PGHOST: 'db.example', PGPORT: '6000' },
    want: ['postgres db.example:6000/app remote'],
    settled: true,
  },
  {
    note: 'a host of the command',
    loader: 'libpq',
    words: ['host=localhost', 'database=app'],
    environment: { PGHOST: 'db.example' },
    want: ['postgres localhost:5432/app loopback'],
    settled: true,
  },
  {
    note: 'a variable that the command takes away',
    loader: 'libpq',
    words: ['database=app', '!PGHOST='],
    environment: { PGHOST: 'localhost' },
    want: ['postgres :5432/app socket'],
    settled: true,
  },
  {
    note: 'a variable of the shell that nobody passes on',
    loader: 'libpq',
    words: ['database=app', '?PGHOST=localhost'],
    want: ['postgres :5432/app socket'],
    settled: true,
  },
  {
    note: 'an address beside the host of the environment',
    loader: 'libpq',
    words: ['database=app'],
    environment: { PGHOST: 'localhost', PGHOSTADDR: '10.0.0.9' },
    want: ['postgres 10.0.0.9:5432/app remote'],
    settled: true,
  },
  {
    note: 'a service by its file',
    loader: 'libpq',
    words: ['$PGSERVICE=live'],
    files: { 'home/.pg_service.conf': '[dev]\nhost=localhost\n[live]\nhost=db.example\ndbname=shop\n' },
    want: ['postgres db.example:5432/shop remote'],
    settled: true,
  },
  {
    note: 'settings of libpq in one word',
    loader: 'libpq',
    words: ["database=host=db.example dbname='the shop'"],
    want: ['postgres db.example:5432/the shop remote'],
    settled: true,
  },
  {
    note: 'django is code: shown, and never settled',
    loader: 'django',
    files: {
      'manage.py': "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
      'shop/settings.py':
        "DATABASES = {\n 'default': {\n  'ENGINE': 'django.db.backends.postgresql',\n  'NAME': os.environ.get('DB_NAME', 'shop'),\n  'HOST': 'localhost',\n }\n}\n",
    },
    want: ['postgres localhost:5432/shop loopback'],
    settled: false,
  },
  {
    note: 'knex and its like are code',
    loader: 'code',
    files: { '.env': 'DATABASE_URL=postgres://localhost/x' },
    want: ['postgres localhost:5432/x loopback'],
    settled: false,
  },
  {
    note: 'an address in the command settles it for them too',
    loader: 'code',
    words: ['url=mysql://localhost/x'],
    want: ['mysql localhost:3306/x loopback'],
    settled: true,
  },
];

for (const { note, files, environment, loader, words, want, settled } of ROWS) {
  test(`${loader}: ${note}`, async () => {
    const ground = new Ground(files);
    ground.environment = environment === 'unseen' ? undefined : (environment ?? {});
    const answer = await ground.database(loader, words);
    assert.ok(isKnown(answer), JSON.stringify(answer));
    assert.deepEqual(
      answer.known.connections.map((one) => shortly(one, ground.project)),
      want,
    );
    assert.equal(answer.known.unsettled === undefined, settled, answer.known.unsettled);
  });
}

function shortly(one: ConnectionFact['connections'][number], project: string): string {
  if (one.place === 'file') return `${one.system} ${one.database.replace(`${project}/`, '')} file`;
  return `${one.system} ${one.host}:${one.port}/${one.database} ${one.place}`;
}

test('no secret is in an answer', async () => {
  const ground = new Ground({
    '.env': 'DATABASE_URL=postgres://ann:s3cret@db.example/x',
    'home/.pgpass': '*:*:*:*:s3cret',
  });
  for (const answer of [
    await ground.database('url'),
    await ground.database('url', ['url=postgres://ann:***@localhost:1/x'], 'psql postgres://ann:s3cret@localhost:1/x'),
    await ground.database('libpq', ['host=localhost', 'port=1', '$PGPASSWORD=s3cret']),
  ])
    assert.equal(JSON.stringify(answer).includes('s3cret'), false);
});

test('what people signed counts, a database before its server; the file only makes production', async () => {
  const ground = new Ground();
  ground.declared = declarations({
    'postgres/server/localhost:1': 'staging',
    'postgres/database/127.0.0.1:1/shop': 'throwaway',
    'postgres/database/localhost:1/broken': 'damaged',
  });
  const said = async (database: string): Promise<unknown> => {
    const answer = await ground.database('libpq', ['host=localhost', 'port=1', `database=${database}`]);
    return isKnown(answer) ? { ...answer.known, connections: answer.known.connections[0]?.declared } : answer;
  };
  const shop = { environment: 'throwaway', kind: 'throwaway', signer: 'ada' };
  assert.deepEqual(await said('shop'), {
    environments: [{ id: 'throwaway', name: 'throwaway', production: false }],
    by: 'declared',
    connections: shop,
  });
  assert.deepEqual(((await said('other')) as { readonly connections: unknown }).connections, {
    environment: 'staging',
    kind: 'other',
    signer: 'ada',
  });
  assert.deepEqual(await said('broken'), { unknown: 'it was edited' });

  const live = { server: '127.0.0.1:1', database: 'shop*', environment: 'live' };
  ground.write({ 'config/environments.json': JSON.stringify({ version: 1, production: { databases: [live] } }) });
  assert.deepEqual(await said('shop'), {
    environments: [{ id: 'live', name: 'live', production: true }],
    by: 'declared',
    connections: { environment: 'live', kind: 'production' },
  });
  ground.write({ 'config/environments.json': '{"version":1,"production":{"databases":[{"server":"x"}]}}' });
  assert.match(JSON.stringify(await said('shop')), /"unknown":"environments.json: production/);
});

test('a file that nobody signed cannot say that something may be lost', async () => {
  for (const content of [
    { version: 1, databases: [{ server: 'localhost:1', environment: 'dev', kind: 'throwaway' }] },
    { version: 1, production: { databases: [{ systemIdentifier: '7', environment: 'x', kind: 'throwaway' }] } },
    { version: 1, throwaway: { databases: [{ server: 'localhost:1', environment: 'dev' }] } },
  ]) {
    const ground = new Ground({ 'config/environments.json': JSON.stringify(content) });
    assert.ok('unknown' in (await ground.database('libpq', ['host=localhost', 'port=1', 'database=x'])));
  }
});

test('SQL inside something else has a connection of its own, which nobody guesses', async () => {
  const { makeDatabaseVerifier } = await import('../../../src/adapters/connections/database-verifier.ts');
  const ground = new Ground({ '.env': 'DATABASE_URL=sqlite::memory:' });
  const question = { check: 'environment', about: { system: 'postgres', kind: 'database', path: [''] } } as const;
  const ask = async (kind: 'sql' | 'shell' | 'mcp' | 'http') =>
    (
      await makeDatabaseVerifier(ground.options()).answer(
        question,
        ground.attempt('x', kind),
        new AbortController().signal,
      )
    ).answer;
  assert.ok('known' in (await ask('sql')));
  for (const kind of ['shell', 'mcp', 'http'] as const) assert.ok('unknown' in (await ask(kind)), kind);
});
