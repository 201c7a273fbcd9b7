import { resolve } from 'node:path';
import type { ConnectedDatabase } from '../../core/facts.ts';

/** Where a connection leads, with what opens it. Secrets stay in this folder. */
export interface Address {
  readonly system: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user?: string;
  readonly password?: string;
  readonly place: ConnectedDatabase['place'];
  readonly from: string;
}

export const USUAL_PORTS: Readonly<Record<string, number>> = {
  postgres: 5432,
  mysql: 3306,
  mssql: 1433,
  mongodb: 27017,
  redis: 6379,
};

const SCHEMES: Readonly<Record<string, string>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  pgsql: 'postgres',
  psql: 'postgres',
  postgis: 'postgres',
  cockroachdb: 'postgres',
  mysql: 'mysql',
  mysql2: 'mysql',
  mariadb: 'mysql',
  trilogy: 'mysql',
  sqlserver: 'mssql',
  mssql: 'mssql',
  mongodb: 'mongodb',
  redis: 'redis',
};

export function systemOf(word: string): string {
  return SCHEMES[word.toLowerCase().replace(/\+.*$/, '')] ?? 'unknown';
}

export function placeOf(host: string): 'socket' | 'loopback' | 'remote' {
  if (host === '' || host.startsWith('/') || host.startsWith('@')) return 'socket';
  return isLoopback(host) ? 'loopback' : 'remote';
}

export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

/** A connection URL as the drivers read it, or why it is not understood. `base`: the folder that a file is relative to. */
export function parseUrl(
  text: string,
  from: string,
  base: string,
): { readonly address: Address } | { readonly why: string } {
  const no = (why: string) => ({ why: `${from} ${why}` });
  const scheme = /^([A-Za-z][\w+]*):/.exec(text)?.[1]?.toLowerCase() ?? '';
  if (/^(sqlite3?|file|libsql)(\+.*)?$/.test(scheme)) return fileAddress(text.slice(scheme.length + 1), from, base);
  const system = SCHEMES[scheme.replace(/\+.*$/, '')];
  if (system === undefined) return no('is no address of a kind that is known here');
  if (scheme === 'mongodb+srv') return no('names its servers by DNS');
  let url: URL;
  try {
    // The driver's own scheme would make the address opaque to the parser of URLs.
    url = new URL(text.replace(/^[^:]*:/, 'http:'));
  } catch {
    return no('cannot be read as one address');
  }
  const query = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  if (system === 'postgres' && (query('service') ?? query('hostaddr')) !== undefined)
    return no('names a service or a second address');
  const host = query('host') ?? query('socket') ?? decoded(url.hostname);
  const port = query('port') ?? url.port;
  // WHATWG drops the default port of the scheme that stands in.
  const written = /^[^:]*:\/\/(?:[^/?#@]*@)?[^/?#]*?:(\d+)(?:[/?#]|$)/.exec(text)?.[1];
  const number = Number(port === '' ? (written ?? USUAL_PORTS[system] ?? 0) : port);
  if (host.includes(',') || !Number.isInteger(number)) return no('names several servers');
  return {
    address: {
      system,
      host: host.replace(/^\[|\]$/g, ''),
      port: number,
      database: query('dbname') ?? decoded(url.pathname.slice(1)),
      ...some('user', query('user') ?? decoded(url.username)),
      ...some('password', query('password') ?? decoded(url.password)),
      place: placeOf(host),
      from,
    },
  };
}

function fileAddress(rest: string, from: string, base: string): { readonly address: Address } {
  const path = rest.replace(/^\/\/(?=\/|[^/])/, '').replace(/\?.*$/, '');
  const inMemory = /^:memory:|^\/?$|[?&]mode=memory/.test(path) || /mode=memory/.test(rest);
  // `sqlite:///x` is relative, `sqlite:////x` is absolute; `sqlite:x`, `file:./x` are relative.
  const three = /^\/\/\/(?!\/)/.test(rest);
  const name = three ? path.slice(1) : path.replace(/^\/\//, '/');
  return {
    address: {
      system: 'sqlite',
      host: '',
      port: 0,
      database: inMemory ? ':memory:' : resolve(base, decoded(name)),
      place: inMemory ? 'memory' : 'file',
      from,
    },
  };
}

export function some<K extends string>(name: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { readonly [key in K]?: string });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
