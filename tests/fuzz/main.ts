/**
 * `npm run fuzz -- TARGET [--minutes N] [--from NUMBER]`: mutated inputs until the time is over, each made anew by its
 * number. Ends with status 1 at the first that breaks a promise; put it into `corpus/`, then mend what it found.
 */
import { bestMs, type Fuzzed, fuzz } from './fuzzing.ts';
import { bestMsOf, fuzzShell } from './shell-fuzz.ts';
import { TARGETS } from './targets.ts';

interface Fuzzer {
  run(from: number, count: number): Fuzzed;
  bestMs(input: string): number;
}

const FUZZERS: ReadonlyMap<string, Fuzzer> = new Map<string, Fuzzer>([
  ['shell', { run: fuzzShell, bestMs: bestMsOf }],
  ...TARGETS.map((one): [string, Fuzzer] => [
    one.name,
    { run: (from, count) => fuzz(one, from, count), bestMs: (input) => bestMs(one, input) },
  ]),
]);
const BATCH = 1_000;
const MOST_MS = 200;

const [target = '', ...args] = process.argv.slice(2);
const numberAfter = (name: string, otherwise: number): number => {
  const at = args.indexOf(name);
  return at === -1 ? otherwise : Number(args[at + 1]);
};
const minutes = numberAfter('--minutes', 1);
const from = numberAfter('--from', Math.floor(Date.now() / 1000) % 1_000_000_000);
const fuzzer = FUZZERS.get(target);
if (fuzzer === undefined || !(minutes > 0) || !Number.isSafeInteger(from)) {
  console.error(`usage: npm run fuzz -- ${[...FUZZERS.keys()].join('|')} [--minutes N] [--from NUMBER]`);
  process.exit(64);
}

const endMs = performance.now() + minutes * 60_000;
const total = { inputs: 0, blocked: 0, compared: 0, slowestMs: 0 };
while (performance.now() < endMs) {
  try {
    const { blocked, compared, slowestMs, slowest } = fuzzer.run(from + total.inputs, BATCH);
    total.inputs += BATCH;
    total.blocked += blocked;
    total.compared += compared;
    if (slowestMs > MOST_MS) {
      const best = fuzzer.bestMs(slowest);
      if (best > MOST_MS) throw new Error(`takes ${Math.round(best)} ms: ${JSON.stringify(slowest.slice(0, 2_000))}`);
      total.slowestMs = Math.max(total.slowestMs, best);
    } else total.slowestMs = Math.max(total.slowestMs, slowestMs);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    break;
  }
}
console.log(
  `${total.inputs} inputs from number ${from}, ${total.blocked} blocked, ${total.compared} compared with the same in other words; slowest ${Math.round(total.slowestMs)} ms`,
);
