// `npm run bench [NAME]...`: figures beside their floors and peers, from one run. The same run writes docs/benchmarks.md
// with `--write`.
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { benchCheck } from './check.ts';
import { benchDecision } from './decision.ts';
import { benchEgress, benchEgressMemory, benchEgressPeers } from './egress.ts';
import { benchHook } from './hook.ts';
import { ledgerBench } from './ledger.ts';
import { benchPolicy } from './policy.ts';
import { benchReaders } from './readers.ts';

interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const BENCHES: Readonly<Record<string, { readonly title: string; run(): Promise<readonly Row[]> }>> = {
  hook: {
    title: 'The hook, as a whole process',
    run: async () =>
      (await benchHook()).map((row) => ({ name: row.name + versus(row), value: row.medianMs, unit: 'ms' })),
  },
  decision: { title: 'The decision', run: benchDecision },
  check: { title: 'Commands, parsed and classified', run: benchCheck },
  readers: { title: 'Requests to APIs, parsed and classified', run: benchReaders },
  ledger: { title: 'The ledger', run: ledgerBench },
  policy: { title: 'Policies', run: benchPolicy },
  egress: {
    title: 'The gateway',
    run: async () => [
      ...(await benchEgress()).map((row) => ({
        name: `${row.what}: p50 ${Math.round(row.p50Micros)} µs${row.ratio === undefined ? '' : `, ${row.ratio.toFixed(2)} of the bare proxy`}`,
        value: row.requestsPerSecond,
        unit: 'requests/s',
      })),
      ...(await benchEgressPeers()).flatMap((row) => {
        if (typeof row !== 'string')
          return [
            {
              name: `${row.what}: ${row.ratio.toFixed(2)} of the gateway`,
              value: row.requestsPerSecond,
              unit: 'requests/s',
            },
          ];
        console.error(`bench: ${row}`);
        return [];
      }),
      ...(await benchEgressMemory()).map(({ what, value, unit }) => ({ name: what, value, unit })),
    ],
  },
};

function versus(row: { readonly floor?: string; readonly ratio?: number }): string {
  return row.ratio === undefined ? '' : ` (${row.ratio.toFixed(2)} × ${row.floor ?? 'floor'})`;
}

const words = process.argv.slice(2);
const names = words.filter((word) => word !== '--write');
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
if (unknown !== undefined) {
  console.error(`bench: no bench \`${unknown}\`; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(64);
}
const parts: string[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const lines = [`## ${bench.title}`, '', '| what | figure |', '|---|---|'];
  for (const row of await bench.run())
    lines.push(`| ${row.name} | ${Number(row.value.toPrecision(3))}${row.unit === '' ? '' : ` ${row.unit}`} |`);
  console.log(`${lines.join('\n')}\n`);
  parts.push(`${lines.join('\n')}\n`);
}
if (words.includes('--write')) {
  const machine = `${os.availableParallelism()} cores, ${os.platform()} ${os.arch()}, Node ${process.versions.node}`;
  const text = `# Benchmarks

Written by \`npm run bench -- --write\` on a shared machine with ${machine}. Each figure stands beside a floor or peer
of the same run; compare ratios, not runs.

${parts.join('\n')}`;
  const file = new URL('../../docs/benchmarks.md', import.meta.url);
  // The oracle's figures come from a command of its own.
  const before = readFileSync(file, 'utf8');
  const oracle = before.indexOf('\n## The oracle\n');
  writeFileSync(file, oracle === -1 ? text : text + before.slice(oracle));
}
