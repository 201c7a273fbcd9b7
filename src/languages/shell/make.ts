import { parseArgs, setOf } from './argv.ts';
import { type Call, type Handler, harmlessRun, isVisible, subscope, unjudged } from './machine.ts';
import { resolvePath } from './paths.ts';
import { contentAt } from './scripts.ts';
import { type Definition, task } from './task.ts';
import { HOLE, hasHole } from './value.ts';

/** In the order in which make looks. Source: https://www.gnu.org/software/make/manual/html_node/Makefile-Names.html */
const NAMES = ['GNUmakefile', 'makefile', 'Makefile'];

export const make: Handler = (call) => {
  const { machine } = call;
  const args = parseArgs(call.argv, {
    valued: setOf('-f -C -j -I -o -W --file --directory --jobs --makefile --eval -E'),
  });
  if (args.has('-n', '--dry-run', '--just-print', '--recon', '-q', '--version', '--help')) {
    harmlessRun(machine, 'catalog/make', call.name);
    return HOLE;
  }
  const inner: Call = { ...call, scope: { ...subscope(call.scope) } };
  // A makefile can set any variable for its recipes.
  inner.scope.exports.set('*', true);
  const dir = args.value('-C', '--directory');
  if (dir !== undefined) inner.scope.cwd = hasHole(dir.s) ? undefined : resolvePath(dir.s, call.scope.cwd);
  const given = args.operands.filter((one) => one.s.includes('='));
  const overrides = new Map(
    given.map((one) => [one.s.slice(0, one.s.indexOf('=')), one.s.slice(one.s.indexOf('=') + 1)]),
  );
  for (const [name, value] of overrides) inner.scope.vars.set(name, [{ s: value, glob: false, maybe: false }]);
  const targets = args.operands.filter((one) => !one.s.includes('=')).map((one) => one.s);
  const extra = [...(args.values.get('--eval') ?? []), ...(args.values.get('-E') ?? [])].map((one) => one.s);
  const text = textOf(inner, args.value('-f', '--file', '--makefile')?.s, extra);
  if (text === undefined) {
    const definition = isVisible(machine) ? 'unread' : 'hidden';
    for (const name of targets.length === 0 ? ['all'] : targets) {
      if (name === 'clean' && definition === 'hidden') unjudged(machine, 'catalog/make', 'runs the task clean');
      else task(inner, call.name, name, definition, []);
    }
    return HOLE;
  }
  const file = parseMakefile(text, overrides);
  // Run while the file is read, whatever the target.
  for (const command of file.shells) machine.script(command, subscope(inner.scope));
  for (const name of targets.length === 0 ? [file.first] : targets)
    task(inner, call.name, name ?? 'all', name === undefined ? 'absent' : recipe(file, name), []);
  return HOLE;
};

/** The makefile with what it includes; `undefined` where a part of it is not known. */
function textOf(call: Call, named: string | undefined, extra: readonly string[]): string | undefined {
  const { scope, machine } = call;
  const names = named === undefined ? NAMES : [named];
  let text: string | undefined = named === '-' ? scope.stdin : undefined;
  if (text !== undefined && hasHole(text)) return undefined;
  for (const name of names) text ??= contentAt(name, scope, machine);
  if (text === undefined) return extra.length > 0 && named === undefined ? extra.join('\n') : undefined;
  for (const line of text.matchAll(/^(-|s)?include\s+(.+)$/gm)) {
    for (const name of (line[2] ?? '').replace(/#.*/, '').trim().split(/\s+/)) {
      const included = contentAt(name, scope, machine);
      if (included !== undefined) text += `\n${included}`;
      // What is missing is made by a rule of the file, or is an error; by its name it may hold anything.
      else if (line[1] === undefined && isVisible(machine)) return undefined;
    }
  }
  return [...extra, text].join('\n');
}

interface Rule {
  readonly needs: readonly string[];
  readonly lines: string[];
}

interface Makefile {
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
  readonly first: string | undefined;
  readonly shells: readonly string[];
  readonly expand: (text: string) => string;
}

function parseMakefile(text: string, overrides: ReadonlyMap<string, string>): Makefile {
  const variables = new Map<string, string>();
  const rules = new Map<string, Rule[]>();
  const shells: string[] = [];
  let current: Rule | undefined;
  let first: string | undefined;
  for (const line of text.replace(/\\\n\s*/g, ' ').split('\n')) {
    if (line.startsWith('\t')) {
      current?.lines.push(line.slice(1).replace(/^[@+-]+\s*/, ''));
      continue;
    }
    const variable = /^\s*(?:export\s+|override\s+)*([A-Za-z_]\w*)\s*([:?+!]{0,3})=\s*(.*)$/.exec(line);
    if (variable !== null) {
      const [, name = '', operator = '', value = ''] = variable;
      if (operator === '!') shells.push(value);
      if (operator === '+') variables.set(name, `${variables.get(name) ?? ''} ${value}`.trim());
      else if (operator !== '?' || !variables.has(name)) variables.set(name, operator === '!' ? HOLE : value);
      continue;
    }
    const rule = /^([^\s#:=][^:=]*?)\s*::?(?!=)(.*)$/.exec(line);
    if (rule === null) continue;
    // `target: needs ; command`
    const [needs = '', ...same] = (rule[2] ?? '').split(';');
    current = {
      needs: (needs.split('#')[0] ?? '').trim().split(/\s+/).filter(Boolean),
      lines: same.length === 0 ? [] : [same.join(';').trim()],
    };
    for (const name of (rule[1] ?? '').trim().split(/\s+/)) {
      if (name === '.PHONY' || name === '.SUFFIXES') continue;
      rules.set(name, [...(rules.get(name) ?? []), current]);
      if (!name.startsWith('.') && !name.includes('%')) first ??= name;
    }
  }
  const expand = (written: string): string => {
    let out = written;
    for (let turn = 0; turn < 8 && /\$[({]/.test(out); turn += 1) {
      const next = out.replace(/\$\(([A-Za-z_]\w*)\)|\$\{([A-Za-z_]\w*)\}/g, (whole, a?: string, b?: string) => {
        const name = a ?? b ?? '';
        return overrides.get(name) ?? variables.get(name) ?? (name === 'MAKE' ? 'make' : whole);
      });
      if (next === out || next.length > 256 * 1024) break;
      out = next;
    }
    // What make does not know comes from the environment; the shell says what is not known either.
    return out
      .replace(/\$\(([A-Za-z_]\w*)\)/g, (_, name: string) => `\${${name}}`)
      .replace(/\$\(shell\s+([^()]*)\)/g, '$($1)')
      .replaceAll('$$', '$');
  };
  const lazy = new Set([...rules.values()].flat().flatMap((rule) => rule.lines));
  for (const found of text.matchAll(/\$\(shell\s+((?:[^()]|\([^()]*\))*)\)/g))
    if (![...lazy].some((line) => line.includes(found[0]))) shells.push(found[1] ?? '');
  return { rules, first, shells: shells.map(expand), expand };
}

/** The commands of a target and of those it needs. */
function recipe(file: Makefile, target: string): Definition {
  const lines: string[] = [];
  const seen = new Set<string>();
  const patterns = [...file.rules].filter(([name]) => name.includes('%')).map(([, rules]) => rules);
  const visit = (name: string): void => {
    if (seen.has(name) || seen.size > 200) return;
    seen.add(name);
    const rules = file.rules.get(name) ?? patterns.flat();
    for (const rule of rules) {
      for (const need of rule.needs) visit(file.expand(need));
      for (const line of rule.lines) if (!lines.includes(line)) lines.push(line);
    }
  };
  visit(target);
  for (const rule of file.rules.get('.DEFAULT') ?? []) if (!file.rules.has(target)) lines.push(...rule.lines);
  return lines.length === 0 ? 'absent' : { text: file.expand(lines.join('\n')) };
}
