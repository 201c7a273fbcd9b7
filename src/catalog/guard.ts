/** What belongs to Holdpoint and its like: what an agent must not write, delete, stop or switch off. */

/** Path endings of the files in which agents keep their hooks. */
export const HOOK_FILES: readonly string[] = [
  '.claude/settings.json',
  '.claude/settings.local.json',
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

/** Folders that hold nothing but hooks or policy. */
export const HOOK_FOLDERS: readonly string[] = [
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
  ['AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS_GUARD', () => false],
  ['NODE_TLS_REJECT_UNAUTHORIZED', () => false],
]);

/** Subcommands of the guard's own program that only look. */
export const GUARD_READS: ReadonlySet<string> = new Set([
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
