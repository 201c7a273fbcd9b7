import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { type Danger, worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadPrograms } from '../../program-parser.ts';
import { dangerIn, type SeenWorld } from './seen-world.ts';

await loadPrograms();

const read = makeShellReader({});
const byText = (text: string): Danger =>
  worstDanger(
    read(
      { kind: 'shell', bytes: new TextEncoder().encode(text) },
      { workspace: '', cwd: '', fact: () => unknown('judged by text alone') },
    ).effects,
  );

for (const command of [
  'env | wc -l',
  'env | grep -c TOKEN',
  'env | grep -q GITHUB_TOKEN && echo set',
  'env | cut -d= -f1',
  "printenv | cut -d '=' -f 1 | sort",
  "env | sed 's/=.*//'",
  "set | sed -e 's/=.*$/=***/'",
  "env | awk -F= '{print $1}'",
  "env | sort | awk -F '=' '{ print $1 }' | head -20",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell text
  'env | while read -r line; do echo "${line%%=*}"; done',
  'env | grep PATH',
  'env | sha256sum',
])
  test(`shows no values: ${command}`, () => assert.equal(byText(command), 'harmless'));

for (const command of [
  'env',
  'env | sort',
  "env | sed 's/a/b/'",
  "env | sed 's/=.*/&/'",
  "env | sed 's/^/> /'",
  "env | awk '{print}'",
  "env | awk -F= '{print $1, $2}'",
  "env | awk -F= '{print $1; print}'",
  "env | awk -F= '{print $NF}'",
  'env | cut -d= -f2',
  'env | cut -d= -f1-',
  'env | cut -c1-200',
  'env | grep -i key',
  'env | jq -R .',
  'env | tac | head',
  `awk 'BEGIN { print ENVIRON["GITHUB_TOKEN"] }'`,
])
  test(`shows values: ${command}`, () => assert.equal(byText(command), 'destructive'));

const serves = (production: boolean, by: string): Json => ({
  environments: [{ id: 'e', name: 'e', production }],
  by,
});
const about = (fact: Json): SeenWorld => ({
  facts: { 'environment:s3://ci-cache/x': fact, 'environment:s3://uploads/x': fact, 'environment:dev-cluster': fact },
});

test('who knows what a name serves decides; the name only while nobody does', () => {
  const inside = 'aws s3 rm s3://ci-cache/x --recursive';
  const outside = 'aws s3 rm s3://uploads/x --recursive';
  assert.equal(byText(inside), 'harmless');
  assert.equal(byText(outside), 'destructive');
  assert.equal(byText('aws s3 rm s3://prod-test/x'), 'destructive');
  assert.equal(byText('aws s3 rm s3://staging-uploads/x'), 'destructive');
  for (const by of ['provider', 'declared', 'claimed'])
    assert.equal(dangerIn(about(serves(true, by)), inside), 'destructive', by);
  assert.equal(dangerIn(about(serves(false, 'provider')), outside), 'harmless');
  assert.equal(dangerIn(about(serves(false, 'declared')), outside), 'harmless');
  assert.equal(dangerIn(about(serves(false, 'claimed')), outside), 'destructive');
  assert.equal(byText('kubectl config use-context dev-cluster'), 'harmless');
  assert.equal(byText('kubectl config use-context prod-dev'), 'destructive');
  assert.equal(dangerIn(about(serves(true, 'declared')), 'kubectl config use-context dev-cluster'), 'destructive');
});

const laravel = (texts: { readonly [name: string]: string }): SeenWorld => ({
  texts: Object.fromEntries(Object.entries(texts).map(([name, text]) => [`/w/${name}`, text])),
});
const MEMORY = 'DB_CONNECTION=sqlite\nDB_DATABASE=":memory:" # nothing kept\n';
const LIVE = 'DB_CONNECTION=pgsql\nDB_HOST=live.example\n';
const FRESH = 'php artisan migrate:fresh --env=testing';

for (const [note, files, command, danger] of [
  ['its own file, in memory', { '.env': LIVE, '.env.testing': MEMORY }, FRESH, 'harmless'],
  ['no file of its own: the live one', { '.env': LIVE }, FRESH, 'destructive'],
  ['no file at all', {}, FRESH, 'destructive'],
  ['a database in a file', { '.env.testing': 'DB_CONNECTION=sqlite\nDB_DATABASE=test.sqlite\n' }, FRESH, 'destructive'],
  ['an address beside it', { '.env.testing': `${MEMORY}DB_URL=mysql://live.example/app\n` }, FRESH, 'destructive'],
  ['the last of a name counts', { '.env.testing': `${MEMORY}DB_CONNECTION=mysql\n` }, FRESH, 'destructive'],
  ['settings cached before', { '.env.testing': MEMORY, 'bootstrap/cache/config.php': '<?php' }, FRESH, 'destructive'],
  ['chosen in the command', { '.env.testing': MEMORY }, `DB_CONNECTION=mysql ${FRESH}`, 'destructive'],
  ['another connection', { '.env.testing': MEMORY }, `${FRESH} --database=mysql`, 'destructive'],
  [
    'written in the command',
    { '.env.testing': MEMORY },
    `echo DB_CONNECTION=mysql > .env.testing; ${FRESH}`,
    'destructive',
  ],
  ['another environment', { '.env': LIVE, '.env.testing': MEMORY }, 'php artisan migrate:fresh', 'destructive'],
  [
    'the project beside',
    { '.env.testing': MEMORY, 'b/.env.testing': LIVE },
    'php b/artisan migrate:fresh --env=testing',
    'destructive',
  ],
] as const)
  test(`the settings file in effect: ${note}`, () => assert.equal(dangerIn(laravel(files), command), danger));
