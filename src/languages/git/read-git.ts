import type { Reader } from '../reading.ts';
import { makeShellReader } from '../shell/read-shell.ts';

/** Git actions are shell text too: they come with prefixes, other commands beside them, aliases that run shells. */
export function makeGitReader(shell: Reader): Reader {
  return (action, context) => shell({ ...action, kind: 'shell' }, context);
}

export const readGit: Reader = makeGitReader(makeShellReader({}));
