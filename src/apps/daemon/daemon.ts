import { chmodSync, lstatSync, mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import type { Paths } from '../paths.ts';
import { type Caller, type DaemonFacts, makeAnswer } from './answer.ts';
import type { HookDoor } from './hook-door.ts';
import { makeMalformedRecord } from './malformed-record.ts';
import { makePage, type Page } from './page.ts';
import type { Service } from './service.ts';
import { makeSocketServer } from './socket-server.ts';

export interface DaemonParts {
  readonly paths: Paths;
  readonly service: Service;
  readonly hookDoor: HookDoor;
  readonly version: string;
  mode(): 'shadow' | 'enforce';
  /** Port of the egress gateway on loopback, where it runs. */
  readonly gateway: { readonly port: number; close(): Promise<void> } | undefined;
  agentEnvironment: DaemonFacts['agentEnvironment'];
  preapprove: DaemonFacts['preapprove'];
  orders: DaemonFacts['orders'];
  policy: DaemonFacts['policy'];
  map: DaemonFacts['map'];
  policySummary(): Promise<object>;
  peopleSummary(): Promise<object>;
  /** How many intents had no outcome when the daemon started: shown, counted, never retried. */
  readonly unknownAtStart: number;
  close(): Promise<void>;
}

export interface Daemon {
  readonly pageUrl: string;
  /** Resolves when the daemon has ended, by `stop` or `close`. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Descriptor of the first socket that systemd passes. Source: sd_listen_fds(3) */
const SYSTEMD_FD = 3;

export type StartResult = { readonly ok: true; readonly daemon: Daemon } | { readonly ok: false; readonly why: string };

export async function startDaemon(parts: DaemonParts): Promise<StartResult> {
  const { paths, service } = parts;
  const startedAtMs = service.clock.nowMs();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const page = makePage({ holds: (all) => service.holds(all), show: (id) => service.show(id), status });
  const pagePort = await listenLoopback(page);
  const pageUrl = page.url(pagePort);
  const facts: DaemonFacts = {
    status,
    stop: () => {
      setImmediate(() => {
        close().catch(() => process.exit(70));
      });
    },
    agentEnvironment: parts.agentEnvironment,
    preapprove: parts.preapprove,
    orders: parts.orders,
    policy: parts.policy,
    map: parts.map,
  };
  const malformed = makeMalformedRecord(service);
  const socketServer = (caller: Caller): Server =>
    makeSocketServer({
      hook: parts.hookDoor,
      request: makeAnswer(service, facts, caller),
      malformed,
    });
  const server = socketServer(paths.trust === 'system' ? 'anyone' : 'owner');
  const ownerServer = paths.system === undefined ? undefined : socketServer('owner');
  const listening =
    (await listen(server, paths)) ??
    (ownerServer === undefined ? undefined : await listenAt(ownerServer, paths.system?.ownerSocket ?? '', 0o177));
  if (listening !== undefined) {
    server.close();
    page.server.close();
    return { ok: false, why: listening };
  }

  async function status() {
    const head = await service.store.head();
    const unfinished = await service.store.unfinished();
    const open = await service.store.holds({ states: ['open'] });
    return {
      version: parts.version,
      pid: process.pid,
      mode: parts.mode(),
      trust: paths.trust,
      startedAtMs,
      openHolds: open.length,
      unfinished: unfinished.length,
      unknownAtStart: parts.unknownAtStart,
      log: head,
      page: pageUrl,
      gatewayPort: parts.gateway?.port,
      people: await parts.peopleSummary(),
      policy: await parts.policySummary(),
      state: paths.state,
      socket: paths.socket,
    };
  }

  async function close(): Promise<void> {
    server.close();
    ownerServer?.close();
    page.server.close();
    page.server.closeAllConnections();
    await parts.gateway?.close();
    await parts.close();
    if (!isSocketActivated()) rmSync(paths.socket, { force: true });
    end();
  }
  return { ok: true, daemon: { pageUrl, ended, close } };
}

function listenLoopback(page: Page): Promise<number> {
  return new Promise((resolve, reject) => {
    page.server.once('error', reject);
    page.server.listen(0, '127.0.0.1', () => {
      const address = page.server.address();
      if (address === null || typeof address === 'string') reject(new Error('no loopback address'));
      else resolve(address.port);
    });
  });
}

/** systemd holds the listening socket, and made it before this process. Source: sd_listen_fds(3) */
export function isSocketActivated(): boolean {
  return process.env.LISTEN_FDS === '1' && process.env.LISTEN_PID === String(process.pid);
}

/** `undefined` when it listens, else why not. */
async function listen(server: Server, paths: Paths): Promise<string | undefined> {
  if (isSocketActivated()) {
    return new Promise((resolve) => {
      server.once('error', (error) => resolve(error.message));
      server.listen({ fd: SYSTEMD_FD }, () => resolve(undefined));
    });
  }
  mkdirSync(paths.runtime, { recursive: true, mode: paths.trust === 'system' ? 0o755 : 0o700 });
  const folder = lstatSync(paths.runtime);
  // SECURITY: somebody else's folder in a shared place could swap the socket under the clients.
  if (!folder.isDirectory() || folder.uid !== process.getuid?.())
    return `\`${paths.runtime}\` is not a folder of this account`;
  if (paths.trust === 'advisory') chmodSync(paths.runtime, 0o700);
  // What another account left there is no daemon of ours, whatever it answers.
  const left = lstatSync(paths.socket, { throwIfNoEntry: false });
  if (left?.uid === folder.uid && (await answers(paths.socket))) return `already running at \`${paths.socket}\``;
  // SECURITY: 0600 from the start; in a system installation other accounts may connect, and the folder is not theirs.
  return listenAt(server, paths.socket, paths.trust === 'system' ? 0o111 : 0o177);
}

function listenAt(server: Server, socket: string, umask: number): Promise<string | undefined> {
  try {
    unlinkSync(socket);
  } catch {
    // there was none
  }
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(error.message));
    const before = process.umask(umask);
    server.listen(socket, () => {
      process.umask(before);
      resolve(undefined);
    });
  });
}

/** Whether something accepts connections there. */
export function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
