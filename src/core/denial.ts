import type { Attempt } from './attempt.ts';
import { dangerOf } from './danger.ts';
import type { Digest } from './digest.ts';
import type { Effect, Verb } from './effect.ts';
import { POLICY_ERROR } from './exception.ts';
import { type ResourceRef, resourceKey } from './resource.ts';
import type { Verdict } from './verdict.ts';

/** A refusal is state about an effect and its target, so that other clothes (a script, another door) meet it too. */
export interface Denial {
  readonly task: string;
  readonly verb: Verb;
  readonly target: ResourceRef;
  readonly rule: string;
  readonly atMs: number;
  /** What the person said, where one did. */
  readonly say?: string;
  /** Key of the attempt that was refused. The honest repeat has the same one and is no new way. */
  readonly attempt?: Digest;
  /** The hold that a person denied. */
  readonly hold?: string;
  /** One more way that was refused by a rule: it counts, and forbids nothing by itself. */
  readonly counted?: true;
}

/** Refused ways to one effect on one target, after which a task may only look until a person opens its door again. */
export const WAYS_UNTIL_SHUT = 3;

/** Refused ways that are remembered of one task: far more than it takes to shut its door. */
const MOST_WAYS = 1_000;

export const DENIED_BEFORE = 'session/denied-before';
export const DOOR_SHUT = 'session/door-shut';

/** What a person said about this effect for this task, in whatever clothes it comes now. */
export function denialOf(effect: Effect, denials: readonly Denial[]): Denial | undefined {
  if (!('known' in effect.target)) return undefined;
  const target = effect.target.known;
  return denials.find(
    (one) => one.counted !== true && one.verb === effect.verb && takesIn(effect.verb, target, one.target),
  );
}

/** The denied thing itself, a folder that goes with all that is in it, or a pattern that takes in either. */
function takesIn(verb: Verb, target: ResourceRef, denied: ResourceRef): boolean {
  if (resourceKey(target) === resourceKey(denied)) return true;
  const [outer, inner] = [target, denied].map((one) => (one.system === 'file' ? one.path[0] : undefined));
  if ((verb !== 'destroy' && verb !== 'expose') || outer === undefined || inner === undefined) return false;
  if (inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`)) return true;
  if (!/[*?[]/.test(outer) || outer.length + inner.length > MOST_PATH_CHARS) return false;
  // What goes is the thing, or any folder that it lies in.
  const parts = inner.split('/');
  return parts.some((_, index) => mayMatch(outer.replace(/\/$/, ''), parts.slice(0, index + 1).join('/')));
}

const MOST_PATH_CHARS = 8_192;

/**
 * Whether a glob may take in a path. Wider than any shell's: `*` crosses folders, and a bracket is any character, since
 * what reads it may be a shell, `find` or `fd`. Time is at most one length times the other.
 */
function mayMatch(pattern: string, path: string): boolean {
  const pieces = pattern
    .replace(/\/\*\*\//g, '/*')
    .replace(/\[[^\]]*\]/g, '?')
    .replace(/\*+/g, '*');
  let p = 0;
  let c = 0;
  let star = -1;
  let mark = 0;
  while (c < path.length) {
    const piece = pieces[p];
    if (piece === '*') {
      star = p;
      mark = c;
      p += 1;
    } else if (piece !== undefined && (piece === '?' || piece === path[c])) {
      p += 1;
      c += 1;
    } else if (star !== -1) {
      p = star + 1;
      mark += 1;
      c = mark;
    } else return false;
  }
  while (pieces[p] === '*') p += 1;
  return p >= pieces.length;
}

/** A denial of the effect that was refused in three ways, where there is one. */
export function doorShutBy(denials: readonly Denial[]): Denial | undefined {
  const ways = new Map<string, { readonly attempts: Set<string>; person: Denial | undefined }>();
  for (const denial of denials) {
    const way = ways.get(matterOf(denial)) ?? { attempts: new Set<string>(), person: undefined };
    ways.set(matterOf(denial), way);
    way.attempts.add(denial.attempt ?? '');
    if (denial.hold !== undefined) way.person ??= denial;
    if (way.attempts.size >= WAYS_UNTIL_SHUT) return way.person ?? denial;
  }
  return undefined;
}

function matterOf(denial: Pick<Denial, 'verb' | 'target'>): string {
  return `${denial.verb} ${resourceKey(denial.target)}`;
}

/**
 * What one more refused attempt adds to the count: one entry for each effect that it was refused for. Nothing for a repeat,
 * and nothing once the door is shut.
 */
export function refusedWays(
  refused: { readonly attempt: Attempt; readonly effects: readonly Effect[]; readonly verdict: Verdict },
  denials: readonly Denial[],
  atMs: number,
): readonly Denial[] {
  if (doorShutBy(denials) !== undefined || denials.length >= MOST_WAYS) return [];
  const { key, task } = refused.attempt;
  const known = new Set(denials.filter((one) => one.attempt === key).map(matterOf));
  const ways: Denial[] = [];
  for (const finding of refused.verdict.findings) {
    const effect = refused.effects[finding.effect];
    // A policy that broke denies everything; that says nothing about what the agent tries.
    if (finding.says !== 'deny' || finding.rule === POLICY_ERROR) continue;
    if (effect === undefined || !('known' in effect.target)) continue;
    // A folder that would take the denied thing with it is another way to that thing.
    const target = denialOf(effect, denials)?.target ?? effect.target.known;
    const matter = matterOf({ verb: effect.verb, target });
    if (known.has(matter)) continue;
    known.add(matter);
    ways.push({ task, verb: effect.verb, target, rule: finding.rule, atMs, attempt: key, counted: true });
  }
  return ways;
}

/** Programs that show and do nothing else, whatever their arguments are, and the guard's own commands that do. */
const LOOKS = /^(cat|grep|head|ls|pwd|stat|tail|wc|holdpoint (ask|check|explain|holds|show|status))$/;

/**
 * What a task may still do behind a shut door: read, ask its own model what to do next, and look at the guard. SECURITY:
 * narrower than harmless, since a build or a test runs files that the agent may have written.
 */
export function onlyLooks(effects: readonly Effect[]): boolean {
  return effects.every((effect) => {
    if (dangerOf(effect) !== 'harmless') return false;
    if (effect.verb === 'read' || effect.tags?.includes('model') === true) return true;
    if (effect.verb !== 'run' || effect.basis !== 'documented' || !('known' in effect.target)) return false;
    const { system, path } = effect.target.known;
    return system === 'host' && LOOKS.test(path[0] ?? '');
  });
}
