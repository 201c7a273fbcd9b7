import type { Attempt } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { evidenceOf, type Question } from '../../core/evidence.ts';
import { type ConnectedDatabase, type ConnectionFact, type DatabaseSeen, factAsJson } from '../../core/facts.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import type { Verifier } from '../../ports/verifier.ts';
import type { Address } from './address.ts';
import { type Loader, makeAsked } from './asked.ts';
import type { ConnectionsOptions } from './connections.ts';
import { type Declared, declaredOf, environmentFact, mayLook, readDeclared } from './declared.ts';
import { locateCode, locateDjango, locateLaravel, locatePrisma, locateUrl } from './frameworks.ts';
import { locateLibpq } from './libpq.ts';
import { lookAtDatabase } from './look-postgres.ts';
import { locateRails } from './rails.ts';
import { readingOnce, readSettingsText } from './read-text.ts';

const LOADERS: ReadonlyMap<string, Loader> = new Map([
  ['libpq', locateLibpq],
  ['laravel', locateLaravel],
  ['rails', locateRails],
  ['prisma', locatePrisma],
  ['django', locateDjango],
  ['url', locateUrl],
  ['code', locateCode],
]);

/** How many databases one answer looks at. */
const MOST_LOOKED = 4;

/**
 * Answers `environment` about `database/connection` (loader, folder, words of the command), and about the database of an
 * SQL action that comes without a connection of its own: the one that the workspace's settings name.
 * SECURITY: it reads settings as text and starts nothing. It connects to loopback, and elsewhere only where a person's
 * configuration allows that address. No secret is in an answer.
 */
export function makeDatabaseVerifier(options: ConnectionsOptions): Verifier {
  const maxAgeMs = options.maxAgeMs ?? 30_000;

  const learn = async (question: Question, attempt: Attempt, signal: AbortSignal): Promise<Tri<Json>> => {
    if (signal.aborted) return unknown('the question was withdrawn');
    const asked = askedOf(question, attempt);
    if (asked === undefined) return unknown('which connection this goes over is not known here');
    const loader = LOADERS.get(asked.loader);
    if (loader === undefined) return unknown(`no rule for how \`${asked.loader}\` finds its database`);
    if (!asked.cwd.startsWith('/')) return unknown('the folder that it starts in is not known');
    const text = readingOnce(readSettingsText);
    const declared = await readDeclared(options.configDir, text);
    if ('why' in declared) return unknown(declared.why);
    const { cwd, words } = asked;
    const environment = declared.agentVariables ?? options.environment;
    const found = makeAsked({ cwd, words, environment, home: options.home, account: options.account, text });
    const { addresses } = await loader(found);
    const connections: ConnectedDatabase[] = [];
    for (const address of addresses) {
      const one = await connected(address, connections.length < MOST_LOOKED, declared, signal);
      if (!isKnown(one)) return one;
      connections.push(one.known);
    }
    const fact: ConnectionFact = {
      ...environmentFact(connections.map((one) => one.declared)),
      connections,
      ...(found.doubts.length === 0 ? {} : { unsettled: found.doubts.join('; ') }),
    };
    return known(factAsJson(fact));
  };

  const connected = async (
    address: Address,
    mayAsk: boolean,
    declared: Declared,
    signal: AbortSignal,
  ): Promise<Tri<ConnectedDatabase>> => {
    const { system, host, port, database, place, from } = address;
    const looked = mayAsk ? await look(address, declared, signal) : { why: 'too many databases at once' };
    const seen: DatabaseSeen | undefined = 'seen' in looked ? looked.seen : undefined;
    const answer = await declaredOf(address, seen?.systemIdentifier, declared, options.declared);
    if (!isKnown(answer)) return answer;
    const said = answer.known;
    return known({
      system,
      host,
      port,
      database,
      place,
      from,
      ...(said === undefined ? {} : { declared: said }),
      ...('seen' in looked ? { seen: looked.seen } : { notSeen: looked.why }),
    });
  };

  const look: (address: Address, declared: Declared, signal: AbortSignal) => ReturnType<typeof lookAtDatabase> = (
    address,
    declared,
    signal,
  ) => {
    const no = (why: string): Promise<{ readonly why: string }> => Promise.resolve({ why });
    if (address.system !== 'postgres') return no(`only PostgreSQL is looked at`);
    if (address.place === 'remote' && (!options.mayLeaveMachine || !mayLook(address, declared)))
      return no('it is not on this machine');
    return lookAtDatabase(address, signal);
  };

  return {
    name: 'database connections',
    canAnswer: ({ check, about }) =>
      check === 'environment' &&
      ((about.system === 'database' && about.kind === 'connection' && about.path.length >= 2) ||
        (about.kind === 'database' && about.path.length === 1 && about.path[0] === '' && SQL.has(about.system))),
    answer: async (question, attempt, signal) => {
      const answer = await learn(question, attempt, signal);
      return evidenceOf({ question, answer, source: 'settings on this disk', atMs: options.clock.nowMs(), maxAgeMs });
    },
  };
}

const SQL = new Set(['postgres', 'mysql', 'sql', 'sqlite', 'mssql']);

interface AskedConnection {
  readonly loader: string;
  readonly cwd: string;
  readonly words: readonly string[];
}

function askedOf({ about }: Question, attempt: Attempt): AskedConnection | undefined {
  if (about.system === 'database') {
    const [loader = '', cwd = '', ...words] = about.path;
    return { loader, cwd, words: words.map((word) => withSecret(word, attempt)) };
  }
  // SECURITY: SQL inside a command, a request or a tool has a connection of its own, which is not the workspace's.
  if (attempt.action.kind !== 'sql' || attempt.door !== 'cli') return undefined;
  return { loader: 'url', cwd: attempt.action.cwd ?? '', words: [] };
}

/** What the reader of commands puts in place of a password in an address. */
const MASK = /^([\w$]+=[A-Za-z][\w+]*:\/\/[^:@/]*):\*\*\*@(.*)$/s;

/** The address with the password that the command itself has, if just one fits. It is used to look, and goes no further. */
function withSecret(word: string, attempt: Attempt): string {
  const masked = MASK.exec(word);
  if (masked === null) return word;
  const [, before = '', after = ''] = masked;
  const start = `${before.slice(before.indexOf('=') + 1)}:`;
  const text = new TextDecoder().decode(attempt.action.bytes);
  const from = text.indexOf(start);
  const to = from === -1 ? -1 : text.indexOf(`@${after}`, from);
  const secret = to === -1 ? '' : text.slice(from + start.length, to);
  return secret === '' || /[\s@/'"]/.test(secret) ? word : `${before}:${secret}@${after}`;
}
