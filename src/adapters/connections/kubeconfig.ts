import { isAbsolute, join } from 'node:path';
import type { Asked } from './asked.ts';

interface Named {
  readonly name: string;
  readonly value: Members;
  readonly file: string;
}
type Members = { readonly [name: string]: unknown };

export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Named>;
  readonly clusters: ReadonlyMap<string, Named>;
  readonly users: ReadonlyMap<string, Named>;
  readonly files: readonly string[];
}

export interface Target {
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
  readonly from: string;
  readonly credentialProgram: string | undefined;
  /** Something stands between kubectl and the server. */
  readonly between: string | undefined;
}

/**
 * The files that kubectl would read, merged as it merges them: the first file that sets a value wins. Text only:
 * `exec` plug-ins and `auth-provider`s are named, never run.
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function readKubeconfig(asked: Asked): Promise<Kubeconfig> {
  const flag = asked.word('kubeconfig');
  const variable = flag === undefined ? asked.variable('KUBECONFIG')?.text : undefined;
  const paths =
    flag !== undefined
      ? [flag]
      : variable !== undefined && variable !== ''
        ? variable.split(':').filter((one) => one !== '')
        : [join(asked.home, '.kube/config')];
  const contexts = new Map<string, Named>();
  const clusters = new Map<string, Named>();
  const users = new Map<string, Named>();
  const files: string[] = [];
  let currentContext: string | undefined;
  for (const path of paths) {
    const file = isAbsolute(path) ? path : join(asked.cwd, path.replace(/^~(?=\/)/, asked.home));
    const text = await asked.text(file);
    if ('unknown' in text) asked.doubt(text.unknown);
    if (!('known' in text)) continue;
    const root = membersOf(await parsed(text.known, file, asked));
    files.push(file);
    const current = root['current-context'];
    if (typeof current === 'string' && current !== '') currentContext ??= current;
    take(root['contexts'], 'context', file, contexts);
    take(root['clusters'], 'cluster', file, clusters);
    take(root['users'], 'user', file, users);
  }
  return { currentContext, contexts, clusters, users, files };
}

/** Where a command with these flags goes, or why nobody can tell. */
export function targetOf(config: Kubeconfig, asked: Asked): Target | { readonly why: string } {
  const name = asked.word('context') ?? config.currentContext;
  const context = name === undefined ? undefined : config.contexts.get(name);
  if (name !== undefined && context === undefined) return { why: `there is no context \`${name}\`` };
  const clusterName = asked.word('cluster') ?? text(context?.value['cluster']);
  const cluster = clusterName === undefined ? undefined : config.clusters.get(clusterName);
  if (clusterName !== undefined && cluster === undefined) return { why: `there is no cluster \`${clusterName}\`` };
  const server = asked.word('server') ?? text(cluster?.value['server']);
  if (server === undefined) return { why: 'no kubeconfig names a server' };
  const user = config.users.get(asked.word('user') ?? text(context?.value['user']) ?? '')?.value ?? {};
  const program = text(membersOf(user['exec'])['command']) ?? text(membersOf(user['auth-provider'])['name']);
  const proxy = text(cluster?.value['proxy-url']);
  return {
    context: name ?? '',
    server,
    namespace: asked.word('namespace') ?? text(context?.value['namespace']) ?? 'default',
    from: asked.word('server') === undefined ? (cluster?.file ?? '') : 'the command',
    credentialProgram: program,
    between: proxy === undefined || proxy === '' ? undefined : `the proxy ${proxy.replace(/\/\/[^@/]*@/, '//')}`,
  };
}

async function parsed(content: string, file: string, asked: Asked): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(content, { maxAliasCount: 50, uniqueKeys: true, logLevel: 'silent' });
  } catch {
    asked.doubt(`\`${file}\` cannot be read as YAML`);
    return undefined;
  }
}

function take(list: unknown, member: string, file: string, into: Map<string, Named>): void {
  if (!Array.isArray(list)) return;
  for (const one of list.slice(0, 10_000)) {
    const entry = membersOf(one);
    const name = text(entry['name']);
    if (name !== undefined && !into.has(name)) into.set(name, { name, value: membersOf(entry[member]), file });
  }
}

function membersOf(value: unknown): Members {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Members) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
