import type { Says, Verdict } from '../../../core/verdict.ts';
import { visibleText } from '../../../core/visible-text.ts';

export interface Replayed {
  readonly id: string;
  readonly time: string;
  readonly text: string;
  readonly before: Verdict;
  readonly after: Verdict;
}

/** Decisions that were left out, or that count with a grain of salt (`masked`, `otherVersion`). */
export interface Skipped {
  readonly erased: number;
  readonly malformed: number;
  readonly elsewhere: number;
  /** The recorded opinions do not give the recorded verdict here. */
  readonly notReached: number;
  readonly notJudged: number;
  readonly whyNotJudged: string | undefined;
  readonly masked: number;
  readonly otherVersion: number;
}

export interface Group {
  readonly from: Says;
  readonly to: Says;
  /** Rules that the change is due to: those that are new, or those that are gone. */
  readonly rules: readonly string[];
  readonly count: number;
  readonly examples: readonly {
    readonly id: string;
    readonly time: string;
    readonly text: string;
    readonly reason: string;
  }[];
}

export interface Summary {
  readonly replayed: number;
  readonly changed: number;
  readonly groups: readonly Group[];
}

export interface Changes {
  add(one: Replayed): void;
  summary(): Summary;
}

const RANK: Record<Says, number> = { allow: 0, hold: 1, deny: 2 };
const EXAMPLE_CHARS = 110;

/** Collects in memory that grows with the number of rules, not of decisions. */
export function makeChanges(maxExamples: number): Changes {
  const groups = new Map<string, Group & { count: number; examples: Group['examples'][number][] }>();
  let replayed = 0;
  let changed = 0;
  return {
    add: ({ id, time, text, before, after }) => {
      replayed += 1;
      if (before.says === after.says) return;
      changed += 1;
      const due = dueTo(before, after);
      const rules = [...new Set(due.map((one) => one.rule))].sort();
      const key = JSON.stringify([before.says, after.says, rules]);
      const group = groups.get(key) ?? { from: before.says, to: after.says, rules, count: 0, examples: [] };
      group.count += 1;
      // The same text a hundred times is one example.
      if (group.examples.length < maxExamples && !group.examples.some((one) => one.text === text))
        group.examples.push({ id, time, text, reason: due[0]?.reason ?? '' });
      groups.set(key, group);
    },
    summary: () => ({ replayed, changed, groups: [...groups.values()].sort(nagsFirst) }),
  };
}

/** Tightened: what now says so. Loosened: what said so before and no longer does. */
function dueTo(before: Verdict, after: Verdict): Verdict['findings'] {
  const [strict, lax] = RANK[after.says] > RANK[before.says] ? [after, before] : [before, after];
  const stands = (rule: string, effect: number): boolean =>
    lax.findings.some((one) => one.rule === rule && one.effect === effect && one.says === strict.says);
  return strict.findings.filter((one) => one.says === strict.says && !stands(one.rule, one.effect));
}

/** New holds on what passed come first, since a guard that nags is switched off; then other tightening, then what is loosened. */
function nagsFirst(a: Group, b: Group): number {
  const order = (one: Group): number => (one.from === 'allow' ? 0 : RANK[one.to] > RANK[one.from] ? 1 : 2);
  return order(a) - order(b) || RANK[a.to] - RANK[b.to] || b.count - a.count;
}

export function tryReport(
  summary: Summary,
  skipped: Skipped,
  about: { readonly since: string; readonly layer: string; readonly workspace: string | undefined },
): string {
  const where = about.workspace === undefined ? '' : ` of ${about.workspace}`;
  const lines = [
    `${count(summary.replayed, 'decision')}${where} in the last ${about.since}, with the draft as the ${about.layer} layer: ${
      summary.changed === 0 ? 'none changes' : `${summary.changed} ${summary.changed === 1 ? 'changes' : 'change'}`
    }`,
  ];
  for (const group of summary.groups) {
    const tightens = RANK[group.to] > RANK[group.from];
    lines.push(
      '',
      `${group.from} → ${group.to}  ${group.count}×  ${tightens ? 'by' : 'no longer'} ${group.rules.join(', ')}`,
    );
    for (const one of group.examples) {
      const text = visibleText(one.text);
      lines.push(
        `    ${one.time.slice(0, 19)}Z  ${text.length > EXAMPLE_CHARS ? `${text.slice(0, EXAMPLE_CHARS)}…` : text}`,
      );
      lines.push(`      ${visibleText(one.reason)}`);
    }
  }
  const notes = notesOf(skipped);
  if (notes.length > 0) lines.push('', ...notes);
  return `${lines.join('\n')}\n`;
}

function notesOf(skipped: Skipped): readonly string[] {
  const notes: string[] = [];
  const note = (number: number, text: string): void => {
    if (number > 0) notes.push(`${count(number, 'decision')} ${text}`);
  };
  note(skipped.masked, 'judged with secrets masked, which may differ from the real text');
  note(skipped.otherVersion, 'made by another version of holdpoint');
  note(skipped.elsewhere, 'of other workspaces left out');
  note(skipped.erased, 'left out: too large to keep');
  note(skipped.notReached, 'left out: what was recorded no longer gives the recorded verdict');
  note(skipped.notJudged, `left out: ${visibleText(skipped.whyNotJudged ?? '')}`);
  note(skipped.malformed, 'left out: the entry cannot be read');
  return notes;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
