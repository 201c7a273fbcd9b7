import type { Action } from '../core/attempt.ts';
import type { Json } from '../core/canonical-json.ts';
import { worstDanger } from '../core/danger.ts';
import { digestOfBytes } from '../core/digest.ts';
import type { Effect, Reversal } from '../core/effect.ts';
import type { RehearsalFact, RehearsedLoss } from '../core/facts.ts';
import type { ResourceRef } from '../core/resource.ts';
import { known, type Tri, unknown } from '../core/tri.ts';
import type { Reader, Reading, ReadingContext } from './reading.ts';

/**
 * A reader that also asks what a shell command does when it is rehearsed, and joins that to what its text says.
 * `held`: only where the text alone would hold it and everything in it is local to the file system. `always`: and where
 * it cannot be rehearsed, the evidence says why.
 *
 * INVARIANT: observation adds. No effect of the text goes or gets weaker, whatever was seen: a command can find out
 * that it is rehearsed (no network, few devices, a young machine), and then the branch that counts was not taken.
 */
export function withRehearsal(reader: Reader, when: 'held' | 'always'): Reader {
  return (action, context) => {
    const reading = reader(action, context);
    const why = whyNotLocal(action, context, reading);
    if (when === 'held' && (why !== undefined || worstDanger(reading.effects) === 'harmless')) return reading;
    const about = why === undefined ? commandRef(action, context) : notLocalRef(why);
    const fact = context.fact('rehearsal', about);
    const effects =
      fact !== undefined && 'known' in fact ? joined(reading.effects, factOf(fact.known)) : reading.effects;
    return { effects, questions: [...reading.questions, { check: 'rehearsal', about }] };
  };
}

function commandRef(action: Action, context: ReadingContext): ResourceRef {
  return { system: 'host', kind: 'command', path: [digestOfBytes(action.bytes), action.cwd ?? context.cwd] };
}

/** Nobody rehearses this; what it is asked about is the reason. */
export function notLocalRef(why: string): ResourceRef {
  return { system: 'host', kind: 'command-elsewhere', path: [why] };
}

/** Effects on these are seen in a view of the file system, or are none there. */
const LOCAL: ReadonlySet<string> = new Set(['file/path', 'host/program', 'host/check', 'host/environment']);
/** Their effects are on a repository somewhere else, whatever kind of thing it is there. */
const REMOTE_GIT = /(^|-)(push|fetch|pull|clone|send-pack)$/;
const OTHER_ACCOUNT = /(^|[\s;&|(`])(sudo|doas|su|runuser|pkexec|run0)\s/;

function whyNotLocal(action: Action, context: ReadingContext, reading: Reading): string | undefined {
  if (action.kind !== 'shell') return `a ${action.kind} action is not run by a shell`;
  if (action.dialect !== undefined && action.dialect !== 'bash' && action.dialect !== 'sh')
    return `written for ${action.dialect}, not for bash`;
  if ((action.cwd ?? context.cwd) === '' || context.workspace === '') return 'the folder that it runs in is not known';
  for (const { target, tags, source } of reading.effects) {
    if (tags?.includes('guard-tampering') === true) return 'it would touch the guard';
    if (!('known' in target)) continue;
    const { system, kind } = target.known;
    if (system === 'git' ? kind === 'remote-branch' || REMOTE_GIT.test(source) : !LOCAL.has(`${system}/${kind}`))
      return `it reaches beyond the file system: ${system} ${kind}`;
  }
  // Only a word, so a mention counts too; that costs a rehearsal and nothing else.
  const other = OTHER_ACCOUNT.exec(new TextDecoder().decode(action.bytes))?.[2];
  return other === undefined ? undefined : `\`${other}\` runs it as another account`;
}

function factOf(json: Json): RehearsalFact {
  return json as unknown as RehearsalFact;
}

function joined(parsed: readonly Effect[], fact: RehearsalFact): readonly Effect[] {
  const effects = [...parsed];
  for (const loss of fact.lost) {
    const seen = observed(loss, fact.capped);
    const at = effects.findIndex((one) => isSame(one, seen));
    const same = effects[at];
    if (same === undefined) effects.push(seen);
    else
      effects[at] = {
        ...same,
        basis: 'observed',
        count: { min: Math.max(same.count.min, seen.count.min), max: larger(same.count.max, seen.count.min) },
        reversal: RANK[seen.reversal] > RANK[same.reversal] ? seen.reversal : same.reversal,
      };
  }
  if (fact.things > fact.lost.length || fact.capped)
    effects.push({
      verb: 'destroy',
      target: unknown('more than a rehearsal lists'),
      count: { min: Math.max(1, fact.things - fact.lost.length), max: fact.capped ? 'unbounded' : fact.files },
      reversal: fact.irreplaceableFiles > 0 || fact.capped ? 'irreversible' : 'regenerable',
      basis: 'observed',
      source: 'rehearsal',
      summary: 'deletes or overwrites more than a rehearsal lists',
    });
  return effects;
}

const RANK: Record<Reversal, number> = { regenerable: 0, undoable: 1, safeguardable: 2, unknown: 3, irreversible: 4 };

function observed(loss: RehearsedLoss, capped: boolean): Effect {
  const takes = loss.fate === 'deleted' || loss.fate === 'emptied';
  const rest = loss.by === 'nothing' ? `; ${loss.irreplaceableBytes} bytes of it exist nowhere else` : '';
  return {
    verb: takes ? 'destroy' : 'change',
    target: known({ system: 'file', kind: 'path', path: [loss.path] }),
    count: { min: Math.max(1, loss.files), max: capped ? 'unbounded' : Math.max(1, loss.files) },
    reversal: reversalOf(loss, capped),
    basis: 'observed',
    source: 'rehearsal',
    summary: `${WORDS[loss.fate]} ${loss.path} when it is rehearsed${rest}`,
  };
}

const WORDS: Record<RehearsedLoss['fate'], string> = {
  deleted: 'deletes',
  overwritten: 'overwrites',
  emptied: 'empties',
  moved: 'moves',
};

function reversalOf({ by, insideWorkspace, kind }: RehearsedLoss, capped: boolean): Reversal {
  switch (by) {
    case 'git':
    case 'moved':
      return 'undoable';
    case 'build':
    case 'task':
    case 'temporary':
      return 'regenerable';
    case 'nothing':
      return insideWorkspace && !capped && kind !== 'other' ? 'safeguardable' : 'irreversible';
    default:
      return by satisfies never;
  }
}

function isSame(parsed: Effect, seen: Effect): boolean {
  const path = pathOf(parsed.target);
  return parsed.verb === seen.verb && path !== undefined && path === pathOf(seen.target);
}

function pathOf(target: Tri<ResourceRef>): string | undefined {
  if (!('known' in target) || target.known.system !== 'file') return undefined;
  return target.known.path.at(-1)?.replace(/(.)\/$/, '$1');
}

function larger(a: number | 'unbounded', b: number): number | 'unbounded' {
  return a === 'unbounded' ? a : Math.max(a, b);
}
