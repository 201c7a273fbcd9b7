import { AGENT_SETTINGS_FLAGS, AGENT_UNHOOKED_FLAGS } from '../../catalog/guard.ts';
import { tampers } from './guard-command.ts';
import { type Handler, harmlessRun } from './machine.ts';
import { HOLE, hasHole } from './value.ts';

/**
 * An agent that an agent starts meets the same hooks, unless it is started without them. Its task is prose, which says
 * nothing of what it will do.
 */
const claude: Handler = (call) => {
  const words = call.argv.map((field) => field.s);
  words.forEach((word, index) => {
    const equals = word.indexOf('=');
    const [flag, value] =
      equals === -1 ? [word, words[index + 1] ?? ''] : [word.slice(0, equals), word.slice(equals + 1)];
    if (AGENT_UNHOOKED_FLAGS.has(flag)) tampers(call.machine, 'hooks', `starts an agent without its hooks (${flag})`);
    const takesAway = AGENT_SETTINGS_FLAGS.get(flag);
    if (takesAway?.(value) === true || (takesAway !== undefined && hasHole(value)))
      tampers(call.machine, 'hooks', `starts an agent whose settings may leave out its hooks (${flag})`);
  });
  harmlessRun(call.machine, 'catalog/guard', call.name);
  return HOLE;
};

export const AGENTS: ReadonlyMap<string, Handler> = new Map<string, Handler>([['claude', claude]]);
