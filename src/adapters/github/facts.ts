import { type Declared, settleEnvironments } from '../../core/declaration.ts';
import type { CredentialFact, EnvironmentFact } from '../../core/facts.ts';
import type { Branch, Repository } from './shapes.ts';

/** A repository serves production unless it is archived or a fork: its own word, by id. */
export function repositoryEnvironment(repository: Repository, declared: readonly Declared[]): EnvironmentFact {
  const words = [
    repository.full_name,
    repository.visibility ?? (repository.private ? 'private' : 'public'),
    ...(repository.fork ? ['a fork'] : []),
    ...(repository.archived ? ['archived'] : []),
    `default branch ${repository.default_branch}`,
  ];
  const isSpare = repository.fork || repository.archived;
  return settled({ id: String(repository.id), name: words.join(', '), production: !isSpare }, isSpare, declared);
}

/** What others build on: the default branch, and whatever somebody protected. */
export function branchEnvironment(
  repository: Repository,
  branch: Branch,
  declared: readonly Declared[],
): EnvironmentFact {
  const isDefault = branch.name === repository.default_branch;
  const words = [
    `${repository.full_name}@${branch.name}`,
    ...(isDefault ? ['default branch'] : []),
    branch.protected ? 'protected' : 'not protected',
  ];
  const one = {
    id: `${repository.id}/${branch.name}`,
    name: words.join(', '),
    production: isDefault || branch.protected,
  };
  return settled(one, branch.protected, declared);
}

/** `vouched`: somebody set a flag of the provider's that says so. That a repository is nobody's spare one is only likely. */
function settled(
  one: EnvironmentFact['environments'][number],
  vouched: boolean,
  declared: readonly Declared[],
): EnvironmentFact {
  return declared.length === 0
    ? { environments: [one], by: 'provider' }
    : settleEnvironments([{ ...one, vouched, claims: 'nothing', declared }]);
}

/** Scopes of a classic token come with every answer; finer tokens show none. */
export function credentialFact(headers: Headers): CredentialFact {
  const scopes = headers.get('x-oauth-scopes');
  if (scopes === null || scopes.trim() === '')
    return {
      kind: 'other',
      scope: 'what a fine-grained or app token was given, which GitHub does not say',
      broad: false,
    };
  const named = scopes
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '');
  const broad = named.some((scope) => /^(repo|delete_repo|workflow|site_admin|delete:|admin:|write:org)/.test(scope));
  return {
    kind: 'account-token',
    scope: `every repository of the account, with scopes ${named.join(', ').slice(0, 300)}`,
    broad,
  };
}
