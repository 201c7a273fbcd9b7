import { PACKAGE_COMMANDS, PACKAGE_RULES } from '../../catalog/package-managers.ts';
import { isKnown } from '../../core/tri.ts';
import { type Args, parseArgs, setOf } from './argv.ts';
import { type Call, type Handler, harmlessRun, isVisible, opaque, subscope, unjudged } from './machine.ts';
import { fileRef, insideWorkspace, resolvePath } from './paths.ts';
import { contentAt } from './scripts.ts';
import { type Definition, task } from './task.ts';
import { destructiveWord } from './tool-rules.ts';
import { HOLE, hasHole, literal, shown } from './value.ts';

const VALUED = setOf(
  '--prefix --filter -F -w --workspace -C --dir --cwd --registry --tag --loglevel -c --config --access --otp --scope -p',
);

/** Scripts that a command runs by itself. Source: https://docs.npmjs.com/cli/using-npm/scripts */
const LIFECYCLE: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...['install', 'i', 'ci', 'rebuild', 'link', 'clean-install', 'it', 'cit', 'install-test'].map(
    (name) =>
      [name, ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare']] as const,
  ),
  ['pack', ['prepack', 'prepare', 'postpack']],
  ['version', ['preversion', 'version', 'postversion']],
]);

type Package =
  | { readonly scripts: { readonly [name: string]: unknown }; readonly folder: string | undefined }
  | 'absent'
  | 'unread'
  | 'hidden';

/** The nearest `package.json` upwards, as npm looks for it. */
function packageOf(call: Call, args: Args): Package {
  const { machine, scope } = call;
  const elsewhere = args.has(
    '-w',
    '--workspace',
    '--workspaces',
    '-ws',
    '--filter',
    '-F',
    '-r',
    '--recursive',
    '-g',
    '--global',
    '-W',
  );
  if (elsewhere || /^workspaces?$/.test(args.operands[0]?.s ?? '')) return 'hidden';
  const given = args.value('--prefix', '-C', '--dir', '--cwd');
  if (given !== undefined && hasHole(given.s)) return 'hidden';
  let folder = given === undefined ? scope.cwd : resolvePath(given.s, scope.cwd);
  if (folder === undefined) return isVisible(machine) ? 'unread' : 'hidden';
  for (let up = 0; up < 8; up += 1) {
    const path = resolvePath('package.json', folder);
    const text = contentAt(path, { ...scope, cwd: folder }, machine);
    if (text !== undefined) return parsePackage(text, folder);
    if (!isVisible(machine)) return 'hidden';
    if (machine.stale.has(path) || scope.written.has(path) || !path.startsWith('/')) return 'unread';
    // Only where there is none does npm go on upwards; one that cannot be read could say anything.
    const fact = machine.ask('recovery', fileRef(path));
    if (fact === undefined || !isKnown(fact) || (fact.known as { readonly exists?: unknown }).exists !== false)
      return 'unread';
    if (insideWorkspace(folder, machine.context.workspace) === undefined || folder === machine.context.workspace)
      return 'absent';
    folder = folder.slice(0, folder.lastIndexOf('/')) || '/';
  }
  return 'unread';
}

function parsePackage(text: string, folder: string): Package {
  try {
    const scripts = (JSON.parse(text) as { readonly scripts?: unknown } | null)?.scripts ?? {};
    return typeof scripts === 'object' && scripts !== null
      ? { scripts: scripts as { readonly [name: string]: unknown }, folder }
      : 'unread';
  } catch {
    return 'unread';
  }
}

function definitionOf(found: Package, name: string): Definition {
  if (typeof found === 'string') return found;
  const text = Object.hasOwn(found.scripts, name) ? found.scripts[name] : undefined;
  return typeof text === 'string' ? { text, cwd: found.folder } : 'absent';
}

/** A script with what runs before and after it. */
function script(call: Call, args: Args, name: string, more: readonly string[]): string {
  const found = packageOf(call, args);
  const definition = definitionOf(found, name);
  if (name === 'start' && definition === 'absent' && typeof found === 'object')
    return task(call, call.name, name, { text: 'node server.js', cwd: found.folder }, more);
  const around = typeof definition === 'object' && !args.has('--ignore-scripts');
  if (around) hook(call, found, `pre${name}`);
  const out = task(call, call.name, name, definition, more);
  if (around) hook(call, found, `post${name}`);
  return out;
}

function hook(call: Call, found: Package, name: string): void {
  const definition = definitionOf(found, name);
  if (typeof definition === 'object') task(call, call.name, name, definition, []);
}

/** `npm`, `pnpm`, `yarn`, `bun`: their own commands, scripts of the project, programs that it installed. */
export const npm: Handler = (call) => {
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
  if (sub === 'run' || sub === 'run-script' || sub === 'rum' || sub === 'urn')
    return words[1] === undefined ? HOLE : script(call, args, words[1], words.slice(2));
  if (/^(test|t|tst|start|stop|restart)$/.test(sub))
    return script(call, args, sub === 't' || sub === 'tst' ? 'test' : sub, []);
  if (PACKAGE_COMMANDS.has(sub) || sub === '') {
    if (call.name === 'bun' && /\.[cm]?[jt]sx?$/.test(sub))
      return machine.run([literal('node'), ...call.argv], call.scope);
    const own = LIFECYCLE.get(sub);
    if (own !== undefined && isVisible(machine) && words.length < 2 && !args.has('--ignore-scripts')) {
      const found = packageOf(call, args);
      for (const name of own) hook(call, found, name);
    }
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
  // `yarn build`, `pnpm lint`, `pnpm prisma …`: a script of the project, else a program that it installed.
  const definition = definitionOf(packageOf(call, args), sub);
  if (typeof definition === 'object' || definition === 'unread') return script(call, args, sub, words.slice(1));
  const at = call.argv.findIndex((field) => field.s === sub);
  return machine.run(call.argv.slice(at), { ...subscope(call.scope), depth: call.scope.depth + 1 });
};
