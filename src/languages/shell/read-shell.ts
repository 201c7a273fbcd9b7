import type { ParsedScript } from 'unbash';
import { parse } from 'unbash';
import { LIMITS } from '../../core/limits.ts';
import type { Reader, Reading } from '../reading.ts';
import { runCommand } from './dispatch.ts';
import { collector, type Machine, newScope, opaque, type Readers } from './machine.ts';
import { readPowershell } from './powershell.ts';
import { traceMachine } from './trace.ts';
import { HOLE, SECRET } from './value.ts';
import { walkNode, walkScript } from './walk.ts';

/** A reader of shell text. Pure; never throws on any input: what cannot be read is an opaque effect that says why. */
export function makeShellReader(readers: Readers): Reader {
  return (action, context): Reading => {
    const machine: Machine & { full: boolean } = {
      ...collector(context),
      context,
      readers,
      span: undefined,
      nested: false,
      run: (argv, scope) => runCommand(argv, scope, machine),
      script: (text, scope) => {
        const held = machine.nested;
        const span = machine.span;
        machine.nested = true;
        const inner = { ...scope, depth: scope.depth + 1 };
        const out = readText(text, inner, machine);
        scope.cwd = inner.cwd;
        machine.nested = held;
        machine.span = span;
        return out;
      },
      walk: (script, scope) => walkScript(script, scope, machine),
      walkNode: (node, scope) => walkNode(node, scope, machine),
    };
    if (context.trace !== undefined) traceMachine(machine, context.trace);
    if (action.bytes.length > LIMITS.commandBytes) {
      opaque(machine, 'shell/limit', `is longer than ${LIMITS.commandBytes} bytes`);
      return { effects: machine.effects, questions: [] };
    }
    const text = decode(action.bytes);
    if (text === undefined) {
      opaque(machine, 'shell/limit', 'is not UTF-8 text');
      return { effects: machine.effects, questions: [] };
    }
    const scope = newScope(action.cwd ?? context.cwd);
    try {
      if (action.dialect === 'powershell' || action.dialect === 'pwsh' || action.dialect === 'cmd')
        readPowershell(text, scope, machine);
      else if (readText(text, scope, machine).includes(SECRET)) {
        machine.emit({
          verb: 'expose',
          target: { system: 'host', kind: 'environment', path: ['variables'] },
          reversal: 'irreversible',
          source: 'shell/output',
          summary: 'shows secrets from the environment',
          max: 'unbounded',
          tags: ['credential'],
        });
      }
    } catch (error) {
      // INVARIANT: a stack or parser that gives up never lets a command through.
      if (!(error instanceof RangeError)) throw error;
      opaque(machine, 'shell/limit', 'nests deeper than can be followed');
    }
    return { effects: machine.effects, questions: [...machine.questions.values()] };
  };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function readText(text: string, scope: ReturnType<typeof newScope>, machine: Machine): string {
  if (scope.depth > LIMITS.nestedCommands) {
    opaque(machine, 'shell/limit', 'nests commands deeper than can be followed');
    return HOLE;
  }
  if (text.includes('\0')) opaque(machine, 'shell/parse', 'holds a null character, at which shells differ');
  const deep = nesting(text);
  if (deep > MAX_NESTING) {
    opaque(machine, 'shell/limit', `nests brackets ${deep} deep`);
    return HOLE;
  }
  const script: ParsedScript = parse(text);
  return walkScript(script, scope, machine);
}

const MAX_NESTING = 200;

/** An upper bound for the depth of brackets, so that no recursion below runs out of stack. */
function nesting(text: string): number {
  let depth = 0;
  let most = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x28 || code === 0x7b || code === 0x60) {
      depth += 1;
      if (depth > most) most = depth;
    } else if ((code === 0x29 || code === 0x7d) && depth > 0) depth -= 1;
  }
  return most;
}
