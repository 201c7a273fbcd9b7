import type { Card } from '../../core/card.ts';
import type { Io } from './io.ts';

export interface RenderOptions {
  readonly color: boolean;
  /** In terminal cells. */
  readonly width: number;
}

const INDENT = 14;
const LEAST_WIDTH = 40;
const MOST_WIDTH = 120;

/** How this command's terminal wants a card. */
export function renderOptions(io: Io): RenderOptions {
  const width = Number(io.env.COLUMNS) || io.columns || 100;
  return {
    color: io.outIsTerminal && io.env.NO_COLOR === undefined && io.env.TERM !== 'dumb',
    width: Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width)),
  };
}

/** A card as lines for a terminal. Every text in it has been made safe to show by `cardOf`. */
export function renderCard(card: Card, options: RenderOptions): string {
  const lines: string[] = [];
  const room = Math.max(LEAST_WIDTH, options.width) - INDENT;
  /** `hang`: how far the lines after the first are moved in, so that marks stand out. */
  const row = (label: string, text: string, hang = 0): void => {
    const wrapped = wrap(text, room, hang);
    for (const [index, line] of wrapped.entries())
      lines.push(`${(index === 0 ? label : '').padEnd(INDENT)}${line.text}`);
  };
  const rows = (label: string, texts: readonly string[], hang = 0): void => {
    for (const [index, text] of texts.entries()) row(index === 0 ? label : '', text, hang);
  };
  for (const line of wrap(card.sentence, Math.max(LEAST_WIDTH, options.width), 0))
    lines.push(options.color ? `\u001b[1m${line.text}\u001b[0m` : line.text);
  lines.push(...actionLines(card.action, room, options.color));
  row('environment', card.environment);
  rows('targets', card.targets);
  rows(
    'checked',
    card.checks.map((one) => `${one.mark} ${one.text}`),
    2,
  );
  row('reversal', card.reversal);
  rows('safeguard', card.safeguards);
  rows(
    'why',
    card.rules.map((one) => `${one.reason} (${one.rule})`),
  );
  row('who asks', card.asks);
  if (card.statedPurpose !== undefined) row('agent says', `“${card.statedPurpose}” (its own words, not checked)`);
  if (!card.fits) row('', 'cannot be signed: it does more than a card can show');
  return `${lines.join('\n')}\n`;
}

/** The dangerous part stands out, in colours or between `»` and `«`, over as many lines as it takes. */
function actionLines(action: Card['action'], room: number, color: boolean): string[] {
  const { before, danger, after } = action;
  const text = color ? `${before}${danger}${after}` : `${before}»${danger}«${after}`;
  const from = before.length;
  const to = from + danger.length;
  return wrap(text, room, 0).map((line, index) => {
    const label = (index === 0 ? 'action' : '').padEnd(INDENT);
    if (!color) return label + line.text;
    const start = Math.min(Math.max(from - line.at, 0), line.text.length);
    const end = Math.min(Math.max(to - line.at, 0), line.text.length);
    if (start === end) return label + line.text;
    return `${label}${line.text.slice(0, start)}\u001b[7m${line.text.slice(start, end)}\u001b[27m${line.text.slice(end)}`;
  });
}

interface Line {
  readonly text: string;
  /** Where it begins in the whole text, in UTF-16 units. */
  readonly at: number;
}

/** Breaks at spaces where it can and inside words where it must; no line is wider than `width` cells. */
function wrap(text: string, width: number, hang: number): readonly Line[] {
  const lines: Line[] = [];
  const state = { start: 0, space: -1, cells: 0, cellsAtSpace: 0 };
  let at = 0;
  for (const char of text) {
    const cells = cellsOf(char);
    const room = width - (lines.length === 0 ? 0 : hang);
    if (state.cells + cells > room && state.cells > 0) {
      // A space that does not fit is the break itself.
      const breakAt = char === ' ' ? at : state.space;
      const end = breakAt > state.start ? breakAt : at;
      lines.push(lineFrom(text, state.start, end, lines.length === 0 ? 0 : hang));
      state.start = end === breakAt ? end + 1 : end;
      state.cells = end === breakAt ? Math.max(0, state.cells - state.cellsAtSpace - 1) : 0;
      state.space = -1;
      if (char === ' ' && state.start > at) {
        state.cells = 0;
        at += 1;
        continue;
      }
    }
    if (char === ' ') {
      state.space = at;
      state.cellsAtSpace = state.cells;
    }
    state.cells += cells;
    at += char.length;
  }
  if (state.start < text.length || lines.length === 0)
    lines.push(lineFrom(text, state.start, text.length, lines.length === 0 ? 0 : hang));
  return lines;
}

function lineFrom(text: string, start: number, end: number, hang: number): Line {
  return { text: ' '.repeat(hang) + text.slice(start, end), at: start - hang };
}

/** Cells that a character takes in a terminal: two for East Asian wide ones and emoji, none for marks (UAX #11). */
export function cellsOf(char: string): number {
  if (char <= '~') return 1;
  if (/^\p{M}$/u.test(char)) return 0;
  return /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\u3000-\u303f\uff01-\uff60]$/u.test(
    char,
  )
    ? 2
    : 1;
}
