import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { buildSchema, graphqlSync } from 'graphql';
import { openApiDocuments } from '../../../src/adapters/documents/api-documents.ts';
import { makeDocumentationVerifier } from '../../../src/adapters/documents/documentation-verifier.ts';
import { faultOfUrl, INTROSPECTION } from '../../../src/adapters/documents/fetch-document.ts';
import { describeDocuments } from '../../../src/apps/described-documents.ts';
import { type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import { digestOfBytes } from '../../../src/core/digest.ts';
import { describeFact } from '../../../src/core/fact-words.ts';
import { apiDifferences } from '../../../src/languages/api-differences.ts';
import type { ApiDocuments } from '../../../src/ports/api-documents.ts';
import { verifierContract } from '../../contracts/verifier.ts';

const DOCUMENT = JSON.stringify({
  openapi: '3.0.0',
  paths: {
    '/volumes/{id}': { delete: { operationId: 'deleteVolume', summary: 'Delete a volume', description: 'For good.' } },
  },
});
const digestOf = (text: string): string => digestOfBytes(new TextEncoder().encode(text));

interface Place {
  readonly folder: string;
  readonly cache: string;
  write(name: string, value: unknown): string;
  open(): ApiDocuments;
}

async function inPlace(body: (place: Place) => Promise<void> | void): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), 'hp-apis-'));
  const folder = path.join(root, 'apis');
  const cache = path.join(root, 'cache');
  mkdirSync(folder);
  const clock = { nowMs: () => 1_800_000_000_000, monotonicMs: () => 1_000_000 };
  try {
    await body({
      folder,
      cache,
      write(name, value) {
        const file = path.join(folder, name);
        writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600 });
        return file;
      },
      open: () => openApiDocuments({ folder, cache, clock, compare: apiDifferences }),
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function acme(extra: object): object {
  return {
    version: 1,
    name: 'acme',
    hosts: ['API.acme.example'],
    kind: 'openapi',
    source: '../acme.openapi.json',
    ...extra,
  };
}

/** Serves what `answer` says at the moment; counts requests and their headers. */
async function serve(
  answer: () => { status?: number; body: string; headers?: Record<string, string> },
  body: (host: string, seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no credential'}`);
    const { status = 200, body: text, headers = {} } = answer();
    request.resume();
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body(`127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const NEVER = new AbortController().signal;

describe('documents of APIs', () => {
  it('takes a file by the digest that a person wrote down, and no other text of it', () =>
    inPlace(({ folder, write, open }) => {
      const file = path.join(folder, '../acme.openapi.json');
      writeFileSync(file, DOCUMENT);
      write('acme.json', acme({}));
      const before = open();
      assert.equal(before.documents.length, 0);
      assert.deepEqual(
        before.states().map((one) => [one.state, one.digest]),
        [['unconfirmed', digestOf(DOCUMENT)]],
      );

      write('acme.json', acme({ digest: digestOf(DOCUMENT) }));
      const [document] = open().documents;
      assert.deepEqual(
        [document?.text, document?.trust, document?.hosts],
        [DOCUMENT, 'declared', ['api.acme.example']],
      );

      // The file changes: what was confirmed stays, the change is shown.
      writeFileSync(file, DOCUMENT.replace('Delete a volume', 'Search volumes'));
      const changed = open();
      assert.equal(changed.documents[0]?.text, DOCUMENT);
      const [state] = changed.states();
      assert.deepEqual([state?.state, state?.differences], ['changed', ['`deleteVolume` is described otherwise']]);

      // Without a copy that fits, none is in effect.
      for (const one of readdirSync(path.join(folder, '../cache')))
        writeFileSync(path.join(folder, '../cache', one), 'forged');
      const forged = open();
      assert.equal(forged.documents.length, 0);
      assert.match(forged.states()[0]?.why ?? '', /not at hand/);
    }));

  it('believes no configuration that others may have written, or that says more than it may', () =>
    inPlace(({ folder, write, open }) => {
      chmodSync(write('a.json', acme({})), 0o666);
      const elsewhere = path.join(folder, '../elsewhere.json');
      writeFileSync(elsewhere, JSON.stringify(acme({})));
      symlinkSync(elsewhere, path.join(folder, 'b.json'));
      write('c.json', '{"version":1,"version":1}');
      write('d.json', acme({ name: 'github' }));
      write('e.json', acme({ hosts: ['https://x.example'] }));
      write('f.json', acme({ token: 'x' }));
      write('g.json', acme({ digest: 'abc' }));
      write('h.json', acme({ name: 'fine' }));
      write('i.json', acme({ name: 'fine' }));
      write('j.json', ' '.repeat(70_000));
      const states = open().states();
      assert.deepEqual(
        states.map((one) => [path.basename(one.file), one.state]),
        ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => [`${name}.json`, 'unusable']),
      );
      const why = states.map((one) => one.why ?? '');
      for (const [at, pattern] of [
        /others may write/,
        /plain file/,
        /duplicate key/,
        /known here/,
        /hosts/,
        /./,
        /digest/,
        /ENOENT/,
        /second/,
        /larger/,
      ].entries())
        assert.match(why[at] ?? '', pattern, String(at));
      assert.deepEqual(
        openApiDocuments({
          folder: '/nowhere',
          cache: '/nowhere',
          clock: { nowMs: () => 0, monotonicMs: () => 0 },
          compare: apiDifferences,
        }).states(),
        [],
      );
    }));

  it('fetches by URL without a credential, and keeps what a person confirmed', () =>
    inPlace(async ({ cache, write, open }) => {
      const now = { body: DOCUMENT };
      await serve(
        () => now,
        async (host, seen) => {
          const source = `http://${host}/openapi.json`;
          write('acme.json', acme({ source }));
          const first = open();
          assert.equal(first.states()[0]?.why, 'not fetched yet');
          await first.refresh(NEVER);
          assert.equal(first.states()[0]?.digest, digestOf(DOCUMENT));
          assert.equal(first.documents.length, 0, 'seen is not confirmed');

          write('acme.json', acme({ source, digest: digestOf(DOCUMENT) }));
          const second = open();
          assert.equal(second.documents[0]?.text, DOCUMENT, 'from the cache, without asking');
          now.body = DOCUMENT.replace('/volumes/{id}', '/disks/{id}');
          await second.refresh(NEVER);
          assert.deepEqual(
            second.states().map((one) => [one.state, one.differences]),
            [['changed', ['`deleteVolume` is described otherwise']]],
          );
          assert.equal(second.documents[0]?.text, DOCUMENT);
          for (let i = 0; i < 5; i += 1) {
            now.body = DOCUMENT.replace('For good.', `For good, ${i}.`);
            await second.refresh(NEVER);
          }
          assert.equal(readdirSync(cache).length, 2, 'the confirmed text and the one that is there now');
          assert.ok(seen.every((line) => line === 'GET /openapi.json no credential'));
        },
      );
      const down = open();
      await down.refresh(NEVER);
      assert.equal(down.documents[0]?.text, DOCUMENT, 'a server that is down takes nothing away');
      assert.match(down.states()[0]?.why ?? '', /cannot be reached/);
    }));

  it('introspects, and shows a schema that is another than the confirmed one', () =>
    inPlace(async ({ write, open }) => {
      const now = { sdl: 'type Query { a: Int } type Mutation { "Delete it." settle(id: ID!): Boolean }' };
      // A real server's answer to the very question that is asked.
      const answer = () => ({
        body: JSON.stringify(graphqlSync({ schema: buildSchema(now.sdl), source: INTROSPECTION })),
      });
      await serve(answer, async (host, seen) => {
        const configuration = {
          version: 1,
          name: 'shop',
          hosts: [host],
          kind: 'graphql',
          source: 'introspection',
          paths: ['/graphql'],
        };
        write('shop.json', configuration);
        const first = open();
        await first.refresh(NEVER);
        const digest = first.states()[0]?.digest ?? '';
        write('shop.json', { ...configuration, digest });
        const second = open();
        assert.equal(second.documents[0]?.trust, 'fetched');
        const described = describeDocuments(second.documents, second.githubHosts);
        assert.equal(described.textOf('shop', 'Mutation.settle'), 'Delete it.');
        now.sdl = now.sdl.replace('settle', 'explode');
        await second.refresh(NEVER);
        assert.deepEqual(second.states()[0]?.differences, ['`Mutation.explode` is new', '`Mutation.settle` is gone']);
        assert.ok(seen.every((line) => line === 'POST /graphql no credential'));
      });
    }));

  it('does not take what is no document: errors, redirects, too much, other schemes', () =>
    inPlace(async ({ write, open }) => {
      const now: { status?: number; body: string; headers?: Record<string, string> } = { body: '' };
      await serve(
        () => now,
        async (host) => {
          write('acme.json', acme({ source: `http://${host}/x`, digest: digestOf(DOCUMENT) }));
          for (const [answer, why] of [
            [{ status: 500, body: 'x' }, /status 500/],
            [{ status: 302, body: '', headers: { location: `http://${host}/y` } }, /cannot be reached/],
            [{ status: 200, body: 'x'.repeat(33 * 1024 * 1024) }, /larger than/],
          ] as const) {
            delete now.headers;
            Object.assign(now, answer);
            const documents = open();
            await documents.refresh(NEVER);
            assert.equal(documents.documents.length, 0);
            assert.match(documents.states()[0]?.why ?? '', why);
          }
        },
      );
      for (const url of [
        'http://x.example/a',
        'ftp://x.example',
        'https://user:pw@x.example/',
        'nonsense',
        'file:///etc/passwd',
      ])
        assert.notEqual(faultOfUrl(url), undefined, url);
      assert.equal(faultOfUrl('https://x.example/openapi.json'), undefined);
    }));

  it('declares an Enterprise Server by its host alone', () =>
    inPlace(({ write, open }) => {
      write('ghe.json', { version: 1, kind: 'github', hosts: ['ghe.corp.example'], declaredBy: 'ops' });
      const documents = open();
      assert.deepEqual(documents.githubHosts, ['ghe.corp.example']);
      assert.deepEqual(
        documents.states().map((one) => [one.kind, one.state]),
        [['github', 'in-effect']],
      );
    }));
});

const attempt: Attempt = (() => {
  const action = { kind: 'http', bytes: new TextEncoder().encode('{}') } as const;
  const origin = { door: 'egress', person: 'p', agent: 'a', task: 't', workspace: '/w' } as const;
  return { ...origin, id: 'a1', atMs: 0, action, key: attemptKey(action, origin) };
})();

describe('documentation as evidence', () => {
  it('quotes the text with source and date, and says where the server tells another story', async () => {
    const changed = { value: false };
    const documents: ApiDocuments = {
      documents: [
        {
          name: 'acme',
          hosts: ['a.example'],
          kind: 'openapi',
          paths: [],
          trust: 'declared',
          text: DOCUMENT,
          digest: digestOf(DOCUMENT),
          from: 'https://a.example/openapi.json',
          atMs: Date.UTC(2026, 4, 1),
        },
      ],
      githubHosts: [],
      states: () =>
        changed.value
          ? [
              {
                file: 'f',
                name: 'acme',
                hosts: [],
                kind: 'openapi',
                from: 'f',
                state: 'changed',
                differences: ['`x` is new'],
              },
            ]
          : [],
      refresh: () => Promise.resolve(),
    };
    const described = describeDocuments(documents.documents, []);
    const verifier = makeDocumentationVerifier({
      documents,
      clock: { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 },
      textOf: described.textOf,
    });
    const question = {
      check: 'documentation',
      about: { system: 'api', kind: 'operation', path: ['acme', 'deleteVolume'] },
    } as const;
    const words = async () => describeFact(await verifier.answer(question, attempt, NEVER)).text;
    assert.equal(
      await words(),
      'documentation, quoted (https://a.example/openapi.json, as of 2026-05-01): “Delete a volume — For good.”',
    );
    changed.value = true;
    assert.match(await words(), /describes itself otherwise by now: `x` is new/);
  });
});

verifierContract('documentation verifier', () => {
  const documents: ApiDocuments = {
    documents: [
      {
        name: 'acme',
        hosts: ['a.example'],
        kind: 'openapi',
        paths: [],
        trust: 'declared',
        text: DOCUMENT,
        digest: '',
        from: 'f',
        atMs: 0,
      },
    ],
    githubHosts: [],
    states: () => [],
    refresh: () => Promise.resolve(),
  };
  const about = (operation: string) => ({ system: 'api', kind: 'operation', path: ['acme', operation] });
  return Promise.resolve({
    verifier: makeDocumentationVerifier({
      documents,
      clock: { nowMs: () => 5, monotonicMs: () => 5 },
      textOf: describeDocuments(documents.documents, []).textOf,
    }),
    attempt,
    answerable: { check: 'documentation', about: about('deleteVolume') },
    unanswerable: { check: 'documentation', about: about('absent') },
    foreign: { check: 'documentation', about: { system: 'railway', kind: 'volume', path: ['v'] } },
    world: () => Promise.resolve(JSON.stringify(documents.documents)),
  });
});
