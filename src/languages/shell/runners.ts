import { PACKAGE_COMMANDS, PACKAGE_RULES } from '../../catalog/package-managers.ts';
import { soundsDestructive } from '../../catalog/verbs.ts';
import { isKnown } from '../../core/tri.ts';
import { parseArgs, setOf } from './argv.ts';
import { type Call, type Handler, harmlessRun, type Machine, opaque, subscope, unjudged } from './machine.ts';
import { fileRef, resolvePath } from './paths.ts';
import { destructiveWord } from './tool-rules.ts';
import { HOLE, hasHole, literal, shown } from './value.ts';

/** The text of a file of the project, where the world tells. */
function projectFile(call: Call, name: string): string | undefined {
  const path = resolvePath(name, call.scope.cwd);
  const written = call.scope.written.get(path);
  if (written !== undefined && !hasHole(written)) return written;
  if (!path.startsWith('/')) return undefined;
  const fact = call.machine.ask('content', fileRef(path));
  if (fact === undefined || !isKnown(fact)) return undefined;
  const text = (fact.known as { readonly text?: unknown }).text;
  return typeof text === 'string' ? text : undefined;
}

function scriptOf(call: Call, name: string): string | undefined {
  const text = projectFile(call, 'package.json');
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    const scripts = (parsed as { readonly scripts?: Record<string, unknown> } | null)?.scripts;
    const script = scripts?.[name];
    return typeof script === 'string' ? script : undefined;
  } catch {
    return undefined;
  }
}

/** A task of the project by its name: its text is read where it can be; else its name decides. */
function task(call: Call, kind: string, name: string, text: string | undefined, more: readonly string[]): string {
  const { machine, scope } = call;
  if (text !== undefined) {
    const key = `${kind} ${name}`;
    if (scope.calling.includes(key) || scope.calling.length > 12) return HOLE;
    const inner = { ...subscope(scope), depth: scope.depth + 1, calling: [...scope.calling, key] };
    const held = machine.nested;
    machine.nested = true;
    machine.script([text, ...more].join(' '), inner);
    machine.nested = held;
    return HOLE;
  }
  const words = name.toLowerCase().split(/[:_.-]/);
  const tests =
    /^(test|tests|lint|e2e|check|format|typecheck|jest|vitest|storybook|unit)$/.test(words[0] ?? '') &&
    !words.some((word) => /^(db|database|prod|production)$/.test(word));
  const risky =
    soundsDestructive(name) ||
    words.some((word) =>
      /^(destroy|drop|nuke|wipe|purge|teardown|reset|rollback|prune|publish|truncate|flush)$/.test(word),
    ) ||
    (/^(deploy|release|ship|promote)$/.test(words[0] ?? '') && /prod|live/.test(name));
  if (hasHole(name)) opaque(machine, `catalog/${kind}`, 'runs a task whose name only the running shell would know');
  else if (risky && !tests)
    opaque(
      machine,
      `catalog/${kind}`,
      `runs the task ${shown(name)}, whose text is not known and whose name sounds destructive`,
    );
  else unjudged(machine, `catalog/${kind}`, `runs the task ${shown(name)}`);
  return HOLE;
}

const VALUED = setOf(
  '--prefix --filter -F -w --workspace -C --dir --cwd --registry --tag --loglevel -c --config --access --otp --scope --prefix -p',
);

const node: Handler = (call) => {
  const { machine } = call;
  const args = parseArgs(call.argv, { valued: VALUED });
  let words = args.operands.map((one) => one.s);
  const source = `catalog/${call.name}`;
  if (words[0] === 'workspace' || words[0] === 'workspaces')
    words = words.slice(call.name === 'yarn' && words[0] === 'workspace' ? 2 : 1);
  const sub = words[0] ?? (call.name === 'yarn' ? 'install' : '');
  if (args.has('--help', '-h', '--version', '-v') || args.has('--dry-run')) {
    harmlessRun(machine, source, call.name);
    return HOLE;
  }
  for (const rule of PACKAGE_RULES) {
    if (!rule.words.test(words.slice(0, 3).join(' ')) || (rule.flag !== undefined && !args.has(...rule.flag))) continue;
    machine.emit({
      verb: rule.verb,
      target: { system: 'npm', kind: rule.what, path: [shown(words[1] ?? call.name)] },
      reversal: rule.reversal,
      source,
      summary: `${rule.says} (${call.name} ${shown(words.join(' '))})`,
      basis: 'documented',
    });
    return HOLE;
  }
  if (sub === 'run' || sub === 'run-script' || sub === 'rum' || sub === 'urn') {
    const name = words[1];
    if (name === undefined) return HOLE;
    return task(call, call.name, name, scriptOf(call, name), words.slice(2));
  }
  if (sub === 'test' || sub === 't' || sub === 'tst' || sub === 'start' || sub === 'stop' || sub === 'restart')
    return task(
      call,
      call.name,
      sub.startsWith('t') ? 'test' : sub,
      scriptOf(call, sub.startsWith('t') ? 'test' : sub),
      [],
    );
  if (PACKAGE_COMMANDS.has(sub) || sub === '') {
    if (call.name === 'bun' && /\.[cm]?[jt]sx?$/.test(sub))
      return machine.run([literal('node'), ...call.argv], call.scope);
    unjudged(machine, source, `runs ${call.name} ${shown(sub)}`);
    return HOLE;
  }
  if (call.name === 'npm') {
    const word = destructiveWord(args);
    if (word !== undefined) opaque(machine, source, `runs npm ${shown(sub)}, which no rule knows`);
    else unjudged(machine, source, `runs npm ${shown(sub)}`);
    return HOLE;
  }
  if (call.name === 'bun' && (/\.[cm]?[jt]sx?$/.test(sub) || args.has('-e', '--eval') || sub.startsWith('./')))
    return machine.run([literal('node'), ...call.argv], call.scope);
  // `yarn build`, `pnpm lint`, `pnpm prisma …`: a script of the project, else a program it installed.
  const script = scriptOf(call, sub);
  if (script !== undefined) return task(call, call.name, sub, script, words.slice(1));
  const at = call.argv.findIndex((field) => field.s === sub);
  return machine.run(call.argv.slice(at), {
    ...subscope(call.scope),
    depth: call.scope.depth + 1,
    calling: [...call.scope.calling],
  });
};

const make: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-f -C -j -I -o -W --file --directory --jobs') });
  if (args.has('-n', '--dry-run', '--just-print', '--recon', '-q', '--version', '--help')) {
    harmlessRun(call.machine, 'catalog/make', call.name);
    return HOLE;
  }
  const inner: Call = { ...call, scope: { ...subscope(call.scope) } };
  const dir = args.value('-C', '--directory');
  if (dir !== undefined) inner.scope.cwd = hasHole(dir.s) ? undefined : resolvePath(dir.s, call.scope.cwd);
  const file = args.value('-f', '--file')?.s ?? 'Makefile';
  const targets = args.operands.filter((one) => !one.s.includes('='));
  const given = args.operands.filter((one) => one.s.includes('='));
  const text = call.name === 'make' || call.name === 'gmake' ? projectFile(inner, file) : undefined;
  for (const one of given) {
    const equals = one.s.indexOf('=');
    inner.scope.vars.set(one.s.slice(0, equals), [{ ...one, s: one.s.slice(equals + 1) }]);
  }
  const names = targets.length === 0 ? ['all'] : targets.map((one) => one.s);
  for (const name of names) {
    if (name === 'clean' && text === undefined) unjudged(call.machine, 'catalog/make', 'runs the task clean');
    else
      task(
        inner,
        call.name,
        name,
        text === undefined
          ? undefined
          : recipe(text, targets.length === 0 ? undefined : name, inner.machine, new Set()),
        [],
      );
  }
  // A switch of context before a task makes the task act elsewhere.
  return HOLE;
};

/** The commands of a make target and of those it needs, variables replaced as far as the file tells. */
function recipe(text: string, target: string | undefined, _machine: Machine, seen: Set<string>): string | undefined {
  const variables = new Map<string, string>();
  const rules = new Map<string, { needs: string[]; lines: string[] }>();
  let current: { needs: string[]; lines: string[] } | undefined;
  for (const line of text.replace(/\\\n\s*/g, ' ').split('\n')) {
    if (line.startsWith('\t')) {
      current?.lines.push(line.slice(1).replace(/^[@+-]+\s*/, ''));
      continue;
    }
    const variable = /^(?:export\s+)?([A-Za-z_]\w*)\s*[:?+]?=\s*(.*)$/.exec(line);
    if (variable !== null) {
      variables.set(variable[1] ?? '', variable[2] ?? '');
      continue;
    }
    const rule = /^([^\s#:][^:=]*):([^=].*)?$/.exec(line);
    if (rule === null) continue;
    current = { needs: (rule[2] ?? '').split('#')[0]?.trim().split(/\s+/).filter(Boolean) ?? [], lines: [] };
    for (const name of (rule[1] ?? '').trim().split(/\s+/)) if (!name.startsWith('.')) rules.set(name, current);
  }
  const first = target ?? [...rules.keys()][0];
  if (first === undefined || !rules.has(first)) return target === undefined ? undefined : undefined;
  const lines: string[] = [];
  const visit = (name: string): void => {
    const rule = rules.get(name);
    if (rule === undefined || seen.has(name) || seen.size > 50) return;
    seen.add(name);
    for (const need of rule.needs) visit(need);
    lines.push(...rule.lines);
  };
  visit(first);
  const expanded = lines
    .join('\n')
    .replace(
      /\$\(([A-Za-z_]\w*)\)|\$\{([A-Za-z_]\w*)\}/g,
      (_whole, a?: string, b?: string) =>
        variables.get(a ?? b ?? '') ?? (a === 'MAKE' ? 'make' : `\${${a ?? b ?? ''}}`),
    );
  return expanded.replaceAll('$$', '$');
}

const runner: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-f --file -d --justfile --taskfile --dir') });
  const words = args.operands.map((one) => one.s).filter((one) => !one.includes('='));
  if (args.has('--list', '-l', '--summary', '--help', '--version', '-h', '-n', '--dry-run', '--dry')) return HOLE;
  return task(call, call.name, words[0] ?? 'default', undefined, []);
};

export const runners: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...['npm', 'pnpm', 'yarn', 'bun'].map((name) => [name, node] as const),
  ...['make', 'gmake'].map((name) => [name, make] as const),
  ...['just', 'task', 'go-task', 'mage', 'invoke', 'inv', 'nox', 'tox', 'doit', 'wireit'].map(
    (name) => [name, runner] as const,
  ),
]);
