import { dangerOf, isPlainRead } from '../../../core/danger.ts';
import type { Effect } from '../../../core/effect.ts';
import { visibleText } from '../../../core/visible-text.ts';
import type { AnyJudged, Refused } from '../../../pipeline/products.ts';
import { isRefused } from '../../../pipeline/products.ts';
import type { RecordedCall, RecordedOutcome } from '../../../protocols/transcripts/transcript.ts';
import { shapeOf, subject, wholeText } from './shape.ts';

const MOST_GROUPS = 5_000;
const EXAMPLES = 3;

/**
 * Why a stop looks needless, judged by what the transcript tells. `disk`: the call ran, and with the disk as it is today
 * it would pass: text alone did not know that. `not-understood`: the call ran, and nothing but a lack of understanding
 * stopped it. `undefined`: it is stopped for what it does.
 */
export type Needless = 'disk' | 'not-understood' | undefined;

export interface Example {
  /** The call; the part that was stopped, where it is another text. */
  readonly text: string;
  readonly part?: string;
  readonly agent: string;
  readonly session: string;
  readonly cwd: string;
  readonly atMs: number;
}

export interface Group {
  readonly verdict: 'hold' | 'deny';
  readonly needless: Needless;
  readonly rule: string;
  readonly shape: string;
  readonly reason: string;
  readonly count: number;
  readonly outcomes: Readonly<Record<RecordedOutcome, number>>;
  readonly examples: readonly Example[];
}

/** Why a call passes. */
export type Passing = 'no-effect' | 'reads' | 'undoable' | 'unjudged';

export interface Totals {
  readonly calls: number;
  readonly held: number;
  readonly denied: number;
  readonly allowed: Readonly<Record<Passing, number>>;
  /** Calls in groups that were one too many to keep. */
  readonly ungrouped: number;
}

export interface Tally {
  passes(why: Passing, call: RecordedCall, judged: AnyJudged | undefined): void;
  stops(call: RecordedCall, judged: AnyJudged | Refused, passesOnDisk: boolean): void;
  totals(): Totals;
  /** Needless first; in each class the most frequent first. */
  groups(): readonly Group[];
  /** What passes without being understood, most frequent first. */
  unjudged(): readonly { readonly shape: string; readonly count: number }[];
}

interface Counting extends Group {
  count: number;
  readonly outcomes: Record<RecordedOutcome, number>;
  readonly examples: Example[];
}

/** Counts calls by rule and shape. Its memory does not grow with the number of calls. */
export function makeTally(): Tally {
  const groups = new Map<string, Counting>();
  const unjudged = new Map<string, number>();
  const allowed: Record<Passing, number> = { 'no-effect': 0, reads: 0, undoable: 0, unjudged: 0 };
  const totals = { calls: 0, held: 0, denied: 0, ungrouped: 0 };

  function groupOf(found: Omit<Group, 'count' | 'outcomes' | 'examples'>): Counting | undefined {
    const key = [found.verdict, found.needless ?? '', found.rule, found.shape].join('\u0000');
    const before = groups.get(key);
    if (before !== undefined || groups.size >= MOST_GROUPS) return before;
    const made: Counting = {
      ...found,
      count: 0,
      outcomes: { ran: 0, failed: 0, refused: 0, unknown: 0 },
      examples: [],
    };
    groups.set(key, made);
    return made;
  }

  return {
    passes(why, call, judged) {
      totals.calls += 1;
      allowed[why] += 1;
      if (why !== 'unjudged' || !('bytes' in call.action)) return;
      const shape = shapeOf(call.action, judged?.effects.find(isUnjudged));
      if (unjudged.has(shape) || unjudged.size < MOST_GROUPS) unjudged.set(shape, (unjudged.get(shape) ?? 0) + 1);
    },
    stops(call, judged, passesOnDisk) {
      if (!('bytes' in call.action)) return;
      totals.calls += 1;
      const { verdict, rule, reason, effect, understood } = stopOf(judged);
      if (verdict === 'hold') totals.held += 1;
      else totals.denied += 1;
      const ran = call.outcome === 'ran';
      const needless: Needless =
        verdict === 'deny' || !ran ? undefined : passesOnDisk ? 'disk' : understood ? undefined : 'not-understood';
      const group = groupOf({
        verdict,
        needless,
        rule,
        shape: shapeOf(call.action, effect),
        reason: visibleText(reason).slice(0, 300),
      });
      if (group === undefined) {
        totals.ungrouped += 1;
        return;
      }
      group.count += 1;
      group.outcomes[call.outcome] += 1;
      const text = wholeText(call.action);
      const part = subject(call.action, effect);
      if (group.examples.length < EXAMPLES && !group.examples.some((one) => one.text === text))
        group.examples.push({
          text,
          ...(part === text ? {} : { part }),
          agent: call.agent,
          session: visibleText(call.session).slice(0, 80),
          cwd: visibleText(call.cwd),
          atMs: call.atMs,
        });
    },
    totals: () => ({ ...totals, allowed: { ...allowed } }),
    groups: () =>
      [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.shape < b.shape ? -1 : 1)),
    unjudged: () =>
      [...unjudged]
        .map(([shape, count]) => ({ shape, count }))
        .sort((a, b) => b.count - a.count || (a.shape < b.shape ? -1 : 1)),
  };
}

/** What would have nagged for nothing, then what stood in the way of work, then what was stopped anyway, then denials. */
export function rank(group: Group): number {
  if (group.needless === 'disk') return 0;
  if (group.needless === 'not-understood') return 1;
  if (group.verdict === 'deny') return 4;
  return group.outcomes.ran > 0 ? 2 : 3;
}

export function passingOf(judged: AnyJudged): Passing {
  if (judged.effects.some(isUnjudged)) return 'unjudged';
  const telling = judged.effects.filter((effect) => effect.verb !== 'run');
  return telling.length > 0 && !isPlainRead(telling) ? 'undoable' : 'reads';
}

export function isUnjudged(effect: Effect): boolean {
  return effect.verb === 'run' && effect.basis === 'opaque';
}

function stopOf(judged: AnyJudged | Refused): {
  readonly verdict: 'hold' | 'deny';
  readonly rule: string;
  readonly reason: string;
  readonly effect: Effect | undefined;
  readonly understood: boolean;
} {
  if (isRefused(judged))
    return { verdict: judged.says, rule: judged.rule, reason: judged.reason, effect: undefined, understood: false };
  const { findings, says } = judged.verdict;
  const stopping = findings.filter((one) => one.says !== 'allow');
  const first = stopping.find((one) => one.says === says) ?? stopping[0];
  const understood = stopping.some((one) => {
    const effect = judged.effects[one.effect];
    return effect !== undefined && dangerOf(effect) === 'destructive' && 'known' in effect.target;
  });
  return {
    verdict: says === 'deny' ? 'deny' : 'hold',
    rule: first?.rule ?? 'floor/silence',
    reason: first?.reason ?? '',
    effect: first === undefined ? undefined : judged.effects[first.effect],
    understood,
  };
}
