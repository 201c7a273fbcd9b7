import type { GitFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import { loseFile } from '../shell/file-effects.ts';
import { subscope } from '../shell/machine.ts';
import { isRegenerable, lastName, resolvePath } from '../shell/paths.ts';
import { type Field, hasHole, shown } from '../shell/value.ts';
import { dirty, type GitCall, pathFact, SOURCE, type Sub, tampersWith } from './git-call.ts';

const reset: Sub = (call) => {
  if (call.args.has('--hard', '--merge') || call.args.has('--keep')) {
    if (call.args.has('--keep') && !call.args.has('--hard')) return;
    // `--merge` spares what is not in the index, and refuses where it cannot.
    const spared = call.args.has('--merge') && !call.args.has('--hard') && call.fact()?.staged === false;
    if (!dirty(call) || spared)
      call.lose('repository', undefined, 'moves the branch; the reflog keeps what it left', {
        verb: 'change',
        reversal: 'undoable',
      });
    else call.lose('repository', undefined, 'throws away all uncommitted changes (git reset --hard)');
  }
};

const clean: Sub = (call) => {
  const { args } = call;
  if (args.has('-n', '--dry-run') || !(args.has('-f', '--force') || args.has('-i') || forced(call))) return;
  if (args.has('-X')) {
    // Ignored files only. Without paths that may take `.env` and local databases along.
    if (args.operands.length > 0 && args.operands.every((one) => isRegenerable(resolvePath(one.s, '.'), ''))) return;
    call.lose('repository', undefined, 'deletes ignored files, settings and local databases among them (git clean -X)');
    return;
  }
  const paths = args.operands;
  if (paths.length > 0 && paths.every((one) => isRegenerable(resolvePath(one.s, '.'), ''))) return;
  const fact = call.fact();
  if (fact?.untracked === 0 && !args.has('-x')) return;
  call.lose('repository', undefined, 'deletes untracked files, which nothing can bring back (git clean)');
};

function forced(call: GitCall): boolean {
  return /^(false|no|off|0)$/i.test(call.settings.get('clean.requireforce') ?? '');
}

const checkout: Sub = (call) => {
  const { args, argv } = call;
  const dashes = argv.findIndex((field) => field.s === '--');
  if (args.has('-b', '--orphan', '-t', '--track') && !args.has('-f', '--force')) return;
  if (args.has('-B')) return;
  const paths =
    dashes !== -1
      ? argv.slice(dashes + 1)
      : args.operands.filter(
          (one, index) =>
            looksLikePath(one.s) &&
            (index > 0 || args.operands.length === 1 || looksLikePath(args.operands[0]?.s ?? '')),
        );
  if (args.has('-f', '--force') && paths.length === 0) {
    if (dirty(call)) call.lose('repository', undefined, 'throws away uncommitted changes (git checkout --force)');
    return;
  }
  discard(call, paths, 'git checkout');
};

function looksLikePath(s: string): boolean {
  return (
    s === '.' ||
    s === '*' ||
    s.startsWith('./') ||
    s.startsWith('../') ||
    s === ':/' ||
    s.startsWith(':(') ||
    /\.(ts|tsx|js|jsx|py|rb|go|rs|java|c|h|cpp|md|json|ya?ml|toml|css|html|sql|sh|txt|lock|vue|svelte|php|kt|swift)$/.test(
      s,
    ) ||
    s.endsWith('/')
  );
}

function discard(call: GitCall, paths: readonly Field[], how: string): void {
  if (paths.length === 0 || tampersWith(call, paths) || !dirty(call)) return;
  for (const path of paths.slice(0, 64)) {
    // Other files may have changes; only these are taken away.
    const fact = pathFact(call, path);
    if (fact?.trackedAndClean === true || fact?.exists === false) continue;
    call.lose('worktree-path', path.s, `throws away uncommitted changes in ${shown(path.s)} (${how})`);
  }
}

const restore: Sub = (call) => {
  if (call.args.has('--staged', '-S') && !call.args.has('--worktree', '-W')) return;
  discard(call, call.args.operands, 'git restore');
};

const switchTo: Sub = (call) => {
  if (call.args.has('-f', '--force', '--discard-changes') && dirty(call))
    call.lose('repository', undefined, 'throws away uncommitted changes (git switch --discard-changes)');
};

const stash: Sub = (call) => {
  const sub = call.args.operands[0]?.s;
  if (sub === 'drop') call.lose('stash', call.args.operands[1]?.s ?? 'stash@{0}', 'drops stashed work', { max: 1 });
  else if (sub === 'clear') call.lose('stash', undefined, 'drops all stashed work');
};

const rm: Sub = (call) => {
  const { args } = call;
  if (args.has('--cached', '-n', '--dry-run') || tampersWith(call, args.operands)) return;
  for (const one of args.operands) {
    if (pathFact(call, one)?.trackedAndClean !== true && args.has('-f', '--force', '-r'))
      call.lose('worktree-path', one.s, `deletes ${shown(one.s)} from the working tree and the index`);
    // Without -f git refuses where there are changes: the last commit has it.
    else
      call.lose('worktree-path', one.s, `deletes ${shown(one.s)}, which the last commit has`, {
        reversal: 'undoable',
        max: 1,
      });
  }
};

const submodule: Sub = (call) => {
  const sub = call.args.operands[0]?.s;
  if (sub === 'deinit' && call.args.has('-f', '--force', '--all'))
    call.lose('repository', undefined, 'removes the working trees of submodules');
  else if (sub === 'foreach')
    call.machine.script(
      call.args.operands
        .slice(1)
        .map((one) => one.s)
        .join(' '),
      subscope(call.scope),
    );
  else if (sub === 'update' && call.args.has('--force', '-f'))
    call.lose('repository', undefined, 'throws away changes in submodules (--force)');
};

const worktree: Sub = (call) => {
  const sub = call.args.operands[0]?.s;
  const path = call.args.operands[1]?.s;
  if (sub === 'remove' && call.args.has('-f', '--force') && !isCleanTree(call, path))
    call.lose('repository', path, 'removes a working tree with whatever changes it has');
};

function isCleanTree(call: GitCall, path: string | undefined): boolean {
  if (path === undefined || hasHole(path)) return false;
  const dir = resolvePath(path, call.scope.cwd);
  if (!dir.startsWith('/')) return false;
  const fact = call.machine.ask('environment', { system: 'git', kind: 'repository', path: [dir] });
  if (fact === undefined || !isKnown(fact)) return false;
  const state = fact.known as unknown as Partial<GitFact>;
  return state.dirty === false && state.untracked === 0;
}

const moves: Sub = (call) => {
  const { args } = call;
  if (tampersWith(call, args.operands) || !args.has('-f', '--force') || args.has('-n', '--dry-run')) return;
  const destination = args.operands.at(-1);
  if (destination === undefined) return;
  for (const from of args.operands.slice(0, -1).slice(0, 64))
    loseFile(call.machine, destination, call.scope.cwd, 'overwrite', {
      source: `${SOURCE}-mv`,
      into: lastName(from.s.replace(/\/+$/, '')),
    });
};

const into: Sub = (call) => {
  tampersWith(call, call.args.operands.slice(1));
};

const readTree: Sub = (call) => {
  if (!call.args.has('--reset') || !call.args.has('-u')) return;
  // Unlike `git reset --hard` it writes over untracked files as well.
  if (dirty(call) || call.fact()?.untracked !== 0) call.lose('repository', undefined, 'overwrites the working tree');
};

const checkoutIndex: Sub = (call) => {
  if (call.args.has('-f', '--force') && dirty(call)) call.lose('repository', undefined, 'overwrites the working tree');
};

const apply: Sub = (call) => {
  if (call.args.has('-R', '--reverse') && !call.args.has('--check', '--cached', '--stat') && dirty(call))
    call.lose('repository', undefined, 'takes changes back out of the working tree (git apply --reverse)');
};

/** What takes files of the working tree away. */
export const WORKTREE: ReadonlyMap<string, Sub> = new Map<string, Sub>([
  ['reset', reset],
  ['apply', apply],
  ['clean', clean],
  ['checkout', checkout],
  ['restore', restore],
  ['switch', switchTo],
  ['stash', stash],
  ['rm', rm],
  ['mv', moves],
  ['clone', into],
  ['submodule', submodule],
  ['worktree', worktree],
  ['read-tree', readTree],
  ['checkout-index', checkoutIndex],
]);
