import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { type Capability, skipUnless } from '../../platform.ts';
import { pythonTool } from '../../python-tools.ts';
import { HOST, openWorld, type World } from './fixture.ts';

/** Each asks for every address given, at one time over one connection, and prints version, status and body of each in a line. */
const NODE = `
const { request, Agent } = await import('node:http');
const tls = await import('node:tls');
const { connect } = await import('node:http2');
const { readFileSync } = await import('node:fs');
const proxy = new URL(process.env.HTTPS_PROXY);
const urls = process.argv.slice(1).map((one) => new URL(one));
const authorization = 'Basic ' + Buffer.from(proxy.username + ':' + proxy.password).toString('base64');
const asked = request({ port: proxy.port, host: proxy.hostname, method: 'CONNECT', agent: new Agent(), path: urls[0].host + ':443', headers: { host: urls[0].host + ':443', 'proxy-authorization': authorization } });
asked.end();
asked.on('connect', async (answer, socket) => {
  const secure = tls.connect({ socket, servername: urls[0].hostname, ALPNProtocols: ['h2'], ca: readFileSync(process.env.NODE_EXTRA_CA_CERTS) });
  const session = connect(urls[0].origin, { createConnection: () => secure });
  await Promise.all(urls.map((url) => new Promise((resolve) => {
    const stream = session.request({ ':method': 'POST', ':path': url.pathname });
    let status, text = '';
    stream.on('response', (headers) => { status = headers[':status']; });
    stream.on('data', (chunk) => { text += chunk; });
    stream.on('close', () => { console.log('HTTP/2 ' + status + ' ' + text); resolve(); });
    stream.end('x'.repeat(20000));
  })));
  session.close();
});`;
const HTTPX = `
import asyncio, sys, httpx
async def main():
    async with httpx.AsyncClient(http2=True, limits=httpx.Limits(max_connections=1)) as client:
        await client.get(sys.argv[1].rsplit('/', 1)[0] + '/first')
        answers = await asyncio.gather(*(client.post(url, content=b'x' * 20000) for url in sys.argv[1:]))
        for answer in answers:
            print(answer.http_version, answer.status_code, answer.text)
asyncio.run(main())`;

const CLIENTS: readonly {
  readonly name: string;
  readonly needs: readonly Capability[];
  command(): readonly [string, ...string[]];
  readonly perUrl?: (url: string) => readonly string[];
}[] = [
  { name: "Node's http2", needs: [], command: () => [process.execPath, '--input-type=module', '-e', NODE, '--'] },
  { name: 'httpx', needs: ['httpx'], command: () => [pythonTool('httpx') ?? '', '-c', HTTPX] },
  {
    name: 'curl --http2',
    needs: ['curl-http2'],
    command: () => ['curl', '-sS', '--http2', '--parallel', '--max-time', '20', '-d', 'x'.repeat(20_000)],
    perUrl: (url) => ['-w', 'HTTP/%{http_version} %{http_code} \n', url],
  },
];

for (const upstream of ['http1', 'http2'] as const)
  describe(`real clients of HTTP/2 with nothing but the environment, towards ${upstream}`, () => {
    let world: World;
    before(async () => {
      world = await openWorld({
        upstream,
        judge: async (request, _signal, pass) =>
          request.url.includes('/held')
            ? {
                kind: 'refuse',
                status: 403,
                problem: { type: 'urn:test', title: 'held', detail: 'wait for a person', hold: 'h-1', rule: 'r' },
              }
            : pass,
      });
    });
    after(() => world.close());

    for (const { name, needs, command, perUrl } of CLIENTS)
      it(`${name}: many streams at once, each judged by itself`, { skip: skipUnless(...needs) }, async () => {
        const [judged, seen] = [world.judged.length, world.seen.length];
        const paths = Array.from({ length: 12 }, (_, n) => (n % 4 === 3 ? `/held/${n}` : `/x/${n}`));
        const urls = paths.map((one) => `https://${HOST}${one}`);
        const [program, ...args] = command();
        const more = perUrl === undefined ? urls : urls.flatMap(perUrl);
        const out = await run(program, [...args, ...more], world.egress.environmentFor('task-1', 'pw'));
        assert.equal([...out.matchAll(/HTTP\/2(?:\.0)? 200 /g)].length, 9, out);
        assert.equal([...out.matchAll(/HTTP\/2(?:\.0)? 403 /g)].length, 3, out);
        for (const one of paths) assert.equal(out.includes(`hello POST ${one}`), !one.startsWith('/held'), out);
        const asked = world.judged.slice(judged).filter((one) => one.method === 'POST');
        assert.deepEqual(asked.map((one) => new URL(one.url).pathname).sort(), [...paths].sort());
        assert.ok(asked.every((one) => one.body?.length === 20_000 && one.identity.task === 'task-1'));
        assert.ok(!world.seen.slice(seen).some((one) => one.url.includes('held')));
      });
  });

function run(command: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(out));
  });
}
