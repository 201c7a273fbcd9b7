import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { type InitDeps, runInit } from '../../../src/apps/cli/init.ts';
import { findTools } from '../../../src/apps/cli/install/probe.ts';
import type { Io } from '../../../src/apps/cli/io.ts';
import type { Paths } from '../../../src/apps/paths.ts';
import { decodeHook, encodeHook } from '../../../src/protocols/hooks/agents.ts';
import {
  type HookAgent,
  type HookCall,
  type HookReply,
  isHookAgent,
  refuseUndecoded,
} from '../../../src/protocols/hooks/hook.ts';
import {
  agentOfPayload,
  encodeReply,
  HOOK_HTTP_PREFIX,
  parseHookHeader,
  payloadReader,
} from '../../../src/protocols/hooks/wire.ts';

/** What the fake daemon does with one call: a reply, raw text, or nothing at all (it stays silent). */
export type FakeAnswer = HookReply | { readonly kind: 'raw'; readonly text: string } | { readonly kind: 'silence' };

export interface FakeDaemon {
  readonly calls: readonly HookCall[];
  close(): Promise<void>;
}

/** Speaks the wire protocol, in both forms, and nothing else. */
export async function startFakeDaemon(socket: string, answer: (call: HookCall) => FakeAnswer): Promise<FakeDaemon> {
  const calls: HookCall[] = [];
  const open = new Set<Socket>();
  /** The text of the answer; `undefined` for silence. */
  const answerText = (agent: HookAgent, payload: Uint8Array): string | undefined => {
    const decoded = decodeHook(agent, payload);
    if (!decoded.ok) return encodeReply(refuseUndecoded(decoded.error));
    calls.push(decoded.call);
    const said = answer(decoded.call);
    if (said.kind === 'silence') return undefined;
    return said.kind === 'raw' ? said.text : encodeReply(encodeHook(said, decoded.call));
  };
  const web = createHttpServer((request, response) => {
    const agent = (request.url ?? '').slice(HOOK_HTTP_PREFIX.length);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST' || !isHookAgent(agent)) return void response.writeHead(404).end();
      const text = answerText(agent, Buffer.concat(chunks));
      if (text !== undefined) response.writeHead(200).end(text);
    });
  });
  const server: Server = createServer({ allowHalfOpen: true }, (connection) => {
    open.add(connection);
    connection.on('close', () => open.delete(connection));
    connection.on('error', () => undefined);
    connection.once('data', (first: Buffer) => {
      connection.pause();
      connection.unshift(first);
      if (first[0] === 0x50) web.emit('connection', connection);
      else speakLines(connection, answerText);
      connection.resume();
    });
  });
  await mkdir(path.dirname(socket), { recursive: true });
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return {
    calls,
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) connection.destroy();
        server.close(() => resolve());
      }),
  };
}

function speakLines(
  connection: Socket,
  answerText: (agent: HookAgent, payload: Uint8Array) => string | undefined,
): void {
  const reader = payloadReader();
  const state = { header: '', agent: parseHookHeader(''), bare: [] as Buffer[] };
  connection.on('end', () => {
    const payload = Buffer.concat(state.bare);
    const agent = agentOfPayload(payload.toString('utf8'));
    if (agent === undefined) return;
    const text = answerText(agent, payload);
    if (text !== undefined) connection.end(text);
  });
  connection.on('data', (chunk: Buffer) => {
    if (
      state.bare.length > 0 ||
      (state.header === '' && chunk.toString('utf8').startsWith('{') && !chunk.toString('utf8').startsWith('{"op"'))
    ) {
      state.bare.push(chunk);
      return;
    }
    let rest: Uint8Array = chunk;
    if (state.agent === undefined) {
      const end = chunk.indexOf(0x0a);
      state.header += chunk.subarray(0, end === -1 ? chunk.length : end).toString('utf8');
      if (end === -1) return;
      state.agent = parseHookHeader(state.header);
      rest = chunk.subarray(end + 1);
      if (state.agent === undefined) return void connection.end(encodeReply({ exitCode: 2, stderr: 'bad header' }));
    }
    const step = reader.push(rest);
    if (step.state === 'more') return;
    if (step.state === 'refused') return void connection.end(encodeReply(refuseUndecoded(step.why)));
    const text = answerText(state.agent, step.payload);
    if (text !== undefined) connection.end(text);
  });
}

export interface Installation {
  readonly dir: string;
  readonly home: string;
  readonly project: string;
  readonly paths: Paths;
  readonly deps: InitDeps;
  readonly said: () => string;
  readonly init: (...args: string[]) => Promise<number>;
  readonly io: Io;
  readonly remove: () => Promise<void>;
}

/** A home, a project and everything that init needs, in a folder of its own. */
export async function newInstallation(options: { readonly start?: readonly string[] } = {}): Promise<Installation> {
  const dir = await mkdtemp(path.join(tmpdir(), 'hp-hook-'));
  const home = path.join(dir, 'home');
  const project = path.join(dir, 'project');
  await mkdir(home, { recursive: true });
  await mkdir(path.join(project, '.claude'), { recursive: true });
  const clientBundle = path.join(dir, 'hook-client.cjs');
  await bundleClient(clientBundle);
  const runtime = path.join(dir, 'run');
  const paths: Paths = {
    config: path.join(dir, 'config'),
    state: path.join(dir, 'state'),
    runtime,
    socket: path.join(runtime, 'holdpoint.sock'),
    trust: 'advisory',
    ownerUid: process.getuid?.() ?? 0,
  };
  const said: string[] = [];
  const io: Io = {
    env: {},
    cwd: project,
    stdin: process.stdin,
    out: (text) => void said.push(text),
    err: (text) => void said.push(text),
    interactive: false,
    outIsTerminal: false,
  };
  const deps: InitDeps = {
    paths,
    places: { home, project, managedFile: path.join(dir, 'etc/claude-code/managed-settings.json') },
    node: process.execPath,
    clientBundle,
    ...(options.start === undefined ? {} : { start: options.start }),
    nowMs: 1_700_000_000_000,
    findTools,
  };
  return {
    dir,
    home,
    project,
    paths,
    deps,
    io,
    said: () => said.join(''),
    init: (...args) => runInit(args, io, deps),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** The fallback client as the build makes it. */
export async function bundleClient(file: string): Promise<number> {
  await build({
    entryPoints: [path.join(import.meta.dirname, '../../../src/apps/hook/main.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    minify: true,
    outfile: file,
    logLevel: 'silent',
  });
  return (await readFile(file)).length;
}
