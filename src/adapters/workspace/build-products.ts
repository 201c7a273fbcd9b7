/**
 * Folders that a build or an installation makes again. The name alone says nothing: git has to ignore the folder, too.
 * Not in the list, though often ignored: `vendor`, `data`, `storage`, `logs`, `backup`, which people keep things in.
 */
const PRODUCT_FOLDERS = new Set([
  '.angular',
  '.astro',
  '.cache',
  '.dart_tool',
  '.docusaurus',
  '.eggs',
  '.gradle',
  '.mypy_cache',
  '.next',
  '.nuxt',
  '.nyc_output',
  '.output',
  '.parcel-cache',
  '.pytest_cache',
  '.ruff_cache',
  '.svelte-kit',
  '.terraform',
  '.tmp',
  '.tox',
  '.turbo',
  '.venv',
  '.vercel',
  '.vite',
  '.vitepress',
  '.wrangler',
  '__pycache__',
  '_build',
  '_site',
  'bin',
  'bower_components',
  'build',
  'cmake-build-debug',
  'cmake-build-release',
  'coverage',
  'deriveddata',
  'dist',
  'dist-newstyle',
  'dist-ssr',
  'elm-stuff',
  'htmlcov',
  'jspm_packages',
  'node_modules',
  'obj',
  'out',
  'out-tsc',
  'playwright-report',
  'pods',
  'storybook-static',
  'target',
  'temp',
  'test-results',
  'tmp',
  'venv',
  'zig-cache',
  'zig-out',
  '.zig-cache',
]);

/** Content that came over the network from a registry, whatever its files are called. */
const FETCHED_FOLDERS = new Set(['_deps', 'site-packages', '.terraform', 'bower_components', 'jspm_packages', 'pods']);

const PRODUCT_FILES =
  /(\.tsbuildinfo|\.py[co]|\.o|\.obj|\.class|\.gcda|\.gcno|\.egg-info|^\.DS_Store|^\.eslintcache|^\.stylelintcache|^\.coverage|^npm-debug\.log)$/;

/** Names of what people and programs keep, also inside a build folder: settings, keys, databases, dumps. */
const KEPT =
  /^\.env|^\.git$|^id_(rsa|dsa|ecdsa|ed25519)|\.(sqlite3?|db3?|s3db|sql|sql\.(gz|xz|zst|bz2)|dump|pgdump|rdb|aof|mdb|accdb|dbf|ibd|frm|bak|backup|pem|key|p12|pfx|kdbx|tfstate)(-wal|-journal|-shm)?$/i;

export function isProductFolder(name: string): boolean {
  return PRODUCT_FOLDERS.has(name.toLowerCase());
}

export function isProductFile(name: string): boolean {
  return PRODUCT_FILES.test(name);
}

export function isFetchedFolder(name: string): boolean {
  return FETCHED_FOLDERS.has(name.toLowerCase());
}

export function isKeptName(name: string): boolean {
  return KEPT.test(name);
}
