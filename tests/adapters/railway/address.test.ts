import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressIn, type TcpProxy } from '../../../src/adapters/railway/address.ts';

const PROXY: TcpProxy = { applicationPort: 5432, domain: 'viaduct.proxy.rlwy.net', proxyPort: 23456 };
const INSIDE = 'postgresql://postgres:s3cret@postgres.railway.internal:5432/railway';
const OUTSIDE = 'postgresql://postgres:s3cret@viaduct.proxy.rlwy.net:23456/railway';

interface Row {
  readonly note: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly proxies?: readonly TcpProxy[];
  /** `user@host:port/database`, with `vouched` or `claimed`; or why not. */
  readonly want: string | RegExp;
}

const ROWS: readonly Row[] = [
  {
    note: 'what Railway’s template sets',
    variables: { DATABASE_URL: INSIDE, DATABASE_PUBLIC_URL: OUTSIDE, PGHOST: 'postgres.railway.internal' },
    proxies: [PROXY],
    want: 'postgres@viaduct.proxy.rlwy.net:23456/railway vouched',
  },
  {
    note: 'an address inside, with a proxy of its port',
    variables: { DATABASE_URL: INSIDE },
    proxies: [PROXY],
    want: 'postgres@viaduct.proxy.rlwy.net:23456/railway vouched',
  },
  {
    note: 'variables of libpq',
    variables: { PGHOST: 'postgres.railway.internal', PGPASSWORD: 'x', PGUSER: 'app', PGDATABASE: 'shop' },
    proxies: [PROXY],
    want: 'app@viaduct.proxy.rlwy.net:23456/shop vouched',
  },
  { note: 'an address inside, and no proxy', variables: { DATABASE_URL: INSIDE }, want: /inside of Railway only/ },
  {
    note: 'a proxy of another port',
    variables: { DATABASE_URL: INSIDE },
    proxies: [{ ...PROXY, applicationPort: 80 }],
    want: /no public TCP proxy for that port/,
  },
  {
    note: 'an address that only a variable names',
    variables: { DATABASE_URL: 'postgres://app:x@db.elsewhere.example/shop?sslmode=require' },
    want: 'app@db.elsewhere.example:5432/shop claimed',
  },
  {
    note: 'what the provider vouches for comes first',
    variables: { DATABASE_PUBLIC_URL: 'postgres://app:x@db.elsewhere.example/shop', DATABASE_URL: INSIDE },
    proxies: [PROXY],
    want: 'postgres@viaduct.proxy.rlwy.net:23456/railway vouched',
  },
  { note: 'this machine', variables: { DATABASE_URL: 'postgres://a:b@localhost/x' }, want: /inside of Railway only/ },
  {
    note: 'a private address',
    variables: { DATABASE_URL: 'postgres://a:b@10.1.2.3/x' },
    want: /inside of Railway only/,
  },
  { note: 'the metadata service', variables: { DATABASE_URL: 'postgres://a:b@169.254.169.254/x' }, want: /only/ },
  { note: 'a list of hosts', variables: { PGHOST: 'a.example,b.example', PGPASSWORD: 'x' }, want: /no variable/ },
  { note: 'a folder for a host', variables: { PGHOST: '/tmp', PGPASSWORD: 'x' }, want: /no variable/ },
  {
    note: 'a name that is a connection string',
    variables: { PGHOST: 'db.example.com', PGPASSWORD: 'x', PGDATABASE: 'host=evil.example dbname=x' },
    want: /no variable/,
  },
  {
    note: 'a name that is a URL',
    variables: { DATABASE_URL: 'postgres://a:b@db.example.com/postgres%3A%2F%2Fevil.example%2Fx' },
    want: /no variable/,
  },
  {
    note: 'a port that is none',
    variables: { PGHOST: 'db.example.com', PGPASSWORD: 'x', PGPORT: '5432x' },
    want: /no variable/,
  },
  {
    note: 'a password with signs in it',
    variables: { DATABASE_URL: 'postgres://a:p%40ss%2F%3A@db.example.com/x' },
    want: 'a@db.example.com:5432/x claimed',
  },
  {
    note: 'MySQL',
    variables: { MYSQL_URL: 'mysql://root:x@mysql.railway.internal:3306/railway' },
    want: /a MySQL database/,
  },
  { note: 'nothing', variables: { PORT: '80' }, want: /no variable of the service names a PostgreSQL/ },
];

describe('the address of a database in a service’s variables', () => {
  for (const { note, variables, proxies = [], want } of ROWS)
    test(note, () => {
      const found = addressIn(variables, proxies);
      if (typeof want !== 'string') {
        assert.ok('unknown' in found, JSON.stringify(found));
        return assert.match(found.unknown, want);
      }
      assert.ok('known' in found, JSON.stringify(found));
      const { address, vouched } = found.known;
      const { user, host, port, database } = address;
      assert.equal(`${user}@${host}:${port}/${database} ${vouched ? 'vouched' : 'claimed'}`, want);
    });

  test('keeps the password as it is meant, and the way to encrypt', () => {
    const found = addressIn({ DATABASE_URL: 'postgres://a:p%40ss%2F@db.example.com/x?sslmode=verify-full' }, []);
    assert.ok('known' in found);
    assert.deepEqual([found.known.address.password, found.known.address.sslMode], ['p@ss/', 'verify-full']);
  });
});
