import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dangerOf } from '../../src/core/danger.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { Reading } from '../../src/languages/reading.ts';

/** A parser of what comes from outside, with its promises. */
export interface Target {
  readonly name: string;
  /** Starts for mutation besides the stored corpus. */
  readonly seeds: readonly string[];
  /** What mutation puts in. */
  readonly pieces: readonly string[];
  /** How strict the answer is, 0 lets pass. Throws where a promise is broken. */
  read(input: string): number;
  /** The same said in other words: never to be answered less strictly. */
  respell(input: string, random: Random): readonly string[];
}

export interface Random {
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

export interface Fuzzed {
  readonly blocked: number;
  readonly compared: number;
  readonly slowestMs: number;
  readonly slowest: string;
}

type Counts = { -readonly [K in keyof Fuzzed]: Fuzzed[K] };

/** Small deterministic generator (mulberry32), so that a find can be made again by its number. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (list) => list[below(list.length)] as (typeof list)[number] };
}

export function storedInputs(name: string): readonly string[] {
  return readFileSync(path.join(import.meta.dirname, `corpus/${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { readonly input: string }).input);
}

/** Mutated inputs from number `from` on; throws with the number of the first that breaks a promise. */
export function fuzz(target: Target, from: number, count: number): Fuzzed {
  const counts: Counts = { blocked: 0, compared: 0, slowestMs: 0, slowest: '' };
  const starts = [...storedInputs(target.name), ...target.seeds];
  for (let seed = from; seed < from + count; seed += 1) tryInput(target, mutated(target, starts, seed), seed, counts);
  return counts;
}

/** The stored inputs and the seeds as they are. */
export function readStored(target: Target): Fuzzed {
  const counts: Counts = { blocked: 0, compared: 0, slowestMs: 0, slowest: '' };
  for (const [index, input] of [...storedInputs(target.name), ...target.seeds].entries())
    tryInput(target, input, index, counts);
  return counts;
}

/** The time that one input takes at best: what a busy machine adds to a single run says nothing. */
export function bestMs(target: Target, input: string): number {
  const times: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const startMs = performance.now();
    target.read(input);
    times.push(performance.now() - startMs);
  }
  return Math.min(...times);
}

function mutated(target: Target, starts: readonly string[], seed: number): string {
  const { below, pick } = randomOf(seed);
  let text = pick(starts);
  for (let turns = 1 + below(6); turns > 0; turns -= 1) {
    const at = below(text.length + 1);
    const way = below(20);
    if (way < 9) text = text.slice(0, at) + pick(target.pieces) + text.slice(at);
    else if (way < 13) text = text.slice(0, at) + text.slice(at + 1 + below(6));
    else if (way < 16) text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1);
    else if (way < 18) text = text.slice(0, at) + text.slice(at, at + 40).repeat(1 + below(20)) + text.slice(at);
    else text = text.slice(0, at) + pick(starts).slice(below(40));
  }
  return text;
}

function tryInput(target: Target, input: string, seed: number, counts: Counts): void {
  try {
    const startMs = performance.now();
    const strictness = target.read(input);
    const ms = performance.now() - startMs;
    if (ms > counts.slowestMs) Object.assign(counts, { slowestMs: ms, slowest: input });
    if (strictness === 0) return;
    counts.blocked += 1;
    for (const text of target.respell(input, randomOf(seed ^ 0x5bd1e995))) {
      counts.compared += 1;
      if (target.read(text) < strictness) throw new Error(`looser as ${JSON.stringify(text)}`);
    }
  } catch (error) {
    throw new Error(
      `${target.name} ${seed}: ${JSON.stringify(input)}: ${error instanceof Error ? (error.stack ?? error.message) : ''}`,
      { cause: error },
    );
  }
}

/** 0 allow, 1 hold, 2 deny: what the floor says; and within the limits. */
export function strictnessOf({ effects, questions }: Reading): number {
  if (effects.length > LIMITS.effects || questions.length > LIMITS.questions) throw new Error('past its limits');
  return Math.max(
    0,
    ...effects.map((effect) =>
      effect.tags?.includes('guard-tampering') === true ? 2 : dangerOf(effect) === 'harmless' ? 0 : 1,
    ),
  );
}

export function assertSame(a: unknown, b: unknown, what: string): void {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  if (one !== other) throw new Error(`${what}: ${one?.slice(0, 300)} and ${other?.slice(0, 300)}`);
}
