import { existsSync } from 'node:fs';
import path from 'node:path';
import type { PolicyProblem } from '../../../ports/policy-layers.ts';
import { EXIT, type Io } from '../io.ts';
import { readArguments } from './arguments.ts';
import { type PolicyDeps, problemsAsJson, tellProblems, usageOf, withTools } from './deps.ts';
import { type RegoFiles, readRegoFiles } from './rego-files.ts';

/** `holdpoint policy check [PATH…] [--any-rego] [--json]` */
export async function runPolicyCheck(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, { options: { 'any-rego': 'flag', json: 'flag' } });
  if (!read.ok) return usageOf(io, 'check', read.why);
  const { args } = read;
  const tell = (problems: readonly PolicyProblem[]): number => {
    if (args.has('json')) io.out(problemsAsJson(problems));
    else tellProblems(io, problems);
    return EXIT.failed;
  };
  const files = await readPolicy(args.words, io, deps);
  if (!files.ok) return tell(files.problems);
  return withTools(deps, async (tools) => {
    const checked = await tools.check(files.value, { anything: args.has('any-rego') });
    if (!checked.ok) return tell(checked.problems);
    if (args.has('json')) io.out(`${JSON.stringify({ rules: checked.value }, undefined, 2)}\n`);
    return EXIT.ok;
  });
}

/** The paths that were given, else the policy of this workspace. Without a single module there is nothing to speak of. */
export async function readPolicy(
  words: readonly string[],
  io: Io,
  deps: Pick<PolicyDeps, 'workspaceOf'>,
): ReturnType<typeof readRegoFiles> {
  const folder = path.join(deps.workspaceOf(io.cwd), '.holdpoint', 'policy');
  const nothing = (message: string): { ok: false; problems: PolicyProblem[] } => ({
    ok: false,
    problems: [{ code: 'file_error', message }],
  });
  if (words.length === 0 && !existsSync(folder))
    return nothing(`no path is given, and this workspace has no \`${path.relative(io.cwd, folder)}\``);
  const shown = path.relative(io.cwd, folder);
  const files = await readRegoFiles(words.length === 0 ? [shown] : words, { cwd: io.cwd, names: 'given' });
  return files.ok && isEmpty(files.value) ? nothing('no `.rego` file there') : files;
}

function isEmpty(files: RegoFiles): boolean {
  return files.modules.length === 0;
}
