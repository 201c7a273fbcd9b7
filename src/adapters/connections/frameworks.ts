import { dirname, join } from 'node:path';
import { type Address, parseUrl, placeOf, some, systemOf, USUAL_PORTS } from './address.ts';
import { type Asked, environmentFiles, firstFile, type Loader, type Value } from './asked.ts';

/** Of a block of settings. */
const MOST_CHARS = 4_096;
const CODE = 'the configuration is program code, which is not run';

/**
 * Laravel: `.env.NAME` where that is there, else `.env`; a cached configuration makes both void.
 * Source: https://laravel.com/docs/configuration#environment-configuration
 */
export const locateLaravel: Loader = async (asked) => {
  if ((await firstFile(asked, ['bootstrap/cache/config.php'])) !== undefined)
    asked.doubt('bootstrap/cache/config.php stands above all variables');
  const named = asked.word('env') ?? asked.variable('APP_ENV')?.text;
  const file = await firstFile(asked, [...(named === undefined ? [] : [`.env.${named}`]), '.env']);
  const get = await environmentFiles(asked, file === undefined ? [] : [file.name]);
  const settings = await firstFile(asked, ['config/database.php']);
  for (const name of ['DB_CONNECTION', 'DB_HOST', 'DB_DATABASE'])
    if (settings !== undefined && !new RegExp(`env\\(\\s*['"]${name}['"]`).test(settings.text))
      asked.doubt(`config/database.php does not go by ${name}`);
  if (asked.word('connection') !== undefined) asked.doubt('the command names a connection of config/database.php');
  const url = get('DB_URL') ?? get('DATABASE_URL');
  if (url !== undefined && url.text !== '') return { addresses: fromUrl(url, asked, asked.cwd) };
  const connection = get('DB_CONNECTION');
  if (connection === undefined) {
    asked.doubt('DB_CONNECTION is not set, and config/database.php decides');
    return { addresses: [] };
  }
  return { addresses: [fromParts(connection, 'DB_', get, asked)] };
};

function fromParts(kind: Value, prefix: string, get: (name: string) => Value | undefined, asked: Asked): Address {
  const database = get(`${prefix}DATABASE`);
  if (kind.text === 'sqlite') {
    const name = database?.text ?? 'database/database.sqlite';
    const from = database?.from ?? kind.from;
    if (name === ':memory:') return { system: 'sqlite', host: '', port: 0, database: name, place: 'memory', from };
    return { system: 'sqlite', host: '', port: 0, database: join(asked.cwd, name), place: 'file', from };
  }
  const system = systemOf(kind.text);
  const socket = get(`${prefix}SOCKET`)?.text;
  const host = get(`${prefix}HOST`);
  const where = socket !== undefined && socket !== '' ? socket : (host?.text ?? '127.0.0.1');
  return {
    system,
    host: where,
    port: Number(get(`${prefix}PORT`)?.text ?? USUAL_PORTS[system] ?? 0),
    database: database?.text ?? 'laravel',
    ...some('user', get(`${prefix}USERNAME`)?.text ?? 'root'),
    ...some('password', get(`${prefix}PASSWORD`)?.text),
    place: placeOf(where),
    from: host?.from ?? kind.from,
  };
}

/**
 * Prisma: the schema's datasource; `directUrl` before `url` for what changes the schema. `prisma.config.*` is code.
 * Source: https://www.prisma.io/docs/orm/reference/prisma-schema-reference#datasource,
 * https://www.prisma.io/docs/orm/more/development-environment/environment-variables
 */
export const locatePrisma: Loader = async (asked) => {
  const given = asked.word('url');
  if (given !== undefined) return { addresses: fromUrl({ text: given, from: 'the command' }, asked, asked.cwd) };
  const code = ['prisma.config.ts', 'prisma.config.js', 'prisma.config.mjs', 'prisma.config.cjs', '.config/prisma.ts'];
  if ((await firstFile(asked, code)) !== undefined) asked.doubt(`prisma.config: ${CODE}`);
  const own = asked.word('schema') ?? (await schemaOfPackage(asked));
  const schema = await firstFile(asked, own === undefined ? ['prisma/schema.prisma', 'schema.prisma'] : [own]);
  if (schema === undefined) {
    asked.doubt('no schema.prisma is found');
    return { addresses: [] };
  }
  const bare = schema.text.replace(/^[ \t]*\/\/.*$/gm, '');
  const from = bare.search(/^[ \t]*datasource[ \t]+\w+[ \t]*\{/m);
  const source = from === -1 ? '' : (bare.slice(from, from + MOST_CHARS).split(/[{}]/)[1] ?? '');
  const setting = (name: string): string | undefined =>
    new RegExp(`^[ \\t]*${name}\\s*=\\s*(.+?)\\s*$`, 'm').exec(source)?.[1];
  const folder = dirname(schema.name);
  const get = await environmentFiles(asked, ['.env', ...(folder === '.' ? [] : [join(folder, '.env')]), 'prisma/.env']);
  const written = setting('directUrl') ?? setting('url') ?? '';
  const variable = /^env\(\s*"(\w+)"\s*\)/.exec(written)?.[1];
  const literal = /^"([^"]*)"/.exec(written)?.[1];
  const value =
    variable !== undefined ? get(variable) : literal === undefined ? undefined : { text: literal, from: schema.name };
  if (value === undefined) {
    asked.doubt(variable === undefined ? `${schema.name} names no address` : `${variable} is set nowhere`);
    return { addresses: [] };
  }
  return { addresses: fromUrl(value, asked, join(asked.cwd, folder)) };
};

async function schemaOfPackage(asked: Asked): Promise<string | undefined> {
  const file = await firstFile(asked, ['package.json']);
  if (file === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(file.text);
    const prisma = parsed !== null && typeof parsed === 'object' && 'prisma' in parsed ? parsed.prisma : undefined;
    const schema = prisma !== null && typeof prisma === 'object' && 'schema' in prisma ? prisma.schema : undefined;
    return typeof schema === 'string' ? schema : undefined;
  } catch {
    asked.doubt('package.json cannot be read');
    return undefined;
  }
}

/** Tools that take `DATABASE_URL` from a flag, the process or `.env` (dbmate, sqlx, diesel). */
export const locateUrl: Loader = async (asked) => {
  const given = asked.word('url');
  if (given !== undefined) return { addresses: fromUrl({ text: given, from: 'the command' }, asked, asked.cwd) };
  const get = await environmentFiles(asked, ['.env']);
  const variable = asked.word('variable') ?? 'DATABASE_URL';
  const value = get(variable);
  if (value !== undefined) return { addresses: fromUrl(value, asked, asked.cwd) };
  asked.doubt(`${variable} is set nowhere`);
  return { addresses: [] };
};

/** Tools whose configuration is code: what the usual variables say is shown, and decides nothing. */
export const locateCode: Loader = async (asked) => {
  const given = asked.word('url');
  if (given !== undefined) return { addresses: fromUrl({ text: given, from: 'the command' }, asked, asked.cwd) };
  asked.doubt(CODE);
  const named = asked.word('env') ?? asked.variable('NODE_ENV')?.text;
  const files = [...(named === undefined ? [] : [`.env.${named}.local`, `.env.${named}`]), '.env.local', '.env'];
  const get = await environmentFiles(asked, files);
  const value = get('DATABASE_URL') ?? get('DB_URL') ?? get('SQLALCHEMY_DATABASE_URI');
  if (value !== undefined) return { addresses: fromUrl(value, asked, asked.cwd) };
  const host = get('DB_HOST') ?? get('POSTGRES_HOST') ?? get('PGHOST');
  if (host === undefined) return { addresses: [] };
  const kind = get('DB_CONNECTION') ?? get('DB_CLIENT') ?? { text: 'postgres', from: host.from };
  return { addresses: [fromParts(kind, 'DB_', get, asked)] };
};

/** Django: the settings module as text. It is code, so it is shown and decides nothing. */
export const locateDjango: Loader = async (asked) => {
  asked.doubt(CODE);
  const manage = await firstFile(asked, ['manage.py']);
  const module =
    asked.word('settings') ??
    asked.variable('DJANGO_SETTINGS_MODULE')?.text ??
    /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]/.exec(manage?.text ?? '')?.[1];
  if (module === undefined || !/^[\w.]+$/.test(module)) return { addresses: [] };
  const path = module.replaceAll('.', '/');
  const file = await firstFile(asked, [`${path}.py`, `${path}/__init__.py`]);
  const settings = file?.text.slice(0, 8 * MOST_CHARS) ?? '';
  const block = /^DATABASES\s*=([\s\S]*?)^\S*\}/m.exec(settings)?.[1];
  if (file === undefined || block === undefined) return { addresses: [] };
  const get = await environmentFiles(asked, ['.env']);
  if (/\benv\.(dj_)?db(_url)?\(|dj_database_url/.test(block)) {
    const value = get('DATABASE_URL');
    return { addresses: value === undefined ? [] : fromUrl(value, asked, asked.cwd) };
  }
  const setting = (name: string): string | undefined => {
    const written = new RegExp(`['"]${name}['"]\\s*:\\s*([^\\n]*)`).exec(block)?.[1] ?? '';
    const variable = /(?:environ(?:\.get)?|getenv|env)[([]+['"](\w+)['"](?:\s*,\s*['"]([^'"]*)['"])?/.exec(written);
    if (variable !== null) return get(variable[1] ?? '')?.text ?? variable[2];
    return /^['"]([^'"]*)['"]/.exec(written)?.[1];
  };
  const engine = setting('ENGINE') ?? '';
  const from = `DATABASES in ${file.name}`;
  const database = setting('NAME') ?? '';
  if (engine.endsWith('sqlite3')) {
    const name = database === '' ? 'db.sqlite3' : database;
    const place = name === ':memory:' ? 'memory' : 'file';
    return {
      addresses: [
        {
          system: 'sqlite',
          host: '',
          port: 0,
          database: place === 'memory' ? name : join(asked.cwd, name),
          place,
          from,
        },
      ],
    };
  }
  const system = /postg/.test(engine) ? 'postgres' : /mysql/.test(engine) ? 'mysql' : 'unknown';
  const host = setting('HOST') ?? '';
  return {
    addresses: [
      {
        system,
        host,
        port: Number(setting('PORT') ?? USUAL_PORTS[system] ?? 0),
        database,
        ...some('user', setting('USER')),
        ...some('password', setting('PASSWORD')),
        place: placeOf(host),
        from,
      },
    ],
  };
};

export function fromUrl(value: Value, asked: Asked, base: string): readonly Address[] {
  const parsed = parseUrl(value.text, value.from, base);
  if ('address' in parsed) return [parsed.address];
  asked.doubt(parsed.why);
  return [];
}
