import type { z } from 'zod';
import type { Json } from '../../core/canonical-json.ts';
import { type BackupsFact, type DependentsFact, factAsJson } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { DeclaredEnvironments } from '../../ports/declared-environments.ts';
import type { Answer } from './client.ts';
import { branchEnvironment, repositoryEnvironment } from './facts.ts';
import { Branch, Comparison, Forks, PullRequest, PullRequests, Release, Repository, Tag } from './shapes.ts';

/** One question about a thing of one repository, and the way to ask. */
export interface Asked {
  readonly about: ResourceRef;
  readonly owner: string;
  readonly repo: string;
  readonly nowMs: number;
  /** What people declared about a repository, by its number. */
  readonly declared: DeclaredEnvironments;
  get<T>(path: string, shape: z.ZodType<T>): Promise<Answer<T>>;
}

export interface Learnt {
  readonly answer: Tri<Json>;
  readonly atMs: number;
}

/** One page. What would not fit on it is said to be more. */
const PAGE = 100;

export async function environmentOf(asked: Asked): Promise<Learnt> {
  const { about } = asked;
  const repository = await repositoryOf(asked);
  if (!repository.ok) return no(repository, asked);
  const word = await asked.declared.of({ system: 'github', kind: 'repository', path: [String(repository.data.id)] });
  if ('unknown' in word) return no({ why: word.unknown }, asked);
  const declared = word.known === undefined ? [] : [word.known];
  const fact = repositoryEnvironment(repository.data, declared);
  switch (about.kind) {
    case 'repository':
      return yes(fact, repository.atMs);
    case 'branch': {
      const branch = await branchOf(asked, nameIn(about));
      return branch.ok
        ? yes(branchEnvironment(repository.data, branch.data, declared), branch.atMs)
        : no(branch, asked);
    }
    case 'pull-request': {
      const pull = await asked.get(`${root(asked)}/pulls/${encodeURIComponent(nameIn(about))}`, PullRequest);
      if (!pull.ok) return no(pull, asked);
      const base = await branchOf(asked, pull.data.base.ref);
      return base.ok ? yes(branchEnvironment(repository.data, base.data, declared), base.atMs) : no(base, asked);
    }
    case 'tag':
      return yes(fact, repository.atMs);
    default:
      return cannot(asked);
  }
}

export async function dependentsOf(asked: Asked): Promise<Learnt> {
  const { about } = asked;
  if (about.kind === 'repository') {
    const repository = await repositoryOf(asked);
    if (!repository.ok) return no(repository, asked);
    const forks = await forksOf(asked);
    if (!forks.ok) return no(forks, asked);
    const pulls = await asked.get(`${root(asked)}/pulls?state=open&per_page=${PAGE}`, PullRequests);
    if (!pulls.ok) return no(pulls, asked);
    const lot = repository.data.private ? 'deleted with a private repository' : 'stays with a public repository';
    return dependents(
      [
        ...forks.data.map((fork) => dependent('fork', fork.id, fork.full_name, lot)),
        ...rest('fork', repository.data.forks_count - forks.data.length, lot),
        ...pulls.data.map((pull) => dependent('pull request', pull.number, pull.title, `${pull.base.ref}, open`)),
        ...rest('pull request', pulls.data.length === PAGE ? 1 : 0, 'open'),
      ],
      forks.atMs,
    );
  }
  if (about.kind === 'branch') {
    const branch = encodeURIComponent(nameIn(about));
    const into = await asked.get(`${root(asked)}/pulls?state=open&base=${branch}&per_page=${PAGE}`, PullRequests);
    if (!into.ok) return no(into, asked);
    const head = `${encodeURIComponent(asked.owner)}:${branch}`;
    const from = await asked.get(`${root(asked)}/pulls?state=open&head=${head}&per_page=${PAGE}`, PullRequests);
    if (!from.ok) return no(from, asked);
    return dependents(
      [
        ...into.data.map((pull) => dependent('pull request', pull.number, pull.title, `${pull.base.ref}, open`)),
        ...from.data.map((pull) => dependent('pull request', pull.number, pull.title, `${pull.base.ref}, open`)),
        ...rest('pull request', into.data.length === PAGE || from.data.length === PAGE ? 1 : 0, 'open'),
      ],
      from.atMs,
    );
  }
  if (about.kind === 'tag') {
    const release = await asked.get(`${root(asked)}/releases/tags/${encodeURIComponent(nameIn(about))}`, Release);
    if (release.ok)
      return dependents(
        [dependent('release', release.data.id, release.data.name ?? nameIn(about), 'published')],
        release.atMs,
      );
    return release.isMissing ? dependents([], asked.nowMs) : no(release, asked);
  }
  return cannot(asked);
}

export async function recoveryOf(asked: Asked): Promise<Learnt> {
  const { about } = asked;
  const repository = await repositoryOf(asked);
  if (!repository.ok) return no(repository, asked);
  if (about.kind === 'repository') {
    const forks = await forksOf(asked);
    if (!forks.ok) return no(forks, asked);
    const fact: BackupsFact = {
      backups: forks.data.map((fork) => ({
        id: String(fork.id),
        name: `fork ${fork.full_name.slice(0, 200)} (commits only)`,
        atMs: timeOf(fork.pushed_at),
        // Forks of a private repository are deleted with it.
        insideTarget: repository.data.private,
      })),
    };
    return yes(fact, forks.atMs);
  }
  const main = repository.data.default_branch;
  if (about.kind === 'branch') {
    const branch = await branchOf(asked, nameIn(about));
    if (!branch.ok) return no(branch, asked);
    // The default branch is in itself, which keeps nothing.
    if (branch.data.name === main) return yes({ backups: [] } satisfies BackupsFact, branch.atMs);
    return keptIn(asked, main, branch.data.commit.sha);
  }
  if (about.kind === 'tag') {
    const ref = nameIn(about).split('/').map(encodeURIComponent).join('/');
    const tag = await asked.get(`${root(asked)}/git/ref/tags/${ref}`, Tag);
    return tag.ok ? keptIn(asked, main, tag.data.object.sha) : no(tag, asked);
  }
  return cannot(asked);
}

/** Whether every commit up to `sha` is in the default branch. */
async function keptIn(asked: Asked, main: string, sha: string): Promise<Learnt> {
  const range = `${encodeURIComponent(main)}...${encodeURIComponent(sha)}`;
  const compared = await asked.get(`${root(asked)}/compare/${range}?per_page=1`, Comparison);
  if (!compared.ok) return no(compared, asked);
  const isKept =
    compared.data.ahead_by === 0 && (compared.data.status === 'behind' || compared.data.status === 'identical');
  const fact: BackupsFact = {
    backups: isKept ? [{ id: sha, name: `its commits are in ${main}`, atMs: 0, insideTarget: false }] : [],
  };
  return yes(fact, compared.atMs);
}

function repositoryOf(asked: Asked): Promise<Answer<Repository>> {
  return asked.get(root(asked), Repository);
}

function branchOf(asked: Asked, name: string): Promise<Answer<Branch>> {
  return asked.get(`${root(asked)}/branches/${encodeURIComponent(name)}`, Branch);
}

function forksOf(asked: Asked): Promise<Answer<z.infer<typeof Forks>>> {
  return asked.get(`${root(asked)}/forks?per_page=${PAGE}`, Forks);
}

function root({ owner, repo }: Asked): string {
  return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`;
}

/** Forge, owner and repository come first. */
function nameIn(about: ResourceRef): string {
  return about.path.slice(3).join('/');
}

type Dependent = DependentsFact['dependents'][number];

function dependent(kind: string, id: number, name: string, environment: string): Dependent {
  return { kind, id: String(id), name: name.slice(0, 200), environment: environment.slice(0, 200) };
}

function rest(kind: string, more: number, environment: string): Dependent[] {
  return more > 0 ? [{ kind, id: 'more', name: 'and more that are not listed', environment }] : [];
}

function dependents(found: readonly Dependent[], atMs: number): Learnt {
  return yes({ dependents: found } satisfies DependentsFact, atMs);
}

function timeOf(text: string | null): number {
  const atMs = text === null ? 0 : Date.parse(text);
  return Number.isNaN(atMs) ? 0 : atMs;
}

function yes(fact: object, atMs: number): Learnt {
  return { answer: { known: factAsJson(fact) }, atMs };
}

function no(failed: { readonly why: string }, asked: Asked): Learnt {
  return { answer: unknown(failed.why), atMs: asked.nowMs };
}

function cannot(asked: Asked): Learnt {
  return { answer: unknown(`GitHub is not asked this about a ${asked.about.kind}`), atMs: asked.nowMs };
}
