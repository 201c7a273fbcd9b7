import { spawn } from 'node:child_process';
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
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

async function main(argv: readonly string[]): Promise<HookOutput> {
  const [agent = '', installFile = ''] = argv;
  if (!isHookAgent(agent)) return { exitCode: 2, stderr: 'holdpoint: the hook was called for no known agent' };
  const payload = await readStdin();
  if (payload === undefined)
    return {
      exitCode: 2,
      stderr: `holdpoint: the call is larger than ${LIMITS.hookPayloadBytes} bytes, so it is refused`,
    };
  return answerHook(agent, payload, readSettings(installFile), world);
}

const world: ClientWorld = {
  home: homedir(),
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
    socket.on('connect', () => {
      state.connected = true;
      socket.write(encodeHookRequest(agent, payload));
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      const reply = parseReply(Buffer.concat(chunks).toString('utf8'));
      resolve(reply ?? (state.connected ? 'silent' : 'unreachable'));
    });
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

async function readStdin(): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > LIMITS.hookPayloadBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

main(process.argv.slice(2)).then(
  (output) => process.stdout.write(encodeReply(output)),
  () =>
    process.stdout.write(
      encodeReply({ exitCode: 2, stderr: 'holdpoint: the hook client failed, so this call is refused' }),
    ),
);
