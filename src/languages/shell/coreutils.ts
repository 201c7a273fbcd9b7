import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { type Call, type Handler, harmlessRun, opaque } from './machine.ts';
import {
  fileRef,
  isCatastrophic,
  isGuardPath,
  isRegenerable,
  isSecret,
  isSystem,
  isTemporary,
  lastName,
  resolvePath,
} from './paths.ts';
import { type Field, HOLE, hasHole, literal, SECRET, shown } from './value.ts';

const rm: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv);
  if (args.has('--help', '--version')) return HOLE;
  const recursive = args.has('-r', '-R', '--recursive', '-d');
  for (const operand of args.operands)
    loseFile(machine, operand, scope.cwd, 'delete', { source: 'catalog/rm', recursive });
  harmlessRun(machine, 'catalog/rm', call.name);
  return '';
};

const shred: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-n -s --iterations --size') });
  for (const operand of args.operands)
    loseFile(call.machine, operand, call.scope.cwd, 'delete', { source: 'catalog/shred' });
  return '';
};

const mv: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: setOf('-t --target-directory -S --suffix') });
  const into = args.value('-t', '--target-directory');
  const operands = [...args.operands];
  const destination = into ?? operands.pop();
  const source = 'catalog/mv';
  if (destination === undefined) return '';
  const to = resolvePath(destination.s, scope.cwd);
  for (const operand of operands) {
    const from = resolvePath(operand.s, scope.cwd);
    if (to === '/dev/null' || isGuardPath(from))
      loseFile(machine, operand, scope.cwd, 'delete', { source, recursive: true });
    else if (
      isCatastrophic(from) ||
      (isSystem(from) && !/^\/(home|Users|mnt|data|srv)\/[^/]+\/./.test(from) && !isSystemMoveKept(from))
    ) {
      machine.emit({
        verb: 'change',
        target: fileRef(shown(from)),
        reversal: 'irreversible',
        source,
        summary: `moves ${shown(from)} away`,
        tags: isCatastrophic(from) ? ['catastrophic'] : [],
      });
    }
    // What was worth keeping stays worth keeping under a temporary name.
    if (isTemporary(to) && !isRegenerable(from, machine.context.workspace)) {
      machine.kept.add(to);
      machine.kept.add(`${to}/${lastName(from)}`);
    }
  }
  if (to !== '/dev/null')
    overwrite(call, destination, operands, args.has('-n', '--no-clobber', '-b', '--backup'), source);
  harmlessRun(machine, source, call.name);
  return '';
};

function isSystemMoveKept(path: string): boolean {
  return path.startsWith('/mnt/') || path.startsWith('/data/') || path.startsWith('/opt/');
}

function overwrite(call: Call, destination: Field, sources: readonly Field[], keeps: boolean, source: string): void {
  if (
    keeps ||
    (destination.s.endsWith('/') &&
      !isSystem(destination.s) &&
      !isGuardPath(resolvePath(destination.s, call.scope.cwd))) ||
    destination.s === '.'
  )
    return;
  const from = sources[0];
  loseFile(call.machine, destination, call.scope.cwd, 'overwrite', {
    source,
    ...(from === undefined || hasHole(from.s)
      ? {}
      : {
          into: lastName(from.s),
          fromTemplate: /[._-](example|sample|template|dist|defaults?|test|ci)\b/.test(lastName(from.s)),
        }),
  });
}

const cp: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, {
    valued: setOf('-t --target-directory -S --suffix -m -o -g --mode --owner --group'),
  });
  const into = args.value('-t', '--target-directory');
  const operands = [...args.operands];
  const destination = into ?? operands.pop();
  if (destination === undefined) return '';
  const source = `catalog/${call.name}`;
  const empty = operands.length === 1 && operands[0]?.s === '/dev/null';
  if (empty) loseFile(machine, destination, scope.cwd, 'empty', { source });
  else if (call.name !== 'install' || !args.has('-d'))
    overwrite(
      call,
      destination,
      operands,
      args.has('-n', '--no-clobber', '-b', '--backup', '-i', '--interactive', '-u'),
      source,
    );
  // A secret copied to where others can read it.
  for (const operand of operands) {
    if (
      isSecret(resolvePath(operand.s, scope.cwd)) &&
      /(^|\/)(public|static|www|htdocs|dist)(\/|$)/.test(destination.s)
    )
      readFile(machine, operand, scope.cwd, source, 'sends');
  }
  harmlessRun(machine, source, call.name);
  return '';
};

const ln: Handler = (call) => {
  const args = parseArgs(call.argv);
  const destination = args.operands.length > 1 ? args.operands.at(-1) : undefined;
  if (args.has('-f', '--force') && destination !== undefined)
    overwrite(call, destination, args.operands.slice(0, 1), false, 'catalog/ln');
  harmlessRun(call.machine, 'catalog/ln', call.name);
  return '';
};

const tee: Handler = (call) => {
  const args = parseArgs(call.argv);
  const append = args.has('-a', '--append');
  const text = call.scope.stdin ?? HOLE;
  for (const operand of args.operands) {
    loseFile(call.machine, operand, call.scope.cwd, append ? 'append' : text === '' ? 'empty' : 'overwrite', {
      source: 'catalog/tee',
    });
    if (!hasHole(operand.s)) call.scope.written.set(resolvePath(operand.s, call.scope.cwd), text);
  }
  harmlessRun(call.machine, 'catalog/tee', 'tee');
  return text;
};

const dd: Handler = (call) => {
  const of = call.argv.find((field) => field.s.startsWith('of='));
  const input = call.argv.find((field) => field.s.startsWith('if='))?.s.slice(3) ?? '';
  if (of !== undefined) {
    const target = { ...of, s: of.s.slice(3) };
    const zeros = /^\/dev\/(zero|null|u?random)$/.test(input);
    const path = resolvePath(target.s, call.scope.cwd);
    const fresh = zeros && call.argv.some((field) => field.s.startsWith('bs=') || field.s.startsWith('count='));
    loseFile(call.machine, target, call.scope.cwd, zeros && !fresh && !isTemporary(path) ? 'empty' : 'overwrite', {
      source: 'catalog/dd',
    });
  }
  harmlessRun(call.machine, 'catalog/dd', 'dd');
  return of === undefined ? HOLE : '';
};

const truncate: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-s --size -r --reference') });
  const size = args.value('-s', '--size')?.s ?? '';
  for (const operand of args.operands) {
    loseFile(call.machine, operand, call.scope.cwd, size.startsWith('+') || size.startsWith('>') ? 'append' : 'empty', {
      source: 'catalog/truncate',
    });
  }
  harmlessRun(call.machine, 'catalog/truncate', 'truncate');
  return '';
};

const OPEN_MODES = /^(0?[0-7]?[0-7]{2}[2367]|0?777|0?666|[ugoa]*[ao][ugoa]*\+[rx]*w[rwx]*|\+[rx]*w[rwxX]*)$/;
const SHUT_MODES = /^(0?000|a-rwx|a-[rwx]+|-[rwx]+|ugo-rwx|0?[0]?00)$/;

const permissions: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: setOf('--reference --from') });
  const recursive = args.has('-R', '--recursive', '-h') && args.has('-R', '--recursive');
  const shut = call.argv.find((field) => SHUT_MODES.test(field.s));
  const operands = args.operands.filter((operand) => operand.s !== shut?.s);
  const mode = shut?.s ?? operands[0]?.s ?? '';
  const targets = shut !== undefined || args.has('--reference') ? operands : operands.slice(1);
  const source = `catalog/${call.name}`;
  const setid =
    /^(0?[4267][0-7]{3}|[ugo]*\+[rwx]*s[rwx]*)$/.test(mode) && call.name === 'chmod' && !/^0?[0-7]{3}$/.test(mode);
  for (const target of targets) {
    const path = resolvePath(target.s, scope.cwd);
    const open = call.name === 'chmod' && OPEN_MODES.test(mode);
    const system = isSystem(path) || isCatastrophic(path);
    const own =
      /^\/(home|Users)\/[^/]+\/./.test(path) ||
      (machine.context.workspace !== '' && path.startsWith(machine.context.workspace)) ||
      /^\/(app|srv|var\/www|usr\/local|opt)\/./.test(path);
    const wide =
      recursive &&
      (isCatastrophic(path) || path === '.' || /^(\.\.\/?)+$/.test(path) || path === '*' || hasHole(target.s));
    const tampering = isGuardPath(path);
    if (tampering)
      machine.emit({
        verb: 'change',
        target: { system: 'holdpoint', kind: 'guard', path: [path] },
        reversal: 'irreversible',
        source,
        summary: `changes access to ${path}`,
        tags: ['guard-tampering'],
      });
    else if (call.name === 'chmod' && mode.includes('x') && !recursive && !open && !setid && shut === undefined)
      continue;
    else if (open && isSecret(path))
      machine.emit({
        verb: 'grant',
        target: fileRef(path),
        reversal: 'undoable',
        source,
        summary: `lets everyone read or write ${path}`,
      });
    else if (
      (system && (!own || (recursive && open))) ||
      (wide && (open || shut !== undefined || isCatastrophic(path) || (path !== '.' && call.name !== 'chmod'))) ||
      (setid && (system || /sh$/.test(path))) ||
      (shut !== undefined && recursive && !isTemporary(path))
    ) {
      machine.emit({
        verb: 'change',
        target: hasHole(path) ? { unknown: 'path' } : fileRef(shown(path)),
        reversal: 'irreversible',
        source,
        summary: `changes owner or access of ${shown(path)}${recursive ? ' and everything below' : ''}`,
        max: recursive ? 'unbounded' : 1,
      });
    }
  }
  harmlessRun(machine, source, call.name);
  return '';
};

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
  const blanks = scripts.some((script) =>
    /^\s*(\d*,?\$?\s*d|s(.)(\^?\.\*\$?|\^\.\*\$)\2\2[gm]*|\/\.\*\/d|\/\^\/d|1,\$d|\$!d)\s*$/.test(script.s),
  );
  for (const one of files) {
    if (inPlace) loseFile(machine, one, scope.cwd, blanks ? 'empty' : 'edit', { source });
    else readFile(machine, one, scope.cwd, source, 'shows');
  }
  harmlessRun(machine, source, 'sed');
  return inPlace ? '' : HOLE;
};

const tar: Handler = (call) => {
  const { machine, scope } = call;
  const dashed = call.argv.map((field, index) =>
    index === 0 && /^[a-zA-Z]+$/.test(field.s) ? { ...field, s: `-${field.s}` } : field,
  );
  const args = parseArgs(dashed, {
    valued: setOf(
      '-f -C -I -T -X --file --directory --exclude --use-compress-program --to-command --checkpoint-action --transform --one-top-level --strip-components',
    ),
  });
  const source = 'catalog/tar';
  for (const flag of ['--to-command', '-I', '--use-compress-program'])
    for (const value of args.values.get(flag) ?? []) machine.script(value.s, scope);
  for (const value of args.values.get('--checkpoint-action') ?? [])
    if (value.s.startsWith('exec=')) machine.script(value.s.slice(5), scope);
  const into = args.value('-C', '--directory');
  if (args.has('-x', '--extract', '--get')) {
    const path = resolvePath(into?.s ?? '.', scope.cwd);
    if (args.has('-O', '--to-stdout')) return HOLE;
    if (
      (isCatastrophic(path) || isSystem(path)) &&
      !/^\/(opt|usr\/local|home\/.|Users\/.|srv\/.|data\/.|mnt\/.)/.test(path)
    ) {
      machine.emit({
        verb: 'change',
        target: fileRef(shown(path)),
        reversal: 'irreversible',
        source,
        summary: `extracts an archive over ${shown(path)}`,
        max: 'unbounded',
      });
    }
  }
  const archive = args.value('-f', '--file');
  if (args.has('-c', '--create') && archive !== undefined && archive.s !== '-')
    loseFile(machine, archive, scope.cwd, 'overwrite', { source });
  const secret = args.operands.some(
    (one) =>
      /(^|\/)\.(ssh|aws|gnupg|kube|docker|azure|config\/gcloud)\/?$/.test(one.s) ||
      isSecret(resolvePath(one.s, scope.cwd)),
  );
  if (args.has('--remove-files'))
    for (const operand of args.operands) loseFile(machine, operand, scope.cwd, 'delete', { source, recursive: true });
  harmlessRun(machine, source, 'tar');
  if (secret && args.has('-c', '--create')) {
    if (archive === undefined || archive.s === '-') return SECRET + HOLE;
    scope.written.set(resolvePath(archive.s, scope.cwd), SECRET + HOLE);
  }
  return HOLE;
};

const unzip: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-d -x -P') });
  const into = args.value('-d');
  if (
    into !== undefined &&
    isSystem(resolvePath(into.s, call.scope.cwd)) &&
    !/^\/(opt|usr\/local|home|Users|srv|data|mnt|var\/www)\/./.test(into.s) &&
    !args.has('-l')
  ) {
    call.machine.emit({
      verb: 'change',
      target: fileRef(into.s),
      reversal: 'irreversible',
      source: 'catalog/unzip',
      summary: `extracts an archive over ${into.s}`,
      max: 'unbounded',
    });
  }
  harmlessRun(call.machine, 'catalog/unzip', 'unzip');
  return HOLE;
};

const RSYNC = setOf(
  '-e -f --rsh --exclude --include --filter --exclude-from --include-from --files-from --bwlimit --port --password-file --log-file --temp-dir -T --link-dest --compare-dest --backup-dir --suffix --rsync-path --timeout --max-size --min-size --chmod --chown --out-format --info --partial-dir',
);

const rsync: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: RSYNC });
  const source = 'catalog/rsync';
  const shell = args.value('-e', '--rsh');
  if (shell !== undefined && !/^ssh(\s|$)/.test(shell.s)) machine.script(shell.s, scope);
  const destination = args.operands.length > 1 ? args.operands.at(-1) : undefined;
  const dry = args.has('-n', '--dry-run', '--list-only');
  const remote = destination !== undefined && /^[^/]*:/.test(destination.s);
  for (const operand of args.operands.slice(0, -1))
    if (remote && !dry) readFile(machine, operand, scope.cwd, source, 'sends');
  if (
    destination !== undefined &&
    !dry &&
    [...args.flags.keys()].some((flag) => flag.startsWith('--delete') || flag === '--del')
  ) {
    if (remote)
      machine.emit({
        verb: 'destroy',
        target: { system: 'file', kind: 'remote-path', path: [shown(destination.s)] },
        reversal: 'irreversible',
        source,
        summary: `deletes what the source lacks in ${shown(destination.s)}`,
        max: 'unbounded',
      });
    else loseFile(machine, destination, scope.cwd, 'delete', { source, recursive: true });
  } else if (destination !== undefined && !dry && !remote)
    loseFile(machine, destination, scope.cwd, 'append', { source });
  if (args.has('--remove-source-files') && !dry)
    for (const operand of args.operands.slice(0, -1)) loseFile(machine, operand, scope.cwd, 'delete', { source });
  harmlessRun(machine, source, 'rsync');
  return HOLE;
};

const scp: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-P -i -F -o -J -c -l -S -D -X -b') });
  const destination = args.operands.at(-1);
  const remote = destination !== undefined && /^[^/]*:/.test(destination.s);
  for (const operand of args.operands.slice(0, -1))
    if (remote) readFile(call.machine, operand, call.scope.cwd, 'catalog/scp', 'sends');
  if (destination !== undefined && !remote)
    loseFile(call.machine, destination, call.scope.cwd, 'append', { source: 'catalog/scp' });
  harmlessRun(call.machine, 'catalog/scp', call.name);
  return '';
};

const patch: Handler = (call) => {
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return '';
};

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
  return HOLE;
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

const creates: Handler = (call) => {
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return '';
};

const compress: Handler = (call) => {
  // The original goes, its compressed twin stays: nothing is lost. A secret stays one.
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return call.scope.stdin?.includes(SECRET) === true ? SECRET + HOLE : HOLE;
};

const ed: Handler = (call) => {
  const commands = call.scope.stdin ?? HOLE;
  for (const line of commands.split('\n'))
    if (/^\d*!/.test(line)) call.machine.script(line.replace(/^\d*!/, ''), call.scope);
  harmlessRun(call.machine, 'catalog/ed', 'ed');
  return HOLE;
};

export const COREUTILS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...['rm', 'unlink', 'trash-empty', 'rimraf', 'del-cli', 'grm', 'srm', 'shx-rm'].map((name) => [name, rm] as const),
  ...['shred', 'wipe', 'scrub'].map((name) => [name, shred] as const),
  ...['mv', 'gmv'].map((name) => [name, mv] as const),
  ...['cp', 'install', 'gcp', 'cpx', 'copyfiles'].map((name) => [name, cp] as const),
  ['ln', ln],
  ['tee', tee],
  ['sponge', tee],
  ['dd', dd],
  ['dcfldd', dd],
  ['truncate', truncate],
  ...['chmod', 'chown', 'chgrp', 'setfacl'].map((name) => [name, permissions] as const),
  ['sed', sed],
  ['gsed', sed],
  ['tar', tar],
  ['gtar', tar],
  ['bsdtar', tar],
  ['unzip', unzip],
  ['rsync', rsync],
  ['scp', scp],
  ['patch', patch],
  ...['awk', 'gawk', 'mawk', 'nawk'].map((name) => [name, awk] as const),
  ...['vim', 'vi', 'nvim', 'ex', 'view'].map((name) => [name, editor] as const),
  ['ed', ed],
  ...['touch', 'mkdir', 'rmdir', 'mkfifo', 'mktemp-dir'].map((name) => [name, creates] as const),
  ...['gzip', 'gunzip', 'bzip2', 'bunzip2', 'xz', 'unxz', 'zstd', 'unzstd', 'pigz', 'zip', 'lz4', '7z'].map(
    (name) => [name, compress] as const,
  ),
]);
