import type { Action, ActionKind } from '../core/attempt.ts';
import { dangerOf } from '../core/danger.ts';
import { DOOR_SHUT } from '../core/denial.ts';
import type { Effect } from '../core/effect.ts';
import { redactText } from '../core/redact.ts';
import { visibleText } from '../core/visible-text.ts';
import type { AnyJudged, Refused } from '../pipeline/products.ts';

const PART_CHARS = 300;

/** Something that an agent may do instead: what it is good for, and an action that passes `holdpoint check` as it stands. */
export interface Alternative {
  readonly action: string;
  readonly kind: Extract<ActionKind, 'shell' | 'sql'>;
  readonly says: string;
}

const shell = (action: string, says: string): Alternative => ({ action, says, kind: 'shell' });

const LOOKS_FIRST: readonly Alternative[] = [
  shell('ls -la', 'shows what is there'),
  shell('git status --short', 'shows what is not kept yet'),
];
const SQL: readonly Alternative[] = [
  { action: 'SELECT count(*) FROM t', says: 'in place of the statement shows what it would hit', kind: 'sql' },
];

/** By the system of what was to be hit. */
const BY_SYSTEM: Readonly<Record<string, readonly Alternative[]>> = {
  file: [
    shell('git status --short', 'shows what would be lost'),
    shell('mv -n NAME NAME.kept', 'moves the file aside inside the workspace instead of losing it'),
  ],
  git: [
    shell('git status', 'and `git log`, `git stash list` run freely'),
    shell('git branch kept', 'keeps what a rewrite would lose'),
  ],
  postgres: SQL,
  mysql: SQL,
  sqlite: SQL,
  sql: SQL,
  http: [shell('curl -sI https://HOST/PATH', 'and other reading requests to the same API run freely')],
  railway: [shell('railway status', 'and reading queries of its API run freely')],
  kubernetes: [shell('kubectl get all', 'shows what is there')],
  docker: [shell('docker ps -a', 'and `docker volume ls` show what is there')],
  terraform: [shell('terraform plan', 'shows what would change')],
  aws: [shell('aws sts get-caller-identity', 'shows which account would be hit')],
  gcloud: [shell('gcloud config list', 'shows which project would be hit')],
  azure: [shell('az account show', 'shows which subscription would be hit')],
  redis: [shell('redis-cli info', 'shows what is there')],
  mongodb: [shell("mongosh --eval 'db.stats()'", 'shows what is there')],
};

const FOR_THE_GUARD: readonly Alternative[] = [
  shell('holdpoint status', 'shows the guard; changing it is for a person'),
];
const FOR_ANYTHING: readonly Alternative[] = [
  shell("holdpoint ask --because 'WHY' -- COMMAND", 'asks a person, and shows the facts that were checked'),
];

/** Every alternative that can be named, for the test that all of them pass. */
export const ALTERNATIVES: readonly Alternative[] = [
  ...LOOKS_FIRST,
  ...Object.values(BY_SYSTEM).flat(),
  ...FOR_THE_GUARD,
  ...FOR_ANYTHING,
];

/** What an agent may do instead, by the kind of effect that was stopped. Each passes `holdpoint check` itself. */
export function alternativesFor(stopped: Effect | undefined): readonly Alternative[] {
  if (stopped?.tags?.includes('guard-tampering') === true) return FOR_THE_GUARD;
  if (stopped === undefined || !('known' in stopped.target)) return [...LOOKS_FIRST, ...FOR_ANYTHING];
  const { system } = stopped.target.known;
  return [...(Object.hasOwn(BY_SYSTEM, system) ? (BY_SYSTEM[system] ?? []) : []), ...FOR_ANYTHING];
}

/** What the agent is told: the hold, the part and rule, that the guard works, what is allowed, what to do next. */
export function messageForAgent(refusal: Refused, judged: AnyJudged | undefined): string {
  const lines: string[] = [];
  const { hold } = refusal;
  if (hold === undefined) lines.push(`Holdpoint denied this. The guard works; this is policy (${refusal.rule}).`);
  else
    lines.push(
      `Holdpoint holds this until a person signs (${hold.id}). The guard works; this is policy (${refusal.rule}).`,
    );
  const matter = judged ?? hold;
  const stopped = matter === undefined ? undefined : stoppedBy(refusal.rule, matter);
  const part = matter === undefined ? undefined : partOf(matter.attempt.action, stopped);
  if (part !== undefined) lines.push(`Stopped part: \`${part}\``);
  lines.push(`Reason: ${visibleText(refusal.reason)}.`);
  if (refusal.rule === DOOR_SHUT) {
    lines.push('Allowed instead: `ls`, `cat`, `grep` and other plain reads. Tell your person what you need and why.');
    return lines.join('\n');
  }
  // What was refused before it was judged has no effect of which anything could be said.
  if (matter !== undefined)
    lines.push(
      `Allowed instead: ${alternativesFor(stopped)
        .map((one) => `\`${one.action}\` ${one.says}`)
        .join('; ')}.`,
    );
  if (hold !== undefined) {
    lines.push(
      `Do not look for another way to the same effect: it meets the same hold. Ask your person to run \`holdpoint show ${hold.id}\` and to approve or deny it; after approval repeat exactly this call.`,
    );
  } else
    lines.push(
      'Another way to the same effect meets the same answer, and after three the task may only read. Tell your person what you need and why.',
    );
  return lines.join('\n');
}

function stoppedBy(rule: string, matter: Pick<AnyJudged, 'effects' | 'verdict'>): Effect | undefined {
  const stopping = matter.verdict.findings.filter((one) => one.says !== 'allow');
  const finding = stopping.find((one) => one.rule === rule) ?? stopping[0];
  return (
    (finding === undefined ? undefined : matter.effects[finding.effect]) ??
    matter.effects.find((effect) => dangerOf(effect) !== 'harmless')
  );
}

/** The text that the effect comes from. Kinds of action whose bytes are no text of the agent's have none. */
function partOf(action: Action, effect: Effect | undefined): string | undefined {
  if (action.kind !== 'shell' && action.kind !== 'sql' && action.kind !== 'git') return undefined;
  const text = new TextDecoder().decode(action.bytes);
  const [from, to] = effect?.span ?? [0, text.length];
  const shown = visibleText(redactText(text.slice(from, to)));
  return shown.length > PART_CHARS ? `${shown.slice(0, PART_CHARS).toWellFormed()}…` : shown;
}
