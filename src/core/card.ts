import type { ActionKind, Attempt } from './attempt.ts';
import { dangerOf } from './danger.ts';
import type { Effect } from './effect.ts';
import type { Evidence } from './evidence.ts';
import { describeFact, isGitFact } from './fact-words.ts';
import type { Claim } from './hold.ts';
import { LIMITS } from './limits.ts';
import { redactForReading } from './redact.ts';
import type { ResourceRef } from './resource.ts';
import type { Finding, Verdict } from './verdict.ts';
import { visibleText } from './visible-text.ts';

export type Mark = '✓' | '✗' | '?';

/** What a person reads before signing. Every text in it is already safe to show. */
export interface Card {
  readonly sentence: string;
  readonly environment: string;
  readonly targets: readonly string[];
  readonly checks: readonly { readonly mark: Mark; readonly text: string }[];
  readonly reversal: string;
  readonly safeguards: readonly string[];
  readonly rules: readonly { readonly rule: string; readonly reason: string }[];
  readonly asks: string;
  /** The agent's own words, or undefined. To be shown as such. */
  readonly statedPurpose: string | undefined;
  /** The action's text, the dangerous part on its own; `before` and `after` may be cut, `danger` never. */
  readonly action: { readonly before: string; readonly danger: string; readonly after: string };
  /** False where something had to be cut that a person must see: then it cannot be signed. */
  readonly fits: boolean;
}

export interface CardInput {
  readonly attempt: Attempt;
  /** The action's bytes as text; core has no decoder of its own. */
  readonly text: string;
  readonly effects: readonly Effect[];
  readonly evidence: readonly Evidence[];
  readonly verdict: Verdict;
  readonly claim?: Claim;
}

const MOST_TARGETS = 40;
const CONTEXT_CHARS = 400;

export function cardOf(input: CardInput): Card {
  const { attempt, verdict } = input;
  const stopping = verdict.findings.filter((finding) => finding.says !== 'allow');
  const effects = dangerousFirst(input.effects, stopping);
  const main = effects[0];
  const action = excerpt(attempt.action.kind, input.text, main);
  const dangerous = effects.filter((effect) => dangerOf(effect) !== 'harmless');
  const more =
    dangerous.length > 1 ? `, and ${dangerous.length - 1} more effect${dangerous.length > 2 ? 's' : ''}` : '';
  const plans = input.claim?.plans ?? [];
  const copied = new Set(plans.flatMap((plan) => (plan.kind === 'none' ? [] : [input.effects[plan.effect]])));
  const card = {
    sentence: main === undefined ? 'does nothing that could be recognised' : sentenceOf(main) + more,
    environment: environmentOf(input.evidence),
    targets: dangerous.slice(0, MOST_TARGETS).map(targetLine),
    checks: input.evidence.map((one) => {
      const words = describeFact(one);
      return { mark: words.mark, text: show(words.text) };
    }),
    reversal: reversalOf(dangerous, copied),
    safeguards: plans.map((plan) =>
      show(`${plan.how}${plan.outsideBlastRadius || plan.kind === 'none' ? '' : ' (not outside the blast radius)'}`),
    ),
    rules: rulesOf(stopping, show),
    asks: show(
      `${attempt.agent} for ${attempt.person}, task ${attempt.task}, in ${attempt.workspace || 'an unknown workspace'}, by the ${attempt.door} door`,
    ),
    statedPurpose:
      attempt.statedPurpose === undefined ? undefined : show(attempt.statedPurpose).slice(0, CONTEXT_CHARS),
    action,
  };
  return { ...card, fits: dangerous.length <= MOST_TARGETS && longestText(card) <= LIMITS.cardTextChars };
}

/** Of all that a person has to read. */
/** One line a rule and reason, however many effects they speak of. */
function rulesOf(stopping: readonly Finding[], show: (text: string) => string): Card['rules'] {
  const shown = stopping.map((finding) => ({ rule: finding.rule, reason: show(finding.reason) }));
  return [...new Map(shown.map((one) => [JSON.stringify([one.rule, one.reason]), one])).values()];
}

function longestText(card: Omit<Card, 'fits'>): number {
  const { sentence, environment, targets, checks, safeguards, rules, asks, action } = card;
  const lists = [targets, checks.map((one) => one.text), safeguards, rules.map((one) => one.reason)];
  return Math.max(
    ...[sentence, environment, asks, action.danger, ...lists.map((list) => list.join('\n'))].map((text) => text.length),
  );
}

function dangerousFirst(effects: readonly Effect[], stopping: readonly Finding[]): readonly Effect[] {
  const stopped = new Set(stopping.map((finding) => finding.effect));
  const weight = (effect: Effect, index: number): number =>
    (stopped.has(index) ? 4 : 0) + { harmless: 0, opaque: 1, destructive: 2 }[dangerOf(effect)];
  return effects
    .map((effect, index) => ({ effect, weight: weight(effect, index) }))
    .sort((a, b) => b.weight - a.weight)
    .map((one) => one.effect);
}

function sentenceOf(effect: Effect): string {
  return show(effect.summary);
}

function targetLine(effect: Effect): string {
  const { count } = effect;
  const howMany =
    count.max === 'unbounded'
      ? `${count.min} or more, no upper bound`
      : count.min === count.max
        ? `${count.min}`
        : `${count.min} to ${count.max}`;
  const what =
    'known' in effect.target ? resourceWords(effect.target.known) : `unknown target: ${effect.target.unknown}`;
  return show(`${effect.verb} ${what} (${howMany})`);
}

export function resourceWords(ref: ResourceRef): string {
  return ref.system === 'file' ? ref.path.join('/') : `${ref.system} ${ref.kind} ${ref.path.join(' / ')}`;
}

function environmentOf(evidence: readonly Evidence[]): string {
  // The state of a repository answers the same question, and says nothing about what the repository serves.
  const facts = evidence.filter((one) => one.question.check === 'environment' && !isGitFact(one));
  if (facts.length === 0) return 'not asked';
  return facts.map((one) => show(describeFact(one).text.replace(/^environment: /, ''))).join('; ');
}

function reversalOf(effects: readonly Effect[], copied: ReadonlySet<Effect | undefined>): string {
  const worst = (['irreversible', 'unknown', 'safeguardable', 'undoable', 'regenerable'] as const).find((one) =>
    effects.some((effect) => effect.reversal === one),
  );
  switch (worst) {
    case undefined:
      return 'nothing to undo';
    case 'irreversible':
      return copied.size > 0 ? 'cannot be undone; what the copy holds can be put back by hand' : 'cannot be undone';
    case 'unknown':
      return 'nothing shows that it can be undone';
    case 'safeguardable':
      return effects.every((effect) => effect.reversal !== 'safeguardable' || copied.has(effect))
        ? 'can be undone from the copy that is taken first'
        : 'can be undone only with a copy taken first';
    case 'undoable':
      return 'can be undone';
    case 'regenerable':
      return 'is made again by the usual build';
    default:
      return worst satisfies never;
  }
}

/** Kinds whose spans count units of the text that is shown. */
const SPANNED: ReadonlySet<ActionKind> = new Set(['shell', 'sql', 'git', 'graphql']);

/** The document first, since spans count from its start; then what goes with it. */
function graphqlText(bytesText: string): string {
  const request = JSON.parse(bytesText) as { readonly query?: unknown; readonly [member: string]: unknown };
  const { query, ...rest } = request;
  return typeof query === 'string' ? `${query}  ${JSON.stringify(rest)}` : bytesText;
}

/** Secrets are masked here too, since a card is read on screens and pages; never what would run. */
function excerpt(kind: ActionKind, bytesText: string, effect: Effect | undefined): Card['action'] {
  const text = kind === 'graphql' ? graphqlText(bytesText) : bytesText;
  const [from, to] = (SPANNED.has(kind) ? effect?.span : undefined) ?? [0, text.length];
  const before = text.slice(0, from);
  const after = text.slice(to);
  return {
    before: (before.length > CONTEXT_CHARS ? '… ' : '') + show(redactForReading(before).slice(-CONTEXT_CHARS)),
    danger: show(redactForReading(text.slice(from, to))),
    after: show(redactForReading(after).slice(0, CONTEXT_CHARS)) + (after.length > CONTEXT_CHARS ? ' …' : ''),
  };
}

function show(text: string): string {
  return visibleText(text);
}
