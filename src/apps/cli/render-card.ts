import type { Card } from '../../core/card.ts';

export interface RenderOptions {
  readonly color: boolean;
  readonly width: number;
}

/** A card as lines for a terminal. Every text in it has been made safe to show by `cardOf`. */
export function renderCard(card: Card, options: RenderOptions): string {
  const paint = (code: string, text: string): string => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines: string[] = [];
  const row = (label: string, text: string): void => {
    const indent = 14;
    const wrapped = wrap(text, Math.max(20, options.width - indent));
    for (const [index, line] of wrapped.entries()) lines.push(`${(index === 0 ? label : '').padEnd(indent)}${line}`);
  };
  lines.push(...wrap(card.sentence, options.width).map((line) => paint('1', line)));
  row(
    'action',
    `${card.action.before}${options.color ? '\u001b[7m' : '»'}${card.action.danger}${options.color ? '\u001b[27m' : '«'}${card.action.after}`,
  );
  row('environment', card.environment);
  for (const [index, target] of card.targets.entries()) row(index === 0 ? 'targets' : '', target);
  for (const [index, one] of card.checks.entries()) row(index === 0 ? 'checked' : '', `${one.mark} ${one.text}`);
  row('reversal', card.reversal);
  for (const [index, plan] of card.safeguards.entries()) row(index === 0 ? 'safeguard' : '', plan);
  for (const [index, one] of card.rules.entries()) row(index === 0 ? 'why' : '', `${one.reason} (${one.rule})`);
  row('who asks', card.asks);
  if (card.statedPurpose !== undefined) row('agent says', `“${card.statedPurpose}” (its own words, not checked)`);
  if (!card.fits) row('', 'cannot be signed: it does more than a card can show');
  return `${lines.join('\n')}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  lines.push(line);
  return lines;
}
