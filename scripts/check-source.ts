// Rules that need the syntax tree and that no linter here knows; see source-rules.ts. Part of `npm run lint`.
// Each rule must find the violation planted for it in a file that exists only in memory.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { type Fault, faultsIn, RULES, type Rule } from './source-rules.ts';

const MIN_FILES = 80;
const root = path.resolve(import.meta.dirname, '..');

const PLANTS: readonly (readonly [rule: Rule, file: string, text: string])[] = [
  [
    'mint-in-own-stage',
    'src/pipeline/planted-mint.ts',
    "import { mintSafe } from './products.ts';\nexport const a = mintSafe;",
  ],
  [
    'mint-in-own-stage',
    'src/apps/planted-alias.ts',
    "import { mintBegun as b } from '../pipeline/products.ts';\nexport const a = b;",
  ],
  ['mint-in-own-stage', 'src/pipeline/planted-export.ts', "export { mintSafe } from './products.ts';"],
  [
    'products-by-name',
    'src/apps/planted-star.ts',
    "import * as p from '../pipeline/products.ts';\nexport const a = p;",
  ],
  ['products-by-name', 'src/apps/planted-call.ts', "export const a = import('../pipeline/products.ts');"],
  [
    'no-cast-to-product',
    'src/apps/planted-cast.ts',
    "import type { Observed } from '../pipeline/products.ts';\nexport const a = {} as unknown as Observed;",
  ],
  [
    'no-cast-to-product',
    'src/apps/planted-renamed.ts',
    "import type { Judged as J } from '../pipeline/products.ts';\ntype Mine = readonly { it: J<'allow'> }[];\nexport const a = JSON.parse('[]') as Mine;",
  ],
  [
    'no-cast-to-product',
    'src/apps/planted-predicate.ts',
    "import type { Safe } from '../pipeline/products.ts';\nexport function isSafe(x: object): x is Safe {\n  return 'begun' in x;\n}",
  ],
  ['no-cast-around-types', 'src/apps/planted-never.ts', 'export const a: string = 1 as never;'],
  ['no-cast-around-types', 'src/pipeline/planted-generic.ts', 'export const a = <T>(x: unknown): T => x as T;'],
  ['no-module-let', 'src/core/planted-let.ts', 'export let count = 0;'],
  ['no-inheritance', 'src/core/planted-class.ts', 'export class A extends Map<string, string> {}'],
  ['no-vague-name', 'src/core/string-utils.ts', 'export {};'],
  ['file-length', 'src/core/planted-long.ts', '\n'.repeat(401)],
  ['suppression-reason', 'src/core/planted-disable.ts', '// oxlint-disable-next-line no-eval\nexport {};'],
];

const written = ['src/**/*.ts', 'scripts/*.ts', 'tests/**/*.ts'].flatMap((pattern) => globSync(pattern, { cwd: root }));
const planted = new Map(PLANTS.map(([, file, text]) => [path.join(root, file), text]));
const program = programOf([...written.map((file) => path.join(root, file)), ...planted.keys()]);

const found = new Map<string, Fault[]>();
for (const file of [...written, ...PLANTS.map(([, name]) => name)]) {
  const source = program.getSourceFile(path.join(root, file));
  if (source === undefined) throw new Error(`\`${file}\` was not read`);
  // Tables in tests may be long.
  const faults = faultsIn(source, file, program.getTypeChecker()).filter(
    (one) => one.rule !== 'file-length' || !file.startsWith('tests/'),
  );
  found.set(file, faults);
}

const complaints = written.flatMap((file) =>
  (found.get(file) ?? []).map((one) => `${one.file}:${one.line} ${one.rule}: ${one.text}`),
);
for (const [rule, file] of PLANTS) {
  if (found.get(file)?.some((one) => one.rule === rule) !== true)
    complaints.push(`the violation of ${rule} planted in ${file} was not found`);
}
for (const rule of RULES)
  if (!PLANTS.some(([one]) => one === rule)) complaints.push(`no violation of ${rule} is planted`);
if (written.length < MIN_FILES) complaints.push(`only ${written.length} files, at least ${MIN_FILES} expected`);
for (const complaint of complaints) process.stderr.write(`source: ${complaint}\n`);
process.stdout.write(`${written.length} files, ${RULES.length} rules, ${PLANTS.length} planted violations\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

function programOf(files: readonly string[]): ts.Program {
  const json: unknown = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) =>
    readFileSync(file, 'utf8'),
  ).config;
  const { options } = ts.parseJsonConfigFileContent(json, ts.sys, root);
  const host = ts.createCompilerHost(options, true);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (file) => planted.has(file) || fileExists(file);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    const text = planted.get(file);
    return text === undefined
      ? getSourceFile(file, languageVersion, ...rest)
      : ts.createSourceFile(file, text, languageVersion, true);
  };
  return ts.createProgram([...files], options, host);
}
