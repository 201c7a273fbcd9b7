import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PolicyProblem } from '../../../ports/policy-layers.ts';
import { EXIT, type Io } from '../io.ts';
import { readArguments } from './arguments.ts';
import { type PolicyDeps, tellProblems, usageOf, withTools } from './deps.ts';
import { readInput } from './read-input.ts';
import { readRegoFiles, whyUnreadable } from './rego-files.ts';

const OUTPUT = 'bundle.tar.gz';
const KEY_ID = 'default';
const ALGORITHM = 'RS256';
const ALGORITHMS: ReadonlySet<string> = new Set(
  ['RS', 'PS', 'ES', 'HS'].flatMap((family) => ['256', '384', '512'].map((bits) => family + bits)).concat('EdDSA'),
);

/** `holdpoint policy build PATH… [-o FILE] [--revision R] [--signing-key FILE [--signing-alg A] [--key-id ID]] [--any-rego]` */
export async function runPolicyBuild(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, {
    options: {
      output: 'value',
      revision: 'value',
      'signing-key': 'value',
      'signing-alg': 'value',
      'key-id': 'value',
      'any-rego': 'flag',
    },
    short: { o: 'output', r: 'revision' },
  });
  if (!read.ok) return usageOf(io, 'build', read.why);
  const { args } = read;
  const algorithm = args.value('signing-alg') ?? ALGORITHM;
  const keyFile = args.value('signing-key');
  if (args.words.length === 0) return usageOf(io, 'build', 'a path is needed');
  if (!ALGORITHMS.has(algorithm)) return usageOf(io, 'build', `unknown algorithm \`${algorithm}\``);
  if (keyFile === undefined && (args.has('signing-alg') || args.has('key-id')))
    return usageOf(io, 'build', '`--signing-alg` and `--key-id` say more of a `--signing-key`');
  const refuse = (problems: readonly PolicyProblem[]): number => {
    tellProblems(io, problems);
    return EXIT.failed;
  };
  const complaint = (message: string, file?: string): number =>
    refuse([{ code: 'file_error', message, ...(file === undefined ? {} : { file }) }]);
  const files = await readRegoFiles(args.words, { cwd: io.cwd, names: 'folder' });
  if (!files.ok) return refuse(files.problems);
  const modules = files.value.modules.filter((one) => !one.name.endsWith('_test.rego'));
  if (modules.length === 0) return complaint('no `.rego` file there');
  const key = keyFile === undefined ? undefined : await readInput(io, keyFile);
  if (key?.ok === false) return complaint(key.why, keyFile);
  return withTools(deps, async (tools) => {
    const { data } = files.value;
    const checked = await tools.check({ modules, data }, { anything: args.has('any-rego') });
    if (!checked.ok) return refuse(checked.problems);
    const built = await tools.writeBundle({
      // A bundle's files are named from its root.
      modules: modules.map(({ name, text }) => ({ name: `/${name}`, text })),
      data,
      revision: args.value('revision') ?? '',
      roots: [],
      ...(key === undefined ? {} : { signing: { key: key.text, keyId: args.value('key-id') ?? KEY_ID, algorithm } }),
    });
    if (!built.ok) return refuse(built.problems);
    const output = path.resolve(io.cwd, args.value('output') ?? OUTPUT);
    const draft = `${output}.${randomBytes(6).toString('hex')}.draft`;
    try {
      // Replaced whole: whoever fetches it meanwhile gets the old or the new one.
      await writeFile(draft, built.value, { flag: 'wx' });
      await rename(draft, output);
    } catch (error) {
      await rm(draft, { force: true });
      return complaint(whyUnreadable(error), args.value('output') ?? OUTPUT);
    }
    return EXIT.ok;
  });
}
