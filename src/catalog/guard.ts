/** What belongs to Holdpoint and its like: what an agent must not write, delete, stop or switch off. */

/** Path endings of the files in which agents keep their hooks. */
export const HOOK_FILES: readonly string[] = [
  'claude-code/managed-settings.json',
  '.cursor/hooks.json',
  'cursor/hooks.json',
  '.codex/hooks.json',
  '.codex/config.toml',
  'codex/requirements.toml',
  '.gemini/settings.json',
  'gemini-cli/settings.json',
  '.windsurf/hooks.json',
  'windsurf/hooks.json',
  '.copilot/config.json',
  'opencode/opencode.json',
];

/** Files of settings that come in several names; with hooks in them. */
export const HOOK_FILE_PATTERN = /(^|\/)\.claude\/(managed-)?settings(\.[\w-]+)?\.json$|(^|\/)\.claude\.json$/;

/** Folders that hold nothing but hooks or policy. */
export const HOOK_FOLDERS: readonly string[] = [
  'etc/claude-code',
  'Application Support/ClaudeCode',
  '.github/hooks',
  '.copilot/hooks',
  'github-copilot/policy.d',
  '.claude/hooks',
  '.cursor/hooks',
  '.git/hooks',
  '.opencode/plugin',
  '.opencode/plugins',
];

/** A segment of a path, or a program, with one of these names is the guard itself. */
export const GUARD_NAMES: readonly string[] = ['holdpoint'];

/** In a dot-directory of its own, a file of one of these names is some guard's record or rule book. */
export const GUARD_FILE_WORDS: ReadonlySet<string> = new Set([
  'policy',
  'policies',
  'audit',
  'rego',
  'guardrails',
  'guard',
  'interlock',
  'approvals',
  'ledger',
  'denylist',
  'allowlist',
]);

/** Dot-directories that have policies or audits of their own which are no guard's. */
export const NOT_GUARD_FOLDERS: ReadonlySet<string> = new Set([
  '.git',
  '.github',
  '.npm',
  '.venv',
  '.cargo',
  '.cache',
  '.vscode',
  '.idea',
  '.terraform',
  '.next',
  '.nx',
  '.yarn',
  '.pnpm-store',
  '.config',
  '.local',
  '.storybook',
  '.gitlab',
  '.circleci',
]);

/** Parts of names of processes and services that watch over a machine. */
export const WATCHER_WORDS: readonly string[] = [
  'holdpoint',
  'interlock',
  'guard',
  'auditd',
  'falco',
  'osquery',
  'crowdstrike',
  'falcon-sensor',
  'apparmor',
  'selinux',
  'fail2ban',
  'watchdog',
  'sentinel',
  'defender',
  'policyd',
  'seccomp',
  'sysmon',
  'wazuh',
  'clamav',
  'clamd',
  'firewalld',
  'ufw',
];

/** Environment variables that switch off hooks and checks when set. */
export const BYPASS_VARIABLES: ReadonlyMap<string, (value: string) => boolean> = new Map<
  string,
  (value: string) => boolean
>([
  ['HUSKY', (value) => value === '0'],
  ['HUSKY_SKIP_HOOKS', (value) => value !== '' && value !== '0'],
  ['LEFTHOOK', (value) => value === '0' || value === 'false'],
  ['SKIP_GIT_HOOKS', (value) => value !== '' && value !== '0'],
  ['PRE_COMMIT_ALLOW_NO_CONFIG', (value) => value === '1'],
  ['DISABLE_DATABASE_ENVIRONMENT_CHECK', (value) => value !== '' && value !== '0'],
  ['PRISMA_USER_CONSENT_FOR_DANGEROUS_AI_ACTION', (value) => value !== ''],
  // Other settings than those that hold the hooks. Source: https://code.claude.com/docs/en/env-vars
  ['CLAUDE_CONFIG_DIR', (value) => value !== ''],
  ['CLAUDE_CODE_SIMPLE', (value) => value !== '' && value !== '0'],
  ['AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS_GUARD', () => false],
  ['NODE_TLS_REJECT_UNAUTHORIZED', () => false],
]);

/** Flags by which Claude Code starts without the hooks of its user. Source: `claude --help` of 2.1.330. */
export const AGENT_UNHOOKED_FLAGS: ReadonlySet<string> = new Set(['--bare', '--safe-mode', '--restricted']);

/** Flags of Claude Code that choose its settings, and whether a value may take the hooks away. */
export const AGENT_SETTINGS_FLAGS: ReadonlyMap<string, (value: string) => boolean> = new Map<
  string,
  (value: string) => boolean
>([
  ['--setting-sources', (value) => !value.split(',').some((one) => one.trim() === 'user')],
  // A file says nothing here; what is written out may say nothing about hooks.
  ['--settings', (value) => !value.trim().startsWith('{') || /hooks/i.test(value)],
]);

/** Subcommands of the guard's own program that only look, or that carry out what was judged. */
export const GUARD_READS: ReadonlySet<string> = new Set([
  'apis',
  'status',
  'check',
  'ask',
  'holds',
  'show',
  'log',
  'explain',
  'verify-log',
  'help',
  'version',
  '--help',
  '--version',
  '-h',
  'replay',
  'exec',
  'demo',
  'audit',
  'doctor',
  '',
]);

/** The same of subcommands that have their own: what only looks, tries or tightens. */
export const GUARD_INNER_READS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['policy', new Set(['check', 'test', 'eval', 'fmt', 'show', 'try', 'decisions', 'session add', 'session list'])],
  ['except', new Set(['list'])],
  ['map', new Set(['', '--json', 'list', 'show'])],
]);

/** Options with which one of these writes. */
export const GUARD_WRITE_FLAGS: ReadonlySet<string> = new Set(['-w', '--write', '-o', '--output']);

/** Subcommands that no other program has: with them a file of a common name is the guard's. */
export const GUARD_SIGNS: ReadonlySet<string> = new Set([
  'approve',
  'preapprove',
  'deny',
  'enforce',
  'people',
  'except',
]);

/** Where the guard's program lies in its package. */
export const GUARD_PROGRAM_FILES = /\/(dist\/cli[\w-]*\.[cm]?js|src\/apps\/cli\/main\.ts|bin\/[\w-]+\.cjs)$/;

/** Programs that may be given any file of the guard's: they look, or their own rules say what they do to it. */
export const GUARD_PATH_AWARE: ReadonlySet<string> = new Set(
  `ls ll la dir exa eza lsd tree stat file wc diff cmp comm sdiff colordiff delta du df md5sum sha1sum sha256sum
  sha512sum b2sum cksum shasum md5 man code cursor open xdg-open lsof jsonlint shellcheck which type command test [ : true
  cat bat batcat less more most head tail strings hexdump od hd tac nl zcat gcat cut look glow mdcat grep egrep fgrep rg ag ack
  ggrep ugrep zgrep jq gron echo printf realpath readlink basename dirname cd pushd popd find gfind fd fdfind export declare
  typeset local readonly unset alias set source . eval sh bash zsh dash ksh node python python2 python3 ruby perl php curl wget
  rm unlink rimraf shred mv gmv cp gcp ln tee sponge dd truncate chmod chown chgrp sed gsed awk gawk mawk nawk git rsync scp
  base64 xxd sort uniq column kill pkill killall pgrep fuser xargs env sudo`.split(/\s+/),
);

/** Variables that lead requests through the gateway. */
export const PROXY_VARIABLES: ReadonlySet<string> = new Set(['http_proxy', 'https_proxy', 'all_proxy']);
