import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { claudeCacheDir } from '../../src/apps/replay/claude-client.ts';
import { installPythonTool, pythonTool } from '../python-tools.ts';

/** Intercepting proxies that others use, as they come: neither judges, and both look at each request. */
export const PEERS = ['mockttp', 'mitmproxy'] as const;
export type Peer = (typeof PEERS)[number];

const MOCKTTP = 'mockttp@4.6.5';
const SELF = fileURLToPath(import.meta.url);
const INSTALL_TIMEOUT_MS = 5 * 60 * 1000;
const START_TIMEOUT_MS = 60_000;

export type StartedPeer =
  | { readonly ok: true; readonly port: number; stop(): void }
  | { readonly ok: false; readonly why: string };

/** Fetches the peer if need be, outside of the checkout and its lock file, and starts it; else says why not. */
export async function startPeer(peer: Peer, folder: string): Promise<StartedPeer> {
  switch (peer) {
    case 'mockttp': {
      const why = installMockttp();
      if (why !== undefined) return { ok: false, why };
      const started = fork(SELF, ['mockttp'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const [message] = (await once(started, 'message')) as [{ readonly port: number }];
      return { ok: true, port: message.port, stop: () => void started.kill() };
    }
    case 'mitmproxy': {
      const why = installPythonTool('mitmproxy');
      if (why !== undefined) return { ok: false, why };
      const port = await freePort();
      const settings = [
        'ssl_insecure=true',
        'connection_strategy=lazy',
        'flow_detail=0',
        `confdir=${folder}/mitmproxy`,
      ];
      const args = [
        '-q',
        '--listen-host',
        '127.0.0.1',
        '-p',
        String(port),
        ...settings.flatMap((one) => ['--set', one]),
      ];
      const started = spawn(pythonTool('mitmproxy', 'mitmdump') ?? '', args, { stdio: 'ignore' });
      const stop = (): void => void started.kill();
      if (await answers(port, started)) return { ok: true, port, stop };
      stop();
      return { ok: false, why: 'mitmdump does not start' };
    }
    default:
      return peer satisfies never;
  }
}

function mockttpFolder(): string {
  return path.join(claudeCacheDir(process.env), MOCKTTP.replace('@', '-'));
}

function installMockttp(): string | undefined {
  const folder = mockttpFolder();
  if (existsSync(path.join(folder, 'node_modules/mockttp'))) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"name":"mockttp-bench","private":true}\n');
  const ran = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', MOCKTTP], {
    cwd: folder,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (ran.status === 0) return undefined;
  rmSync(folder, { recursive: true, force: true });
  return `npm: ${(ran.error?.message ?? ran.stderr.trim().split('\n')[0] ?? '').slice(0, 200)}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answers(port: number, process: ChildProcess): Promise<boolean> {
  const untilMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < untilMs && process.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const reached = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (reached) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

interface Mockttp {
  generateCACertificate(): Promise<{ readonly key: string; readonly cert: string }>;
  getLocal(options: object): {
    start(): Promise<void>;
    readonly port: number;
    forUnmatchedRequest(): { thenPassThrough(options: object): Promise<unknown> };
  };
}

async function serveMockttp(): Promise<number> {
  const mockttp = createRequire(path.join(mockttpFolder(), 'package.json'))('mockttp') as Mockttp;
  const server = mockttp.getLocal({ https: await mockttp.generateCACertificate(), recordTraffic: false });
  await server.start();
  await server.forUnmatchedRequest().thenPassThrough({ ignoreHostHttpsErrors: true });
  return server.port;
}

if (process.argv[1] === SELF && process.send !== undefined) {
  process.send({ port: await serveMockttp() });
  process.once('disconnect', () => process.exit(0));
}
