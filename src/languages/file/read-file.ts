import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { Tongue } from '../programs/names.ts';
import { readProgram } from '../programs/read-program.ts';
import type { Reader } from '../reading.ts';
import { runCommand } from '../shell/dispatch.ts';
import { readFile as exposeFile, loseFile } from '../shell/file-effects.ts';
import { collector, type Machine, newScope, opaque } from '../shell/machine.ts';
import { isGuardPath, resolvePath } from '../shell/paths.ts';
import { makeShellReader } from '../shell/read-shell.ts';
import { literal } from '../shell/value.ts';
import { walkNode, walkScript } from '../shell/walk.ts';

/** Reads actions of file tools: `{op: 'read'|'write'|'delete', path, tool?, content?}` as JSON. */
export const readFile: Reader = (action, context) => {
  const machine: Machine & { full: boolean } = {
    ...collector(context),
    context,
    readers: {},
    span: undefined,
    nested: true,
    run: (argv, scope) => runCommand(argv, scope, machine),
    script: (text, scope) => {
      const inner = makeShellReader({})(
        { kind: 'shell', bytes: new TextEncoder().encode(text) },
        { ...context, cwd: scope.cwd ?? '' },
      );
      machine.effects.push(...inner.effects.slice(0, LIMITS.effects - machine.effects.length));
      return '';
    },
    walk: (script, scope) => walkScript(script, scope, machine),
    walkNode: (node, scope) => walkNode(node, scope, machine),
  };
  const done = (): ReturnType<Reader> => ({ effects: machine.effects, questions: [...machine.questions.values()] });
  const wrong = (why: string): ReturnType<Reader> => {
    opaque(machine, 'file/input', why);
    return done();
  };
  if (action.bytes.length > LIMITS.hookPayloadBytes) return wrong('is a file action beyond the limit of bytes');
  const parsed = parseStrictJson(new TextDecoder().decode(action.bytes), LIMITS.jsonDepth);
  if (!parsed.ok) return wrong(`is not a file action: ${parsed.error}`);
  const value = parsed.value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return wrong('is not a file action');
  const members = value as { readonly op?: unknown; readonly path?: unknown; readonly content?: unknown };
  if (typeof members.path !== 'string' || members.path === '') return wrong('is a file action without a path');
  const cwd = newScope(action.cwd ?? context.cwd).cwd;
  // A file tool takes the path as it stands: no globs, no variables.
  const field = literal(members.path);
  switch (members.op) {
    case 'read':
      exposeFile(machine, field, cwd, 'file/read', 'shows');
      break;
    case 'delete':
      loseFile(machine, field, cwd, 'delete', { source: 'file/delete', recursive: true });
      break;
    case 'write': {
      // What is there before the edit is known to the agent's editor; only precious places and what runs later count.
      loseFile(machine, field, cwd, 'edit', { source: 'file/write' });
      if (typeof members.content === 'string' && !isGuardPath(resolvePath(members.path, cwd)))
        runsLater(members.path, members.content, machine);
      break;
    }
    default:
      return wrong('is a file action of an unknown kind');
  }
  return done();
};

const TONGUES: readonly (readonly [RegExp, Tongue])[] = [
  [/\.pyw?$/, 'python'],
  [/\.[cm]?[jt]sx?$/, 'javascript'],
  [/\.rb$|(^|\/)Rakefile$/, 'ruby'],
  [/\.p[lm]$/, 'perl'],
  [/\.php$/, 'php'],
];

/** Code that destroys what nobody deletes (home, root, the system) when it runs is judged when it is written. */
function runsLater(path: string, content: string, machine: Machine): void {
  if (
    /(^|\/)(tests?|__tests__|spec|specs|fixtures|docs?|examples?)\//.test(path) ||
    /[._-](test|spec)\.[a-z]+$|\.(md|txt|rst)$/.test(path)
  )
    return;
  const before = machine.effects.length;
  const scope = newScope('');
  const tongue = TONGUES.find(([pattern]) => pattern.test(path))?.[1];
  if (tongue !== undefined) readProgram(content, tongue, scope, machine);
  else if (/\.(sh|bash|zsh)$/.test(path) || content.startsWith('#!')) machine.script(content, scope);
  const kept = machine.effects
    .slice(before)
    .filter(
      (effect) => effect.tags?.includes('catastrophic') === true || effect.tags?.includes('guard-tampering') === true,
    );
  machine.effects.splice(before, machine.effects.length - before, ...kept);
}
