import type { Json } from '../../core/canonical-json.ts';
import { resourceWords } from '../../core/card.ts';
import { dangerOf } from '../../core/danger.ts';
import type { Effect } from '../../core/effect.ts';
import { questionKey } from '../../core/evidence.ts';
import { describeFact } from '../../core/fact-words.ts';
import { visibleText } from '../../core/visible-text.ts';
import type { Reader } from '../../languages/reading.ts';
import { newTrace, type Trace, type TraceNode } from '../../languages/trace.ts';
import { type AnyJudged, isRefused } from '../../pipeline/products.ts';
import { type CheckDeps, effectView, exitOf, parseCheckArgs, rawOf, viewOf } from './check.ts';
import { EXIT, type Io } from './io.ts';
import { type Mark, underlined } from './underline.ts';

export interface ExplainDeps extends CheckDeps {
  /** The languages that the judge reads with: pure, so the same facts give the same reading. */
  readonly read: Reader;
}

const TEXT_CHARS = 160;
const SOURCE_LINES = 40;
const SCRIPT_LINES = 12;
/** Kinds whose spans count units of the text as it was given. */
const SPANNED: ReadonlySet<string> = new Set(['shell', 'sql', 'git']);

/** `holdpoint explain [--json] [--kind KIND] [--dialect D] [--cwd DIR] 'COMMAND'` */
export async function runExplain(args: readonly string[], io: Io, deps: ExplainDeps): Promise<number> {
  const request = parseCheckArgs(args, io);
  if ('error' in request) {
    io.err(`holdpoint explain: ${request.error.replace(/holdpoint (help )?check/, 'holdpoint $1explain')}\n`);
    return EXIT.usage;
  }
  const { json, cwd, text, action } = request;
  const raw = rawOf(action, deps, cwd);
  const judged = await deps.judge(raw, undefined);
  const view = viewOf(judged, text);
  if (isRefused(judged)) {
    io.out(json ? `${JSON.stringify(view)}\n` : `${judged.says}: ${visibleText(judged.reason)} (${judged.rule})\n`);
    return exitOf(view.verdict);
  }
  // Read once more with the facts that were found: the reading is pure, so this is the one that was judged.
  const answers = new Map(judged.evidence.map((one) => [questionKey(one.question), one.answer]));
  const trace = newTrace(text);
  deps.read(action, {
    workspace: raw.origin.workspace,
    cwd,
    fact: (check, about) => answers.get(questionKey({ check, about })),
    trace,
  });
  io.out(json ? explainJson(judged, trace) : explainText(judged, trace, text));
  return exitOf(view.verdict);
}

function explainJson(judged: AnyJudged, trace: Trace): string {
  const number = numbering(judged);
  const nodeView = (node: TraceNode): Json => ({
    what: node.what,
    text: node.text,
    ...(node.span === undefined ? {} : { span: [...node.span] }),
    effects: node.effects.flatMap((effect) => number(effect) ?? []),
    ...(node.unknown === undefined ? {} : { unknown: [...node.unknown] }),
    asked: node.questions.map((one) => ({
      check: one.check,
      about: { ...one.about },
      answer: typeof one.answer === 'string' ? one.answer : one.answer.known,
    })),
    runs: node.children.map(nodeView),
  });
  return `${JSON.stringify({
    verdict: judged.verdict.says,
    effects: judged.effects.map((effect, index) => ({
      ...(effectView(effect) as object),
      danger: dangerOf(effect),
      rules: judged.verdict.findings
        .filter((one) => one.effect === index)
        .map(({ layer, rule, says, reason }) => ({ layer, rule, says, reason })),
    })),
    tree: nodeView(trace.root),
    ...(trace.cut ? { cut: true } : {}),
  })}\n`;
}

type Numbering = (effect: Effect) => number | undefined;

/** Which place an effect of the trace has among those that were judged; none where it was taken back. */
function numbering(judged: AnyJudged): Numbering {
  const places = new Map(judged.effects.map((effect, index) => [JSON.stringify(effect), index]));
  return (effect) => places.get(JSON.stringify(effect));
}

/** A program that ran and did nothing to speak of is in the tree; in the list it would hide the rest. */
function isTelling(effect: Effect): boolean {
  return effect.verb !== 'run' || dangerOf(effect) !== 'harmless' || effect.basis === 'opaque';
}

function explainText(judged: AnyJudged, trace: Trace, text: string): string {
  const number = numbering(judged);
  const telling = judged.effects.map((effect, index) => ({ effect, index })).filter((one) => isTelling(one.effect));
  const places = new Map(telling.map(({ index }, at) => [index, at + 1]));
  const place: Numbering = (effect) => places.get(number(effect) ?? -1);
  const lines: string[] = [judged.verdict.says, ''];
  const spanned = SPANNED.has(judged.attempt.action.kind);
  lines.push(...source(text, spanned ? marksOf(telling, place) : [], '', SOURCE_LINES), '');
  if (telling.length === 0) lines.push('no effect to speak of');
  for (const { effect, index } of telling) {
    const target =
      'known' in effect.target ? resourceWords(effect.target.known) : `unknown target: ${effect.target.unknown}`;
    lines.push(
      `${places.get(index) ?? ''}. ${show(effect.summary)}`,
      `   ${effect.verb} ${show(target)} · ${effect.reversal} · ${effect.basis} · ${effect.source}`,
    );
    const rules = judged.verdict.findings.filter((one) => one.effect === index);
    for (const rule of rules) lines.push(`   ${rule.says} by ${rule.rule}: ${show(rule.reason)}`);
    if (rules.length === 0) lines.push('   allow: harmless, no rule speaks against it');
  }
  if (trace.root.children.length > 0) {
    lines.push('', 'what runs what');
    for (const child of trace.root.children) lines.push(...treeLines(child, 1, place));
    if (trace.cut) lines.push('  … more than can be shown');
  }
  if (judged.evidence.length > 0) {
    lines.push('', 'asked');
    for (const one of judged.evidence) {
      const words = describeFact(one);
      lines.push(`  ${words.mark} ${show(words.text)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function treeLines(node: TraceNode, depth: number, place: Numbering): string[] {
  const indent = '  '.repeat(depth);
  const numbers = [...new Set(node.effects.flatMap((effect) => place(effect) ?? []))];
  const points = numbers.length === 0 ? '' : ` → ${numbers.join(', ')}`;
  const dropped = node.effects.filter((effect) => isTelling(effect) && place(effect) === undefined).length;
  const children = node.children.flatMap((child) => treeLines(child, depth + 1, place));
  const notes = [
    ...(node.unknown === undefined
      ? []
      : [`${indent}    only the running shell knows: ${node.unknown.map((word) => show(word)).join(' ')}`]),
    ...(dropped === 0
      ? []
      : [`${indent}    ${dropped} effect${dropped === 1 ? '' : 's'} taken back: thrown away with its container`]),
  ];
  switch (node.what) {
    case 'action':
    case 'command':
      return [`${indent}${show(node.text)}${points}`, ...notes, ...children];
    case 'script':
      return [
        `${indent}text that is run${points}:`,
        ...source(node.text, marksBelow(node, place), `${indent}  `, SCRIPT_LINES),
        ...notes,
        ...children,
      ];
    case 'substitution':
      return node.children.length === 0 && points === ''
        ? []
        : [`${indent}substitution${points}`, ...notes, ...children];
    case 'function':
      return [`${indent}body of the function${points}`, ...notes, ...children];
    default:
      return node.what satisfies never;
  }
}

/** The commands of a script that have effects, by their place in it. A function's body may stand in another text. */
function marksBelow(script: TraceNode, place: Numbering): readonly Mark[] {
  const marks: Mark[] = [];
  const visit = (node: TraceNode): void => {
    for (const child of node.children) {
      if (child.what === 'command' && child.span !== undefined) {
        const numbers = [...new Set(effectsBelow(child).flatMap((effect) => place(effect) ?? []))];
        if (numbers.length > 0) marks.push({ span: child.span, label: numbers.join(', ') });
      } else if (child.what === 'substitution') visit(child);
    }
  };
  visit(script);
  return marks;
}

function effectsBelow(node: TraceNode): readonly Effect[] {
  return [...node.effects, ...node.children.flatMap(effectsBelow)];
}

function marksOf(effects: readonly { readonly effect: Effect }[], place: Numbering): readonly Mark[] {
  const bySpan = new Map<string, { readonly span: readonly [number, number]; readonly numbers: number[] }>();
  for (const { effect } of effects) {
    if (effect.span === undefined) continue;
    const at = bySpan.get(effect.span.join()) ?? { span: effect.span, numbers: [] };
    at.numbers.push(place(effect) ?? 0);
    bySpan.set(effect.span.join(), at);
  }
  return [...bySpan.values()]
    .sort((a, b) => a.span[0] - b.span[0] || b.span[1] - a.span[1])
    .map(({ span, numbers }) => ({ span, label: numbers.join(', ') }));
}

function source(text: string, marks: readonly Mark[], indent: string, mostLines: number): readonly string[] {
  const width = String(text.split('\n').length).length;
  return underlined(text, marks, {
    gutter: (line) => `${indent}${(line === undefined ? '' : String(line)).padStart(width + 1)} │ `,
    mostLines,
  });
}

function show(text: string): string {
  const shown = visibleText(text);
  return shown.length > TEXT_CHARS ? `${shown.slice(0, TEXT_CHARS).toWellFormed()}…` : shown;
}
