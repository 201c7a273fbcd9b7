import { INSTALLED_SETUP, SETUP_FILES } from '../../catalog/setup-files.ts';
import { type Handler, harmlessRun, isVisible, opaque, type Scope } from './machine.ts';
import { insideWorkspace, isSecret, resolvePath } from './paths.ts';
import { contentOf, isMadeHere, runText } from './scripts.ts';
import { isSecretVariable } from './secrets.ts';
import { type Field, HOLE, hasHole, SECRET, SETUP, shown } from './value.ts';

/** `source FILE`: its text runs in this shell. */
export const source: Handler = (call) => {
  const { machine, scope } = call;
  const file = call.argv[0];
  if (file === undefined) return '';
  if (file.feed === SETUP) return '';
  const path = resolvePath(file.s, scope.cwd);
  const written = scope.written.get(path);
  const known = file.feed === undefined && SETUP_FILES.test(path);
  if (known && isSetup(path, written, isMadeHere(file.s, scope, machine), call.machine)) {
    harmlessRun(machine, 'shell/source', 'source');
    return '';
  }
  // What was appended to a set-up file is read; what stood before it is that file's own.
  const appended =
    known && written?.startsWith(HOLE) === true && !hasHole(written.slice(1)) ? written.slice(1) : undefined;
  const text = file.feed ?? appended ?? contentOf(file, scope, machine);
  if (text === undefined) {
    opaque(machine, 'shell/source', `sources ${shown(file.s)}, whose text is not known`);
    return HOLE;
  }
  const held = scope.args;
  const before = new Map(scope.vars);
  if (call.argv.length > 1) scope.args = call.argv.slice(1);
  const out = runText(text, scope, machine, 'source');
  scope.args = held;
  if (isSecret(path)) hideSecrets(scope, before);
  harmlessRun(machine, 'shell/source', 'source');
  return out;
};

/** Files that installed tools and shells set themselves up by: nobody reads those of the home, whose place is not known. */
function isSetup(
  path: string,
  written: string | undefined,
  madeHere: boolean,
  machine: Parameters<Handler>[0]['machine'],
): boolean {
  if (written === SETUP) return true;
  if (madeHere) return false;
  if (!isVisible(machine)) return true;
  if (insideWorkspace(path, machine.context.workspace) !== undefined) return false;
  return INSTALLED_SETUP.test(path);
}

/** SECURITY: values out of a file of secrets stay marked, and none of them reaches a text that is shown or kept. */
function hideSecrets(scope: Scope, before: ReadonlyMap<string, readonly Field[]>): void {
  for (const [name, value] of scope.vars) {
    if (before.get(name) === value) continue;
    const text = value.map((field) => field.s).join(' ');
    if (isSecretVariable(name) || /:\/\/[^/\s]*:[^/\s]*@|[A-Za-z0-9_+/=-]{24,}/.test(text))
      scope.vars.set(name, [{ s: SECRET + HOLE, glob: false, maybe: false }]);
  }
}
