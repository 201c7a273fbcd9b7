import path from 'node:path';
import { visibleText } from '../../core/visible-text.ts';
import { usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';

export interface UndoDeps {
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
  const kept = await deps.list();
  const [id, ...options] = args;
  if (id === undefined) {
    if (kept.length === 0) io.out('no copies\n');
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
  const matching = kept.filter(
    (one) => one.id === id || one.id.startsWith(`${id}/`) || (id.length >= 4 && one.id.startsWith(id)),
  );
  const [found, ...others] = matching;
  if (found === undefined) return usage(io, `undo: no copy \`${id}\`; \`holdpoint undo\` lists them`);
  if (others.length > 0) return usage(io, `undo: \`${id}\` names ${matching.length} copies; give the whole id`);
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
