import { visibleText } from '../../core/visible-text.ts';
import { cellsOf } from './render-card.ts';

export interface Mark {
  /** Half-open range of UTF-16 units in the text. */
  readonly span: readonly [number, number];
  readonly label: string;
}

export interface UnderlineOptions {
  /** What stands before each line of source; its continuation has the same width. */
  readonly gutter: (line: number | undefined) => string;
  /** Lines that no mark touches are left out where there are more lines than this. */
  readonly mostLines: number;
}

const TAB_CELLS = 8;

/** The text with `^~~~` below what each mark spans, in terminal cells. Controls are shown, tabs become spaces. */
export function underlined(text: string, marks: readonly Mark[], options: UnderlineOptions): readonly string[] {
  const lines: string[] = [];
  const source = text.replace(/\n$/, '').split('\n');
  let at = 0;
  let left = 0;
  for (const [index, line] of source.entries()) {
    const here = marks.filter((mark) => mark.span[0] <= at + line.length && mark.span[1] > at);
    if (source.length > options.mostLines && here.length === 0) left += 1;
    else {
      if (left > 0) lines.push(`${options.gutter(undefined)}… ${left} line${left === 1 ? '' : 's'}`);
      left = 0;
      const { shown, cellAt } = layOut(line);
      lines.push(`${options.gutter(index + 1)}${shown}`.trimEnd());
      for (const mark of here) {
        const from = cellAt(Math.max(0, mark.span[0] - at));
        const to = cellAt(Math.min(line.length, mark.span[1] - at));
        // An empty line inside of what a mark spans has nothing to underline.
        if (to <= from && line !== '') continue;
        const ends = mark.span[1] <= at + line.length + 1;
        const first = mark.span[0] >= at;
        const drawn = `${first ? '^' : '~'}${'~'.repeat(Math.max(0, to - from - 1))}`;
        if (to > from || ends)
          lines.push(
            `${options.gutter(undefined)}${' '.repeat(from)}${to > from ? drawn : '^'}${ends ? ` ${mark.label}` : ''}`,
          );
      }
    }
    at += line.length + 1;
  }
  if (left > 0) lines.push(`${options.gutter(undefined)}… ${left} line${left === 1 ? '' : 's'}`);
  return lines;
}

/** A line as it is shown, and the cell at which each of its UTF-16 units begins. */
function layOut(line: string): { readonly shown: string; cellAt(unit: number): number } {
  const cells: number[] = [];
  let shown = '';
  let cell = 0;
  const put = (text: string): void => {
    shown += text;
    for (const char of text) cell += cellsOf(char);
  };
  // Words whole: whether a letter imitates another one is told by the letters beside it.
  for (const [piece] of line.matchAll(/[\p{L}\p{M}\p{N}_]+|./gsu)) {
    const safe = piece === '\t' ? ' '.repeat(TAB_CELLS - (cell % TAB_CELLS)) : visibleText(piece);
    if (safe === piece) {
      for (const char of piece) {
        for (let unit = 0; unit < char.length; unit += 1) cells.push(cell);
        put(char);
      }
    } else {
      for (let unit = 0; unit < piece.length; unit += 1) cells.push(cell);
      put(safe);
    }
  }
  cells.push(cell);
  return { shown, cellAt: (unit) => cells[Math.min(Math.max(0, unit), cells.length - 1)] ?? 0 };
}
