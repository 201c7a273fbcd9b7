import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { type Call, type Handler, harmlessRun, isVisible } from './machine.ts';
import {
  fileRef,
  insideWorkspace,
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
  const moved: (readonly [to: string, from: string])[] = [];
  for (const operand of operands) {
    const from = resolvePath(operand.s, scope.cwd);
    if (to === '/dev/null' || isGuardPath(from))
      loseFile(machine, operand, scope.cwd, 'delete', { source, recursive: true });
    else if (
      isCatastrophic(from) ||
      (isSystem(from) &&
        insideWorkspace(from, machine.context.workspace) === undefined &&
        !/^\/(home|Users|mnt|data|srv)\/[^/]+\/./.test(from) &&
        !isSystemMoveKept(from))
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
    // What was worth keeping stays worth keeping under its new name.
    if (!isRegenerable(from, machine.context.workspace) && !hasHole(from) && !hasHole(to) && to !== '/dev/null') {
      moved.push([`${to}/${lastName(from)}`, from]);
      if (operands.length === 1) moved.push([to, from]);
    }
  }
  if (to !== '/dev/null')
    overwrite(call, destination, operands, args.has('-n', '--no-clobber', '-b', '--backup'), source);
  if (to !== '/dev/null') comesFrom(call, operands, to);
  // Only now: what lay there before this command is not what this command brought.
  for (const [place, from] of moved) machine.moved.set(place, from);
  harmlessRun(machine, source, call.name);
  return '';
};

/** What lies at the new paths from now on is what lay at the old ones. */
function comesFrom(call: Call, operands: readonly Field[], to: string): void {
  const { machine, scope } = call;
  for (const operand of operands) {
    const from = resolvePath(operand.s, scope.cwd);
    for (const place of operands.length === 1 ? [to, `${to}/${lastName(from)}`] : [`${to}/${lastName(from)}`]) {
      if (hasHole(place) || place === from) continue;
      machine.stale.delete(place);
      scope.written.delete(place);
      if (hasHole(from) || operand.glob) machine.stale.add(place);
      else machine.sources.set(place, from);
    }
  }
}

function isSystemMoveKept(path: string): boolean {
  return path.startsWith('/mnt/') || path.startsWith('/data/') || path.startsWith('/opt/');
}

/** A destination that sources are moved or copied to: the file itself, or the files of their names in that folder. */
function overwrite(call: Call, destination: Field, sources: readonly Field[], keeps: boolean, source: string): void {
  if (keeps) return;
  const { machine, scope } = call;
  const folder = destination.s.endsWith('/') || destination.s === '.';
  // By its name alone a folder says nothing about the files in it; the disk does.
  if (
    folder &&
    !isVisible(machine) &&
    (destination.s === '.' || (!isSystem(destination.s) && !isGuardPath(resolvePath(destination.s, scope.cwd))))
  )
    return;
  const named = sources.filter((from) => !hasHole(from.s) && !from.glob).slice(0, 32);
  if (named.length === 0) {
    if (!folder || isGuardPath(resolvePath(destination.s, scope.cwd)))
      loseFile(machine, destination, scope.cwd, 'overwrite', { source });
    return;
  }
  for (const from of named)
    loseFile(machine, destination, scope.cwd, 'overwrite', {
      source,
      into: lastName(from.s.replace(/\/+$/, '')),
      fromTemplate: /[._-](example|sample|template|dist|defaults?|test|ci)\b/.test(lastName(from.s)),
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
  if (!empty) comesFrom(call, operands, resolvePath(destination.s, scope.cwd));
  if (args.has('-s', '-l', '--symbolic-link', '--link')) {
    const to = resolvePath(destination.s, scope.cwd);
    remember(call, operands, to, args.has('-s', '--symbolic-link') ? to : undefined);
  }
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
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: setOf('-t --target-directory -S --suffix') });
  const into = args.value('-t', '--target-directory');
  const operands = [...args.operands];
  const destination = into ?? (operands.length > 1 ? operands.pop() : literal('.'));
  if (destination === undefined) return '';
  const to = resolvePath(destination.s, scope.cwd);
  if (args.has('-f', '--force') || isGuardPath(to))
    overwrite(call, destination, operands.slice(0, 1), false, 'catalog/ln');
  remember(call, operands, to, args.has('-s', '--symbolic') ? to : undefined);
  harmlessRun(machine, 'catalog/ln', call.name);
  return '';
};

/** Links made here lead on: what is written through them later in the same command is written there. */
function remember(call: Call, sources: readonly Field[], to: string, symbolic: string | undefined): void {
  const { machine, scope } = call;
  for (const one of sources) {
    if (hasHole(one.s) || hasHole(to)) continue;
    // A relative symlink starts from where the link lies; a hard link from the working directory.
    const folder = symbolic === undefined ? scope.cwd : symbolic.slice(0, symbolic.lastIndexOf('/')) || '/';
    const from = resolvePath(one.s, folder);
    if (to !== from) machine.links.set(to, from);
    const below = `${to === '/' ? '' : to}/${lastName(from)}`;
    if (below !== from) machine.links.set(below, symbolic === undefined ? from : resolvePath(one.s, to));
  }
}

const tee: Handler = (call) => {
  const args = parseArgs(call.argv);
  const append = args.has('-a', '--append');
  const text = call.scope.stdin ?? HOLE;
  for (const operand of args.operands) {
    loseFile(call.machine, operand, call.scope.cwd, append ? 'append' : text === '' ? 'empty' : 'overwrite', {
      source: 'catalog/tee',
    });
    if (hasHole(operand.s)) continue;
    const path = resolvePath(operand.s, call.scope.cwd);
    call.machine.stale.delete(path);
    call.scope.written.set(path, append ? (call.scope.written.get(path) ?? HOLE) + text : text);
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

const fallocate: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-l -o --length --offset') });
  if (args.has('-p', '-z', '-c', '--punch-hole', '--zero-range', '--collapse-range'))
    for (const operand of args.operands)
      loseFile(call.machine, operand, call.scope.cwd, 'empty', { source: 'catalog/fallocate' });
  harmlessRun(call.machine, 'catalog/fallocate', 'fallocate');
  return '';
};

const OPEN_MODES = /^(0?[0-7]?[0-7]{2}[2367]|0?777|0?666|[ugoa]*[ao][ugoa]*\+[rx]*w[rwx]*|\+[rx]*w[rwxX]*)$/;
const SHUT_MODES = /^(0?000|a-rwx|a-[rwx]+|-[rwx]+|ugo-rwx|0?[0]?00)$/;

const permissions: Handler = (call) => {
  const { machine, scope } = call;
  const lists = call.name === 'setfacl';
  const args = parseArgs(call.argv, {
    valued: setOf(`--reference --from${lists ? ' -m -M -x -X --modify --remove --set --set-file' : ''}`),
  });
  const recursive = args.has('-R', '--recursive', '-h') && args.has('-R', '--recursive');
  const shut = call.argv.find((field) => SHUT_MODES.test(field.s));
  const operands = args.operands.filter((operand) => operand.s !== shut?.s);
  const mode = shut?.s ?? operands[0]?.s ?? '';
  const targets = shut !== undefined || args.has('--reference') || lists ? operands : operands.slice(1);
  const source = `catalog/${call.name}`;
  const setid =
    /^(0?[4267][0-7]{3}|[ugo]*\+[rwx]*s[rwx]*)$/.test(mode) && call.name === 'chmod' && !/^0?[0-7]{3}$/.test(mode);
  for (const target of targets) {
    const path = resolvePath(target.s, scope.cwd);
    const open = call.name === 'chmod' && OPEN_MODES.test(mode);
    const system = isSystem(path) || isCatastrophic(path);
    const own =
      /^\/((home|Users)\/[^/]+|root)\/./.test(path) ||
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
      (setid && (system || path.endsWith('sh'))) ||
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

const patch: Handler = (call) => {
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return '';
};

const creates: Handler = (call) => {
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return '';
};

/** Letters and flags by which an archiver takes members out of its archive. */
const DELETES_MEMBERS: Readonly<Record<string, (words: readonly string[]) => boolean>> = {
  zip: (words) => words.includes('-d') || words.includes('--delete'),
  '7z': (words) => words[0] === 'd',
};

const compress: Handler = (call) => {
  if (DELETES_MEMBERS[call.name]?.(call.argv.map((field) => field.s)) === true) {
    const archive = call.argv.find((field, index) => !field.s.startsWith('-') && !(call.name === '7z' && index === 0));
    if (archive !== undefined)
      loseFile(call.machine, archive, call.scope.cwd, 'overwrite', { source: `catalog/${call.name}` });
  }
  // The original goes, its compressed twin stays: nothing is lost. A secret stays one.
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return call.scope.stdin?.includes(SECRET) === true ? SECRET + HOLE : HOLE;
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
  ['fallocate', fallocate],
  ...['chmod', 'chown', 'chgrp', 'setfacl'].map((name) => [name, permissions] as const),
  ['patch', patch],
  ...['touch', 'mkdir', 'rmdir', 'mkfifo', 'mktemp-dir'].map((name) => [name, creates] as const),
  ...['gzip', 'gunzip', 'bzip2', 'bunzip2', 'xz', 'unxz', 'zstd', 'unzstd', 'pigz', 'zip', 'lz4', '7z'].map(
    (name) => [name, compress] as const,
  ),
]);
