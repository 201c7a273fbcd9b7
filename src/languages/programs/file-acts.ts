import type { Does, Place } from '../../catalog/programs/entry.ts';
import { loseFile, readFile } from '../shell/file-effects.ts';
import { subscope } from '../shell/machine.ts';
import { isSecret, resolvePath } from '../shell/paths.ts';
import { type Field, hasHole, literal, UNKNOWN_FIELD } from '../shell/value.ts';
import { assigned } from './members.ts';
import type { Act, Stage } from './stage.ts';
import { itemsOf, type Value, type Values } from './value.ts';

type FileDoes = Extract<
  Does,
  { readonly kind: 'deletes' | 'deletes-empty' | 'empties' | 'overwrites' | 'appends' | 'opens' | 'reads' }
>;

export function fileAct(does: FileDoes, act: Act, stage: Stage): void {
  const { machine, scope, source } = stage;
  const cwd = scope.cwd;
  const fields = pathsAt(does.path, act);
  switch (does.kind) {
    case 'deletes':
      for (const field of fields) loseFile(machine, field, cwd, 'delete', { source, recursive: true });
      return;
    case 'deletes-empty': {
      const option = does.unless;
      if (option === undefined || optionOf(option, act, stage) === undefined) return;
      for (const field of fields) loseFile(machine, field, cwd, 'delete', { source, recursive: true });
      return;
    }
    case 'empties':
      for (const field of fields) loseFile(machine, field, cwd, 'empty', { source });
      return;
    case 'overwrites': {
      const last = act.args[does.path === 'self' ? 0 : act.args.length - 1];
      const isEmpty = act.args.length > (does.path === 'self' ? 0 : 1) && does.path !== 1 && isEmptyText(last);
      for (const field of fields) loseFile(machine, field, cwd, isEmpty ? 'empty' : 'overwrite', { source });
      return;
    }
    case 'appends':
      for (const field of fields) loseFile(machine, field, cwd, 'append', { source });
      return;
    case 'opens':
      opens(does.mode, fields, act, stage);
      return;
    case 'reads':
      for (const field of fields)
        if (!hasHole(field.s) || isSecret(field.s)) readFile(machine, field, cwd, source, 'shows');
      return;
    default:
      does satisfies never;
  }
}

function isEmptyText(values: Values | undefined): boolean {
  return values?.length === 1 && values[0]?.kind === 'text' && values[0].text === '';
}

function opens(at: number, fields: readonly Field[], act: Act, stage: Stage): void {
  const { machine, scope, source } = stage;
  const modes = act.args[at] ?? act.options.get('mode') ?? act.options.get('flags') ?? [];
  const texts = modes.map((one) => (one.kind === 'text' ? one.text : one.kind === 'thing' ? one.name : ''));
  for (const field of fields) {
    // `open("|ls")` of Ruby and Perl.
    if (stage.tongue === 'ruby' && field.s.startsWith('|')) machine.script(field.s.slice(1), subscope(scope));
    else if (texts.some((mode) => /^[wx]|^[ra]b?\+|O_TRUNC$/.test(mode)))
      loseFile(machine, field, scope.cwd, 'overwrite', { source });
    else if (texts.some((mode) => mode.startsWith('a'))) loseFile(machine, field, scope.cwd, 'append', { source });
    else if (isSecret(resolvePath(field.s, scope.cwd))) readFile(machine, field, scope.cwd, source, 'shows');
  }
}

/** The value of an option: a named argument, or a field of an object that is handed over, whenever it was put there. */
export function optionOf(name: string, act: Act, stage: Stage): Values | undefined {
  const had = act.options.get(name);
  if (had !== undefined) return had;
  for (const values of act.args)
    for (const value of values) {
      if (value.kind !== 'record') continue;
      const found = [...(value.fields.get(name) ?? []), ...(assigned(name, true, stage.evaluator) ?? [])];
      if (found.length > 0) return found;
    }
  return undefined;
}

const NAMED = ['path', 'src', 'file', 'filename', 'name', 'dst', 'to', 'target', 'destination'];

export function valuesAt(place: Place, act: Act): readonly Values[] {
  switch (place) {
    case 'self':
      return [act.receiver];
    case 'each':
      // A method without arguments acts on what it is called on.
      return act.args.length === 0 ? [act.receiver] : act.args;
    case 'last': {
      const last = act.args.at(-1);
      return last === undefined ? [] : [last];
    }
    default: {
      const had = act.args[place];
      if (had !== undefined) return [had];
      const names = place === 1 ? ['dst', 'to', 'target', 'destination', 'dest'] : NAMED;
      const named = names.map((name) => act.options.get(name)).find((one) => one !== undefined);
      return named === undefined ? [] : [named];
    }
  }
}

export function pathsAt(place: Place, act: Act): readonly Field[] {
  const fields = valuesAt(place, act).flatMap((values) => itemsOf(values).flatMap(fieldsOf));
  return fields.length === 0 ? [UNKNOWN_FIELD] : fields;
}

/** One path; an object given as options is none. */
function fieldsOf(value: Value): readonly Field[] {
  if (value.kind !== 'text') return value.kind === 'plain' ? [] : [UNKNOWN_FIELD];
  return [{ ...literal(value.text), glob: value.pattern || /[*?]/.test(value.text) }];
}

/** Where later relative names lie; past a change that may or may not have been made nobody can say. */
export function changesFolder(place: Place, act: Act, stage: Stage): void {
  const [field, more] = pathsAt(place, act);
  const isSure = act.straight && !act.block && field !== undefined && more === undefined && !hasHole(field.s);
  stage.scope.cwd = isSure ? resolvePath(field.s, stage.scope.cwd) : undefined;
}
