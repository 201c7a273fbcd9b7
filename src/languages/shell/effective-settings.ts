import type { Tool } from '../../catalog/entry.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { isKnown } from '../../core/tri.ts';
import { parseArgs, setOf } from './argv.ts';
import { connectionFact } from './connections.ts';
import { type Call, isVisible } from './machine.ts';
import { fileRef, resolvePath } from './paths.ts';
import { contentAt, isMadeHere } from './scripts.ts';
import { hasMark } from './value.ts';

/**
 * Whether the database that the tool would work on lives in memory and goes with the process. Decided by the settings
 * file that is in effect, not by the name of the environment that was asked for: where that one has no file, the live
 * one is loaded. Variables of the agent's own environment cannot be seen from here; those of the command can.
 */
export function usesMemoryDatabase(tool: Tool, call: Call, connection: ResourceRef | undefined): boolean {
  const { machine, scope } = call;
  if (tool.settings === undefined || !isVisible(machine) || scope.exports.has('*')) return false;
  // Who sees those variables as well may know better.
  const fact = connection === undefined ? undefined : connectionFact(connection, machine);
  if (fact?.connections.some((one) => one.place !== 'memory') === true) return false;
  const { flag, files, override } = tool.settings;
  if (override !== undefined && isThere(override, call) !== false) return false;
  const args = parseArgs(call.argv, { valued: setOf(flag) });
  // The connection is chosen in the command itself.
  if (args.has('--database')) return false;
  const given = args.value(flag)?.s ?? scope.vars.get('APP_ENV')?.[0]?.s;
  for (const pattern of files) {
    if (pattern.includes('{}') && given === undefined) continue;
    const name = pattern.replace('{}', given ?? '');
    if (hasMark(name) || name.includes('/')) return false;
    const text = contentAt(name, scope, machine);
    if (text !== undefined) return isInMemory(variablesIn(text), call);
    if (isThere(name, call) !== false) return false;
  }
  return false;
}

/** `undefined` where nobody can tell. */
function isThere(name: string, call: Call): boolean | undefined {
  const path = resolvePath(name, call.scope.cwd);
  if (isMadeHere(name, call.scope, call.machine)) return true;
  const fact = path.startsWith('/') ? call.machine.ask('recovery', fileRef(path)) : undefined;
  if (fact === undefined || !isKnown(fact)) return undefined;
  return (fact.known as { readonly exists?: unknown }).exists !== false;
}

function isInMemory(variables: ReadonlyMap<string, string>, call: Call): boolean {
  const value = (name: string): string | undefined => {
    const own = call.scope.vars.get(name)?.[0];
    return own === undefined ? variables.get(name) : own.s;
  };
  if ((value('DB_URL') ?? '') !== '' || (value('DATABASE_URL') ?? '') !== '') return false;
  return value('DB_CONNECTION') === 'sqlite' && value('DB_DATABASE') === ':memory:';
}

/** `NAME=value` lines; the last of a name wins, quotes are taken off. A value made of others stays as written. */
function variablesIn(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^#]*?))\s*(?:#.*)?$/.exec(line);
    if (found !== null) variables.set(found[1] ?? '', found[2] ?? found[3] ?? found[4] ?? '');
  }
  return variables;
}
