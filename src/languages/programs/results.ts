import type { Gives } from '../../catalog/programs/entry.ts';
import { FRESH, HOLE } from '../shell/value.ts';
import { CATALOGUES, lastPart } from './catalogue.ts';
import type { Evaluator } from './evaluator.ts';
import type { Arg, CallExpr } from './expression.ts';
import { joined, memberOf } from './members.ts';
import { fullName, moduleName } from './names.ts';
import { textMethod } from './text-methods.ts';
import { folderOf, itemsOf, NOT_KNOWN, NOTHING, text, type Value, type Values } from './value.ts';

/** What a call gives back. */
export function given(call: CallExpr, evaluator: Evaluator): Values {
  const args = call.args.filter((arg) => arg.name === undefined).map((arg) => evaluator.values(arg.value));
  return evaluator.values(call.callee).flatMap((callee) => givenBy(callee, args, call.args, evaluator));
}

function givenBy(callee: Value, args: readonly Values[], all: readonly Arg[], evaluator: Evaluator): Values {
  switch (callee.kind) {
    case 'local':
      return callee.fn.returns.length === 0 ? NOTHING : callee.fn.returns.flatMap((one) => evaluator.values(one));
    case 'class':
    case 'self':
      return [{ kind: 'self' }];
    case 'method':
      return methodOf(callee, args, all, evaluator);
    case 'text':
      return givenBy(thing(callee.text, evaluator), args, all, evaluator);
    case 'thing':
      return byName(callee.name, args, evaluator);
    case 'list': {
      // `[$object, 'method']`
      const [of, name] = callee.items;
      return of === undefined || name === undefined
        ? NOT_KNOWN
        : memberOf(of[0] ?? { kind: 'unknown' }, name[0] ?? { kind: 'unknown' }, evaluator).flatMap((one) =>
            one.kind === 'list' ? NOT_KNOWN : givenBy(one, args, all, evaluator),
          );
    }
    case 'number':
    case 'record':
    case 'content':
    case 'plain':
    case 'unknown':
      return NOT_KNOWN;
    default:
      return callee satisfies never;
  }
}

export function thing(name: string, evaluator: Evaluator): Value {
  return { kind: 'thing', name: fullName(name.replace(/^\\|^:/, ''), evaluator.tongue) };
}

function byName(name: string, args: readonly Values[], evaluator: Evaluator): Values {
  const how = CATALOGUES[evaluator.tongue].gives.get(name);
  if (how === undefined) {
    // `File.method(:delete)`
    const taken = evaluator.tongue === 'ruby' ? /^(.*)\.(instance_)?method$/.exec(name)?.[1] : undefined;
    const of = taken === undefined ? undefined : args[0]?.[0];
    if (of?.kind === 'text') return [thing(`${taken}.${of.text}`, evaluator)];
    if (evaluator.tongue === 'javascript' && name.endsWith('.bind'))
      return [thing(name.slice(0, -'.bind'.length), evaluator)];
    if (evaluator.tongue === 'python' && name.endsWith('.__getattribute__'))
      return (args[0] ?? NOT_KNOWN).flatMap((key) =>
        memberOf({ kind: 'thing', name: name.slice(0, -'.__getattribute__'.length) }, key, evaluator),
      );
    // What a method of something unknown gives back is as unknown, and so is the end of a long chain.
    if (name.startsWith('?.') || name.startsWith('self.') || name.split('()').length > 4) return NOT_KNOWN;
    // `Net::HTTP.start(…)` and the like: an object that what made it names.
    return [{ kind: 'thing', name: `${name}()`, ...(args[0] === undefined ? {} : { first: args[0] }) }];
  }
  return made(how, name, args, evaluator);
}

function made(how: Gives, name: string, args: readonly Values[], evaluator: Evaluator): Values {
  const [first = NOTHING, second] = args;
  switch (how) {
    case 'first':
      // Other arguments may be joined to it; with `base64` it is something else.
      return args.length === 0 ? [text(name.includes('ath') ? '.' : '')] : first;
    case 'joined':
    case 'joined-paths':
      return args.length === 0 ? [text('.')] : spelledPaths(args);
    case 'resolved-paths':
      if (args.length === 0) return [text('.')];
      return evaluator.tongue === 'ruby' && args.length === 2
        ? joined([args[1] as Values, first], '/')
        : joined(args, '/');
    case 'home':
      return [text('~')];
    case 'temporary-folder':
      return [text('/tmp')];
    case 'new-file':
      return name.endsWith('mkstemp')
        ? [{ kind: 'list', items: [NOTHING, [text(FRESH)]], open: false }]
        : [text(FRESH)];
    case 'this-folder':
      return [text('.')];
    case 'script-folder':
      return evaluator.tongue === 'javascript' && first[0]?.kind === 'text' && !/^[a-z]+:/.test(first[0].text)
        ? joined([[text(evaluator.folder)], first], '/')
        : evaluator.tongue === 'javascript'
          ? first
          : [text(evaluator.folder)];
    case 'folder-of':
      return first.map((one) => (one.kind === 'text' ? text(folderOf(one.text), one.pattern) : one));
    case 'pattern':
      return [{ kind: 'list', items: [itemsOf(first).map(asPattern)], open: true }];
    case 'names-in':
      return [{ kind: 'list', items: [[text('*', true)]], open: true }];
    case 'walk':
      return [
        {
          kind: 'list',
          items: [
            [
              {
                kind: 'list',
                items: [
                  first,
                  [{ kind: 'list', items: [[text('*', true)]], open: true }],
                  [{ kind: 'list', items: [[text('*', true)]], open: true }],
                ],
                open: false,
              },
            ],
          ],
          open: true,
        },
      ];
    case 'module':
      return first.map((one) =>
        one.kind === 'text' && !one.text.includes(HOLE)
          ? { kind: 'thing', name: fullName(moduleName(one.text, evaluator.tongue), evaluator.tongue) }
          : { kind: 'unknown' },
      );
    case 'member':
      return first.flatMap((of) => (second ?? NOT_KNOWN).flatMap((key) => memberOf(of, key, evaluator)));
    case 'method':
      return first.map((one) => (one.kind === 'text' ? thing(one.text, evaluator) : { kind: 'unknown' }));
    case 'constant':
      if (evaluator.tongue === 'javascript') return [{ kind: 'thing', name: 'require' }];
      return first.map((one) =>
        one.kind === 'text' ? thing(one.text.replaceAll('::', '.'), evaluator) : { kind: 'unknown' },
      );
    case 'all-names':
      // `vars(os)` has the names of the module.
      return name === 'vars' && args.length > 0 ? first : [{ kind: 'thing', name: 'globals()' }];
    case 'file':
    case 'content':
      return [{ kind: 'content', of: first }];
    case 'json':
      return first.map((one) => text(JSON.stringify(plainOf(one, 0)) ?? HOLE));
    case 'characters':
      return args.every((arg) => arg.length === 1 && arg[0]?.kind === 'number')
        ? [text(args.map((arg) => character(arg[0])).join(''))]
        : NOT_KNOWN;
    case 'imploded':
      return (second ?? NOT_KNOWN).flatMap((list) =>
        methodOf({ kind: 'method', name: 'join', of: list }, [first], [], evaluator),
      );
    case 'formatted':
      return first.flatMap((one) => methodOf({ kind: 'method', name: '%', of: one }, args.slice(1), [], evaluator));
    case 'bound':
      return first;
    default:
      return how satisfies never;
  }
}

/** As `path.join`: an absolute part does not begin anew. */
function spelledPaths(args: readonly Values[]): Values {
  return joined(args, '\0').map((one) =>
    one.kind === 'text' ? text(one.text.replace(/\0+/g, '/').replace(/([^:])\/{2,}/g, '$1/'), one.pattern) : one,
  );
}

function asPattern(value: Value): Value {
  return value.kind === 'text' ? text(value.text, true) : { kind: 'unknown' };
}

function character(value: Value | undefined): string {
  return value?.kind === 'number' && value.value >= 0 && value.value <= 0x10ffff
    ? String.fromCodePoint(value.value)
    : HOLE;
}

/** A value as JSON has it; what is not known is a mark. */
export function plainOf(value: Value, depth: number): unknown {
  if (depth > 20) return HOLE;
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'number':
      return value.value;
    case 'list':
      return value.items.map((one) => plainOf(one[0] ?? { kind: 'unknown' }, depth + 1));
    case 'record':
      return Object.fromEntries(
        [...value.fields].map(([key, one]) => [
          key.replaceAll('\0', ''),
          plainOf(one[0] ?? { kind: 'unknown' }, depth + 1),
        ]),
      );
    case 'plain':
      return true;
    default:
      return HOLE;
  }
}

/** A method of a text, a list, a record, a file. */
function methodOf(
  callee: Extract<Value, { readonly kind: 'method' }>,
  args: readonly Values[],
  all: readonly Arg[],
  evaluator: Evaluator,
): Values {
  const { name, of } = callee;
  switch (of.kind) {
    case 'text':
      return textMethod(name, of, args) ?? NOT_KNOWN;
    case 'content':
      return /^(read|toString|readlines?|decode|strip|trim|read_text|close|__enter__)$/.test(name) ? [of] : NOT_KNOWN;
    case 'list':
      return listMethod(name, of, args, all, evaluator);
    case 'record': {
      if (name === 'get' || name === 'fetch' || name === 'dig') {
        const [key] = args;
        return (key ?? NOT_KNOWN).flatMap((one) => memberOf(of, one, evaluator));
      }
      return /^(values|items|entries)$/.test(name) ? [{ kind: 'list', items: [itemsOf([of])], open: true }] : NOT_KNOWN;
    }
    case 'method':
      return methodOf(of, args, all, evaluator);
    default:
      return NOT_KNOWN;
  }
}

function listMethod(
  name: string,
  of: Extract<Value, { readonly kind: 'list' }>,
  args: readonly Values[],
  all: readonly Arg[],
  evaluator: Evaluator,
): Values {
  const [first = NOTHING] = args;
  switch (name) {
    case 'join': {
      if (of.open) return NOT_KNOWN;
      const glue =
        first[0]?.kind === 'text' ? first[0].text : evaluator.tongue === 'javascript' && args.length === 0 ? ',' : '';
      return joined(of.items, glue === '/' ? '\0' : glue).map((one) =>
        one.kind === 'text' ? text(one.text.replaceAll('\0', '/'), one.pattern) : one,
      );
    }
    case 'map':
    case 'flatMap':
    case 'collect': {
      const fns = all.flatMap((arg) => evaluator.values(arg.value));
      const items = fns.flatMap((fn) =>
        fn.kind === 'local' ? fn.fn.returns.flatMap((one) => evaluator.values(one)) : NOT_KNOWN,
      );
      return [{ kind: 'list', items: [items.length === 0 ? NOT_KNOWN : items], open: true }];
    }
    case 'concat':
      return [{ kind: 'list', items: [...of.items, ...args.map(itemsOf)], open: true }];
    case 'reverse':
    case 'reversed':
      return [{ ...of, items: [...of.items].reverse() }];
    case 'pop':
    case 'shift':
    case 'first':
    case 'last':
    case 'at':
    case 'find':
      return itemsOf([of]);
    default:
      return [{ ...of, open: true }];
  }
}

/** The method's own name, however it is spelled. */
export function methodName(callee: Value): string {
  return callee.kind === 'method' ? callee.name : callee.kind === 'thing' ? lastPart(callee.name) : '';
}
