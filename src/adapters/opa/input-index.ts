import type { Verb } from '../../core/effect.ts';
import type { DocumentParts } from './input-parts.ts';

type Effects = DocumentParts['effects'];
type Evidence = DocumentParts['evidence'];
type Indexes = readonly number[];
/** An effect by its index, and a piece of evidence by its place in the list. */
type Bearing = readonly (readonly [effect: number, evidence: number])[];

/** What `input.index` holds; a member that would be empty is not there, nor is anything in a member. */
export interface DocumentIndex {
  readonly keys?: readonly string[];
  readonly at?: Readonly<Record<string, Indexes>>;
  readonly destructive?: Indexes;
  readonly opaque?: Indexes;
  readonly verbs?: Readonly<Record<string, Indexes>>;
  readonly known?: Readonly<Record<string, Bearing>>;
  readonly unknown?: Readonly<Record<string, Bearing>>;
}

/** What is said of a thing to which this is done. */
const WORDS: Readonly<Record<Verb, readonly string[]>> = {
  destroy: ['destroyed', 'altered', 'touched'],
  change: ['changed', 'altered', 'touched'],
  grant: ['granted', 'touched'],
  expose: ['exposed'],
  read: [],
  create: [],
  run: [],
};

/**
 * Where a rule finds what it is about without going through every effect and every piece of evidence: what a policy looks up
 * costs less than what it looks for, and what OPA looks up in `keys` costs least. Undefined where more pieces of evidence
 * bear on more effects than `mostPairs`.
 */
export function indexPart(effects: Effects, evidence: Evidence, mostPairs: number): DocumentIndex | undefined {
  const destructive: number[] = [];
  const opaque: number[] = [];
  const at = new Map<string, number[]>();
  const verbs = new Map<string, number[]>();
  const bySystem = new Map<string, number[]>();
  for (const { index, danger, verb, tags, target } of effects) {
    if (danger === 'opaque') opaque.push(index);
    if (danger !== 'destructive') continue;
    destructive.push(index);
    enter(verbs, verb, index);
    for (const tag of new Set(tags)) enter(at, `tagged ${tag}`, index);
    if (target.known === undefined) continue;
    for (const word of WORDS[verb]) enter(at, `${word} ${target.known.kind}`, index);
    enter(bySystem, target.known.system, index);
  }
  const known = new Map<string, [number, number][]>();
  const unknown = new Map<string, [number, number][]>();
  const hurting = new Set(destructive);
  let pairs = 0;
  for (const [place, one] of evidence.entries()) {
    const through = systemsBehind(one.about).flatMap((system) => bySystem.get(system) ?? []);
    for (const effect of new Set([...one.effects, ...through].sort((a, b) => a - b))) {
      if (!hurting.has(effect)) continue;
      pairs += 1;
      if (pairs > mostPairs) return undefined;
      enter(one.answer.known === undefined ? unknown : known, one.check, [effect, place]);
    }
  }
  const keys = [
    ...at.keys(),
    ...[...known.keys()].map((check) => `known ${check}`),
    ...[...unknown.keys()].map((check) => `unknown ${check}`),
  ];
  return {
    ...(keys.length === 0 ? {} : { keys }),
    ...record('at', at),
    ...(destructive.length === 0 ? {} : { destructive }),
    ...(opaque.length === 0 ? {} : { opaque }),
    ...record('verbs', verbs),
    ...record('known', known),
    ...record('unknown', unknown),
  };
}

function enter<T>(map: Map<string, T[]>, name: string, one: T): void {
  const there = map.get(name);
  if (there === undefined) map.set(name, [one]);
  else there.push(one);
}

function record<T>(name: string, map: ReadonlyMap<string, T>): Readonly<Record<string, Readonly<Record<string, T>>>> {
  return map.size === 0 ? {} : { [name]: Object.fromEntries(map) };
}

/** Systems of effects that go by a command's connection to a database, whichever tool made them. */
const DATABASES: readonly string[] = ['sql', 'postgres', 'mysql', 'sqlite', 'mssql', 'mongodb', 'redis'];

/**
 * Some questions are about what an effect goes through: the database behind a statement, the credential of a request, the
 * connection of a command. One of several connections counts for all that the command does to such systems.
 */
function systemsBehind({ system, kind, path }: Evidence[number]['about']): readonly string[] {
  if (kind === 'connection') return system === 'database' ? DATABASES : [system];
  const isCurrent = path.length === 1 && (path[0] === '' || path[0] === 'current');
  return (kind === 'database' || kind === 'credential') && isCurrent ? [system] : [];
}
