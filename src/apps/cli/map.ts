import { DECLARED_ENVIRONMENTS, type DeclaredEnvironment } from '../../core/declaration.ts';
import { mapTargetText, parseMapTarget } from '../../core/map-target.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { visibleText } from '../../core/visible-text.ts';
import { ask, type Reply } from './client.ts';
import { failed, usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';
import { askSigned, type OrderDeps } from './order.ts';
import { readArguments } from './policy/arguments.ts';

const USAGE =
  'map: `holdpoint map [--json]`, `map show TARGET [--json]`, `map add|set TARGET --environment production|staging|development|throwaway [--note TEXT] [--key NAME|FILE]` or `map remove TARGET [--key NAME|FILE]`';
const NOTE_CHARS = 2_000;

/** One line of the map, as the daemon tells it. */
type DeclaredView =
  | {
      readonly target: string;
      readonly environment: DeclaredEnvironment;
      readonly signer: string;
      readonly declaredAtMs: number;
      readonly note?: string;
    }
  | { readonly target?: string; readonly file: string; readonly ignored: string };

/** `holdpoint map`: what people declared about the world, and declaring it. */
export async function runMap(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const [verb, ...rest] = argv;
  switch (verb) {
    case 'add':
    case 'set':
      return declare(rest, verb === 'set', io, deps);
    case 'remove':
      return remove(rest, io, deps);
    case 'show':
      return show(rest, io, deps);
    case 'list':
      return list(rest, io, deps);
    default:
      return list(argv, io, deps);
  }
}

async function list(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const read = readArguments(argv, { options: { json: 'flag' } });
  if (!read.ok || read.args.words.length > 0) return usage(io, read.ok ? USAGE : `map: ${read.why}`);
  const asked = await declarationsOf(deps);
  if (!asked.ok) return failed(io, asked);
  const { declarations } = asked;
  if (read.args.has('json')) io.out(`${JSON.stringify(declarations)}\n`);
  else if (declarations.length === 0) io.out('nothing is declared\n');
  else for (const one of declarations) io.out(`${visibleText(lineOf(one))}\n`);
  return EXIT.ok;
}

async function show(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const read = readArguments(argv, { options: { json: 'flag' } });
  if (!read.ok) return usage(io, `map show: ${read.why}`);
  const target = targetOf(read.args.words, io);
  if (target === undefined) return EXIT.usage;
  const asked = await declarationsOf(deps);
  if (!asked.ok) return failed(io, asked);
  const { declarations } = asked;
  const found = declarations.find((one) => one.target === mapTargetText(target));
  if (found === undefined) {
    io.err(`holdpoint: nothing is declared about \`${visibleText(mapTargetText(target))}\`\n`);
    return EXIT.failed;
  }
  io.out(read.args.has('json') ? `${JSON.stringify(found)}\n` : `${visibleText(lineOf(found))}\n`);
  return EXIT.ok;
}

async function declare(argv: readonly string[], replace: boolean, io: Io, deps: OrderDeps): Promise<number> {
  const name = replace ? 'map set' : 'map add';
  const read = readArguments(argv, { options: { environment: 'value', note: 'value', key: 'value' } });
  if (!read.ok) return usage(io, `${name}: ${read.why}`);
  const { args } = read;
  const environment = DECLARED_ENVIRONMENTS.find((one) => one === args.value('environment'));
  const target = targetOf(args.words, io);
  if (target === undefined) return EXIT.usage;
  if (environment === undefined)
    return usage(io, `${name}: \`--environment\` takes ${DECLARED_ENVIRONMENTS.join(', ')}`);
  const note = args.value('note')?.trim();
  if (note !== undefined && (note === '' || note.length > NOTE_CHARS))
    return usage(io, `${name}: \`--note\` takes a text of at most ${NOTE_CHARS} characters`);
  const before = await declarationsOf(deps);
  if (!before.ok) return failed(io, before);
  const now = before.declarations.find((one) => one.target === mapTargetText(target));
  const statement = {
    type: 'holdpoint/declaration/v1',
    target: { ...target },
    environment,
    declaredAtMs: deps.nowMs(),
    ...(note === undefined ? {} : { note }),
  };
  const lines = [
    'to sign     what a thing of the world is; it counts until you change it',
    `target      ${mapTargetText(target)}`,
    `environment ${environment}`,
    ...(note === undefined ? [] : [`note        ${note}`]),
    ...(now === undefined ? [] : [`now         ${lineOf(now)}`]),
  ];
  io.err(`${lines.map((line) => visibleText(line)).join('\n')}\n`);
  const signed = await deps.sign(statement, args.value('key'));
  if (!signed.ok) {
    io.err(`holdpoint: not declared: ${signed.why}\n`);
    return EXIT.deny;
  }
  const document = JSON.stringify({ statement, signature: signed.armored });
  const reply = await ask(deps.paths, { op: 'map-set', document, replace });
  if (!reply.ok) return failed(io, reply);
  io.out(`declared ${visibleText(String(reply.target))} ${environment}, signed by ${String(reply.signer)}\n`);
  return EXIT.ok;
}

async function remove(argv: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const read = readArguments(argv, { options: { key: 'value' } });
  if (!read.ok) return usage(io, `map remove: ${read.why}`);
  const target = targetOf(read.args.words, io);
  if (target === undefined) return EXIT.usage;
  const subject = mapTargetText(target);
  const reply = await askSigned(
    { op: 'map-remove', target: subject },
    { order: 'map-remove', subject },
    read.args.value('key'),
    deps,
  );
  if (!reply.ok) return failed(io, reply);
  io.out(`taken out: nothing is declared about ${visibleText(subject)} now\n`);
  return EXIT.ok;
}

/** The one target of a command; says what is wrong with it otherwise. */
function targetOf(words: readonly string[], io: Io): ResourceRef | undefined {
  const [word, ...others] = words;
  if (word === undefined || others.length > 0) {
    usage(io, USAGE);
    return undefined;
  }
  const read = parseMapTarget(word);
  if (read.ok) return read.target;
  usage(io, `map: ${visibleText(read.why)}`);
  return undefined;
}

async function declarationsOf(
  deps: OrderDeps,
): Promise<{ readonly ok: true; readonly declarations: readonly DeclaredView[] } | Extract<Reply, { ok: false }>> {
  const reply = await ask(deps.paths, { op: 'map-list' });
  return reply.ok ? { ok: true, declarations: reply.declarations as readonly DeclaredView[] } : reply;
}

function lineOf(one: DeclaredView): string {
  if ('ignored' in one) return `${one.target ?? one.file}  does not count: ${one.ignored}`;
  const note = one.note === undefined ? '' : `  (${one.note})`;
  return `${one.target}  ${one.environment}  by ${one.signer}, ${new Date(one.declaredAtMs).toISOString()}${note}`;
}
