import { GIT_READS, RUNS_COMMANDS } from '../../catalog/git.ts';
import type { GitFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { isKnown } from '../../core/tri.ts';
import { parseArgs, setOf } from '../shell/argv.ts';
import { loseFile } from '../shell/file-effects.ts';
import { type Handler, harmlessRun, opaque, subscope } from '../shell/machine.ts';
import { resolvePath } from '../shell/paths.ts';
import { destructiveWord } from '../shell/tool-rules.ts';
import { HOLE, hasHole, literal, shown } from '../shell/value.ts';
import { type GitCall, SOURCE, type Sub, valuedFor } from './git-call.ts';
import { aliasOf, applySetting, CONFIG, topOf } from './git-config.ts';
import { HISTORY } from './git-history.ts';
import { WORKTREE } from './git-worktree.ts';

const GLOBAL = setOf('-C -c --git-dir --work-tree --namespace --exec-path --super-prefix --config-env');

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
  const settings = new Map<string, string>();
  for (const { s } of global.values.get('-c') ?? []) {
    const equals = s.indexOf('=');
    settings.set((equals === -1 ? s : s.slice(0, equals)).toLowerCase(), equals === -1 ? 'true' : s.slice(equals + 1));
  }
  for (const { s } of global.values.get('--config-env') ?? [])
    if (/^(alias\.|include)|hookspath=/i.test(s) || RUNS_COMMANDS.test(s.split('=')[0]?.toLowerCase() ?? ''))
      opaque(machine, SOURCE, `gives git a setting by the environment (${shown(s)})`);
  const sub = command.s;
  const argv = rest;
  const ref: ResourceRef = { system: 'git', kind: 'repository', path: [shown(dir)] };
  const one: GitCall = {
    args: parseArgs(argv, { valued: valuedFor(sub) }),
    argv,
    machine,
    scope,
    dir,
    settings,
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
    // An alias cannot stand for a command that git has.
    const own = aliasOf(sub, dir, machine, scope);
    const text = settings.get(`alias.${sub.toLowerCase()}`) ?? own?.text;
    if (text !== undefined && !scope.calling.includes(`git ${sub}`)) {
      const inner = { ...scope, depth: scope.depth + 1, calling: [...scope.calling, `git ${sub}`] };
      // A shell alias starts at the top of the working tree.
      if (text.startsWith('!') && own !== undefined) inner.cwd = own.top;
      return text.startsWith('!')
        ? machine.script(`${text.slice(1)} ${argv.map((field) => field.s).join(' ')}`, inner)
        : machine.run([literal('git'), ...text.split(/\s+/).map(literal), ...argv], inner);
    }
    const word = destructiveWord(parseArgs([command, ...argv]));
    if (word !== undefined) opaque(machine, SOURCE, `runs git ${shown(sub)}, which no rule knows`);
  }
  if (sub === 'rev-parse' && one.args.has('--show-toplevel') && argv.length === 1)
    return topOf(dir, machine, scope) ?? HOLE;
  if (sub === 'ls-files' && one.args.has('-o', '--others')) return HOLE;
  return sub === 'branch' && one.args.has('--merged') ? 'branch:merged' : HOLE;
};

const archive: Sub = (call) => {
  const out = call.args.value('-o', '--output');
  if (out !== undefined) loseFile(call.machine, out, call.scope.cwd, 'overwrite', { source: SOURCE });
};

const annex: Sub = (call) => {
  const sub = call.args.operands[0]?.s ?? '';
  if (/^(prune|drop|dropunused|uninit)$/.test(sub)) call.lose('repository', undefined, `deletes large files (${sub})`);
};

const COMMANDS: ReadonlyMap<string, Sub> = new Map<string, Sub>([
  ...WORKTREE,
  ...HISTORY,
  ...CONFIG,
  ['archive', archive],
  ['lfs', annex],
  ['annex', annex],
]);
