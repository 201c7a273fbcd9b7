import { serverTarget } from '../../core/map-target.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import { type DatabaseAddress, SSL_MODES } from '../../ports/database-copies.ts';

/** A way in from outside that the provider itself gives to a port of a service. */
export interface TcpProxy {
  readonly applicationPort: number;
  readonly domain: string;
  readonly proxyPort: number;
}

export interface FoundAddress {
  readonly address: DatabaseAddress;
  /** The provider itself says that the address is this service's; else only a variable does, which an agent could have written. */
  readonly vouched: boolean;
}

const URLS = ['DATABASE_PUBLIC_URL', 'DATABASE_URL', 'POSTGRES_PUBLIC_URL', 'POSTGRES_URL'] as const;
/** What other databases' services have, with what they are. Source: https://docs.railway.com/guides/databases */
const OTHERS: readonly (readonly [variable: string, system: string])[] = [
  ['MYSQL_URL', 'MySQL'],
  ['MONGO_URL', 'MongoDB'],
  ['REDIS_URL', 'Redis'],
];
const PORT = 5432;
/** Control characters, and what libpq would read as something else than a name. */
const NO_NAME = /[\p{Cc}=]|:\/\//u;

/**
 * The address of a PostgreSQL service from outside, out of the variables that Railway's templates set and the proxies
 * that it gives to the service.
 */
export function addressIn(
  variables: Readonly<Record<string, string>>,
  proxies: readonly TcpProxy[],
): Tri<FoundAddress> {
  const given = [...URLS.flatMap((name) => fromUrl(variables[name] ?? '')), ...fromParts(variables)];
  const found = given.flatMap((one) => throughProxy(one, proxies));
  const best = found.find((one) => one.vouched) ?? found[0];
  if (best !== undefined) return { known: best };
  if (given.length > 0)
    return unknown('its database is known inside of Railway only: the service has no public TCP proxy for that port');
  const [, other] = OTHERS.find(([name]) => (variables[name] ?? '') !== '') ?? [];
  if (other !== undefined) return unknown(`a ${other} database is not copied here`);
  return unknown('no variable of the service names a PostgreSQL');
}

function fromUrl(text: string): readonly DatabaseAddress[] {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return [];
  const url = new URL(text);
  return checked({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? PORT : Number(url.port),
    database: decoded(url.pathname.slice(1)),
    user: decoded(url.username),
    password: decoded(url.password),
    sslMode: SSL_MODES.find((one) => one === url.searchParams.get('sslmode')) ?? 'prefer',
  });
}

function fromParts(variables: Readonly<Record<string, string>>): readonly DatabaseAddress[] {
  const { PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD } = variables;
  if (PGHOST === undefined || PGPASSWORD === undefined) return [];
  const user = PGUSER ?? 'postgres';
  return checked({
    host: PGHOST,
    port: Number(PGPORT ?? PORT),
    database: PGDATABASE ?? user,
    user,
    password: PGPASSWORD,
    sslMode: 'prefer',
  });
}

/** SECURITY: a host that is a list or a folder, or a name that is a connection string, would lead elsewhere. */
function checked(address: DatabaseAddress): readonly DatabaseAddress[] {
  const { host, port, database, user, password } = address;
  const isServer = serverTarget('postgres', host, port) !== undefined;
  const names = [database, user].every((name) => name !== '' && name.length <= 256 && !NO_NAME.test(name));
  return isServer && names && !password.includes('\0') ? [{ ...address, host: host.toLowerCase() }] : [];
}

/** As it is reached from here. An address inside of Railway is reached by the proxy of its port, or not at all. */
function throughProxy(address: DatabaseAddress, proxies: readonly TcpProxy[]): readonly FoundAddress[] {
  const same = proxies.find((one) => one.domain.toLowerCase() === address.host && one.proxyPort === address.port);
  if (same !== undefined) return [{ address, vouched: true }];
  if (isPublic(address.host)) return [{ address, vouched: false }];
  const proxy = proxies.find((one) => one.applicationPort === address.port);
  return proxy === undefined
    ? []
    : checked({ ...address, host: proxy.domain, port: proxy.proxyPort }).map((one) => ({
        address: one,
        vouched: true,
      }));
}

/** Of a variable's own word: never this machine, nor what only a network behind it reaches. */
function isPublic(host: string): boolean {
  if (/(^|\.)(localhost|internal|local|home|lan|corp)$/.test(host) || !host.includes('.')) return false;
  return !/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[789]\d|1[01]\d|12[0-7]))\./.test(host);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
