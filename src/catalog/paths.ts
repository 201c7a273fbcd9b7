/** Names of files and folders by what would be lost with them. Data only; read by `languages/`. */

/** Folders that the usual build or install makes again, in whatever project they are. */
export const REBUILT_ANYWHERE: ReadonlySet<string> = new Set(
  `node_modules __pycache__ .next .nuxt .turbo .parcel-cache .pytest_cache .mypy_cache .ruff_cache .tox .nox
    .gradle .svelte-kit .angular .eggs .ipynb_checkpoints bower_components .nyc_output .vite .terraform
    .dart_tool .hypothesis .sass-cache .docusaurus .astro .output .vercel-cache .expo-cache .webpack
    .rollup.cache .eslintcache .swc .serverless .aws-sam cdk.out DerivedData .stack-work .bloop .metals
    .ccls-cache .clangd zig-cache .zig-cache .rpt2_cache .jest-cache .tsbuildinfo storybook-static
    playwright-report test-results htmlcov`.split(/\s+/),
);

/** The same, but such names also stand for kept things outside a project: only where the path is relative or temporary. */
export const REBUILT_HERE: ReadonlySet<string> = new Set(
  `dist build out output target coverage .cache cache tmp temp .tmp .temp logs log obj .build _build lib-cov
    venv .venv _site artifacts reports generated .generated Pods CMakeFiles cmake-build-debug cmake-build-release
    dist-ssr dist-electron es esm cjs debug Debug Release x64 x86 .docs-build build-output _output elm-stuff ebin
    .elixir_ls dist-newstyle junit scratch .scratch`.split(/\s+/),
);

export const REBUILT_EXTENSIONS: ReadonlySet<string> = new Set(
  `log tmp temp pyc pyo o obj class cache swp swo map tsbuildinfo gcda gcno gcov lcov dSYM orig rej bak~ pid lock~ core
  coverage prof trace aux toc bbl blg fls fdb_latexmk synctex.gz egg-info`.split(/\s+/),
);

/** Whole names of single files that are made again. */
export const REBUILT_FILES: ReadonlySet<string> = new Set(
  `.DS_Store Thumbs.db .coverage coverage.xml coverage.out npm-debug.log yarn-error.log .eslintcache
    .stylelintcache tsconfig.tsbuildinfo nohup.out a.out core`.split(/\s+/),
);

/** Extensions of files that hold data nobody can type again. */
export const DATA_EXTENSIONS: ReadonlySet<string> = new Set(
  `sqlite sqlite3 sqlite-wal db db3 mdb accdb wal ibd frm rdb aof dump bak backup sql.gz sql.zst dmp mdf ldf pgdump bson
  qcow2 vmdk vdi vhd vhdx tfstate kdbx parquet`.split(/\s+/),
);

/** Directories of the system and of services: nothing below is regenerable by its name. */
export const SYSTEM_ROOTS: readonly string[] = [
  '/etc',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/boot',
  '/var',
  '/root',
  '/opt',
  '/srv',
  '/sys',
  '/proc',
  '/run',
  '/dev',
  '/home',
  '/mnt',
  '/media',
  '/data',
  '/System',
  '/Library',
  '/Applications',
  '/Users',
  '/Volumes',
  '/private/etc',
];

export const TEMPORARY_ROOTS: readonly string[] = [
  '/tmp',
  '/var/tmp',
  '/private/tmp',
  '/private/var/tmp',
  '/dev/shm',
  '/var/folders',
];

/** Files whose content is a secret, by exact last name. */
export const SECRET_NAMES: ReadonlySet<string> = new Set(
  `.env .netrc _netrc .pgpass .my.cnf .git-credentials .pypirc .dockercfg .htpasswd .vault-token .vault_pass credentials.json
  service-account.json serviceaccount.json service_account.json application_default_credentials.json id_rsa id_dsa id_ecdsa
  id_ed25519 id_ed25519_sk id_ecdsa_sk secrets.yml secrets.yaml secrets.json secrets.env secrets.toml .secrets master.key
  shadow gshadow credentials.tfrc.json .s3cfg .boto wallet.dat
  key.pem privkey.pem server.key .env.local .env.production .env.staging .env.development .env.prod keystore.jks
  access_tokens.db logins.json key4.db auth.json`.split(/\s+/),
);

/** Path endings (folder and name) that hold secrets. */
export const SECRET_ENDINGS: readonly string[] = [
  '.aws/credentials',
  '.docker/config.json',
  '.kube/config',
  '.config/gh/hosts.yml',
  '.azure/accessTokens.json',
  '.azure/msal_token_cache.json',
  '.config/gcloud/credentials.db',
  '.config/gcloud/access_tokens.db',
  '.cargo/credentials',
  '.cargo/credentials.toml',
  '.gem/credentials',
  '.railway/config.json',
  '.fly/config.yml',
  '.config/hub',
  '.terraform.d/credentials.tfrc.json',
  '.config/doctl/config.yaml',
  '.config/op/config',
  '.supabase/access-token',
  '.claude/.credentials.json',
  '.codex/auth.json',
  '.config/rclone/rclone.conf',
  '.m2/settings.xml',
  '.composer/auth.json',
  '/self/environ',
  '.netlify/config.json',
  '.vercel/auth.json',
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/sudoers',
  '.gnupg/secring.gpg',
  'rails/credentials',
  '.kube/cache/token',
  '/run/secrets',
];

export const SECRET_EXTENSIONS: ReadonlySet<string> = new Set([
  'pem',
  'key',
  'p12',
  'pfx',
  'jks',
  'keystore',
  'kdbx',
  'ppk',
  'p8',
  'age-key',
]);

/** Words that make the name of a file a template rather than a secret. */
export const TEMPLATE_WORDS: ReadonlySet<string> = new Set([
  'example',
  'sample',
  'template',
  'dist',
  'defaults',
  'schema',
  'tpl',
  'test',
  'd',
  'md',
  'spec',
  'enc',
  'gpg',
  'age',
  'sops',
  'vault',
]);

/** Parts of names of variables whose value is a secret. */
export const SECRET_VARIABLE_WORDS: ReadonlySet<string> = new Set(
  'TOKEN SECRET PASSWORD PASSWD PASSPHRASE CREDENTIAL CREDENTIALS APIKEY PRIVATE PAT PWD_HASH'.split(' '),
);
