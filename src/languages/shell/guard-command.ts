import {
  GUARD_INNER_READS,
  GUARD_NAMES,
  GUARD_PATH_AWARE,
  GUARD_PROGRAM_FILES,
  GUARD_READS,
  GUARD_SIGNS,
  GUARD_WRITE_FLAGS,
} from '../../catalog/guard.ts';
import { HARMLESS_WORDS } from '../../catalog/verbs.ts';
import { type Call, harmlessRun, type Machine, subscope } from './machine.ts';
import { isGuardPath, lastName, resolvePath } from './paths.ts';
import { type Field, HOLE, hasHole, shown } from './value.ts';

/** Whether a program file is the guard's own, by its name or by where it lies, or by what only the guard is told. */
export function isGuardProgram(written: string, argv: readonly Field[], cwd: string | undefined): boolean {
  const path = resolvePath(written, cwd);
  const stem = lastName(path).replace(/\.([cm]?[jt]s|exe|cmd)$/, '');
  if (GUARD_NAMES.includes(stem)) return true;
  if (!GUARD_PROGRAM_FILES.test(`/${path}`)) return false;
  if (path.split('/').some((part) => GUARD_NAMES.some((name) => part.includes(name)))) return true;
  const words = argv.map((field) => field.s).filter((word) => !word.startsWith('-'));
  return GUARD_SIGNS.has(words[0] ?? '') || (words[0] === 'log' && words[1] === 'erase');
}

/** The guard's own program. What it is asked to judge or carries out after a judgement is its own affair. */
export function guardCommand(call: Call): string {
  const { machine, argv } = call;
  const words = argv.filter((field) => !field.s.startsWith('-')).map((field) => field.s);
  const sub = words[0] ?? argv[0]?.s ?? '';
  if (sub === 'run') {
    // It starts a program behind the gateway; the program is judged like any other.
    const dashes = argv.findIndex((field) => field.s === '--');
    const rest = dashes === -1 ? argv.slice(argv.findIndex((field) => field.s === 'run') + 1) : argv.slice(dashes + 1);
    harmlessRun(machine, 'catalog/guard', call.name);
    return rest.length === 0 ? HOLE : machine.run(rest, { ...subscope(call.scope), depth: call.scope.depth + 1 });
  }
  if ((GUARD_READS.has(sub) && !hasHole(sub) && !(sub === 'log' && words.includes('erase'))) || looksInside(call)) {
    harmlessRun(machine, 'catalog/guard', `${call.name} ${shown(sub)}`);
    return HOLE;
  }
  tampers(machine, shown(words.slice(0, 2).join(' ')), `changes the guard itself (${call.name} ${shown(sub)})`);
  return HOLE;
}

/** Such as `policy show`. An option before the inner subcommand could be anything's value, so there it does not count. */
function looksInside({ argv }: Call): boolean {
  const [outer = '', ...inner] = argv.map((field) => field.s);
  const reads = GUARD_INNER_READS.get(outer);
  if (reads === undefined || inner.some((word) => hasHole(word) || GUARD_WRITE_FLAGS.has(word.split('=')[0] ?? '')))
    return false;
  return reads.has(inner[0] ?? '') || reads.has(inner.slice(0, 2).join(' '));
}

export function tampers(machine: Machine, what: string, summary: string): void {
  machine.emit({
    verb: 'change',
    target: { system: 'holdpoint', kind: 'guard', path: [what] },
    reversal: 'irreversible',
    source: 'catalog/guard',
    summary,
    tags: ['guard-tampering'],
  });
}

/** Around the gateway: what it would have judged is seen by nobody. */
export function avoidsGateway(machine: Machine, how: string): void {
  machine.emit({
    verb: 'change',
    target: { system: 'holdpoint', kind: 'guard', path: ['gateway'] },
    reversal: 'irreversible',
    source: 'catalog/guard',
    summary: `goes around the gateway (${how})`,
    tags: ['bypass'],
  });
}

/** A program that is given one of the guard's files, and that no rule knows only to look at what it is given. */
export function touchesGuard(call: Call): void {
  if (GUARD_PATH_AWARE.has(call.name)) return;
  const sub = call.argv.find((field) => !field.s.startsWith('-'))?.s ?? '';
  if (HARMLESS_WORDS.has(sub)) return;
  for (const field of call.argv.slice(0, 64)) {
    const text = field.s.replace(/^-{0,2}[\w-]+=/, '');
    if (text.length < 4 || /\s/.test(text) || /^[a-z]+:\/\//i.test(text) || text.startsWith('-')) continue;
    const path = resolvePath(text, call.scope.cwd);
    if (isGuardPath(path)) {
      tampers(call.machine, shown(path), `hands ${shown(path)} to ${call.name}`);
      return;
    }
  }
}

/** A process id out of the guard's own files stands for the guard. */
export function processOfGuard(path: string): string | undefined {
  return isGuardPath(path) && /\.(pid|sock|socket|lock)$|\/pid$/.test(path)
    ? `pgrep:${GUARD_NAMES[0] ?? ''}`
    : undefined;
}
