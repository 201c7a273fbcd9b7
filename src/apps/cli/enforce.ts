import type { Paths } from '../paths.ts';
import { usage } from './holds.ts';
import { readRecord, writeRecord } from './install/record.ts';
import { EXIT, type Io } from './io.ts';

export interface EnforceDeps {
  readonly paths: Paths;
  /** One line for each thing that shadow mode let pass and enforce would have held; `undefined` where the log cannot be asked. */
  shadowReport(): Promise<readonly string[] | undefined>;
}

/** `holdpoint enforce`: ends shadow mode, and says what it would have held. */
export async function runEnforce(args: readonly string[], io: Io, deps: EnforceDeps): Promise<number> {
  if (args.length > 0) return usage(io, `enforce: cannot use \`${args.join(' ')}\``);
  if (deps.paths.trust === 'system' && process.geteuid?.() !== 0) {
    io.err("holdpoint: the mode of a system installation is root's to set: use sudo\n");
    return EXIT.failed;
  }
  const read = readRecord(deps.paths.config);
  if (read.kind !== 'record') {
    io.err(`holdpoint: ${read.kind === 'none' ? 'not installed; run `holdpoint init` first' : read.why}\n`);
    return EXIT.failed;
  }
  if (read.record.mode === 'enforce') {
    io.out('already on\n');
    return EXIT.ok;
  }
  const lines = await deps.shadowReport();
  if (lines === undefined) io.out('what shadow mode would have held is not known: the log cannot be asked\n');
  else if (lines.length === 0) io.out('shadow mode would have held nothing so far\n');
  else {
    io.out(`shadow mode would have held ${lines.length}:\n`);
    for (const line of lines) io.out(`  ${line}\n`);
  }
  writeRecord(deps.paths, { ...read.record, mode: 'enforce' });
  io.out('on: from now on these wait for a person\n');
  return EXIT.ok;
}
