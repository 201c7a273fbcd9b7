import type { Reversal } from '../../core/effect.ts';
import type { FileRecoveryFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import type { Machine } from './machine.ts';
import {
  fileRef,
  insideWorkspace,
  isCatastrophic,
  isData,
  isDevice,
  isGuardPath,
  isRegenerable,
  isSecret,
  isSink,
  isSystem,
  isTemporary,
  resolvePath,
} from './paths.ts';
import { type Field, FRESH, hasHole, hasMark, shown } from './value.ts';

export type Loss = 'delete' | 'empty' | 'overwrite' | 'append' | 'edit';

const WORDS: Record<Loss, string> = {
  delete: 'deletes',
  empty: 'empties',
  overwrite: 'overwrites',
  append: 'appends to',
  edit: 'edits',
};

/** How much of a directory goes with it, for those who read the card. */
export interface LossOptions {
  readonly source: string;
  readonly recursive?: boolean;
  /** The target may be a folder, into which the file of this name goes. */
  readonly into?: string;
  /** Made from a template: nothing secret is replaced unless the world says that the file is there. */
  readonly fromTemplate?: boolean;
  readonly tags?: readonly string[];
}

/** One file or folder lost or written. Asks what would be lost, and judges by the answer, else by the name. */
export function loseFile(
  machine: Machine,
  field: Field,
  cwd: string | undefined,
  loss: Loss,
  options: LossOptions,
): void {
  const written = field.s;
  const source = options.source;
  const quiet = loss === 'overwrite' || loss === 'append' || loss === 'edit';
  if (written === '') return;
  // A dynamic name whose fixed part lies in a folder of temporary files is still unknown: it could climb out by `..`.
  if (hasHole(written) || field.maybe || (cwd === undefined && !/^[/~]/.test(written))) {
    unknownFile(machine, written, quiet, loss, source);
    return;
  }
  const path = resolvePath(written, cwd);
  if (isSink(path)) return;
  const target = fileRef(shown(path));
  const summary = `${WORDS[loss]} ${shown(path)}`;
  const guard = guardVictim(path, loss, options.recursive === true);
  if (guard) {
    machine.emit({
      verb: loss === 'delete' ? 'destroy' : 'change',
      target: { system: 'holdpoint', kind: 'guard', path: [path] },
      reversal: 'irreversible',
      source,
      summary,
      tags: ['guard-tampering'],
    });
    return;
  }
  const verb = loss === 'delete' || loss === 'empty' ? 'destroy' : 'change';
  const max = options.recursive === true || field.glob ? 'unbounded' : 1;
  if (isDevice(path)) {
    machine.emit({
      verb: 'destroy',
      target: { system: 'host', kind: 'device', path: [path] },
      reversal: 'irreversible',
      source,
      summary,
      tags: ['catastrophic'],
    });
    return;
  }
  const catastrophic = (loss === 'delete' || loss === 'empty') && isCatastrophic(path);
  const tags = catastrophic ? ['catastrophic'] : undefined;
  const reversal = catastrophic
    ? 'irreversible'
    : reversalOf(machine, path, field, loss, options.into, options.fromTemplate);
  const plain = reversal === 'regenerable' && (loss === 'overwrite' || loss === 'append' || loss === 'edit');
  machine.emit({
    verb: plain ? 'create' : verb,
    target,
    reversal,
    source,
    summary,
    max,
    ...(tags === undefined ? {} : { tags }),
  });
}

function unknownFile(machine: Machine, written: string, quiet: boolean, loss: Loss, source: string): void {
  const summary = `${WORDS[loss]} a file whose name only the running shell knows (\`${shown(written)}\`)`;
  // Writing to a computed name is everyday work; the fixed part of the name still says whether it is a precious place.
  if (quiet && !isSystem(written) && !isData(written) && !isGuardPath(written) && !isSecret(written)) {
    machine.emit({
      verb: 'create',
      target: { unknown: `name of the file: ${shown(written)}` },
      reversal: 'unknown',
      source,
      summary,
    });
    return;
  }
  machine.emit({
    verb: quiet ? 'change' : 'destroy',
    target: { unknown: `name of the file: ${shown(written)}` },
    reversal: 'unknown',
    source,
    summary,
    max: 'unbounded',
  });
}

function guardVictim(path: string, loss: Loss, recursive: boolean): boolean {
  if (isGuardPath(path)) return true;
  // A whole folder of agent settings takes the hooks in it along.
  return loss === 'delete' && recursive && /(^|\/)\.(claude|cursor|codex|gemini|windsurf)$/.test(path);
}

function reversalOf(
  machine: Machine,
  path: string,
  field: Field,
  loss: Loss,
  into?: string,
  fromTemplate?: boolean,
): Reversal {
  if (
    loss === 'delete' &&
    [...machine.kept].some((kept) => kept === path || kept.startsWith(`${path}/`) || path.startsWith(`${kept}/`))
  )
    return 'irreversible';
  const byName =
    fromTemplate === true && isSecret(path) && !isSystem(path) ? 'regenerable' : reversalByName(machine, path, loss);
  if (path.includes(FRESH) || (field.glob && !path.startsWith('/'))) return byName;
  if (!path.startsWith('/')) return byName;
  if (loss === 'append') return byName;
  const asked = field.glob ? globFolder(path) : path;
  const fact = machine.ask('recovery', fileRef(asked));
  if (fact === undefined) return loss === 'edit' ? byName : 'irreversible';
  if (!isKnown(fact)) return byName;
  // The shape is the verifier's promise (`core/facts.ts`); a field that is missing counts against the command.
  const known = fact.known as unknown as Partial<FileRecoveryFact>;
  if (typeof known.realPath === 'string' && isGuardPath(known.realPath)) return 'irreversible';
  if (into !== undefined && known.type === 'directory') return reversalOf(machine, `${asked}/${into}`, field, loss);
  if (known.trackedAndClean === true) return 'undoable';
  if (known.exists === false && !field.glob) return isSystem(path) && loss !== 'delete' ? byName : 'regenerable';
  if (known.regenerable === true || known.madeByTask === true || known.temporary === true) return 'regenerable';
  if (loss === 'edit') return byName;
  if (isSystem(path) && known.insideWorkspace !== true) return 'irreversible';
  return known.insideWorkspace === true && known.filesCapped !== true ? 'safeguardable' : 'irreversible';
}

function globFolder(path: string): string {
  const parts = path.split('/');
  const first = parts.findIndex((part) => /[*?[]/.test(part));
  return first <= 0 ? path : parts.slice(0, first).join('/') || '/';
}

function reversalByName(machine: Machine, path: string, loss: Loss): Reversal {
  const workspace = machine.context.workspace;
  switch (loss) {
    case 'delete':
    case 'empty':
      if ((isData(path) && !isTemporary(path)) || isSecret(path)) return 'irreversible';
      return isRegenerable(path, workspace) ? 'regenerable' : 'irreversible';
    case 'overwrite':
    case 'edit':
    case 'append': {
      if (isTemporary(path) || path.includes(FRESH)) return 'regenerable';
      const inside = insideWorkspace(path, workspace) !== undefined;
      if (isPersistence(path)) return 'irreversible';
      if (isSystem(path) && !inside && !/^\/(home|Users)\/[^/]+\/./.test(path))
        return loss === 'append' && /\.log$/.test(path) ? 'regenerable' : 'irreversible';
      if (loss === 'append') return 'regenerable';
      if (isSecret(path) && loss === 'overwrite') return 'irreversible';
      if (isData(path) && !/\.(sql\.gz|dump|bak|backup|pgdump)$/.test(path)) return 'irreversible';
      if (/(^|\/)\.git\//.test(path)) return 'irreversible';
      return 'regenerable';
    }
    default:
      return loss satisfies never;
  }
}

/** Files that run or let in someone later. */
function isPersistence(path: string): boolean {
  return (
    /(^|\/)\.ssh\/(authorized_keys2?|config|rc)$/.test(path) ||
    /^~\/\.(bashrc|zshrc|profile|bash_profile|zprofile|zshenv|bash_login|xprofile|pam_environment)$/.test(path) ||
    /(^|\/)(\.git\/config|\.gitconfig)$/.test(path) ||
    /(^|\/)(LaunchAgents|LaunchDaemons|autostart|cron\.d|cron\.daily|systemd\/user|systemd\/system)\//.test(path) ||
    /^\/etc\/(sudoers|passwd|shadow|hosts|crontab|ld\.so\.preload|ssh\/)/.test(path)
  );
}

/** A file whose text would be shown or sent. */
export function readFile(
  machine: Machine,
  field: Field,
  cwd: string | undefined,
  source: string,
  how: 'shows' | 'sends',
): void {
  const path = resolvePath(field.s, cwd);
  if (!isSecret(path)) {
    if (how === 'shows' && !hasMark(path))
      machine.emit({
        verb: 'read',
        target: fileRef(path),
        reversal: 'regenerable',
        source,
        summary: `reads ${shown(path)}`,
      });
    return;
  }
  machine.emit({
    verb: 'expose',
    target: hasHole(path) ? { unknown: shown(path) } : fileRef(shown(path)),
    reversal: 'irreversible',
    source,
    summary: `${how} the secrets in ${shown(path)}`,
    tags: ['credential'],
  });
}
