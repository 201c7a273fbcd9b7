import { loseFile } from './file-effects.ts';
import { type Handler, harmlessRun, type Machine, type Scope, subscope } from './machine.ts';
import { isCatastrophic, resolvePath } from './paths.ts';
import { type Field, HOLE, hasHole, literal } from './value.ts';

const TAKES_ONE = new Set(
  '-name -iname -path -ipath -wholename -regex -iregex -type -mtime -mmin -atime -amin -ctime -cmin -newer -size -user -group -perm -maxdepth -mindepth -links -inum -printf -samefile -lname -uid -gid -fstype -newermt -anewer -cnewer -used -xtype'.split(
    ' ',
  ),
);

/** `find`: what it finds, as patterns; its actions run on those. */
export const find: Handler = (call) => {
  const { machine, scope, argv } = call;
  let i = 0;
  const roots: Field[] = [];
  while (argv[i] !== undefined && /^-[HLP]+$|^-O\d$|^-D$/.test(argv[i]?.s ?? '')) i += 1;
  while (argv[i] !== undefined && !/^[-(!]/.test(argv[i]?.s ?? '')) {
    roots.push(argv[i] as Field);
    i += 1;
  }
  if (roots.length === 0) roots.push(literal('.'));
  const names: string[] = [];
  let negated = false;
  let empty = false;
  let pruned = false;
  // Beside another condition, being empty is not what all that is found has in common.
  const either = argv.some((field) => /^(-o|-or|,)$/.test(field.s));
  const actions: (() => void)[] = [];
  const found = (): readonly Field[] => matches(roots, names);
  while (i < argv.length) {
    const s = argv[i]?.s ?? '';
    i += 1;
    if (s === '!' || s === '-not') {
      negated = true;
      continue;
    }
    if (/^-i?(name|path|wholename)$/.test(s)) {
      const pattern = argv[i]?.s ?? HOLE;
      if (!negated && !(argv[i + 1]?.s === '-prune' && /^-(o|or)$/.test(argv[i + 2]?.s ?? '')))
        names.push(s.includes('path') || s.includes('wholename') ? pattern : `**/${pattern}`);
      i += 1;
    } else if (s === '-empty') empty = !negated && !either;
    else if (s === '-prune') pruned = true;
    else if (s === '-delete')
      actions.push(() => {
        // Empty folders in a project are no loss; programs elsewhere count on theirs.
        for (const root of empty ? roots : [])
          if (isCatastrophic(resolvePath(root.s, scope.cwd)))
            loseFile(machine, root, scope.cwd, 'delete', { source: 'catalog/find' });
        // Hidden names too: without a name to go by, it is the folder itself that is asked about.
        for (const field of empty ? [] : names.length > 0 ? found() : roots.map((root) => ({ ...root, glob: true })))
          loseFile(machine, field, scope.cwd, 'delete', { source: 'catalog/find', recursive: true });
      });
    else if (/^-(exec|execdir|ok|okdir)$/.test(s)) {
      const command: Field[] = [];
      while (i < argv.length && argv[i]?.s !== ';' && !(argv[i]?.s === '+' && command.at(-1)?.s === '{}')) {
        command.push(argv[i] as Field);
        i += 1;
      }
      i += 1;
      actions.push(() => runOn(command, empty ? [literal('/dev/null')] : found(), machine, scope));
    } else if (/^-(fprint|fprintf|fls|fprint0)$/.test(s)) {
      const file = argv[i];
      i += 1;
      if (file !== undefined) loseFile(machine, file, scope.cwd, 'overwrite', { source: 'catalog/find' });
    } else if (TAKES_ONE.has(s)) i += 1;
    negated = false;
  }
  for (const action of actions) action();
  harmlessRun(machine, 'catalog/find', 'find');
  return pruned && names.length === 0
    ? HOLE
    : `${found()
        .map((field) => field.s)
        .join('\n')}\n`;
};

function matches(roots: readonly Field[], names: readonly string[]): Field[] {
  return roots.flatMap((root) => {
    if (names.length === 0)
      return [{ ...root, s: hasHole(root.s) ? root.s : `${root.s.replace(/\/$/, '')}/*`, glob: true }];
    return names.map((name) => ({
      ...root,
      s: name.startsWith('**/')
        ? `${root.s.replace(/\/$/, '')}/${name}`
        : name.startsWith('/')
          ? name
          : `${root.s.replace(/\/$/, '')}/${name.replace(/^\.?\/|^\*\//, '')}`,
      glob: true,
    }));
  });
}

/** Runs a command once for each thing found, `{}` replaced; in a shell's text `{}` is replaced too. */
function runOn(command: readonly Field[], found: readonly Field[], machine: Machine, scope: Scope): void {
  const inner = subscope(scope);
  inner.depth += 1;
  const argv = command.flatMap((field): Field[] => {
    if (field.s === '{}') return [...found];
    if (field.s.includes('{}')) return found.map((one) => ({ ...one, s: field.s.replaceAll('{}', () => one.s) }));
    return [field];
  });
  machine.run(argv, inner);
}

/** `fd`: the same idea with other flags. */
export const fd: Handler = (call) => {
  const at = call.argv.findIndex((field) => /^(-x|-X|--exec|--exec-batch)$/.test(field.s));
  const before = at === -1 ? call.argv : call.argv.slice(0, at);
  const extension = before.findIndex((field) => field.s === '-e' || field.s === '--extension');
  const plain = before.filter((field, index) => !field.s.startsWith('-') && index !== extension + 1);
  const root = plain[1]?.s ?? '.';
  const pattern =
    extension !== -1
      ? `${root}/**/*.${before[extension + 1]?.s ?? HOLE}`
      : `${root}/**/${plain[0]?.s.replace(/^\^|\$$/g, '').replace(/^\.$/, '*') ?? '*'}`;
  const found: Field = { s: pattern, glob: true, maybe: false };
  if (at !== -1) {
    const command = call.argv.slice(at + 1).filter((field) => field.s !== ';');
    runOn(
      command.some((field) => field.s.includes('{}')) ? command : [...command, literal('{}')],
      [found],
      call.machine,
      call.scope,
    );
  }
  harmlessRun(call.machine, 'catalog/fd', call.name);
  return `${pattern}\n`;
};
