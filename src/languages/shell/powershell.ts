import { POWERSHELL_RULES, POWERSHELL_VERBS } from '../../catalog/powershell.ts';
import { parseArgs } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { harmlessRun, type Machine, opaque, type Scope, subscope } from './machine.ts';
import { type Field, HOLE, literal, shown } from './value.ts';

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['ri', 'remove-item'],
  ['rm', 'remove-item'],
  ['del', 'remove-item'],
  ['erase', 'remove-item'],
  ['rd', 'remove-item'],
  ['rmdir', 'remove-item'],
  ['clc', 'clear-content'],
  ['iex', 'invoke-expression'],
  ['iwr', 'invoke-webrequest'],
  ['irm', 'invoke-restmethod'],
  ['curl', 'invoke-webrequest'],
  ['wget', 'invoke-webrequest'],
  ['mi', 'move-item'],
  ['move', 'move-item'],
  ['mv', 'move-item'],
  ['sc', 'set-content'],
  ['ac', 'add-content'],
  ['gc', 'get-content'],
  ['cat', 'get-content'],
  ['type', 'get-content'],
  ['kill', 'stop-process'],
  ['spps', 'stop-process'],
  ['cpi', 'copy-item'],
  ['copy', 'copy-item'],
  ['cp', 'copy-item'],
  ['sl', 'set-location'],
  ['cd', 'set-location'],
  ['chdir', 'set-location'],
  ['echo', 'write-output'],
  ['gci', 'get-childitem'],
  ['ls', 'get-childitem'],
  ['dir', 'get-childitem'],
  ['ren', 'rename-item'],
  ['rni', 'rename-item'],
  ['ni', 'new-item'],
  ['sls', 'select-string'],
]);

/** PowerShell and cmd text: split into commands, quotes taken off, cmdlets judged by verb and noun. */
export function readPowershell(text: string, scope: Scope, machine: Machine): void {
  let piped: string | undefined;
  for (const { words, joint } of split(text)) {
    machine.steps += 1;
    if (machine.steps > 10_000) {
      opaque(machine, 'shell/limit', 'does more steps than can be followed');
      return;
    }
    const out = command(words, scope, machine, piped);
    piped = joint === '|' ? out : undefined;
  }
}

interface Part {
  readonly words: readonly string[];
  readonly joint: string;
}

function split(text: string): readonly Part[] {
  const parts: Part[] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endPart = (joint: string): void => {
    endWord();
    if (words.length > 0) parts.push({ words, joint });
    words = [];
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (char === "'" || char === '"') {
      const end = text.indexOf(char, i + 1);
      const stop = end === -1 ? text.length : end;
      const inside = text.slice(i + 1, stop);
      word = (word ?? '') + (char === '"' && /\$[({\w]/.test(inside) ? variables(inside) : inside);
      i = stop;
    } else if (char === '#' && word === undefined) {
      const end = text.indexOf('\n', i);
      i = end === -1 ? text.length : end - 1;
    } else if (char === '`' && text[i + 1] === '\n') i += 1;
    else if (char === '`' || (char === '^' && /[\w&|<>^]/.test(text[i + 1] ?? ''))) {
      word = (word ?? '') + (text[i + 1] ?? '');
      i += 1;
    } else if (/[\s,]/.test(char) && char !== '\n') endWord();
    else if (/[;\n|&(){}]/.test(char)) endPart(char === '|' && text[i + 1] !== '|' ? '|' : ';');
    else word = (word ?? '') + char;
  }
  endPart(';');
  return parts;
}

function variables(text: string): string {
  return text
    .replace(/\$env:(USERPROFILE|HOME)|\$HOME|%USERPROFILE%/gi, '~')
    .replace(/\$(env:)?(TEMP|TMP)\b|%TE?MP%/gi, '/tmp')
    .replace(/\$PWD/gi, '.')
    .replace(/\$[({]?[\w:.]+[)}]?/g, HOLE);
}

function command(words: readonly string[], scope: Scope, machine: Machine, piped: string | undefined): string {
  const given = words[0] ?? '';
  if (/^\$\w+$/.test(given) || given === '=') return HOLE;
  if (given === 'sudo' || given === 'start' || given === 'call' || given === '.')
    return command(words.slice(1), scope, machine, piped);
  const lower =
    given
      .toLowerCase()
      .replace(/\.(exe|com)$/, '')
      .replaceAll('\\', '/')
      .split('/')
      .at(-1) ?? '';
  const name = ALIASES.get(lower) ?? lower;
  const fields: Field[] = words.slice(1).map((word) => {
    const s = variables(word);
    return { s, glob: /[*?]/.test(s), maybe: false };
  });
  const source = 'catalog/powershell';
  const flags = fields.filter((field) => /^-[A-Za-z]/.test(field.s)).map((field) => field.s.toLowerCase());
  if (flags.some((flag) => /^-(whatif|wi)$/.test(flag))) {
    harmlessRun(machine, source, given);
    return HOLE;
  }
  const operands = operandsOf(fields);
  switch (name) {
    case 'remove-item':
    case 'clear-content':
    case 'clear-item':
    case 'remove-itemproperty': {
      const paths = operands.length > 0 ? operands : [literal(piped ?? HOLE)];
      for (const path of paths) {
        // `del /s /q`: switches of cmd.
        if (/^\/[a-z]$/i.test(path.s)) continue;
        loseFile(
          machine,
          { ...path, s: path.s.replaceAll('\\', '/') },
          scope.cwd,
          name === 'clear-content' ? 'empty' : 'delete',
          { source, recursive: true },
        );
      }
      return '';
    }
    case 'get-childitem':
      harmlessRun(machine, source, given);
      return operands[0] === undefined ? '*' : `${operands[0].s.replaceAll('\\', '/')}/*`;
    case 'set-content':
    case 'out-file':
    case 'tee-object':
      if (operands[0] !== undefined) loseFile(machine, operands[0], scope.cwd, 'overwrite', { source });
      return '';
    case 'move-item':
    case 'copy-item':
      if (operands[1] !== undefined) loseFile(machine, operands[1], scope.cwd, 'append', { source });
      return '';
    case 'get-content':
      for (const path of operands) readFile(machine, path, scope.cwd, source, 'shows');
      return HOLE;
    case 'set-location':
      scope.cwd = operands[0] === undefined ? '~' : operands[0].s;
      return '';
    case 'invoke-expression': {
      const text = operands.map((field) => field.s).join(' ');
      if (text === '' || text.includes(HOLE))
        opaque(machine, source, 'runs text that only the running shell would know (Invoke-Expression)');
      else readPowershell(text, subscope(scope), machine);
      return HOLE;
    }
    default:
      break;
  }
  for (const rule of POWERSHELL_RULES) {
    if (!rule.command.test(`${name} ${fields.map((field) => field.s).join(' ')}`.toLowerCase())) continue;
    machine.emit({
      verb: rule.verb,
      target: { system: 'host', kind: rule.what, path: [shown(operands[0]?.s ?? name)] },
      reversal: 'irreversible',
      source,
      summary: `${rule.says} (${shown(given)})`,
      max: 'unbounded',
      basis: 'documented',
    });
    return HOLE;
  }
  const cmdlet = /^([a-z]+)-([a-z]\w*)$/.exec(name);
  const verb = cmdlet === null ? undefined : POWERSHELL_VERBS.get(cmdlet[1] ?? '');
  if (verb === 'destroy') {
    if (
      /^remove-(variable|module|alias|psdrive|pssession|event|job|typedata|pssnapin|psbreakpoint)$|^clear-(host|variable|history)$|^reset-(color)$/.test(
        name,
      )
    )
      return '';
    machine.emit({
      verb: 'destroy',
      target: { system: 'windows', kind: cmdlet?.[2] ?? 'thing', path: [shown(operands[0]?.s ?? name)] },
      reversal: 'irreversible',
      source,
      summary: `runs ${shown(given)}`,
      max: 'unbounded',
      basis: 'documented',
    });
    return HOLE;
  }
  if (verb === 'harmless') {
    harmlessRun(machine, source, given);
    return HOLE;
  }
  if (cmdlet !== null && verb === undefined && !/^(npm|docker|git|apt|pip|aws|npx|node|gh)-/.test(name)) {
    harmlessRun(machine, source, given);
    return HOLE;
  }
  parseArgs(fields);
  const inner = subscope(scope);
  inner.depth += 1;
  if (
    /^(set|if|for|foreach|foreach-object|else|echo|rem|@echo|param|function|return|exit|cls|pause|title|where|where-object|%|\?|try|catch|finally)$/.test(
      lower,
    )
  )
    return HOLE;
  return machine.run([literal(lower === '' ? given : lower), ...fields], inner);
}

/** Operands, with the values of `-Path`, `-LiteralPath`, `-Name`; values of other parameters are left out where they are known. */
function operandsOf(fields: readonly Field[]): Field[] {
  const out: Field[] = [];
  for (const [index, field] of fields.entries()) {
    if (/^-[A-Za-z]/.test(field.s)) continue;
    const before = fields[index - 1]?.s.toLowerCase() ?? '';
    if (/^-(filter|include|exclude|erroraction|ea|encoding|value|itemtype|confirm:?|depth)$/.test(before)) continue;
    out.push(field);
  }
  return out;
}
