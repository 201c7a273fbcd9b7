import { LIMITS } from '../../core/limits.ts';
import { isKnown } from '../../core/tri.ts';
import { isVisible, type Machine, opaque, type Scope, subscope } from './machine.ts';
import { fileRef, kernelPath, resolvePath } from './paths.ts';
import { type Field, HOLE, hasHole, SETUP } from './value.ts';

/** The text of a file: as written earlier in the same command, else as the world says; `undefined` if neither tells. */
export function contentOf(field: Field, scope: Scope, machine: Machine): string | undefined {
  if (field.feed !== undefined) return hasHole(field.feed) ? undefined : field.feed;
  return hasHole(field.s) ? undefined : contentAt(field.s, scope, machine);
}

export function contentAt(written: string, scope: Scope, machine: Machine, turn = 0): string | undefined {
  const path = resolvePath(written, scope.cwd);
  if (machine.stale.has(path) || turn > 8) return undefined;
  const text = scope.written.get(path);
  if (text !== undefined) return hasHole(text) ? undefined : text;
  const from = machine.sources.get(path) ?? machine.links.get(path);
  if (from !== undefined) return contentAt(from, scope, machine, turn + 1);
  if (!path.startsWith('/')) return undefined;
  const fact = machine.ask('content', fileRef(kernelPath(written, scope.cwd)));
  if (fact === undefined || !isKnown(fact)) return undefined;
  const found = (fact.known as { readonly text?: unknown }).text;
  return typeof found === 'string' && found.length <= LIMITS.scriptBytes ? found : undefined;
}

/** This command wrote, copied, linked or changed that file: what the disk holds now says nothing. */
export function isMadeHere(written: string, scope: Scope, machine: Machine): boolean {
  const path = resolvePath(written, scope.cwd);
  return scope.written.has(path) || machine.stale.has(path) || machine.sources.has(path) || machine.links.has(path);
}

/**
 * Whether text that is missing counts as opaque. Where the disk can be asked, what it does not show is not trusted;
 * where it cannot, the name decides.
 */
export function isDue(written: string, scope: Scope, machine: Machine): boolean {
  return isVisible(machine) || isMadeHere(written, scope, machine);
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
