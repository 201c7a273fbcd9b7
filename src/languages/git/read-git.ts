import type { Effect } from '../../core/effect.ts';
import type { Reader } from '../reading.ts';
import { makeShellReader } from '../shell/read-shell.ts';

/** Git actions are shell text too: they come with prefixes, other commands beside them, aliases that run shells. */
export function makeGitReader(shell: Reader): Reader {
  return (action, context) => {
    const text = new TextDecoder().decode(action.bytes);
    // SECURITY: arguments alone (`push --force`) are git's; read as a program of that name they would mean nothing.
    if (/\bgit\b/.test(text)) return shell({ ...action, kind: 'shell' }, context);
    const reading = shell({ ...action, kind: 'shell', bytes: new TextEncoder().encode(PROGRAM + text) }, context);
    return { ...reading, effects: reading.effects.map(withoutProgram) };
  };
}

const PROGRAM = 'git ';

/** The effect with its span in the text as it was given. */
function withoutProgram(effect: Effect): Effect {
  if (effect.span === undefined) return effect;
  const [from, to] = effect.span;
  return { ...effect, span: [Math.max(0, from - PROGRAM.length), Math.max(0, to - PROGRAM.length)] };
}

export const readGit: Reader = makeGitReader(makeShellReader({}));
