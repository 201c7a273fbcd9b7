import { CI_PLACES, PROTECTED_BRANCHES } from '../../catalog/git.ts';
import type { GitDifferenceFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import { subscope } from '../shell/machine.ts';
import { type Field, HOLE, hasHole, shown } from '../shell/value.ts';
import { bypass, type GitCall, type Sub } from './git-call.ts';

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
  const sources = refs.map((one) => one.s.replace(/^\+/, '').split(':')[0] ?? '').filter((source) => source !== '');
  for (const source of sources.length > 0 ? sources : ['']) pushesPipelines(call, source === 'HEAD' ? '' : source);
};

/** What a forge runs because of a push, it runs with secrets of its own. Unknown stays unsaid: most pushes are everyday work. */
function pushesPipelines(call: GitCall, newer: string): void {
  const { machine, scope } = call;
  const say = (place: string): void =>
    call.lose('workflow', place, `pushes a change of what continuous integration runs (${place})`, {
      max: 1,
      verb: 'change',
    });
  // Written in the same breath: no commit of now has it yet.
  const writtenHere = [...scope.written.keys(), ...machine.stale, ...machine.sources.keys(), ...machine.links.keys()];
  for (const place of CI_PLACES) if (writtenHere.some((path) => `/${path}/`.includes(`/${place}/`))) say(place);
  if (!call.dir.startsWith('/') || hasHole(newer)) return;
  const about = { system: 'git', kind: 'difference', path: [call.dir, '', newer, ...CI_PLACES] };
  const answer = machine.ask('content', about);
  if (answer === undefined || !isKnown(answer)) return;
  for (const place of (answer.known as unknown as GitDifferenceFact).changed) say(place);
}

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

const notes: Sub = (call) => {
  if (/^(remove|prune)$/.test(call.args.operands[0]?.s ?? '')) call.lose('repository', undefined, 'deletes notes');
};

/** What takes commits or the names of commits away. */
export const HISTORY: ReadonlyMap<string, Sub> = new Map<string, Sub>([
  ['branch', branch],
  ['tag', tag],
  ['push', push],
  ['commit', commit],
  ['reflog', reflog],
  ['gc', gc],
  ['prune', prune],
  ['update-ref', updateRef],
  ['filter-branch', rewrite],
  ['filter-repo', rewrite],
  ['fast-import', rewrite],
  ['replace', rewrite],
  ['rebase', rebase],
  ['bisect', bisect],
  ['notes', notes],
]);
