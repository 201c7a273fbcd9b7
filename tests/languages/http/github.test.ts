import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { GITHUB_DOCUMENTATION, GITHUB_OPERATIONS } from '../../../src/catalog/providers/github.ts';
import { GITHUB_MUTATIONS } from '../../../src/catalog/providers/github-mutations.ts';
import { dangerOf, worstDanger } from '../../../src/core/danger.ts';
import { resourceKey } from '../../../src/core/resource.ts';
import { describedApis } from '../../../src/languages/described-apis.ts';
import { makeHttpReader } from '../../../src/languages/http/read-http.ts';
import { loadSqlParser } from '../../../src/languages/sql/read-sql.ts';
import { actionOf, describeReading, NO_FACTS, runScenarios } from '../api-scenarios.ts';

const read = makeHttpReader({ apis: describedApis([], ['ghe.corp.example']) });

describe('github scenarios', () => {
  before(loadSqlParser);
  runScenarios('http-github.jsonl', 'http', read);
});

describe('github catalogue', () => {
  before(loadSqlParser);

  it('lists each operation once, and finds each under its own name', () => {
    const names = GITHUB_OPERATIONS.map((one) => one.name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length > 150 && GITHUB_MUTATIONS.size > 80, 'the catalogue is there');
    for (const operation of GITHUB_OPERATIONS) {
      const [method = '', path = ''] = operation.name.split(' ');
      const url = `https://api.github.com${path.replace(/\{ref\+\}/, 'heads/x').replace(/\{[^}]+\}/g, 'x1')}`;
      const reading = read(actionOf('http', { method, url }), NO_FACTS);
      assert.ok(
        reading.effects.some((effect) => effect.source === `github:${operation.name}`),
        `${operation.name}\n${describeReading(reading)}`,
      );
    }
  });

  it('has words about every kind that it asks documentation for', () => {
    for (const { asks, kind } of GITHUB_OPERATIONS)
      if (asks.includes('documentation'))
        for (const one of kind === 'ref' ? ['branch', 'tag'] : [kind]) assert.ok(GITHUB_DOCUMENTATION.has(one), one);
  });

  it('knows an Enterprise Server where a person declared its host, and nowhere else', () => {
    const opened = (host: string): string => {
      const input = { method: 'POST', url: `https://${host}/api/v3/repos/acme/shop/issues`, body: '{"title":"x"}' };
      return worstDanger(read(actionOf('http', input), NO_FACTS).effects);
    };
    assert.deepEqual([opened('ghe.corp.example'), opened('git.other.example')], ['harmless', 'opaque']);
  });

  it('never finds a deletion harmless that is not undone or made again', () => {
    for (const { name, verb, reversal } of [...GITHUB_OPERATIONS, ...GITHUB_MUTATIONS.values()]) {
      const method = name.split(' ')[0];
      if (method === 'DELETE') assert.ok(verb === 'destroy' || verb === 'change', name);
      if (/^delete[A-Z]/.test(name)) assert.equal(verb, 'destroy', name);
      assert.ok(!(verb === 'destroy' && reversal === 'undoable') || name.startsWith('DELETE '), name);
    }
  });

  it('gives the same target however the path is written, or holds', () => {
    const encode = (text: string, every: boolean): string =>
      every ? [...text].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('') : text;
    fc.assert(
      fc.property(
        fc.constantFrom('', '/', '//'),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom('', '/./', '/x/../'),
        fc.constantFrom('', '?x=1', '#x'),
        (tail, encodesOwner, encodesRepos, dots, rest) => {
          const path = `${dots === '' ? '/' : dots}${encode('repos', encodesRepos)}/${encode('acme', encodesOwner)}/shop${tail}${rest}`;
          const reading = read(actionOf('http', { method: 'DELETE', url: `https://api.github.com${path}` }), NO_FACTS);
          const keys = reading.effects.map((effect) =>
            'known' in effect.target ? resourceKey(effect.target.known) : '',
          );
          assert.ok(keys.includes('github/repository/github.com/acme/shop'), `${path}\n${describeReading(reading)}`);
          assert.equal(worstDanger(reading.effects), 'destructive');
        },
      ),
    );
  });

  it('holds whatever mutates and is not listed', () => {
    const segment = fc.stringMatching(/^[a-z]{3,8}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
        fc.array(segment, { minLength: 1, maxLength: 6 }),
        (method, path) => {
          const reading = read(
            actionOf('http', { method, url: `https://api.github.com/zzz/${path.join('/')}` }),
            NO_FACTS,
          );
          assert.ok(
            reading.effects.some((effect) => dangerOf(effect) !== 'harmless'),
            describeReading(reading),
          );
        },
      ),
    );
  });
});
