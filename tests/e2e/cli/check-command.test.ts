import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LIMITS } from '../../../src/core/limits.ts';
import { skipUnless } from '../../platform.ts';
import { holdpoint, LAUNCHER, makePlace, type Place } from '../daemon/place.ts';

interface Answer {
  readonly id?: string | number;
  readonly verdict?: string;
  readonly error?: string;
  readonly effects?: readonly { readonly target: object; readonly span?: readonly [number, number] }[];
  readonly reasons?: readonly { readonly id: string; readonly reason: string }[];
  readonly micros?: number;
}

let place: Place;
before(() => {
  place = makePlace();
  spawnSync('git', ['init', '-q', place.work]);
  writeFileSync(path.join(place.work, 'notes.txt'), 'exists nowhere else');
});
after(() => place.remove());

async function batch(
  input: string | Uint8Array,
): Promise<{ readonly code: number | null; readonly answers: Answer[] }> {
  const done = await holdpoint(place, ['check', '--batch'], { input });
  assert.equal(done.err, '');
  const lines = done.out.split('\n').filter((line) => line !== '');
  return { code: done.code, answers: lines.map((line) => JSON.parse(line) as Answer) };
}
const line = (value: object): string => `${JSON.stringify(value)}\n`;
const shell = (id: number | string, input: string, more: object = {}): string =>
  line({ id, kind: 'shell', input, ...more });

test('check --rehearse shows what was seen, and changes nothing', { skip: skipUnless('rehearsal') }, async () => {
  const text = await holdpoint(place, ['check', '--rehearse', 'rm notes.txt']);
  assert.equal(text.code, 10);
  assert.match(
    text.out.replace(/\s+/g, ' '),
    /rehearsal, exit 0: deleted \S+notes\.txt \(19 bytes, exists nowhere else\)/,
  );
  const json = await holdpoint(place, ['check', '--rehearse', '--json', 'f=notes; rm "$f.txt"']);
  const { rehearsal } = JSON.parse(json.out) as { rehearsal: { irreplaceableBytes?: number } };
  assert.equal(rehearsal.irreplaceableBytes, 19);
  const remote = await holdpoint(place, ['check', '--rehearse', '--json', 'sudo rm notes.txt']);
  assert.match(remote.out, /"rehearsal":\{"unknown":"`sudo` runs it as another account"\}/);
  assert.ok(existsSync(path.join(place.work, 'notes.txt')));
});

describe('check', () => {
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['ls -la'], 0, /^allow\n/],
    [['rm notes.txt'], 10, /^hold\n[\s\S]*exists nowhere else/],
    [['--', 'ls'], 0, /^allow/],
    [['--cwd', '/tmp', 'ls'], 0, /^allow/],
    [['--kind', 'sql', 'DROP TABLE users'], 10, /^hold/],
    [['--kind', 'sql', '--dialect', 'mysql', 'SELECT 1'], 0, /^allow/],
    [['--kind', 'git', 'push --force'], 10, /^hold/],
    [['--kind', 'http', '{"method":"DELETE","url":"https://api.acme.example/x"}'], 10, /^hold/],
    [['--kind', 'file', '{"op":"read","path":"/etc/hostname"}'], 0, /^allow/],
    [['holdpoint uninstall'], 20, /^deny/],
    [['ls \u0001'], 0, /./],
    [['x'.repeat(LIMITS.commandBytes + 1)], 20, /^deny: .*bytes/],
  ];
  for (const [args, code, says] of table)
    test(`\`${args.join(' ').slice(0, 60)}\` exits ${code}`, async () => {
      const done = await holdpoint(place, ['check', ...args]);
      assert.deepEqual([done.code, done.err], [code, '']);
      assert.match(done.out, says);
      assert.ok(!existsSync(place.paths.state), 'judging alone leaves nothing behind');
    });

  const wrong: readonly (readonly string[])[] = [
    [],
    ['ls', '-la'],
    ['--kind', 'poem', 'ls'],
    ['--kind'],
    ['--kind', 'http', 'not json'],
    ['--kind', 'http', '[]'],
    ['--batch', 'ls'],
    ['--json', '--batch'],
    ['--unknown', 'ls'],
  ];
  for (const args of wrong)
    test(`\`check ${args.join(' ')}\` is a mistake of use`, async () => {
      const done = await holdpoint(place, ['check', ...args]);
      assert.deepEqual([done.code, done.out], [64, ''], done.err);
      assert.match(done.err, /^holdpoint check: [a-z`].*[^.\n]\n$/);
    });

  test('a relative `--cwd` counts from the folder it is given in', async () => {
    mkdirSync(path.join(place.work, 'deep'), { recursive: true });
    writeFileSync(path.join(place.work, 'deep', 'only-copy.txt'), 'exists nowhere else');
    const there = await holdpoint(place, ['check', '--cwd', 'deep', 'rm only-copy.txt']);
    assert.deepEqual([there.code, there.err], [10, '']);
    const here = await holdpoint(place, ['check', 'rm only-copy.txt']);
    assert.deepEqual([here.code, here.err], [0, '']);
  });

  test('`--json` has the members of a line of `--batch`', async () => {
    const one = await holdpoint(place, ['check', '--json', 'rm notes.txt']);
    const { answers } = await batch(shell(1, 'rm notes.txt', { cwd: place.work }));
    const { id, micros, ...rest } = answers[0] ?? {};
    assert.equal(id, 1);
    assert.equal(typeof micros, 'number');
    assert.deepEqual(JSON.parse(one.out), rest);
    assert.deepEqual(Object.keys(rest), ['verdict', 'effects', 'reasons']);
    assert.equal(rest.verdict, 'hold');
    assert.ok(readFileSync(path.join(place.work, 'notes.txt'), 'utf8').length > 0, 'nothing ran');
  });
});

describe('check --batch', () => {
  const bad: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['no JSON', 'rm -rf /\n', /JSON/],
    ['cut-off JSON', '{"id":7,"kind":"shell"\n', /JSON/],
    ['a list', '[]\n', /./],
    ['an unknown kind', line({ id: 7, kind: 'poem', input: 'x' }), /kind/],
    ['an unknown member', line({ id: 7, kind: 'shell', input: 'ls', also: 1 }), /also/],
    ['no id', line({ kind: 'shell', input: 'ls' }), /id/],
    ['an id that is an object', line({ id: {}, kind: 'shell', input: 'ls' }), /id/],
    ['no input', line({ id: 7, kind: 'shell' }), /input/],
    ['an input of another kind', line({ id: 7, kind: 'shell', input: { method: 'GET' } }), /input/],
    ['text for a request', line({ id: 7, kind: 'http', input: 'GET /' }), /input/],
    ['an unknown member of the input', line({ id: 7, kind: 'http', input: { method: 'GET', url: 'x', x: 1 } }), /x/],
    ['a relative folder', line({ id: 7, kind: 'shell', input: 'ls', cwd: 'here' }), /cwd.*absolute/],
    ['unknown facts', line({ id: 7, kind: 'shell', input: 'ls', facts: { safe: true } }), /facts/],
    ['a duplicate key', '{"id":7,"kind":"shell","input":"ls","input":"rm -rf /"}\n', /input/],
    ['a lone surrogate', '{"id":7,"kind":"shell","input":"ls \\ud800"}\n', /surrogate/],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"id":7,"kind":"shell","input":"'), Buffer.from([0xff, 0x22, 0x7d, 0x0a])]),
      /UTF-8/,
    ],
    ['deep nesting', `{"id":7,"kind":"shell","input":${'['.repeat(1000)}${']'.repeat(1000)}}\n`, /deep/],
    [
      'a line too long',
      Buffer.concat([Buffer.alloc(LIMITS.batchLineBytes + 1, 0x61), Buffer.from('\n')]),
      /longer than/,
    ],
    ['a proto member', '{"id":7,"kind":"shell","input":"ls","__proto__":{}}\n', /./],
  ];
  for (const [what, input, says] of bad)
    test(`${what} gives an error, and the rest go on`, async () => {
      const input2 = Buffer.concat([Buffer.from(shell('a', 'ls')), Buffer.from(input), Buffer.from(shell('b', 'ls'))]);
      const { code, answers } = await batch(input2);
      assert.equal(code, 65);
      assert.deepEqual([answers[0]?.id, answers[2]?.id, answers.length], ['a', 'b', 3]);
      assert.deepEqual([answers[0]?.verdict, answers[2]?.verdict], ['allow', 'allow']);
      assert.match(answers[1]?.error ?? '', says);
      assert.equal(answers[1]?.verdict, undefined);
      assert.ok(answers[1]?.id === undefined || answers[1].id === 7);
      assert.ok(!answers[1]?.error?.endsWith('.'));
    });

  test('a line that is good but refused is a verdict, not an error', async () => {
    const { code, answers } = await batch(shell(1, `ls ${'x'.repeat(LIMITS.commandBytes)}`) + shell(2, 'ls \u0000'));
    assert.equal(code, 0);
    assert.deepEqual(
      answers.map((one) => one.verdict),
      ['deny', 'deny'],
    );
    assert.deepEqual(
      answers.map((one) => one.reasons?.[0]?.id),
      ['floor/oversized', 'floor/encoding'],
    );
  });

  test('nothing in gives nothing out; a last line needs no line feed; blank lines are passed over', async () => {
    assert.deepEqual(await batch(''), { code: 0, answers: [] });
    const { code, answers } = await batch(`\n  \n${shell(1, 'ls')}\r\n${shell(2, 'ls').trimEnd()}`);
    assert.deepEqual([code, answers.map((one) => one.id)], [0, [1, 2]]);
  });

  test('each kind is judged', async () => {
    const { code, answers } = await batch(
      [
        line({ id: 'sql', kind: 'sql', input: 'DELETE FROM bookings' }),
        line({ id: 'git', kind: 'git', input: 'push --force origin main' }),
        line({ id: 'http', kind: 'http', input: { method: 'DELETE', url: 'https://api.acme.example/x' } }),
        line({
          id: 'graphql',
          kind: 'graphql',
          input: {
            endpoint: 'https://backboard.railway.com/graphql/v2',
            query: 'mutation { volumeDelete(volumeId: "v") }',
          },
        }),
        line({ id: 'mcp', kind: 'mcp', input: { server: 'srv', tool: 'delete_volume', arguments: { id: 'v' } } }),
        line({ id: 'file', kind: 'file', input: { op: 'delete', path: '/w/a' } }),
        line({ id: 'cmd', kind: 'shell', dialect: 'powershell', input: 'Remove-Item -Recurse -Force C:\\w' }),
      ].join(''),
    );
    assert.equal(code, 0);
    for (const one of answers) assert.equal(one.verdict, 'hold', JSON.stringify(one));
  });

  test('stated facts decide, and what is not stated stays unknown', async () => {
    const file = { trackedAndClean: true, insideWorkspace: true };
    const { answers } = await batch(
      [
        shell('bare', 'rm /w/a.txt'),
        shell('clean', 'rm /w/a.txt', { facts: { files: { '/w/a.txt': file } } }),
        shell('other file', 'rm /w/b.txt', { facts: { files: { '/w/a.txt': file } } }),
        shell('regenerable', 'rm -rf /w/out', { facts: { regenerable: ['/w/out'] } }),
        shell('above', 'rm -rf /w', { facts: { regenerable: ['/w/out'] } }),
        shell('production', 'rm /w/a.txt', { facts: { environment: 'production' } }),
      ].join(''),
    );
    assert.deepEqual(
      answers.map((one) => `${one.id}: ${one.verdict}`),
      ['bare: hold', 'clean: allow', 'other file: hold', 'regenerable: allow', 'above: hold', 'production: hold'],
    );
  });

  test('the disk is looked at only where a folder is given', async () => {
    mkdirSync(path.join(place.work, 'sub'), { recursive: true });
    const { answers } = await batch(
      shell(1, 'rm notes.txt', { cwd: place.work }) +
        shell(2, 'rm not-there.txt', { cwd: place.work }) +
        shell(3, 'rm notes.txt'),
    );
    assert.deepEqual(
      answers.map((one) => one.verdict),
      ['hold', 'allow', 'hold'],
    );
  });

  test('spans count UTF-16 units of the text', async () => {
    const text = 'echo "🦊 ü" && rm -rf /srv/data';
    const { answers } = await batch(shell(1, text));
    const span = answers[0]?.effects?.find((one) => JSON.stringify(one.target).includes('/srv/data'))?.span;
    assert.ok(span !== undefined && text.slice(...span).includes('rm -rf /srv/data'), JSON.stringify(answers[0]));
  });

  test('answers stream: the first comes while the input is still open', { skip: skipUnless('unix') }, async () => {
    const child = spawn(process.execPath, [LAUNCHER, 'check', '--batch'], {
      env: place.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.write(shell(1, 'ls'));
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal((JSON.parse(first.toString('utf8')) as Answer).id, 1);
    const closed = once(child, 'close');
    child.stdin.end();
    assert.equal((await closed)[0], 0);
  });

  test('a reader that leaves ends it quietly', { skip: skipUnless('unix') }, async () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => shell(i, 'ls -la')).join('');
    const child = spawn(process.execPath, [LAUNCHER, 'check', '--batch'], {
      env: place.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(lines);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number | null];
    assert.deepEqual([code, said], [0, '']);
  });

  test('memory does not grow with the number of lines, even where nobody reads the answers', {
    skip: skipUnless('unix', 'procfs'),
  }, async () => {
    // Half of the lines are new to every cache; the reader is slower than the writer.
    const peakOf = async (count: number): Promise<number> => {
      const child = spawn(process.execPath, [LAUNCHER, 'check', '--batch'], {
        env: place.env,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let peakKb = 0;
      const timer = setInterval(() => {
        try {
          const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
          peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
        } catch {
          // it has ended
        }
      }, 20);
      let answered = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        answered += chunk.filter((byte) => byte === 0x0a).length;
        child.stdout.pause();
        setTimeout(() => child.stdout.resume(), 1);
      });
      for (let i = 0; i < count; i += 1) {
        const text = i % 2 === 0 ? `rm -rf data-${i} && git push --force origin b-${i}` : 'ls -la && grep -rn x src';
        if (!child.stdin.write(shell(i, text))) await once(child.stdin, 'drain');
      }
      const closed = once(child, 'close');
      child.stdin.end();
      assert.equal((await closed)[0], 0);
      clearInterval(timer);
      assert.equal(answered, count);
      return peakKb;
    };
    const small = await peakOf(600);
    const large = await peakOf(3_000);
    assert.ok(large < small * 1.5, `${small} kB for 600 lines, ${large} kB for 3,000`);
  });
});
