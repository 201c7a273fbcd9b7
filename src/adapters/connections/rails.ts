import { join } from 'node:path';
import { type Address, parseUrl, placeOf, some, systemOf, USUAL_PORTS } from './address.ts';
import { type Asked, environmentFiles, firstFile, type Loader, type Value } from './asked.ts';

const MOST_ERB = 200;
const MOST_CHARS = 64 * 1024;
const CODE_IN_YAML = 'config/database.yml holds program code, which is not run';

type Settings = { readonly [name: string]: unknown };

/**
 * Rails: `config/database.yml` of the environment, `DATABASE_URL` merged over it. In `development` the tasks that drop
 * and load take the test database along.
 * Source: https://guides.rubyonrails.org/configuring.html#configuring-a-database
 */
export const locateRails: Loader = async (asked) => {
  const named = asked.word('env') ?? asked.variable('RAILS_ENV')?.text ?? asked.variable('RACK_ENV')?.text;
  const current = named ?? 'development';
  // The gem dotenv loads these; where nobody can tell whether it is there, they are shown and decide nothing.
  const files = [`.env.${current}.local`, '.env.local', `.env.${current}`, '.env'];
  const lock = await firstFile(asked, ['Gemfile.lock', 'gems.locked']);
  const loadsFiles = lock === undefined ? undefined : /^\s+dotenv(-rails)? \(/m.test(lock.text);
  const get = await environmentFiles(asked, loadsFiles === false ? [] : files);
  const config = await firstFile(asked, ['config/database.yml', 'config/database.yaml']);
  const url = get('DATABASE_URL');
  if (url?.from.includes('.env') === true && loadsFiles === undefined)
    asked.doubt('whether Rails loads .env hangs on its gems');
  const addresses: Address[] = [];
  if (url !== undefined && url.text !== '') {
    const parsed = parseUrl(url.text, url.from, asked.cwd);
    if ('address' in parsed) addresses.push(parsed.address);
    else asked.doubt(parsed.why);
  }
  if (config === undefined) return { addresses };
  const parsed = await readDatabaseYaml(config.text, get, asked);
  if (parsed === undefined) return { addresses };
  for (const name of current === 'development' ? ['development', 'test'] : [current])
    for (const settings of databasesOf(parsed[name])) {
      // The variable is merged over the first database of the environment.
      if (name === current && addresses.length > 0 && settings === databasesOf(parsed[name])[0]) continue;
      const address = addressOf(settings, `${name} in ${config.name}`, asked);
      if (address !== undefined) addresses.push(address);
    }
  if (addresses.length === 0) asked.doubt(`${config.name} has no \`${current}\``);
  return { addresses };
};

/** The file with its ERB put in, where that is a variable of the environment or a constant. Nothing of it is run. */
export async function readDatabaseYaml(
  text: string,
  get: (name: string) => Value | undefined,
  asked: Pick<Asked, 'doubt'>,
): Promise<Settings | undefined> {
  const pieces = text.split('<%').length - 1;
  if (pieces > MOST_ERB || text.length > MOST_CHARS) {
    asked.doubt('config/database.yml is larger than such a file is');
    return undefined;
  }
  const filled = text.replace(/<%(=|#|-)?([\s\S]*?)-?%>/g, (_, kind: string | undefined, code: string) => {
    if (kind === '#') return '';
    if (code.length > 300) asked.doubt(CODE_IN_YAML);
    const found =
      /^\s*ENV(?:\[\s*(['"])(\w+)\1\s*\]|\.fetch\(\s*(['"])(\w+)\3\s*(?:,\s*(.+?))?\s*\)(?:\s*\{\s*(.+?)\s*\})?)(?:\s*\|\|\s*(.+?))?\s*$/.exec(
        code.slice(0, 300),
      );
    const value = found === null || kind !== '=' ? undefined : get(found[2] ?? found[4] ?? '');
    if (value !== undefined) return JSON.stringify(value.text).slice(1, -1);
    const otherwise = found === null ? undefined : (found[5] ?? found[6] ?? found[7]);
    const constant = /^(?:'([^']*)'|"([^"#]*)"|(\d+))$/.exec(otherwise?.trim() ?? '');
    if (constant !== null && kind === '=') return constant[1] ?? constant[2] ?? constant[3] ?? '';
    if (found !== null && otherwise === undefined && kind === '=') return '';
    // A pool size is no address; anything else could be.
    asked.doubt(CODE_IN_YAML);
    return '';
  });
  const { parse } = await import('yaml');
  try {
    const parsed: unknown = parse(filled, { merge: true, maxAliasCount: 50, uniqueKeys: true, logLevel: 'silent' });
    if (isSettings(parsed)) return parsed;
  } catch {
    // Told below: it is no YAML that can be read.
  }
  asked.doubt('config/database.yml cannot be read as YAML');
  return undefined;
}

function isSettings(value: unknown): value is Settings {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** One database, or several by name. */
function databasesOf(environment: unknown): readonly Settings[] {
  if (!isSettings(environment)) return [];
  const inner = Object.values(environment).filter(isSettings);
  return inner.length > 0 && environment['adapter'] === undefined ? inner : [environment];
}

function addressOf(settings: Settings, from: string, asked: Asked): Address | undefined {
  const text = (name: string): string | undefined => {
    const value = settings[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const url = text('url');
  if (url !== undefined && url !== '') {
    const parsed = parseUrl(url, from, asked.cwd);
    if ('address' in parsed) return parsed.address;
    asked.doubt(parsed.why);
    return undefined;
  }
  const adapter = text('adapter') ?? '';
  const database = text('database') ?? '';
  if (adapter.startsWith('sqlite')) {
    const place = database === ':memory:' ? 'memory' : 'file';
    return {
      system: 'sqlite',
      host: '',
      port: 0,
      database: place === 'memory' ? database : join(asked.cwd, database),
      place,
      from,
    };
  }
  const system = systemOf(adapter);
  // PostgreSQL's library also takes its own variables for what the file leaves out.
  const host = text('host') ?? (system === 'postgres' ? asked.variable('PGHOST')?.text : undefined) ?? '';
  return {
    system,
    host,
    port: Number(
      text('port') ?? (system === 'postgres' ? asked.variable('PGPORT')?.text : undefined) ?? USUAL_PORTS[system] ?? 0,
    ),
    database,
    ...some('user', text('username')),
    ...some('password', text('password')),
    place: placeOf(host),
    from,
  };
}
