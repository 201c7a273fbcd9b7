import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Behaves as GitHub's REST API does towards somebody who reads: its shapes (those members that clients read), statuses and headers. */
export interface GithubState {
  /** Token to scopes; a fine-grained token has none. */
  readonly tokens: Map<string, string | undefined>;
  readonly repositories: Map<string, StoredRepository>;
  readonly journal: { readonly method: string; readonly path: string; readonly status: number }[];
  /** What is wrong with the server at the moment. */
  fault?:
    | { readonly kind: 'hang'; readonly seen?: () => void }
    | { readonly kind: 'status'; readonly status: number }
    | {
        readonly kind: 'limited';
        readonly status: 403 | 429;
        readonly retryAfterSeconds?: number;
        readonly resetAtSeconds?: number;
      }
    | { readonly kind: 'redirect'; readonly to: string }
    | { readonly kind: 'text'; readonly text: string };
}

export interface StoredRepository {
  readonly id: number;
  readonly fullName: string;
  readonly isPrivate: boolean;
  readonly isFork: boolean;
  readonly isArchived: boolean;
  readonly defaultBranch: string;
  readonly forks: readonly { readonly id: number; readonly fullName: string; readonly pushedAt: string }[];
  /** Commits of each branch, the tip first. */
  readonly branches: Map<string, { readonly commits: readonly string[]; readonly isProtected: boolean }>;
  readonly tags: Map<string, string>;
  readonly releases: Map<string, string>;
  readonly pulls: readonly {
    readonly number: number;
    readonly title: string;
    readonly base: string;
    readonly head: string;
  }[];
}

export interface Github {
  readonly url: string;
  readonly state: GithubState;
  close(): Promise<void>;
}

export const GITHUB_TOKENS = { classic: 'ghp_0000000000000000classic', fine: 'github_pat_0000000fine' } as const;

export function commit(name: string): string {
  return createHash('sha1').update(name).digest('hex');
}

/** `acme/shop`: a public repository with a default branch, a merged and an unmerged branch. */
export function acmeShop(): GithubState {
  const main = ['c', 'b', 'a'].map(commit);
  return {
    tokens: new Map([
      [GITHUB_TOKENS.classic, 'repo, delete_repo'],
      [GITHUB_TOKENS.fine, undefined],
    ]),
    repositories: new Map([
      [
        'acme/shop',
        {
          id: 4711,
          fullName: 'acme/shop',
          isPrivate: false,
          isFork: false,
          isArchived: false,
          defaultBranch: 'main',
          forks: [{ id: 9, fullName: 'someone/shop', pushedAt: '2026-05-01T00:00:00Z' }],
          branches: new Map([
            ['main', { commits: main, isProtected: true }],
            ['feature/merged', { commits: main.slice(1), isProtected: false }],
            ['feature/open', { commits: [commit('x'), ...main], isProtected: false }],
          ]),
          tags: new Map([['v1', commit('b')]]),
          releases: new Map([['v1', 'First']]),
          pulls: [{ number: 12, title: 'Add x', base: 'main', head: 'feature/open' }],
        },
      ],
    ]),
    journal: [],
  };
}

export async function startGithub(state: GithubState = acmeShop(), nowMs: () => number = Date.now): Promise<Github> {
  const server = createServer((request, response) => answer(request, response, state, nowMs));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    state,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(request: IncomingMessage, response: ServerResponse, state: GithubState, nowMs: () => number): void {
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const token = /^(?:Bearer|token) +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const reply = replyTo(request.method ?? '', url, token, state);
  if (reply === 'none') return;
  const scopes = state.tokens.get(token);
  state.journal.push({ method: request.method ?? '', path: `${url.pathname}${url.search}`, status: reply.status });
  response.writeHead(reply.status, {
    'content-type': 'application/json; charset=utf-8',
    'x-github-media-type': 'github.v3; format=json',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4987',
    'x-ratelimit-reset': String(Math.floor(nowMs() / 1000) + 3600),
    ...(scopes === undefined ? {} : { 'x-oauth-scopes': scopes }),
    ...reply.headers,
  });
  response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
}

function replyTo(method: string, url: URL, token: string, state: GithubState): Reply | 'none' {
  const { fault } = state;
  switch (fault?.kind) {
    case 'hang':
      fault.seen?.();
      return 'none';
    case 'status':
      return { status: fault.status, body: { message: 'Server Error' } };
    case 'redirect':
      return { status: 301, body: '', headers: { location: fault.to } };
    case 'text':
      return { status: 200, body: fault.text };
    case 'limited':
      return {
        status: fault.status,
        body: {
          message: 'You have exceeded a secondary rate limit',
          documentation_url: 'https://docs.github.com/rest',
        },
        headers: {
          ...(fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) }),
          ...(fault.resetAtSeconds === undefined
            ? {}
            : { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(fault.resetAtSeconds) }),
        },
      };
    case undefined:
      break;
    default:
      return fault satisfies never;
  }
  if (token !== '' && !state.tokens.has(token)) return { status: 401, body: { message: 'Bad credentials' } };
  if (method !== 'GET') return { status: 405, body: { message: 'the stand-in only reads' } };
  const found = find(url, state, token !== '');
  return found === undefined ? { status: 404, body: { message: 'Not Found' } } : { status: 200, body: found };
}

function find(url: URL, state: GithubState, isKnown: boolean): unknown {
  if (url.pathname === '/rate_limit') return { resources: { core: { limit: 5000, remaining: 4987 } } };
  const [, owner = '', name = '', rest = ''] = /^\/repos\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? [];
  const repository = state.repositories.get(`${owner}/${name}`.toLowerCase());
  // To strangers a private repository is as missing as one that is not there.
  if (repository === undefined || (repository.isPrivate && !isKnown)) return undefined;
  const part = decodeURIComponent(rest);
  if (part === '') return repositoryJson(repository);
  if (part === 'forks')
    return repository.forks.map((one) => ({
      id: one.id,
      full_name: one.fullName,
      pushed_at: one.pushedAt,
      fork: true,
    }));
  if (part === 'pulls') {
    const base = url.searchParams.get('base');
    const head = url.searchParams.get('head');
    return repository.pulls
      .filter((one) => (base === null || one.base === base) && (head === null || `${owner}:${one.head}` === head))
      .map(pullJson);
  }
  const pull = /^pulls\/(\d+)$/.exec(part)?.[1];
  if (pull !== undefined) {
    const one = repository.pulls.find((other) => other.number === Number(pull));
    return one === undefined ? undefined : pullJson(one);
  }
  const branch = /^branches\/(.+)$/.exec(part)?.[1];
  if (branch !== undefined) {
    const one = repository.branches.get(branch);
    return one === undefined
      ? undefined
      : { name: branch, protected: one.isProtected, commit: { sha: one.commits[0], url: '' }, protection_url: '' };
  }
  const tag = /^git\/ref\/tags\/(.+)$/.exec(part)?.[1];
  if (tag !== undefined) {
    const sha = repository.tags.get(tag);
    return sha === undefined ? undefined : { ref: `refs/tags/${tag}`, node_id: 'R', object: { sha, type: 'commit' } };
  }
  const release = /^releases\/tags\/(.+)$/.exec(part)?.[1];
  if (release !== undefined)
    return repository.releases.has(release)
      ? { id: 1, name: repository.releases.get(release), tag_name: release, draft: false }
      : undefined;
  const [, from, to] = /^compare\/(.+)\.\.\.(.+)$/.exec(part) ?? [];
  return from === undefined || to === undefined ? undefined : compareJson(repository, from, to);
}

function compareJson(repository: StoredRepository, from: string, to: string): unknown {
  const history = (name: string): readonly string[] | undefined => {
    const branch = repository.branches.get(name);
    if (branch !== undefined) return branch.commits;
    for (const { commits } of repository.branches.values())
      if (commits.includes(name)) return commits.slice(commits.indexOf(name));
    return undefined;
  };
  const base = history(from);
  const head = history(to);
  if (base === undefined || head === undefined) return undefined;
  const ahead = head.filter((one) => !base.includes(one)).length;
  const behind = base.filter((one) => !head.includes(one)).length;
  const status = ahead === 0 ? (behind === 0 ? 'identical' : 'behind') : behind === 0 ? 'ahead' : 'diverged';
  return { status, ahead_by: ahead, behind_by: behind, total_commits: ahead, commits: [], files: [] };
}

function repositoryJson(one: StoredRepository): unknown {
  return {
    id: one.id,
    node_id: 'R_kg',
    name: one.fullName.split('/')[1],
    full_name: one.fullName,
    private: one.isPrivate,
    visibility: one.isPrivate ? 'private' : 'public',
    fork: one.isFork,
    archived: one.isArchived,
    default_branch: one.defaultBranch,
    forks_count: one.forks.length,
    pushed_at: '2026-06-01T00:00:00Z',
    permissions: { admin: true, push: true, pull: true },
  };
}

function pullJson(one: StoredRepository['pulls'][number]): unknown {
  return { number: one.number, title: one.title, state: 'open', base: { ref: one.base }, head: { ref: one.head } };
}
