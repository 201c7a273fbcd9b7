import { EXIT, type Io } from '../io.ts';
import { runPolicyBuild } from './build.ts';
import { runPolicyCheck } from './check.ts';
import { runPolicyDecisions } from './decisions.ts';
import type { PolicyDeps } from './deps.ts';
import { runPolicyEval } from './eval.ts';
import { runPolicyFmt } from './fmt.ts';
import { runPolicyPin, runPolicyUnpin } from './pin.ts';
import { runPolicyReload } from './reload.ts';
import { runPolicySession } from './session.ts';
import { runPolicyShow } from './show.ts';
import { runPolicyTest } from './test.ts';
import { runPolicyTry } from './try.ts';

type PolicyCommand = (argv: readonly string[], io: Io, deps: PolicyDeps) => Promise<number>;

/** Each `holdpoint policy NAME`. Its help stands in help.ts of this folder, under the same name. */
const COMMANDS: ReadonlyMap<string, PolicyCommand> = new Map([
  ['check', runPolicyCheck],
  ['test', runPolicyTest],
  ['eval', runPolicyEval],
  ['fmt', runPolicyFmt],
  ['build', runPolicyBuild],
  ['try', runPolicyTry],
  ['decisions', runPolicyDecisions],
  ['pin', runPolicyPin],
  ['unpin', runPolicyUnpin],
  ['session', runPolicySession],
  ['show', runPolicyShow],
  ['reload', runPolicyReload],
]);

export async function runPolicy(args: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const [name = '', ...rest] = args;
  const command = COMMANDS.get(name);
  if (command !== undefined) return command(rest, io, deps);
  const known = [...COMMANDS.keys()].join(', ');
  io.err(
    name === ''
      ? `holdpoint policy: one of ${known}\n`
      : `holdpoint policy: no command \`${name}\`; there are ${known}\n`,
  );
  return EXIT.usage;
}
