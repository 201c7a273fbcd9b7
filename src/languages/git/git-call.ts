import type { FileRecoveryFact, GitFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import { type Args, setOf } from '../shell/argv.ts';
import { tampers } from '../shell/guard-command.ts';
import type { Found, Machine, Scope } from '../shell/machine.ts';
import { fileRef, isGuardPath, kernelPath, resolvePath } from '../shell/paths.ts';
import { type Field, hasHole, shown } from '../shell/value.ts';

export const SOURCE = 'catalog/git';

export interface GitCall {
  readonly args: Args;
  readonly argv: readonly Field[];
  readonly machine: Machine;
  readonly scope: Scope;
  /** Directory of the repository, as far as known. */
  readonly dir: string;
  /** Of this call alone (`-c name=value`), names in lower case. */
  readonly settings: ReadonlyMap<string, string>;
  lose(what: string, name: string | undefined, summary: string, more?: Partial<Found>): void;
  fact(): Partial<GitFact> | undefined;
}

export type Sub = (call: GitCall) => void;

export const VALUED = setOf(
  '-m --message -F --file -b -B -c -C --author --date --onto -s --strategy -X --strategy-option -o --push-option --receive-pack --repo --depth --format --since --until -n --max-count --source -S --exec -x --branch --reference --track-to -u --exclude -e --expire --prune-to --path --ref -L -G --grep --upload-pack -j --jobs --separate-git-dir --template --cleanup --fixup --squash --pathspec-from-file --reuse-message --sort --contains --points-at',
);

export function valuedFor(sub: string): ReadonlySet<string> {
  switch (sub) {
    case 'clean':
      return setOf('-e --exclude');
    case 'read-tree':
      return setOf('--index-output --prefix --exclude-per-directory');
    case 'mv':
    case 'checkout-index':
      return setOf('--prefix --stage');
    case 'reset':
    case 'rm':
    case 'push':
    case 'fetch':
    case 'pull':
    case 'branch':
    case 'tag':
    case 'stash':
    case 'restore':
      return sub === 'tag' || sub === 'stash'
        ? setOf('-m --message -F')
        : sub === 'push'
          ? setOf('-o --push-option --receive-pack --exec --repo')
          : sub === 'branch'
            ? setOf('-u --set-upstream-to --contains --merged-x --sort --format --points-at')
            : sub === 'restore'
              ? setOf('-s --source --pathspec-from-file')
              : setOf('-s -X --depth -j --upload-pack --pathspec-from-file');
    case 'checkout':
    case 'switch':
      return setOf('-b -B --orphan -c -C --conflict --pathspec-from-file');
    default:
      return VALUED;
  }
}

export function bypass(machine: Machine, summary: string): void {
  machine.emit({
    verb: 'change',
    target: { system: 'git', kind: 'configuration', path: ['hooks'] },
    reversal: 'unknown',
    source: SOURCE,
    summary,
    tags: ['bypass'],
  });
}

/** Whether there is work in the tree that a command would take away. Unknown counts as yes. */
export function dirty(call: GitCall): boolean {
  const fact = call.fact();
  return fact?.dirty !== false;
}

/** What the world says about a path of the working tree; `undefined` where it says nothing. */
export function pathFact(call: GitCall, path: Field): Partial<FileRecoveryFact> | undefined {
  if (hasHole(path.s) || path.s.startsWith(':')) return undefined;
  const asked = kernelPath(path.s, call.scope.cwd);
  const fact = asked.startsWith('/') ? call.machine.ask('recovery', fileRef(asked)) : undefined;
  return fact !== undefined && isKnown(fact) ? (fact.known as unknown as Partial<FileRecoveryFact>) : undefined;
}

/** Files in which agents keep their hooks are not to be replaced from history either. */
export function tampersWith(call: GitCall, paths: readonly Field[]): boolean {
  const guard = paths.find((one) => !hasHole(one.s) && isGuardPath(resolvePath(one.s, call.scope.cwd)));
  if (guard !== undefined) tampers(call.machine, shown(guard.s), `replaces or deletes ${shown(guard.s)} by git`);
  return guard !== undefined;
}
