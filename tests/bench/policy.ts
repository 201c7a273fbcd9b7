import { execFileSync, spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEngine } from '../../src/adapters/opa/engine-calls.ts';
import type { StartThread } from '../../src/adapters/opa/engine-thread.ts';
import { documentOf } from '../../src/adapters/opa/input.ts';
import { openOpaEngine } from '../../src/adapters/opa/opa-engine.ts';
import { builtInLayer, PRESETS } from '../../src/apps/policy/pack.ts';
import type { PolicyEngine, PolicyInput } from '../../src/ports/policy-engine.ts';
import type { PolicyLayer, RegoModule } from '../../src/ports/policy-layers.ts';
import { effectOf, factOf, HARMLESS, inputOf } from '../adapters/opa/policy-world.ts';
import { onPath, repoRoot } from '../platform.ts';
import { type AttemptRow, policyInputOf } from '../policy/world.ts';
import { cedarMicros } from './cedar.ts';

export interface PolicyRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const WARM_UP = 2_000;
const RUNS = 2_000;
const RELOADS = 7;
const fixture = path.join(repoRoot, 'tests/adapters/opa/fixtures/pack');

/** The embedded engine over a pack of at least 60 rules, beside the stock server on loopback and Cedar. */
export async function benchPolicy(): Promise<readonly PolicyRow[]> {
  const modules = packOf(fixture);
  const layers: readonly PolicyLayer[] = [{ layer: 'built-in', modules }];
  const guarded: readonly PolicyLayer[] = [{ layer: 'built-in', modules: modules.map(guardedOnly) }];
  const rows: PolicyRow[] = [{ name: 'rules in the pack', value: rulesIn(modules), unit: 'rules' }];
  const cacheDir = mkdtempSync(path.join(tmpdir(), 'hp-bench-opa-'));
  try {
    const open = async (warmUpRounds: number): Promise<number> => {
      const startedMs = performance.now();
      const opened = await openOpaEngine({ layers, artefact: { cacheDir }, warmUpRounds });
      const tookMs = performance.now() - startedMs;
      if (!opened.ok) throw new Error(opened.problems[0]?.message);
      await opened.engine.close();
      return tookMs;
    };
    rows.push({ name: 'start-up, first time (unpacks the module and keeps it)', value: await open(10), unit: 'ms' });
    rows.push({ name: 'start-up, module kept', value: await open(10), unit: 'ms' });
    rows.push({ name: 'start-up, module kept, without warming up', value: await open(0), unit: 'ms' });
    rows.push(...(await embedded(layers, guarded, cacheDir)));
    rows.push(...(await defaultPack(cacheDir)));
  } finally {
    rmSync(cacheDir, { recursive: true });
  }
  const size = statSync(path.join(repoRoot, 'src/adapters/opa/opa-engine.wasm.br')).size;
  rows.push({ name: 'engine as shipped', value: size / 1e6, unit: 'MB' });
  rows.push(...(await overRest()));
  const cedar = await cedarMicros(RUNS);
  if (typeof cedar === 'string') console.error(`bench: no figure for Cedar: ${cedar}`);
  else
    rows.push({ name: 'peer: Cedar as WebAssembly, one request over 60 policies, p50', value: p50(cedar), unit: 'µs' });
  return rows;
}

async function embedded(
  layers: readonly PolicyLayer[],
  guarded: readonly PolicyLayer[],
  cacheDir: string,
): Promise<readonly PolicyRow[]> {
  const opened = await openOpaEngine({ layers: guarded, artefact: { cacheDir }, timeoutMs: 10_000 });
  if (!opened.ok) throw new Error(opened.problems[0]?.message);
  const { engine } = opened;
  if (!engine.inForce.every((one) => one.silent)) throw new Error('the guarded pack is not shown to be silent');
  const rows: PolicyRow[] = [];
  const add = async (name: string, input: PolicyInput): Promise<void> => {
    rows.push({ name: `${name}, p50`, value: p50(await microsOf(engine, input)), unit: 'µs' });
  };
  await add('plainly harmless, shown to be silent', HARMLESS_INPUT);
  const reloads: number[] = [];
  for (let round = 0; round < RELOADS; round += 1) {
    const startedMs = performance.now();
    await engine.reload(layers);
    reloads.push(performance.now() - startedMs);
  }
  await add('plainly harmless, the engine is asked', HARMLESS_INPUT);
  await add('held', HELD_INPUT);
  rows.push(...(await withoutThread(layers, cacheDir)));
  rows.push({ name: 'reload of the pack, warm, p50', value: p50(reloads), unit: 'ms' });
  rows.push({ name: 'memory of the engine', value: engine.memoryBytes / 1e6, unit: 'MB' });
  await engine.close();
  return rows;
}

/** The engine's own part: no thread to wake, and back. */
async function withoutThread(layers: readonly PolicyLayer[], cacheDir: string): Promise<readonly PolicyRow[]> {
  const micros: number[] = [];
  const start: StartThread = (module) => {
    const engine = startEngine(module);
    return Promise.resolve({
      call: (operation, request) => {
        const startedMs = performance.now();
        const answer = engine.call(operation, request);
        micros.push((performance.now() - startedMs) * 1_000);
        engine.rest();
        return Promise.resolve({ ok: true, answer });
      },
      memoryBytes: 0,
      isEnded: false,
      end: () => Promise.resolve(),
    });
  };
  const opened = await openOpaEngine({ layers, artefact: { cacheDir }, timeoutMs: 10_000, start });
  if (!opened.ok) throw new Error(opened.problems[0]?.message);
  const rows: PolicyRow[] = [];
  for (const [name, input] of [
    ['plainly harmless', HARMLESS_INPUT],
    ['held', HELD_INPUT],
  ] as const) {
    await microsOf(opened.engine, input);
    rows.push({ name: `${name}, of this in the evaluator itself, p50`, value: p50(micros.slice(-RUNS)), unit: 'µs' });
  }
  await opened.engine.close();
  return rows;
}

/** What is in force where nobody has written a policy. Under `regulated` the engine is asked about harmless attempts too. */
async function defaultPack(cacheDir: string): Promise<readonly PolicyRow[]> {
  const inputs = await Promise.all(ATTEMPTS.map(async ([name, row]) => [name, await policyInputOf(row)] as const));
  const rows: PolicyRow[] = [];
  for (const preset of PRESETS) {
    const opened = await openOpaEngine({ layers: [builtInLayer(preset)], artefact: { cacheDir }, timeoutMs: 10_000 });
    if (!opened.ok) throw new Error(opened.problems[0]?.message);
    const { engine } = opened;
    const add = async (name: string, input: PolicyInput | undefined): Promise<void> => {
      if (input === undefined) throw new Error(`${name} is refused before any policy`);
      rows.push({
        name: `default pack, ${preset}, ${name}, p50`,
        value: p50(await microsOf(engine, input)),
        unit: 'µs',
      });
    };
    if (!engine.inForce.every((one) => one.silent)) await add('plainly harmless', HARMLESS_INPUT);
    for (const [name, input] of inputs) await add(name, input);
    await engine.close();
  }
  return rows;
}

/** With all that is learnt about them. */
const ATTEMPTS: readonly (readonly [name: string, row: AttemptRow])[] = [
  [
    'held: a volume is deleted',
    {
      kind: 'graphql',
      input: {
        endpoint: 'https://backboard.railway.com/graphql/v2',
        query: 'mutation { volumeDelete(volumeId: "v1") }',
      },
      railway: 'staging and production',
    },
  ],
  [
    'held: `rm -rf`',
    {
      kind: 'shell',
      input: 'rm -rf data',
      cwd: '/w/acme',
      facts: {
        files: {
          '/w/acme/data': { type: 'directory', files: 12, irreplaceable: ['a.csv', 'b.csv', 'c.csv', 'd.csv'] },
        },
      },
    },
  ],
];

async function microsOf(engine: PolicyEngine, input: PolicyInput): Promise<readonly number[]> {
  const micros: number[] = [];
  for (let index = 0; index < WARM_UP + RUNS; index += 1) {
    const startedMs = performance.now();
    await engine.evaluate(input);
    if (index >= WARM_UP) micros.push((performance.now() - startedMs) * 1_000);
  }
  return micros;
}

/** The stock server of the same version, over a kept connection on loopback. */
async function overRest(): Promise<readonly PolicyRow[]> {
  const opa = stockOpa();
  if (typeof opa !== 'object') {
    console.error(`bench: no figure for OPA over REST: ${opa}`);
    return [];
  }
  const port = 20_000 + (process.pid % 20_000);
  const server = spawn(opa.file, ['run', '--server', '--addr', `127.0.0.1:${port}`, '--log-level', 'error', fixture], {
    stdio: 'ignore',
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const post = (body: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            path: '/v1/data/holdpoint/policies?strict-builtin-errors=true',
            method: 'POST',
            headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
          },
          (response) => {
            response.resume();
            response.once('end', () => resolve(response.statusCode ?? 0));
          },
        );
        sent.once('error', reject);
        sent.end(body);
      });
    const body = `{"input":${textOf(HELD_INPUT)}}`;
    for (let round = 0; round < 100; round += 1) {
      if ((await post(body).catch(() => 0)) === 200) break;
      await sleep(100);
    }
    const micros: number[] = [];
    for (let index = 0; index < WARM_UP + RUNS; index += 1) {
      const startedMs = performance.now();
      if ((await post(body)) !== 200) throw new Error('the stock server does not answer');
      if (index >= WARM_UP) micros.push((performance.now() - startedMs) * 1_000);
    }
    return [{ name: 'peer: stock OPA over REST on loopback, held, p50', value: p50(micros), unit: 'µs' }];
  } finally {
    agent.destroy();
    server.kill();
  }
}

/** `$HOLDPOINT_STOCK_OPA`, or built with Go where it is at hand. */
function stockOpa(): { readonly file: string } | string {
  const given = process.env['HOLDPOINT_STOCK_OPA'];
  if (given !== undefined && existsSync(given)) return { file: given };
  if (onPath('go') === undefined) return 'Go is not installed, and HOLDPOINT_STOCK_OPA names no program';
  const file = path.join(tmpdir(), `hp-stock-opa-${process.getuid?.() ?? 0}`);
  const cwd = path.join(repoRoot, 'policy/engine/stock');
  execFileSync('go', ['build', '-o', file, 'github.com/open-policy-agent/opa'], { cwd, stdio: 'inherit' });
  return { file };
}

const HARMLESS_INPUT: PolicyInput = inputOf({ effects: [HARMLESS] });
const HELD_INPUT: PolicyInput = inputOf({
  effects: [effectOf(), HARMLESS],
  evidence: [
    factOf('environment', { known: { environments: [{ name: 'production' }] } }),
    factOf('recovery', { unknown: 'no answer' }),
  ],
});

function packOf(folder: string): readonly RegoModule[] {
  return globSync('**/*.rego', { cwd: folder })
    .filter((name) => !name.endsWith('_test.rego'))
    .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
}

function rulesIn(modules: readonly RegoModule[]): number {
  return modules.reduce((sum, one) => sum + [...one.text.matchAll(/^(deny|hold|allow) contains/gm)].length, 0);
}

/** The same rules, each of which begins as the documentation asks: that is what the proof is for. */
function guardedOnly(module: RegoModule): RegoModule {
  const text = module.text.replaceAll(
    /^(deny|hold) contains finding if \{\n(?!\tinput\.harmless)/gm,
    '$1 contains finding if {\n\tinput.harmless == false\n',
  );
  return { ...module, text };
}

function textOf(input: PolicyInput): string {
  const document = documentOf(input);
  const text = document.ok ? document.text() : document;
  if (!text.ok || !('text' in text) || typeof text.text !== 'string') throw new Error('no document');
  return text.text;
}

function p50(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
