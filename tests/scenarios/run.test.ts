/**
 * Every table of this folder, through every way in: the readers and the judge in process, `holdpoint check --batch` as a
 * process of its own, and for requests the gateway's judge. All must say the same, and what the table wants.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeAction, rawOf } from '../../src/apps/cli/check.ts';
import { makeGatewayDoor, makeRegistry } from '../../src/apps/daemon/gateway-door.ts';
import { makeService } from '../../src/apps/daemon/service.ts';
import { toAction } from '../../src/apps/egress/action.ts';
import type { GatewayRequest } from '../../src/apps/egress/contract.ts';
import { allReaders } from '../../src/apps/readers.ts';
import type { ActionKind } from '../../src/core/attempt.ts';
import { makeJudge, makePipeline } from '../../src/pipeline/pipeline.ts';
import { isRefused } from '../../src/pipeline/products.ts';
import { makePlace } from '../e2e/daemon/place.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { approverFor } from '../fakes/people.ts';
import { testClock } from '../fakes/pipeline-world.ts';
import { repoRoot } from '../platform.ts';

interface Row {
  readonly note: string;
  readonly input: unknown;
  /** `blocked`: opaque or destructive; which of them is a matter for the language's own tests. */
  readonly want: 'harmless' | 'opaque' | 'destructive' | 'blocked';
  readonly dialect?: string;
  readonly target?: string;
}

interface Case extends Row {
  readonly at: string;
  readonly kind: ActionKind;
}

const KEYS: ReadonlySet<string> = new Set(['note', 'input', 'want', 'dialect', 'target']);
const WANTS: ReadonlySet<string> = new Set(['harmless', 'opaque', 'destructive', 'blocked']);
const KINDS: ReadonlySet<string> = new Set(['shell', 'sql', 'http', 'graphql', 'mcp', 'file', 'git']);
const FEWEST_CASES = 500;

const cases = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.jsonl'))
  .flatMap(casesOf);

/** The name begins with the kind. A key that nobody knows would be a condition that nobody checks, so it is fatal. */
function casesOf(file: string): readonly Case[] {
  const kind = file.split('-')[0] ?? '';
  assert.ok(KINDS.has(kind), `\`${file}\` does not begin with a kind`);
  const lines = readFileSync(path.join(import.meta.dirname, file), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const at = `${file}:${index + 1}`;
    const row = JSON.parse(line) as Row;
    for (const key of Object.keys(row)) assert.ok(KEYS.has(key), `${at} has the unknown key \`${key}\``);
    assert.ok(WANTS.has(row.want), `${at} wants \`${row.want}\``);
    assert.ok(row.note.length > 0 && row.input !== undefined, `${at} lacks a note or an input`);
    return [{ ...row, at, kind: kind as ActionKind }];
  });
}

type Says = 'allow' | 'hold' | 'deny';
const fits = (want: Row['want'], says: Says | undefined): boolean =>
  says !== undefined && (want === 'harmless') === (says === 'allow');
const label = (one: Case): string => `${one.at} ${one.note}: ${JSON.stringify(one.input).slice(0, 200)}`;

describe(`${cases.length} scenarios`, () => {
  const clock = testClock();
  const inProcess = new Map<Case, Says>();
  const batch = new Map<Case, Says>();
  const outside = new Set<(typeof cases)[number]>();
  const place = makePlace();
  after(() => place.remove());

  before(async () => {
    const judge = makeJudge({
      read: await allReaders(),
      verifiers: [],
      engines: [],
      approver: { exceptions: () => Promise.resolve([]) },
      safeguarders: [],
      store: { denials: () => Promise.resolve([]) },
      clock,
      mode: () => 'enforce',
    });
    for (const one of cases) {
      const made = makeAction(one.kind, one.input, '', one.dialect);
      assert.ok(made.ok, label(one));
      const judged = await judge(rawOf(made.action, { workspaceOf: () => '', person: 'test' }, ''));
      inProcess.set(one, judged.says);
    }
    const answers = await runBatch(
      cases.map(({ kind, input, dialect }, id) => ({ id, kind, input, ...(dialect === undefined ? {} : { dialect }) })),
      place.env,
    );
    cases.forEach((one, id) => {
      assert.deepEqual(answers[id]?.id, id, label(one));
      if (answers[id]?.verdict !== undefined) batch.set(one, answers[id].verdict);
      else if (answers[id]?.error !== undefined) outside.add(one);
    });
  });

  test('there are enough of them', () => assert.ok(cases.length >= FEWEST_CASES));

  test('the readers and the judge say what the tables want', () => {
    const wrong = cases.filter((one) => !fits(one.want, inProcess.get(one)));
    assert.deepEqual(
      wrong.map((one) => `${inProcess.get(one)} instead of ${one.want}: ${label(one)}`),
      [],
    );
  });

  test('`check --batch` says the same', () => {
    // Some inputs are of a shape that only another door can bring.
    assert.ok(batch.size > cases.length * 0.98, `only ${batch.size} of ${cases.length} were judged`);
    // What the documented input has no place for is answered with an error, never with a verdict.
    assert.ok(outside.size < cases.length / 50, `${outside.size} rows are no documented input`);
    // The default pack takes part there: what the floor holds it may deny, and never the other way.
    const isSame = (one: Case): boolean =>
      batch.get(one) === inProcess.get(one) || (batch.get(one) === 'deny' && inProcess.get(one) === 'hold');
    const wrong = cases.filter((one) => !outside.has(one) && batch.has(one) && !isSame(one));
    assert.deepEqual(
      wrong.map((one) => `${batch.get(one)} and ${inProcess.get(one)}: ${label(one)}`),
      [],
    );
  });

  test('the gateway lets pass what is harmless, and nothing else', async () => {
    const requests = cases.filter((one) => one.kind === 'http' || one.kind === 'graphql');
    const judge = await gatewayJudge();
    const wrong: string[] = [];
    let judged = 0;
    for (const one of requests) {
      const request = gatewayRequest(one);
      // The parser of the gateway refuses these before anybody judges them.
      if (request === undefined) continue;
      judged += 1;
      const decision = await judge(request, new AbortController().signal);
      const says = decision.kind === 'pass' ? 'allow' : 'hold';
      if (!fits(one.want, says)) wrong.push(`${decision.kind} instead of ${one.want}: ${label(one)}`);
    }
    assert.ok(judged > requests.length * 0.8, `only ${judged} of ${requests.length} are requests`);
    assert.deepEqual(wrong, []);
  });
});

async function runBatch(
  lines: readonly object[],
  env: Readonly<Record<string, string>>,
): Promise<readonly { readonly id?: number; readonly verdict?: Says; readonly error?: string }[]> {
  const child = spawn(process.execPath, [path.join(repoRoot, 'bin/holdpoint.cjs'), 'check', '--batch'], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  // 65: a row whose shape the documented input does not have is told so; it counts as stopped.
  const code = await closed;
  const answers = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly id?: number; readonly verdict?: Says; readonly error?: string });
  assert.equal(code, answers.some((one) => one.error !== undefined) ? 65 : 0);
  return answers;
}

/** The gateway's own judge over the whole pipeline, without a world to ask. */
async function gatewayJudge() {
  const clock = testClock();
  const store = memoryStore();
  const pipeline = makePipeline({
    read: await allReaders(),
    verifiers: [],
    engines: [],
    approver: approverFor([]),
    safeguarders: [],
    store,
    clock,
    nonce: () => randomBytes(32).toString('hex'),
    mode: () => 'enforce',
  });
  const release = { execute: () => Promise.resolve({ kind: 'released' as const }) };
  const service = makeService({
    pipeline,
    store,
    clock,
    person: 'test',
    release,
    onAttempt: () => undefined,
    onDone: () => undefined,
  });
  const door = makeGatewayDoor(service, {
    holdWaitMs: 0,
    registry: makeRegistry(),
    toAction: (request) => ({ ...toAction(request, { fingerprintKey: new Uint8Array(32) }), keep: () => undefined }),
  });
  return door.judge;
}

/** As the gateway's parser hands a request over: canonical address, lower-case names. `undefined`: it hands over none. */
function gatewayRequest(one: Case): GatewayRequest | undefined {
  const common = { connectionId: 'c', identity: { agent: 'test', task: `test-${one.at}` }, bodyTooLarge: false };
  if (one.kind === 'graphql') {
    const { endpoint, ...body } = one.input as { endpoint: string; query: string };
    if (!URL.canParse(endpoint)) return undefined;
    return {
      ...common,
      method: 'POST',
      url: new URL(endpoint).href,
      headers: new Map([['content-type', ['application/json']]]),
      body: Buffer.from(JSON.stringify(body)),
    };
  }
  const input = one.input as { method: string; url: string; headers?: Record<string, string>; body?: string };
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(input.method) || !URL.canParse(input.url)) return undefined;
  // Spellings that the gateway's own parser refuses, before a judge sees them.
  const names = Object.keys(input.headers ?? {}).map((name) => name.toLowerCase());
  if (input.url.includes('\\') || new Set(names).size < names.length) return undefined;
  const url = new URL(input.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.hash = '';
  const headers = new Map<string, string[]>();
  for (const [name, value] of Object.entries(input.headers ?? {}))
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
  return {
    ...common,
    method: input.method,
    url: url.href,
    headers,
    ...(input.body === undefined ? {} : { body: Buffer.from(input.body) }),
  };
}

test('what the judge refuses outright counts as refused', async () => {
  const judge = makeJudge({
    read: await allReaders(),
    verifiers: [],
    engines: [],
    approver: { exceptions: () => Promise.resolve([]) },
    safeguarders: [],
    store: { denials: () => Promise.resolve([]) },
    clock: testClock(),
    mode: () => 'enforce',
  });
  const made = makeAction('shell', 'ls \u0000', '', undefined);
  assert.ok(made.ok);
  const judged = await judge(rawOf(made.action, { workspaceOf: () => '', person: 'test' }, ''));
  assert.ok(isRefused(judged) && judged.says === 'deny');
});
