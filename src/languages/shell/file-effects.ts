import { tampers } from './guard-command.ts';
import { followed, type Loss, movedFrom, reversalOf } from './loss.ts';
import type { Machine } from './machine.ts';
import {
  fileRef,
  isCatastrophic,
  isData,
  isDevice,
  isGuardPath,
  isSecret,
  isSink,
  isSystem,
  kernelPath,
  resolvePath,
} from './paths.ts';
import { type Field, hasHole, hasMark, shown } from './value.ts';

export type { Loss } from './loss.ts';

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
  const lexical = resolvePath(written, cwd);
  if (isSink(lexical)) return;
  const end = followed(machine, kernelPath(written, cwd), field, loss, options.into);
  const path = end.path;
  machine.stale.add(lexical);
  machine.sources.delete(lexical);
  const target = fileRef(shown(path));
  const summary = `${WORDS[loss]} ${shown(lexical)}${path === lexical || path === `${lexical}/` ? '' : `, which is ${shown(path)}`}`;
  const places = [lexical, path];
  if (places.some((place) => guardVictim(place, loss, options.recursive === true))) {
    machine.emit({
      verb: loss === 'delete' ? 'destroy' : 'change',
      target: { system: 'holdpoint', kind: 'guard', path: [shown(path)] },
      reversal: 'irreversible',
      source,
      summary,
      tags: ['guard-tampering'],
    });
    return;
  }
  const verb = loss === 'delete' || loss === 'empty' ? 'destroy' : 'change';
  const max = options.recursive === true || field.glob ? 'unbounded' : 1;
  if (places.some(isDevice)) {
    machine.emit({
      verb: 'destroy',
      target: { system: 'host', kind: 'device', path: [shown(path)] },
      reversal: 'irreversible',
      source,
      summary,
      tags: ['catastrophic'],
    });
    return;
  }
  const catastrophic = (loss === 'delete' || loss === 'empty') && places.some(isCatastrophic);
  const tags = catastrophic ? ['catastrophic'] : undefined;
  const reversal = catastrophic
    ? 'irreversible'
    : reversalOf(machine, end, lexical, field, loss, options.fromTemplate === true);
  const plain = reversal === 'regenerable' && quiet;
  machine.emit({
    verb: plain ? 'create' : verb,
    target,
    reversal,
    source,
    summary,
    max,
    ...(tags === undefined ? {} : { tags }),
  });
  if (loss !== 'delete' && loss !== 'empty') return;
  // Under its old name a person may have refused it: a loss by way of another name is the same loss.
  for (const from of reversal === 'regenerable' ? [] : movedFrom(machine, lexical).slice(0, 8))
    machine.emit({
      verb: 'destroy',
      target: fileRef(shown(from)),
      reversal,
      source,
      summary: `${WORDS[loss]} ${shown(from)}, which the same command moved to ${shown(lexical)}`,
      max,
    });
}

function unknownFile(machine: Machine, written: string, quiet: boolean, loss: Loss, source: string): void {
  const summary = `${WORDS[loss]} a file whose name only the running shell knows (\`${shown(written)}\`)`;
  if (isGuardPath(resolvePath(written, undefined))) {
    tampers(machine, shown(written), summary);
    return;
  }
  // Writing to a computed name is everyday work; the fixed part of the name still says whether it is a precious place.
  if (quiet && !isSystem(written) && !isData(written) && !isSecret(written)) {
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
