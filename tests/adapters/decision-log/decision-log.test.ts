import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openDecisionLog } from '../../../src/adapters/decision-log/decision-log.ts';
import { readDecisions } from '../../../src/adapters/decision-log/read-decisions.ts';
import { startWorker } from '../../../src/adapters/decision-log/writer-thread.ts';
import { documentText } from '../../../src/adapters/opa/document-text.ts';
import type { DecisionEntry, DecisionReader } from '../../../src/ports/decision-log.ts';
import { DAY_ONE, decision } from '../../fakes/decisions.ts';
import { skipUnless } from '../../platform.ts';

const LABELS = { id: '5f1c', version: '0.1.0' };
const DAY_MS = 86_400_000;
const SECRET = `ghp_${'a1B2c3D4'.repeat(5)}`;

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'hp-decisions-'));
  dir = path.join(root, 'decisions');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(limits: Parameters<typeof openDecisionLog>[0]['limits'] = {}, told: string[] = []) {
  return openDecisionLog({
    dir,
    labels: LABELS,
    documentOf: documentText,
    onTrouble: (what) => told.push(what),
    limits,
  });
}

async function all(reader: DecisionReader, sinceMs = 0): Promise<DecisionEntry[]> {
  const entries: DecisionEntry[] = [];
  for await (const entry of reader.read(sinceMs)) entries.push(entry);
  return entries;
}

const textOf = (entry: DecisionEntry): unknown =>
  (entry['input'] as { readonly attempt?: { readonly action?: { readonly text?: string } } } | undefined)?.attempt
    ?.action?.text;
const dayFile = (day: string): string => path.join(dir, `${day}.jsonl`);

describe('what is kept', () => {
  test('an entry has the members of OPA, and all that a replay needs', async () => {
    const log = open();
    log.record(decision('rm x'));
    await log.close();
    const [entry] = await all(readDecisions(dir));
    assert.ok(entry);
    assert.match(
      JSON.stringify(entry['decision_id']),
      /^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/,
    );
    const document = documentText(decision('rm x').input);
    assert.ok(document.ok);
    assert.deepEqual(
      { ...entry, decision_id: '', result: undefined },
      {
        labels: LABELS,
        decision_id: '',
        bundles: Object.fromEntries(
          ['floor', 'organisation', 'repository', 'session', 'session/2'].map((name) => [
            name,
            { revision: `sha256:${'0'.repeat(64)}` },
          ]),
        ),
        path: 'holdpoint/policies',
        input: JSON.parse(document.text),
        result: undefined,
        requested_by: 'hook:claude-code',
        timestamp: '2026-03-04T10:00:00.000Z',
        metrics: { timer_holdpoint_decide_ns: 120_500 },
        custom: { shadowed: false, exceptions: [], replayable: true },
      },
    );
    const result = entry['result'] as {
      readonly verdict: string;
      readonly opinions: readonly { readonly layer: string }[];
    };
    assert.equal(result.verdict, 'hold');
    assert.deepEqual(
      result.opinions.map((one) => one.layer),
      ['floor', 'organisation', 'repository', 'session', 'session'],
    );
  });

  test('files are of one day each, and nobody else may read them', { skip: skipUnless('unix') }, async () => {
    const log = open();
    log.record(decision('rm 1'));
    log.record(decision('rm 2', { atMs: DAY_ONE + DAY_MS }));
    await log.close();
    assert.deepEqual(readdirSync(dir), ['2026-03-04.jsonl', '2026-03-05.jsonl']);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    assert.equal(statSync(dayFile('2026-03-04')).mode & 0o777, 0o600);
  });

  test('a secret is masked, named by its pointer, and the entry is not exact', async () => {
    const log = open();
    log.record(decision(`GH_TOKEN=${SECRET} gh repo delete x`));
    await log.close();
    assert.ok(!readFileSync(dayFile('2026-03-04'), 'utf8').includes(SECRET));
    const [entry] = await all(readDecisions(dir));
    assert.deepEqual(entry?.['masked'], ['/input/attempt/action/text']);
    assert.match(String(textOf(entry ?? {})), /^GH_TOKEN=<redacted> gh repo delete x$/);
    assert.deepEqual(entry?.['custom'], { shadowed: false, exceptions: [], replayable: false });
  });

  test('an input too large is erased, and said to be', async () => {
    const log = open({ entryBytes: 4_000 });
    log.record(decision(`rm ${'x'.repeat(5_000)}`));
    await log.close();
    const [entry] = await all(readDecisions(dir));
    assert.deepEqual(entry?.['erased'], ['/input']);
    assert.equal(entry?.['input'], undefined);
    assert.deepEqual(entry?.['custom'], { shadowed: false, exceptions: [], replayable: false });
    assert.equal(log.lost, 0);
  });

  test('record does nothing to the disk before it returns', async () => {
    const log = open();
    log.record(decision('rm x'));
    assert.deepEqual(readdirSync(root), []);
    await log.close();
    assert.deepEqual(readdirSync(root), ['decisions']);
  });
});

describe('bounds', () => {
  test('days past the limit are deleted, other files are not', async () => {
    mkdirSync(dir);
    for (const name of ['2026-02-02.jsonl', '2026-02-03.jsonl', 'notes.txt']) writeFileSync(path.join(dir, name), '');
    const log = open();
    log.record(decision('rm x'));
    await log.close();
    assert.deepEqual(readdirSync(dir).sort(), ['2026-02-03.jsonl', '2026-03-04.jsonl', 'notes.txt']);
  });

  test('bytes of a day: what does not fit is counted, told once, and the next day begins anew', async () => {
    const told: string[] = [];
    const log = open({ bytesADay: 6_000 }, told);
    for (let number = 0; number < 20; number += 1) log.record(decision(`rm ${number}`));
    await all(log);
    assert.ok(log.lost > 10 && log.lost < 20, String(log.lost));
    assert.ok(statSync(dayFile('2026-03-04')).size <= 6_000);
    log.record(decision('rm y', { atMs: DAY_ONE + DAY_MS }));
    await log.close();
    assert.equal((await all(readDecisions(dir), DAY_ONE + DAY_MS)).length, 1);
    assert.deepEqual(told, [
      'decisions are not kept for `policy try`: 2026-03-04 already has 6000 bytes',
      `decisions are kept again; ${log.lost} were lost`,
    ]);
  });

  test('a queue that is full loses and counts', async () => {
    const told: string[] = [];
    const log = open({ queued: 3 }, told);
    for (let number = 0; number < 5; number += 1) log.record(decision(`rm ${number}`));
    assert.equal(log.lost, 2);
    await log.close();
    assert.equal((await all(readDecisions(dir))).length, 3);
    log.record(decision('after close'));
    assert.equal(log.lost, 3);
    assert.match(told[0] ?? '', /faster than they can be written/);
  });
});

describe('faults', () => {
  test('a folder that cannot be made is told once; it is written to again once it can', async () => {
    writeFileSync(dir, 'in the way');
    const told: string[] = [];
    const log = open({}, told);
    log.record(decision('rm 1'));
    assert.equal((await all(log).catch(() => [])).length, 0);
    log.record(decision('rm 2'));
    await all(log).catch(() => []);
    assert.equal(log.lost, 2);
    rmSync(dir);
    log.record(decision('rm 3'));
    await log.close();
    assert.deepEqual((await all(readDecisions(dir))).map(textOf), ['rm 3']);
    assert.equal(told.length, 2, told.join('\n'));
    assert.match(told[1] ?? '', /kept again; 2 were lost/);
  });

  test('a link in the place of a file is not followed', { skip: skipUnless('unix') }, async () => {
    mkdirSync(dir);
    const elsewhere = path.join(root, 'elsewhere');
    writeFileSync(elsewhere, 'mine');
    symlinkSync(elsewhere, dayFile('2026-03-04'));
    const log = open();
    log.record(decision('rm x'));
    await log.close();
    assert.equal(log.lost, 1);
    assert.equal(readFileSync(elsewhere, 'utf8'), 'mine');
  });

  for (const [how, body, why] of [
    ['ends', 'process.exit(0)', /their thread has ended/],
    ['throws', "throw new Error('out of order')", /their thread failed: out of order/],
  ] as const)
    test(`a thread that ${how} loses its batch, and the next one gets a new thread`, async () => {
      const told: string[] = [];
      let started = 0;
      const log = openDecisionLog({
        dir,
        labels: LABELS,
        documentOf: documentText,
        onTrouble: (what) => told.push(what),
        start: (options) => {
          started += 1;
          return started === 1 ? new Worker(body, { eval: true }) : startWorker(options);
        },
      });
      log.record(decision('rm 1'));
      log.record(decision('rm 2'));
      assert.deepEqual(await all(log), []);
      assert.equal(log.lost, 2);
      log.record(decision('rm 3'));
      await log.close();
      assert.deepEqual((await all(readDecisions(dir))).map(textOf), ['rm 3']);
      assert.match(told[0] ?? '', why);
      assert.equal(told.length, 2);
    });

  test('a document that cannot be made is left out, and the decision kept', async () => {
    const log = openDecisionLog({ dir, labels: LABELS, documentOf: () => ({ ok: false, why: 'too large' }) });
    log.record(decision('rm 1'));
    await log.close();
    const [entry] = await all(readDecisions(dir));
    assert.deepEqual(entry?.['erased'], ['/input']);
    assert.equal((entry?.['result'] as { readonly verdict?: string } | undefined)?.verdict, 'hold');
  });

  test('a torn line costs itself alone', async () => {
    const first = open();
    first.record(decision('rm 1'));
    await first.close();
    appendFileSync(dayFile('2026-03-04'), '{"decision_id":"torn');
    const second = open();
    second.record(decision('rm 2'));
    await second.close();
    const reader = readDecisions(dir);
    assert.deepEqual((await all(reader)).map(textOf), ['rm 1', 'rm 2']);
    assert.equal(reader.malformed, 1);
  });

  test('lines that are no entries are counted: not JSON, no object, no time, endless, not UTF-8', async () => {
    mkdirSync(dir);
    const good = '{"timestamp":"2026-03-04T10:00:00Z"}';
    const lines = ['nonsense', '[]', 'null', '{}', '{"timestamp":"soon"}', `"${'x'.repeat(1_100_000)}"`];
    writeFileSync(
      dayFile('2026-03-04'),
      Buffer.concat([
        Buffer.from(`${lines.join('\n')}\n`),
        Buffer.from([0xff, 0xfe, 0x0a]),
        Buffer.from(`\n${good}\n`),
      ]),
    );
    const reader = readDecisions(dir);
    assert.equal((await all(reader)).length, 1);
    assert.equal(reader.malformed, 7);
  });

  test('a writer that is killed loses no line that stands, and at most one is torn', {
    skip: skipUnless('unix'),
  }, async () => {
    const script = new URL('./endless-writer.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const reader = readDecisions(dir);
    const numbers = (await all(reader)).map((entry) => Number(String(textOf(entry)).slice(3)));
    assert.ok(numbers.length > 0);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
    assert.ok(reader.malformed <= 1, String(reader.malformed));
  });

  test('a full disk loses and counts, and later entries are kept whole', {
    skip: skipUnless('root', 'unix'),
  }, async (t) => {
    mkdirSync(dir);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]);
    if (mounted.status !== 0) {
      t.skip('a small disk cannot be mounted here');
      return;
    }
    try {
      const told: string[] = [];
      const log = open({}, told);
      for (let number = 0; number < 100; number += 1) log.record(decision(`rm ${number}`));
      await all(log);
      assert.ok(log.lost > 0);
      assert.match(told[0] ?? '', /ENOSPC/);
      spawnSync('mount', ['-o', 'remount,size=4m', dir]);
      log.record(decision('rm after'));
      await log.close();
      const reader = readDecisions(dir);
      assert.equal(textOf((await all(reader)).at(-1) ?? {}), 'rm after');
      assert.equal(reader.malformed, 0);
      assert.equal(told.length, 2);
    } finally {
      spawnSync('umount', [dir]);
    }
  });
});

test('since when: earlier days are not opened, earlier entries not given', async () => {
  mkdirSync(dir);
  // A folder in the place of a file would fail to be read.
  mkdirSync(dayFile('2026-03-03'));
  const log = open();
  for (const minutes of [0, 1, 2]) log.record(decision(`rm ${minutes}`, { atMs: DAY_ONE + minutes * 60_000 }));
  await log.close();
  assert.deepEqual((await all(readDecisions(dir), DAY_ONE + 60_000)).map(textOf), ['rm 1', 'rm 2']);
  assert.deepEqual(await all(readDecisions(path.join(root, 'none'))), []);
});
