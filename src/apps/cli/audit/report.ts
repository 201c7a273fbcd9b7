import { visibleText } from '../../../core/visible-text.ts';
import { type Group, rank, type Tally } from './tally.ts';

/** What was read of one agent. */
export interface Read {
  readonly agent: string;
  readonly looked: readonly string[];
  readonly found: boolean;
  files: number;
  bytes: number;
  calls: number;
  malformed: number;
  tooLong: number;
  unreadable: number;
  /** Why the first of those could not be read. */
  why: string;
}

const NAMES: Readonly<Record<string, string>> = {
  'claude-code': 'Claude Code',
  codex: 'Codex',
  gemini: 'Gemini CLI',
  opencode: 'OpenCode',
};

const CLASSES: readonly { readonly title: string; readonly note: string }[] = [
  {
    title: 'Held, and looks needless',
    note: 'text alone would hold it; it ran to its end, and with the disk as it is today it would pass',
  },
  { title: 'Held because it was not understood', note: 'it ran to its end, and nothing shows that it did harm' },
  { title: 'Held for what it does', note: 'it ran; a person would have been asked first' },
  { title: 'Held, but it failed or was refused then too', note: '' },
  { title: 'Denied', note: 'no person could have let it run from here' },
];

export function reportJson(reads: readonly Read[], tally: Tally, limit: number): string {
  const groups = tally.groups();
  const report = {
    agents: reads,
    totals: tally.totals(),
    groups: groups.slice(0, limit),
    groupsLeftOut: Math.max(0, groups.length - limit),
    unjudged: tally.unjudged().slice(0, limit),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

export function reportText(reads: readonly Read[], tally: Tally, limit: number, since: string): string {
  const lines: string[] = [];
  const totals = tally.totals();
  for (const read of reads) lines.push(...readLines(read));
  lines.push('');
  if (totals.calls === 0) {
    lines.push(`No tool call was found${since}. Nothing was judged.`, '', 'Looked in:');
    for (const read of reads) lines.push(...read.looked.map((place) => `  ${visibleText(place)}`));
    return `${lines.join('\n')}\n`;
  }
  const { allowed } = totals;
  const passed = allowed['no-effect'] + allowed.reads + allowed.undoable + allowed.unjudged;
  lines.push(
    `${number(totals.calls)} calls${since}: ${number(passed)} would have passed, ${number(totals.held)} held (${percent(totals.held, totals.calls)}), ${number(totals.denied)} denied.`,
    `  passed: ${number(allowed['no-effect'])} tools without an effect of their own, ${number(allowed.reads)} that read or build, ${number(allowed.undoable)} that make or change what can be made again or brought back, ${number(allowed.unjudged)} unjudged (programs and scripts that no table knows)`,
    '  Nothing was installed, changed or sent. Text alone was judged; the hook also looks at the disk of that moment.',
  );
  const groups = tally.groups();
  const shown = groups.slice(0, limit);
  let current: number | undefined;
  for (const group of shown) {
    const at = rank(group);
    if (at !== current) {
      const kind = CLASSES[at];
      const count = groups.filter((one) => rank(one) === at).reduce((sum, one) => sum + one.count, 0);
      lines.push('', `${kind?.title ?? ''}: ${number(count)}${kind?.note === '' ? '' : ` (${kind?.note ?? ''})`}`);
      current = at;
    }
    lines.push(...groupLines(group));
  }
  if (groups.length > shown.length)
    lines.push(
      '',
      `${number(groups.length - shown.length)} more kinds of call; \`--limit N\` shows more, \`--json\` all members.`,
    );
  if (totals.ungrouped > 0)
    lines.push(`${number(totals.ungrouped)} more were stopped, of too many kinds to keep apart.`);
  const unjudged = tally.unjudged().slice(0, 5);
  if (unjudged.length > 0)
    lines.push(
      '',
      `Passed unjudged, most often: ${unjudged.map((one) => `${one.shape} (${number(one.count)})`).join(', ')}`,
    );
  return `${lines.join('\n')}\n`;
}

function readLines(read: Read): string[] {
  const name = NAMES[read.agent] ?? read.agent;
  if (read.files === 0) return [`${name}: ${read.found ? 'no transcript of that time' : 'keeps none here'}`];
  const faults = [
    ...(read.malformed > 0 ? [`${number(read.malformed)} malformed`] : []),
    ...(read.tooLong > 0 ? [`${number(read.tooLong)} too long to be read`] : []),
    ...(read.unreadable > 0 ? [`${number(read.unreadable)} not readable (${visibleText(read.why)})`] : []),
  ];
  return [
    `${name}: ${number(read.calls)} calls in ${number(read.files)} transcript${read.files === 1 ? '' : 's'} (${(read.bytes / 1e6).toFixed(1)} MB)${faults.length === 0 ? '' : `; ${faults.join(', ')}`}`,
  ];
}

function groupLines(group: Group): string[] {
  const { ran, failed, refused } = group.outcomes;
  const outcomes = [
    ...(ran > 0 && ran < group.count ? [`${number(ran)} ran`] : []),
    ...(failed > 0 ? [`${number(failed)} failed`] : []),
    ...(refused > 0 ? [`${number(refused)} refused then too`] : []),
  ];
  const lines = [
    `  ${`${number(group.count)}×`.padStart(6)} ${group.shape}${outcomes.length === 0 ? '' : ` (${outcomes.join(', ')})`}`,
    `         ${group.reason} (${group.rule})`,
  ];
  for (const example of group.examples) {
    const when = example.atMs === 0 ? '' : ` · ${new Date(example.atMs).toISOString().slice(0, 16).replace('T', ' ')}`;
    lines.push(
      `         - ${example.text}`,
      `           ${example.agent}${when}${example.cwd === '' ? '' : ` · ${example.cwd}`}`,
    );
  }
  return lines;
}

function number(value: number): string {
  return value.toLocaleString('en-GB');
}

function percent(part: number, whole: number): string {
  const value = (100 * part) / whole;
  return value === 0 ? '0 %' : value < 0.1 ? 'less than 0.1 %' : `${value.toFixed(1)} %`;
}
