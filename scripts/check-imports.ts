// `npm run imports`: the import rules of .dependency-cruiser.cjs over src/. A checker that reads nothing finds nothing, so
// each source file must have been read, and a planted violation of each rule must be found in a copy.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}
interface Cruise {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[];
  readonly summary: { readonly violations: readonly Violation[] };
}

const MIN_MODULES = 60;
const root = path.resolve(import.meta.dirname, '..');
const config = path.join(root, '.dependency-cruiser.cjs');

/** Rule, and the files that break it: appended where they exist. The first one is to blame. */
const PLANTS: readonly (readonly [rule: string, files: Readonly<Record<string, string>>])[] = [
  ['core-is-pure', { 'src/core/planted-io.ts': "import 'node:fs';" }],
  [
    'core-is-pure',
    { 'src/core/planted-port.ts': "import type { Clock } from '../ports/clock.ts';\nexport type A = Clock;" },
  ],
  ['core-is-pure', { 'src/core/planted-package.ts': "import 'zod';" }],
  ['ports-know-core', { 'src/ports/planted.ts': "import '../languages/reading.ts';" }],
  ['protocols-know-core', { 'src/protocols/planted/planted.ts': "import 'node:net';" }],
  ['catalog-is-data', { 'src/catalog/planted.ts': "import '../languages/reading.ts';" }],
  ['languages-are-pure', { 'src/languages/planted-io.ts': "import 'node:fs';" }],
  ['languages-are-pure', { 'src/languages/planted.ts': "import '../ports/clock.ts';" }],
  [
    'pipeline-knows-ports',
    { 'src/pipeline/planted.ts': "import '../catalog/planted-data.ts';", 'src/catalog/planted-data.ts': '' },
  ],
  ['adapters-know-ports', { 'src/adapters/planted/planted.ts': "import '../../pipeline/planted.ts';" }],
  [
    'adapters-are-strangers',
    { 'src/adapters/planted/a.ts': "import '../planted-too/b.ts';", 'src/adapters/planted-too/b.ts': '' },
  ],
  ['only-wire-imports-adapters', { 'src/apps/planted/planted.ts': "import '../../adapters/planted-too/b.ts';" }],
  ['only-wire-imports-adapters', { 'src/apps/planted/later.ts': "await import('../../adapters/planted-too/b.ts');" }],
  ['stages-are-strangers', { 'src/pipeline/execute.ts': "import './begin.ts';", 'src/pipeline/begin.ts': '' }],
  ['verify-log-stands-alone', { 'src/apps/verify-log/planted.ts': "import '../../core/planted-port.ts';" }],
  ['verify-log-stands-alone', { 'src/apps/verify-log/planted-package.ts': "import 'zod';" }],
  ['parsers-stay-in-languages', { 'src/apps/planted/parser.ts': "import 'unbash';" }],
  ['known-packages', { 'src/apps/planted/package.ts': "import 'typescript';" }],
  ['tests-stay-outside', { 'src/apps/planted/test.ts': "import '../../../tests/planted.ts';", 'tests/planted.ts': '' }],
  ['replay-takes-stand-ins', { 'src/apps/replay/planted.ts': "import '../../../tests/planted.ts';" }],
  [
    'no-cycles',
    {
      'src/core/planted-egg.ts': "import type { Hen } from './planted-hen.ts';\nexport type Egg = Hen | 1;",
      'src/core/planted-hen.ts': "import type { Egg } from './planted-egg.ts';\nexport type Hen = Egg | 2;",
    },
  ],
  ['resolvable', { 'src/apps/planted/absent.ts': "import './no-such-file.ts';" }],
];

function cruise(dir: string): Cruise {
  const bin = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const result = spawnSync(
    process.execPath,
    [bin, 'src', '--config', config, '--output-type', 'json', '--no-progress'],
    {
      cwd: dir,
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  if (result.status === null || result.stdout === '')
    throw new Error(`dependency-cruiser did not run: ${result.stderr}`);
  return JSON.parse(result.stdout) as Cruise;
}

function faultsInSource(): string[] {
  const result = cruise(root);
  const faults = result.summary.violations.map((one) => `${one.rule.name}: ${one.from} imports ${one.to}`);
  const read = new Set(result.modules.map((module) => module.source));
  const written = globSync('src/**/*.ts', { cwd: root });
  for (const file of written) if (!read.has(file)) faults.push(`${file} was not read`);
  if (written.length < MIN_MODULES)
    faults.push(`only ${written.length} modules below src, at least ${MIN_MODULES} expected`);
  const imports = result.modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  if (imports < written.length) faults.push(`only ${imports} imports found in ${written.length} modules`);
  process.stdout.write(`${written.length} modules, ${imports} imports\n`);
  return faults;
}

function faultsInRules(): string[] {
  // Below the root, so that packages resolve; a name that git ignores.
  const copy = mkdtempSync(path.join(root, '.planted-'));
  try {
    cpSync(path.join(root, 'src'), path.join(copy, 'src'), { recursive: true });
    for (const [, files] of PLANTS) {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
        appendFileSync(path.join(copy, file), `\n${text}\nexport {};\n`);
      }
    }
    writeFileSync(path.join(copy, 'package.json'), '{"type":"module"}\n');
    const found = new Set(cruise(copy).summary.violations.map((one) => `${one.rule.name} ${one.from}`));
    const faults = PLANTS.flatMap(([rule, files]) => {
      const [blamed] = Object.keys(files);
      return found.has(`${rule} ${blamed}`) ? [] : [`the violation of ${rule} planted in ${blamed} was not found`];
    });
    const rules = (createRequire(import.meta.url)(config) as { forbidden: readonly { name: string }[] }).forbidden;
    const planted = new Set(PLANTS.map(([rule]) => rule));
    for (const { name } of rules) if (!planted.has(name)) faults.push(`no violation of ${name} is planted`);
    process.stdout.write(`${rules.length} rules, ${PLANTS.length} planted violations\n`);
    return faults;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const faults = [...faultsInSource(), ...faultsInRules()];
for (const fault of faults) process.stderr.write(`imports: ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
