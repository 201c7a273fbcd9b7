import { githubAsks } from './github-asks.ts';
import { type OperationRow, operationsAs, type ProviderOperation } from './operation.ts';

const R = '/repos/{owner}/{repo}';
const A = `${R}/actions`;
const CREDENTIAL = { tags: ['credential'] } as const;

const SECRET_HOLDERS = [
  `${A}/secrets/{name}`,
  `${R}/dependabot/secrets/{name}`,
  `${R}/codespaces/secrets/{name}`,
  `${R}/environments/{environment}/secrets/{name}`,
  '/orgs/{org}/actions/secrets/{name}',
  '/orgs/{org}/dependabot/secrets/{name}',
  '/orgs/{org}/codespaces/secrets/{name}',
  '/user/codespaces/secrets/{name}',
];
const VARIABLE_HOLDERS = [
  `${A}/variables`,
  `${R}/environments/{environment}/variables`,
  '/orgs/{org}/actions/variables',
];
const HOOKS = [`${R}/hooks`, '/orgs/{org}/hooks'];
const PACKAGES = ['/orgs/{org}/packages', '/users/{username}/packages', '/user/packages'].map(
  (path) => `${path}/{type}/{name+}`,
);
const RUNNERS = [`${A}/runners`, '/orgs/{org}/actions/runners'];

const each = (paths: readonly string[], row: (path: string) => OperationRow): OperationRow[] => paths.map(row);

/** Actions, secrets, environments, hooks, releases, packages. Source: https://docs.github.com/en/rest */
export const GITHUB_AUTOMATION: readonly ProviderOperation[] = [
  ...operationsAs('destroy', 'irreversible', githubAsks, [
    ...each(SECRET_HOLDERS, (path) => [
      `DELETE ${path}`,
      'secret',
      'deletes a secret, which cannot be read back',
      CREDENTIAL,
    ]),
    [`DELETE ${R}/environments/{environment}`, 'environment', 'deletes an environment with its secrets and rules'],
    [`DELETE ${A}/runs/{run_id}`, 'workflow-run', 'deletes a workflow run'],
    [`DELETE ${A}/runs/{run_id}/logs`, 'workflow-run', 'deletes the logs of a workflow run'],
    [`DELETE ${A}/artifacts/{artifact_id}`, 'artifact', 'deletes an artifact'],
    [`DELETE ${R}/releases/{release_id}`, 'release', 'deletes a release and what is attached to it'],
    [`DELETE ${R}/releases/assets/{asset_id}`, 'release-asset', 'deletes what is attached to a release'],
    [`DELETE ${R}/deployments/{deployment_id}`, 'deployment', 'deletes a deployment'],
    ['DELETE /user/codespaces/{name}', 'codespace', 'deletes a codespace with the work in it'],
    ...each(PACKAGES, (path) => [`DELETE ${path}`, 'package', 'deletes a package with all its versions']),
    ...each(PACKAGES, (path) => [
      `DELETE ${path}/versions/{version_id}`,
      'package-version',
      'deletes a version of a package',
    ]),
  ]),
  ...operationsAs('destroy', 'unknown', githubAsks, [
    ...each(VARIABLE_HOLDERS, (path) => [`DELETE ${path}/{name}`, 'variable', 'deletes a variable']),
    ...each(HOOKS, (path) => [`DELETE ${path}/{hook_id}`, 'webhook', 'deletes a webhook']),
    ...each(RUNNERS, (path) => [`DELETE ${path}/{runner_id}`, 'runner', 'removes a runner']),
    [
      `DELETE ${R}/environments/{environment}/deployment-branch-policies/{id}`,
      'environment',
      'drops a rule of an environment',
    ],
    [
      `DELETE ${R}/environments/{environment}/deployment_protection_rules/{id}`,
      'environment',
      'drops a rule of an environment',
    ],
  ]),
  ...operationsAs('destroy', 'regenerable', githubAsks, [
    [`DELETE ${A}/caches`, 'cache', 'drops caches'],
    [`DELETE ${A}/caches/{cache_id}`, 'cache', 'drops a cache'],
  ]),
  ...operationsAs('change', 'irreversible', githubAsks, [
    ...each(SECRET_HOLDERS, (path) => [
      `PUT ${path}`,
      'secret',
      'overwrites a secret, whose old value cannot be read back',
      CREDENTIAL,
    ]),
  ]),
  ...operationsAs('change', 'unknown', githubAsks, [
    ...each(VARIABLE_HOLDERS, (path) => [`PATCH ${path}/{name}`, 'variable', 'changes a variable']),
    ...each(HOOKS, (path) => [`PATCH ${path}/{hook_id}`, 'webhook', 'changes where a webhook sends what happens here']),
    ...each(HOOKS, (path) => [
      `PATCH ${path}/{hook_id}/config`,
      'webhook',
      'changes where a webhook sends what happens here',
    ]),
    [`PUT ${A}/workflows/{workflow_id}/disable`, 'workflow', 'switches a workflow off'],
    [`PUT ${A}/workflows/{workflow_id}/enable`, 'workflow', 'switches a workflow on'],
    [`PUT ${A}/permissions`, 'actions-permissions', 'changes what Actions may run'],
    [`PUT ${A}/permissions/{part+}`, 'actions-permissions', 'changes what Actions may do'],
    ['PUT /orgs/{org}/actions/permissions', 'actions-permissions', 'changes what Actions may run'],
    ['PUT /orgs/{org}/actions/permissions/{part+}', 'actions-permissions', 'changes what Actions may do'],
    [`PUT ${R}/environments/{environment}`, 'environment', 'sets the rules of an environment'],
    [`POST ${R}/environments/{environment}/deployment-branch-policies`, 'environment', 'lets more branches deploy'],
    [
      `PUT ${R}/environments/{environment}/deployment-branch-policies/{id}`,
      'environment',
      'changes which branches deploy',
    ],
    [
      `PATCH ${R}/releases/{release_id}`,
      'release',
      'changes a release',
      {
        carries: [
          { at: 'draft', when: [false], verb: 'expose', reversal: 'irreversible', does: 'publishes a release' },
        ],
      },
    ],
    [`PATCH ${R}/releases/assets/{asset_id}`, 'release-asset', 'renames what is attached to a release'],
  ]),
  ...operationsAs('change', 'undoable', githubAsks, [
    [`POST ${A}/runs/{run_id}/cancel`, 'workflow-run', 'cancels a workflow run'],
    [`POST ${A}/runs/{run_id}/force-cancel`, 'workflow-run', 'cancels a workflow run'],
    ...each(PACKAGES, (path) => [`POST ${path}/restore`, 'package', 'restores a package']),
    ...each(PACKAGES, (path) => [
      `POST ${path}/versions/{version_id}/restore`,
      'package-version',
      'restores a version of a package',
    ]),
    ['POST /user/codespaces/{name}/stop', 'codespace', 'stops a codespace'],
    ['POST /user/codespaces/{name}/start', 'codespace', 'starts a codespace'],
  ]),
  ...operationsAs('grant', 'unknown', githubAsks, [
    [
      `POST ${A}/runs/{run_id}/pending_deployments`,
      'deployment',
      'approves or rejects a deployment that waits for a person',
    ],
    [`POST ${A}/runs/{run_id}/deployment_protection_rule`, 'deployment', 'approves or rejects a deployment that waits'],
    [`POST ${A}/runs/{run_id}/approve`, 'workflow-run', 'lets a workflow of a fork run'],
    ...each(RUNNERS, (path) => [
      `POST ${path}/registration-token`,
      'runner',
      'makes a token that registers runners',
      CREDENTIAL,
    ]),
    ...each(RUNNERS, (path) => [
      `POST ${path}/remove-token`,
      'runner',
      'makes a token that removes runners',
      CREDENTIAL,
    ]),
    ...each(RUNNERS, (path) => [`POST ${path}/generate-jitconfig`, 'runner', 'registers a runner', CREDENTIAL]),
  ]),
  ...operationsAs('expose', 'irreversible', githubAsks, [
    ...each(HOOKS, (path) => [`POST ${path}`, 'webhook', 'sends what happens here to another server from now on']),
    [
      `POST ${R}/releases/{release_id}/assets`,
      'release-asset',
      'attaches a file to a release, for everybody who sees it',
    ],
    [`POST ${R}/releases`, 'release', 'publishes a release'],
  ]),
  // Workflows run as they are written there: nobody here sees what that does.
  ...operationsAs('run', 'unknown', githubAsks, [
    [`POST ${A}/workflows/{workflow_id}/dispatches`, 'workflow', 'starts a workflow', { tags: ['opaque'] }],
    [`POST ${A}/runs/{run_id}/rerun`, 'workflow-run', 'runs a workflow again', { tags: ['opaque'] }],
    [`POST ${A}/runs/{run_id}/rerun-failed-jobs`, 'workflow-run', 'runs a workflow again', { tags: ['opaque'] }],
    [`POST ${A}/jobs/{job_id}/rerun`, 'workflow-run', 'runs a job again', { tags: ['opaque'] }],
    [`POST ${R}/hooks/{hook_id}/tests`, 'webhook', 'sends a test to whoever listens', { tags: ['opaque'] }],
    ...each(HOOKS, (path) => [
      `POST ${path}/{hook_id}/deliveries/{id}/attempts`,
      'webhook',
      'sends an event again to whoever listens',
      { tags: ['opaque'] },
    ]),
  ]),
  ...operationsAs('create', 'undoable', githubAsks, [
    ...each(VARIABLE_HOLDERS, (path) => [`POST ${path}`, 'variable', 'adds a variable']),
    ...each(HOOKS, (path) => [`POST ${path}/{hook_id}/pings`, 'webhook', 'sends a ping']),
    ['POST /user/codespaces', 'codespace', 'makes a codespace'],
    [`POST ${R}/codespaces`, 'codespace', 'makes a codespace'],
  ]),
];
