// Builds dist/: what the published package runs. Also run by `npm ci` (prepare), so it has to work on a bare checkout.
//
// Source files name their neighbours as `new URL('./worker.ts', import.meta.url)`. That works in a checkout as it
// stands; here such a neighbour becomes a bundle of its own (a `.ts` file) or is copied (anything else), and the URL
// is rewritten to where it lies in dist/. WebAssembly out of a package is compressed on the way: `NAME.wasm.br`.
//   --out DIR   build there instead of dist/
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { licenceText } from './licences.ts';

const root = path.resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { out: { type: 'string' } } });
const dist = path.resolve(values.out ?? path.join(root, 'dist'));
const HOOK_CLIENT_MAX_BYTES = 100_000;

/** The programs that must be there, and their names in dist/. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'src/apps/cli/main.ts': 'cli.mjs',
  'src/apps/verify-log/main.ts': 'verify-log.mjs',
  'src/apps/hook/main.ts': 'hook-client.cjs',
};

/** Packages that load a file of their own at run time, relative to the module: copied beside the bundles. */
const PACKAGE_FILES: Readonly<Record<string, string>> = {
  'node_modules/libpg-query/wasm/libpg-query.wasm': 'libpg-query.wasm',
};

const LICENCES = 'THIRD-PARTY-LICENSES.txt';

/** Found by name at run time from bundled CommonJS packages; esbuild leaves both undefined in ESM. */
const ESM_BANNER = [
  "import { createRequire as holdpointCreateRequire } from 'node:module';",
  'const require = holdpointCreateRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');

const NEIGHBOUR = /new URL\(\s*(['"])(\.{1,2}\/[^'"]+)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;

/** Where a file that a bundle refers to lies in dist/: `src/adapters/sqlite/worker.ts` is `sqlite-worker.mjs`. */
function nameInDist(file: string): string {
  const relative = path.relative(root, file).split(path.sep).join('/');
  if (isPackagedWasm(relative)) return `${path.posix.basename(relative)}.br`;
  const program = PROGRAMS[relative];
  if (program !== undefined) return program;
  const flat = relative.replace(/^src\/(apps|adapters)\/|^src\/|^tests\//, '').replaceAll('/', '-');
  return flat.endsWith('.ts') ? `${flat.slice(0, -'.ts'.length)}.mjs` : flat;
}

/** `node_modules/web-tree-sitter/web-tree-sitter.wasm` and the grammars. */
function isPackagedWasm(relative: string): boolean {
  return relative.startsWith('node_modules/') && relative.endsWith('.wasm');
}

function packageOf(file: string): string {
  const [, name = ''] =
    /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path.relative(root, file).split(path.sep).join('/')) ?? [];
  return `node_modules/${name}`;
}

function copyCompressed(from: string, to: string): void {
  const bytes = readFileSync(from);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 24 };
  writeFileSync(to, brotliCompressSync(bytes, { params }));
}

function neighbours(entry: string, onFound: (file: string) => void): Plugin {
  const entryName = nameInDist(entry);
  return {
    name: 'neighbours',
    setup(setup) {
      setup.onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path.includes(`${path.sep}node_modules${path.sep}`)) return undefined;
        const missing: string[] = [];
        const text = readFileSync(args.path, 'utf8');
        // A bundle is one module: only its entry may take itself for the program that was started.
        const isMain =
          args.path !== entry ? 'false' : entryName.endsWith('.cjs') ? '(require.main === module)' : 'import.meta.main';
        const contents = text
          .replace(/\bimport\.meta\.main\b/g, isMain)
          .replace(NEIGHBOUR, (_whole, _quote: string, specifier: string) => {
            const file = path.resolve(path.dirname(args.path), specifier);
            if (file === path.join(root, 'package.json')) return "new URL('../package.json', import.meta.url)";
            if (!existsSync(file)) missing.push(specifier);
            else onFound(file);
            return `new URL('./${nameInDist(file)}', import.meta.url)`;
          });
        return { contents, loader: 'ts', errors: missing.map((one) => ({ text: `\`${one}\` does not exist` })) };
      });
    },
  };
}

async function bundle(entry: string, onFound: (file: string) => void): Promise<BuildResult<{ metafile: true }>> {
  const name = nameInDist(entry);
  const isCommonJs = name.endsWith('.cjs');
  return await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: dist,
    entryNames: path.parse(name).name,
    outExtension: { '.js': path.extname(name) },
    bundle: true,
    // What a command imports only when it runs is loaded only then; all chunks lie beside the entry.
    splitting: !isCommonJs,
    chunkNames: `${path.parse(name).name}-[hash]`,
    platform: 'node',
    // The ESM form where a package has both: its unused parts fall away, and UMD's hidden `require` calls do not arise.
    mainFields: ['module', 'main'],
    target: isCommonJs ? 'node18' : 'node24',
    format: isCommonJs ? 'cjs' : 'esm',
    ...(isCommonJs ? {} : { banner: { js: ESM_BANNER } }),
    // The hook client starts anew for each call where no netcat is there; less text is less to parse.
    minify: isCommonJs,
    sourcemap: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // In CommonJS there is no `import.meta`: the hook's client must stay one file.
    logOverride: { 'empty-import-meta': 'error' },
    plugins: [neighbours(entry, onFound)],
  });
}

async function main(): Promise<number> {
  mkdirSync(dist, { recursive: true });
  const absent = Object.keys(PROGRAMS).filter((entry) => !existsSync(path.join(root, entry)));
  const queue = Object.keys(PROGRAMS)
    .filter((entry) => !absent.includes(entry))
    .map((entry) => path.join(root, entry));
  const metafiles: Metafile[] = [];
  /** Packages of which a file is copied as it is. */
  const packages = new Set<string>();
  // Grows while it is walked: a bundle may name further neighbours.
  const known = new Set(queue);
  for (const entry of known) {
    if (isPackagedWasm(path.relative(root, entry).split(path.sep).join('/'))) {
      copyCompressed(entry, path.join(dist, nameInDist(entry)));
      packages.add(packageOf(entry));
      continue;
    }
    if (!entry.endsWith('.ts')) {
      // A folder of policies comes without its tests.
      cpSync(entry, path.join(dist, nameInDist(entry)), {
        recursive: true,
        filter: (file) => !file.endsWith('_test.rego'),
      });
      continue;
    }
    const result = await bundle(entry, (file) => known.add(file));
    metafiles.push(result.metafile);
    execFileSync(process.execPath, ['--check', path.join(dist, nameInDist(entry))], { stdio: 'inherit' });
  }
  for (const [file, name] of Object.entries(PACKAGE_FILES)) cpSync(path.join(root, file), path.join(dist, name));
  writeFileSync(path.join(dist, LICENCES), licenceText(root, metafiles, packages));

  // Last, and only what was not written now: a program that runs from dist/ meanwhile keeps its files.
  const bundled = metafiles.flatMap((one) => Object.keys(one.outputs).map((file) => path.basename(file)));
  const copied = [...known].filter((file) => !file.endsWith('.ts')).map(nameInDist);
  const written = new Set([...bundled, ...copied, ...Object.values(PACKAGE_FILES), LICENCES]);
  for (const name of readdirSync(dist)) if (!written.has(name)) rmSync(path.join(dist, name), { recursive: true });

  const hookClient = path.join(dist, 'hook-client.cjs');
  if (existsSync(hookClient) && statSync(hookClient).size > HOOK_CLIENT_MAX_BYTES) {
    return fail(`dist/hook-client.cjs has ${statSync(hookClient).size} bytes, more than ${HOOK_CLIENT_MAX_BYTES}`);
  }
  if (absent.length === 0) return 0;
  process.stderr.write(`build: no source for ${absent.join(', ')}\n`);
  // Where it counts an incomplete package is an error; a half-written checkout can still install.
  return process.env['CI'] === undefined ? 0 : 1;
}

function fail(why: string): number {
  process.stderr.write(`build: ${why}\n`);
  return 1;
}

process.exitCode = await main();
