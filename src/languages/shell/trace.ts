import { isKnown } from '../../core/tri.ts';
import type { Trace, TraceNode, TraceWhat } from '../trace.ts';
import type { Machine } from './machine.ts';
import { hasMark, shown } from './value.ts';

const MOST_NODES = 2_000;

/**
 * Makes a machine write down what runs what. SECURITY: it looks on and never takes part: each call goes to the machine's
 * own function with the same arguments, so that a traced reading is the reading.
 */
export function traceMachine(machine: Machine, trace: Trace): void {
  const { run, script, walk, walkNode, emit, ask } = machine;
  const stack: TraceNode[] = [trace.root];
  const top = (): TraceNode => stack.at(-1) ?? trace.root;
  const within = <T>(what: TraceWhat, text: string, work: () => T): T => {
    if (trace.nodes >= MOST_NODES) {
      trace.cut = true;
      return work();
    }
    trace.nodes += 1;
    const node: TraceNode = { what, text, span: trace.at, effects: [], questions: [], children: [] };
    top().children.push(node);
    stack.push(node);
    try {
      return work();
    } finally {
      stack.pop();
    }
  };
  /** Positions count in the text that is being read: what another text, or a part of this one, leaves there is put back. */
  const keepingPlace = <T>(within: readonly [number, number] | undefined, work: () => T): T => {
    const held = trace.at;
    trace.at = within;
    try {
      return work();
    } finally {
      trace.at = held;
    }
  };

  machine.run = (argv, scope) => {
    const words = argv.map((field) => (/[\s"'\\]|^$/.test(field.s) ? JSON.stringify(shown(field.s)) : shown(field.s)));
    // An assignment is no program; what it does shows in what comes after it.
    if (argv[0]?.s === '') return run(argv, scope);
    const unknown = argv.filter((field) => hasMark(field.s) || field.maybe).map((field) => shown(field.s));
    return within('command', words.join(' '), () => {
      if (unknown.length > 0) top().unknown = unknown;
      return run(argv, scope);
    });
  };
  machine.script = (text, scope) =>
    within('script', shown(text), () => keepingPlace(undefined, () => script(text, scope)));
  machine.walk = (parsed, scope) =>
    within('substitution', parsed.source === undefined ? '' : shown(parsed.source), () =>
      keepingPlace(parsed.source === undefined ? trace.at : undefined, () => walk(parsed, scope)),
    );
  machine.walkNode = (node, scope) => within('function', '', () => keepingPlace(trace.at, () => walkNode(node, scope)));
  machine.emit = function traced(this: Machine, found) {
    const before = machine.effects.length;
    emit.call(machine, found);
    const added = machine.effects[before];
    if (added !== undefined) top().effects.push(added);
  };
  machine.ask = function traced(this: Machine, check, about) {
    const answer = ask.call(machine, check, about);
    const node = top();
    const key = JSON.stringify([check, about]);
    if (!node.questions.some((one) => JSON.stringify([one.check, one.about]) === key))
      node.questions.push({
        check,
        about,
        answer: answer === undefined ? 'not asked yet' : isKnown(answer) ? answer : `unknown: ${answer.unknown}`,
      });
    return answer;
  };
}
