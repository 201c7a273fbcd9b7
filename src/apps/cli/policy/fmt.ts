import { randomBytes } from 'node:crypto';
import { readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { RegoModule } from '../../../ports/policy-layers.ts';
import type { PolicyTools } from '../../../ports/policy-tools.ts';
import { EXIT, type Io } from '../io.ts';
import { readArguments } from './arguments.ts';
import { type PolicyDeps, tellProblems, usageOf, withTools } from './deps.ts';
import { readInput } from './read-input.ts';
import { readRegoFiles } from './rego-files.ts';

/** As `opa fmt` has it, both for what cannot be formatted and for `--fail`. */
const NOT_FORMATTED = 2;

/** `holdpoint policy fmt [PATH…] [-w] [-l] [-d] [--fail]`; standard input where no path is given. */
export async function runPolicyFmt(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, {
    options: { write: 'flag', list: 'flag', diff: 'flag', fail: 'flag' },
    short: { w: 'write', l: 'list', d: 'diff' },
  });
  if (!read.ok) return usageOf(io, 'fmt', read.why);
  const { args } = read;
  if (args.words.length === 0) {
    if (args.has('write') || args.has('list')) return usageOf(io, 'fmt', '`--write` and `--list` need a path');
    const text = await readInput(io, '-');
    if (!text.ok) {
      io.err(`stdin: ${text.why}\n`);
      return EXIT.failed;
    }
    return withTools(deps, (tools) => formatOne(tools, { name: 'stdin', text: text.text }, undefined, args.has, io));
  }
  const files = await readRegoFiles(args.words, { cwd: io.cwd, names: 'given', regoOnly: true });
  if (!files.ok) {
    tellProblems(io, files.problems);
    return EXIT.failed;
  }
  return withTools(deps, async (tools) => {
    let code: number = EXIT.ok;
    // One that cannot be formatted does not keep the others from it.
    for (const module of files.value.modules) {
      const file = files.value.files.get(module.name);
      code = Math.max(code, await formatOne(tools, module, file, args.has, io));
    }
    return code;
  });
}

async function formatOne(
  tools: PolicyTools,
  module: RegoModule,
  file: string | undefined,
  has: (name: string) => boolean,
  io: Io,
): Promise<number> {
  const formatted = await tools.format([module]);
  const after = formatted.ok ? formatted.value[0]?.text : undefined;
  if (!formatted.ok || after === undefined) {
    tellProblems(io, formatted.ok ? [] : formatted.problems);
    return NOT_FORMATTED;
  }
  const changes = after !== module.text;
  if (has('list')) {
    if (changes) io.out(`${module.name}\n`);
  } else if (has('diff')) {
    if (changes) io.out(createTwoFilesPatch(module.name, module.name, module.text, after, 'now', 'formatted'));
  } else if (!has('write') && !has('fail')) io.out(after);
  if (changes && has('fail')) {
    if (!has('list') && !has('diff')) io.err(`${module.name}: not formatted\n`);
    return NOT_FORMATTED;
  }
  if (changes && has('write') && !has('list') && !has('diff') && file !== undefined) {
    try {
      await replaceFile(file, module.text, after);
    } catch (error) {
      io.err(`${module.name}: ${error instanceof Error ? error.message : String(error)}\n`);
      return NOT_FORMATTED;
    }
  }
  return EXIT.ok;
}

/** Whole or not at all, whenever this process is ended. A link stays a link, and a file keeps its mode. */
async function replaceFile(file: string, before: string, after: string): Promise<void> {
  const real = await realpath(file);
  const { mode } = await stat(real);
  // Not `.rego` at its end: a draft that is left behind must not become a policy.
  const draft = path.join(path.dirname(real), `.${path.basename(real)}.${randomBytes(6).toString('hex')}.draft`);
  try {
    await writeFile(draft, after, { flag: 'wx', mode: mode & 0o777 });
    // An editor may have saved it meanwhile.
    if (new TextDecoder().decode(await readFile(real)) !== before) throw new Error('it was changed meanwhile');
    await rename(draft, real);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
