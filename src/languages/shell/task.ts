import { soundsDestructive } from '../../catalog/verbs.ts';
import { type Call, harmlessRun, opaque, subscope, unjudged } from './machine.ts';
import { HOLE, hasHole, shown } from './value.ts';

/**
 * What a task of the project runs. `absent`: read, and no such task is in it. `unread`: the disk can be asked and shows
 * nothing. `hidden`: there is no disk to ask, or no telling which file defines it.
 */
export type Definition = { readonly text: string; readonly cwd?: string | undefined } | 'absent' | 'unread' | 'hidden';

/** A task of the project by its name: its text is read where it can be; else its name decides. */
export function task(call: Call, kind: string, name: string, definition: Definition, more: readonly string[]): string {
  const { machine, scope } = call;
  const source = `catalog/${kind}`;
  if (typeof definition === 'object') {
    const key = `${kind} ${name}`;
    if (scope.calling.includes(key) || scope.calling.length > 12) return HOLE;
    const inner = { ...subscope(scope), depth: scope.depth + 1, calling: [...scope.calling, key] };
    if (definition.cwd !== undefined) inner.cwd = definition.cwd;
    const held = machine.nested;
    machine.nested = true;
    machine.script([definition.text, ...more].join(' '), inner);
    machine.nested = held;
    unjudged(machine, source, `runs the task ${shown(name)}`);
    return HOLE;
  }
  if (hasHole(name)) opaque(machine, source, 'runs a task whose name only the running shell would know');
  else if (definition === 'absent') harmlessRun(machine, source, call.name);
  else if (definition === 'unread') opaque(machine, source, `runs the task ${shown(name)}, whose text cannot be read`);
  else if (soundsRisky(name))
    opaque(machine, source, `runs the task ${shown(name)}, whose text is not known and whose name sounds destructive`);
  else unjudged(machine, source, `runs the task ${shown(name)}`);
  return HOLE;
}

function soundsRisky(name: string): boolean {
  const words = name.toLowerCase().split(/[:_.-]/);
  const tests =
    /^(test|tests|lint|e2e|check|format|typecheck|jest|vitest|storybook|unit)$/.test(words[0] ?? '') &&
    !words.some((word) => /^(db|database|prod|production)$/.test(word));
  const risky =
    soundsDestructive(name) ||
    words.some((word) =>
      /^(destroy|drop|nuke|wipe|purge|teardown|reset|rollback|prune|publish|truncate|flush)$/.test(word),
    ) ||
    (/^(deploy|release|ship|promote)$/.test(words[0] ?? '') && /prod|live/.test(name));
  return risky && !tests;
}
