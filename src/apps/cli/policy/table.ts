import { visibleText } from '../../../core/visible-text.ts';

/** A table as OPA prints bindings. */
export function tableOf(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = [names, ...rows].map((row) => row.map((cell) => visibleText(cell)));
  const widths = names.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)));
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${right}\n`;
  const lines = shown.map(
    (row) => `│${row.map((cell, column) => ` ${cell.padEnd(widths[column] ?? 0)} `).join('│')}│\n`,
  );
  return `${rule('┌', '┬', '┐')}${lines[0] ?? ''}${rule('├', '┼', '┤')}${lines.slice(1).join('')}${rule('└', '┴', '┘')}`;
}
