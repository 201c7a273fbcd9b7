import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { visibleText } from '../../../core/visible-text.ts';
import type { RegoModule } from '../../../ports/policy-layers.ts';
import { SESSION_LIMITS, type SessionRead } from '../../policy/session.ts';
import { ask } from '../client.ts';
import { failed, usage } from '../holds.ts';
import { EXIT, type Io, originOf } from '../io.ts';
import { askSigned, type OrderDeps } from '../order.ts';
import { readArguments, spanMs } from './arguments.ts';

const USAGE = 'policy session: `add FILE... [--task T] [--for 24h]`, `list [--json]` or `drop ID [--key NAME|FILE]`';

/** `holdpoint policy session add|list|drop`: rules of one task, which only tighten. */
export function runPolicySession(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const [verb, ...rest] = argv;
  switch (verb) {
    case 'add':
      return add(rest, io, deps);
    case 'list':
      return list(rest, io, deps);
    case 'drop':
      return drop(rest, io, deps);
    default:
      return Promise.resolve(usage(io, USAGE));
  }
}

async function add(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const read = readArguments(argv, { options: { task: 'value', for: 'value' } });
  if (!read.ok) return usage(io, `policy session add: ${read.why}`);
  const { args } = read;
  const lifetimeMs = spanMs(args.value('for') ?? '24h');
  if (args.words.length === 0 || lifetimeMs === undefined || lifetimeMs === 0) return usage(io, USAGE);
  const modules: RegoModule[] = [];
  for (const word of args.words) {
    const file = path.resolve(io.cwd, word);
    try {
      if (statSync(file).size > SESSION_LIMITS.chars) throw new Error(`larger than ${SESSION_LIMITS.chars} bytes`);
      modules.push({ name: word, text: readFileSync(file, 'utf8') });
    } catch (error) {
      io.err(`holdpoint: \`${visibleText(word)}\`: ${error instanceof Error ? error.message : String(error)}\n`);
      return EXIT.failed;
    }
  }
  const task = args.value('task') ?? originOf(io.env).task;
  const reply = await ask(deps.paths, { op: 'session-add', task, modules, lifetimeMs });
  if (!reply.ok) return failed(io, reply);
  io.out(
    `${String(reply.id)} in force for task ${visibleText(task)} until ${new Date(Number(reply.untilMs)).toISOString()}\n`,
  );
  return EXIT.ok;
}

async function list(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const read = readArguments(argv, { options: { json: 'flag' } });
  if (!read.ok || read.args.words.length > 0) return usage(io, USAGE);
  const reply = await ask(deps.paths, { op: 'session-list' });
  if (!reply.ok) return failed(io, reply);
  const sessions = reply.sessions as readonly SessionRead[];
  if (read.args.has('json')) io.out(`${JSON.stringify(sessions)}\n`);
  else if (sessions.length === 0) io.out('no rules of tasks\n');
  else
    for (const one of sessions)
      io.out(
        'fault' in one
          ? `${one.id}  ${visibleText(one.fault)}; the task is denied\n`
          : `${one.id}  until ${new Date(one.untilMs).toISOString()}  task ${visibleText(one.task)}: ${one.modules
              .map((module) => visibleText(module.name))
              .join(', ')}\n`,
      );
  return EXIT.ok;
}

async function drop(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const read = readArguments(argv, { options: { key: 'value' } });
  const [id, ...rest] = read.ok ? read.args.words : [];
  if (!read.ok || id === undefined || rest.length > 0) return usage(io, USAGE);
  const order = { order: 'policy-session-drop', subject: id } as const;
  const reply = await askSigned({ op: 'session-drop', id }, order, read.args.value('key'), deps);
  if (!reply.ok) return failed(io, reply);
  io.out(`dropped ${id}\n`);
  return EXIT.ok;
}
