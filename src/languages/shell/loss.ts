import type { Reversal } from '../../core/effect.ts';
import type { FileRecoveryFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import type { Machine } from './machine.ts';
import {
  fileRef,
  insideWorkspace,
  isData,
  isGuardPath,
  isRegenerable,
  isSecret,
  isSystem,
  isTemporary,
  kernelPath,
} from './paths.ts';
import { type Field, FRESH, literal } from './value.ts';

export type Loss = 'delete' | 'empty' | 'overwrite' | 'append' | 'edit';

/** Links followed in a row, before a chain counts as unknown. */
const MAX_LINKS = 8;

/** Where a loss ends up, and what the world says about that place. */
export interface End {
  /** As it was asked about; what the effect names. */
  readonly path: string;
  /** `undefined`: not asked yet. `unknown`: judge by the name. */
  readonly fact: { readonly known: Partial<FileRecoveryFact> } | { readonly unknown: string } | undefined;
}

/** Follows a path through links, made by this command or on disk, to what the loss takes. */
export function followed(machine: Machine, path: string, field: Field, loss: Loss, into?: string, turn = 0): End {
  const mapped = throughLinks(machine, path, loss);
  if (!mapped.startsWith('/') || mapped.includes(FRESH))
    return { path: mapped, fact: { unknown: 'not a path of this disk' } };
  const asked = machine.dotglob && field.glob ? globFolder(mapped) : mapped;
  const answer = machine.ask('recovery', fileRef(asked));
  if (answer === undefined || !isKnown(answer)) return { path: asked, fact: answer };
  if (turn >= MAX_LINKS) return { path: asked, fact: { known: { exists: true, type: 'other' } } };
  // The shape is the verifier's promise (`core/facts.ts`); a field that is missing counts against the command.
  const fact = answer.known as unknown as Partial<FileRecoveryFact>;
  if (!field.glob && fact.exists !== false) {
    const on = (next: string): End => followed(machine, next, field, loss, into, turn + 1);
    // The same thing under its real name: one identity for denials and copies, however it was spelt.
    if (fact.realPath?.startsWith('/') === true && fact.realPath !== asked) return on(fact.realPath);
    // SECURITY: a write goes through a symlink; what it leads to is what is lost. A deletion takes the link alone.
    if (fact.type === 'symlink' && loss !== 'delete')
      return fact.linkTarget?.startsWith('/') === true
        ? on(fact.linkTarget)
        : { path: asked, fact: { known: { exists: true, type: 'other' } } };
    if (into !== undefined && fact.type === 'directory')
      return followed(machine, `${asked.replace(/\/$/, '')}/${into}`, field, loss, undefined, turn + 1);
  }
  return { path: asked, fact: { known: fact } };
}

/** Paths through links that this command made lead to where those lead. */
function throughLinks(machine: Machine, path: string, loss: Loss): string {
  let at = path;
  for (let turn = 0; machine.links.size > 0 && turn < MAX_LINKS; turn += 1) {
    const plain = at.replace(/\/$/, '');
    const link = [...machine.links.keys()].find(
      (one) => plain.startsWith(`${one}/`) || (plain === one && (loss !== 'delete' || plain !== at)),
    );
    if (link === undefined) return at;
    at = kernelPath(`${machine.links.get(link) ?? ''}${at.slice(link.length)}`, undefined);
  }
  return at;
}

const RANK: Record<Reversal, number> = { regenerable: 0, undoable: 1, safeguardable: 2, unknown: 3, irreversible: 4 };

/** How a loss can be undone: by the world's answer, else by the name. */
export function reversalOf(
  machine: Machine,
  end: End,
  lexical: string,
  field: Field,
  loss: Loss,
  fromTemplate: boolean,
): Reversal {
  const own = ownReversal(machine, end, end.path, field, loss, fromTemplate);
  const before = movedReversal(machine, lexical, loss);
  return RANK[before] > RANK[own] ? before : own;
}

function ownReversal(
  machine: Machine,
  end: End,
  asked: string,
  field: Field,
  loss: Loss,
  fromTemplate: boolean,
): Reversal {
  const path = asked.length > 1 ? asked.replace(/\/$/, '') : asked;
  const byName =
    fromTemplate && isSecret(path) && !isSystem(path) ? 'regenerable' : reversalByName(machine, path, loss);
  if (end.fact === undefined) return loss === 'edit' || loss === 'append' ? byName : 'irreversible';
  if (!('known' in end.fact)) return byName;
  const known = end.fact.known;
  if (typeof known.realPath === 'string' && isGuardPath(known.realPath)) return 'irreversible';
  if (loss === 'append') return byName;
  if (known.trackedAndClean === true) return 'undoable';
  if (known.exists === false) return isSystem(path) && loss !== 'delete' && !field.glob ? byName : 'regenerable';
  if (known.regenerable === true || known.madeByTask === true || known.temporary === true) return 'regenerable';
  if (loss === 'edit') return byName;
  // A link goes, what it leads to stays, and the record keeps where that is.
  if (loss === 'delete' && known.type === 'symlink' && known.linkTarget !== undefined && known.insideWorkspace === true)
    return 'undoable';
  // Part tracked, part made again, and nothing besides: all of it comes back.
  if (known.irreplaceable?.length === 0 && known.filesCapped === false) return 'undoable';
  if (isSystem(path) && known.insideWorkspace !== true) return 'irreversible';
  return known.insideWorkspace === true && known.filesCapped !== true ? 'safeguardable' : 'irreversible';
}

/** Where the things come from that this command moved to that place, or into that folder, before. */
export function movedFrom(machine: Machine, path: string): readonly string[] {
  return [...machine.moved].flatMap(([to, from]) => {
    if (path === to || to.startsWith(`${path}/`)) return [from];
    return path.startsWith(`${to}/`) ? [`${from}${path.slice(to.length)}`] : [];
  });
}

/** What this command moved to that place before is lost with it. */
function movedReversal(machine: Machine, path: string, loss: Loss): Reversal {
  let worst: Reversal = 'regenerable';
  if (loss === 'append' || loss === 'edit') return worst;
  for (const [to, from] of machine.moved) {
    const inside = path.startsWith(`${to}/`);
    if (path !== to && !inside && !(loss === 'delete' && to.startsWith(`${path}/`))) continue;
    const old = inside ? `${from}${path.slice(to.length)}` : from;
    const end = followed(machine, old, literal(old), 'delete');
    // By names alone only a deletion counts: moving a file aside and writing it afresh is how files are edited.
    if (loss === 'overwrite' && (end.fact === undefined || !('known' in end.fact))) continue;
    const reversal = ownReversal(machine, end, end.path, literal(old), 'delete', false);
    // No copy can be taken of what lies somewhere else by then.
    const fixed = reversal === 'safeguardable' ? 'irreversible' : reversal;
    if (RANK[fixed] > RANK[worst]) worst = fixed;
  }
  return worst;
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
        return loss === 'append' && path.endsWith('.log') ? 'regenerable' : 'irreversible';
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
