import { GUARD_NAMES } from '../../catalog/guard.ts';
import { parseArgs, setOf } from './argv.ts';
import { readFile } from './file-effects.ts';
import { processOfGuard } from './guard-command.ts';
import { type Call, type Handler, harmlessRun } from './machine.ts';
import { isCatastrophic, isSecret, resolvePath } from './paths.ts';
import { huntsSecrets, huntsVariables, isSecretVariable, showsNamesOnly } from './secrets.ts';
import { HOLE, SECRET, shown } from './value.ts';

/** What its files hold, where text written earlier in the same command tells; else standard input; else unknown. */
function contents(call: Call, files: readonly string[]): string {
  if (files.length === 0) return call.scope.stdin ?? HOLE;
  let out = '';
  for (const file of files) {
    if (file === '/dev/null') continue;
    if (file === '-') out += call.scope.stdin ?? HOLE;
    else {
      const path = resolvePath(file, call.scope.cwd);
      out += call.scope.written.get(path) ?? processOfGuard(path) ?? HOLE;
    }
  }
  return out;
}

const show: Handler = (call) => {
  const args = parseArgs(call.argv, {
    valued: setOf(
      call.name === 'head' || call.name === 'tail'
        ? '-n -c --lines --bytes'
        : call.name === 'bat' || call.name === 'batcat'
          ? '-l --language -r --line-range --style --theme'
          : call.name === 'cut'
            ? '-d -f -b -c --delimiter --fields --bytes --characters'
            : '-n -j -N -s -w',
    ),
  });
  for (const operand of args.operands)
    if (operand.feed === undefined) readFile(call.machine, operand, call.scope.cwd, `catalog/${call.name}`, 'shows');
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  const words = call.argv.map((field) => field.s);
  if (call.name === 'cut' && showsNamesOnly('cut', words)) return HOLE;
  const fed = args.operands.find((operand) => operand.feed !== undefined)?.feed;
  return (
    fed ??
    contents(
      call,
      args.operands.map((operand) => operand.s),
    )
  );
};

const GREP = setOf(
  '-e -f -A -B -C -m -g --glob --include --exclude --exclude-dir -t --type -T --type-not --max-count --context --after-context --before-context --regexp --file --color --colors --iglob -j --threads --sort -M --max-columns --max-depth -d',
);

const grep: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: GREP });
  const { machine, scope } = call;
  const given = args.value('-e', '--regexp');
  const pattern = given?.s ?? args.operands[0]?.s ?? '';
  const files = given === undefined ? args.operands.slice(1) : args.operands;
  const source = `catalog/${call.name}`;
  const quiet = args.has(
    '-q',
    '--quiet',
    '--silent',
    '-c',
    '--count',
    '-l',
    '--files-with-matches',
    '-L',
    '--files-without-match',
  );
  const named = /^\^?[A-Z][A-Z0-9_]*=?$/.test(pattern) && !isSecretVariable(pattern.replace(/[\^=]/g, ''));
  for (const file of files) {
    const path = resolvePath(file.s, scope.cwd);
    const recursive = args.has('-r', '-R', '--recursive', '-rn') || call.name === 'rg' || call.name === 'ag';
    if (
      recursive &&
      (isCatastrophic(path) || /^~\/\.(ssh|aws|config|kube|docker|gnupg)\/?$/.test(path)) &&
      huntsSecrets(pattern)
    ) {
      machine.emit({
        verb: 'expose',
        target: { system: 'file', kind: 'path', path: [path] },
        reversal: 'irreversible',
        source,
        summary: `looks for secrets in ${shown(path)}`,
        max: 'unbounded',
        tags: ['credential'],
      });
    } else if (!quiet && !named) readFile(machine, file, scope.cwd, source, 'shows');
  }
  harmlessRun(machine, source, call.name);
  // `ps aux | grep GUARD`: the processes found are the guard's.
  if (files.length === 0 && !args.has('-v') && GUARD_NAMES.some((name) => pattern.replace(/[[\]]/g, '').includes(name)))
    return quiet ? HOLE : `pgrep:${pattern.replace(/[[\]]/g, '')}`;
  const fed = files.length === 0 && call.scope.stdin?.includes(SECRET) === true;
  return fed && !quiet && !args.has('-v') && huntsVariables(pattern)
    ? SECRET + HOLE
    : fed && (pattern === '' || pattern === '.' || pattern === '.*' || args.has('-v'))
      ? SECRET + HOLE
      : HOLE;
};

const printenv: Handler = (call) => {
  const names = parseArgs(call.argv).operands;
  harmlessRun(call.machine, 'catalog/printenv', call.name);
  // Whether it is shown hangs on where the output goes: the mark goes along.
  return names.length === 0 || names.some((name) => isSecretVariable(name.s)) ? SECRET + HOLE : HOLE;
};

const jq: Handler = (call) => {
  const args = parseArgs(call.argv, {
    valued: setOf('--arg --argjson -f --from-file --slurpfile --rawfile --indent --tab -L'),
  });
  for (const operand of args.operands.slice(1))
    if (
      isSecret(resolvePath(operand.s, call.scope.cwd)) &&
      !/^['"]?(\.\s*\|\s*)?(keys|length|type)['"]?$/.test(args.operands[0]?.s ?? '')
    )
      readFile(call.machine, operand, call.scope.cwd, 'catalog/jq', 'shows');
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  const secret = args.operands.length < 2 && call.scope.stdin?.includes(SECRET) === true;
  return secret ? SECRET + HOLE : HOLE;
};

export const READERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...[
    'cat',
    'bat',
    'batcat',
    'less',
    'more',
    'most',
    'head',
    'tail',
    'strings',
    'hexdump',
    'od',
    'hd',
    'tac',
    'nl',
    'zcat',
    'gcat',
    'cut',
    'type-file',
    'look',
    'open',
    'pbcopy',
    'xclip',
    'glow',
    'mdcat',
    'rbenv-vars',
    'dotenv-linter-show',
  ].map((name) => [name, show] as const),
  ...['grep', 'egrep', 'fgrep', 'rg', 'ag', 'ack', 'zgrep', 'ggrep', 'ugrep'].map((name) => [name, grep] as const),
  ...['printenv'].map((name) => [name, printenv] as const),
  ...['jq', 'yq', 'gron', 'fx', 'dasel', 'xq', 'tomlq'].map((name) => [name, jq] as const),
]);
