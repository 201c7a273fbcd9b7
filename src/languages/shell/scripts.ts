import { LIMITS } from '../../core/limits.ts';
import { isKnown } from '../../core/tri.ts';
import { type Machine, opaque, type Scope, subscope } from './machine.ts';
import { fileRef, resolvePath } from './paths.ts';
import { type Field, HOLE, hasHole, SETUP } from './value.ts';

/** The text of a file: as written earlier in the same command, else as the world says; `undefined` if neither tells. */
export function contentOf(field: Field, scope: Scope, machine: Machine): string | undefined {
  if (field.feed !== undefined) return hasHole(field.feed) ? undefined : field.feed;
  if (hasHole(field.s)) return undefined;
  const path = resolvePath(field.s, scope.cwd);
  const written = scope.written.get(path);
  if (written !== undefined) return hasHole(written) ? undefined : written;
  if (!path.startsWith('/')) return undefined;
  const fact = machine.ask('content', fileRef(path));
  if (fact === undefined || !isKnown(fact)) return undefined;
  const text = (fact.known as { readonly text?: unknown }).text;
  return typeof text === 'string' && text.length <= LIMITS.scriptBytes ? text : undefined;
}

/** Runs text that may hold unknown stretches. Unknown stretches between known commands make it opaque as a whole. */
export function runText(text: string, scope: Scope, machine: Machine, how: string): string {
  if (text.includes(HOLE) || text.includes(SETUP)) {
    const bare = text.replaceAll(HOLE, '').replaceAll(SETUP, '').trim();
    // A hole that is a whole argument of a known command taints that argument only; any other could be a command.
    if (bare === '' || /(^|[\n;&|(`])\s*[\ue000\ue002]/.test(text) || how !== 'argument')
      opaque(machine, `shell/${how}`, `runs text that only the running shell would know (${how})`);
    if (bare === '') return HOLE;
  }
  return machine.script(text, scope);
}

/** A script of its own: own process, arguments, no variables of the caller unless exported. */
export function runScriptFile(text: string, args: readonly Field[], scope: Scope, machine: Machine): string {
  const inner = subscope(scope);
  inner.depth += 1;
  inner.args = args;
  const held = machine.nested;
  machine.nested = true;
  const out = machine.script(text, inner);
  machine.nested = held;
  return out;
}
