import { type ChildProcess, spawn } from 'node:child_process';
import type { DatabaseAddress } from '../../ports/database-copies.ts';

export interface RunOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Written to the program's standard input, which ends after it. */
  readonly input?: string;
  /** Takes what the program writes; what it throws ends the program. Else it is collected. */
  readonly onChunk?: (chunk: Buffer) => Promise<void>;
  readonly account?: Account | undefined;
}

/** Whose process it is. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export type Ran = { readonly ok: true; readonly out: string } | { readonly ok: false; readonly why: string };

const OUT_BYTES = 8 * 1024 * 1024;
const ERR_CHARS = 2_000;
const CONNECT_SECONDS = 5;

/** Runs a program to its end. Nothing of this process's environment goes along. */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (options.signal.aborted) return { ok: false, why: `no time left for \`${name}\`` };
  const child = spawn(file, [...args], {
    env: options.env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGKILL',
    ...(options.account === undefined ? {} : { uid: options.account.uid, gid: options.account.gid }),
  });
  const said = lastWords(child);
  const ended = exitOf(child);
  // A program that ends early closes the pipe; its exit says why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const out: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (options.onChunk !== undefined) {
        await options.onChunk(chunk);
        continue;
      }
      size += chunk.length;
      if (size > OUT_BYTES) throw new Error(`\`${name}\` says more than ${OUT_BYTES} bytes`);
      out.push(chunk);
    }
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    if (options.signal.aborted) return { ok: false, why: `no time left for \`${name}\`` };
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
  const end = await ended;
  if (options.signal.aborted) return { ok: false, why: `no time left for \`${name}\`` };
  return end === 0
    ? { ok: true, out: Buffer.concat(out).toString('utf8') }
    : { ok: false, why: `\`${name}\` failed (${end}): ${said() || 'it did not say why'}` };
}

/** The end of what it says on standard error, on one line. */
export function lastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-ERR_CHARS);
  });
  return () => text.trim().replace(/\s+/g, ' ').slice(-300);
}

/** Exit code, signal, or why it did not start. Never rejects. */
export function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'ended'));
  });
}

/**
 * Environment of a client. SECURITY: the password is in no argument; neither files of the account (`.pgpass`,
 * `.pg_service.conf`, `.psqlrc`) nor variables of the daemon take part.
 */
export function clientEnvironment(address: DatabaseAddress): Readonly<Record<string, string>> {
  return {
    LC_ALL: 'C',
    HOME: '/nonexistent',
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGDATABASE: address.database,
    PGUSER: address.user,
    PGPASSWORD: address.password,
    PGSSLMODE: address.sslMode,
    PGCONNECT_TIMEOUT: String(CONNECT_SECONDS),
    PGAPPNAME: 'holdpoint',
    PGPASSFILE: '/dev/null',
    PGSERVICEFILE: '/dev/null',
    PSQLRC: '/dev/null',
  };
}
