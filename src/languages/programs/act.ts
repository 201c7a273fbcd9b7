import type { Does } from '../../catalog/programs/entry.ts';
import { opaque } from '../shell/machine.ts';
import { CATALOGUES, lastPart } from './catalogue.ts';
import type { Evaluator } from './evaluator.ts';
import type { Arg, CallExpr } from './expression.ts';
import { changesFolder, fileAct } from './file-acts.ts';
import { memberOf } from './members.ts';
import { fullName } from './names.ts';
import { byItsWords, requestAct } from './request-acts.ts';
import { runAct } from './run-acts.ts';
import type { Act, Stage } from './stage.ts';
import { itemsOf, NOT_KNOWN, TOO_MANY, type Value, type Values } from './value.ts';

/** Modules of which every function matters: one by a name that is made while the program runs could be any. */
const WEIGHTY =
  /^(os|shutil|subprocess|builtins|__builtins__|sys|importlib|pathlib|globals\(\)|sys\.modules|fs|child_process|process|globalThis|global|window|vm|module|variables|file|fileutils|kernel|io)$/i;

/** All that one call does. */
export function readCall(call: CallExpr, stage: Stage): void {
  const { evaluator } = stage;
  const args = call.args.filter((arg) => arg.name === undefined).flatMap((arg) => spread(arg, evaluator));
  const options = new Map(
    call.args.flatMap((arg) => (arg.name === undefined ? [] : [[arg.name, evaluator.values(arg.value)] as const])),
  );
  const callees = evaluator.values(call.callee);
  // A function whose name comes with the request.
  if (stage.tongue === 'php' && /^\$_[A-Z]+\[/.test(call.written))
    opaque(stage.machine, stage.source, `calls a function that the request names (${call.written})`);
  const isOurs = callees.some((one) => one.kind === 'local' || one.kind === 'class');
  const base = {
    written: call.written,
    options,
    straight: call.straight,
    block: options.has('block'),
  };
  const of = call.callee.kind === 'member' ? evaluator.values(call.callee.of) : [];
  for (const callee of callees)
    for (const act of actsOf(callee, { ...base, args, receiver: of }, stage)) perform(act, stage);
  if (!isOurs) for (const act of handedOver(call, base, of, stage)) perform(act, stage);
}

function spread(arg: Arg, evaluator: Evaluator): readonly Values[] {
  const values = evaluator.values(arg.value);
  if (arg.value.kind !== 'spread') return [values];
  return values.flatMap((value): readonly Values[] =>
    value.kind === 'list' ? [...value.items, ...(value.open ? [NOT_KNOWN] : [])] : [[value]],
  );
}

type Bare = Omit<Act, 'name'>;

function actsOf(callee: Value, act: Bare, stage: Stage): readonly Act[] {
  switch (callee.kind) {
    case 'thing':
      return thingActs(callee.name, act, stage);
    case 'method':
      return [{ ...act, name: `?.${callee.name}`, receiver: [callee.of] }];
    case 'text':
      // `$f = 'unlink'; $f('x')`
      return stage.tongue === 'php' ? thingActs(fullName(callee.text.replace('::', '.'), 'php'), act, stage) : [];
    case 'list': {
      const [of, key] = callee.items;
      if (stage.tongue !== 'php' || of?.[0] === undefined || key?.[0] === undefined) return [];
      return memberOf(of[0], key[0], stage.evaluator).flatMap((one) =>
        one.kind === 'thing' ? thingActs(one.name, act, stage) : [],
      );
    }
    default:
      return [];
  }
}

function thingActs(name: string, act: Bare, stage: Stage): readonly Act[] {
  const passed = stage.tongue === 'javascript' ? /^(.+)\.(call|apply|bind)$/.exec(name) : null;
  if (passed?.[1] !== undefined) {
    const args = passed[2] === 'apply' ? itemLists(act.args[1] ?? []) : act.args.slice(1);
    // `cb.call(…)` of what is not known.
    if (passed[1] === '?') return [];
    return passed[2] === 'bind' && args.length === 0 ? [] : [{ ...act, name: passed[1], args }];
  }
  const sent = stage.tongue === 'ruby' ? /^(?:(.+)\.)?(send|public_send|__send__)$/.exec(name) : null;
  if (sent !== null) {
    const [key, ...args] = act.args;
    return (key ?? NOT_KNOWN).map((one) => ({
      ...act,
      args,
      name: fullName(`${sent[1] === undefined ? '' : `${sent[1]}.`}${one.kind === 'text' ? one.text : '?'}`, 'ruby'),
    }));
  }
  // `new ReflectionFunction('unlink')`, `call_user_func('unlink', …)` are handed over, below.
  return [{ ...act, name }];
}

function itemLists(values: Values): readonly Values[] {
  return values.flatMap((value) => (value.kind === 'list' ? value.items : [[value]]));
}

/** These ask about a function, or put another in its place. */
const DO_NOT_CALL =
  /(^|\.)(import|hasattr|getattr|callable|isinstance|print|log|promisify|expect|patch|object|spyOn|mock\w*|replace|assert\w*|getsource|signature|wraps|debug|info|typeof|help|dir|vars|id|type|method|bind|inspect|format|repr|str|function_exists|is_callable)$/i;
const PHP_CALLERS =
  /^(array_map|array_walk|array_walk_recursive|array_filter|array_reduce|call_user_func|call_user_func_array|forward_static_call|iterator_apply|register_shutdown_function|usort|preg_replace_callback|reflectionfunction)$/;
const ACTS_ALONE: ReadonlySet<Does['kind']> = new Set(['deletes', 'empties', 'shell', 'starts', 'evaluates']);

/** A function handed to another that calls it: `map(os.remove, names)`, `names.forEach(fs.unlinkSync)`. */
function handedOver(call: CallExpr, base: Omit<Bare, 'args' | 'receiver'>, of: Values, stage: Stage): readonly Act[] {
  const { evaluator, tongue } = stage;
  if (DO_NOT_CALL.test(call.written)) return [];
  const byText = tongue === 'php' && PHP_CALLERS.test(call.written.toLowerCase().replace(/^\\/, ''));
  return call.args.flatMap((arg, index) =>
    evaluator.values(arg.value).flatMap((value): readonly Act[] => {
      const isSymbol = tongue === 'ruby' && arg.name === '&' && value.kind === 'text';
      const name =
        value.kind === 'thing'
          ? value.name
          : value.kind === 'method'
            ? `?.${value.name}`
            : isSymbol
              ? `?.${value.text}`
              : byText && value.kind === 'text'
                ? fullName(value.text.replace('::', '.'), tongue)
                : undefined;
      if (name === undefined) return [];
      const does = doesOf(name, stage);
      if (does === undefined || !ACTS_ALONE.has(does.kind)) return [];
      // A function that starts programs is handed about under everyday names: its full name is wanted.
      if (does.kind !== 'deletes' && !CATALOGUES[tongue].calls.has(name)) return [];
      const others = call.args.filter((_, other) => other !== index).map((one) => itemsOf(evaluator.values(one.value)));
      const elements = others.length > 0 ? others : [itemsOf(of)];
      return [
        {
          ...base,
          name,
          args: elements,
          receiver: value.kind === 'method' ? [value.of] : itemsOf(of),
          options: new Map(),
        },
      ];
    }),
  );
}

function doesOf(name: string, stage: Stage): Does | undefined {
  const catalogue = CATALOGUES[stage.tongue];
  return catalogue.calls.get(name) ?? catalogue.methods.get(lastPart(name));
}

/** What a call does: by its full name; as it is spelled, where what it is called on is not known; by its own name. */
function lookUp(act: Act, stage: Stage): Does | undefined {
  const { calls, methods } = CATALOGUES[stage.tongue];
  const had = calls.get(act.name);
  if (had !== undefined) return had;
  if (act.name.startsWith('?.') || act.name.startsWith('self.')) {
    const parts = fullName(act.written, stage.tongue).split('.');
    for (let from = 0; from < parts.length - 1; from += 1) {
      const spelled = calls.get(fullName(parts.slice(from).join('.'), stage.tongue));
      if (spelled !== undefined) return spelled;
    }
  }
  // `Pathname('x').delete`; a text's own `delete` takes characters.
  const isPath = stage.tongue === 'ruby' && act.args.length === 0 && act.receiver.some((one) => one.kind === 'text');
  if (isPath && act.name === '?.delete') return { kind: 'deletes', path: 'self' };
  return act.name.includes('.') ? methods.get(lastPart(act.name)) : undefined;
}

function perform(act: Act, stage: Stage): void {
  if (act.name.endsWith('.?')) {
    const of = act.name.slice(0, -'.?'.length);
    if (WEIGHTY.test(of))
      opaque(stage.machine, stage.source, `calls a function of ${of} by a name that is made while it runs`);
    return;
  }
  const unknownOwner = /^(.+)\.\?\./.exec(act.name)?.[1];
  if (unknownOwner !== undefined && WEIGHTY.test(unknownOwner)) {
    opaque(
      stage.machine,
      stage.source,
      `calls a function of a module that is known only while it runs (${act.written})`,
    );
    return;
  }
  if (act.name === TOO_MANY) {
    opaque(stage.machine, stage.source, `calls one of more functions than can be followed (${act.written})`);
    return;
  }
  if (act.name === '?') {
    opaque(stage.machine, stage.source, 'calls a function by a name that is made while it runs');
    return;
  }
  if (takesUnknown(act, stage)) return;
  const does = lookUp(act, stage);
  if (does === undefined) {
    byItsWords(act, stage);
    return;
  }
  switch (does.kind) {
    case 'deletes':
    case 'deletes-empty':
    case 'empties':
    case 'overwrites':
    case 'appends':
    case 'opens':
    case 'reads':
      fileAct(does, act, stage);
      return;
    case 'shell':
    case 'starts':
    case 'evaluates':
    case 'loads':
    case 'tool':
      runAct(does, act, stage);
      return;
    case 'requests':
    case 'sql':
      requestAct(does, act, stage);
      return;
    case 'changes-folder':
      changesFolder(does.path, act, stage);
      return;
    case 'opaque':
      opaque(stage.machine, stage.source, `${does.why} (${act.name})`);
      return;
    default:
      does satisfies never;
  }
}

/** A module, or a member of one that matters, by a name that is not known. */
function takesUnknown(act: Act, stage: Stage): boolean {
  const how = CATALOGUES[stage.tongue].gives.get(act.name);
  const [first, second] = act.args;
  if (how === 'module' && first !== undefined) {
    // A name with a fixed part is one of the project's own.
    if (first.every((one) => one.kind === 'plain' || (one.kind === 'text' && !/^[\ue000-\ue003\s]*$/.test(one.text))))
      return false;
    opaque(stage.machine, stage.source, `loads a module whose name is made while it runs (${act.name})`);
    return true;
  }
  if (how !== 'member' || second === undefined) return false;
  const isMade = second.some((one) => one.kind !== 'text' || /[\ue000-\ue003]/.test(one.text));
  if (!isMade || !(first ?? []).some((one) => one.kind === 'thing' && WEIGHTY.test(one.name))) return false;
  opaque(stage.machine, stage.source, `takes a function by a name that is made while it runs (${act.name})`);
  return true;
}
