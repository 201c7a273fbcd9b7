import path from 'node:path';
import { visibleText } from '../../core/visible-text.ts';
import { usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';

/** A copy of databases. It is not put back by a command: where to is for a person to say. */
export interface DumpView {
  readonly id: string;
  readonly where: string;
  readonly manifest: {
    readonly takenAtMs: number;
    readonly databases: readonly {
      readonly file: string;
      readonly about: string;
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly version: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly tables: number;
      readonly rows: number;
      readonly restoredInto?: string | undefined;
    }[];
  };
}

export interface UndoDeps {
  dumps(): Promise<readonly DumpView[]>;
  /** What is wrong with a dump by now, read whole. */
  faultOfDump(dump: DumpView): Promise<string | undefined>;
  list(): Promise<
    readonly {
      readonly id: string;
      readonly where: string;
      readonly atMs: number;
      readonly originals: readonly string[];
      readonly bytes: number;
    }[]
  >;
  restore(
    where: string,
    options: { readonly to?: string; readonly overwrite?: boolean },
  ): Promise<
    | { readonly ok: true; readonly written: number; readonly unchanged: number }
    | { readonly ok: false; readonly why: string; readonly conflicts: readonly string[] }
  >;
}

/** `holdpoint undo [ID [--to DIR] [--overwrite]]`: lists the copies that were taken before approved effects, or puts one back. */
export async function runUndo(args: readonly string[], io: Io, deps: UndoDeps): Promise<number> {
  const [kept, dumps] = await Promise.all([deps.list(), deps.dumps()]);
  const [id, ...options] = args;
  if (id === undefined) {
    if (kept.length + dumps.length === 0) io.out('no copies\n');
    for (const { id: name, manifest } of dumps) {
      const bytes = manifest.databases.reduce((sum, one) => sum + one.bytes, 0);
      const what = manifest.databases.map((one) => visibleText(one.about)).join(', ');
      io.out(`${name}  ${new Date(manifest.takenAtMs).toISOString()}  ${bytes} bytes  ${what}\n`);
    }
    for (const one of kept)
      io.out(
        `${one.id}  ${new Date(one.atMs).toISOString()}  ${one.bytes} bytes  ${one.originals.map((original) => visibleText(original)).join(', ')}\n`,
      );
    return EXIT.ok;
  }
  if (id.startsWith('-')) return usage(io, `undo: cannot use \`${id}\` without a copy; \`holdpoint undo\` lists them`);
  let to: string | undefined;
  let overwrite = false;
  for (let i = 0; i < options.length; i += 1) {
    const value = options[i + 1];
    if (options[i] === '--overwrite') overwrite = true;
    else if (options[i] === '--to') {
      if (value === undefined) return usage(io, 'undo: `--to` takes a folder');
      to = path.resolve(io.cwd, value);
      i += 1;
    } else return usage(io, `undo: cannot use \`${options[i] ?? ''}\``);
  }
  const isNamed = (one: { readonly id: string }): boolean =>
    one.id === id || one.id.startsWith(`${id}/`) || (id.length >= 4 && one.id.startsWith(id));
  const matching = [...kept, ...dumps].filter(isNamed);
  const [found, ...others] = matching;
  if (found === undefined) return usage(io, `undo: no copy \`${id}\`; \`holdpoint undo\` lists them`);
  if (others.length > 0) return usage(io, `undo: \`${id}\` names ${matching.length} copies; give the whole id`);
  if ('manifest' in found) {
    if (options.length > 0) return usage(io, `undo: \`${id}\` is a dump of a database, which no option puts back`);
    return rebuild(found, io, deps);
  }
  const result = await deps.restore(found.where, { overwrite, ...(to === undefined ? {} : { to }) });
  if (!result.ok) {
    io.err(`holdpoint: not restored: ${result.why}\n`);
    for (const conflict of result.conflicts) io.err(`  ${visibleText(conflict)} holds something else now\n`);
    if (result.conflicts.length > 0)
      io.err('nothing was written; `--to DIR` puts the copy elsewhere, `--overwrite` replaces what is there\n');
    return EXIT.failed;
  }
  io.out(`restored ${result.written} files, ${result.unchanged} were there as they were\n`);
  return EXIT.ok;
}

/** How to bring a database back. SECURITY: the address is for the person to give, and the password to type; none is kept. */
async function rebuild(dump: DumpView, io: Io, deps: UndoDeps): Promise<number> {
  const fault = await deps.faultOfDump(dump);
  if (fault !== undefined) {
    io.err(`holdpoint: the copy cannot be used: ${visibleText(fault)}\n`);
    return EXIT.failed;
  }
  for (const one of dump.manifest.databases) {
    const file = path.join(dump.where, one.file);
    const checked =
      one.restoredInto === undefined ? 'unchecked: it was never restored' : `restored once into ${one.restoredInto}`;
    const lines = [
      `${one.about}, was at ${one.user}@${one.host}:${one.port}/${one.database}`,
      `  ${one.bytes} bytes, SHA-256 ${one.sha256}, as it was taken`,
      `  ${one.tables} tables, ${one.rows} rows; ${checked}`,
      `  to bring it back into an empty database (pg_restore ${one.version.split('.')[0] ?? ''} or later):`,
      `  pg_restore --no-owner --no-privileges --dbname 'postgresql://USER@HOST:PORT/DATABASE' ${quoted(file)}`,
    ];
    io.out(`${lines.map((line) => visibleText(line)).join('\n')}\n`);
  }
  return EXIT.ok;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
