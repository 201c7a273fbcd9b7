import { BYPASS_VARIABLES, PROXY_VARIABLES } from '../../catalog/guard.ts';
import { parseArgs } from './argv.ts';
import { avoidsGateway } from './guard-command.ts';
import { type Handler, harmlessRun, type Machine, opaque, type Scope, subscope } from './machine.ts';
import { resolvePath } from './paths.ts';
import { runText } from './scripts.ts';
import { source } from './source.ts';
import { HOLE, hasHole, literal, SETUP } from './value.ts';

/** Assignments and `env` prefixes: variables that switch hooks and checks off. */
export const assignments: Handler = (call) => {
  for (const field of call.argv) {
    bypass(field.s, call.machine);
    runsByVariable(field.s, call.machine, call.scope);
  }
  return '';
};

/** Variables whose value other programs run, or that put code into them. */
function runsByVariable(text: string, machine: Machine, scope: Scope): void {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (value === '' || (hasHole(value) && !RUN_BY_OTHERS.has(name))) return;
  if (RUN_BY_OTHERS.has(name)) {
    if (
      !/^(cat|less|more|vim?|nvim|nano|emacs|code|true|:|ssh|delta|bat|open)(\s+-[\w=./-]+(\s+[\w./~=@-]+)?)*$/.test(
        value,
      )
    )
      machine.script(value, { ...subscope(scope), depth: scope.depth + 1 });
  } else if (
    name === 'LD_PRELOAD' ||
    name === 'DYLD_INSERT_LIBRARIES' ||
    (name === 'NODE_OPTIONS' && /--(require|import|loader|experimental-loader)|(^|\s)-r\b/.test(value)) ||
    name === 'PERL5OPT' ||
    (name === 'RUBYOPT' && /-r/.test(value))
  ) {
    opaque(machine, 'shell/environment', `puts code into other programs by ${name}`);
  }
}

const RUN_BY_OTHERS: ReadonlySet<string> = new Set([
  'GIT_SSH_COMMAND',
  'GIT_SSH',
  'GIT_EDITOR',
  'GIT_SEQUENCE_EDITOR',
  'EDITOR',
  'VISUAL',
  'PAGER',
  'GIT_PAGER',
  'MANPAGER',
  'GIT_EXTERNAL_DIFF',
  'GIT_ASKPASS',
  'SSH_ASKPASS',
  'LESSOPEN',
  'PROMPT_COMMAND',
  'BASH_ENV',
  'ENV',
  'BROWSER',
  'RSYNC_RSH',
  'FZF_DEFAULT_COMMAND',
  'PS4',
]);

function bypass(text: string, machine: Machine): void {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (
    (PROXY_VARIABLES.has(name.toLowerCase()) && value === '') ||
    (name.toLowerCase() === 'no_proxy' && value.split(',').some((one) => one.trim() === '*'))
  )
    avoidsGateway(machine, text);
  if (/^GIT_CONFIG_KEY_\d+$/.test(name) && /^(alias\.|include)|hookspath$/i.test(value))
    opaque(machine, 'catalog/git', `gives git a setting by the environment (${value})`);
  const off = BYPASS_VARIABLES.get(name)?.(value) === true;
  const guard = name.startsWith('HOLDPOINT_');
  const gitConfig = name === 'GIT_CONFIG_PARAMETERS' && /hookspath/i.test(value);
  if (!off && !guard && !gitConfig) return;
  machine.emit({
    verb: 'change',
    target: guard
      ? { system: 'holdpoint', kind: 'guard', path: [name] }
      : { system: 'host', kind: 'check', path: [name] },
    reversal: 'irreversible',
    source: 'catalog/guard',
    summary: `switches a check off by ${name}`,
    tags: [guard ? 'guard-tampering' : 'bypass'],
  });
}

const cd: Handler = (call) => {
  const target = parseArgs(call.argv).operands[0];
  const s = target?.s ?? '~';
  call.scope.cwd = s === '-' || hasHole(s) || target?.glob === true ? undefined : resolvePath(s, call.scope.cwd);
  harmlessRun(call.machine, 'shell/builtin', call.name);
  return '';
};

const popd: Handler = (call) => {
  call.scope.cwd = undefined;
  return '';
};

const declare: Handler = (call) => {
  const prints = call.argv.length === 0 || call.argv.every((field) => /^-[px]+$/.test(field.s));
  if (prints && call.name !== 'local' && call.name !== 'readonly')
    return call.machine.run([literal('printenv')], call.scope);
  for (const field of call.argv) {
    const equals = field.s.indexOf('=');
    if (equals <= 0 || field.s.startsWith('-')) continue;
    bypass(field.s, call.machine);
    runsByVariable(field.s, call.machine, call.scope);
    call.scope.vars.set(field.s.slice(0, equals), [{ ...field, s: field.s.slice(equals + 1) }]);
  }
  if (call.name === 'export' || call.argv.some((field) => /^-[a-zA-Z]*x/.test(field.s)))
    for (const { s } of call.argv) {
      const name = s.split('=')[0] ?? '';
      if (/^[A-Za-z_]\w*$/.test(name)) call.scope.exports.set(name, !call.argv.some((field) => field.s === '-n'));
      else if (hasHole(s)) call.scope.exports.set('*', true);
    }
  harmlessRun(call.machine, 'shell/builtin', call.name);
  return '';
};

const unset: Handler = (call) => {
  for (const field of call.argv) {
    if (PROXY_VARIABLES.has(field.s.toLowerCase())) avoidsGateway(call.machine, `unset ${field.s}`);
    if (field.s.startsWith('HOLDPOINT_')) bypass(`${field.s}=`, call.machine);
    if (!field.s.startsWith('-')) {
      call.scope.vars.set(field.s, [literal('')]);
      call.scope.exports.set(hasHole(field.s) ? '*' : field.s, false);
    }
    call.scope.functions.delete(field.s);
  }
  harmlessRun(call.machine, 'shell/builtin', 'unset');
  return '';
};

const read: Handler = (call) => {
  const names = call.argv.filter((field) => /^[A-Za-z_]\w*$/.test(field.s));
  const text = call.scope.stdin;
  const words = text?.split('\n')[0]?.trim().split(/\s+/) ?? [];
  const many = text?.trim().includes('\n');
  for (const [index, name] of names.entries()) {
    let value = HOLE;
    if (text !== undefined && many === true) value = common(text);
    else if (text !== undefined)
      value = index === names.length - 1 ? words.slice(index).join(' ') : (words[index] ?? '');
    call.scope.vars.set(name.s, [{ s: value, glob: /[*?]/.test(value), maybe: false }]);
  }
  harmlessRun(call.machine, 'shell/builtin', call.name);
  return '';
};

/** One value that stands for any of several lines: known only where all are alike. */
function common(text: string): string {
  const lines = new Set(text.trim().split('\n'));
  return lines.size === 1 ? ([...lines][0] ?? HOLE) : HOLE;
}

const evaluate: Handler = (call) => {
  const text = call.argv.map((field) => field.s).join(' ');
  if (text.replaceAll(SETUP, '').trim() === '') {
    harmlessRun(call.machine, 'shell/eval', 'eval');
    return '';
  }
  return runText(text, call.scope, call.machine, 'eval');
};

const alias: Handler = (call) => {
  for (const field of call.argv) {
    const equals = field.s.indexOf('=');
    if (equals > 0) call.scope.aliases.set(field.s.slice(0, equals), field.s.slice(equals + 1));
  }
  harmlessRun(call.machine, 'shell/builtin', 'alias');
  return '';
};

const trap: Handler = (call) => {
  const action = parseArgs(call.argv).operands[0];
  harmlessRun(call.machine, 'shell/builtin', 'trap');
  if (action === undefined || action.s === '-' || action.s === '') return '';
  call.machine.script(action.s, subscope(call.scope));
  return '';
};

const set: Handler = (call) => {
  if (call.argv.length === 0) return call.machine.run([literal('printenv')], call.scope);
  // From here on every assignment is passed on.
  if (call.argv.some((field, index) => /^-\w*a/.test(field.s) || (field.s === 'allexport' && index > 0)))
    call.scope.exports.set('*', true);
  const dashes = call.argv.findIndex((field) => field.s === '--');
  if (dashes !== -1) call.scope.args = call.argv.slice(dashes + 1);
  else if (!call.argv.some((field) => /^[-+]/.test(field.s))) call.scope.args = call.argv;
  harmlessRun(call.machine, 'shell/builtin', 'set');
  return '';
};

const shift: Handler = (call) => {
  if (call.scope.args !== undefined) call.scope.args = call.scope.args.slice(Number(call.argv[0]?.s ?? 1) || 1);
  return '';
};

const command: Handler = (call) => {
  const args = parseArgs(call.argv, { stopAtOperand: true });
  if (args.has('-v', '-V')) {
    harmlessRun(call.machine, 'shell/builtin', 'command');
    return args.rest.map((field) => field.s).join('\n');
  }
  return args.rest.length === 0 ? '' : call.machine.run(args.rest, call.scope);
};

const shopt: Handler = (call) => {
  if (call.argv.some((field) => /^(dotglob|globdots|glob_dots)$/.test(field.s))) call.machine.dotglob = true;
  harmlessRun(call.machine, 'shell/builtin', call.name);
  return '';
};

/** `-c` and `-d` take away from the record of what was typed. */
const history: Handler = (call) => {
  if (call.argv.some((field) => /^-[a-z]*[cd]/.test(field.s)))
    call.machine.emit({
      verb: 'destroy',
      target: { system: 'file', kind: 'path', path: ['~/.bash_history'] },
      reversal: 'irreversible',
      source: 'shell/history',
      summary: 'deletes from the history of the shell',
      max: 'unbounded',
    });
  return quiet(call);
};

const quiet: Handler = (call) => {
  harmlessRun(call.machine, 'shell/builtin', call.name);
  return '';
};

export const BUILTINS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['', assignments],
  ['cd', cd],
  ['pushd', cd],
  ['popd', popd],
  ...['export', 'declare', 'typeset', 'local', 'readonly'].map((name) => [name, declare] as const),
  ['unset', unset],
  ['read', read],
  ['mapfile', read],
  ['readarray', read],
  ['eval', evaluate],
  ['source', source],
  ['.', source],
  ['alias', alias],
  ['trap', trap],
  ['set', set],
  ['shopt', shopt],
  ['setopt', shopt],
  ['shift', shift],
  ['command', command],
  ...[
    ':',
    'true',
    'false',
    'test',
    '[',
    'exit',
    'return',
    'break',
    'continue',
    'sleep',
    'wait',
    'let',
    'umask',
    'ulimit',
    'hash',
    'jobs',
    'bg',
    'fg',
    'disown',
    'getopts',
    'unalias',
    'bind',
    'complete',
    'compgen',
    'enable',
    'times',
    'suspend',
    'logout',
    'fc',
    'dirs',
    'help',
    'caller',
  ].map((name) => [name, quiet] as const),
  ['history', history],
]);
