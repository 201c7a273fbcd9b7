import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { REDACTED, redactText } from '../../core/redact.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  CopyMeans,
  CopyResult,
  DatabaseAddress,
  DatabaseCopier,
  DatabaseCopy,
  DatabaseLook,
} from '../../ports/database-copies.ts';
import { PSQL_ARGUMENTS, totalOf } from './counts.ts';
import { dumpDatabase } from './dump-database.ts';
import { DUMP_MANIFEST, type DumpedDatabase, type DumpManifest, digestOfFile } from './kept-dump.ts';
import { extensionsOf, findPrograms, type Programs } from './programs.ts';
import { LOOK } from './queries.ts';
import { LOADED_FIRST, restoreOnce } from './restored.ts';
import { clientEnvironment, runProgram } from './run-program.ts';
import { SCRATCH, serverAccount } from './throwaway-server.ts';

export interface PostgresCopierOptions {
  /** Absolute; copies lie in `dir/ATTEMPT/EFFECT/`. */
  readonly dir: string;
  /** Where the throw-away server has its folder for as long as it runs. */
  readonly scratchIn: string;
  readonly clock: Clock;
  /** In code only, for tests: folders in which PostgreSQL's programs are looked for. */
  readonly folders?: readonly string[];
  /** For one copy with its check: ten minutes where left out. */
  readonly timeoutMs?: number;
  /** Bytes that one dump may take, whatever is free. */
  readonly mostBytes?: number;
}

const COPY_TIMEOUT_MS = 10 * 60 * 1000;
const DUMP_BYTES = 64 * 1024 * 1024 * 1024;
const MEGABYTE = 1024 * 1024;
const NAME = /^[A-Za-z0-9_-]{1,128}$/;

const Look = z.object({
  version: z.int().min(90_000),
  bytes: z.number().nonnegative(),
  tables: z.int().nonnegative(),
  extensions: z.array(z.tuple([z.string().max(200), z.string().max(200)])).max(1_000),
});
type Look = z.infer<typeof Look>;

interface Made {
  readonly copy: DatabaseCopy;
  readonly entry: DumpedDatabase;
}

/** Copies PostgreSQL databases with PostgreSQL's own programs, where this machine has them. */
export function makePostgresCopier(options: PostgresCopierOptions): DatabaseCopier {
  // Looked for once it matters: most daemons never copy a database.
  const programs = once(() => findPrograms(options.folders));
  const extensions = once(() => {
    const [server] = programs().filter((one) => one.hasServer);
    return server === undefined ? new Map<string, { readonly trusted: boolean }>() : extensionsOf(server);
  });

  const lookAt = async (address: DatabaseAddress, signal: AbortSignal): Promise<Tri<Look>> => {
    const [client] = programs();
    if (client === undefined) return unknown('there is no `psql` on this machine to look with');
    const env = clientEnvironment(address);
    const ran = await runProgram(join(client.folder, 'psql'), PSQL_ARGUMENTS, { env, signal, input: LOOK });
    if (!ran.ok) return unknown(hidden(ran.why, address));
    const look = Look.safeParse(jsonOr(ran.out));
    return look.success ? { known: look.data } : unknown('the database answered with something else');
  };

  const means = (look: Pick<DatabaseLook, 'major' | 'extensions'>): CopyMeans & { readonly programs?: Programs } => {
    const [client] = programs();
    if (client === undefined) return { can: false, why: 'there is no `pg_dump` on this machine' };
    if (client.major < look.major)
      return { can: false, why: `\`pg_dump\` here is ${client.version}, and the server is PostgreSQL ${look.major}` };
    const how = `pg_dump ${client.version}`;
    const unchecked = (why: string) => ({ can: true, how, unchecked: why, programs: client }) as const;
    const account = serverAccount();
    if ('unavailable' in account) return unchecked(account.unavailable);
    if (!client.hasServer) return unchecked(`no PostgreSQL ${client.major} server can be started on this machine`);
    const missing = look.extensions.filter((name) => {
      const there = extensions().get(name);
      return there === undefined || !(there.trusted || LOADED_FIRST.has(name) || name === 'plpgsql');
    });
    if (missing.length > 0)
      return unchecked(
        `no throw-away server is given the extension${missing.length === 1 ? '' : 's'} ${missing.join(', ')}`,
      );
    return { can: true, how, programs: client };
  };

  async function copyInto(
    partial: string,
    addresses: Parameters<DatabaseCopier['copy']>[0],
    signal: AbortSignal,
  ): Promise<readonly Made[] | string> {
    const account = serverAccount();
    const copies: Made[] = [];
    for (const [index, { address, about }] of addresses.entries()) {
      const failed = (why: string): string => `${about} could not be copied: ${hidden(why, address)}`;
      const look = await lookAt(address, signal);
      if ('unknown' in look) return failed(look.unknown);
      const names = look.known.extensions.map(([name]) => name);
      const how = means({ major: majorOf(look.known), extensions: names });
      if (!how.can || how.programs === undefined) return failed(how.can ? 'no programs' : how.why);
      const file = `${index}.dump`;
      const dump = join(partial, file);
      const room = Math.min(await freeBytes(partial), options.mostBytes ?? DUMP_BYTES);
      const dumped = await dumpDatabase(how.programs, address, dump, room, signal);
      if (!dumped.ok) return failed(dumped.why);
      const isChecked = how.unchecked === undefined && 'account' in account;
      if (isChecked) {
        if ((await freeBytes(options.scratchIn)) < look.known.bytes) return failed('no space left to restore it once');
        const fault = await restoreOnce(
          how.programs,
          {
            dump,
            wanted: dumped.dumped.counts,
            extensions: look.known.extensions,
            scratchIn: options.scratchIn,
            account: account.account,
          },
          signal,
        );
        if (fault !== undefined) return failed(`the copy is not good: ${fault}`);
      }
      const { bytes, sha256, counts } = dumped.dumped;
      const restored = isChecked ? { restoredInto: `PostgreSQL ${how.programs.version}` } : {};
      const copy = { file, bytes, sha256, ...totalOf(counts), ...restored };
      const { host, port, database, user } = address;
      copies.push({ copy, entry: { ...copy, about, host, port, database, user, version: how.programs.version } });
    }
    return copies;
  }

  return {
    dir: options.dir,

    async look(address, signal) {
      const look = await lookAt(address, signal);
      if ('unknown' in look) return look;
      const { bytes, tables, extensions: names } = look.known;
      return {
        known: {
          major: majorOf(look.known),
          tables,
          megabytes: Math.max(1, 2 ** Math.ceil(Math.log2(Math.max(1, bytes / MEGABYTE)))),
          extensions: names.map(([name]) => name),
        },
      };
    },

    means(look) {
      const { programs: _, ...words } = means(look);
      return words;
    },

    async copy(addresses, [attempt, effect]): Promise<CopyResult> {
      if (!NAME.test(attempt) || !/^\d{1,6}$/.test(effect))
        return { ok: false, why: 'the id of the attempt is not a name' };
      const where = join(options.dir, attempt, effect);
      const partial = `${where}.partial`;
      const signal = AbortSignal.timeout(options.timeoutMs ?? COPY_TIMEOUT_MS);
      let leftover: string | undefined;
      try {
        await sweep(options.scratchIn, options.clock.nowMs() - 2 * COPY_TIMEOUT_MS);
        await mkdir(dirname(where), { recursive: true, mode: 0o700 });
        await mkdir(partial, { mode: 0o700 });
        leftover = partial;
        const copies = await copyInto(partial, addresses, signal);
        if (typeof copies === 'string') return { ok: false, why: copies };
        const manifest: DumpManifest = {
          type: 'holdpoint/dump/v1',
          takenAtMs: options.clock.nowMs(),
          databases: copies.map((one) => one.entry),
        };
        await writeNew(join(partial, DUMP_MANIFEST), JSON.stringify(manifest));
        await flushFolder(partial);
        await rename(partial, where);
        leftover = where;
        for (const folder of [dirname(where), options.dir]) await flushFolder(folder);
        for (const { file, sha256 } of manifest.databases)
          if ((await digestOfFile(join(where, file))).sha256 !== sha256)
            return { ok: false, why: 'the dump reads back otherwise' };
        leftover = undefined;
        return { ok: true, where, copies: copies.map((one) => one.copy) };
      } catch (error) {
        return { ok: false, why: reason(error) };
      } finally {
        if (leftover !== undefined) await rm(leftover, { recursive: true, force: true }).catch(() => undefined);
      }
    },
  };
}

function majorOf(look: Look): number {
  return Math.floor(look.version / 10_000);
}

/** SECURITY: what a program says may hold what it was given. */
function hidden(text: string, address: DatabaseAddress): string {
  const bare = address.password === '' ? text : text.replaceAll(address.password, REDACTED);
  return redactText(bare);
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes that may be written there. Some stay free, so that it is not the copy that fills the disk. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize - Math.min(blocks * bsize * 0.1, 64 * MEGABYTE);
  if (free <= 0) throw new Error('no space left for copies');
  return free;
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flushFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } finally {
    await handle?.close();
  }
}

/** What a daemon that was killed left of a throw-away server; without its folder such a server ends by itself. */
async function sweep(scratchIn: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(scratchIn)) {
    if (!name.startsWith(SCRATCH)) continue;
    const folder = join(scratchIn, name);
    try {
      const { mtimeMs, uid } = await stat(folder);
      const own = process.geteuid?.();
      if (mtimeMs < beforeMs && (own === 0 || uid === own)) await rm(folder, { recursive: true, force: true });
    } catch {
      // another one took it away
    }
  }
}

function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return 'no space left for copies';
    if (typeof error.code === 'string') return `no copy could be written (${error.code})`;
  }
  return error instanceof Error ? error.message : String(error);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
