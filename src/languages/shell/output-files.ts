import { ALSO_DELETES, COMPRESSED_ENDINGS, OUTPUTS, type Output, UNPACKS } from '../../catalog/outputs.ts';
import { type Args, parseArgs } from './argv.ts';
import { loseFile } from './file-effects.ts';
import { type Call, isVisible } from './machine.ts';
import { extension, lastName } from './paths.ts';
import { type Field, literal } from './value.ts';

/** Of one entry and command: a tool takes the last of its output options, or one of each. */
const MOST_FILES = 16;

interface Words {
  readonly words: readonly ReadonlySet<string>[];
}

function compile<T extends { readonly on: string }>(
  entries: readonly T[],
): ReadonlyMap<string, readonly (T & Words)[]> {
  const table = new Map<string, (T & Words)[]>();
  for (const entry of entries) {
    const [names = '', ...words] = entry.on.split(' ');
    const compiled = { ...entry, words: words.map((word) => new Set(word.split('|'))) };
    for (const name of names.split('|')) table.set(name, [...(table.get(name) ?? []), compiled]);
  }
  return table;
}

const WRITES = compile(OUTPUTS);
const UNPACKERS = compile(UNPACKS);
const DELETERS = compile(ALSO_DELETES);

/** Files that the arguments of a command name for it to write, whatever else it does. */
export function losesOutputs(call: Call): void {
  const name = call.name.replace(/^(python|pypy)[\d.]*$/, 'python');
  const { machine, scope } = call;
  const source = `catalog/${call.name}`;
  for (const entry of WRITES.get(name) ?? []) {
    const rest = afterWords(entry.words, call.argv);
    if (rest === undefined) continue;
    for (const file of writtenBy(entry, rest, scope.stdin !== undefined).slice(-MOST_FILES))
      if (file.s !== '-' && file.s !== '')
        // By its name alone what a tool makes in the project is everyday work; the disk says whether something is lost.
        loseFile(machine, file, scope.cwd, lossOf(entry, file.s, isVisible(machine)), { source });
  }
  for (const entry of UNPACKERS.get(name) ?? []) {
    const rest = afterWords(entry.words, call.argv);
    const valued = new Set([...split(entry.into), ...(entry.valued ?? '').split(' ')]);
    const args = rest === undefined ? undefined : parseArgs(rest, { valued });
    if (args === undefined || !isVisible(machine) || !hasAny(args, entry.with)) continue;
    const into = entry.into === undefined ? at(args, entry.operand ?? 0) : args.value(...split(entry.into));
    // Beside what is there already: which files the archive has, text does not tell.
    if (into !== undefined && !/^\.?\/?$/.test(into.s) && args.operands.length > (entry.into === undefined ? 1 : 0))
      loseFile(machine, into, scope.cwd, 'overwrite', { source, recursive: true });
  }
  for (const entry of DELETERS.get(name) ?? []) {
    const rest = afterWords(entry.words, call.argv);
    const args = rest === undefined ? undefined : parseArgs(rest, { bundles: name === 'zip' });
    if (args !== undefined && hasAny(args, entry.with))
      for (const file of args.operands.slice(entry.skip))
        loseFile(machine, file, scope.cwd, 'delete', { source, recursive: true });
  }
  losesTwins(call);
}

function lossOf(entry: Output, file: string, visible: boolean): 'overwrite' | 'edit' | 'append' {
  if (entry.asks === true) return 'overwrite';
  const ending = extension(lastName(file));
  if (entry.builds !== undefined && (ending === '' || entry.builds.split('|').includes(ending))) return 'edit';
  return visible || /^[~/](?!tmp\/|var\/tmp\/|dev\/)/.test(file) ? 'overwrite' : 'append';
}

function writtenBy(entry: Output, argv: readonly Field[], answered: boolean): readonly Field[] {
  const flags = split(entry.flags);
  const spaced = flags.filter((flag) => !flag.endsWith('='));
  const valued = new Set([...spaced, ...(entry.valued ?? '').split(' ')]);
  const args = parseArgs(argv, { valued, bundles: entry.longDash !== true });
  if (entry.with !== undefined && !hasAny(args, entry.with)) return [];
  if (entry.unless !== undefined && hasAny(args, entry.unless)) return [];
  if (entry.asks === true && !answered) return [];
  const found: Field[] = spaced.flatMap((flag) => args.values.get(flag) ?? []);
  for (const flag of flags.filter((one) => one.endsWith('=')))
    for (const field of argv) if (field.s.startsWith(flag)) found.push({ ...field, s: field.s.slice(flag.length) });
  if (entry.operand !== undefined && args.operands.length >= (entry.least ?? 1)) {
    const operand = at(args, entry.operand);
    // `png:FILE` names a format before the file.
    if (operand !== undefined)
      found.push({ ...operand, s: operand.s.replace(/^(png|jpe?g|gif|pdf|webp|svg|rgb|miff):/i, '') });
  }
  return found;
}

function at(args: Args, index: number): Field | undefined {
  return args.operands.at(index);
}

function split(text: string | undefined): readonly string[] {
  return (text ?? '').split('|').filter((one) => one !== '');
}

function hasAny(args: Args, flags: string | undefined): boolean {
  return flags === undefined || args.has(...flags.split('|'));
}

/** Arguments after a subcommand's words, which stand in a row from the first operand on. */
function afterWords(words: readonly ReadonlySet<string>[], argv: readonly Field[]): readonly Field[] | undefined {
  if (words.length === 0) return argv;
  const isModule = words[0]?.has('-m') === true;
  const from = isModule
    ? argv.findIndex((field) => field.s === '-m')
    : argv.findIndex((field) => !field.s.startsWith('-'));
  if (from === -1 || !words.every((word, index) => word.has(argv[from + index]?.s ?? ''))) return undefined;
  return argv.slice(from + words.length);
}

/** `gzip -f FILE` writes over `FILE.gz`, `gunzip -f FILE.gz` over `FILE`. */
function losesTwins(call: Call): void {
  const packs = COMPRESSED_ENDINGS.get(call.name);
  const unpacks = /^(?:un|g?un|bun)(zip|zip2|xz|zstd|pigz)$/.test(call.name);
  if (packs === undefined && !unpacks) return;
  const args = parseArgs(call.argv, { valued: new Set(['-o', '-S', '--suffix', '-T']) });
  if (!args.has('-f', '--force') || args.has('-c', '--stdout', '-t', '--test', '-l', '--list')) return;
  const opens = unpacks || args.has('-d', '--decompress', '--uncompress');
  for (const file of args.operands) {
    const ending = /\.(gz|tgz|bz2|xz|zst|lz4|Z)$/.exec(file.s);
    if (file.glob || (opens && ending === null)) continue;
    const twin = opens ? file.s.slice(0, ending?.index) : `${file.s}${packs ?? ''}`;
    loseFile(call.machine, { ...literal(twin), maybe: file.maybe }, call.scope.cwd, 'overwrite', {
      source: `catalog/${call.name}`,
    });
  }
}
