import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { type Call, type Handler, harmlessRun, isVisible, opaque, subscope } from './machine.ts';
import { isSecretVariable, showsNamesOnly } from './secrets.ts';
import { type Field, HOLE, literal, SECRET } from './value.ts';

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
    if (/(^|[;{}\s\d$/])e\s*$|(^|[;}])\s*\d*e\s+\S/.test(script.s) || substitutesByCommand(script.s))
      opaque(machine, source, 'sed runs commands (`e`)');
    for (const write of script.s.matchAll(/(?:^|[;/}\d$!])\s*w\s+([^\s;}]+)/gm))
      loseFile(machine, literal(write[1] ?? ''), scope.cwd, 'overwrite', { source });
  }
  // Without printing each line, or after a `q`, what is not printed is gone.
  const drops =
    inPlace &&
    isVisible(machine) &&
    (args.has('-n', '--quiet', '--silent') || scripts.some((script) => /^\s*\d*q\s*$/.test(script.s)));
  const blanks = drops || scripts.some((script) => leavesNothing(script.s, isVisible(machine)));
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

/**
 * Whether a script of `sed` takes every line, or the whole of every line. By its text alone only what empties the file
 * counts: what stands there instead (`s/.*\/x/`) may well be meant.
 */
function leavesNothing(script: string, visible: boolean): boolean {
  const commands = script.split(/[;\n]/).map((one) => one.trim());
  return commands.some((one) => {
    const command =
      /^(?:1,\$|0~1|1~1|\$!|\/(?:\^|\$|\.|\.\*|\^\.\*\$?)\/|\d+,\$|\d*,?\$?)?\s*(.*)$/s.exec(one)?.[1] ?? '';
    const range = one.slice(0, one.length - command.length).trim();
    // Single lines are an edit; all from one of the first on are not.
    if (/^(\d+|\$|\d+,\d*|,.*|[2-9]\d+,\$)$/.test(range)) return false;
    if (command === 'd') return true;
    const parts = command.startsWith('s') ? substitutionOf(command) : undefined;
    if (parts !== undefined) {
      const [pattern, instead] = parts;
      const whole = /^\^?(\.[*+]|\.\\\+|\.\\\{[01],\\\}|\.\{[01],\}|\[\^\\n\][*+]|\(\.\*\)|\\\(\.\*\\\))\$?$/.test(
        pattern,
      );
      return whole && (instead === '' || (visible && !/&|\\[0-9]/.test(instead)));
    }
    return visible && /^c(\\|\s|\w)/.test(command) && (range === '' || range === '1,$' || range.startsWith('/'));
  });
}

/** The flag `e` runs what the line has become. */
function substitutesByCommand(script: string): boolean {
  return [script, ...script.split(/[;\n]/)].some((one) => {
    const bare = one.replace(/^[\d,$~+!\s{]*/, '').replace(/^\/[^/]*\/[\s!]*/, '');
    return bare.startsWith('s') && substitutionOf(bare)?.[2].includes('e') === true;
  });
}

/** Pattern, replacement and flags of `s/x/y/`, whatever stands between them. Linear, unlike a regular expression for it. */
function substitutionOf(command: string): readonly [string, string, string] | undefined {
  const mark = command[1];
  if (mark === undefined || mark === '\\' || mark === '\n') return undefined;
  const parts = [''];
  for (let at = 2; at < command.length && parts.length < 4; at += 1) {
    const char = command[at] ?? '';
    if (char === mark) parts.push('');
    else {
      parts[parts.length - 1] += char;
      if (char === '\\') {
        at += 1;
        parts[parts.length - 1] += command[at] ?? '';
      }
    }
  }
  const [pattern = '', instead = '', flags = ''] = parts;
  return parts.length === 3 && /^[gmiIMpe\d]*\s*$/.test(flags) ? [pattern, instead, flags] : undefined;
}

/** What a filter makes of a secret is still one, unless only names are left. */
function filtered(call: Call): string {
  const secret = call.scope.stdin?.includes(SECRET) === true;
  const words = call.argv.map((field) => field.s);
  return secret && !showsNamesOnly(call.name.replace(/^[gmn](?=sed|awk)/, ''), words) ? SECRET + HOLE : HOLE;
}

const awk: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, {
    valued: setOf('-F -v -f -i -l -e --field-separator --assign --file --include --load --source'),
  });
  const named = args.value('-e', '--source');
  const program = args.has('-f', '--file') ? undefined : (named ?? args.operands[0]);
  const files = program === undefined || named !== undefined ? args.operands : args.operands.slice(1);
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
    for (const segment of text.split(/[;}]/)) {
      const at = segment.indexOf('print');
      if (at === -1) continue;
      for (const found of segment.slice(at).matchAll(/>\s*(?:"([^"]+)"|([A-Za-z_]\w*)\s*$|ARGV\[(\d+)\]\s*$)/g)) {
        const [, name, variable, index] = found;
        const given =
          index === undefined
            ? args.values.get('-v')?.find((one) => one.s.startsWith(`${variable ?? ''}=`))
            : args.operands[Number(index)];
        const file = name === undefined ? given : literal(name);
        if (file !== undefined)
          loseFile(machine, { ...file, s: file.s.replace(/^\w+=/, '') }, scope.cwd, 'overwrite', { source });
      }
    }
    if (args.value('-i')?.s === 'inplace' || args.all.some((field) => field.s === 'inplace'))
      // A program that never mentions what it reads leaves none of it.
      for (const file of files)
        loseFile(machine, file, scope.cwd, isVisible(machine) && printsNothingRead(program.s) ? 'empty' : 'edit', {
          source,
        });
  }
  for (const file of files) if (!/^\w+=/.test(file.s)) readFile(machine, file, scope.cwd, source, 'shows');
  harmlessRun(machine, source, call.name);
  const fed = scope.stdin;
  if (fed?.startsWith('pgrep:') === true) return fed;
  const names = [...(program?.s ?? '').matchAll(/ENVIRON\[\s*"(\w+)"/g)].map((found) => found[1] ?? '');
  if (names.some(isSecretVariable)) return SECRET + HOLE;
  return files.length === 0 ? filtered(call) : HOLE;
};

/** No field, no bare `print`, no pattern without an action, by which a line would come through. */
function printsNothingRead(program: string): boolean {
  const bare = program.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  if (/\$|\bprint\s*(;|\}|$)|\bgetline\b/.test(bare)) return false;
  return (
    bare
      .replace(/\{[^{}]*\}/g, '')
      .replace(/\b(BEGIN|END)\b/g, '')
      .trim() === ''
  );
}

const editor: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-c --cmd -S -u -i') });
  const commands = [
    ...['-c', '--cmd'].flatMap((flag) => args.values.get(flag) ?? []).map((value) => value.s),
    ...call.argv.filter((field) => field.s.startsWith('+')).map((field) => field.s.slice(1)),
  ];
  // Without a screen the commands come from standard input.
  const silent = call.name === 'ex' || call.argv.some((field) => /^-\w*[es]/.test(field.s));
  if (silent && call.scope.stdin !== undefined) commands.push(...call.scope.stdin.split('\n'));
  const files = args.operands.filter((one) => !one.s.startsWith('+'));
  for (const command of commands) exCommand(command, files, call);
  harmlessRun(call.machine, 'catalog/editor', call.name);
  return HOLE;
};

/** What one line of ex commands does to the files that are open, and to others. */
function exCommand(line: string, files: readonly Field[], call: Call): void {
  const { machine, scope } = call;
  const source = 'catalog/vim';
  const bang = /^:?\s*(?:%|1,\$)?!(.*)$|\bsystem\(['"](.*)['"]\)/s.exec(line);
  if (bang !== null) machine.script(bang[1] ?? bang[2] ?? HOLE, { ...subscope(scope), stdin: HOLE });
  if (/^:?(%|1,\$)!/.test(line) && isVisible(machine))
    for (const file of files) loseFile(machine, file, scope.cwd, 'overwrite', { source });
  if (bang !== null) return;
  for (const part of line.split('|')) {
    const command = part.trim().replace(/^:/, '');
    if (/^(%|1,\$|,)?(d(elete)?|c(hange)?)!?$/.test(command) || /^(%|1,\$)s(.)\^?\.\*\$?\2\2/.test(command))
      for (const file of files) loseFile(machine, file, scope.cwd, 'empty', { source });
    const other = /^(?:[\d,%$.]*)(?:w(?:rite)?|wq|sav(?:eas)?|x)!\s*([^!>\s]\S*)$/.exec(command)?.[1];
    if (other !== undefined) loseFile(machine, literal(other), scope.cwd, 'overwrite', { source });
  }
}

const ed: Handler = (call) => {
  const commands = call.scope.stdin ?? HOLE;
  if (/^\s*[\d,$%.]*[dc]\s*$/m.test(commands) && /^\s*wq?\s*$/m.test(commands))
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
