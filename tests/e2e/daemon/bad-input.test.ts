import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask } from '../../../src/apps/cli/client.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { encodeHookRequest, parseReply } from '../../../src/protocols/hooks/wire.ts';
import { skipUnless } from '../../platform.ts';
import {
  type Exchange,
  exchange,
  makePlace,
  type Place,
  type RunningDaemon,
  receiptsOf,
  startDaemon,
} from './place.ts';

const HEADER = '{"op":"hook","agent":"claude-code"}\n';
const END = '\u001e\n';
const call = (command: string): string =>
  JSON.stringify({
    session_id: 's',
    transcript_path: '/t',
    cwd: '/tmp',
    permission_mode: 'default',
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    tool_use_id: 'u1',
    tool_input: { command },
  });
const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const post = (body: string, head = 'POST /hook/claude-code HTTP/1.1', more = ''): string =>
  `${head}\r\nhost: holdpoint\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

interface Row {
  readonly what: string;
  readonly send: readonly (string | Uint8Array)[];
  readonly half?: boolean;
  /** How the refusal looks: a hook reply with code 2, a JSON line with an error, or an HTTP status. */
  readonly want: 'hook' | 'line' | 400 | 404 | 413 | 431 | 'http-hook';
  readonly says: RegExp;
}

const ROWS: readonly Row[] = [
  // The hook's form
  { what: 'a payload that is no JSON', send: [HEADER, 'rm -rf /', END], want: 'hook', says: /JSON|read/i },
  { what: 'an empty payload', send: [HEADER, END], want: 'hook', says: /JSON|read|empty/i },
  { what: 'a payload cut off', send: [HEADER, call('ls').slice(0, 40)], half: true, want: 'hook', says: /cut off/ },
  { what: 'a header and then a half-closed side', send: [HEADER], half: true, want: 'hook', says: /cut off/ },
  {
    what: 'a payload that is not UTF-8',
    send: [HEADER, Buffer.from(call('ls \u0001').replace('\\u0001', '\u0001'), 'utf8').fill(0xff, 30, 34), END],
    want: 'hook',
    says: /UTF-8|JSON/i,
  },
  { what: 'a NUL in the payload', send: [HEADER, `${call('ls')}\u0000`, END], want: 'hook', says: /JSON/i },
  { what: 'a NUL in the command', send: [HEADER, call('ls \u0000 rm'), END], want: 'hook', says: /NUL/ },
  {
    what: 'a duplicate key',
    send: [HEADER, call('ls').replace('"tool_input"', '"tool_input":{"command":"ls"},"tool_input"'), END],
    want: 'hook',
    says: /tool_input/,
  },
  {
    what: 'a payload too deep',
    send: [HEADER, call('ls').replace('"ls"', deep(LIMITS.jsonDepth + 1)), END],
    want: 'hook',
    says: /deep/,
  },
  {
    what: 'a payload a hundred thousand deep',
    send: [HEADER, call('ls').replace('"ls"', deep(100_000)), END],
    want: 'hook',
    says: /deep/,
  },
  {
    what: 'a payload too large',
    send: [HEADER, ...Array.from({ length: 9 }, () => Buffer.alloc(1024 * 1024, 0x20)), END],
    want: 'hook',
    says: /larger than/,
  },
  {
    what: 'a command too long',
    send: [HEADER, call('x'.repeat(LIMITS.commandBytes + 1)), END],
    want: 'hook',
    says: /bytes/,
  },
  {
    what: 'two payloads',
    send: [`${HEADER}${call('ls')}${END}${call('ls')}${END}`],
    want: 'hook',
    says: /after the end/,
  },
  {
    what: 'an unknown event',
    send: [HEADER, call('ls').replace('PreToolUse', 'Nonsense'), END],
    want: 'hook',
    says: /Nonsense|event/,
  },
  { what: 'a payload of another shape', send: [HEADER, '[1,2,3]', END], want: 'hook', says: /./ },
  // Lines
  { what: 'a header for an agent that is not known', send: ['{"op":"hook","agent":"x"}\n'], want: 'line', says: /op/ },
  { what: 'a line that is no JSON', send: ['hello\n'], want: 'line', says: /JSON/ },
  { what: 'an empty line', send: ['\n'], want: 'line', says: /./ },
  {
    what: 'a line that is not UTF-8',
    send: [Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a])],
    want: 'line',
    says: /UTF-8/,
  },
  { what: 'a line with a NUL', send: ['{"op":"status"}\u0000\n'], want: 'line', says: /./ },
  { what: 'a line with a duplicate key', send: ['{"op":"status","op":"stop"}\n'], want: 'line', says: /op/ },
  { what: 'a line too deep', send: [`{"op":${deep(100)}}\n`], want: 'line', says: /deep/ },
  { what: 'a line without an end', send: ['{"op":"stop"}'], half: true, want: 'line', says: /closed/ },
  {
    what: 'a line cut off after a good one',
    send: ['{"op":"status"}\n{"op":"st'],
    half: true,
    want: 'line',
    says: /closed/,
  },
  {
    what: 'a line too long',
    send: Array.from({ length: 9 }, () => Buffer.alloc(1024 * 1024, 0x61)),
    want: 'line',
    says: /longer than/,
  },
  {
    what: 'a whole line too long',
    send: ['{"op":"show","id":"', ...Array.from({ length: 9 }, () => Buffer.alloc(1024 * 1024, 0x61)), '"}\n'],
    want: 'line',
    says: /longer than/,
  },
  { what: 'an unknown member', send: ['{"op":"status","and":1}\n'], want: 'line', says: /and/ },
  { what: 'an unknown request', send: ['{"op":"shutdown"}\n'], want: 'line', says: /op/ },
  { what: 'a request of another shape', send: ['["status"]\n'], want: 'line', says: /./ },
  { what: 'a proto member', send: ['{"__proto__":{"op":"stop"}}\n'], want: 'line', says: /./ },
  { what: 'binary noise', send: [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x0a])], want: 'line', says: /./ },
  { what: 'a method that is not known', send: ['DELETE /hook/claude-code HTTP/1.1\r\n\r\n'], want: 'line', says: /./ },
  // HTTP, as curl speaks it
  { what: 'GET', send: ['GET /hook/claude-code HTTP/1.1\r\nhost: x\r\n\r\n'], want: 404, says: /./ },
  { what: 'another path', send: [post(call('ls'), 'POST /holds HTTP/1.1')], want: 404, says: /./ },
  { what: 'an agent that is not known', send: [post(call('ls'), 'POST /hook/none HTTP/1.1')], want: 404, says: /./ },
  { what: 'a path above', send: [post(call('ls'), 'POST /hook/../hook/claude-code HTTP/1.1')], want: 404, says: /./ },
  { what: 'a bad request line', send: ['POST \r\n\r\n'], want: 400, says: /./ },
  { what: 'huge headers', send: [post('{}', undefined, `x: ${'y'.repeat(20_000)}\r\n`)], want: 431, says: /./ },
  { what: 'two lengths', send: [post('{}', undefined, 'content-length: 5\r\n')], want: 400, says: /./ },
  {
    what: 'a length and chunks',
    send: [post('{}', undefined, 'transfer-encoding: chunked\r\n')],
    want: 400,
    says: /./,
  },
  {
    what: 'a body too large',
    send: [
      `POST /hook/claude-code HTTP/1.1\r\nhost: x\r\ncontent-length: ${9 * 1024 * 1024}\r\n\r\n`,
      ...Array.from({ length: 9 }, () => Buffer.alloc(1024 * 1024, 0x20)),
    ],
    want: 413,
    says: /larger than/,
  },
  { what: 'a body that is no JSON', send: [post('rm -rf /')], want: 'http-hook', says: /JSON|read/i },
  { what: 'an empty body', send: [post('')], want: 'http-hook', says: /JSON|read|empty/i },
];

describe('bad input at the socket', { skip: skipUnless('unix') }, () => {
  let place: Place;
  let daemon: RunningDaemon;

  before(async () => {
    place = makePlace();
    daemon = await startDaemon(place);
  });
  after(async () => {
    await daemon.stop();
    place.remove();
  });

  for (const row of ROWS) {
    test(`${row.what} is refused, on the record, and the daemon goes on`, async () => {
      const before = (await receiptsOf(place)).length;
      const reply = await exchange(place.paths.socket, row.send, row.half === true ? { half: true } : {});
      assert.ok(reply.ended, `left open, after: ${reply.text}`);
      assert.match(refusalOf(row, reply), row.says);
      const receipts = (
        await eventually(
          () => receiptsOf(place),
          (list) => list.length > before,
        )
      ).slice(before);
      assert.equal(receipts.length, 1, JSON.stringify(receipts));
      assert.equal(receipts[0]?.kind, 'refusal');
      assert.equal(daemon.child.exitCode, null);
    });
  }

  const large = Array.from({ length: 24 }, () => Buffer.alloc(1024 * 1024, 0x61));
  const length = large.reduce((sum, chunk) => sum + chunk.length, 0);
  const LARGE: readonly (readonly [what: string, start: string, says: RegExp])[] = [
    ['a body', `POST /hook/claude-code HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`, /^HTTP\/1\.1 413 /],
    ['a body for no one', `POST /holds HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`, /^HTTP\/1\.1 404 /],
    [
      'a body behind bad headers',
      `POST / HTTP/1.1\r\nbad header\r\ncontent-length: ${length}\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    ['a payload', HEADER, /larger than/],
    ['a payload without a header', '{\n', /larger than/],
    ['a line', '', /longer than/],
  ];
  for (const [what, start, says] of LARGE)
    test(`who sends ${what} of 24 MiB and listens only afterwards still reads the refusal`, async () => {
      assert.match(await writeThenRead(place.paths.socket, [start, ...large]), says);
    });

  test('good calls are answered in all three forms, in any chunking', async () => {
    const whole = `${HEADER}${call('ls')}${END}`;
    for (const send of [[whole], [...whole].map((char) => Buffer.from(char))]) {
      assert.deepEqual(parseReply((await exchange(place.paths.socket, send)).text)?.exitCode, 0);
    }
    const web = await exchange(place.paths.socket, [post(call('ls'))]);
    assert.match(web.text, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nHOLDPOINT\/1 0 /);
    const curl = spawnSync('curl', [
      '-s',
      '--unix-socket',
      place.paths.socket,
      '-d',
      call('ls'),
      'http://x/hook/claude-code',
    ]);
    if (curl.error === undefined) assert.match(curl.stdout.toString(), /^HOLDPOINT\/1 0 /);
    const lines = await exchange(place.paths.socket, ['{"op":"status"}\n{"op":"holds"}\n{"op":"sta', 'tus"}\n'], {
      half: true,
    });
    assert.equal(lines.text.trimEnd().split('\n').length, 3);
    for (const line of lines.text.trimEnd().split('\n')) assert.equal(JSON.parse(line).ok, true);
  });

  test('a flood of noise costs a bounded number of records, and none of it goes unsaid', async () => {
    const before = (await receiptsOf(place)).length;
    await exchange(place.paths.socket, ['\n'.repeat(1_000_000)]);
    const one = await eventually(
      () => receiptsOf(place),
      (list) => list.length > before,
    );
    assert.equal(one.length, before + 1);
    await Promise.all(Array.from({ length: 200 }, () => exchange(place.paths.socket, ['noise\n'])));
    const said = (list: Awaited<ReturnType<typeof receiptsOf>>): number =>
      list.slice(before + 1).reduce((sum, receipt) => {
        const times = /\((\d+) times\)/.exec(receipt.payload?.reason ?? '')?.[1];
        return sum + Number(times ?? 1);
      }, 0);
    const all = await eventually(
      () => receiptsOf(place),
      (list) => said(list) >= 200,
    );
    assert.equal(said(all), 200);
  });

  test('300 connections that say nothing: more than the limit are refused, and those that left make room', async () => {
    const open: Socket[] = [];
    const refusals: string[] = [];
    for (let i = 0; i < 300; i += 1) {
      const socket = connect(place.paths.socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => refusals.push(chunk.toString('utf8')));
      open.push(socket);
    }
    await eventually(
      () => Promise.resolve(refusals),
      (list) => list.length >= 300 - LIMITS.inFlight,
    );
    assert.equal(refusals.length, 300 - LIMITS.inFlight);
    for (const text of refusals) assert.equal(parseReply(text)?.exitCode, 2, text);
    // The command line understands that refusal too.
    const busy = await ask(place.paths, { op: 'status' });
    assert.ok(!busy.ok && /busy/.test(busy.error), JSON.stringify(busy));
    for (const socket of open) socket.destroy();
    const after = await eventually(
      () => ask(place.paths, { op: 'status' }),
      (reply) => reply.ok,
    );
    assert.ok(after.ok);
    const receipts = await receiptsOf(place);
    assert.ok(receipts.some((one) => one.payload?.reason?.includes('calls at once') === true));
  });

  test('300 calls at once are each answered: judged, or refused as too many', async () => {
    const replies = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        exchange(place.paths.socket, [encodeHookRequest('claude-code', Buffer.from(call(`echo ${i}`)))]),
      ),
    );
    for (const reply of replies) assert.notEqual(parseReply(reply.text), undefined, reply.text);
    assert.ok(replies.filter((reply) => parseReply(reply.text)?.exitCode === 0).length >= 200);
  });

  test('a slow sender keeps nobody waiting', async () => {
    const slow = exchange(place.paths.socket, [HEADER, ...call('ls').slice(0, 10)], { gapMs: 50, half: true });
    assert.ok((await ask(place.paths, { op: 'status' })).ok);
    const reply = await exchange(place.paths.socket, [`${HEADER}${call('ls')}${END}`]);
    assert.equal(parseReply(reply.text)?.exitCode, 0);
    assert.equal(parseReply((await slow).text)?.exitCode, 2);
  });

  test('a command of the agent cannot reach the log or approve through the socket', async () => {
    for (const line of [
      '{"op":"approve","id":"h-aaaaaaaa","signatures":["x"]}',
      `{"op":"begin-hold","id":"h-aaaaaaaa","ticket":"${'a'.repeat(64)}"}`,
      `{"op":"outcome","report":"${'a'.repeat(64)}","outcome":"done","detail":{}}`,
    ]) {
      const reply = await exchange(place.paths.socket, [`${line}\n`], { half: true });
      assert.equal(JSON.parse(reply.text).ok, false, reply.text);
    }
  });
});

/** A client that does not read before its last byte is written. Rejects where it cannot write it. */
async function writeThenRead(socketPath: string, chunks: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.pause();
  for (const chunk of chunks)
    await new Promise<void>((resolve, reject) => {
      socket.write(chunk, (error) => (error == null ? resolve() : reject(error)));
    });
  const got: Buffer[] = [];
  for await (const chunk of socket) got.push(chunk as Buffer);
  socket.destroy();
  return Buffer.concat(got).toString('utf8');
}

/** The refusal's words, after checking that it is one. */
function refusalOf(row: Row, reply: Exchange): string {
  const lines = reply.text.trimEnd().split('\n');
  switch (row.want) {
    case 'hook': {
      const output = parseReply(reply.text);
      if (output?.exitCode === 2) return output.stderr;
      const said = JSON.parse(output?.stdout || '{}') as { hookSpecificOutput?: { permissionDecision?: string } };
      assert.equal(said.hookSpecificOutput?.permissionDecision, 'deny', reply.text);
      return output?.stdout ?? '';
    }
    case 'line': {
      const last = JSON.parse(lines.at(-1) ?? '') as { ok: boolean; error: string };
      assert.equal(last.ok, false, reply.text);
      return last.error;
    }
    default: {
      const [head = '', body = ''] = reply.text.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${row.want === 'http-hook' ? 200 : row.want} `));
      if (row.want !== 'http-hook') return `${head}${body}`;
      assert.match(body, /HOLDPOINT\/1 2 /);
      return body;
    }
  }
}

async function eventually<T>(get: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const value = await get();
    if (good(value) || tries === 100) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
