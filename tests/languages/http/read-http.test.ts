import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { worstDanger } from '../../../src/core/danger.ts';
import { resourceKey } from '../../../src/core/resource.ts';
import { readHttp } from '../../../src/languages/http/read-http.ts';
import { loadSqlParser } from '../../../src/languages/sql/read-sql.ts';
import { actionOf, describeReading, NO_FACTS, runScenarios } from '../api-scenarios.ts';

describe('http scenarios', () => {
  before(loadSqlParser);
  runScenarios('http-requests.jsonl', 'http', readHttp);
});

describe('http reader', () => {
  before(loadSqlParser);

  it('keeps the effect of volumeDelete however the request carries it', () => {
    const query = 'mutation X { a: volumeDelete(volumeId: "v1") }';
    const read = { query: '{ me { id } }' };
    const url = fc.constantFrom(
      'https://backboard.railway.com/graphql/v2',
      'https://backboard.railway.app/graphql/v2/',
      'https://BACKBOARD.railway.com./graphql/./v2',
      'http://backboard.railway.com:80//graphql/v2#x',
      'https://x@backboard.railway.com/%67raphql/v2',
    );
    const carried = fc.constantFrom(
      { method: 'POST', body: JSON.stringify({ query }) },
      {
        method: 'post',
        body: ` \n${JSON.stringify({ operationName: 'Y', query })}`,
        headers: { 'Content-Type': 'text/plain' },
      },
      { method: 'POST', body: JSON.stringify([read, { query }, read]) },
      { method: 'POST', body: query, headers: { 'Content-Type': 'application/graphql; charset=utf-8' } },
      { method: 'POST', body: query },
      { method: 'PUT', body: JSON.stringify({ query }) },
      { method: 'GET', search: `?query=${encodeURIComponent(query)}` },
      { method: 'POST', search: `?query=${encodeURIComponent(query)}` },
      {
        method: 'POST',
        body: new URLSearchParams({ query }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      {
        method: 'POST',
        body: `--q\r\nContent-Disposition: form-data; name=operations\r\n\r\n${JSON.stringify([{ query }])}\r\n--q--`,
        headers: { 'content-type': 'multipart/form-data; boundary="q"' },
      },
    );
    fc.assert(
      fc.property(
        url,
        carried,
        (
          base,
          {
            search = '',
            ...request
          }: { method: string; body?: string; search?: string; headers?: Record<string, string> },
        ) => {
          const [before = '', fragment] = base.split('#');
          const reading = readHttp(
            actionOf('http', { ...request, url: `${before}${search}${fragment === undefined ? '' : `#${fragment}`}` }),
            NO_FACTS,
          );
          const keys = reading.effects.map((effect) =>
            'known' in effect.target ? resourceKey(effect.target.known) : '',
          );
          assert.ok(keys.includes('railway/volume/v1'), `${JSON.stringify(request)}\n${describeReading(reading)}`);
        },
      ),
    );
  });

  it('never throws', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'https://a.example/%',
        'https://a.example/%ff/..;/x',
        'http://[::1]:1/x?query=%7B',
        '[]',
        '{}',
        '[{"jsonrpc":"2.0","method":"x"}]',
        '--b',
      ),
    );
    fc.assert(
      fc.property(
        text,
        text,
        fc.option(text),
        fc.dictionary(fc.constantFrom('host', 'content-type', 'x-amz-target', 'content-encoding'), text),
        (method, url, body, headers) => {
          const bytes = new TextEncoder().encode(
            JSON.stringify({ method, url, headers, ...(body === null ? {} : { body }) }),
          );
          assert.ok(Array.isArray(readHttp({ kind: 'http', bytes }, NO_FACTS).effects));
        },
      ),
    );
    assert.equal(worstDanger(readHttp({ kind: 'http', bytes: Uint8Array.of(0xff) }, NO_FACTS).effects), 'opaque');
  });

  it('ends for a request in a call in a request', () => {
    let url = 'https://a.example/mcp';
    let body = '';
    for (let i = 0; i < 40; i += 1) {
      body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'fetch', arguments: { url, method: 'POST', body: body || '{}' } },
      });
      url = 'https://a.example/mcp';
      if (body.length > 200_000) break;
    }
    assert.notEqual(
      worstDanger(readHttp(actionOf('http', { method: 'POST', url, body }), NO_FACTS).effects),
      'harmless',
    );
  });
});
