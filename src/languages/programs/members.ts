import { FRESH, HOLE } from '../shell/value.ts';
import { HOLE_NAME } from './builder.ts';
import type { Evaluator } from './evaluator.ts';
import type { Names } from './expression.ts';
import { fullName } from './names.ts';
import {
  folderOf,
  itemsOf,
  MOST_VALUES,
  NOT_KNOWN,
  NOTHING,
  reversed,
  text,
  type Value,
  type Values,
} from './value.ts';

export function lookedUp(name: string, scope: Names, evaluator: Evaluator): Values {
  if (name === HOLE_NAME) return NOT_KNOWN;
  for (let names: Names | undefined = scope; names !== undefined; names = names.parent) {
    const bound = names.bound.get(name);
    if (bound === undefined || bound.length === 0) continue;
    return bound.flatMap((one) => evaluator.values(one));
  }
  const outside = evaluator.outer?.(name);
  if (outside !== undefined) return outside;
  for (const module of evaluator.program.stars)
    if (evaluator.isKnown(`${module}.${name}`)) return [{ kind: 'thing', name: `${module}.${name}` }];
  if (/^(\$argv|@?ARGV)$/.test(name) && evaluator.started !== undefined) return evaluator.started;
  if (/^\$_(GET|POST|REQUEST|COOKIE|FILES)$/.test(name)) return [{ kind: 'thing', name: 'request' }];
  // A variable that nothing is ever given to.
  if (/^(php|perl)$/.test(evaluator.tongue) && /^[$@]/.test(name)) return NOT_KNOWN;
  if (/^(__dirname|__DIR__)$/.test(name)) return [text(evaluator.folder)];
  if (/^(__filename|__file__|__FILE__)$/.test(name)) return [text(`${evaluator.folder}/program`)];
  return [{ kind: 'thing', name: fullName(name, evaluator.tongue) }];
}

/** What `of.key` or `of[key]` is. */
export function memberOf(of: Value, key: Value, evaluator: Evaluator): Values {
  if (key.kind === 'number') {
    if (of.kind === 'list') {
      const at = key.value < 0 ? of.items.length + key.value : key.value;
      return of.items[at] ?? (of.open ? [...itemsOf([of]), ...NOT_KNOWN] : NOTHING);
    }
    if (of.kind === 'record') return of.fields.get(String(key.value)) ?? itemsOf([of]);
    return of.kind === 'thing' ? [{ kind: 'thing', name: `${of.name}[]` }] : NOT_KNOWN;
  }
  if (key.kind === 'thing' && key.name.startsWith('slice ')) return sliced(of, key.name.slice('slice '.length));
  const name = key.kind === 'text' && !key.text.includes(HOLE) ? key.text : undefined;
  switch (of.kind) {
    case 'record': {
      if (name === undefined) return [...itemsOf([of]), ...NOT_KNOWN];
      const had = of.fields.get(name);
      const later = assigned(name, true, evaluator) ?? [];
      if (had !== undefined || later.length > 0) return [...(had ?? []), ...later];
      return [{ kind: 'method', name, of }];
    }
    case 'text':
      if (name === 'parent') return [text(folderOf(of.text), of.pattern)];
      if (name === 'name' || name === 'path')
        return [name === 'name' && of.text !== FRESH ? text(lastOf(of.text), of.pattern) : of];
      return name === undefined ? NOT_KNOWN : [{ kind: 'method', name, of }];
    case 'list':
    case 'content':
      return name === undefined ? itemsOf([of]) : [{ kind: 'method', name, of }];
    case 'thing':
      if (name === undefined) return [{ kind: 'thing', name: `${of.name}.?` }];
      return [...(assigned(name, false, evaluator) ?? []), thingMember(of, name, evaluator)];
    case 'self':
    case 'class':
    case 'local': {
      // What calls the function that it is a member of.
      if (of.kind === 'local' && name !== undefined && /^(call|apply|bind|yield|__call__|__invoke)$/.test(name))
        return [of];
      if (name === undefined) return [{ kind: 'thing', name: 'self.?' }];
      const had = assigned(name, true, evaluator);
      const methods = (evaluator.program.methods.get(name) ?? []).map((fn): Value => ({ kind: 'local', fn }));
      if (had !== undefined || methods.length > 0) return [...(had ?? []), ...methods];
      return [{ kind: 'thing', name: `?.${name}` }];
    }
    case 'method':
      return [{ kind: 'thing', name: `?.${name ?? '?'}` }];
    case 'number':
    case 'plain':
    case 'unknown': {
      if (name === undefined) return NOT_KNOWN;
      const methods = (evaluator.program.methods.get(name) ?? []).map((fn): Value => ({ kind: 'local', fn }));
      return [...(assigned(name, false, evaluator) ?? []), ...methods, { kind: 'thing', name: `?.${name}` }];
    }
    default:
      return of satisfies never;
  }
}

function thingMember(of: Extract<Value, { readonly kind: 'thing' }>, name: string, evaluator: Evaluator): Value {
  // Tables of all names: `globals()['os']`, `os.__dict__['remove']`, `sys.modules['os']`.
  if (/^(globals|locals|vars)\(\)$|^(sys\.modules|globalThis|global|window|variables)$/.test(of.name)) {
    const [found] = lookedUp(name, evaluator.program.top, evaluator);
    if (found !== undefined && found.kind !== 'unknown') return found;
  }
  const full = fullName(`${of.name}.${name}`, evaluator.tongue);
  if (/^(sys\.argv|process\.argv)$/.test(full) && evaluator.started?.[0] !== undefined) return evaluator.started[0];
  if (/^import\.meta\.(dir|dirname)$/.test(full)) return text(evaluator.folder);
  return {
    kind: 'thing',
    name: full,
    ...(of.first === undefined ? {} : { first: of.first }),
  };
}

/** What members of this name are given anywhere in the program; of objects that are not known, functions alone count. */
export function assigned(name: string, all: boolean, evaluator: Evaluator): Values | undefined {
  const found = (evaluator.program.members.get(name) ?? [])
    .flatMap((one) => evaluator.values(one))
    .filter((value) => all || value.kind === 'thing' || value.kind === 'local' || value.kind === 'method');
  return found.length === 0 ? undefined : found;
}

function sliced(of: Value, range: string): Values {
  if (of.kind === 'text' && range === '::-1') return [text(reversed(of.text), of.pattern)];
  if (of.kind !== 'list') return NOT_KNOWN;
  const from = /^(\d+):$/.exec(range)?.[1];
  return [from === undefined ? { ...of, open: true } : { ...of, items: of.items.slice(Number(from)) }];
}

/** All that the parts can make together; too many, and what the text says in between stays. */
export function joined(parts: readonly Values[], between: string): Values {
  let made: { readonly text: string; readonly pattern: boolean }[] = [{ text: '', pattern: false }];
  const lists: Values[] = [];
  for (const [index, part] of parts.entries()) {
    for (const one of part) if (one.kind === 'list') lists.push(...one.items);
    const texts = part.map((one) =>
      one.kind === 'text' ? one : { text: one.kind === 'number' ? String(one.value) : HOLE, pattern: false },
    );
    const wide = made.length * texts.length > MOST_VALUES;
    const glue = index === 0 ? '' : between;
    made = made.flatMap((head) =>
      (wide ? [{ text: HOLE, pattern: false }] : texts).map((tail) => ({
        text: /^[/~]/.test(tail.text) && glue === '/' ? tail.text : `${head.text}${glue}${tail.text}`,
        pattern: head.pattern || tail.pattern,
      })),
    );
  }
  // Lists that are put together are one longer list.
  if (lists.length > 0 && parts.every((part) => part.every((one) => one.kind === 'list')))
    return [{ kind: 'list', items: lists, open: parts.flat().some((one) => one.kind === 'list' && one.open) }];
  return made.map((one) => text(one.text, one.pattern));
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
