import { statSync } from 'node:fs';
import path from 'node:path';
import type { Action } from '../../core/attempt.ts';
import { dangerOf } from '../../core/danger.ts';
import type { StatedFacts } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import type { RawAttempt } from '../../pipeline/observe.ts';
import { type AnyJudged, isRefused, type Refused } from '../../pipeline/products.ts';
import type { TranscriptFile, Transcripts } from '../../ports/transcripts.ts';
import { transcriptParser } from '../../protocols/transcripts/agents.ts';
import {
  isTranscriptAgent,
  type RecordedCall,
  TRANSCRIPT_AGENTS,
  type TranscriptAgent,
} from '../../protocols/transcripts/transcript.ts';
import { type Read, reportJson, reportText } from './audit/report.ts';
import { isUnjudged, makeTally, passingOf, type Tally } from './audit/tally.ts';
import { EXIT, type Io } from './io.ts';

export interface AuditDeps {
  readonly transcripts: Transcripts;
  readonly home: string;
  judge(raw: RawAttempt, facts: StatedFacts | undefined): Promise<AnyJudged | Refused>;
  workspaceOf(cwd: string): string;
  readonly person: string;
  nowMs(): number;
}

interface Wanted {
  readonly agents: readonly TranscriptAgent[];
  readonly sinceMs: number;
  readonly since: string;
  readonly within: string | undefined;
  readonly json: boolean;
  readonly limit: number;
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DEFAULT_LIMIT = 20;
/** Calls whose copies in later transcripts are known as such. */
const MOST_IDENTITIES = 200_000;
const PROGRESS_MS = 250;
/** Agents repeat themselves: verdicts on the same short text in the same folder are kept, the latest of them. */
const MOST_KEPT = 2_000;
const KEPT_BYTES = 2_000;

/** `holdpoint audit [--agent NAME]... [--since 30d] [--path DIR] [--json] [--limit N]` */
export async function runAudit(args: readonly string[], io: Io, deps: AuditDeps): Promise<number> {
  const wanted = parse(args, io, deps.nowMs());
  if ('error' in wanted) {
    io.err(`holdpoint audit: ${wanted.error}\n`);
    return EXIT.usage;
  }
  const tally = makeTally();
  const seen = new Set<string>();
  const memory: Memory = { folders: new Map(), verdicts: new Map() };
  const reads: Read[] = [];
  const progress = makeProgress(io);
  for (const agent of wanted.agents) {
    const places = deps.transcripts.places(agent, wanted.sinceMs);
    const read: Read = {
      agent,
      looked: places.map((place) => place.looked),
      found: places.some((place) => place.found),
      files: 0,
      bytes: 0,
      calls: 0,
      malformed: 0,
      tooLong: 0,
      unreadable: 0,
      why: '',
    };
    reads.push(read);
    const files = places.flatMap((place) => place.files);
    for (const file of files) {
      read.files += 1;
      read.bytes += file.bytes;
      for (const call of callsOf(agent, file, read, deps)) {
        progress(`${agent}: transcript ${read.files} of ${files.length}, ${tally.totals().calls} calls`);
        if (call.atMs !== 0 && call.atMs < wanted.sinceMs) continue;
        if (wanted.within !== undefined && !isInside(call.cwd, wanted.within)) continue;
        if (isCopy(`${agent} ${call.identity}`, seen)) continue;
        read.calls += 1;
        await count(call, tally, memory, deps);
      }
    }
  }
  progress(undefined);
  io.out(
    wanted.json
      ? reportJson(reads, tally, wanted.limit)
      : reportText(reads, tally, wanted.limit, wanted.since === '' ? '' : ` since ${wanted.since}`),
  );
  return EXIT.ok;
}

function* callsOf(agent: TranscriptAgent, file: TranscriptFile, read: Read, deps: AuditDeps): Generator<RecordedCall> {
  const parser = transcriptParser(agent, deps.home);
  for (const record of deps.transcripts.records(agent, file)) {
    switch (record.kind) {
      case 'text':
        yield* parser.read(record);
        break;
      case 'too-long':
        read.tooLong += 1;
        break;
      case 'unreadable':
        read.unreadable += 1;
        if (read.why === '') read.why = record.why;
        break;
      default:
        record satisfies never;
    }
  }
  yield* parser.end();
  read.malformed += parser.malformed();
}

interface Verdicts {
  readonly alone: AnyJudged | Refused;
  /** `undefined` where nothing had to be asked, or the folder is gone. */
  readonly today: AnyJudged | Refused | undefined;
}

interface Memory {
  readonly folders: Map<string, boolean>;
  readonly verdicts: Map<string, Verdicts>;
}

/**
 * Text alone decides what counts as held: the disk is no longer the one of that moment. Where the folder is still there,
 * today's disk is asked a second time: about what is held, since a hold that it lifts would hardly have come up, and about
 * scripts that text alone does not read.
 */
async function count(call: RecordedCall, tally: Tally, memory: Memory, deps: AuditDeps): Promise<void> {
  if (!('bytes' in call.action)) return tally.passes('no-effect', call, undefined);
  const { alone, today } = await verdictsOn(call, call.action, memory, deps);
  if (isRefused(alone) || alone.says !== 'allow')
    return tally.stops(call, alone, today !== undefined && !isRefused(today) && today.says === 'allow');
  if (today !== undefined && !isRefused(today) && today.says !== 'allow' && doesHarm(today))
    return tally.stops(call, today, false);
  tally.passes(passingOf(alone), call, alone);
}

async function verdictsOn(call: RecordedCall, action: Action, memory: Memory, deps: AuditDeps): Promise<Verdicts> {
  const { cwd: _, ...text } = action;
  const key =
    action.bytes.length > KEPT_BYTES
      ? undefined
      : [call.agent, call.cwd, action.kind, action.dialect ?? '', new TextDecoder().decode(action.bytes)].join(
          '\u0000',
        );
  const before = key === undefined ? undefined : memory.verdicts.get(key);
  if (before !== undefined) return before;
  const alone = await deps.judge(raw(text, call, '', deps), undefined);
  const asks = !isRefused(alone) && (alone.says !== 'allow' || alone.effects.some(isUnjudged));
  const today =
    asks && isFolder(call.cwd, memory.folders)
      ? await deps.judge(raw({ ...text, cwd: call.cwd }, call, deps.workspaceOf(call.cwd), deps), undefined)
      : undefined;
  if (key !== undefined) {
    const [oldest] = memory.verdicts.keys();
    if (memory.verdicts.size >= MOST_KEPT && oldest !== undefined) memory.verdicts.delete(oldest);
    memory.verdicts.set(key, { alone, today });
  }
  return { alone, today };
}

/** A script that is not there any more cannot be read; that alone says nothing of the call that ran it. */
function doesHarm(judged: AnyJudged): boolean {
  return judged.effects.some((effect) => dangerOf(effect) === 'destructive');
}

function raw(action: RawAttempt['action'], call: RecordedCall, workspace: string, deps: AuditDeps): RawAttempt {
  return {
    id: 'audit',
    action,
    origin: { door: 'hook', person: deps.person, agent: call.agent, task: 'audit', workspace },
  };
}

function isFolder(folder: string, known: Map<string, boolean>): boolean {
  const before = known.get(folder);
  if (before !== undefined) return before;
  const there = folder !== '' && statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (known.size < LIMITS.safeguardFiles) known.set(folder, there);
  return there;
}

function isCopy(identity: string, seen: Set<string>): boolean {
  if (seen.has(identity)) return true;
  const [oldest] = seen;
  if (seen.size >= MOST_IDENTITIES && oldest !== undefined) seen.delete(oldest);
  seen.add(identity);
  return false;
}

function isInside(folder: string, outer: string): boolean {
  return folder === outer || folder.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}

function parse(args: readonly string[], io: Io, nowMs: number): Wanted | { readonly error: string } {
  const agents: TranscriptAgent[] = [];
  const wanted = { sinceMs: 0, since: '', within: undefined as string | undefined, json: false, limit: DEFAULT_LIMIT };
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const value = args[i + 1];
    if (arg === '--json') {
      wanted.json = true;
      continue;
    }
    if (!/^--(agent|since|path|limit)$/.test(arg)) return { error: `unknown argument \`${arg}\`` };
    if (value === undefined) return { error: `\`${arg}\` needs a value` };
    i += 1;
    if (arg === '--agent') {
      if (!isTranscriptAgent(value))
        return { error: `unknown agent \`${value}\`; known: ${TRANSCRIPT_AGENTS.join(', ')}` };
      if (!agents.includes(value)) agents.push(value);
    } else if (arg === '--path') wanted.within = path.resolve(io.cwd, value);
    else if (arg === '--limit') {
      if (!/^[1-9]\d{0,5}$/.test(value)) return { error: `\`--limit\` is a number from 1, not \`${value}\`` };
      wanted.limit = Number(value);
    } else {
      const span = /^([1-9]\d{0,4})([mhdw])$/.exec(value);
      if (span === null) return { error: `\`--since\` is a time such as 30d, 12h or 4w, not \`${value}\`` };
      wanted.sinceMs = nowMs - Number(span[1]) * (UNITS_MS[span[2] ?? ''] ?? 0);
      wanted.since = new Date(wanted.sinceMs).toISOString().slice(0, 10);
    }
  }
  return { ...wanted, agents: agents.length === 0 ? TRANSCRIPT_AGENTS : agents };
}

/** One line that is written over, on a terminal only. */
function makeProgress(io: Io): (line: string | undefined) => void {
  if (io.columns === undefined) return () => undefined;
  const width = io.columns - 1;
  let lastMs = performance.now();
  return (line) => {
    if (line !== undefined && performance.now() - lastMs < PROGRESS_MS) return;
    lastMs = performance.now();
    io.err(`\r\u001b[K${line === undefined ? '' : line.slice(0, width)}`);
  };
}
