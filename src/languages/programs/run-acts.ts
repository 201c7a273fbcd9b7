import type { Does } from '../../catalog/programs/entry.ts';
import { LIMITS } from '../../core/limits.ts';
import { opaque, type Scope, subscope, unjudged } from '../shell/machine.ts';
import { resolvePath } from '../shell/paths.ts';
import { contentAt } from '../shell/scripts.ts';
import { type Field, hasHole, literal, shown, UNKNOWN_FIELD } from '../shell/value.ts';
import { optionOf, valuesAt } from './file-acts.ts';
import type { Act, Stage } from './stage.ts';
import { folderOf, type Value, type Values } from './value.ts';

type RunDoes = Extract<Does, { readonly kind: 'shell' | 'starts' | 'evaluates' | 'loads' | 'tool' }>;

export function runAct(does: RunDoes, act: Act, stage: Stage): void {
  switch (does.kind) {
    case 'shell': {
      const values = valuesAt(does.text, act).flat();
      for (const value of values) shellText(value, act, stage);
      if (values.length === 0 && act.options.size > 0) dynamic(act, stage);
      return;
    }
    case 'starts':
      starts(does, act, stage);
      return;
    case 'evaluates':
      for (const value of valuesAt(does.text, act).flat()) evaluates(value, does.ifText === true, act, stage);
      return;
    case 'loads':
      for (const value of valuesAt(does.file, act).flat()) loads(value, act, stage);
      return;
    case 'tool': {
      const words = act.args.map((values) => (values.length === 1 ? wordOf(values[0] as Value) : UNKNOWN_FIELD));
      const [first, ...rest] = words;
      if (first === undefined) return;
      const command = hasHole(first.s) ? [first] : first.s.split(/\s+/).map(literal);
      stage.machine.run([literal(does.tool), ...command, ...rest], innerScope(act, stage));
      return;
    }
    default:
      does satisfies never;
  }
}

function dynamic(act: Act, stage: Stage): void {
  opaque(stage.machine, stage.source, `starts a program that is not known from the text (${spelled(act)})`);
}

function spelled(act: Act): string {
  return act.name.startsWith('?.') ? act.written : act.name;
}

function innerScope(act: Act, stage: Stage): Scope {
  const inner = subscope(stage.scope);
  inner.depth += 1;
  const folder = optionOf('cwd', act, stage) ?? act.options.get('chdir');
  if (folder?.every((one) => one.kind !== 'plain') === true) {
    const [only, more] = folder;
    inner.cwd =
      only?.kind === 'text' && more === undefined && !hasHole(only.text)
        ? resolvePath(only.text, inner.cwd)
        : undefined;
  }
  return inner;
}

function shellText(value: Value, act: Act, stage: Stage): void {
  if (value.kind === 'text' && !hasHole(value.text)) stage.machine.script(value.text, innerScope(act, stage));
  else if (value.kind === 'list') startsList(value, 0, act, stage);
  else if (value.kind !== 'plain' && value.kind !== 'local' && value.kind !== 'record') dynamic(act, stage);
}

function wordOf(value: Value): Field {
  if (value.kind === 'text') return literal(value.text);
  return value.kind === 'number' ? literal(String(value.value)) : UNKNOWN_FIELD;
}

function word(values: Values): Field {
  return values.length === 1 ? wordOf(values[0] as Value) : UNKNOWN_FIELD;
}

type List = Extract<Value, { readonly kind: 'list' }>;

function wordsOf(list: List): readonly Field[] {
  return [...list.items.map(word), ...(list.open ? [UNKNOWN_FIELD] : [])];
}

function startsList(list: List, skip: number, act: Act, stage: Stage): void {
  const argv = wordsOf(list).slice(skip);
  if (argv.every((field) => hasHole(field.s))) dynamic(act, stage);
  else stage.machine.run(argv, innerScope(act, stage));
}

function starts(does: Extract<Does, { readonly kind: 'starts' }>, act: Act, stage: Stage): void {
  const given = act.args.slice(does.from);
  // `system({'A' => 'b'}, 'cmd')`
  if (does.reads === 'words' && given[0]?.[0]?.kind === 'record' && given.length > 1) given.shift();
  const first = given[0] ?? act.options.get('args') ?? act.options.get('cmd') ?? act.options.get('command');
  if (first === undefined) return;
  for (const value of first) {
    if (value.kind === 'list') startsList(value, 0, act, stage);
    else if (value.kind === 'record') {
      const list = [value.fields.get('cmd'), value.fields.get('command')].flatMap((one) => one ?? []);
      if (list.length === 0) dynamic(act, stage);
      for (const one of list) shellText(one, act, stage);
    } else if (value.kind === 'text') startsText(value.text, given.slice(1), does, act, stage);
    else if (value.kind !== 'local') dynamic(act, stage);
  }
}

/** A program and what stands beside it; where that may be one list or another, each of them. */
function startsText(
  program: string,
  rest: readonly Values[],
  does: Extract<Does, { readonly kind: 'starts' }>,
  act: Act,
  stage: Stage,
): void {
  if (hasHole(program)) {
    dynamic(act, stage);
    return;
  }
  const inOptions = optionOf('args', act, stage)?.filter((one) => one.kind === 'list') ?? [];
  const shell = optionOf('shell', act, stage);
  const inShell = shell !== undefined && !shell.every((one) => one.kind === 'unknown');
  const all = inOptions.length === 0 ? rest : [...rest, inOptions];
  const turns = Math.max(1, ...all.map((values) => (values.some((one) => one.kind === 'list') ? values.length : 1)));
  for (let turn = 0; turn < turns; turn += 1) {
    const chosen = all.map((values): Values => {
      const one = values[Math.min(turn, values.length - 1)];
      return values.some((value) => value.kind === 'list') && one !== undefined ? [one] : values;
    });
    const words = argumentsIn(chosen, does.reads === 'words').slice(does.named === true ? 1 : 0);
    const inner = innerScope(act, stage);
    if (words.length > 0 && inShell) stage.machine.script([program, ...words.map((one) => one.s)].join(' '), inner);
    else if (words.length > 0 && !/\s/.test(program)) stage.machine.run([literal(program), ...words], inner);
    else stage.machine.script(program, inner);
  }
}

/** The arguments among what is handed over: lists, and texts where those are arguments too; no options. */
function argumentsIn(all: readonly Values[], wantsWords: boolean): readonly Field[] {
  const hasList = all.some((values) => values.some((one) => one.kind === 'list'));
  return all.flatMap((values): readonly Field[] => {
    const [value] = values;
    if (value?.kind === 'list') return wordsOf(value);
    if (!wantsWords && !hasList) return values.some((one) => one.kind === 'unknown') ? [UNKNOWN_FIELD] : [];
    return value === undefined || value.kind === 'record' || value.kind === 'plain' || value.kind === 'local'
      ? []
      : [word(values)];
  });
}

function evaluates(value: Value, ifText: boolean, act: Act, stage: Stage): void {
  const made = (): void =>
    opaque(stage.machine, stage.source, `runs program text that is made while it runs (${spelled(act)})`);
  switch (value.kind) {
    case 'text':
      if (hasHole(value.text)) made();
      else stage.nested(value.text);
      return;
    case 'content':
      for (const of of value.of) {
        const text = of.kind === 'text' ? contentAt(of.text, stage.scope, stage.machine) : undefined;
        if (text === undefined) made();
        else stage.nested(text);
      }
      return;
    case 'local':
    case 'class':
    case 'plain':
    case 'number':
      return;
    default:
      if (!ifText) made();
  }
}

const INSTALLED = /(^|\/)(node_modules|vendor|site-packages|dist-packages|gems)\//;

function loads(value: Value, act: Act, stage: Stage): void {
  if (value.kind === 'thing' && value.name.startsWith('request'))
    opaque(stage.machine, stage.source, `runs a file that the request names (${spelled(act)})`);
  if (value.kind !== 'text' || hasHole(value.text)) return;
  if (INSTALLED.test(value.text) || stage.scope.depth > LIMITS.nestedCommands) return;
  const ending = stage.tongue === 'ruby' ? '.rb' : '';
  for (const path of [value.text, `${value.text}${ending}`]) {
    const text = contentAt(path, stage.scope, stage.machine);
    if (text === undefined) continue;
    stage.nested(text, folderOf(path));
    return;
  }
  unjudged(stage.machine, stage.source, `loads ${shown(value.text)} (${spelled(act)}), whose text is not known`);
}
