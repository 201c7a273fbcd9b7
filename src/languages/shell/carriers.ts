import { APT_TEXT, CARRIERS, type Carrier, SOCAT_TEXT } from '../../catalog/carriers.ts';
import { type Call, type Machine, opaque, subscope } from './machine.ts';
import { runText } from './scripts.ts';
import { type Field, hasHole, literal, shown } from './value.ts';

const BY_PROGRAM: ReadonlyMap<string, readonly Carrier[]> = Map.groupBy(
  CARRIERS.flatMap((carrier) => carrier.programs.split('|').map((program) => ({ ...carrier, programs: program }))),
  (carrier) => carrier.programs,
);

/** What a program is told by its flags to run beside its own work. The program itself goes on to be judged. */
export function readCarried(call: Call): void {
  const { name, argv } = call;
  if (name === 'socat') for (const field of argv) carryMatch(SOCAT_TEXT, field, call);
  if (name === 'apt' || name === 'apt-get' || name === 'aptitude')
    for (const value of valuesOf(argv, '-o')) carryMatch(APT_TEXT, value, call);
  if (name === 'rpm' || name === 'rpmbuild' || name === 'rpmspec') macros(call);
  afterDashes(call);
  if (TAKES_SHELL_LINES.test(name)) shellLines(call);
  for (const carrier of BY_PROGRAM.get(name) ?? [])
    for (const flag of carrier.flags.split('|')) for (const value of valuesOf(argv, flag)) carry(carrier, value, call);
}

/** Clients that hand a line that begins with `!` to a shell. */
const TAKES_SHELL_LINES = /^(?:l?ftp|sftp|tftp|telnet|mail|mailx)$/;

function shellLines(call: Call): void {
  const { scope, machine } = call;
  for (const [, text = ''] of (scope.stdin ?? '').matchAll(/^\s*!(.*)$/gm)) {
    const inner = subscope(scope);
    inner.depth += 1;
    inner.stdin = undefined;
    runText(text, inner, machine, 'argument');
  }
}

/** `capsh … -- ARGS` starts bash with these; `start-stop-daemon -S -x PROGRAM -- ARGS` starts that program. */
function afterDashes(call: Call): void {
  const { name, argv, machine } = call;
  const at = argv.findIndex((field) => field.s === '--');
  const rest = at === -1 ? [] : argv.slice(at + 1);
  const inner = subscope(call.scope);
  inner.depth += 1;
  if (name === 'capsh' && at !== -1) machine.run([literal('bash'), ...rest], inner);
  if (name !== 'start-stop-daemon') return;
  const program = ['-x', '--exec', '-a', '--startas'].flatMap((flag) => valuesOf(argv, flag)).at(-1);
  if (program !== undefined && argv.some((field) => /^(-S|--start|-[a-zA-Z]*S[a-zA-Z]*)$/.test(field.s)))
    machine.run([program, ...rest], inner);
}

function carry(carrier: Carrier, value: Field, call: Call): void {
  const { machine } = call;
  const inner = subscope(call.scope);
  inner.depth += 1;
  const held = machine.nested;
  machine.nested = true;
  switch (carrier.as) {
    case 'text':
      runText(value.s, inner, machine, 'argument');
      break;
    case 'program':
      machine.run([value], inner);
      break;
    case 'commas':
      machine.run(value.s.split(',').map(literal), inner);
      break;
    case 'debugger':
      debuggerCommand(value.s, call, machine);
      break;
    default:
      carrier.as satisfies never;
  }
  machine.nested = held;
}

function carryMatch(pattern: RegExp, field: Field, call: Call): void {
  const text = pattern.exec(field.s)?.[1];
  if (text === undefined) return;
  const inner = subscope(call.scope);
  inner.depth += 1;
  const held = call.machine.nested;
  call.machine.nested = true;
  // The options of a socat address come after commas.
  runText(
    call.name === 'socat' ? (text.split(/,(?=[a-z-]+(?:[,=]|$))/)[0] ?? '') : text,
    inner,
    call.machine,
    'argument',
  );
  call.machine.nested = held;
}

/** `!x`, `shell x`, `platform shell x`, `python x`: https://sourceware.org/gdb/current/onlinedocs/gdb.html/Shell-Commands.html */
function debuggerCommand(text: string, call: Call, machine: Machine): void {
  const shell = /^\s*(?:!|(?:platform\s+)?shell\s|sh\s|make\s|pipe\s)\s*(.*)$/s.exec(text)?.[1];
  const inner = subscope(call.scope);
  inner.depth += 1;
  if (shell !== undefined) runText(shell, inner, machine, 'argument');
  const code = /^\s*(?:python|py|pi|script|python-interactive)\s(?:--\s)?(.*)$/s.exec(text)?.[1];
  if (code !== undefined) machine.run([literal('python3'), literal('-c'), literal(code)], inner);
  if (hasHole(text)) opaque(machine, 'shell/argument', `runs ${call.name} with a command that is not known`);
}

/** `%(command)` in a macro runs a shell, `%{lua:…}` runs Lua: https://rpm-software-management.github.io/rpm/manual/macros.html */
function macros(call: Call): void {
  for (const flag of ['-E', '--eval'])
    for (const value of valuesOf(call.argv, flag)) {
      for (const [, text = ''] of value.s.matchAll(/%\(((?:[^()]|\([^()]*\))*)\)/g)) {
        const inner = subscope(call.scope);
        inner.depth += 1;
        runText(text, inner, call.machine, 'argument');
      }
      const lua = /%\{lua:(.*)\}/s.exec(value.s)?.[1];
      if (lua !== undefined) call.machine.run([literal('lua'), literal('-e'), literal(lua)], subscope(call.scope));
      if (/%\{?(?:load|include)\b/.test(value.s))
        opaque(call.machine, 'shell/argument', `reads macros from a file: \`${shown(value.s.slice(0, 60))}\``);
    }
}

/** `-x V`, `--x V`, `--x=V`; for `-o Key`: `-o Key=V`, `-o 'Key V'`, `-oKey=V`. */
function valuesOf(argv: readonly Field[], flag: string): readonly Field[] {
  const [name = '', key] = flag.split(/ (.*)/s);
  const found: Field[] = [];
  for (const [index, field] of argv.entries()) {
    if (field.s === '--') break;
    const next = argv[index + 1];
    if (field.s === name && next !== undefined) found.push(next);
    else if (field.s.startsWith(`${name}=`)) found.push({ ...field, s: field.s.slice(name.length + 1) });
    else if (key !== undefined && field.s.startsWith(name) && field.s.length > name.length)
      found.push({ ...field, s: field.s.slice(name.length) });
  }
  if (key === undefined) return found;
  const lower = key.toLowerCase();
  return found.flatMap((field) => {
    const rest = field.s.slice(key.length);
    return field.s.toLowerCase().startsWith(lower) && /^\s*[=\s]/.test(rest)
      ? [{ ...field, s: rest.replace(/^\s*=?\s*/, '') }]
      : [];
  });
}
