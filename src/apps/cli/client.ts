import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { parseReply } from '../../protocols/hooks/wire.ts';
import type { Paths } from '../paths.ts';

export type Reply =
  | { readonly ok: true; readonly [key: string]: unknown }
  | { readonly ok: false; readonly error: string; readonly down?: boolean };

const TIMEOUT_MS = 60_000;

/** One request to the daemon. Expected failures are values; `down` says that nobody answers there. */
export function ask(paths: Paths, request: object, timeoutMs = TIMEOUT_MS): Promise<Reply> {
  const fault = socketFault(paths);
  if (fault !== undefined) return Promise.resolve({ ok: false, error: fault, down: true });
  return new Promise((resolve) => {
    const socket = connect(paths.socket);
    const chunks: Buffer[] = [];
    const fail = (error: string, down: boolean): void => {
      socket.destroy();
      resolve({ ok: false, error, down });
    };
    socket.setTimeout(timeoutMs, () => fail('the daemon did not answer in time', false));
    socket.once('connect', () => socket.end(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('error', () => fail('the daemon does not run; start it with `holdpoint up`', true));
    socket.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      // What is refused before its first byte is read is refused in the form of the hooks.
      const refusal = parseReply(text);
      if (refusal?.exitCode === 2) return fail(refusal.stderr, false);
      try {
        resolve(JSON.parse(text) as Reply);
      } catch {
        fail('the daemon closed without an answer', false);
      }
    });
  });
}

/**
 * What only the installation's owner may ask for: `stop`, `erase`, `reopen`. A system installation hears these on a socket
 * that root and the daemon's account alone can reach, since the peer's uid cannot be had of a connection here.
 */
export function askAsOwner(paths: Paths, request: object): Promise<Reply> {
  if (paths.system === undefined) return ask(paths, request);
  if (process.geteuid?.() !== 0)
    return Promise.resolve({ ok: false, error: 'this is a system installation, so that takes root: use sudo' });
  return ask({ ...paths, socket: paths.system.ownerSocket }, request);
}

/**
 * SECURITY: the peer's uid, by what the kernel keeps of it on disk: socket and folder must belong to the expected
 * account, and the folder must not let others replace the socket.
 */
export function socketFault(paths: Paths): string | undefined {
  try {
    const folder = lstatSync(path.dirname(paths.socket));
    const socket = lstatSync(paths.socket);
    if (!socket.isSocket()) return `\`${paths.socket}\` is not a socket`;
    if (socket.uid !== paths.ownerUid)
      return `the socket belongs to uid ${socket.uid}, not to ${paths.ownerUid}; nothing there is trusted`;
    if ((folder.uid !== paths.ownerUid && folder.uid !== 0) || (folder.mode & 0o022) !== 0)
      return 'the folder of the socket lets other accounts replace it';
    return undefined;
  } catch {
    return 'the daemon does not run; start it with `holdpoint up`';
  }
}
