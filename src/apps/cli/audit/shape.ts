import type { Action } from '../../../core/attempt.ts';
import type { Effect } from '../../../core/effect.ts';
import { redactText } from '../../../core/redact.ts';
import { visibleText } from '../../../core/visible-text.ts';

const EXAMPLE_CHARS = 160;
const SHAPE_WORDS = 8;

/** Programs whose first operand is a name, not a command of theirs. */
const TAKES_NAMES =
  /^(\[|awk|ba?sh|bun|cat|cd|chmod|chown|cp|curl|createdb|createuser|dd|deno|dropdb|dropuser|echo|find|grep|kill|killall|ln|mkdir|mv|node|perl|php|pkill|psql|python[\d.]*|rg|rm|rmdir|ruby|sed|sh|shred|source|sqlite3|ssh|tee|touch|truncate|tsx|unlink|wget|xargs|zsh)$/;

/** The part of the action that an effect comes from, as text for people: secrets masked, controls shown. */
export function subject(action: Action, effect: Effect | undefined): string {
  const text = plainText(action);
  const span = action.kind === 'shell' || action.kind === 'sql' || action.kind === 'git' ? effect?.span : undefined;
  return shorten(span === undefined ? text : text.slice(span[0], span[1]));
}

export function wholeText(action: Action): string {
  return shorten(plainText(action));
}

function shorten(text: string): string {
  // Cut before it is made visible: masking looks at all of it, and a transcript may hold a megabyte.
  const shown = visibleText(redactText(text.slice(0, 20_000)).slice(0, EXAMPLE_CHARS * 4));
  return shown.length > EXAMPLE_CHARS ? `${shown.slice(0, EXAMPLE_CHARS - 1).toWellFormed()}…` : shown;
}

function plainText(action: Action): string {
  const text = new TextDecoder().decode(action.bytes);
  if (action.kind === 'shell' || action.kind === 'sql' || action.kind === 'git') return text;
  const members = JSON.parse(text) as { readonly [name: string]: unknown };
  const word = (name: string): string => (typeof members[name] === 'string' ? members[name] : '');
  switch (action.kind) {
    case 'file':
      return `${word('tool')} ${word('op')} ${word('path')}`.trim();
    case 'http':
      return `${word('method')} ${word('url')}`;
    case 'mcp':
      return `${word('server')} ${word('tool')} ${JSON.stringify(members['arguments'] ?? {})}`;
    case 'graphql':
      return `${word('endpoint')} ${word('query')}`;
    default:
      return action.kind satisfies never;
  }
}

/** What many calls have in common: program, its command and its flags; names become `…`. */
export function shapeOf(action: Action, effect: Effect | undefined): string {
  const text = subject(action, effect);
  switch (action.kind) {
    case 'shell':
    case 'git':
      return shellShape(action.kind === 'git' ? `git ${text}` : text);
    case 'sql':
      return text.split(/\s+/).slice(0, 2).join(' ').toLowerCase();
    case 'file': {
      const [tool = '', op = '', ...path] = text.split(' ');
      const name = path.join(' ').split('/').at(-1) ?? '';
      const ending = /^\.?[^.]*$/.test(name) ? name : `*.${name.split('.').at(-1) ?? ''}`;
      return `${tool} ${op} ${ending}`;
    }
    case 'http': {
      const [method = '', url = ''] = text.split(' ');
      return `${method} ${/^https?:\/\/[^/?#]+/.exec(url)?.[0] ?? url}`;
    }
    case 'mcp':
      return text.split(' ').slice(0, 2).join(' ');
    case 'graphql':
      return text
        .split(/[\s({]+/)
        .slice(0, 2)
        .join(' ');
    default:
      return action.kind satisfies never;
  }
}

function shellShape(text: string): string {
  const words = text.match(/'[^']*'|"[^"]*"|[^\s'"]+/g) ?? [];
  const start = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  const program = (words[start] ?? '').split('/').at(-1) ?? '';
  const out: string[] = [program];
  let named = false;
  for (const word of words.slice(start + 1)) {
    if (out.length >= SHAPE_WORDS) break;
    const isCommand = !named && out.length === 1 && !TAKES_NAMES.test(program) && /^[a-z][a-z0-9:_-]{0,30}$/.test(word);
    if (isCommand) out.push(word);
    else if (/^--?[A-Za-z]/.test(word)) out.push(word.split('=')[0] ?? word);
    else if (!named) {
      out.push('…');
      named = true;
    }
  }
  return out.join(' ');
}
