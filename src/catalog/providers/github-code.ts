import { githubAsks } from './github-asks.ts';
import { type Carrier, type OperationRow, operationsAs, type ProviderOperation } from './operation.ts';

const R = '/repos/{owner}/{repo}';
const BRANCH = `${R}/branches/{branch+}`;

/** What is committed there runs with the repository's secrets. */
const WORKFLOW_FILE: Carrier = {
  at: '{path}',
  when: /^\.github\/(workflows|actions)\//i,
  verb: 'run',
  reversal: 'unknown',
  does: 'writes a workflow, which runs with the secrets of the repository',
  tags: ['opaque'],
};

const PUBLIC: readonly Carrier[] = [
  {
    at: 'private',
    when: [false],
    verb: 'expose',
    reversal: 'irreversible',
    does: 'makes a repository public',
  },
  {
    at: 'visibility',
    when: ['public', 'internal'],
    verb: 'expose',
    reversal: 'irreversible',
    does: 'makes a repository visible to others',
  },
];

/** Settings that are changed back as easily, and protect nothing. */
const QUIET_SETTINGS =
  'name description homepage has_issues has_projects has_wiki has_downloads has_discussions is_template allow_squash_merge allow_merge_commit ' +
  'allow_rebase_merge allow_update_branch use_squash_pr_title_as_default squash_merge_commit_title squash_merge_commit_message ' +
  'merge_commit_title merge_commit_message web_commit_signoff_required private visibility default_branch archived';

const change = (at: string, does: string, when: Carrier['when'] = 'given'): Carrier => ({
  at,
  when,
  verb: 'change',
  reversal: 'unknown',
  does,
});

const PROTECTION = `${BRANCH}/protection`;
const weakens: readonly OperationRow[] = ['PUT', 'POST', 'PATCH'].map((method) => [
  `${method} ${PROTECTION}/{part+}`,
  'branch',
  'changes the protection of a branch',
  { tags: ['protection'] },
]);

/** Repositories, branches, refs, contents, tags, rules. Source: https://docs.github.com/en/rest */
export const GITHUB_CODE: readonly ProviderOperation[] = [
  ...operationsAs('destroy', 'irreversible', githubAsks, [
    [`DELETE ${R}`, 'repository', 'deletes a repository with its issues, pull requests, releases and settings'],
    [`DELETE ${R}/git/refs/{ref+}`, 'ref', 'deletes a branch or tag'],
  ]),
  ...operationsAs('destroy', 'unknown', githubAsks, [
    [`DELETE ${PROTECTION}`, 'branch', 'takes the protection off a branch', { tags: ['protection'] }],
    [`DELETE ${PROTECTION}/{part+}`, 'branch', 'takes a part of the protection off a branch', { tags: ['protection'] }],
    [`DELETE ${R}/rulesets/{ruleset_id}`, 'ruleset', 'deletes a ruleset', { tags: ['protection'] }],
    [
      'DELETE /orgs/{org}/rulesets/{ruleset_id}',
      'ruleset',
      'deletes a ruleset of an organisation',
      { tags: ['protection'] },
    ],
    [`DELETE ${R}/tags/protection/{id}`, 'tag-protection', 'takes the protection off tags', { tags: ['protection'] }],
    [`DELETE ${R}/autolinks/{id}`, 'autolink', 'deletes an autolink'],
    [`DELETE ${R}/pages`, 'pages', 'takes down the Pages site'],
    [`DELETE ${R}/private-vulnerability-reporting`, 'repository', 'switches off private vulnerability reports'],
    [`DELETE ${R}/vulnerability-alerts`, 'repository', 'switches off vulnerability alerts'],
    [`DELETE ${R}/automated-security-fixes`, 'repository', 'switches off security fixes'],
  ]),
  // The history keeps what a commit takes away.
  ...operationsAs('destroy', 'undoable', githubAsks, [
    [`DELETE ${R}/contents/{path+}`, 'content', 'commits the removal of a file', { carries: [WORKFLOW_FILE] }],
    [`DELETE ${R}/subscription`, 'subscription', 'stops watching a repository'],
  ]),
  ...operationsAs('change', 'irreversible', githubAsks, [
    [`POST ${R}/transfer`, 'repository', 'gives a repository to another owner'],
  ]),
  ...operationsAs('change', 'unknown', githubAsks, [
    [`PUT ${PROTECTION}`, 'branch', 'replaces the protection of a branch', { tags: ['protection'] }],
    ...weakens,
    [`POST ${BRANCH}/rename`, 'branch', 'renames a branch, which breaks what names it'],
    [`PUT ${R}/rulesets/{ruleset_id}`, 'ruleset', 'replaces a ruleset', { tags: ['protection'] }],
    [
      'PUT /orgs/{org}/rulesets/{ruleset_id}',
      'ruleset',
      'replaces a ruleset of an organisation',
      { tags: ['protection'] },
    ],
    [`POST ${R}/merges`, 'branch-of-body', 'merges into a branch'],
    [`POST ${R}/merge-upstream`, 'branch-of-body', 'moves a branch of a fork to its upstream'],
    [`PUT ${R}/pages`, 'pages', 'changes the Pages site'],
    [`POST ${R}/statuses/{sha}`, 'status', 'sets the status of a commit, which may satisfy a required check'],
    [`POST ${R}/check-runs`, 'check-run', 'sets a check of a commit, which may satisfy a required one'],
    [`PATCH ${R}/check-runs/{id}`, 'check-run', 'sets a check of a commit, which may satisfy a required one'],
    [`PATCH ${R}/code-scanning/alerts/{number}`, 'alert', 'dismisses or reopens a code scanning alert'],
    [`PATCH ${R}/secret-scanning/alerts/{number}`, 'alert', 'resolves or reopens a secret scanning alert'],
    [`PATCH ${R}/dependabot/alerts/{number}`, 'alert', 'dismisses or reopens a Dependabot alert'],
    [`PATCH ${R}/code-scanning/default-setup`, 'repository', 'changes code scanning'],
    [`PUT ${R}/interaction-limits`, 'repository', 'limits who may take part'],
    [`DELETE ${R}/interaction-limits`, 'repository', 'lifts the limits on who may take part'],
  ]),
  ...operationsAs('change', 'undoable', githubAsks, [
    [
      `PATCH ${R}`,
      'repository',
      'changes settings of a repository',
      {
        members: QUIET_SETTINGS,
        carries: [
          ...PUBLIC,
          change('private', 'makes a repository private, which costs its stars and detaches its forks', [true]),
          change('visibility', 'makes a repository private, which costs its stars and detaches its forks', ['private']),
          change('name', 'renames a repository'),
          change('default_branch', 'makes another branch the default one'),
          change('archived', 'archives a repository, or takes it out of the archive'),
        ],
      },
    ],
    [
      `PATCH ${R}/git/refs/{ref+}`,
      'ref',
      'moves a branch forward',
      {
        members: 'sha force',
        carries: [
          {
            at: 'force',
            when: [true],
            verb: 'destroy',
            reversal: 'irreversible',
            does: 'moves a branch or tag by force, which may leave commits behind',
            tags: ['force'],
          },
          {
            at: '{ref}',
            when: /^(?!heads\/)/,
            verb: 'change',
            reversal: 'irreversible',
            does: 'moves a tag, which others take for fixed',
          },
        ],
      },
    ],
    [
      `PUT ${R}/contents/{path+}`,
      'content',
      'commits a file',
      { members: 'message content sha branch committer author', carries: [WORKFLOW_FILE] },
    ],
    [`PUT ${R}/topics`, 'repository-topics', 'sets the topics of a repository'],
    [`PUT ${R}/subscription`, 'subscription', 'watches a repository'],
    [`PUT ${R}/vulnerability-alerts`, 'repository', 'switches on vulnerability alerts'],
    [`PUT ${R}/automated-security-fixes`, 'repository', 'switches on security fixes'],
    [`PUT ${R}/private-vulnerability-reporting`, 'repository', 'switches on private vulnerability reports'],
    [`POST ${PROTECTION}/required_signatures`, 'branch', 'asks for signed commits on a branch'],
    [`POST ${PROTECTION}/enforce_admins`, 'branch', 'binds administrators to the protection of a branch'],
  ]),
  ...operationsAs('expose', 'irreversible', githubAsks, [
    [`POST ${R}/pages`, 'pages', 'publishes a Pages site'],
    [`POST ${R}/security-advisories`, 'advisory', 'opens a security advisory'],
    [`PATCH ${R}/security-advisories/{id}`, 'advisory', 'changes or publishes a security advisory'],
  ]),
  ...operationsAs('run', 'unknown', githubAsks, [
    [`POST ${R}/dispatches`, 'workflow', 'starts every workflow that waits for this event', { tags: ['opaque'] }],
    [`POST ${R}/pages/builds`, 'pages', 'builds the Pages site', { tags: ['opaque'] }],
    [
      `POST ${R}/deployments`,
      'deployment',
      'asks for a deployment, which whoever listens carries out',
      { tags: ['opaque'] },
    ],
    [
      `POST ${R}/deployments/{id}/statuses`,
      'deployment',
      'says how a deployment went, which whoever listens acts on',
      { tags: ['opaque'] },
    ],
  ]),
  ...operationsAs('create', 'undoable', githubAsks, [
    [`POST ${R}/git/refs`, 'ref', 'makes a branch or tag'],
    [`POST ${R}/git/blobs`, 'git-object', 'stores an object'],
    [`POST ${R}/git/trees`, 'git-object', 'stores an object'],
    [`POST ${R}/git/commits`, 'git-object', 'stores an object'],
    [`POST ${R}/git/tags`, 'git-object', 'stores an object'],
    [`POST ${R}/forks`, 'repository', 'forks a repository'],
    [`POST ${R}/generate`, 'repository', 'makes a repository from a template', { carries: PUBLIC }],
    ['POST /user/repos', 'repository', 'makes a repository'],
    ['POST /orgs/{org}/repos', 'repository', 'makes a repository'],
    [`POST ${R}/rulesets`, 'ruleset', 'adds a ruleset'],
    ['POST /orgs/{org}/rulesets', 'ruleset', 'adds a ruleset'],
    [`POST ${R}/autolinks`, 'autolink', 'adds an autolink'],
    [`POST ${R}/releases/generate-notes`, 'release', 'writes release notes that are not published'],
  ]),
  ...operationsAs('read', 'regenerable', githubAsks, [
    ['POST /markdown', 'markdown', 'renders text'],
    ['POST /markdown/raw', 'markdown', 'renders text'],
  ]),
];
