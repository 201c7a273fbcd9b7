import type { Rule, Tool } from '../../catalog/entry.ts';
import { GUARD_NAMES } from '../../catalog/guard.ts';
import { isOutsideProductionName, isThrowawayName } from '../../catalog/throwaway.ts';
import { HARMLESS_WORDS, soundsDestructive } from '../../catalog/verbs.ts';
import type { EnvironmentFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import { type Args, type Operand, parseArgs } from './argv.ts';
import { connectionRef, type Standing, standingOf } from './connections.ts';
import { usesMemoryDatabase } from './effective-settings.ts';
import { tampers } from './guard-command.ts';
import { type Call, harmlessRun, type Machine, opaque, unjudged } from './machine.ts';
import { type Field, hasHole, shown } from './value.ts';

interface Compiled {
  readonly rule: Rule;
  readonly words: readonly ((word: string) => boolean)[];
  readonly with: readonly ((args: Args) => boolean)[];
  readonly unless: readonly ((args: Args) => boolean)[];
}

export interface CompiledTool {
  readonly tool: Tool;
  readonly valued: ReadonlySet<string>;
  readonly rules: readonly Compiled[];
  readonly dry: (args: Args) => boolean;
}

export function compileTools(tools: readonly Tool[]): ReadonlyMap<string, CompiledTool> {
  const table = new Map<string, CompiledTool>();
  for (const tool of tools) {
    const compiled: CompiledTool = {
      tool,
      valued: new Set((tool.valued ?? '').split(' ')),
      dry: tool.dry === undefined ? () => false : flagTest(tool.dry),
      rules: tool.rules.map((rule) => ({
        rule,
        words: rule.on === '' ? [] : rule.on.split(' ').map(wordTest),
        with: (rule.with ?? []).map(flagTest),
        unless: (rule.unless ?? []).map(flagTest),
      })),
    };
    for (const name of tool.names) table.set(name, compiled);
  }
  return table;
}

function wordTest(pattern: string): (word: string) => boolean {
  if (pattern === '*') return () => true;
  const alternatives = pattern.split('|');
  if (!pattern.includes('*')) {
    const set = new Set(alternatives);
    return (word) => set.has(word);
  }
  const tests = alternatives.map(globTest);
  return (word) => tests.some((test) => test(word));
}

/** `*` stands for any text; nothing else is special. Linear: fixed pieces are found from left to right. */
function globTest(pattern: string): (word: string) => boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return (word) => word === pattern;
  return (word) => {
    if (!word.startsWith(first) || !word.endsWith(last) || word.length < first.length + last.length) return false;
    let at = first.length;
    for (const piece of pieces.slice(1, -1)) {
      const found = word.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return at <= word.length - last.length;
  };
}

function flagTest(pattern: string): (args: Args) => boolean {
  const tests = pattern.split('|').map((one): ((args: Args) => boolean) => {
    const equals = one.indexOf('=');
    const name = equals === -1 ? one : one.slice(0, equals);
    if (!name.startsWith('-')) {
      const test = globTest(one);
      return (args) => args.operands.some((operand) => test(operand.s));
    }
    if (equals !== -1) {
      const value = globTest(one.slice(equals + 1));
      return (args) => args.flags.get(name)?.some((given) => value(given)) === true || nextIs(args, name, value);
    }
    if (name.includes('*')) {
      const test = globTest(name);
      return (args) => [...args.flags.keys()].some(test);
    }
    return (args) => {
      const given = args.flags.get(name);
      return given?.some((value) => (value !== 'false' && value !== 'no') || name.length === 2) === true;
    };
  });
  return (args) => tests.some((test) => test(args));
}

function nextIs(args: Args, name: string, test: (value: string) => boolean): boolean {
  return args.all.some((field, index) => field.s === name && test(args.all[index + 1]?.s ?? ''));
}

/** Operands after the words of a rule, or `undefined`. An operand that may be a flag's value can be passed over. */
function matchWords(words: Compiled['words'], operands: readonly Operand[]): readonly Operand[] | undefined {
  let at = 0;
  for (const test of words) {
    while (true) {
      const operand = operands[at];
      if (operand === undefined) return undefined;
      at += 1;
      if (test(operand.s)) break;
      // An unknown word where a command word belongs is no match; whether it is opaque is decided below.
      if (!operand.loose) return undefined;
    }
  }
  return operands.slice(at);
}

/** Judges a command of a tool in the catalogue. */
export function runTool(compiled: CompiledTool, name: string, call: Call): void {
  const tool = compiled.tool;
  const { machine } = call;
  const args = parseArgs(call.argv, { valued: compiled.valued, bundles: tool.longDash !== true });
  const source = `catalog/${tool.names[0] ?? name}`;
  const words = args.operands;
  if (
    args.has('--help') ||
    // `yank --version 1.0.0` names one.
    (words.length === 0 && args.has('--version')) ||
    (words.length === 0 && args.has('-h', '-V', '-help', '-version')) ||
    words[0]?.s === 'help' ||
    words.at(-1)?.s === 'help'
  ) {
    harmlessRun(machine, source, name);
    return;
  }
  if (!compiled.dry(args)) {
    for (const one of compiled.rules) {
      const rest = matchWords(one.words, words);
      if (rest === undefined || !one.with.every((test) => test(args)) || one.unless.some((test) => test(args)))
        continue;
      emitRule(one.rule, tool, name, args, rest, call, source);
      return;
    }
    if (
      words.slice(0, 3).some((word) => hasHole(word.s)) &&
      tool.rules.some((rule) => rule.verb !== 'run' && rule.on !== '')
    ) {
      const first = words.findIndex((word) => hasHole(word.s));
      if (first === 0 || !words.slice(0, first).some((word) => HARMLESS_WORDS.has(word.s))) {
        if (first === 0) {
          opaque(machine, source, `runs ${name} with a command that only the running shell would know`);
          return;
        }
      }
    }
    if (tool.otherwise === 'words') {
      const word = destructiveWord(args);
      if (word !== undefined) {
        opaque(machine, `${source}/words`, `runs ${name} with \`${shown(word)}\`, which no rule knows`);
        return;
      }
    }
  }
  harmlessRun(machine, source, name);
}

function emitRule(
  rule: Rule,
  tool: Tool,
  name: string,
  args: Args,
  rest: readonly Operand[],
  call: Call,
  source: string,
): void {
  const { machine } = call;
  if (rule.verb === 'run') {
    harmlessRun(machine, source, name);
    return;
  }
  const standing = (operand: Field | undefined): Standing => {
    if (tool.connection === undefined || !hangsOnConnection(rule, tool)) return {};
    const ref = connectionRef(tool.connection, args, operand, call.scope, machine);
    const found = standingOf(tool, ref, machine);
    const known = found.expendable !== undefined || found.production !== undefined;
    return !known && rule.what === 'database' && usesMemoryDatabase(tool, call, ref)
      ? { expendable: 'a database in memory' }
      : found;
  };
  const named = rule.names === undefined ? undefined : args.value(...rule.names.split('|'));
  const operands = named !== undefined ? [named] : rest.length > 0 ? rest : [undefined];
  const reversal = rule.reversal ?? (rule.verb === 'destroy' || rule.verb === 'expose' ? 'irreversible' : 'unknown');
  const what = rule.what;
  const verb = {
    destroy: 'destroys',
    change: 'changes',
    expose: 'shows or sends',
    grant: 'gives access by',
    create: 'creates',
    read: 'reads',
    run: 'runs',
  }[rule.verb];
  for (const operand of operands.slice(0, 8)) {
    const id = operand?.s ?? '';
    if (tool.system === 'host' && rule.verb !== 'read' && GUARD_NAMES.some((guard) => id.includes(guard))) {
      tampers(machine, shown(id), `${verb} ${what} ${shown(id)} (${name}), which belongs to the guard`);
      continue;
    }
    if (operand !== undefined && isSpared(rule, rule.system ?? tool.system, operand, machine)) {
      harmlessRun(machine, source, name);
      continue;
    }
    const { expendable, production } = standing(operand);
    const where = expendable ?? (production === undefined ? undefined : `production: ${production}`);
    machine.emit({
      verb: rule.verb,
      target:
        operand !== undefined && hasHole(id)
          ? { unknown: `name of the ${what}` }
          : { system: rule.system ?? tool.system, kind: what, path: [id === '' ? name : shown(id)] },
      reversal: expendable === undefined ? reversal : 'regenerable',
      source: rule.docs ?? source,
      summary: `${verb} ${what}${id === '' ? '' : ` ${shown(id)}`} (${name})${where === undefined ? '' : `, ${where}`}`,
      basis: 'documented',
      max: operand === undefined ? 'unbounded' : 1,
      min: 0,
      ...(rule.tags === undefined ? {} : { tags: rule.tags }),
    });
  }
}

/** What it does to data goes by where the data lies. What it shows or lets in does not. */
function hangsOnConnection(rule: Rule, tool: Tool): boolean {
  if (rule.verb !== 'destroy' && rule.verb !== 'change') return false;
  return tool.connection?.loader === 'kubernetes' ? rule.what !== 'context' : rule.what === 'database';
}

/** Who knows what a thing serves decides; a claim or a name counts only for those rules that say so, and never loosens. */
function isSpared(rule: Rule, system: string, operand: Field, machine: Machine): boolean {
  if (rule.sparedIf === undefined || hasHole(operand.s) || operand.glob) return false;
  const answer = machine.ask('environment', { system, kind: rule.what, path: [shown(operand.s)] });
  if (answer !== undefined && isKnown(answer)) {
    const fact = answer.known as unknown as Partial<EnvironmentFact>;
    const production = fact.environments?.length === 0 || fact.environments?.some((one) => one.production) !== false;
    if (production) return false;
    if (fact.by === 'provider' || fact.by === 'declared') return true;
  }
  return rule.sparedIf === 'throwaway' ? isThrowawayName(operand.s) : isOutsideProductionName(operand.s);
}

/** A command's own words come first: `atlas cluster fts index rm`. */
const COMMAND_WORDS = 5;

/** The first of the command's own words, or of its flags, that sounds destructive; values and prose do not count. */
export function destructiveWord(args: Args): string | undefined {
  let seen = 0;
  for (const operand of args.operands) {
    seen += 1;
    if (seen > COMMAND_WORDS || operand.s.length > 60) break;
    if (HARMLESS_WORDS.has(operand.s)) return undefined;
    if (/[\s/.=]/.test(operand.s) && !/^[a-z]+[:.][a-z:._-]+$/.test(operand.s)) {
      if (seen === 1) return undefined;
      continue;
    }
    if (soundsDestructive(operand.s)) return operand.s;
  }
  for (const flag of args.flags.keys()) if (flag.startsWith('--') && soundsDestructive(flag.slice(2))) return flag;
  return undefined;
}

/** A program in no table: judged by what its own words sound like. */
export function runUnknown(name: string, argv: readonly Field[], machine: Machine): void {
  const args = parseArgs(argv);
  const word = args.has('--help', '--version', '-h', '--dry-run')
    ? undefined
    : soundsDestructive(name)
      ? name
      : destructiveWord(args);
  if (word !== undefined)
    opaque(machine, 'shell/unknown-program', `runs the unknown program ${name} with \`${shown(word)}\``);
  else unjudged(machine, 'shell/unknown-program', `runs ${name}, which no table knows`);
}
