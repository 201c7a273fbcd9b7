import { lstatSync, readFileSync, readSync, realpathSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { LIMITS } from '../../core/limits.ts';
import { type HookAgent, type HookOutput, isHookAgent } from '../../protocols/hooks/hook.ts';
import { encodeHookRequest, encodeReply, parseReply } from '../../protocols/hooks/wire.ts';
import { answerHook, type ClientWorld } from './client.ts';
import { type ClientSettings, parseClientSettings } from './install-file.ts';

/**
 * The fallback client: `node hook-client.cjs AGENT INSTALL-FILE < payload`. Prints one reply line (see wire.ts), which
 * the shim checks and obeys. Bundled to one CommonJS file; imports nothing but Node, core and protocols/hooks.
 */
const ASK_TIMEOUT_MS = 8_000;
const START_TIMEOUT_MS = 5_000;
const NEWLINE = 0x0a;

async function main(argv: readonly string[]): Promise<HookOutput> {
  const [agent = '', installFile = ''] = argv;
  if (!isHookAgent(agent)) return { exitCode: 2, stderr: 'holdpoint: the hook was called for no known agent' };
  const payload = readStdin();
  if (payload === undefined)
    return {
      exitCode: 2,
      stderr: `holdpoint: the call is larger than ${LIMITS.hookPayloadBytes} bytes, so it is refused`,
    };
  return answerHook(agent, payload, readSettings(installFile), world);
}

const world: ClientWorld = {
  home: process.env.HOME ?? '/nonexistent',
  realPath(path) {
    try {
      return realpathSync(path);
    } catch {
      return undefined;
    }
  },
  ask,
  start(command) {
    return new Promise((resolve) => {
      const [program = '', ...args] = command;
      // Loaded only here: it costs start-up time and is needed only where the daemon is dead.
      const { spawn } = process.getBuiltinModule('node:child_process');
      const child = spawn(program, args, { stdio: 'ignore', detached: true, timeout: START_TIMEOUT_MS });
      child.on('error', () => resolve());
      child.on('exit', () => resolve());
    });
  },
  pause(ms) {
    return new Promise((resolve) => void setTimeout(resolve, ms));
  },
};

function ask(
  settings: ClientSettings,
  agent: HookAgent,
  payload: Uint8Array,
): Promise<HookOutput | 'unreachable' | 'silent'> {
  return new Promise((resolve) => {
    if (!isOwnedSocket(settings)) return resolve('unreachable');
    const chunks: Buffer[] = [];
    const state = { connected: false };
    const socket = connect(settings.socket);
    const timer = setTimeout(() => socket.destroy(), ASK_TIMEOUT_MS);
    const settle = (reply: HookOutput | 'unreachable' | 'silent'): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    const replied = (): HookOutput | undefined => parseReply(Buffer.concat(chunks).toString('utf8'));
    socket.on('connect', () => {
      state.connected = true;
      socket.write(encodeHookRequest(agent, payload));
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      // A whole reply is one line: the other end's goodbye is not waited for.
      const reply = chunk.at(-1) === NEWLINE ? replied() : undefined;
      if (reply === undefined) return;
      socket.destroy();
      settle(reply);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => settle(replied() ?? (state.connected ? 'silent' : 'unreachable')));
  });
}

/** SECURITY: a socket of any other user than the one fixed at install is not the guard's. */
function isOwnedSocket(settings: ClientSettings): boolean {
  try {
    const stat = lstatSync(settings.socket);
    return stat.isSocket() && stat.uid === settings.ownerUid;
  } catch {
    return false;
  }
}

function readSettings(file: string): ClientSettings | undefined {
  try {
    return parseClientSettings(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Synchronous on purpose: the stream of `process.stdin` costs milliseconds of start-up. */
function readStdin(): Uint8Array | undefined {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const read = readSync(0, chunk, 0, chunk.length, null);
    if (read === 0) return Buffer.concat(chunks);
    size += read;
    if (size > LIMITS.hookPayloadBytes) return undefined;
    chunks.push(chunk.subarray(0, read));
  }
}

function write(output: HookOutput): void {
  const bytes = Buffer.from(encodeReply(output));
  for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written);
}

main(process.argv.slice(2))
  .then(write, () => write({ exitCode: 2, stderr: 'holdpoint: the hook client failed, so this call is refused' }))
  // All is written: winding down what is still open costs a millisecond.
  .finally(() => process.exit());
