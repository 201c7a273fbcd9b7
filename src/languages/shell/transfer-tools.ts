import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { type Handler, harmlessRun, isVisible } from './machine.ts';
import { fileRef, insideWorkspace, isCatastrophic, isSecret, isSystem, lastName, resolvePath } from './paths.ts';
import { HOLE, SECRET, shown } from './value.ts';

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
      insideWorkspace(path, machine.context.workspace) === undefined &&
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
  if (args.has('-c', '--create', '--delete') && archive !== undefined && archive.s !== '-')
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
    (isSystem(resolvePath(into.s, call.scope.cwd)) || isCatastrophic(resolvePath(into.s, call.scope.cwd))) &&
    insideWorkspace(resolvePath(into.s, call.scope.cwd), call.machine.context.workspace) === undefined &&
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
    else if (!isVisible(machine) && /^(target|out|output)\/?$/.test(lastName(destination.s.replace(/\/$/, ''))))
      // A word for any destination: by its name alone it is no build folder here.
      machine.emit({
        verb: 'destroy',
        target: fileRef(shown(resolvePath(destination.s, scope.cwd))),
        reversal: 'irreversible',
        source,
        summary: `deletes what the source lacks in ${shown(destination.s)}`,
        max: 'unbounded',
      });
    else loseFile(machine, destination, scope.cwd, 'delete', { source, recursive: true });
  } else if (destination !== undefined && !dry && !remote)
    loseFile(machine, destination, scope.cwd, 'append', { source });
  if (args.has('--remove-source-files') && !dry)
    for (const operand of args.operands.slice(0, -1)) {
      if (/^[^/]*:/.test(operand.s))
        machine.emit({
          verb: 'destroy',
          target: { system: 'file', kind: 'remote-path', path: [shown(operand.s)] },
          reversal: 'irreversible',
          source,
          summary: `deletes what it copied from ${shown(operand.s)}`,
          max: 'unbounded',
        });
      else loseFile(machine, operand, scope.cwd, 'delete', { source });
    }
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
  const there = remote ? destination.s.replace(/^[^/]*?:/, '') : '';
  if (there.startsWith('/') && isSystem(there) && !/^\/(home|Users|srv|opt|data|mnt|var\/www)\/./.test(there))
    call.machine.emit({
      verb: 'change',
      target: { system: 'file', kind: 'remote-path', path: [shown(destination?.s ?? '')] },
      reversal: 'irreversible',
      source: 'catalog/scp',
      summary: `writes over ${shown(destination?.s ?? '')}, which belongs to that machine's system`,
      max: 'unbounded',
    });
  harmlessRun(call.machine, 'catalog/scp', call.name);
  return '';
};

/** Archives and copies between places. */
export const TRANSFERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['tar', tar],
  ['gtar', tar],
  ['bsdtar', tar],
  ['unzip', unzip],
  ['rsync', rsync],
  ['scp', scp],
]);
