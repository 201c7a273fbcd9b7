import { GIT_READS, PROTECTED_BRANCHES, RUNS_COMMANDS } from '../../catalog/git.ts';
import type { GitFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { isKnown } from '../../core/tri.ts';
import { type Args, parseArgs, setOf } from '../shell/argv.ts';
import { loseFile } from '../shell/file-effects.ts';
import { type Found, type Handler, harmlessRun, type Machine, opaque, type Scope, subscope } from '../shell/machine.ts';
import { isRegenerable, resolvePath } from '../shell/paths.ts';
import { destructiveWord } from '../shell/tool-rules.ts';
import { type Field, HOLE, hasHole, shown } from '../shell/value.ts';

const GLOBAL = setOf('-C -c --git-dir --work-tree --namespace --exec-path --super-prefix --config-env');
const SOURCE = 'catalog/git';

export interface GitCall {
  readonly args: Args;
  readonly argv: readonly Field[];
  readonly machine: Machine;
  readonly scope: Scope;
  /** Directory of the repository, as far as known. */
  readonly dir: string;
  lose(what: string, name: string | undefined, summary: string, more?: Partial<Found>): void;
  fact(): Partial<GitFact> | undefined;
}

const VALUED = setOf(
  '-m --message -F --file -b -B -c -C --author --date --onto -s --strategy -X --strategy-option -o --push-option --receive-pack --repo --depth --format --since --until -n --max-count --source -S --exec -x --branch --reference --track-to -u --exclude -e --expire --prune-to --path --ref -L -G --grep --upload-pack -j --jobs --separate-git-dir --template --cleanup --fixup --squash --pathspec-from-file --reuse-message --sort --contains --points-at',
);

export const git: Handler = (call) => {
  const { machine } = call;
  const global = parseArgs(call.argv, { valued: GLOBAL, stopAtOperand: true });
  const scope = subscope(call.scope);
  let dir = call.scope.cwd ?? HOLE;
  for (const path of global.values.get('-C') ?? [])
    dir = hasHole(path.s) ? HOLE : resolvePath(path.s, dir === HOLE ? undefined : dir);
  scope.cwd = dir === HOLE ? undefined : dir;
  for (const setting of global.values.get('-c') ?? []) applySetting(setting.s, machine, scope);
  const command = global.rest[0];
  if (command === undefined) {
    harmlessRun(machine, SOURCE, 'git');
    return HOLE;
  }
  const rest = global.rest.slice(1);
  if (hasHole(command.s)) {
    opaque(machine, SOURCE, 'runs a git command that only the running shell would know');
    return HOLE;
  }
  for (const setting of global.values.get('-c') ?? []) {
    const alias = /^alias\.([^=]+)=(.*)$/s.exec(setting.s);
    if (alias === null || alias[1] !== command.s) continue;
    const text = alias[2] ?? '';
    if (text.startsWith('!'))
      return machine.script(`${text.slice(1)} ${rest.map((field) => field.s).join(' ')}`, scope);
    return machine.run(
      [
        { s: 'git', glob: false, maybe: false },
        ...text.split(/\s+/).map((s) => ({ s, glob: false, maybe: false })),
        ...rest,
      ],
      scope,
    );
  }
  const sub = command.s;
  const argv = rest;
  const ref: ResourceRef = { system: 'git', kind: 'repository', path: [shown(dir)] };
  const one: GitCall = {
    args: parseArgs(argv, { valued: valuedFor(sub) }),
    argv,
    machine,
    scope,
    dir,
    lose(what, name, summary, more) {
      machine.emit({
        verb: 'destroy',
        target:
          name !== undefined && hasHole(name)
            ? { unknown: `name of the ${what}` }
            : { system: 'git', kind: what, path: name === undefined ? [shown(dir)] : [shown(dir), shown(name)] },
        reversal: 'irreversible',
        source: `${SOURCE}-${sub}`,
        summary,
        max: 'unbounded',
        basis: 'documented',
        ...more,
      });
    },
    fact() {
      const answer = dir.startsWith('/') ? machine.ask('environment', ref) : undefined;
      return answer !== undefined && isKnown(answer) ? (answer.known as unknown as Partial<GitFact>) : undefined;
    },
  };
  harmlessRun(machine, SOURCE, 'git');
  if (one.args.has('-h', '--help') && sub !== 'grep' && sub !== 'log') return HOLE;
  const handler = COMMANDS.get(sub);
  if (handler !== undefined) handler(one);
  else if (!GIT_READS.has(sub)) {
    const word = destructiveWord(parseArgs([command, ...argv]));
    if (word !== undefined) opaque(machine, SOURCE, `runs git ${shown(sub)}, which no rule knows`);
  }
  if (sub === 'ls-files' && one.args.has('-o', '--others')) return HOLE;
  return sub === 'branch' && one.args.has('--merged') ? 'branch:merged' : HOLE;
};

function valuedFor(sub: string): ReadonlySet<string> {
  switch (sub) {
    case 'clean':
      return setOf('-e --exclude');
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

/** `-c name=value` and `git config name value`: settings that switch checks off or run programs. */
function applySetting(text: string, machine: Machine, scope: Scope): void {
  const equals = text.indexOf('=');
  const name = (equals === -1 ? text : text.slice(0, equals)).toLowerCase();
  const value = equals === -1 ? '' : text.slice(equals + 1);
  if (name === 'core.hookspath') bypass(machine, 'switches off git hooks (core.hooksPath)');
  else if (
    RUNS_COMMANDS.test(name) &&
    !/^(cat|less|more|delta|true|:|vim|vi|nano|code|code --wait|ssh|less -\w+|diff-so-fancy.*|bat.*|osxkeychain|store|cache|manager|manager-core|gpg2?|)$/.test(
      value.trim(),
    ) &&
    !/^ssh(\s+-[\w]+(\s+[\w./~=@-]+)?)*$/.test(value.trim()) &&
    !(name.startsWith('credential') && !value.startsWith('!'))
  ) {
    machine.script(value.replace(/^!/, ''), subscope(scope));
  } else if (name.startsWith('alias.') && value.startsWith('!')) machine.script(value.slice(1), subscope(scope));
  else if (name === 'http.sslverify' && /^(false|0|no|off)$/i.test(value))
    bypass(machine, 'switches off the check of certificates (http.sslVerify)');
}

function bypass(machine: Machine, summary: string): void {
  machine.emit({
    verb: 'change',
    target: { system: 'git', kind: 'configuration', path: ['hooks'] },
    reversal: 'unknown',
    source: SOURCE,
    summary,
    tags: ['bypass'],
  });
}

type Sub = (call: GitCall) => void;

/** Whether there is work in the tree that a command would take away. Unknown counts as yes. */
function dirty(call: GitCall): boolean {
  const fact = call.fact();
  return fact?.dirty !== false;
}

const reset: Sub = (call) => {
  if (call.args.has('--hard', '--merge') || call.args.has('--keep')) {
    if (call.args.has('--keep') && !call.args.has('--hard')) return;
    if (!dirty(call))
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

function forced(_call: GitCall): boolean {
  return false;
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
  if (paths.length === 0 || !dirty(call)) return;
  for (const path of paths.slice(0, 8))
    call.lose('worktree-path', path.s, `throws away uncommitted changes in ${shown(path.s)} (${how})`);
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

const branch: Sub = (call) => {
  const { args } = call;
  const force = args.has('-D') || (args.has('-d', '--delete') && args.has('-f', '--force')) || args.has('-M', '-C');
  const remote = args.has('-r', '--remotes');
  if (args.has('-D') || (force && args.has('-d', '--delete'))) {
    for (const one of args.operands)
      if (one.s !== 'branch:merged')
        call.lose('branch', one.s, `deletes the branch ${shown(one.s)} with commits that may be nowhere else`, {
          max: 1,
          ...(remote ? { reversal: 'regenerable', verb: 'change' } : {}),
        });
  } else if (args.has('-M') && args.operands.length > 1)
    call.lose('branch', args.operands[1]?.s, 'renames a branch over another');
  else if (args.has('-f', '--force') && args.operands.length > 0)
    call.lose('branch', args.operands[0]?.s, `moves the branch ${shown(args.operands[0]?.s ?? '')} by force`);
};

const tag: Sub = (call) => {
  const { args } = call;
  if (args.has('-d', '--delete'))
    for (const one of args.operands)
      call.lose('tag', one.s, `deletes the tag ${shown(one.s)}`, { max: 1, reversal: 'undoable', verb: 'change' });
  else if (args.has('-f', '--force'))
    call.lose('tag', args.operands[0]?.s, `moves the tag ${shown(args.operands[0]?.s ?? '')}`, {
      max: 1,
      verb: 'change',
      reversal: 'undoable',
    });
};

const rm: Sub = (call) => {
  const { args } = call;
  if (args.has('--cached', '-n', '--dry-run')) return;
  for (const one of args.operands) {
    if (args.has('-f', '--force', '-r'))
      call.lose('worktree-path', one.s, `deletes ${shown(one.s)} from the working tree and the index`);
    // Without -f git refuses where there are changes: the last commit has it.
    else
      call.lose('worktree-path', one.s, `deletes ${shown(one.s)}, which the last commit has`, {
        reversal: 'undoable',
        max: 1,
      });
  }
};

const push: Sub = (call) => {
  const { args, machine } = call;
  if (args.has('-n', '--dry-run')) return;
  if (args.has('--no-verify')) bypass(machine, 'pushes without the hooks (--no-verify)');
  const refs = args.operands.slice(1);
  const lose = (name: string | undefined, summary: string): void => call.lose('remote-branch', name, summary);
  if (args.has('--mirror')) lose(undefined, 'makes the remote a mirror: refs that are missing here are deleted there');
  if (args.has('--prune')) lose(undefined, 'deletes remote branches that are missing here (--prune)');
  if (args.has('-d', '--delete')) for (const one of refs) lose(one.s, `deletes ${shown(one.s)} on the remote`);
  if (args.has('--all', '--branches') && args.has('-f', '--force'))
    lose(undefined, 'rewrites every branch of the remote by force');
  const force = args.has('-f', '--force');
  const lease = [...args.flags.keys()].some(
    (flag) => flag.startsWith('--force-with-lease') || flag === '--force-if-includes',
  );
  for (const one of refs) {
    if (one.s.startsWith(':') && one.s.length > 1)
      lose(one.s.slice(1), `deletes ${shown(one.s.slice(1))} on the remote`);
    else if (one.s.startsWith('+')) lose(one.s.slice(1), `rewrites ${shown(one.s.slice(1))} on the remote by force`);
  }
  if (force || lease) forcePush(call, refs, lease && !force);
};

function forcePush(call: GitCall, refs: readonly Field[], lease: boolean): void {
  const own = call.fact()?.branch;
  const named =
    refs.length > 0
      ? refs.map((one) => (one.s.split(':').at(-1) ?? one.s).replace(/^\+/, '').replace(/^refs\/heads\//, ''))
      : [own ?? HOLE];
  for (const written of named) {
    const name = written === 'HEAD' ? (own ?? HOLE) : written;
    // With a lease git refuses where others have pushed since; a branch of one's own can then be pushed again.
    const mine = lease && !hasHole(name) && !PROTECTED_BRANCHES.test(name) && !name.startsWith('-');
    call.lose(
      'remote-branch',
      name,
      `rewrites ${hasHole(name) ? 'the current branch' : shown(name)} on the remote by force`,
      mine ? { verb: 'change', reversal: 'undoable' } : {},
    );
  }
}

const commit: Sub = (call) => {
  const hooks =
    call.args.has('--no-verify') ||
    [...call.args.flags.keys()].some((flag) => /^-[a-zA-Z]*n[a-zA-Z]*$/.test(flag) && !flag.startsWith('--'));
  if (hooks && !call.args.has('--dry-run')) bypass(call.machine, 'commits without the hooks (--no-verify)');
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
  if (sub === 'remove' && call.args.has('-f', '--force'))
    call.lose('repository', call.args.operands[1]?.s, 'removes a working tree with whatever changes it has');
};

const reflog: Sub = (call) => {
  const sub = call.args.operands[0]?.s;
  if ((sub === 'expire' && !call.args.has('-n', '--dry-run')) || sub === 'delete')
    call.lose('repository', undefined, 'deletes entries of the reflog, the way back to lost commits');
};

const gc: Sub = (call) => {
  const prune = call.args.flags.get('--prune');
  if (prune?.some((value) => /^(now|all|0|[0-9.]+seconds)/.test(value)) === true || call.args.has('--expire-to'))
    call.lose('repository', undefined, 'deletes unreachable objects at once (--prune)');
};

const prune: Sub = (call) => {
  if (!call.args.has('-n', '--dry-run')) call.lose('repository', undefined, 'deletes unreachable objects at once');
};

const updateRef: Sub = (call) => {
  if (call.args.has('-d', '--stdin') || call.args.has('--delete'))
    call.lose('branch', call.args.operands[0]?.s, 'deletes or moves refs directly');
  else call.lose('branch', call.args.operands[0]?.s, 'moves a ref directly', { verb: 'change' });
};

const rewrite: Sub = (call) => {
  if (call.args.has('--dry-run', '--analyze')) return;
  for (const flag of ['--tree-filter', '--index-filter', '--env-filter', '--msg-filter', '--commit-filter'])
    for (const value of call.args.values.get(flag) ?? []) call.machine.script(value.s, subscope(call.scope));
  call.lose('repository', undefined, 'rewrites history');
};

const rebase: Sub = (call) => {
  for (const value of [...(call.args.values.get('-x') ?? []), ...(call.args.values.get('--exec') ?? [])])
    call.machine.script(value.s, subscope(call.scope));
};

const bisect: Sub = (call) => {
  if (call.args.operands[0]?.s === 'run')
    call.machine.run(call.argv.slice(call.argv.findIndex((field) => field.s === 'run') + 1), subscope(call.scope));
};

const config: Sub = (call) => {
  const { args } = call;
  if (
    args.has('--get', '--list', '-l', '--get-all', '--get-regexp', '--show-origin', '--get-urlmatch') ||
    args.operands[0]?.s === 'get' ||
    args.operands[0]?.s === 'list'
  )
    return;
  const operands =
    args.operands[0]?.s === 'set' || args.operands[0]?.s === 'unset' ? args.operands.slice(1) : args.operands;
  const name = operands[0]?.s.toLowerCase() ?? '';
  if (
    name === 'core.hookspath' &&
    (operands.length > 1 || args.has('--unset', '--unset-all')) &&
    !/^\.?(husky|githooks|\.husky(\/_)?|\.githooks|hooks|git-hooks)\/?$/.test(operands[1]?.s ?? '')
  )
    bypass(call.machine, 'switches off git hooks (core.hooksPath)');
  else if (name !== 'core.hookspath' && operands.length > 1)
    applySetting(`${name}=${operands[1]?.s ?? ''}`, call.machine, call.scope);
  else if (args.has('--remove-section'))
    call.lose('configuration', name, 'removes a section of the configuration', { verb: 'change' });
};

const remote: Sub = (call) => {
  const sub = call.args.operands[0]?.s;
  if (sub === 'remove' || sub === 'rm')
    call.lose('configuration', call.args.operands[1]?.s, 'removes a remote and its tracking branches', {
      verb: 'change',
      reversal: 'undoable',
      max: 1,
    });
};

const archive: Sub = (call) => {
  const out = call.args.value('-o', '--output');
  if (out !== undefined) loseFile(call.machine, out, call.scope.cwd, 'overwrite', { source: SOURCE });
};

const annex: Sub = (call) => {
  const sub = call.args.operands[0]?.s ?? '';
  if (/^(prune|drop|dropunused|uninit)$/.test(sub)) call.lose('repository', undefined, `deletes large files (${sub})`);
};

const readTree: Sub = (call) => {
  if (call.args.has('--reset') && call.args.has('-u') && dirty(call))
    call.lose('repository', undefined, 'overwrites the working tree');
};

const checkoutIndex: Sub = (call) => {
  if (call.args.has('-f', '--force') && dirty(call)) call.lose('repository', undefined, 'overwrites the working tree');
};

const notes: Sub = (call) => {
  if (/^(remove|prune)$/.test(call.args.operands[0]?.s ?? '')) call.lose('repository', undefined, 'deletes notes');
};

const COMMANDS: ReadonlyMap<string, Sub> = new Map<string, Sub>([
  ['reset', reset],
  ['clean', clean],
  ['checkout', checkout],
  ['restore', restore],
  ['switch', switchTo],
  ['stash', stash],
  ['branch', branch],
  ['tag', tag],
  ['rm', rm],
  ['push', push],
  ['commit', commit],
  ['submodule', submodule],
  ['worktree', worktree],
  ['reflog', reflog],
  ['gc', gc],
  ['prune', prune],
  ['update-ref', updateRef],
  ['filter-branch', rewrite],
  ['filter-repo', rewrite],
  ['rebase', rebase],
  ['bisect', bisect],
  ['config', config],
  ['remote', remote],
  ['archive', archive],
  ['lfs', annex],
  ['annex', annex],
  ['read-tree', readTree],
  ['checkout-index', checkoutIndex],
  ['notes', notes],
  ['fast-import', rewrite],
  ['replace', rewrite],
]);
