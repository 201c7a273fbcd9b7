import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  type Called,
  type EngineThread,
  type StartThread,
  startThread,
} from '../../../src/adapters/opa/engine-thread.ts';
import { openOpaEngine } from '../../../src/adapters/opa/opa-engine.ts';
import { POLICY_ERROR } from '../../../src/ports/policy-engine.ts';
import { HOLD_ALL, inputOf, layerOf, moduleOf, openEngine } from './policy-world.ts';

/** Answers evaluations in the place of the real thread, which does all the rest. */
function liar(
  answer: (request: string, real: EngineThread) => Called | Promise<Called>,
  memoryBytes?: number,
): StartThread {
  return async (module) => {
    const real = await startThread(module);
    return {
      call: (operation, request, timeoutMs) =>
        operation === 'evaluate' ? Promise.resolve(answer(request, real)) : real.call(operation, request, timeoutMs),
      get memoryBytes() {
        return memoryBytes ?? real.memoryBytes;
      },
      get isEnded() {
        return real.isEnded;
      },
      end: () => real.end(),
    };
  };
}

const said = (value: unknown) => (): Called => ({
  ok: true,
  answer: typeof value === 'string' ? value : JSON.stringify(value),
});
const HOLD = 'data.holdpoint.policies.team.hold';

const LIES: Readonly<Record<string, readonly [answer: (request: string, real: EngineThread) => Called, why: RegExp]>> =
  {
    'no JSON': [said('oops'), /did not answer in JSON/],
    'an empty list': [said([]), /no answer/],
    'another set': [said([{ set: 99, found: { [HOLD]: [] }, steps: 1 }]), /no answer/],
    'no rules': [said([{ set: 1, found: {}, steps: 1 }]), /`data\.holdpoint\.policies\.team\.hold` is undefined/],
    'a rule that is no list': [said([{ set: 1, found: { [HOLD]: true }, steps: 1 }]), /is undefined/],
    'a rule that nobody asked': [
      said([{ set: 1, found: { [HOLD]: [], 'data.evil.allow': [] }, steps: 1 }]),
      /is no rule for findings/,
    ],
    'neither findings nor an error': [said([{ set: 1, steps: 1 }]), /something else/],
    'findings and an error': [
      said([{ set: 1, found: { [HOLD]: [] }, error: { code: 'x', message: 'y' }, steps: 1 }]),
      /something else/,
    ],
    'an object': [said({ set: 1 }), /something else/],
    'errors without any': [said({ errors: [] }), /the engine failed/],
    'an error': [said({ errors: [{ code: 'engine_panic', message: 'index out of range' }] }), /index out of range/],
    'the number of findings of a flood': [
      said([{ set: 1, found: { [HOLD]: Array.from({ length: 3_000 }, () => 1) }, steps: 1 }]),
      /more than 2000 findings/,
    ],
  };

for (const [note, [answer, why]] of Object.entries(LIES)) {
  test(`a thread that answers with ${note} denies`, async () => {
    const engine = await openEngine({ layers: [layerOf(HOLD_ALL)], start: liar(answer) });
    const [opinion] = await engine.evaluate(inputOf());
    await engine.close();
    assert.deepEqual(
      opinion?.findings.map(({ rule, says }) => [rule, says]),
      [[POLICY_ERROR, 'deny']],
    );
    assert.match(opinion.findings[0]?.reason ?? '', why);
  });
}

test('a thread that does not start refuses to open, and says why', async () => {
  const opened = await openOpaEngine({
    layers: [layerOf(HOLD_ALL)],
    start: () => Promise.reject(new Error('no threads left')),
  });
  assert.deepEqual(opened, { ok: false, problems: [{ code: 'engine_error', message: 'no threads left' }] });
});

test('a thread that dies in a call denies this attempt, says so, and the next one is judged', async () => {
  const trouble: string[] = [];
  const starts = { count: 0 };
  const engine = await openEngine({
    layers: [layerOf(HOLD_ALL)],
    onTrouble: (what) => trouble.push(what),
    start: async (module) => {
      starts.count += 1;
      if (starts.count > 1) return await startThread(module);
      return await liar(async (_request, real) => {
        await real.end();
        return { ok: false, kind: 'ended', why: 'the policy engine ended: its thread is gone' };
      })(module);
    },
  });
  const first = await engine.evaluate(inputOf());
  const second = await engine.evaluate(inputOf());
  await engine.close();
  assert.equal(first[0]?.findings[0]?.rule, POLICY_ERROR);
  assert.match(first[0].findings[0].reason, /its thread is gone from the policies of organisation/);
  assert.equal(second[0]?.findings[0]?.rule, 'team/all');
  assert.equal(trouble.length, 1);
});

test('where no thread comes back every attempt is denied, and each time another start is tried', async () => {
  const starts = { count: 0 };
  const engine = await openEngine({
    layers: [layerOf(HOLD_ALL)],
    onTrouble: () => {
      throw new Error('nobody listens');
    },
    start: async (module) => {
      starts.count += 1;
      if (starts.count > 1) throw new Error('no memory');
      return await liar(async (_request, real) => {
        await real.end();
        return { ok: false, kind: 'ended', why: 'gone' };
      })(module);
    },
  });
  for (let round = 0; round < 3; round += 1) {
    const [opinion] = await engine.evaluate(inputOf());
    assert.equal(opinion?.findings[0]?.rule, POLICY_ERROR);
  }
  await engine.close();
  assert.ok(starts.count >= 3);
});

test('a policy that hangs is ended with its thread after the time-out, and the next attempt is judged', async () => {
  const rules = [
    'hold contains {"id": "all", "reason": "r", "effect": 0} if input.attempt.agent != "slow"',
    'deny contains {"id": "slow", "reason": "r", "effect": 0} if {\n\tinput.attempt.agent == "slow"\n\tcount({x |\n\t\tsome a in numbers.range(1, 3000)\n\t\tsome b in numbers.range(1, 3000)\n\t\tx := a * b\n\t}) < 0\n}',
  ].join('\n');
  const engine = await openEngine({
    layers: [layerOf(moduleOf(rules))],
    maxSteps: 1_000_000_000,
    timeoutMs: 250,
    warmUpRounds: 3,
  });
  const slow = inputOf({ attempt: { ...inputOf().attempt, agent: 'slow' } });
  const [denied, held] = await Promise.all([engine.evaluate(slow), engine.evaluate(inputOf())]);
  await engine.close();
  assert.match(denied[0]?.findings[0]?.reason ?? '', /no answer within 250 ms from the policies of organisation/);
  assert.equal(denied[0]?.findings[0]?.rule, POLICY_ERROR);
  assert.deepEqual(
    held[0]?.findings.map((one) => one.rule),
    ['team/all'],
  );
});

test('a policy that takes all the memory it may have is ended with its thread, and denies', async () => {
  const rules =
    '\ndeny contains {"id": "x", "reason": "r", "effect": 0} if {\n\tinput.attempt.door == "hook"\n\tkilo := concat("", ["x" | some _ in numbers.range(1, 1000)])\n\tmega := replace(kilo, "x", kilo)\n\tcount(replace(mega, "x", kilo)) < 0\n}';
  const engine = await openEngine({ layers: [layerOf(moduleOf(rules))], maxSteps: 1_000_000_000 });
  const [opinion] = await engine.evaluate(inputOf());
  await engine.close();
  assert.deepEqual(
    opinion?.findings.map(({ rule, says }) => [rule, says]),
    [[POLICY_ERROR, 'deny']],
  );
  assert.match(opinion.findings[0]?.reason ?? '', /out of memory/);
});

test('a thread whose memory has grown is replaced, and no attempt is lost', async () => {
  const trouble: string[] = [];
  const starts = { count: 0 };
  const engine = await openEngine({
    layers: [layerOf(HOLD_ALL)],
    onTrouble: (what) => trouble.push(what),
    start: async (module) => {
      starts.count += 1;
      return await liar(
        (request, real) => real.call('evaluate', request, 10_000),
        starts.count === 1 ? 600 * 1024 * 1024 : undefined,
      )(module);
    },
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => engine.evaluate(inputOf())));
  await engine.close();
  assert.deepEqual(
    answers.map((one) => one[0]?.findings[0]?.rule),
    Array.from({ length: 5 }, () => 'team/all'),
  );
  assert.equal(starts.count, 2);
  assert.match(trouble.join(), /used 629145600 bytes and is started afresh/);
});

test('a closed engine denies', async () => {
  const engine = await openEngine({ layers: [layerOf(HOLD_ALL)] });
  await engine.close();
  assert.match((await engine.evaluate(inputOf()))[0]?.findings[0]?.reason ?? '', /is closed/);
  assert.equal((await engine.reload([layerOf(HOLD_ALL)])).ok, false);
});

test('more attempts than may wait are denied, the others judged', async () => {
  const engine = await openEngine({ layers: [layerOf(HOLD_ALL)] });
  const answers = await Promise.all(Array.from({ length: 300 }, () => engine.evaluate(inputOf())));
  await engine.close();
  const rules = answers.map((one) => one[0]?.findings[0]?.rule);
  assert.equal(rules.filter((rule) => rule === 'team/all').length, 256);
  assert.equal(rules.filter((rule) => rule === POLICY_ERROR).length, 44);
});

const adapter = path.resolve(import.meta.dirname, '../../../src/adapters/opa');

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hp-opa-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const [note, damage, why] of [
  [
    'damaged',
    (bytes: Buffer) => {
      bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
      return bytes;
    },
    /damaged/,
  ],
  ['cut short', (bytes: Buffer) => bytes.subarray(0, 1_000_000), /damaged/],
  ['empty', () => Buffer.alloc(0), /damaged/],
] as const) {
  test(`an engine whose file is ${note} is not started`, async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'engine.br');
      await writeFile(file, damage(await readFile(path.join(adapter, 'opa-engine.wasm.br'))));
      const opened = await openOpaEngine({ layers: [], artefact: { module: pathToFileURL(file) } });
      assert.ok(!opened.ok);
      assert.match(opened.problems[0]?.message ?? '', why);
    });
  });
}

test('an engine without its file, or without checksums, is not started', async () => {
  await inFolder(async (folder) => {
    const missing = pathToFileURL(path.join(folder, 'none'));
    const garbled = path.join(folder, 'sum');
    await writeFile(garbled, 'opa v1\ngo go1\nwasm 12\nbrotli 34\n');
    for (const artefact of [{ module: missing }, { sums: missing }, { sums: pathToFileURL(garbled) }])
      assert.equal((await openOpaEngine({ layers: [], artefact })).ok, false);
  });
});

test('a cached module that is damaged is not used, and is replaced', async () => {
  await inFolder(async (folder) => {
    const cacheDir = path.join(folder, 'cache');
    const open = () => openEngine({ layers: [layerOf(HOLD_ALL)], artefact: { cacheDir } });
    await (await open()).close();
    const [name] = await readdir(cacheDir);
    const file = path.join(cacheDir, name ?? '');
    const good = await readFile(file);
    await writeFile(file, good.subarray(0, 1_000));
    const engine = await open();
    assert.equal((await engine.evaluate(inputOf()))[0]?.findings[0]?.rule, 'team/all');
    await engine.close();
    assert.deepEqual(await readFile(file), good);
    assert.equal((await readdir(cacheDir)).length, 1);
  });
});
