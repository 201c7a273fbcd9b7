/** Git's commands that no rule needs to look at, and names that rules ask for. Source: https://git-scm.com/docs */

export const GIT_READS: ReadonlySet<string> = new Set(
  `status log diff show blame grep ls-files ls-tree ls-remote rev-parse rev-list describe shortlog cat-file help version var
  fetch pull clone init add merge cherry-pick revert mv am format-patch bundle show-ref for-each-ref name-rev merge-base
  hash-object write-tree commit-tree diff-tree diff-index diff-files whatchanged request-pull range-diff cherry
  count-objects fsck verify-commit verify-tag check-ignore check-attr mergetool difftool maintenance sparse-checkout instaweb
  repack pack-refs rerere credential send-email citool gui gitk daemon subtree backfill scalar update-index check-mailmap`.split(
    /\s+/,
  ),
);

/** Branches that more than one person counts on, by their usual names. */
export const PROTECTED_BRANCHES =
  /^(origin\/|upstream\/)?(main|master|trunk|develop|development|dev|production|prod|staging|stable|release([/-].*)?|hotfix\/.*|v?\d+(\.\d+|\.x)*|gh-pages|next|canary|.*shared.*|HEAD)$/i;

/**
 * Where a repository says what continuous integration runs. Sources: the documentation of GitHub Actions, GitLab, CircleCI,
 * Jenkins, Azure Pipelines, Buildkite, Bitbucket, Travis, Drone, Woodpecker, Gitea, Forgejo, Cirrus, AppVeyor, Cloud Build.
 */
export const CI_PLACES: readonly string[] =
  `.github/workflows .github/actions .gitlab-ci.yml .gitlab-ci.yaml .gitlab/ci .circleci Jenkinsfile azure-pipelines.yml
  azure-pipelines.yaml .azure-pipelines .buildkite bitbucket-pipelines.yml .travis.yml .drone.yml .woodpecker .woodpecker.yml
  .gitea/workflows .forgejo/workflows .cirrus.yml appveyor.yml .appveyor.yml cloudbuild.yaml buildspec.yml`.split(
    /\s+/,
  );

/** Settings whose value git runs as a program. */
export const RUNS_COMMANDS =
  /^(core\.(pager|editor|sshcommand|fsmonitor|askpass|gitproxy)|sequence\.editor|diff\.external|diff\..+\.(command|textconv)|merge\..+\.driver|filter\..+\.(clean|smudge|process)|credential(\..+)?\.helper|pager\..+|gpg\.program|gpg\..+\.program|uploadpack\.packobjectshook|difftool\..+\.cmd|mergetool\..+\.cmd|interactive\.difffilter|web\.browser|browser\..+\.cmd)$/;
