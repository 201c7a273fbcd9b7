import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { worstDanger } from '../../../src/core/danger.ts';
import { resourceKey } from '../../../src/core/resource.ts';
import { describedApis } from '../../../src/languages/described-apis.ts';
import { openApiIndex } from '../../../src/languages/http/openapi/openapi-index.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadSqlParser, readSql } from '../../../src/languages/sql/read-sql.ts';
import { loadPrograms } from '../../program-parser.ts';
import { actionOf, describeReading, NO_FACTS } from '../api-scenarios.ts';

await loadPrograms();

const index = openApiIndex(
  { openapi: '3.0.0', paths: { '/next': { get: { summary: 'Fetches and deletes the next task' } } } },
  ['api.acme.example'],
);
assert.ok(index.ok);
const http = makeHttpReader({
  apis: describedApis(
    [
      {
        name: 'acme',
        hosts: ['api.acme.example'],
        trust: 'declared',
        index: { kind: 'openapi', openapi: index.index },
      },
    ],
    ['ghe.corp.example'],
  ),
});
const read = makeShellReader({ sql: readSql, http });

const REPOSITORY = 'github/repository/github.com/acme/shop';
/** The same request, by `gh` and by `curl`. */
const SAME: readonly (readonly [string, string, string])[] = [
  ['gh api -X DELETE repos/acme/shop', 'curl -X DELETE https://api.github.com/repos/acme/shop', REPOSITORY],
  ['gh api --method DELETE /repos/acme/shop', 'curl -XDELETE https://api.github.com/repos/ACME/shop', REPOSITORY],
  [
    'gh api -X PATCH repos/acme/shop/git/refs/heads/main -f sha=aa -F force=true',
    `curl -X PATCH https://api.github.com/repos/acme/shop/git/refs/heads/main -d '{"sha":"aa","force":true}'`,
    'github/branch/github.com/acme/shop/main',
  ],
  [
    `gh api graphql -f query='mutation($i: ID!) { deleteRef(input: {refId: $i}) { clientMutationId } }' -f i=R1`,
    `curl https://api.github.com/graphql -d '{"query":"mutation($i: ID!) { deleteRef(input: {refId: $i}) { clientMutationId } }","variables":{"i":"R1"}}'`,
    'github/ref-node/github.com/R1',
  ],
  [
    'gh api --hostname ghe.corp.example -X DELETE repos/acme/shop',
    'curl -X DELETE https://ghe.corp.example/api/v3/repos/acme/shop',
    'github/repository/ghe.corp.example/acme/shop',
  ],
];

const ALONE: readonly (readonly [string, string])[] = [
  ['gh api repos/acme/shop/pulls', 'harmless'],
  ['gh api repos/{owner}/{repo}/issues -f title=x -f body="drop table"', 'harmless'],
  ['gh api repos/acme/shop/issues/1/labels -f "labels[]=bug" -f "labels[]=ui"', 'harmless'],
  ['gh api -X GET search/issues -f q="repo:acme/shop delete"', 'harmless'],
  ['gh api graphql -f query="{ viewer { login } }"', 'harmless'],
  ['gh api -X PATCH repos/acme/shop -f description=x', 'harmless'],
  ['gh api -X PATCH repos/acme/shop -F private=false', 'destructive'],
  ['gh api -X PATCH repos/acme/shop -F private=$P', 'destructive'],
  ['gh api -X PATCH repos/acme/shop --input settings.json', 'destructive'],
  [`echo '{"archived":true}' | gh api -X PATCH repos/acme/shop --input -`, 'destructive'],
  ['gh api -X DELETE "repos/{owner}/{repo}/branches/main/protection"', 'destructive'],
  ['gh api -X POST repos/acme/shop/teleport', 'opaque'],
  ['curl https://api.acme.example/next', 'destructive'],
  ['curl https://api.acme.example/other', 'harmless'],
];

describe('GitHub from the shell', () => {
  before(loadSqlParser);

  for (const [gh, curl, target] of SAME)
    it(`reads \`${gh}\` as its curl`, () => {
      const keys = [gh, curl].map((command) => {
        const reading = read(actionOf('shell', command), NO_FACTS);
        assert.equal(worstDanger(reading.effects), 'destructive', describeReading(reading));
        return reading.effects.flatMap((effect) =>
          effect.source.startsWith('github:') && 'known' in effect.target
            ? [`${effect.verb} ${resourceKey(effect.target.known)} ${effect.source}`]
            : [],
        );
      });
      assert.deepEqual(keys[0], keys[1]);
      assert.ok(
        keys[0]?.some((key) => key.includes(target)),
        keys[0]?.join('\n'),
      );
    });

  for (const [command, want] of ALONE)
    it(`${want}: ${command}`, () => {
      const reading = read(actionOf('shell', command), NO_FACTS);
      assert.equal(worstDanger(reading.effects), want, describeReading(reading));
    });
});
