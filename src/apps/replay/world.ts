import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';

/** The internet as the agent finds it: these names, each at port 443, and nothing else. */
export interface Place {
  readonly host: string;
  /** Of the stand-in, on loopback outside; `undefined` for a name that is known and not reached. */
  readonly port: number | undefined;
}

export interface World {
  /** Put before a program's path: runs it inside, with the same files. */
  readonly launcher: readonly string[];
  close(): Promise<void>;
}

/** Everything but the network is as outside. The capability is for port 443 of the namespace's own loopback. */
const NAMESPACE = ['--dev-bind', '/', '/', '--unshare-net', '--cap-add', 'CAP_NET_BIND_SERVICE'] as const;

/** Says why there can be none, or `undefined`. */
export function worldFault(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux only';
  const tried = spawnSync('bwrap', [...NAMESPACE, 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return '`bwrap` is not installed';
  return tried.status === 0 ? undefined : `bwrap cannot make a network namespace here: ${tried.stderr.trim()}`;
}

/**
 * A network namespace with loopback alone. What is to be reached from inside goes through unix sockets in `folder`, which
 * both sides see: `places` by their names, `ports` as the same ports on 127.0.0.1. There is no other way out, whatever
 * variables say.
 */
export async function openWorld(folder: string, places: readonly Place[], ports: readonly number[]): Promise<World> {
  const hosts = path.join(folder, 'hosts');
  writeFileSync(
    hosts,
    `127.0.0.1 localhost\n${places.map(({ host }, index) => `${addressOf(index)} ${host}\n`).join('')}`,
  );
  const doors = [
    ...places.flatMap(({ port }, index) => (port === undefined ? [] : [{ port, inside: `${addressOf(index)}:443` }])),
    ...ports.map((port) => ({ port, inside: `127.0.0.1:${port}` })),
  ];
  const bridge = path.join(folder, 'bridge.cjs');
  writeFileSync(bridge, BRIDGE);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const pairs: string[] = [];
  for (const [index, { port, inside }] of doors.entries()) {
    const socketPath = path.join(folder, `b${index}`);
    servers.push(await carry(socketPath, port, sockets));
    pairs.push(`${inside}=${socketPath}`);
  }
  return {
    launcher: [
      'bwrap',
      ...NAMESPACE,
      ...['--ro-bind', hosts, '/etc/hosts', '--die-with-parent', '--', process.execPath, bridge].concat(pairs, '--'),
    ],
    close: async () => {
      // Whoever is left inside loses its way out.
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
  };
}

function addressOf(index: number): string {
  return `127.0.1.${index + 1}`;
}

/** Whoever connects to the unix socket is connected to the port on loopback. */
function carry(socketPath: string, port: number, sockets: Set<Socket>): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      sockets.add(one);
      one.once('close', () => sockets.delete(one));
      one.on('error', () => other.destroy()).pipe(other);
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve(server));
  });
}

/** Inside, where nothing of this program is needed: listens, then runs what follows `--` and ends as that does. */
const BRIDGE = `'use strict';
const net = require('node:net');
const { spawn } = require('node:child_process');
const split = process.argv.indexOf('--');
const pairs = process.argv.slice(2, split);
const [program, ...args] = process.argv.slice(split + 1);
Promise.all(pairs.map((pair) => new Promise((resolve, reject) => {
  const equals = pair.indexOf('=');
  const colon = pair.lastIndexOf(':', equals);
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const target = net.connect({ path: pair.slice(equals + 1), allowHalfOpen: true });
    socket.on('error', () => target.destroy()).pipe(target);
    target.on('error', () => socket.destroy()).pipe(socket);
  });
  server.on('error', reject);
  server.listen(Number(pair.slice(colon + 1, equals)), pair.slice(0, colon), resolve);
}))).then(() => {
  const child = spawn(program, args, { stdio: 'inherit' });
  child.on('error', () => process.exit(127));
  child.on('exit', (code, signal) => process.exit(code === null ? 137 : code));
}, (error) => { console.error(error.message); process.exit(126); });
`;
