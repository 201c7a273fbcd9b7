import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Verb } from '../../core/effect.ts';
import { EXCEPTION_LIFETIME_MAX_MS } from '../../core/exception.ts';
import { type ResourceRef, resourceKey } from '../../core/resource.ts';
import { visibleText } from '../../core/visible-text.ts';
import type { Excepting } from '../daemon/excepting.ts';
import { ask } from './client.ts';
import { failed, usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';
import type { OrderDeps } from './order.ts';
import { type Arguments, readArguments, spanMs } from './policy/arguments.ts';

export interface ExceptDeps extends OrderDeps {
  workspaceOf(cwd: string): string;
}

const USAGE =
  'except: `holdpoint except HOLD --because TEXT`, or `--rule RULE --workspace DIR --verb VERB --target SYSTEM/KIND/PATH --because TEXT`; both take `[--for 8h] [--key NAME|FILE]`; also `except list` and `except end ID`';
const HOLD = /^h-[a-z2-7]{8}$/;
const VERBS: readonly Verb[] = ['read', 'create', 'change', 'destroy', 'expose', 'grant', 'run'];

/** What one signature loosens. */
type Loosening = Pick<Excepting, 'rule' | 'verb' | 'target' | 'workspace'>;

/** `holdpoint except`: a signed, scoped, expiring loosening of one rule. */
export async function runExcept(argv: readonly string[], io: Io, deps: ExceptDeps): Promise<number> {
  if (argv[0] === 'list') return list(argv.slice(1), io, deps);
  if (argv[0] === 'end') return end(argv.slice(1), io, deps);
  const read = readArguments(argv, {
    options: {
      rule: 'values',
      workspace: 'value',
      hold: 'value',
      verb: 'value',
      target: 'value',
      because: 'value',
      for: 'value',
      key: 'value',
    },
  });
  if (!read.ok) return usage(io, `except: ${read.why}`);
  const { args } = read;
  const because = args.value('because')?.trim() ?? '';
  const lifetimeMs = spanMs(args.value('for') ?? '8h');
  if (because === '') return usage(io, 'except: say why, for those who read it later: `--because TEXT`');
  if (lifetimeMs === undefined || lifetimeMs === 0 || lifetimeMs > EXCEPTION_LIFETIME_MAX_MS)
    return usage(io, 'except: `--for` takes a time such as `30m`, `8h` or `7d`, at most `30d`');
  const hold = args.words[0] ?? args.value('hold');
  if (args.words.length > 1 || (hold !== undefined && !HOLD.test(hold))) return usage(io, USAGE);
  const wanted = hold === undefined ? asWritten(args, io, deps) : await fromHold(hold, args.values('rule'), io, deps);
  if (wanted === undefined) return usage(io, USAGE);
  if (typeof wanted === 'number') return wanted;
  const expiresAtMs = deps.nowMs() + lifetimeMs;
  for (const [index, one] of wanted.entries()) {
    io.err(describe(one, expiresAtMs, because, index + 1, wanted.length));
    const statement = {
      type: 'holdpoint/exception/v1',
      ...one,
      target: { ...one.target },
      because,
      expiresAtMs,
    };
    const signed = await deps.sign(statement, args.value('key'));
    if (!signed.ok) {
      io.err(`holdpoint: not excepted: ${signed.why}\n`);
      return EXIT.deny;
    }
    const document = JSON.stringify({ statement, signature: signed.armored });
    const reply = await ask(deps.paths, { op: 'except', document });
    if (!reply.ok) return failed(io, reply);
    io.out(`${String(reply.id)} excepts ${one.rule} until ${new Date(expiresAtMs).toISOString()}\n`);
  }
  return EXIT.ok;
}

function asWritten(args: Arguments, io: Io, deps: ExceptDeps): readonly Loosening[] | undefined {
  const rules = args.values('rule');
  const [verb, target, folder] = [args.value('verb'), readTarget(args.value('target') ?? ''), args.value('workspace')];
  if (rules.length === 0 || target === undefined || !isVerb(verb) || folder === undefined) return undefined;
  const place = path.resolve(io.cwd, folder);
  return rules.map((rule) => ({ rule, verb, target, workspace: deps.workspaceOf(realOf(place)) }));
}

/** Rules, verb, target and workspace of what a hold waits for; a number is the exit code of a refusal. */
async function fromHold(
  id: string,
  rules: readonly string[],
  io: Io,
  deps: ExceptDeps,
): Promise<readonly Loosening[] | number> {
  const reply = await ask(deps.paths, { op: 'except-hold', id });
  if (!reply.ok) return failed(io, reply);
  const all = reply.excepting as readonly Excepting[];
  const wanted = all.filter((one) => rules.length === 0 || rules.includes(one.rule));
  const never = wanted.find((one) => one.never !== undefined);
  if (wanted.length === 0 || never !== undefined) {
    io.err(
      `holdpoint: not excepted: ${visibleText(never === undefined ? `hold ${id} was not held by ${rules.join(', ')}` : `${never.rule}: ${never.never ?? ''}`)}\n`,
    );
    return EXIT.deny;
  }
  return wanted.map(({ rule, verb, target, workspace }) => ({ rule, verb, target, workspace }));
}

function describe(one: Loosening, expiresAtMs: number, because: string, number: number, of: number): string {
  const lines = [
    `to sign    ${of === 1 ? 'an exception' : `exception ${number} of ${of}`}, which counts without anybody asked`,
    `rule       ${one.rule}`,
    `effect     ${one.verb} ${resourceKey(one.target)}`,
    `workspace  ${one.workspace}`,
    `until      ${new Date(expiresAtMs).toISOString()}`,
    `because    ${because}`,
  ];
  return `${lines.map((line) => visibleText(line)).join('\n')}\n`;
}

/** `file/path//work/build` or `postgres/table/shop/orders`; JSON where a part has a slash. */
export function readTarget(text: string): ResourceRef | undefined {
  if (text.startsWith('{')) {
    try {
      const { system, kind, path: parts } = JSON.parse(text) as Partial<ResourceRef>;
      const isPath = Array.isArray(parts) && parts.every((part) => typeof part === 'string');
      return typeof system === 'string' && typeof kind === 'string' && isPath
        ? { system, kind, path: parts }
        : undefined;
    } catch {
      return undefined;
    }
  }
  const [, system, kind, rest] = /^([^/]+)\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (system === undefined || kind === undefined || rest === undefined) return undefined;
  return { system, kind, path: rest.startsWith('/') ? [rest] : rest.split('/') };
}

async function list(argv: readonly string[], io: Io, deps: ExceptDeps): Promise<number> {
  if (argv.some((arg) => arg !== '--json')) return usage(io, USAGE);
  const reply = await ask(deps.paths, { op: 'except-list' });
  if (!reply.ok) return failed(io, reply);
  const kept = reply.exceptions as readonly KeptView[];
  if (argv.includes('--json')) io.out(`${JSON.stringify(kept)}\n`);
  else if (kept.length === 0) io.out('no exceptions\n');
  else for (const one of kept) io.out(`${visibleText(lineOf(one))}\n`);
  return EXIT.ok;
}

type KeptView =
  | { readonly id: string; readonly ignored: string }
  | (Loosening & {
      readonly id: string;
      readonly signer: string;
      readonly because: string;
      readonly expiresAtMs: number;
    });

function lineOf(one: KeptView): string {
  if ('ignored' in one) return `${one.id}  does not count: ${one.ignored}`;
  const what = `${one.rule}: ${one.verb} ${resourceKey(one.target)} in ${one.workspace}`;
  return `${one.id}  until ${new Date(one.expiresAtMs).toISOString()} by ${one.signer}  ${what}  (${one.because})`;
}

async function end(argv: readonly string[], io: Io, deps: ExceptDeps): Promise<number> {
  const [id, ...rest] = argv;
  if (id === undefined || rest.length > 0) return usage(io, USAGE);
  const reply = await ask(deps.paths, { op: 'except-end', id });
  if (!reply.ok) return failed(io, reply);
  io.out(`ended ${visibleText(id)}\n`);
  return EXIT.ok;
}

function isVerb(text: string | undefined): text is Verb {
  return VERBS.some((verb) => verb === text);
}

function realOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
