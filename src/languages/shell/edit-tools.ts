import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { type Call, type Handler, harmlessRun, isVisible, opaque } from './machine.ts';
import { isSecretVariable, showsNamesOnly } from './secrets.ts';
import { HOLE, literal, SECRET } from './value.ts';

/** Files whose lines are records. */
const ROWS = /\.(csv|tsv|jsonl|ndjson|ldif)$/i;

const sed: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: setOf('-e -f -l --expression --file') });
  const inPlace =
    args.has('-i', '--in-place') ||
    call.argv.some((field) => /^-[a-zA-Z]*i|^--in-place/.test(field.s) && !field.s.startsWith('--e'));
  const scripted = args.values.get('-e') ?? args.values.get('--expression');
  const file = args.has('-f', '--file');
  let operands = args.operands;
  // BSD: `sed -i '' …`
  if (inPlace && operands[0]?.s === '') operands = operands.slice(1);
  const scripts = scripted ?? (file ? [] : operands.slice(0, 1));
  const files = scripted === undefined && !file ? operands.slice(1) : operands;
  const source = 'catalog/sed';
  for (const script of scripts) {
    if (/(^|[;{}\s\d$/])e\s*$|(^|[;}])\s*\d*e\s+\S|^s(.).*\3.*\3[gpI\d]*e[gpI\d]*$/.test(script.s))
      opaque(machine, source, 'sed runs commands (`e`)');
    const write = /(?:^|[;/}])\s*w\s+(\S+)/.exec(script.s);
    if (write?.[1] !== undefined) loseFile(machine, literal(write[1]), scope.cwd, 'overwrite', { source });
  }
  // Without printing each line, or after a `q`, what is not printed is gone.
  const drops =
    inPlace &&
    isVisible(machine) &&
    (args.has('-n', '--quiet', '--silent') || scripts.some((script) => /^\s*\d*q\s*$/.test(script.s)));
  const blanks =
    drops ||
    scripts.some((script) =>
      /^\s*(\d*,?\$?\s*d|s(.)(\^?\.\*\$?|\^\.\*\$)\2\2[gm]*|\/\.\*\/d|\/\^\/d|1,\$d|\$!d)\s*$/.test(script.s),
    );
  const deletes = scripts.some((script) => /[/\d$]d\s*(;|$)/.test(script.s));
  for (const one of files) {
    // A line of a table is a record, and nothing makes it again.
    if (inPlace && deletes && ROWS.test(one.s)) loseFile(machine, one, scope.cwd, 'empty', { source });
    else if (inPlace) loseFile(machine, one, scope.cwd, blanks ? 'empty' : 'edit', { source });
    else readFile(machine, one, scope.cwd, source, 'shows');
  }
  harmlessRun(machine, source, 'sed');
  if (inPlace) return '';
  return files.length === 0 ? filtered(call) : HOLE;
};

/** What a filter makes of a secret is still one, unless only names are left. */
function filtered(call: Call): string {
  const secret = call.scope.stdin?.includes(SECRET) === true;
  const words = call.argv.map((field) => field.s);
  return secret && !showsNamesOnly(call.name.replace(/^[gmn](?=sed|awk)/, ''), words) ? SECRET + HOLE : HOLE;
}

const awk: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: setOf('-F -v -f --field-separator --assign --file') });
  const program = args.has('-f', '--file') ? undefined : args.operands[0];
  const files = program === undefined ? args.operands : args.operands.slice(1);
  const source = 'catalog/awk';
  if (program !== undefined) {
    const text = program.s.replace(/\/(?:[^/\\\n]|\\.)+\//g, '//');
    const system = /\bsystem\s*\(\s*(?:"((?:[^"\\]|\\.)*)"\s*\)?)?/g;
    for (const found of text.matchAll(system)) {
      if (found[1] === undefined || !found[0].endsWith(')'))
        machine.script(`${found[1] ?? ''}${found[1] === undefined ? HOLE : ` ${HOLE}`}`, scope);
      else machine.script(found[1], scope);
    }
    for (const found of text.matchAll(/(?:^|[^|])\|\s*"((?:[^"\\]|\\.)*)"/g))
      machine.script(found[1] ?? '', { ...scope, stdin: HOLE });
    for (const found of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*\|\s*getline/g)) machine.script(found[1] ?? '', scope);
    for (const found of text.matchAll(/(?:print|printf)[^;}]*>\s*"([^"]+)"/g))
      loseFile(machine, literal(found[1] ?? ''), scope.cwd, 'overwrite', { source });
    if (args.value('-i')?.s === 'inplace' || args.all.some((field) => field.s === 'inplace'))
      for (const file of files) loseFile(machine, file, scope.cwd, 'edit', { source });
  }
  for (const file of files) if (!/^\w+=/.test(file.s)) readFile(machine, file, scope.cwd, source, 'shows');
  harmlessRun(machine, source, call.name);
  const fed = scope.stdin;
  if (fed?.startsWith('pgrep:') === true) return fed;
  const names = [...(program?.s ?? '').matchAll(/ENVIRON\[\s*"(\w+)"/g)].map((found) => found[1] ?? '');
  if (names.some(isSecretVariable)) return SECRET + HOLE;
  return files.length === 0 ? filtered(call) : HOLE;
};

const editor: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-c --cmd -S -u -i') });
  for (const flag of ['-c', '--cmd']) {
    for (const value of args.values.get(flag) ?? []) {
      const bang = /^:?\s*!(.*)$|\bsystem\(['"](.*)['"]\)/.exec(value.s);
      if (bang !== null) call.machine.script(bang[1] ?? bang[2] ?? HOLE, call.scope);
      else if (/^:?%?d(elete)?(\||$)/.test(value.s))
        for (const operand of args.operands)
          loseFile(call.machine, operand, call.scope.cwd, 'empty', { source: 'catalog/vim' });
    }
  }
  for (const field of call.argv) {
    const bang = /^\+:?!(.*)$/.exec(field.s);
    if (bang !== null) call.machine.script(bang[1] ?? HOLE, call.scope);
  }
  harmlessRun(call.machine, 'catalog/editor', call.name);
  return HOLE;
};

const ed: Handler = (call) => {
  const commands = call.scope.stdin ?? HOLE;
  if (/^\s*[\d,$%.]*d\s*$/m.test(commands) && /^\s*wq?\s*$/m.test(commands))
    for (const operand of parseArgs(call.argv, { valued: setOf('-p') }).operands)
      loseFile(call.machine, operand, call.scope.cwd, 'empty', { source: 'catalog/ed' });
  for (const line of commands.split('\n'))
    if (/^\d*!/.test(line)) call.machine.script(line.replace(/^\d*!/, ''), call.scope);
  harmlessRun(call.machine, 'catalog/ed', 'ed');
  return HOLE;
};

/** Editors and the small languages of text, which run commands too. */
export const EDITORS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['sed', sed],
  ['gsed', sed],
  ['ed', ed],
  ...['awk', 'gawk', 'mawk', 'nawk'].map((name) => [name, awk] as const),
  ...['vim', 'vi', 'nvim', 'ex', 'view'].map((name) => [name, editor] as const),
]);
