import { parseArgs, setOf } from './argv.ts';
import { cmake } from './cmake.ts';
import { type Handler, subscope } from './machine.ts';
import { make } from './make.ts';
import { npm } from './npm.ts';
import { task } from './task.ts';
import { HOLE } from './value.ts';

const runner: Handler = (outer) => {
  // These read `.env` files and settings of their own.
  const call = { ...outer, scope: subscope(outer.scope) };
  call.scope.exports.set('*', true);
  const args = parseArgs(call.argv, { valued: setOf('-f --file -d --justfile --taskfile --dir') });
  const words = args.operands.map((one) => one.s).filter((one) => !one.includes('='));
  if (args.has('--list', '-l', '--summary', '--help', '--version', '-h', '-n', '--dry-run', '--dry')) return HOLE;
  return task(call, call.name, words[0] ?? 'default', 'hidden', []);
};

export const runners: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...['npm', 'pnpm', 'yarn', 'bun'].map((name) => [name, npm] as const),
  ['cmake', cmake],
  ...['make', 'gmake'].map((name) => [name, make] as const),
  ...['just', 'task', 'go-task', 'mage', 'invoke', 'inv', 'nox', 'tox', 'doit', 'wireit'].map(
    (name) => [name, runner] as const,
  ),
]);
