import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { type Handler, harmlessRun } from './machine.ts';
import { lastName } from './paths.ts';
import { FRESH, HOLE, hasMark, SECRET, SETUP } from './value.ts';

/** Commands that only make text, followed as far as text alone can tell. */

const echo: Handler = (call) => {
  const words = call.argv.map((field) => field.s);
  let newline = '\n';
  let escapes = false;
  while (/^-[neE]+$/.test(words[0] ?? '')) {
    const flags = words.shift() ?? '';
    if (flags.includes('n')) newline = '';
    if (flags.includes('e')) escapes = true;
  }
  harmlessRun(call.machine, 'catalog/echo', call.name);
  const text = words.join(' ');
  return (escapes ? decodeEscapes(text) : text) + (text === '' && newline === '' ? '' : newline);
};

function decodeEscapes(text: string): string {
  return text.replace(
    /\\(x[0-9a-fA-F]{1,2}|0[0-7]{0,3}|[0-7]{1,3}|u[0-9a-fA-F]{1,4}|[abefnrtv\\])/g,
    (_, code: string) => {
      if (code.startsWith('x') || code.startsWith('u')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
      if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) % 256);
      return (
        (
          { n: '\n', t: '\t', r: '\r', '\\': '\\', a: '\x07', b: '\b', e: '\x1b', f: '\f', v: '\v' } as Record<
            string,
            string
          >
        )[code] ?? code
      );
    },
  );
}

const printf: Handler = (call) => {
  const args =
    call.argv[0]?.s === '-v' ? call.argv.slice(2) : call.argv[0]?.s === '--' ? call.argv.slice(1) : call.argv;
  const format = args[0]?.s ?? '';
  let rest = args.slice(1).map((field) => field.s);
  harmlessRun(call.machine, 'catalog/printf', 'printf');
  let out = '';
  let turns = 0;
  do {
    const before = rest.length;
    out += decodeEscapes(format).replace(/%(-?\d*(?:\.\d+)?[sbdqxci]|%)/g, (_, spec: string) => {
      if (spec === '%') return '%';
      const value = rest[0] ?? '';
      rest = rest.slice(1);
      return spec.endsWith('b') ? decodeEscapes(value) : value;
    });
    turns += 1;
    if (rest.length === before) break;
  } while (rest.length > 0 && turns < 64);
  if (call.argv[0]?.s === '-v') {
    call.scope.vars.set(call.argv[1]?.s ?? '', [{ s: out, glob: false, maybe: false }]);
    return '';
  }
  return out;
};

/** What a filter makes of a secret is still one. */
function secretly(text: string | undefined): string {
  return text?.includes(SECRET) === true ? SECRET + HOLE : HOLE;
}

const base64: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/base64', call.name);
  for (const field of call.argv)
    if (!field.s.startsWith('-')) readFile(call.machine, field, call.scope.cwd, 'catalog/base64', 'shows');
  const decodes =
    call.argv.some((field) => /^(-d|-D|--decode|-di)$/.test(field.s)) ||
    (call.name === 'openssl' && call.argv.some((field) => field.s === '-d'));
  const text = call.scope.stdin;
  if (!decodes || text === undefined || hasMark(text) || call.name === 'base32') return secretly(text);
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('utf8');
};

const xxd: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/xxd', call.name);
  for (const field of call.argv)
    if (!field.s.startsWith('-')) readFile(call.machine, field, call.scope.cwd, 'catalog/xxd', 'shows');
  const text = call.scope.stdin;
  const flags = call.argv.map((field) => field.s).join(' ');
  if (text === undefined || hasMark(text) || !/-r/.test(flags) || !/-p|-rp|-pr|-ps/.test(flags)) return secretly(text);
  return Buffer.from(text.replace(/\s/g, ''), 'hex').toString('utf8');
};

const rev: Handler = (call) => {
  const text = call.scope.stdin;
  harmlessRun(call.machine, 'catalog/rev', 'rev');
  return text === undefined || hasMark(text)
    ? secretly(text)
    : text
        .split('\n')
        .map((line) => Array.from(line).reverse().join(''))
        .join('\n');
};

function trSet(text: string): string {
  const classes: Record<string, string> = { '[:lower:]': 'a-z', '[:upper:]': 'A-Z', '[:digit:]': '0-9' };
  return decodeEscapes(classes[text] ?? text).replace(/(.)-(.)/g, (whole, from: string, to: string) => {
    let out = '';
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0) && out.length < 300; code += 1)
      out += String.fromCharCode(code);
    return out === '' ? whole : out;
  });
}

const tr: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/tr', 'tr');
  const text = call.scope.stdin;
  if (text === undefined || hasMark(text)) return secretly(text);
  const flags = call.argv.filter((field) => field.s.startsWith('-') && field.s.length > 1).map((field) => field.s);
  const sets = call.argv
    .filter((field) => !field.s.startsWith('-') || field.s.length === 1)
    .map((field) => trSet(field.s));
  const from = sets[0] ?? '';
  if (flags.some((flag) => flag.includes('c') || flag.includes('s'))) return HOLE;
  if (flags.includes('-d'))
    return Array.from(text)
      .filter((char) => !from.includes(char))
      .join('');
  const to = sets[1] ?? '';
  return Array.from(text)
    .map((char) => {
      const at = from.indexOf(char);
      return at === -1 ? char : (to[at] ?? to.at(-1) ?? char);
    })
    .join('');
};

const OUTPUTS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['sort', setOf('-o --output')],
  ['shuf', setOf('-o --output')],
]);

const passing: Handler = (call) => {
  const flags = OUTPUTS.get(call.name);
  const written =
    flags !== undefined
      ? parseArgs(call.argv, { valued: flags }).value('-o', '--output')
      : call.name === 'uniq'
        ? parseArgs(call.argv, { valued: setOf('-f -s -w') }).operands[1]
        : undefined;
  if (written !== undefined)
    loseFile(call.machine, written, call.scope.cwd, 'overwrite', { source: `catalog/${call.name}` });
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  // Without files, what comes out is part of what goes in; whole is the stricter reading.
  return call.scope.stdin ?? HOLE;
};

const date: Handler = (call) => {
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return FRESH;
};

const mktemp: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/mktemp', 'mktemp');
  return `/tmp/tmp.${FRESH}`;
};

const basename: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/basename', call.name);
  const path = call.argv[0]?.s ?? '';
  if (hasMark(path)) return HOLE;
  const trimmed = path.replace(/\/+$/, '');
  if (call.name === 'dirname') return trimmed.includes('/') ? trimmed.slice(0, trimmed.lastIndexOf('/')) || '/' : '.';
  const name = lastName(trimmed);
  const suffix = call.argv[1]?.s;
  return suffix !== undefined && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
};

const pwd: Handler = (call) => call.scope.cwd ?? HOLE;

const realpath: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/realpath', call.name);
  return parseArgs(call.argv)
    .operands.map((field) => field.s)
    .join('\n');
};

const seq: Handler = (call) => {
  const numbers = parseArgs(call.argv, { valued: setOf('-s -f') }).operands.map((field) => Number(field.s));
  harmlessRun(call.machine, 'catalog/seq', 'seq');
  const to = numbers.at(-1) ?? 0;
  const from = numbers.length > 1 ? (numbers[0] ?? 1) : 1;
  if (!Number.isInteger(to) || !Number.isInteger(from) || to - from > 200) return HOLE;
  let out = '';
  for (let n = from; n <= to; n += 1) out += `${n}\n`;
  return out;
};

const which: Handler = (call) => {
  harmlessRun(call.machine, 'catalog/which', call.name);
  return call.argv
    .filter((field) => !field.s.startsWith('-'))
    .map((field) => field.s)
    .join('\n');
};

const setup: Handler = (call) => {
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return SETUP;
};

export const TEXT_TOOLS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['echo', echo],
  ['printf', printf],
  ['base64', base64],
  ['gbase64', base64],
  ['xxd', xxd],
  ['rev', rev],
  ['tr', tr],
  ['pwd', pwd],
  ['date', date],
  ['uuidgen', date],
  ['gdate', date],
  ['mktemp', mktemp],
  ['basename', basename],
  ['dirname', basename],
  ['realpath', realpath],
  ['readlink', realpath],
  ['seq', seq],
  ['which', which],
  ['type', which],
  ['ssh-agent', setup],
  ...['sort', 'uniq', 'fmt', 'fold', 'tac', 'nl', 'column', 'expand', 'paste', 'shuf', 'pv', 'iconv', 'dos2unix'].map(
    (name) => [name, passing] as const,
  ),
]);
