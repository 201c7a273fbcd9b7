import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findTools } from '../../src/apps/cli/install/probe.ts';
import { shimText } from '../../src/apps/cli/install/shim.ts';
import { newInstallation, startFakeDaemon } from '../e2e/hook/fixture.ts';

/** One measured thing, beside the floor of the same run. Milliseconds of wall clock for a whole process, median. */
export interface HookBenchRow {
  readonly name: string;
  readonly medianMs: number;
  /** The row that this one is to be compared with. */
  readonly floor?: string;
  readonly ratio?: number;
}

const RUNS = 30;
/** Calls in one shell, so that what this process takes to start a child is not counted. */
const CALLS = 10;
const PAYLOAD = JSON.stringify({
  session_id: '3f1f7d0e-0000-4000-8000-000000000000',
  transcript_path: '/home/user/.claude/projects/work/3f1f7d0e.jsonl',
  cwd: '/home/user/work',
  permission_mode: 'acceptEdits',
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command: 'npm test -- --watch=false', description: 'Run the tests' },
  tool_use_id: 'toolu_01',
});

/** The shim by each client against a daemon that answers at once, beside the bare tools. Runs are interleaved, so that load hits all alike. */
export async function benchHook(runs = RUNS): Promise<readonly HookBenchRow[]> {
  const place = await newInstallation();
  const daemon = await startFakeDaemon(place.paths.socket, () => ({ kind: 'allow' }));
  try {
    await place.init('--agent', 'claude-code', '--yes');
    const tools = await findTools();
    const variant = async (
      name: string,
      use: { readonly nc?: string | undefined; readonly ncEndsInput?: boolean; readonly curl?: string | undefined },
    ): Promise<string> => {
      const file = path.join(place.dir, name);
      const settings = {
        socket: place.paths.socket,
        cat: tools.cat,
        node: process.execPath,
        client: path.join(place.paths.state, 'hook/hook-client.cjs'),
      };
      await writeFile(
        file,
        shimText({
          ...settings,
          ...use,
          installFile: path.join(place.paths.config, 'install.json'),
          owner: 'self',
          replyTimeoutS: 5,
        }),
        { mode: 0o755 },
      );
      return file;
    };
    const payloadFile = path.join(place.dir, 'payload.json');
    await writeFile(payloadFile, PAYLOAD);
    const rows: {
      readonly name: string;
      readonly argv: readonly string[];
      readonly floor?: string;
      readonly times: number[];
    }[] = [
      { name: 'sh -c :', argv: ['/bin/sh', '-c', ':'], times: [] },
      { name: 'node -e 0', argv: [process.execPath, '-e', '0'], times: [] },
    ];
    if (tools.nc !== undefined) {
      const request = `printf '{"op":"hook","agent":"claude-code"}\\n%s\\036\\n' '${PAYLOAD}' | ${tools.nc} -U ${place.paths.socket}`;
      rows.push({ name: 'sh + nc -U', argv: ['/bin/sh', '-c', request], floor: 'sh -c :', times: [] });
      if (tools.ncEndsInput === true) {
        rows.push({
          name: 'hook shim by nc -N',
          argv: [await variant('direct', { nc: tools.nc, ncEndsInput: true }), 'claude-code'],
          floor: 'sh + nc -U',
          times: [],
        });
      }
      rows.push({
        name: 'hook shim by nc',
        argv: [await variant('by-nc', { nc: tools.nc }), 'claude-code'],
        floor: 'sh + nc -U',
        times: [],
      });
    }
    if (tools.curl !== undefined) {
      rows.push({
        name: 'hook shim by curl',
        argv: [await variant('by-curl', { curl: tools.curl }), 'claude-code'],
        floor: 'sh -c :',
        times: [],
      });
    }
    rows.push({
      name: 'hook shim by node',
      argv: [await variant('by-node', {}), 'claude-code'],
      floor: 'node -e 0',
      times: [],
    });
    for (let run = 0; run < runs; run += 1) for (const row of rows) row.times.push(await timeMs(row.argv, payloadFile));
    const medians = new Map(rows.map((row) => [row.name, median(row.times)]));
    return rows.map(({ name, floor }) => {
      const medianMs = medians.get(name) ?? Number.NaN;
      return floor === undefined
        ? { name, medianMs }
        : { name, medianMs, floor, ratio: medianMs / (medians.get(floor) ?? Number.NaN) };
    });
  } finally {
    await daemon.close();
    await place.remove();
  }
}

function timeMs(argv: readonly string[], payloadFile: string): Promise<number> {
  const loop = `i=0; while [ $i -lt ${CALLS} ]; do "$@" <"$0" >/dev/null 2>&1 || exit 9; i=$((i+1)); done`;
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child: ChildProcess = spawn('/bin/sh', ['-c', loop, payloadFile, ...argv], {
      stdio: 'ignore',
      env: { HOME: '/nonexistent' },
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0
        ? resolve((performance.now() - startMs) / CALLS)
        : reject(new Error(`\`${argv[0] ?? ''}\` ended with ${code}`)),
    );
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
