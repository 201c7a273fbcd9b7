import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'unbash';
import { dangerOf } from '../../src/core/danger.ts';
import type { Effect } from '../../src/core/effect.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { unknown } from '../../src/core/tri.ts';
import { makeShellReader } from '../../src/languages/shell/read-shell.ts';
import { loadPrograms } from '../program-parser.ts';

await loadPrograms();

/** Inputs that were worth keeping: starts for mutation, and what a run has found. Read once, whole. */
const CORPUS: readonly string[] = readFileSync(path.join(import.meta.dirname, 'corpus/shell.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => (JSON.parse(line) as { readonly input: string }).input);

/** The scenarios are as good a start as any. */
const SCENARIOS: readonly string[] = [
  'destructive',
  'evasions',
  'everyday',
  'near-misses',
  'python',
  'javascript',
  'ruby',
  'php',
  'perl',
].flatMap((name) =>
  readFileSync(path.join(import.meta.dirname, `../scenarios/shell-${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { readonly input: unknown }).input)
    .filter((input) => typeof input === 'string'),
);
const SEEDS: readonly string[] = [...CORPUS, ...SCENARIOS];
const PIECES: readonly string[] = [
  '"',
  "'",
  '`',
  '$(',
  ')',
  '${',
  '}',
  '{a,b}',
  '|',
  '&&',
  ';',
  '\n',
  '<<E\n',
  '\nE\n',
  '\\',
  '$',
  '~',
  '*',
  '((',
  '))',
  '[[',
  ']]',
  '<(',
  '>',
  '#',
  '!',
  '\0',
  '\ue000',
  '\u202e',
  '{',
  '(',
  'if ',
  'then ',
  'fi',
  'while ',
  'do ',
  'done',
  'rm -rf /',
  'eval ',
  'xargs ',
  'sudo ',
  'function ',
  '"""',
  '/*',
  '*/',
  '//',
  '=>',
  '#{',
  'def f(x):\n  ',
  'class ',
  '[',
  ']',
  ',',
  '=',
];

/** Small deterministic generator (mulberry32), so that a find can be made again by its number. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function mutated(seed: number): string {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  let text = pick(SEEDS);
  for (let turns = 1 + Math.floor(next() * 8); turns > 0; turns -= 1) {
    const at = Math.floor(next() * (text.length + 1));
    const way = next();
    if (way < 0.5) text = text.slice(0, at) + pick(PIECES) + text.slice(at);
    else if (way < 0.75) text = text.slice(0, at) + text.slice(at + 1 + Math.floor(next() * 6));
    else text = text.slice(0, at) + pick(SEEDS) + text.slice(at);
  }
  return text;
}

/** Change nothing that a command beside them could see. */
const NEUTRAL: readonly string[] = [
  'true',
  ': nothing',
  '# a comment',
  'echo hello',
  'pwd',
  'ls -la > /dev/null',
  'test -f a',
];

const read = makeShellReader({});
const context = { workspace: '', cwd: '', fact: () => unknown('fuzz') };
const encoder = new TextEncoder();

function effectsOf(input: string): readonly Effect[] {
  const { effects, questions } = read({ kind: 'shell', bytes: encoder.encode(input) }, context);
  if (effects.length > LIMITS.effects || questions.length > LIMITS.questions) throw new Error('past its limits');
  return effects;
}

/** 0 allow, 1 hold, 2 deny: what the floor says. */
function strictness(effects: readonly Effect[]): number {
  return Math.max(
    0,
    ...effects.map((effect) =>
      effect.tags?.includes('guard-tampering') === true ? 2 : dangerOf(effect) === 'harmless' ? 0 : 1,
    ),
  );
}

/** The same text with a neutral sibling, comment line or redirection beside it, where it is a whole script by itself. */
function besides(input: string, pick: <T>(list: readonly T[]) => T): readonly string[] {
  const neutral = pick(NEUTRAL);
  const beside = [`${neutral}\n${input}`];
  // What ends within a quote, an expansion, a here-document or a line that goes on would take in what follows.
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(input)) return beside;
  const { errors, commands } = parse(`${input}\nzzmark`);
  const last = commands.at(-1)?.command;
  const isWhole = last?.type === 'Command' && last.name?.text === 'zzmark' && last.args.length === 0;
  if ((errors !== undefined && errors.length > 0) || !isWhole) return beside;
  return [...beside, `${input}\n${neutral}`, `{\n${input}\n} 2> /dev/null`, `${neutral}\n${input}\n# a comment`];
}

export interface Fuzzed {
  readonly blocked: number;
  readonly compared: number;
  readonly slowestMs: number;
  readonly slowest: string;
}

/** Looks at one input; throws where a promise is broken: no exception, within its limits, never looser beside something neutral. */
function tryInput(input: string, seed: number, result: { -readonly [K in keyof Fuzzed]: Fuzzed[K] }): void {
  try {
    const startMs = performance.now();
    const alone = strictness(effectsOf(input));
    const ms = performance.now() - startMs;
    if (ms > result.slowestMs) Object.assign(result, { slowestMs: ms, slowest: input });
    if (alone === 0) return;
    result.blocked += 1;
    const next = random(seed ^ 0x5bd1e995);
    for (const text of besides(input, (list) => list[Math.floor(next() * list.length)] as never)) {
      result.compared += 1;
      if (strictness(effectsOf(text)) < alone) throw new Error(`looser as ${JSON.stringify(text)}`);
    }
  } catch (error) {
    throw new Error(`input ${seed}: ${JSON.stringify(input)}: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

/** Reads mutated inputs from number `from` on; throws with the number of the first that breaks a promise. */
export function fuzzShell(from: number, count: number): Fuzzed {
  const result = { blocked: 0, compared: 0, slowestMs: 0, slowest: '' };
  for (let seed = from; seed < from + count; seed += 1) tryInput(mutated(seed), seed, result);
  return result;
}

/** The stored inputs and the scenarios as they are. */
export function readCorpus(): Fuzzed {
  const result = { blocked: 0, compared: 0, slowestMs: 0, slowest: '' };
  for (const [index, input] of SEEDS.entries()) tryInput(input, index, result);
  return result;
}

/** The time that one input takes at best: what a busy machine adds to a single run says nothing. */
export function bestMsOf(input: string): number {
  const times: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const startMs = performance.now();
    effectsOf(input);
    times.push(performance.now() - startMs);
  }
  return Math.min(...times);
}
