import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { makeMcpServers } from '../../../src/adapters/mcp-servers/mcp-servers.ts';
import type { Tri } from '../../../src/core/tri.ts';
import type { McpServerIdentity, McpServerNamed } from '../../../src/ports/mcp-servers.ts';

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const folders: string[] = [];

interface Machine {
  readonly root: string;
  readonly home: string;
  readonly work: string;
  /** Writes a file below the root: an object as JSON. */
  put(name: string, content: object | string): string;
  identify(
    server?: string | McpServerNamed,
    place?: { cwd?: string; workspace?: string; host?: string },
  ): Promise<Tri<McpServerIdentity>>;
}

function machine(key = 'key'): Machine {
  const root = mkdtempSync(path.join(tmpdir(), 'hp-mcp-'));
  folders.push(root);
  const [home, work] = [path.join(root, 'home'), path.join(root, 'work')];
  mkdirSync(home);
  mkdirSync(work);
  const servers = makeMcpServers({
    home,
    key: Buffer.from(key),
    clock,
    managedFile: path.join(root, 'managed-mcp.json'),
  });
  return {
    root,
    home,
    work,
    put(name, content) {
      const file = path.join(root, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
    identify: (server = 'db', place = {}) =>
      servers.identify(typeof server === 'string' ? { by: 'name', value: server } : server, {
        host: 'claude-code',
        cwd: work,
        workspace: work,
        ...place,
      }),
  };
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function knownOf(found: Tri<McpServerIdentity>): McpServerIdentity {
  assert.ok('known' in found, 'unknown' in found ? found.unknown : '');
  return found.known;
}

function whyOf(found: Tri<McpServerIdentity>): string {
  assert.ok('unknown' in found, JSON.stringify(found));
  return found.unknown;
}

/** As written for the host to fill in. */
const variable = (name: string): string => `\${${name}}`;
const one = (entry: object, name = 'db') => ({ mcpServers: { [name]: entry } });
const LAUNCH = { command: 'npx', args: ['-y', 'db-server'], env: { DB_PASSWORD: 'hunter2' } };

describe('what a name stands for', () => {
  it('nothing where nothing defines it', async () => {
    assert.match(whyOf(await machine().identify()), /no configuration/);
  });

  const WHERE: readonly (readonly [string, (at: Machine) => void])[] = [
    ['the project', (at) => at.put('work/.mcp.json', one(LAUNCH))],
    ['a folder above it', (at) => at.put('.mcp.json', one(LAUNCH))],
    ['the user', (at) => at.put('home/.claude.json', one(LAUNCH))],
    ['the user for this project', (at) => at.put('home/.claude.json', { projects: { [at.work]: one(LAUNCH) } })],
    ['the machine', (at) => at.put('managed-mcp.json', one(LAUNCH))],
  ];
  for (const [note, write] of WHERE)
    it(`a launch that is defined by ${note}, the same wherever it stands`, async () => {
      const at = machine();
      write(at);
      const found = knownOf(await at.identify());
      assert.equal(found.by, 'launch');
      assert.match(found.digest, /^[0-9a-f]{64}$/);
      assert.ok(!JSON.stringify(found).includes('hunter2'));
      const other = machine();
      other.put('work/.mcp.json', one(LAUNCH));
      assert.equal(found.digest, knownOf(await other.identify()).digest);
      const elsewhere = machine('other key');
      elsewhere.put('work/.mcp.json', one(LAUNCH));
      assert.notEqual(found.digest, knownOf(await elsewhere.identify()).digest);
    });

  it('not what stands for another project', async () => {
    const at = machine();
    at.put('home/.claude.json', { projects: { [`${at.work}-2`]: one(LAUNCH) } });
    whyOf(await at.identify());
  });

  it('what the project in the folder above says, also from a folder below', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(LAUNCH));
    mkdirSync(path.join(at.work, 'a/b'), { recursive: true });
    knownOf(await at.identify('db', { cwd: path.join(at.work, 'a/b') }));
  });

  it('a name with characters that the host replaces', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(LAUNCH, 'my db.x'));
    knownOf(await at.identify('my_db_x'));
  });

  it('managed servers alone where there are any', async () => {
    const at = machine();
    at.put('managed-mcp.json', one(LAUNCH));
    at.put('work/.mcp.json', one({ command: 'other' }));
    at.put('home/.claude.json', '{ broken');
    knownOf(await at.identify());
    at.put('managed-mcp.json', { mcpServers: {} });
    whyOf(await at.identify());
  });
});

describe('several definitions of one name', () => {
  const OTHER = { ...LAUNCH, args: ['-y', 'evil'] };

  it('that agree are one', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(LAUNCH));
    at.put('home/.claude.json', one(LAUNCH));
    knownOf(await at.identify());
  });

  it('that differ between project and user are ambiguous: which one runs hangs on an approval', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(LAUNCH));
    at.put('home/.claude.json', one(OTHER));
    assert.match(whyOf(await at.identify()), /defined differently/);
  });

  it('that differ between a project and a folder above are ambiguous', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(LAUNCH));
    at.put('.mcp.json', one(OTHER));
    assert.match(whyOf(await at.identify()), /defined differently/);
  });

  it('one for this project in the user’s file goes before both', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(OTHER));
    at.put('home/.claude.json', { ...one({ command: 'third' }), projects: { [at.work]: one(LAUNCH) } });
    const found = knownOf(await at.identify());
    const alone = machine();
    alone.put('work/.mcp.json', one(LAUNCH));
    assert.equal(found.digest, knownOf(await alone.identify()).digest);
  });

  it('one for a folder above in the user’s file does not, since older hosts alone may read it', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(OTHER));
    at.put('home/.claude.json', { projects: { [at.root]: one(LAUNCH) } });
    whyOf(await at.identify());
  });

  it('under names that the host writes alike are ambiguous', async () => {
    const at = machine();
    at.put('work/.mcp.json', { mcpServers: { 'a b': LAUNCH, 'a.b': OTHER } });
    whyOf(await at.identify('a_b'));
  });

  it('a name that another one begins with does not tell where the tool begins', async () => {
    for (const longer of ['db__prod', 'db_', 'db. prod']) {
      const at = machine();
      at.put('work/.mcp.json', { mcpServers: { db: LAUNCH, [longer]: LAUNCH } });
      assert.match(whyOf(await at.identify()), /beginning/, longer);
    }
  });
});

describe('another launch is another identity', () => {
  const BASE = { command: 'node', args: ['--import=./hook.mjs', 'server.js', '--port', '1'], env: { URL: 'a' } };
  const CHANGES: readonly (readonly [string, (at: Machine) => void])[] = [
    ['command', (at) => at.put('work/.mcp.json', one({ ...BASE, command: 'nodejs' }))],
    ['arguments', (at) => at.put('work/.mcp.json', one({ ...BASE, args: [...BASE.args, '-x'] }))],
    ['a variable’s value', (at) => at.put('work/.mcp.json', one({ ...BASE, env: { URL: 'b' } }))],
    ['a variable’s name', (at) => at.put('work/.mcp.json', one({ ...BASE, env: { URI: 'a' } }))],
    ['the script', (at) => at.put('work/server.js', 'evil()')],
    ['the script, of the same length', (at) => at.put('work/server.js', 'serVe()')],
    ['what is loaded before the script', (at) => at.put('work/hook.mjs', 'evil()')],
    ['the script is gone', (at) => rmSync(path.join(at.work, 'server.js'))],
  ];
  for (const [note, change] of CHANGES)
    it(note, async () => {
      const at = machine();
      at.put('work/server.js', 'serve()');
      at.put('work/hook.mjs', 'x');
      at.put('work/.mcp.json', one(BASE));
      const before = knownOf(await at.identify());
      assert.equal(knownOf(await at.identify()).digest, before.digest);
      change(at);
      assert.notEqual(knownOf(await at.identify()).digest, before.digest);
    });

  it('a program that is a path', async () => {
    const at = machine();
    at.put('work/bin/server', '1');
    at.put('work/.mcp.json', one({ command: './bin/server' }));
    const before = knownOf(await at.identify());
    at.put('work/bin/server', '22');
    assert.notEqual(knownOf(await at.identify()).digest, before.digest);
  });
});

describe('servers by URL', () => {
  const url = (text: string, more: object = {}) => one({ type: 'http', url: text, ...more });

  it('have the address in words and the rest in the digest', async () => {
    const at = machine();
    const seen = new Set<string>();
    const texts = ['https://MCP.example:443/s/secret/mcp?k=1', 'https://mcp.example/s/other/mcp?k=1'];
    for (const text of [...texts, 'https://mcp.example/s/secret/mcp?k=2']) {
      at.put('work/.mcp.json', url(text));
      const found = knownOf(await at.identify());
      assert.equal(found.by === 'url' ? found.url : '', 'https://mcp.example');
      seen.add(found.digest);
    }
    at.put('work/.mcp.json', url(texts[0] ?? '', { headers: { authorization: 'Bearer x' } }));
    seen.add(knownOf(await at.identify()).digest);
    assert.equal(seen.size, 4);
  });

  it('as Cursor gives them, and its commands', async () => {
    const at = machine();
    const cursor = { host: 'cursor' };
    const found = knownOf(await at.identify({ by: 'url', value: 'https://mcp.example/x' }, cursor));
    assert.equal(found.by, 'url');
    at.put('work/s.py', '1');
    const server: McpServerNamed = { by: 'command', value: 'python3 s.py' };
    const before = knownOf(await at.identify(server, cursor));
    at.put('work/s.py', '2');
    assert.notEqual(knownOf(await at.identify(server, cursor)).digest, before.digest);
    at.put('work/.mcp.json', one(LAUNCH));
    assert.match(whyOf(await at.identify('db', cursor)), /no URL or command/);
  });
});

describe('what cannot be told is unknown, never an error', () => {
  const ENTRIES: readonly (readonly [string, unknown])[] = [
    ['not an object', 'npx'],
    ['null', null],
    ['empty', {}],
    ['a command and a URL', { command: 'x', url: 'https://a.example' }],
    ['a command that is no text', { command: ['x'] }],
    ['arguments that are no texts', { command: 'x', args: [1] }],
    ['an environment that is no object', { command: 'x', env: [] }],
    ['a type that is not known', { type: 'carrier-pigeon', url: 'https://a.example' }],
    ['a command of a URL’s type', { type: 'http', command: 'x' }],
    ['a variable for the command', { command: variable('SHELL') }],
    ['a variable for the script', { command: 'node', args: [`${variable('HOME')}/server.js`] }],
    ['a variable in the address', { url: `https://${variable('HOST')}/mcp` }],
    ['a variable with a default', { url: `${variable('BASE:-https://a.example')}/mcp` }],
    ['an address that cannot be read', { url: 'https://' }],
    ['an address that parsers read differently', { url: 'https://a.example\\@b.example/' }],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['too many arguments', { command: 'x', args: Array.from({ length: 1000 }, () => 'x') }],
  ];
  for (const [note, entry] of ENTRIES)
    it(`an entry: ${note}`, async () => {
      const at = machine();
      at.put('work/.mcp.json', { mcpServers: { db: entry } });
      whyOf(await at.identify());
    });

  it('variables in other arguments, values and headers are part of the text', async () => {
    const at = machine();
    at.put(
      'work/.mcp.json',
      one({ command: 'npx', args: ['x', '--token', variable('TOKEN')], env: { A: variable('A') } }),
    );
    knownOf(await at.identify());
    at.put(
      'work/.mcp.json',
      one({ url: `https://a.example/mcp?key=${variable('K')}`, headers: { authorization: variable('B') } }),
    );
    knownOf(await at.identify());
  });

  const FILES = ['managed-mcp.json', 'home/.claude.json', 'work/.mcp.json', '.mcp.json'];
  const FAULTS: readonly (readonly [string, (file: string) => void])[] = [
    ['broken', (file) => writeFileSync(file, '{"mcpServers":{"db":{"command":"npx"}}')],
    ['empty', (file) => writeFileSync(file, '')],
    ['not an object', (file) => writeFileSync(file, '[]')],
    ['servers that are a list', (file) => writeFileSync(file, '{"mcpServers":[]}')],
    ['duplicate keys', (file) => writeFileSync(file, '{"mcpServers":{"db":{"command":"a"},"db":{"command":"b"}}}')],
    ['not UTF-8', (file) => writeFileSync(file, Buffer.from([0x7b, 0xff, 0x7d]))],
    ['too deep', (file) => writeFileSync(file, `{"a":${'['.repeat(100)}${']'.repeat(100)}}`)],
    [
      'huge',
      (file) => {
        writeFileSync(file, '{');
        truncateSync(file, 40 * 1024 * 1024);
      },
    ],
    ['a folder', (file) => mkdirSync(file)],
    ['a symlink loop', (file) => symlinkSync(file, file)],
    ['a pipe', (file) => execFileSync('mkfifo', [file])],
    ['a device', (file) => symlinkSync('/dev/zero', file)],
  ];
  for (const name of FILES)
    for (const [note, fault] of FAULTS)
      it(`${name}: ${note}`, async () => {
        const at = machine();
        // Where the others define it well, the one that cannot be read could still say otherwise.
        at.put(name === 'home/.claude.json' ? 'work/.mcp.json' : 'home/.claude.json', one(LAUNCH));
        fault(path.join(at.root, name));
        whyOf(await at.identify());
      });

  it('a script that cannot be read, or a working directory that is not known', async () => {
    const at = machine();
    at.put('work/.mcp.json', one({ command: 'node', args: ['loop.js'] }));
    symlinkSync('loop.js', path.join(at.work, 'loop.js'));
    whyOf(await at.identify());
    whyOf(await at.identify('db', { cwd: '', workspace: '' }));
    whyOf(await at.identify('db', { cwd: `/${'x/'.repeat(200)}`, workspace: '' }));
  });

  it('names of prototypes', async () => {
    const at = machine();
    at.put('work/.mcp.json', one(LAUNCH));
    for (const name of ['__proto__', 'constructor', 'toString']) whyOf(await at.identify(name));
  });
});
