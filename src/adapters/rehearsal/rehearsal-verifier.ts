import { join } from 'node:path';
import type { Attempt } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { evidenceOf, type Question } from '../../core/evidence.ts';
import { type FileRecoveryFact, factAsJson, type RehearsalFact, type RehearsedLoss } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FileChange, Rehearser } from '../../ports/rehearsal.ts';
import type { Verifier } from '../../ports/verifier.ts';

export interface RehearsalVerifierOptions {
  readonly rehearser: Rehearser;
  /** Answers `recovery` about `file/path`: what git or a build could bring back. It runs nothing. */
  readonly recovery: Verifier;
  readonly clock: Clock;
  /** 30 seconds where left out. It is asked again right before the effect. */
  readonly maxAgeMs?: number;
}

/** Things whose way back is looked up one by one; what lies beyond counts as the only copy. */
const MOST_LOOKED_UP = 300;
/** As many as a recovery fact lists; fewer means that it lists all. */
const MOST_IRREPLACEABLE = 20;

/**
 * Answers `rehearsal` about `host/command`: runs the attempt's own bytes in a throw-away view and says what went.
 * SECURITY: the attempt decides what is run, never the question, which only has to fit it.
 */
export function makeRehearsalVerifier(options: RehearsalVerifierOptions): Verifier {
  const { rehearser, clock } = options;

  const learn = async (question: Question, attempt: Attempt, signal: AbortSignal): Promise<Tri<RehearsalFact>> => {
    if (question.about.kind !== 'command') return unknown(question.about.path[0] ?? 'not local');
    const { action } = attempt;
    if (action.kind !== 'shell' || action.cwd === undefined || question.about.path[1] !== action.cwd)
      return unknown('asked about another command');
    const run = await rehearser.rehearse({ text: new TextDecoder().decode(action.bytes), cwd: action.cwd }, signal);
    if (!run.ok) return unknown(run.why);
    // What git keeps of its own state is judged by the words of the command, and the rest of it is git's bookkeeping.
    const changes = run.changes.filter((change) => !(change.path.includes('/.git/') && change.kind === 'file'));
    const budget = { left: MOST_LOOKED_UP };
    const losses: RehearsedLoss[] = [];
    for (const change of changes) losses.push(await lossOf(change, attempt, signal, budget));
    const sum = (of: (loss: RehearsedLoss) => number): number => losses.reduce((total, one) => total + of(one), 0);
    return known({
      ended: run.ended,
      exitCode: run.exitCode,
      lost: losses
        .toSorted((a, b) => b.irreplaceableBytes - a.irreplaceableBytes || (a.path < b.path ? -1 : 1))
        .slice(0, LIMITS.rehearsedLosses),
      things: losses.length,
      files: sum((one) => one.files),
      bytes: sum((one) => one.bytes),
      irreplaceableFiles: sum((one) => one.irreplaceableFiles),
      irreplaceableBytes: sum((one) => one.irreplaceableBytes),
      capped: run.capped || budget.left < 0,
    });
  };

  async function recoveryOf(
    path: string,
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<FileRecoveryFact | undefined> {
    const about = { system: 'file', kind: 'path', path: [path] };
    const { answer } = await options.recovery.answer({ check: 'recovery', about }, attempt, signal);
    return 'known' in answer ? (answer.known as unknown as FileRecoveryFact) : undefined;
  }

  async function lossOf(
    change: FileChange,
    attempt: Attempt,
    signal: AbortSignal,
    budget: { left: number },
  ): Promise<RehearsedLoss> {
    const { path, fate, kind, bytes } = change;
    const files = kind === 'directory' ? change.below.length : 1;
    const common = { path, fate, kind, files, bytes };
    const kept = { irreplaceableFiles: 0, irreplaceableBytes: 0 };
    budget.left -= 1;
    const fact = budget.left < 0 || signal.aborted ? undefined : await recoveryOf(path, attempt, signal);
    const insideWorkspace = fact?.insideWorkspace ?? false;
    const by = fate === 'moved' ? 'moved' : fact === undefined ? undefined : keeperOf(fact);
    if (by !== undefined) return { ...common, by, insideWorkspace, ...kept };
    const irreplaceable = await onlyCopies(change, fact, attempt, signal, budget);
    return {
      ...common,
      by: 'nothing',
      insideWorkspace,
      irreplaceableFiles: irreplaceable.length,
      irreplaceableBytes: irreplaceable.reduce((total, one) => total + one.bytes, 0),
    };
  }

  /** Of a folder that goes, the files that nothing brings back; all of them where that is not known. */
  async function onlyCopies(
    change: FileChange,
    fact: FileRecoveryFact | undefined,
    attempt: Attempt,
    signal: AbortSignal,
    budget: { left: number },
  ): Promise<readonly { readonly bytes: number }[]> {
    if (change.kind !== 'directory') return [{ bytes: change.bytes }];
    if (fact === undefined || fact.filesCapped) return change.below;
    if (fact.irreplaceable.length < MOST_IRREPLACEABLE) {
      const names = new Set(fact.irreplaceable.map((name) => join(change.path, name)));
      return change.below.filter((one) =>
        [...names].some((name) => one.path === name || one.path.startsWith(`${name}/`)),
      );
    }
    const out: { readonly bytes: number }[] = [];
    for (const one of change.below) {
      budget.left -= 1;
      const own = budget.left < 0 || signal.aborted ? undefined : await recoveryOf(one.path, attempt, signal);
      if (own === undefined || keeperOf(own) === undefined) out.push(one);
    }
    return out;
  }

  return {
    name: 'rehearsal',
    canAnswer: ({ check, about }) =>
      check === 'rehearsal' && about.system === 'host' && about.kind.startsWith('command') && about.path.length > 0,
    answer: async (question, attempt, signal) => {
      const answer = await learn(question, attempt, signal);
      return evidenceOf({
        question,
        answer: 'known' in answer ? known<Json>(factAsJson(answer.known)) : answer,
        source: 'rehearsal',
        atMs: clock.nowMs(),
        maxAgeMs: options.maxAgeMs ?? 30_000,
      });
    },
  };
}

function keeperOf(fact: FileRecoveryFact): RehearsedLoss['by'] | undefined {
  if (fact.trackedAndClean) return 'git';
  if (fact.regenerable) return 'build';
  if (fact.madeByTask) return 'task';
  if (fact.temporary) return 'temporary';
  // Part tracked, part made again, and nothing besides.
  return fact.exists && fact.irreplaceable.length === 0 && !fact.filesCapped ? 'git' : undefined;
}
