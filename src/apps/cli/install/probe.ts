import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeReply, parseReply } from '../../../protocols/hooks/wire.ts';

export interface FoundTools {
  readonly cat: string;
  readonly nc?: string;
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
  return { cat, ...(nc === undefined ? {} : { nc }), ...(curl === undefined ? {} : { curl }) };
}

async function firstThatAnswers(
  programs: readonly string[],
  args: (socket: string) => readonly string[],
): Promise<string | undefined> {
  for (const program of programs) if (await answers(program, args)) return program;
  return undefined;
}

async function answers(program: string, args: (socket: string) => readonly string[]): Promise<boolean> {
  const dir = mkdtempSync(path.join(tmpdir(), 'hp-'));
  const file = path.join(dir, 's');
  const server = createServer(echoOnce);
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
