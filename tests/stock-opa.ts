import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { claudeCacheDir } from '../src/apps/replay/claude-client.ts';
import { goPath, repoRoot } from './platform.ts';

const BUILD_TIMEOUT_MS = 9 * 60 * 1000;

/**
 * Absolute path of the stock `opa` in the version that the engine is made from: built once with the machine's Go, in a
 * module outside the repository, then kept in the cache. For tests that `skipUnless('go')`. Safe in two processes at once.
 */
export function stockOpa(): string {
  const version = /open-policy-agent\/opa (v[\d.]+)/.exec(
    readFileSync(path.join(repoRoot, 'policy/engine/go.mod'), 'utf8'),
  )?.[1];
  const go = goPath();
  if (version === undefined || go === undefined) throw new Error('no version of opa, or no go');
  const kept = path.join(claudeCacheDir(process.env), `opa-${version}`, 'opa');
  if (existsSync(kept)) return kept;
  const work = mkdtempSync(path.join(tmpdir(), 'stock-opa-'));
  try {
    writeFileSync(path.join(work, 'go.mod'), 'module stock\n\ngo 1.26.0\n');
    const env = { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off', CGO_ENABLED: '0', GOOS: '', GOARCH: '' };
    for (const args of [
      ['get', `github.com/open-policy-agent/opa@${version}`],
      ['build', '-o', 'opa', 'github.com/open-policy-agent/opa'],
    ]) {
      const ran = spawnSync(go, args, { cwd: work, env, encoding: 'utf8', timeout: BUILD_TIMEOUT_MS });
      if (ran.status !== 0) throw new Error(`\`go ${args.join(' ')}\`: ${ran.stderr.slice(-2_000)}`);
    }
    mkdirSync(path.dirname(kept), { recursive: true });
    // Beside its place first: a rename within one file system is whole or not at all.
    const draft = `${kept}.${process.pid}`;
    writeFileSync(draft, readFileSync(path.join(work, 'opa')), { mode: 0o755 });
    renameSync(draft, kept);
    return kept;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export interface RunningOpa {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** `opa run --server` on loopback, once it says that it is well. */
export async function startOpaServer(args: readonly string[], port?: number): Promise<RunningOpa> {
  const at = port ?? (await freePort());
  const child = spawn(stockOpa(), ['run', '--server', '--disable-telemetry', '--addr', `127.0.0.1:${at}`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const url = `http://127.0.0.1:${at}`;
  for (let left = 200; left > 0; left -= 1) {
    if (child.exitCode !== null) break;
    const well = await fetch(`${url}/health?bundles`).then(
      (answer) => answer.status === 200,
      () => false,
    );
    if (well)
      return {
        url,
        port: at,
        stop: async () => {
          child.kill('SIGKILL');
          await ended;
        },
      };
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  child.kill('SIGKILL');
  throw new Error(`opa does not run: ${said.join('').slice(-2_000)}`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
