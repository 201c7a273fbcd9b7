import { join } from 'node:path';
import { type Address, parseUrl, placeOf, some } from './address.ts';
import type { Asked, Loader, Located } from './asked.ts';

const MOST_CHARS = 2_000;

/**
 * psql, dropdb and their like. Source: https://www.postgresql.org/docs/current/libpq-connect.html (parameters),
 * libpq-envars.html, libpq-pgservice.html, libpq-pgpass.html
 */
export const locateLibpq: Loader = async (asked) => {
  const named = asked.word('database');
  if (named !== undefined && /^postgres(ql)?:\/\//.test(named)) {
    const parsed = parseUrl(named, 'the command', asked.cwd);
    if ('why' in parsed) return doubtful(asked, parsed.why);
    const { address } = parsed;
    return { addresses: [await withPassword(address, asked)] };
  }
  if ((named?.length ?? 0) > MOST_CHARS) return doubtful(asked, 'the settings are longer than can be read');
  const given = new Map<string, string>();
  if (named?.includes('=') === true) for (const [name, value] of conninfo(named)) given.set(name, value);
  // Where the command names the host, a service could only add to it.
  const isNamed = asked.word('host') !== undefined || given.has('host');
  const service = given.get('service') ?? asked[isNamed ? 'aside' : 'variable']('PGSERVICE')?.text;
  const fromService = service === undefined ? new Map<string, string>() : await serviceSettings(service, asked);
  const pick = (flag: string, parameter: string, variable: string): { text: string; from: string } | undefined => {
    const own =
      given.get(parameter) ?? (asked.word(flag) === named && named?.includes('=') ? undefined : asked.word(flag));
    if (own !== undefined && own !== '') return { text: own, from: 'the command' };
    const served = fromService.get(parameter);
    if (served !== undefined) return { text: served, from: `service ${service ?? ''}` };
    const found = asked[variable === 'PGUSER' ? 'aside' : 'variable'](variable);
    return found === undefined || found.text === '' ? undefined : found;
  };
  if ((given.get('hostaddr') ?? fromService.get('hostaddr')) !== undefined)
    return doubtful(asked, 'an address is given besides the host');
  const host = pick('host', 'host', 'PGHOST');
  // A host in the command settles where it goes, unless an address overrides it.
  const hostaddr = host?.from === 'the command' ? undefined : asked.variable('PGHOSTADDR');
  const port = pick('port', 'port', 'PGPORT');
  const user = pick('user', 'user', 'PGUSER');
  const database = pick('database', 'dbname', 'PGDATABASE');
  const where = hostaddr?.text ?? host?.text ?? '';
  const number = Number(port?.text ?? 5432);
  if (where.includes(',') || !Number.isInteger(number)) return doubtful(asked, 'several servers are named');
  const address: Address = {
    system: 'postgres',
    host: where,
    port: number,
    database: database?.text ?? user?.text ?? asked.account,
    user: user?.text ?? asked.account,
    ...some('password', given.get('password') ?? asked.aside('PGPASSWORD')?.text),
    place: placeOf(where),
    from: hostaddr?.from ?? host?.from ?? 'no host is named',
  };
  return { addresses: [await withPassword(address, asked)] };
};

function doubtful(asked: Asked, why: string): Located {
  asked.doubt(why);
  return { addresses: [] };
}

/** `host=x dbname='y z'` */
function conninfo(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const match of text.matchAll(/(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))/g))
    found.set(match[1] ?? '', (match[2] ?? match[3] ?? '').replace(/\\(.)/g, '$1'));
  return found;
}

async function serviceSettings(name: string, asked: Asked): Promise<ReadonlyMap<string, string>> {
  const own = asked.variable('PGSERVICEFILE')?.text ?? join(asked.home, '.pg_service.conf');
  const directory = asked.variable('PGSYSCONFDIR')?.text ?? '/etc/postgresql-common';
  for (const file of [own, join(directory, 'pg_service.conf')]) {
    const text = await asked.text(file);
    if ('unknown' in text) asked.doubt(text.unknown);
    if (!('known' in text)) continue;
    const section = sections(text.known).get(name);
    if (section !== undefined) return section;
  }
  asked.doubt(`the service \`${name}\` is in no file`);
  return new Map();
}

function sections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const all = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]+)\]\s*$/.exec(line);
    if (header !== null) {
      current = new Map();
      // The first of a name counts.
      if (!all.has(header[1] ?? '')) all.set(header[1] ?? '', current);
      continue;
    }
    const setting = /^\s*(\w+)\s*=(.*)$/.exec(line);
    if (setting !== null) current?.set(setting[1] ?? '', (setting[2] ?? '').trim());
  }
  return all;
}

/** The password that libpq would take from the password file; none where the address has one. */
export async function withPassword(address: Address, asked: Asked): Promise<Address> {
  if (address.system !== 'postgres' || address.password !== undefined) return address;
  const text = await asked.text(asked.aside('PGPASSFILE')?.text ?? join(asked.home, '.pgpass'));
  if (!('known' in text)) return address;
  const wanted = [
    address.place === 'socket' ? 'localhost' : address.host,
    String(address.port),
    address.database,
    address.user ?? asked.account,
  ];
  for (const line of text.known.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = line.split(/(?<!\\):/).map((field) => field.replace(/\\([\\:])/g, '$1'));
    if (fields.length === 5 && wanted.every((one, index) => fields[index] === '*' || fields[index] === one))
      return { ...address, ...some('password', fields[4]) };
  }
  return address;
}
