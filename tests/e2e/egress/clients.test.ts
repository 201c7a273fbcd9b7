import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { HOST, openWorld, PLAIN_HOST, type World } from './fixture.ts';

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly missing: boolean;
}

function run(command: string, args: readonly string[], env: Record<string, string>): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env } });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', () => resolve({ code: null, out, missing: true }));
    child.on('close', (code) => resolve({ code, out, missing: code === 127 }));
  });
}

const FETCH = `const r = await fetch(process.argv[1], process.argv[2] ? JSON.parse(process.argv[2]) : {}); console.log(r.status, await r.text());`;
const HTTPS = `import(process.argv[1].startsWith('https') ? 'node:https' : 'node:http').then(({ get }) => get(process.argv[1], (r) => { r.on('data', (d) => console.log(r.statusCode, String(d))); }));`;
const URLLIB = `import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())`;

const CLIENTS: readonly (readonly [name: string, command: string, args: readonly string[], tolerant: boolean])[] = [
  ['node fetch', process.execPath, ['--input-type=module', '-e', FETCH], false],
  ['node http', process.execPath, ['-e', HTTPS], false],
  ['curl', 'curl', ['-sS', '--fail-with-body', '--max-time', '20'], true],
  ['python3 urllib', 'python3', ['-c', URLLIB], true],
];

describe('real clients with nothing but the environment', () => {
  let world: World;
  before(async () => {
    world = await openWorld({
      judge: async (request, _signal, pass) =>
        request.url.includes('/held') || request.url.endsWith('/graphql/v2')
          ? {
              kind: 'refuse',
              status: 403,
              problem: { type: 'urn:test', title: 'held', detail: 'wait for a person', hold: 'h-1', rule: 'r' },
            }
          : pass,
    });
  });
  after(() => world.close());

  for (const [name, command, args, tolerant] of CLIENTS) {
    for (const url of [`https://${HOST}/x?y=1`, `http://${PLAIN_HOST}/x?y=1`]) {
      it(`${name} gets ${url.slice(0, 5)}`, async (t) => {
        const before = world.judged.length;
        const { out, missing } = await run(command, [...args, url], world.egress.environmentFor('task-1', 'pw'));
        if (missing && tolerant) return t.skip(`${command} is not installed here`);
        assert.match(out, /hello GET \/x\?y=1/);
        assert.equal(world.judged.length, before + 1);
        assert.equal(world.judged.at(-1)?.url, url);
        assert.deepEqual(world.judged.at(-1)?.identity, { agent: 'tester', task: 'task-1' });
        assert.ok(world.seen.every((one) => !one.rawHeaders.some((header) => /^proxy-/i.test(header))));
      });
      it(`${name} is refused ${url.slice(0, 5)}`, async (t) => {
        const seen = world.seen.length;
        const { out, missing } = await run(
          command,
          [...args, url.replace('/x', '/held')],
          world.egress.environmentFor('task-1', 'pw'),
        );
        if (missing && tolerant) return t.skip(`${command} is not installed here`);
        assert.match(out, /403/);
        assert.equal(world.seen.length, seen);
      });
    }
    it(`${name} without the variables does not trust the certificate`, async (t) => {
      const { HTTPS_PROXY = '', https_proxy = '' } = world.egress.environmentFor('task-1', 'pw');
      const judged = world.judged.length;
      const { out, missing } = await run(command, [...args, `https://${HOST}/x`], {
        HTTPS_PROXY,
        https_proxy,
        NODE_USE_ENV_PROXY: '1',
      });
      if (missing && tolerant) return t.skip(`${command} is not installed here`);
      assert.doesNotMatch(out, /hello/);
      assert.equal(world.judged.length, judged);
    });
  }

  it('a GraphQL client reads the hold as a GraphQL error', async () => {
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"mutation{volumeDelete(volumeId:\\"x\\")}"}',
    };
    const { out } = await run(
      process.execPath,
      ['--input-type=module', '-e', FETCH, `https://${HOST}/graphql/v2`, JSON.stringify(request)],
      world.egress.environmentFor('task-1', 'pw'),
    );
    assert.match(out, /^200 /);
    assert.deepEqual(JSON.parse(out.slice(4)), {
      errors: [
        { message: 'held: wait for a person', extensions: { type: 'urn:test', hold: 'h-1', rule: 'r', status: 403 } },
      ],
      data: null,
    });
  });
});
