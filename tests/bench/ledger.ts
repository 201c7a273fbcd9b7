import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openStore } from '../../src/adapters/sqlite/store.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { ReceiptDraft } from '../../src/core/receipt.ts';

export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const SINGLES = 300;
const GROUPS = 40;
const GROUP_SIZE = 50;

function draft(n: number): ReceiptDraft & { kind: 'intent' } {
  return {
    kind: 'intent',
    attemptId: `a-${n}`,
    attemptKey: digestOf(n),
    atMs: 1_800_000_000_000,
    payload: { command: 'git push origin main', n },
  };
}

async function timed(times: number, body: (n: number) => Promise<unknown>): Promise<number[]> {
  const micros: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const start = performance.now();
    await body(n);
    micros.push((performance.now() - start) * 1000);
  }
  return micros.sort((a, b) => a - b);
}

function rows(name: string, micros: readonly number[], per = 1): BenchRow[] {
  const at = (part: number): number =>
    Math.round(((micros[Math.floor((micros.length - 1) * part)] ?? 0) / per) * 10) / 10;
  return [
    { name: `${name}, p50`, value: at(0.5), unit: 'µs' },
    { name: `${name}, p99`, value: at(0.99), unit: 'µs' },
  ];
}

/** One durable intent at a time, and 50 that come in together, beside a bare table on the same disk with the same settings. */
export async function ledgerBench(): Promise<readonly BenchRow[]> {
  const base = mkdtempSync(path.join(tmpdir(), 'holdpoint-bench-'));
  try {
    const floor = new DatabaseSync(path.join(base, 'floor.db'));
    floor.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)');
    const insert = floor.prepare('INSERT INTO t (body) VALUES (?)');
    const bodies = Array.from({ length: GROUP_SIZE }, (_, n) => JSON.stringify(draft(n)));
    const one = (): void => void insert.run(bodies[0] ?? '');
    const many = (): void => {
      floor.exec('BEGIN');
      for (const body of bodies) insert.run(body);
      floor.exec('COMMIT');
    };
    const store = await openStore({
      dir: path.join(base, 'state'),
      logKeyPath: path.join(base, 'log.key'),
      origin: 'bench.invalid/log',
    });
    await timed(20, (n) => store.begin(draft(n)));
    const result = [
      ...rows('floor: one SQLite commit', await timed(SINGLES, async () => one())),
      ...rows('ledger: one intent', await timed(SINGLES, (n) => store.begin(draft(n)))),
      ...rows(`floor: SQLite commit of ${GROUP_SIZE}, each`, await timed(GROUPS, async () => many()), GROUP_SIZE),
      ...rows(
        `ledger: ${GROUP_SIZE} intents at once, each`,
        await timed(GROUPS, () => Promise.all(Array.from({ length: GROUP_SIZE }, (_, n) => store.begin(draft(n))))),
        GROUP_SIZE,
      ),
    ];
    await store.close();
    floor.close();
    return result;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}
