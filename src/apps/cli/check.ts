import { statSync } from 'node:fs';
import path from 'node:path';
import type { Action } from '../../core/attempt.ts';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { type Card, cardOf } from '../../core/card.ts';
import type { Effect } from '../../core/effect.ts';
import type { StatedFacts } from '../../core/facts.ts';
import type { RawAttempt } from '../../pipeline/observe.ts';
import type { AnyJudged, Refused } from '../../pipeline/products.ts';
import { isRefused } from '../../pipeline/products.ts';
import { EXIT, type Io } from './io.ts';
import { renderCard, renderOptions } from './render-card.ts';

export interface CheckDeps {
  /** Judges without running, without a daemon, and without looking at anything outside this machine. */
  judge(raw: RawAttempt, facts: StatedFacts | undefined): Promise<AnyJudged | Refused>;
  workspaceOf(cwd: string): string;
  readonly person: string;
}

/** Runs the command in a throw-away view too. */
export const REHEARSE = '--rehearse';

export type CheckKind = Action['kind'];
const KINDS: readonly CheckKind[] = ['shell', 'sql', 'http', 'graphql', 'mcp', 'file', 'git'];
const TEXT: ReadonlySet<CheckKind> = new Set(['shell', 'sql', 'git']);

/** What the readers tell apart. A name that means nothing to them would be judged as something else. */
const DIALECTS: Partial<Record<CheckKind, ReadonlySet<string>>> = {
  git: new Set(['bash', 'sh', 'zsh']),
  shell: new Set(['bash', 'sh', 'zsh', 'dash', 'ksh', 'powershell', 'pwsh', 'cmd']),
  sql: new Set(
    `postgres postgresql redshift cockroach cockroachdb mysql mariadb sqlite sqlite-memory mssql tsql oracle clickhouse
    bigquery snowflake duckdb cassandra sql unknown`.split(/\s+/),
  ),
};

/** What `check` and `explain` take. */
export interface CheckRequest {
  readonly json: boolean;
  readonly rehearse: boolean;
  readonly cwd: string;
  readonly text: string;
  readonly action: Action;
}

/** `[--json] [--rehearse] [--kind KIND] [--dialect D] [--cwd DIR] 'COMMAND'` */
export function parseCheckArgs(args: readonly string[], io: Io): CheckRequest | { readonly error: string } {
  let json = false;
  let rehearse = false;
  let kind: CheckKind = 'shell';
  let dialect: string | undefined;
  let cwd = io.cwd;
  const words: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    const value = args[i + 1];
    if (arg === '--json') json = true;
    // What judges was chosen by it already.
    else if (arg === REHEARSE) rehearse = true;
    else if (arg === '--kind' || arg === '--dialect' || arg === '--cwd') {
      if (value === undefined) return { error: `\`${arg}\` takes a value; see \`holdpoint help check\`` };
      if (arg === '--kind' && !isKind(value))
        return { error: `unknown kind \`${value}\`; known are ${KINDS.join(', ')}` };
      if (arg === '--kind' && isKind(value)) kind = value;
      if (arg === '--dialect') dialect = value.toLowerCase();
      if (arg === '--cwd') cwd = path.resolve(io.cwd, value);
      i += 1;
    } else if (arg === '--batch')
      return { error: '`--batch` reads everything from standard input and takes no other argument' };
    else if (arg.startsWith('--')) return { error: `unknown argument \`${arg}\`` };
    else words.push(arg);
  }
  const [text, ...rest] = words;
  if (text === undefined || rest.length > 0)
    return { error: "give the command as one argument: `holdpoint check 'rm -rf build'`" };
  const known = DIALECTS[kind];
  if (dialect !== undefined && known === undefined)
    return { error: `\`--dialect\` is for shell and sql, not for ${kind}` };
  if (dialect !== undefined && known?.has(dialect) === false)
    return { error: `unknown dialect \`${dialect}\` of ${kind}; known are ${[...known].join(', ')}` };
  // A folder that is not there would be judged as one that holds nothing.
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return { error: `no folder \`${cwd}\`` };
  const made = makeAction(kind, TEXT.has(kind) ? text : safeParse(text), cwd, dialect);
  return made.ok ? { json, rehearse, cwd, text, action: made.action } : { error: made.error };
}

/** `holdpoint check [--json] [--rehearse] [--kind KIND] [--dialect D] [--cwd DIR] 'COMMAND'` */
export async function runCheck(args: readonly string[], io: Io, deps: CheckDeps): Promise<number> {
  const request = parseCheckArgs(args, io);
  if ('error' in request) {
    io.err(`holdpoint check: ${request.error}\n`);
    return EXIT.usage;
  }
  const { json, rehearse, cwd, text, action } = request;
  const judged = await deps.judge(rawOf(action, deps, cwd), undefined);
  const view = { ...viewOf(judged, text), ...(rehearse ? { rehearsal: rehearsalView(judged) } : {}) };
  io.out(json ? `${JSON.stringify(view)}\n` : textOf(view, judged, text, io));
  return exitOf(view.verdict);
}

/** The result of a check, for `--json` and `--batch`. */
export interface CheckView {
  readonly verdict: 'allow' | 'hold' | 'deny';
  readonly effects: readonly Json[];
  readonly reasons: readonly { readonly id: string; readonly reason: string }[];
}

export function viewOf(judged: AnyJudged | Refused, _text: string): CheckView {
  if (isRefused(judged))
    return { verdict: judged.says, effects: [], reasons: [{ id: judged.rule, reason: judged.reason }] };
  return {
    verdict: judged.verdict.says,
    effects: judged.effects.map(effectView),
    reasons: judged.verdict.findings
      .filter((one) => one.says !== 'allow')
      .map((one) => ({ id: one.rule, reason: one.reason })),
  };
}

export function effectView(effect: Effect): Json {
  return {
    verb: effect.verb,
    target: 'known' in effect.target ? { ...effect.target.known } : { unknown: effect.target.unknown },
    count: { ...effect.count },
    reversal: effect.reversal,
    basis: effect.basis,
    source: effect.source,
    summary: effect.summary,
    ...(effect.span === undefined ? {} : { span: [...effect.span] }),
    ...(effect.tags === undefined ? {} : { tags: [...effect.tags] }),
  };
}

/** What was seen, or `{ unknown }` with the reason why nothing was. */
function rehearsalView(judged: AnyJudged | Refused): Json {
  const evidence = isRefused(judged) ? undefined : judged.evidence.find((one) => one.question.check === 'rehearsal');
  if (evidence === undefined) return { unknown: 'refused before anything was asked' };
  return 'known' in evidence.answer ? evidence.answer.known : { unknown: evidence.answer.unknown };
}

function textOf(view: CheckView, judged: AnyJudged | Refused, text: string, io: Io): string {
  if (isRefused(judged)) return `${view.verdict}: ${judged.reason} (${judged.rule})\n`;
  const card: Card = cardOf({ ...judged, text });
  return `${view.verdict}\n${renderCard(card, renderOptions(io))}`;
}

export function exitOf(verdict: CheckView['verdict']): number {
  switch (verdict) {
    case 'allow':
      return EXIT.ok;
    case 'hold':
      return EXIT.hold;
    case 'deny':
      return EXIT.deny;
    default:
      return verdict satisfies never;
  }
}

export function rawOf(action: Action, deps: Pick<CheckDeps, 'workspaceOf' | 'person'>, cwd: string): RawAttempt {
  return {
    id: 'check',
    action,
    origin: {
      door: 'cli',
      person: deps.person,
      agent: 'check',
      task: 'check',
      workspace: cwd === '' ? '' : deps.workspaceOf(cwd),
    },
  };
}

export function makeAction(
  kind: CheckKind,
  input: unknown,
  cwd: string,
  dialect: string | undefined,
): { ok: true; action: Action } | { ok: false; error: string } {
  const common = { ...(cwd === '' ? {} : { cwd }), ...(dialect === undefined ? {} : { dialect }) };
  if (TEXT.has(kind)) {
    if (typeof input !== 'string') return { ok: false, error: `the input of a ${kind} action is a string` };
    return { ok: true, action: { kind, bytes: new TextEncoder().encode(input), ...common } };
  }
  if (input === null || typeof input !== 'object' || Array.isArray(input))
    return { ok: false, error: `the input of a ${kind} action is an object` };
  try {
    return { ok: true, action: { kind, bytes: canonicalBytes(input as Json), ...common } };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

export function isKind(text: string): text is CheckKind {
  return KINDS.some((kind) => kind === text);
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
