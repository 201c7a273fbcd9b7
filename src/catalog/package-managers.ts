import type { Reversal, Verb } from '../core/effect.ts';

/** Commands of npm, pnpm, yarn and bun that belong to themselves. Source: https://docs.npmjs.com/cli/commands */
export const PACKAGE_COMMANDS: ReadonlySet<string> = new Set(
  `install i ci add remove rm uninstall un update up upgrade outdated audit ls list ll why explain init create info view show
  search pack link unlink dedupe prune rebuild root bin prefix config get set whoami ping doctor fund help version cache
  exec dlx import patch patch-commit store env node plugin constraints set-version why approve-builds completion docs repo bugs
  issues home query sbom pkg login logout star stars profile setup fetch deploy-local licenses policies tsc server pm build create
  rebuild shrinkwrap install-test it cit diff edit explore find-dupes help-search ignored-builds catalog global self-update install-completion`.split(
    /\s+/,
  ),
);

export interface PackageRule {
  readonly words: RegExp;
  readonly flag?: readonly string[];
  readonly verb: Verb;
  readonly what: string;
  readonly reversal: Reversal;
  readonly says: string;
}

export const PACKAGE_RULES: readonly PackageRule[] = [
  {
    words: /^(npm )?publish\b/,
    verb: 'expose',
    what: 'package',
    reversal: 'irreversible',
    says: 'publishes a package for everyone',
  },
  {
    words: /^unpublish\b/,
    verb: 'destroy',
    what: 'package',
    reversal: 'irreversible',
    says: 'takes a published package away',
  },
  {
    words: /^npm (unpublish|deprecate)\b/,
    verb: 'destroy',
    what: 'package',
    reversal: 'irreversible',
    says: 'takes a published package away',
  },
  {
    words: /^deprecate\b/,
    verb: 'change',
    what: 'package',
    reversal: 'unknown',
    says: 'marks a published package as deprecated',
  },
  {
    words: /^(dist-tag|dist-tags|tag) (add|rm|set|remove)\b/,
    verb: 'change',
    what: 'package',
    reversal: 'unknown',
    says: 'changes what users of a published package get',
  },
  {
    words: /^owner (add|rm|remove)\b/,
    verb: 'grant',
    what: 'package',
    reversal: 'unknown',
    says: 'changes who owns a published package',
  },
  {
    words: /^access (set|grant|revoke|public|restricted)\b/,
    verb: 'grant',
    what: 'package',
    reversal: 'unknown',
    says: 'changes access to a published package',
  },
  {
    words: /^token (create|revoke|delete)\b/,
    verb: 'grant',
    what: 'token',
    reversal: 'irreversible',
    says: 'creates or revokes a token',
  },
  {
    words: /^team (destroy|rm)\b|^org rm\b/,
    verb: 'destroy',
    what: 'team',
    reversal: 'irreversible',
    says: 'removes people or a team',
  },
  {
    words: /^(config|set) .*ignore-scripts/,
    verb: 'run',
    what: 'setting',
    reversal: 'regenerable',
    says: 'sets a setting',
  },
];
