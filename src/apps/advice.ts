import { dangerOf } from '../core/danger.ts';
import type { Effect } from '../core/effect.ts';
import { visibleText } from '../core/visible-text.ts';
import type { AnyJudged, Refused } from '../pipeline/products.ts';

/** What an agent may do instead, by the kind of effect that was stopped. Each passes `holdpoint check` itself. */
export function alternativesFor(effects: readonly Effect[]): readonly string[] {
  const stopped = effects.find((effect) => dangerOf(effect) !== 'harmless');
  if (stopped === undefined) return [];
  if (stopped.tags?.includes('guard-tampering') === true)
    return ['`holdpoint status` shows the guard; changing it is for a person'];
  if (!('known' in stopped.target)) return ['name the exact target, and run that step on its own'];
  switch (stopped.target.known.system) {
    case 'file':
      return [
        '`git status --short` shows what would be lost',
        'move the file aside inside the workspace instead of deleting it',
      ];
    case 'git':
      return [
        '`git status`, `git log` and `git stash list` run freely',
        'a new branch keeps what a rewrite would lose',
      ];
    case 'postgres':
    case 'mysql':
    case 'sqlite':
    case 'sql':
      return ['the same statement as a `SELECT` shows what it would hit'];
    case 'railway':
    case 'http':
      return ['read-only queries of the same API run freely'];
    default:
      return ['look at the target with a read-only command first'];
  }
}

/** What the agent is told: the hold, the one effect and rule, that the guard works, what is allowed, what to do next. */
export function messageForAgent(refusal: Refused, judged: AnyJudged | undefined): string {
  const lines: string[] = [];
  const { hold } = refusal;
  if (hold === undefined) lines.push(`Holdpoint denied this. The guard works; this is policy (${refusal.rule}).`);
  else
    lines.push(
      `Holdpoint holds this until a person signs (${hold.id}). The guard works; this is policy (${refusal.rule}).`,
    );
  lines.push(`Reason: ${visibleText(refusal.reason)}.`);
  const alternatives = alternativesFor(judged?.effects ?? hold?.effects ?? []);
  if (alternatives.length > 0) lines.push(`Allowed instead: ${alternatives.join('; ')}.`);
  if (hold !== undefined) {
    lines.push(
      `Do not look for another way to the same effect: it meets the same hold. Ask your person to run \`holdpoint show ${hold.id}\` and to approve or deny it; after approval repeat exactly this call.`,
    );
  } else lines.push('Another way to the same effect meets the same answer. Tell your person what you need and why.');
  return lines.join('\n');
}
