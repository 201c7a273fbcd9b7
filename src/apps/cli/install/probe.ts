import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeReply, parseReply } from '../../../protocols/hooks/wire.ts';

export interface FoundTools {
  readonly cat: string;
  readonly nc?: string;
  /** Of `nc`: with `-N` it ends its side of the connection when its input ends. */
  readonly ncEndsInput?: boolean;
  readonly curl?: string;
}

const FOLDERS = ['/usr/bin', '/bin', '/usr/local/bin'];
const PROBE_TIMEOUT_MS = 3_000;

/**
 * The tools that the shim may use, each tried out against a socket of our own: there are netcats without unix sockets
 * and ones that do not end with the reply, and only trying tells. Looks in fixed folders, never in PATH.
 */
export async function findTools(): Promise<FoundTools> {
  const cat = candidates('cat')[0];
  if (cat === undefined) throw new Error('no `cat` in /usr/bin or /bin');
  const nc = await firstThatAnswers(candidates('nc'), (socket) => ['-U', '-w', '2', socket]);
  const curl = await firstThatAnswers(candidates('curl'), (socket) => [
    '-q',
    '-s',
    '--noproxy',
    '*',
    '--max-time',
    '2',
    '--unix-socket',
    socket,
    '--data-binary',
    '@-',
    'http://localhost/hook/claude-code',
  ]);
  const ncEndsInput = nc !== undefined && (await answers(nc, (socket) => ['-U', '-N', '-w', '2', socket], echoAtEnd));
  return { cat, ...(nc === undefined ? {} : { nc, ncEndsInput }), ...(curl === undefined ? {} : { curl }) };
}

async function firstThatAnswers(
  programs: readonly string[],
  args: (socket: string) => readonly string[],
): Promise<string | undefined> {
  for (const program of programs) if (await answers(program, args)) return program;
  return undefined;
}

async function answers(
  program: string,
  args: (socket: string) => readonly string[],
  speak: (socket: Socket) => void = echoOnce,
): Promise<boolean> {
  const dir = mkdtempSync(path.join(tmpdir(), 'hp-'));
  const file = path.join(dir, 's');
  const server = createServer({ allowHalfOpen: true }, speak);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(file, resolve);
    });
    return await new Promise<boolean>((resolve) => {
      const child = execFile(program, args(file), { timeout: PROBE_TIMEOUT_MS, env: {} }, (error, stdout) =>
        resolve(error === null && parseReply(stdout)?.exitCode === 0),
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end('probe\x1e\n');
    });
  } catch {
    return false;
  } finally {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Answers only when the other side has ended its input. */
function echoAtEnd(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.once('end', () => socket.end(encodeReply({ exitCode: 0, stdout: '{}' })));
}

/** Speaks just enough of both forms. */
function echoOnce(socket: Socket): void {
  let seen = '';
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
    if (!seen.includes('\x1e\n')) return;
    const reply = encodeReply({ exitCode: 0, stdout: '{}' });
    socket.end(
      seen.startsWith('POST ')
        ? `HTTP/1.1 200 OK\r\ncontent-length: ${reply.length}\r\nconnection: close\r\n\r\n${reply}`
        : reply,
    );
  });
}

function candidates(name: string): readonly string[] {
  return FOLDERS.map((folder) => path.join(folder, name)).filter((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
