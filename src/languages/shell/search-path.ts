import { isKnown } from '../../core/tri.ts';
import { type Call, isVisible, opaque } from './machine.ts';
import { fileRef, resolvePath } from './paths.ts';
import { isMadeHere } from './scripts.ts';
import { type Field, hasHole, literal } from './value.ts';

const MOST_ENTRIES = 64;

/** Names that a shell runs itself, wherever it would look for programs. */
const OWN = new Set('echo printf test [ pwd kill true false read type : . cd'.split(' '));

/** Folders of installed packages: their programs are named by what is known of them. */
const INSTALLED = /(^|\/)(node_modules\/\.bin|\.?venv\/bin|env\/bin|vendor\/bin)\/?$/;

/**
 * The file of this project that a bare name means, where the text has put a folder of its own before those of the system
 * (`PATH=.:$PATH ls`). Only entries before the first that is not known count: the system's are behind it.
 */
export function foundOnOwnPath(call: Call): Field | 'unknown' | undefined {
  const { machine, scope, name } = call;
  const [path] = scope.vars.get('PATH') ?? [];
  if (path === undefined || OWN.has(name) || name === '') return undefined;
  const entries = path.s.split(':');
  if (entries.length > MOST_ENTRIES) {
    opaque(machine, 'shell/search-path', `looks for ${name} in more folders than can be followed`);
    return 'unknown';
  }
  for (const entry of entries) {
    if (hasHole(entry)) return undefined;
    if (INSTALLED.test(entry) || /^\/(usr\/(local\/)?)?s?bin\/?$/.test(entry)) continue;
    const here = entry === '' || /^\.\/?$/.test(entry);
    const file = resolvePath(`${entry === '' ? '.' : entry}/${name}`, scope.cwd);
    if (isMadeHere(file, scope, machine)) return literal(file);
    if (!isVisible(machine) || !file.startsWith('/')) {
      if (!here) continue;
      opaque(machine, 'shell/search-path', `runs ${name}, which may be a file of the folder that it starts in`);
      return 'unknown';
    }
    const fact = machine.ask('recovery', fileRef(file));
    if (fact === undefined) continue;
    if (!isKnown(fact) || (fact.known as { readonly exists?: unknown }).exists !== false) return literal(file);
  }
  return undefined;
}
