import type { Json } from '../../../core/canonical-json.ts';
import { isJsonObject } from '../../api-actions.ts';

export type BasePaths =
  | { readonly ok: true; readonly paths: readonly string[] }
  | { readonly ok: false; readonly why: string };

const MOST_SERVERS = 64;
const MOST_VALUES = 16;

/**
 * Base paths of `servers`. SECURITY: a server that names another host than the declared ones is left out, so that a
 * document cannot describe an API that is not its own; where that leaves none, the paths count and the hosts do not (a
 * document often names its production host and is declared for a stage).
 */
export function basePathsOf(servers: Json | undefined, hosts: readonly string[]): BasePaths {
  if (servers === undefined || (Array.isArray(servers) && servers.length === 0)) return { ok: true, paths: [''] };
  if (!Array.isArray(servers)) return { ok: false, why: '`servers` is not a list' };
  if (servers.length > MOST_SERVERS) return { ok: false, why: `more than ${MOST_SERVERS} servers` };
  const mine = new Set<string>();
  const others = new Set<string>();
  for (const server of servers as readonly Json[]) {
    if (!isJsonObject(server) || typeof server['url'] !== 'string')
      return { ok: false, why: 'a server without a `url`' };
    for (const url of expanded(server['url'], server['variables'])) {
      const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) || url.startsWith('//');
      const [declared = 'localhost'] = hosts;
      const base = `https://${declared}/`;
      if (!URL.canParse(url, base)) return { ok: false, why: `the server \`${url.slice(0, 80)}\` is not a URL` };
      const at = new URL(url, base);
      const path = decoded(at.pathname).replace(/\/+$/, '');
      const isMine = !absolute || hosts.includes(at.host.toLowerCase()) || hosts.includes(at.hostname.toLowerCase());
      (isMine ? mine : others).add(path);
    }
  }
  return { ok: true, paths: [...(mine.size > 0 ? mine : others)] };
}

/** The URL with each variable's default and enumerated values in turn; a variable without either stands for itself. */
function expanded(url: string, variables: Json | undefined): string[] {
  let urls = [url];
  for (const name of new Set([...url.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? ''))) {
    const variable = isJsonObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
    const listed =
      isJsonObject(variable) && Array.isArray(variable['enum']) ? (variable['enum'] as readonly Json[]) : [];
    const fallback = isJsonObject(variable) ? variable['default'] : undefined;
    const values = [...new Set([fallback, ...listed])].filter((one): one is string => typeof one === 'string');
    if (values.length === 0) continue;
    urls = urls.flatMap((one) => values.slice(0, MOST_VALUES).map((value) => one.replaceAll(`{${name}}`, value)));
    urls = urls.slice(0, MOST_SERVERS);
  }
  return urls;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
