import type { Connection, Tool } from '../../catalog/entry.ts';
import type { ClusterFact, ConnectionFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { isKnown } from '../../core/tri.ts';
import { declaredProduction, whyExpendable, whyExpendableCluster } from '../connection.ts';
import type { Args } from './argv.ts';
import { followed } from './loss.ts';
import { isVisible, type Machine, type Scope } from './machine.ts';
import { type Field, hasMark, literal } from './value.ts';

/** Variables by which the loaders of connections are led. */
const VARIABLES =
  `DATABASE_URL DIRECT_URL DB_URL DB_CONNECTION DB_HOST DB_PORT DB_DATABASE DB_USERNAME DB_SOCKET APP_ENV RAILS_ENV
  RACK_ENV NODE_ENV DJANGO_SETTINGS_MODULE SQLALCHEMY_DATABASE_URI PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGSERVICE
  PGSERVICEFILE PGSYSCONFDIR PGPASSFILE KUBECONFIG HOME`.split(/\s+/);

/** What facts say about the target of a command: that it may be lost, or that it is production. */
export interface Standing {
  readonly expendable?: string;
  readonly production?: string;
}

/**
 * The question which database, or which cluster, a command would work on. `undefined` where the words do not tell: then
 * nothing is asked, and the text decides.
 */
export function connectionRef(
  connection: Connection,
  args: Args,
  operand: Field | undefined,
  scope: Scope,
  machine: Machine,
): ResourceRef | undefined {
  if (!isVisible(machine) || scope.cwd === undefined || !scope.cwd.startsWith('/')) return undefined;
  // Something in between may set any variable.
  if (scope.exports.has('*')) return undefined;
  const words: string[] = [];
  for (const [name, flags] of Object.entries(connection.words ?? {})) {
    const value =
      args.value(...flags.split('|')) ?? assigned(args, flags) ?? (name === connection.operand ? operand : undefined);
    if (value === undefined) continue;
    if (hasMark(value.s) || value.maybe || value.glob) return undefined;
    words.push(`${name}=${masked(value.s)}`);
  }
  for (const name of VARIABLES) {
    if (scope.exports.get(name) === false) {
      words.push(`!${name}=`);
      continue;
    }
    const [value] = scope.vars.get(name) ?? [];
    if (value === undefined) continue;
    if (hasMark(value.s) || value.maybe || name === 'HOME') return undefined;
    words.push(`${scope.exports.get(name) === true ? '$' : '?'}${name}=${masked(value.s)}`);
  }
  return connection.loader === 'kubernetes'
    ? { system: 'kubernetes', kind: 'connection', path: [scope.cwd, ...words] }
    : { system: 'database', kind: 'connection', path: [connection.loader, scope.cwd, ...words] };
}

/** `RAILS_ENV=test` among the operands. */
function assigned(args: Args, flags: string): Field | undefined {
  for (const name of flags.split('|')) {
    if (!name.endsWith('=')) continue;
    const found = args.operands.find((one) => one.s.startsWith(name));
    if (found !== undefined) return { ...found, s: found.s.slice(name.length) };
  }
  return undefined;
}

/** SECURITY: a question stands on cards and in the record. */
function masked(text: string): string {
  return text
    .replace(/^([A-Za-z][\w+]*:\/\/[^:@/]*):[^@]*@/, '$1:***@')
    .replace(/([?&\s]|^)(password|sslpassword)=('[^']*'|[^&\s]*)/gi, '$1$2=***');
}

export function standingOf(tool: Tool, ref: ResourceRef | undefined, machine: Machine): Standing {
  if (ref === undefined || tool.connection === undefined) return {};
  return tool.connection.loader === 'kubernetes' ? clusterStanding(ref, machine) : databaseStanding(ref, machine);
}

function clusterStanding(ref: ResourceRef, machine: Machine): Standing {
  const answer = machine.ask('environment', ref);
  if (answer === undefined || !isKnown(answer)) return {};
  const fact = answer.known as unknown as ClusterFact;
  const why = whyExpendableCluster(fact);
  if (why !== undefined) return { expendable: why };
  const { declared } = fact.cluster;
  return declared?.kind === 'production' ? { production: declared.environment } : {};
}

export function databaseStanding(ref: ResourceRef, machine: Machine): Standing {
  const fact = connectionFact(ref, machine);
  if (fact === undefined) return {};
  const production = declaredProduction(fact);
  if (production !== undefined) return { production };
  const why = whyExpendable({ ...fact, connections: fact.connections.filter((one) => one.place !== 'file') });
  const files = fact.connections.filter((one) => one.place === 'file');
  if (files.length === 0) return why === undefined ? {} : { expendable: why };
  // A file is judged as one: nothing there, made again, made by this task.
  const others = files.length === fact.connections.length || why !== undefined;
  const gone =
    fact.unsettled === undefined &&
    files.every((one) => one.declared === undefined && isExpendableFile(one.database, machine));
  return others && gone ? { expendable: 'a database file that nothing is lost with' } : {};
}

export function connectionFact(ref: ResourceRef, machine: Machine): ConnectionFact | undefined {
  const answer = machine.ask('environment', ref);
  return answer !== undefined && isKnown(answer) ? (answer.known as unknown as ConnectionFact) : undefined;
}

function isExpendableFile(path: string, machine: Machine): boolean {
  const { fact } = followed(machine, path, literal(path), 'empty');
  if (fact === undefined || !('known' in fact)) return false;
  const { known } = fact;
  return (
    known.exists === false ||
    known.regenerable === true ||
    known.madeByTask === true ||
    known.temporary === true ||
    known.trackedAndClean === true
  );
}
