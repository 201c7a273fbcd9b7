import { type ResourceRef, resourceKey } from './resource.ts';

/** What can be declared: identities that stay with a thing, whatever its name becomes. */
export type MapTargetResult =
  | { readonly ok: true; readonly target: ResourceRef }
  | { readonly ok: false; readonly why: string };

export const MAP_TARGET_FORMS: readonly string[] = [
  'railway/project/ID',
  'railway/environment/ID',
  'railway/service/ID',
  'railway/volume/ID',
  'github/repository/ID',
  'postgres/server/HOST[:PORT]',
  'postgres/database/HOST[:PORT]/NAME',
  'kubernetes/cluster/https://HOST[:PORT]',
];

const RAILWAY_KINDS: ReadonlySet<string> = new Set(['project', 'environment', 'service', 'volume']);
/** Systems whose servers are named by host and port, with the port where none is given. */
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['postgres', 5432],
  ['mysql', 3306],
  ['mongodb', 27017],
  ['redis', 6379],
]);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
const IPV4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.|$)){4}$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const NAME_CHARS = 256;

/** Reads `SYSTEM/KIND/…` as a person types it; one spelling comes out. */
export function parseMapTarget(text: string): MapTargetResult {
  const [, system = '', kind = '', rest = ''] = /^([^/]+)\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (system === 'railway' && RAILWAY_KINDS.has(kind)) return railway(kind, rest);
  if (system === 'github' && kind === 'repository') return github(rest);
  if (system === 'kubernetes' && kind === 'cluster') {
    const target = clusterTarget(rest);
    return target === undefined
      ? no(`\`${rest}\` is not the address of a cluster, such as \`https://10.0.0.1:6443\``)
      : yes(target);
  }
  if (DEFAULT_PORTS.has(system) && (kind === 'server' || kind === 'database')) return database(system, kind, rest);
  return no(`\`${text}\` is not one of ${MAP_TARGET_FORMS.join(', ')}`);
}

/** A database server, by its address; `undefined` where that is none. */
export function serverTarget(system: string, host: string, port: number | undefined): ResourceRef | undefined {
  const [address, number] = [canonicalHost(host), port ?? DEFAULT_PORTS.get(system)];
  if (address === undefined || number === undefined || !isPort(number)) return undefined;
  return { system, kind: 'server', path: [address, String(number)] };
}

/** One database of a server. Names of databases keep their case. */
export function databaseTarget(
  system: string,
  host: string,
  port: number | undefined,
  name: string,
): ResourceRef | undefined {
  const server = serverTarget(system, host, port);
  if (server === undefined || name === '' || name.length > NAME_CHARS) return undefined;
  return { system, kind: 'database', path: [...server.path, name] };
}

/** A Kubernetes cluster, by the address of its API server. */
export function clusterTarget(server: string): ResourceRef | undefined {
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/?#@]+)\/?$/i.exec(server) ?? [];
  const address = splitAddress(authority);
  const host = address === undefined ? undefined : canonicalHost(address.host);
  if (address === undefined || host === undefined) return undefined;
  const isTls = scheme.toLowerCase() === 'https';
  const port = address.port ?? (isTls ? 443 : 80);
  const shown = host.includes(':') ? `[${host}]` : host;
  return { system: 'kubernetes', kind: 'cluster', path: [`${isTls ? 'https' : 'http'}://${shown}:${port}`] };
}

/** As a person would type it. */
export function mapTargetText({ system, kind, path }: ResourceRef): string {
  if (!DEFAULT_PORTS.has(system)) return [system, kind, ...path].join('/');
  const [host = '', port = '', ...name] = path;
  return [system, kind, `${host.includes(':') ? `[${host}]` : host}:${port}`, ...name].join('/');
}

/** True for what `parseMapTarget` makes: a signed statement with any other spelling would never be found. */
export function isMapTarget(target: ResourceRef): boolean {
  const again = parseMapTarget(mapTargetText(target));
  return again.ok && resourceKey(again.target) === resourceKey(target);
}

function railway(kind: string, given: string): MapTargetResult {
  const id = given.toLowerCase();
  return UUID.test(id)
    ? yes({ system: 'railway', kind, path: [id] })
    : no(`\`${given}\` is not an id of Railway; a name can be given to anything, so it cannot be declared`);
}

function github(id: string): MapTargetResult {
  return /^[1-9]\d{0,15}$/.test(id)
    ? yes({ system: 'github', kind: 'repository', path: [id] })
    : no(`\`${id}\` is not the number of a repository; \`gh api repos/OWNER/NAME --jq .id\` shows it`);
}

function database(system: string, kind: 'server' | 'database', rest: string): MapTargetResult {
  if (rest.includes('@')) return no('the address of a server has no user and no password in it');
  const slash = rest.indexOf('/');
  const [authority, name] = slash === -1 ? [rest, ''] : [rest.slice(0, slash), rest.slice(slash + 1)];
  const address = splitAddress(authority);
  if (address === undefined || (kind === 'server') !== (slash === -1))
    return no(`write it as \`${system}/${kind}/HOST[:PORT]${kind === 'database' ? '/NAME' : ''}\``);
  const target =
    kind === 'server'
      ? serverTarget(system, address.host, address.port)
      : databaseTarget(system, address.host, address.port, name);
  return target === undefined ? no(`\`${rest}\` is not an address of a server`) : yes(target);
}

function splitAddress(authority: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: port === undefined ? undefined : Number(port) };
}

/** SECURITY: one spelling for each host, so that another one does not slip past what was declared. */
function canonicalHost(given: string): string | undefined {
  const host = given.toLowerCase().replace(/\.$/, '');
  if (LOOPBACK.test(host)) return 'localhost';
  if (host.includes(':')) return canonicalIpv6(host);
  // What ends in a number is an address, and only its usual spelling is taken.
  if (/(^|\.)(\d+|0x[0-9a-f]*)$/.test(host) && !IPV4.test(host)) return undefined;
  return HOST.test(host) ? host : undefined;
}

/** RFC 5952 without its shortening: eight groups, no leading zeros. */
function canonicalIpv6(host: string): string | undefined {
  if (!/^[0-9a-f:]+$/.test(host) || host.includes(':::')) return undefined;
  const halves = host.split('::');
  const [before = [], after] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (halves.length > 2) return undefined;
  const missing = 8 - before.length - (after?.length ?? 0);
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: after === undefined ? 0 : missing }, () => '0'), ...(after ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  const short = groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':');
  return short === '0:0:0:0:0:0:0:1' ? 'localhost' : short;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function yes(target: ResourceRef): MapTargetResult {
  return { ok: true, target };
}

function no(why: string): MapTargetResult {
  return { ok: false, why };
}
