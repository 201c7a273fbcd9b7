import { githubAsks } from './github-asks.ts';
import { type OperationRow, operationsAs, type ProviderOperation } from './operation.ts';

const quiet = (does: string, kind: string, names: string): OperationRow[] =>
  names.split(/\s+/).map((name) => [name, kind, does]);
const PROTECTION = { tags: ['protection'] } as const;

/**
 * Mutations of GitHub's GraphQL API; what is not listed holds. Ids are opaque node ids there, so targets are by id.
 * There is no mutation that deletes a repository: that is REST alone. Source: https://docs.github.com/en/graphql/reference/mutations
 */
export const GITHUB_MUTATIONS: ReadonlyMap<string, ProviderOperation> = new Map(
  [
    ...operationsAs('destroy', 'irreversible', githubAsks, [
      ['deleteRef', 'ref-node', 'deletes a branch or tag'],
      ['deleteIssue', 'issue', 'deletes an issue'],
      ['deleteIssueComment', 'comment', 'deletes a comment'],
      ['deletePullRequestReview', 'review', 'deletes a review'],
      ['deletePullRequestReviewComment', 'comment', 'deletes a comment'],
      ['deleteDiscussion', 'discussion', 'deletes a discussion'],
      ['deleteDiscussionComment', 'comment', 'deletes a comment'],
      ['deleteLabel', 'label', 'deletes a label, off every issue that has it'],
      ['deletePackageVersion', 'package-version', 'deletes a version of a package'],
      ['deleteProjectV2', 'project', 'deletes a project'],
      ['deleteProjectV2Field', 'project-field', 'deletes a field of a project, with its values'],
      ['deleteProjectV2Item', 'project-item', 'deletes an item of a project'],
      ['deleteEnvironment', 'environment', 'deletes an environment with its secrets and rules'],
      ['deleteDeployment', 'deployment', 'deletes a deployment'],
    ]),
    ...operationsAs('destroy', 'unknown', githubAsks, [
      ['deleteBranchProtectionRule', 'protection', 'takes the protection off branches', PROTECTION],
      ['deleteRepositoryRuleset', 'ruleset', 'deletes a ruleset', PROTECTION],
      ['deleteLinkedBranch', 'linked-branch', 'unlinks a branch from an issue'],
      ['deleteProjectV2Workflow', 'project-workflow', 'deletes a workflow of a project'],
      ['removeOutsideCollaborator', 'membership', 'takes an outside collaborator out'],
      ['removeEnterpriseMember', 'membership', 'takes somebody out of an enterprise'],
      ['removeEnterpriseOrganization', 'organisation', 'takes an organisation out of an enterprise'],
    ]),
    ...operationsAs('change', 'unknown', githubAsks, [
      ['updateBranchProtectionRule', 'protection', 'changes the protection of branches', PROTECTION],
      ['updateRepositoryRuleset', 'ruleset', 'changes a ruleset', PROTECTION],
      ['mergePullRequest', 'pull-request-node', 'merges a pull request into its base branch'],
      ['enablePullRequestAutoMerge', 'pull-request-node', 'merges a pull request once its checks pass'],
      ['enqueuePullRequest', 'pull-request-node', 'queues a pull request to be merged'],
      ['mergeBranch', 'branch-node', 'merges into a branch'],
      ['archiveRepository', 'repository-node', 'archives a repository'],
      ['unarchiveRepository', 'repository-node', 'takes a repository out of the archive'],
      ['transferIssue', 'issue', 'moves an issue to another repository'],
      ['dismissPullRequestReview', 'review', 'dismisses a review'],
      ['updateEnvironment', 'environment', 'sets the rules of an environment'],
      ['updateRefs', 'ref-node', 'moves or deletes several refs'],
      ['createDeployment', 'deployment', 'asks for a deployment, which whoever listens carries out'],
      ['createDeploymentStatus', 'deployment', 'says how a deployment went'],
      ['createCheckRun', 'check-run', 'sets a check of a commit, which may satisfy a required one'],
      ['updateCheckRun', 'check-run', 'sets a check of a commit, which may satisfy a required one'],
    ]),
    ...operationsAs('grant', 'unknown', githubAsks, [
      ['approveDeployments', 'deployment', 'approves a deployment that waits for a person'],
      ['inviteEnterpriseMember', 'invitation', 'invites somebody into an enterprise'],
      ['inviteEnterpriseAdmin', 'invitation', 'invites an administrator into an enterprise'],
      ['updateEnterpriseAdministratorRole', 'membership', 'changes what an administrator may do'],
      ['updateTeamsRepository', 'team-access', 'changes what a team may do'],
    ]),
    ...operationsAs('change', 'undoable', githubAsks, [
      [
        'updateRef',
        'ref-node',
        'moves a branch forward',
        {
          members: 'clientMutationId refId oid force',
          carries: [
            {
              at: 'force',
              when: [true],
              verb: 'destroy',
              reversal: 'irreversible',
              does: 'moves a branch or tag by force, which may leave commits behind',
              tags: ['force'],
            },
          ],
        },
      ],
      [
        'updateRepository',
        'repository-node',
        'changes settings of a repository',
        {
          members:
            'clientMutationId repositoryId description homepageUrl hasWikiEnabled hasIssuesEnabled hasProjectsEnabled hasDiscussionsEnabled template name',
          carries: [{ at: 'name', when: 'given', verb: 'change', reversal: 'unknown', does: 'renames a repository' }],
        },
      ],
      ...quiet(
        'edits an issue',
        'issue',
        'updateIssue closeIssue reopenIssue pinIssue unpinIssue lockLockable unlockLockable',
      ),
      ...quiet(
        'edits a comment',
        'comment',
        'updateIssueComment updatePullRequestReviewComment updateDiscussionComment minimizeComment unminimizeComment',
      ),
      ...quiet(
        'edits a pull request',
        'pull-request-node',
        'updatePullRequest closePullRequest reopenPullRequest convertPullRequestToDraft markPullRequestReadyForReview updatePullRequestBranch ' +
          'disablePullRequestAutoMerge dequeuePullRequest resolveReviewThread unresolveReviewThread updatePullRequestReview',
      ),
      ...quiet(
        'changes labels or people of an issue',
        'issue',
        'removeLabelsFromLabelable clearLabelsFromLabelable removeAssigneesFromAssignable removeReaction addLabelsToLabelable addAssigneesToAssignable',
      ),
      ...quiet(
        'edits a discussion',
        'discussion',
        'updateDiscussion closeDiscussion reopenDiscussion markDiscussionCommentAsAnswer unmarkDiscussionCommentAsAnswer',
      ),
      ...quiet(
        'edits a project',
        'project-item',
        'updateProjectV2 updateProjectV2ItemFieldValue clearProjectV2ItemFieldValue updateProjectV2ItemPosition archiveProjectV2Item unarchiveProjectV2Item',
      ),
      ...quiet('edits a label', 'label', 'updateLabel'),
      ...quiet('sets the topics of a repository', 'repository-node', 'updateTopics'),
      ...quiet('sets a star or subscription', 'star', 'addStar removeStar updateSubscription followUser unfollowUser'),
    ]),
    ...operationsAs('create', 'undoable', githubAsks, [
      ...quiet('opens an issue', 'issue', 'createIssue addSubIssue'),
      ...quiet(
        'comments',
        'comment',
        'addComment addDiscussionComment addPullRequestReviewThread addPullRequestReviewThreadReply addReaction',
      ),
      ...quiet('opens a pull request', 'pull-request-node', 'createPullRequest requestReviews'),
      ...quiet('opens a discussion', 'discussion', 'createDiscussion'),
      ...quiet('makes a branch or tag', 'ref-node', 'createRef createLinkedBranch'),
      ...quiet('makes a label', 'label', 'createLabel'),
      ...quiet(
        'adds to a project',
        'project-item',
        'createProjectV2 createProjectV2Field addProjectV2ItemById addProjectV2DraftIssue copyProjectV2',
      ),
      ...quiet('adds a protection', 'protection', 'createBranchProtectionRule createRepositoryRuleset'),
      [
        'createCommitOnBranch',
        'branch-node',
        'commits to a branch',
        {
          carries: [
            {
              at: 'fileChanges.additions.path',
              when: /^\.github\/(workflows|actions)\//i,
              verb: 'run',
              reversal: 'unknown',
              does: 'writes a workflow, which runs with the secrets of the repository',
              tags: ['opaque'],
            },
          ],
        },
      ],
      [
        'addPullRequestReview',
        'review',
        'reviews a pull request',
        {
          carries: [
            {
              at: 'event',
              when: ['APPROVE'],
              verb: 'grant',
              reversal: 'unknown',
              does: 'approves a pull request, which may let it be merged',
            },
          ],
        },
      ],
      [
        'submitPullRequestReview',
        'review',
        'submits a review',
        {
          carries: [
            {
              at: 'event',
              when: ['APPROVE'],
              verb: 'grant',
              reversal: 'unknown',
              does: 'approves a pull request, which may let it be merged',
            },
          ],
        },
      ],
      [
        'createRepository',
        'repository-node',
        'makes a repository',
        {
          carries: [
            {
              at: 'visibility',
              when: ['PUBLIC'],
              verb: 'expose',
              reversal: 'irreversible',
              does: 'makes a public repository',
            },
          ],
        },
      ],
    ]),
  ].map((operation) => [operation.name, operation]),
);
