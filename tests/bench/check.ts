import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parse } from 'unbash';
import { allReaders } from '../../src/apps/readers.ts';
import type { Action } from '../../src/core/attempt.ts';
import { worstDanger } from '../../src/core/danger.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { Reader, ReadingContext } from '../../src/languages/reading.ts';
import { commandsOf, scenarioFiles } from '../oracle/corpus.ts';
import { repoRoot } from '../platform.ts';
import { judgeLabelled, LABELLED_FILE } from './labelled.ts';

export interface CheckRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const WARM_UP = 20_000;
const RUNS = 20_000;
const BATCH = 100_000;
const FIRST = 20_000;
/** No command asks the disk here: nothing is known of it. */
const CONTEXT: ReadingContext = { workspace: '/w', cwd: '/w', fact: () => undefined };

/** What it costs to read a command and to class its effects, beside its parse alone; recall; memory of a long batch. */
export async function benchCheck(): Promise<readonly CheckRow[]> {
  const read = await allReaders();
  const commands = [...new Set(scenarioFiles().flatMap(commandsOf))].filter((one) => one.length < 2_000);
  const judged = await sample(commands, (text) => void worstDanger(read(shell(text), CONTEXT).effects));
  const parsed = await sample(commands, (text) => void parse(text));
  const each = `${commands.length} commands of the scenario tables`;
  return [
    ...rows(`read and classed, ${each}`, judged),
    { name: 'the same, slowest', value: round(judged.at(-1)), unit: 'µs' },
    ...rows('floor: parsed by `unbash` alone, the same', parsed),
    ...awkward(read),
    ...recall(read),
    ...(await batch(commands)),
  ];
}

function shell(text: string): Action {
  return { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: '/w' };
}

async function sample(commands: readonly string[], run: (text: string) => void): Promise<readonly number[]> {
  const micros: number[] = [];
  for (let index = 0; index < WARM_UP + RUNS; index += 1) {
    if (index % 100 === 0) await nextTurn();
    const text = commands[index % commands.length] ?? '';
    const startedMs = performance.now();
    run(text);
    if (index >= WARM_UP) micros.push((performance.now() - startedMs) * 1_000);
  }
  return micros.sort((a, b) => a - b);
}

function rows(name: string, sorted: readonly number[]): readonly CheckRow[] {
  const at = (share: number): number => round(sorted[Math.floor(sorted.length * share)]);
  return [
    { name: `${name}, p50`, value: at(0.5), unit: 'µs' },
    { name: `${name}, p99`, value: at(0.99), unit: 'µs' },
  ];
}

function round(value = Number.NaN): number {
  return Math.round(value * 10) / 10;
}

/** Best of three: what the text itself costs. */
function awkward(read: Reader): readonly CheckRow[] {
  const texts: Readonly<Record<string, string>> = {
    [`longer than ${LIMITS.commandBytes} bytes`]: `echo ${'a'.repeat(LIMITS.commandBytes)}`,
    'one word of 60 kB': `echo ${'a'.repeat(60_000)}`,
    '6,000 commands in a line': 'true;'.repeat(6_000),
    'substitutions in substitutions, 5,000 deep': `echo ${'$('.repeat(5_000)}${')'.repeat(5_000)}`,
    'braces that would be 10 to the 12 words': `rm ${'{1..1000}'.repeat(4)}`,
    'a script of 60 kB in Python': `python3 - <<'E'\n${'print("x" + str(1))\n'.repeat(3_000)}E`,
  };
  return Object.entries(texts).map(([what, text]) => {
    const times = [0, 1, 2].map(() => {
      const startedMs = performance.now();
      read(shell(text), CONTEXT);
      return performance.now() - startedMs;
    });
    return { name: `at the edge: ${what}`, value: Math.round(Math.min(...times) * 100) / 100, unit: 'ms' };
  });
}

function recall(read: Reader): readonly CheckRow[] {
  if (!existsSync(LABELLED_FILE)) return [];
  const { caught, destructive, needless, total } = judgeLabelled(LABELLED_FILE, read);
  return [
    {
      name: `labelled shell, git and file actions: caught of ${destructive} that destroy`,
      value: caught,
      unit: '',
    },
    {
      name: `labelled shell, git and file actions: held needlessly of ${total - destructive}`,
      value: needless.length,
      unit: '',
    },
  ];
}

/** `holdpoint check --batch` as a process, with its own view of its memory at two points. */
async function batch(commands: readonly string[]): Promise<readonly CheckRow[]> {
  const child = spawn(process.execPath, [`${repoRoot}/bin/holdpoint.cjs`, 'check', '--batch'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const memory: number[] = [];
  let answered = 0;
  let ended = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    ended = resolve;
  });
  child.stdout.on('data', (chunk: Buffer) => {
    const before = answered;
    for (const byte of chunk) if (byte === 0x0a) answered += 1;
    for (const point of [FIRST, BATCH]) if (before < point && answered >= point) memory.push(residentBytes(child));
    if (answered >= BATCH) ended();
  });
  child.once('close', ended);
  const startedMs = performance.now();
  for (let index = 0; index < BATCH; index += 1) {
    const input = `${commands[index % commands.length] ?? ''} # ${index}`;
    if (!child.stdin.write(`${JSON.stringify({ id: index, kind: 'shell', input })}\n`))
      await once(child.stdin, 'drain');
  }
  await done;
  const seconds = (performance.now() - startedMs) / 1_000;
  child.stdin.end();
  await once(child, 'close').catch(() => undefined);
  const [atFirst, atLast] = memory;
  if (atFirst === undefined || atLast === undefined)
    throw new Error(`the batch answered ${answered} of ${BATCH} lines`);
  const mega = (bytes: number): number => Math.round(bytes / 1e6);
  return [
    { name: `\`check --batch\`, ${BATCH} commands: time for each`, value: round((seconds / BATCH) * 1e6), unit: 'µs' },
    { name: `\`check --batch\`: memory after ${FIRST} commands`, value: mega(atFirst), unit: 'MB' },
    { name: `\`check --batch\`: memory after ${BATCH} commands`, value: mega(atLast), unit: 'MB' },
  ];
}

function residentBytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
