import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runShellAction } from '../../src/adapters/local-executor/run-shell-action.ts';

const dir = mkdtempSync(join(tmpdir(), 'executor-'));
after(() => rmSync(dir, { recursive: true, force: true }));

interface Row {
  readonly note: string;
  readonly command: string;
  readonly outcome: string;
  /** How often the command wrote its mark. */
  readonly ran: number;
  readonly timeoutMs?: number;
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
}

const mark = 'printf x >> mark';
const FAULTS: readonly Row[] = [
  { note: 'fails', command: `${mark}; false`, outcome: 'failed', ran: 1 },
  { note: 'fails, but persisted', command: `${mark}; kill -9 $$`, outcome: 'unknown', ran: 1 },
  {
    note: 'hangs',
    command: `${mark}; while :; do read -t 1 <> <(:); done`,
    outcome: 'unknown',
    ran: 1,
    timeoutMs: 300,
  },
  {
    note: 'says done when told to end',
    command: `trap 'exit 0' TERM; ${mark}; while :; do read -t 0.05 <> <(:); done`,
    outcome: 'unknown',
    ran: 1,
    timeoutMs: 300,
  },
  { note: 'does not parse', command: `${mark}; if`, outcome: 'failed', ran: 0 },
  { note: 'no such directory', command: mark, outcome: 'not-started', ran: 0, cwd: join(dir, 'gone') },
  {
    note: 'too much environment to start',
    command: mark,
    outcome: 'not-started',
    ran: 0,
    env: { BIG: 'x'.repeat(4 * 1024 * 1024) },
  },
];

for (const row of FAULTS) {
  test(`shell run, ${row.note}: ${row.outcome}`, async () => {
    const here = mkdtempSync(join(dir, 'row-'));
    const execution = await runShellAction({
      command: Buffer.from(row.command),
      cwd: row.cwd ?? here,
      env: row.env ?? {},
      stdio: 'ignore',
      killAfterMs: 100,
      ...(row.timeoutMs === undefined ? {} : { timeoutMs: row.timeoutMs }),
    });
    assert.equal(execution.kind === 'finished' && execution.outcome, row.outcome);
    const file = join(here, 'mark');
    // `if` at the end: bash runs what comes before it on earlier lines only.
    assert.equal(existsSync(file) ? readFileSync(file, 'utf8').length : 0, row.ran);
    assert.deepEqual(
      ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'].map((name) => process.listenerCount(name)),
      [0, 0, 0, 0],
      'no listener is left behind',
    );
  });
}
