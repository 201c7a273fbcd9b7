import {
  MAKES_CODE,
  STARTS_PROGRAMS,
  TAKES_AWAY,
  UNREAD_LANGUAGES,
  type UnreadLanguage,
} from '../../catalog/unread-languages.ts';
import { dangerOf } from '../../core/danger.ts';
import { LIMITS } from '../../core/limits.ts';
import { type ArgSpec, parseArgs, setOf } from './argv.ts';
import { type Call, type Handler, harmlessRun, opaque, subscope, unjudged } from './machine.ts';
import { contentOf } from './scripts.ts';
import { HOLE, hasHole, shown } from './value.ts';

/** A string in quotes, whichever language: enough to find shell text in it. */
const STRINGS = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`|\{\{?([^{}]*)\}\}?/g;

/** What R's `rm` takes away is variables. */
const FORGETS_VARIABLES = /\brm\s*\(\s*list\b/g;

/**
 * A program in a language that nobody here parses. What starts other programs has its strings read as shell text, and is
 * opaque where that shows nothing; what takes files away is opaque. The rest is taken for the arithmetic it mostly is.
 */
function readUnread(text: string, call: Call): void {
  const { machine, scope, name } = call;
  const source = 'shell/unread-language';
  if (hasHole(text) || text.length > LIMITS.scriptBytes) {
    opaque(machine, source, `runs ${name} with text that only the running shell would know`);
    return;
  }
  const starts = STARTS_PROGRAMS.test(text) || (name === 'dc' && /!(?![<>=])/.test(text));
  const before = machine.effects.length;
  if (starts) {
    const inner = subscope(scope);
    inner.depth += 1;
    const held = machine.nested;
    machine.nested = true;
    // `run_program("/bin/rm", ["-rf", "/srv"])`: the words of one command stand apart.
    const strings = [...text.matchAll(STRINGS)].map((found) => found.slice(1).find((one) => one !== undefined) ?? '');
    for (const one of new Set([...strings, strings.join(' ')])) if (/\S/.test(one)) machine.script(one, inner);
    machine.nested = held;
  }
  // SECURITY: a string that reads something shows nothing about a command that is put together beside it.
  const found = machine.effects.slice(before).some((effect) => dangerOf(effect) === 'destructive');
  if (found) return;
  if (starts) opaque(machine, source, `runs a program in ${name} that starts others: \`${shown(text.slice(0, 80))}\``);
  else if (TAKES_AWAY.test(text.replace(FORGETS_VARIABLES, '')))
    opaque(machine, source, `runs a program in ${name} that takes something away: \`${shown(text.slice(0, 80))}\``);
  else if (MAKES_CODE.test(text))
    opaque(machine, source, `runs a program in ${name} that makes code: \`${shown(text.slice(0, 80))}\``);
}

function handlerOf(language: UnreadLanguage): Handler {
  const text = setOf(language.text.replaceAll('|', ' '));
  const spec: ArgSpec = { valued: new Set([...text, ...setOf(language.valued ?? '')]) };
  return (call) => {
    const { machine, scope } = call;
    const args = parseArgs(call.argv, spec);
    harmlessRun(machine, 'catalog/unread-languages', call.name);
    let given = false;
    for (const flag of text) {
      for (const value of args.values.get(flag) ?? []) {
        given = true;
        readUnread(value.s, call);
      }
    }
    const [first, second] = args.operands;
    if (language.sub !== undefined && first?.s === language.sub && second !== undefined) {
      readUnread(second.s, call);
      return HOLE;
    }
    if (given || language.opensFiles === true) return HOLE;
    if (first !== undefined && /[./]/.test(first.s) && !hasHole(first.s)) {
      const body = contentOf(first, scope, machine);
      if (body === undefined) unjudged(machine, 'shell/unread-language', `runs the script ${shown(first.s)}`);
      else readUnread(body, call);
    } else if (scope.stdin !== undefined && args.operands.length === 0) {
      const fed = scope.input === undefined ? undefined : contentOf(scope.input, scope, machine);
      readUnread(fed ?? scope.stdin, call);
    }
    return HOLE;
  };
}

export const UNREAD: ReadonlyMap<string, Handler> = new Map(
  UNREAD_LANGUAGES.flatMap((language) => {
    const handler = handlerOf(language);
    return language.programs.split('|').map((program) => [program, handler] as const);
  }),
);
