import { EVERYDAY } from '../../catalog/everyday.ts';
import { TOOLS } from '../../catalog/tools.ts';
import { LIMITS } from '../../core/limits.ts';
import { git } from '../git/git-commands.ts';
import { AGENTS } from './agents.ts';
import { BUILTINS } from './builtins.ts';
import { readCarried } from './carriers.ts';
import { COREUTILS } from './coreutils.ts';
import { DATABASES } from './db-clients.ts';
import { EDITORS } from './edit-tools.ts';
import { fd, find } from './find.ts';
import { ghApi } from './gh-api.ts';
import { guardCommand, isGuardProgram, touchesGuard } from './guard-command.ts';
import { INTERPRETERS, makeVenv, runFile } from './interpreters.ts';
import {
  type Call,
  type Handler,
  harmlessRun,
  isVisible,
  type Machine,
  opaque,
  type Scope,
  subscope,
} from './machine.ts';
import { NETWORK, sendsSecrets } from './net.ts';
import { losesOutputs } from './output-files.ts';
import { insideWorkspace, lastName, resolvePath } from './paths.ts';
import { readPowershell } from './powershell.ts';
import { PROCESSES } from './process.ts';
import { READERS } from './readers.ts';
import { runners } from './runners.ts';
import { isMadeHere } from './scripts.ts';
import { foundOnOwnPath } from './search-path.ts';
import { readSqlText } from './sql-text.ts';
import { TEXT_TOOLS } from './text-tools.ts';
import { compileTools, runTool, runUnknown } from './tool-rules.ts';
import { TRANSFERS } from './transfer-tools.ts';
import { UNREAD } from './unread-programs.ts';
import { type Field, HOLE, hasHole, SETUP, shown } from './value.ts';
import { runWrapper } from './wrappers.ts';

const HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ...TEXT_TOOLS,
  ...READERS,
  ...COREUTILS,
  ...TRANSFERS,
  ...EDITORS,
  ...PROCESSES,
  ...NETWORK,
  ...DATABASES,
  ...UNREAD,
  ...INTERPRETERS,
  ...BUILTINS,
  ...runners,
  ...AGENTS,
  ['git', git] as const,
  ['find', find] as const,
  ['gfind', find] as const,
  ['fd', fd] as const,
  ['fdfind', fd] as const,
]);

const TABLE = compileTools(TOOLS);

/** Runs one command with its arguments: function, alias, wrapper, handler, catalogue, else unknown. */
export function runCommand(argv: readonly Field[], scope: Scope, machine: Machine): string {
  machine.steps += 1;
  const head = argv[0];
  if (head === undefined) return '';
  if (scope.depth > LIMITS.nestedCommands || machine.steps > 20_000) {
    opaque(machine, 'shell/limit', 'nests commands deeper than can be followed');
    return HOLE;
  }
  if (head.s === '\0powershell') {
    readPowershell(argv[1]?.s ?? '', scope, machine);
    return HOLE;
  }
  const tail = head.s.slice(head.s.lastIndexOf('/') + 1);
  // `$(npm bin)/eslint`: the folder is not known, the program's name is.
  if (
    hasHole(head.s) &&
    head.s.includes('/') &&
    !hasHole(tail) &&
    (EVERYDAY.has(tail) || TABLE.has(tail) || HANDLERS.has(tail))
  )
    return runCommand([{ ...head, s: tail }, ...argv.slice(1)], scope, machine);
  if (hasHole(head.s) || (head.glob && /[*?[]/.test(head.s) && head.s !== '['))
    return unknownCommand(head, argv, scope, machine);
  const functionBody = scope.functions.get(head.s);
  if (functionBody !== undefined) return callFunction(head.s, argv, scope, machine);
  const alias = scope.aliases.get(head.s);
  if (alias !== undefined && !scope.calling.includes(`alias ${head.s}`)) {
    const inner: Scope = { ...scope, calling: [...scope.calling, `alias ${head.s}`] };
    return machine.script(
      `${alias} ${argv
        .slice(1)
        .map((field) => field.s)
        .join(' ')}`,
      inner,
    );
  }
  const written = lastName(head.s.replaceAll('\\', '/'));
  const name = nameOf(written);
  const call: Call = { name, argv: argv.slice(1), scope, machine };
  if (isGuardProgram(head.s, call.argv, scope.cwd)) return guardCommand(call);
  const planted = head.s.includes('/') ? undefined : foundOnOwnPath({ ...call, name: head.s });
  if (planted === 'unknown') return HOLE;
  if (planted !== undefined) return runFile(planted, call.argv, { ...call, name: head.s }, undefined);
  touchesGuard(call);
  readCarried(call);
  if (name === 'virtualenv') makeVenv(call.argv, call);
  else if (name === 'uv' && call.argv[0]?.s === 'venv') makeVenv(call.argv.slice(1), call);
  losesOutputs(call);
  const wrapped = runWrapper(call);
  if (wrapped !== undefined) return wrapped;
  // A path names a file of this project, unless it is where programs are kept.
  const local =
    head.s.includes('/') &&
    !/^(\/usr|\/bin|\/sbin|\/opt|\/nix|~\/\.(local|cargo|bun|deno|nvm|pyenv|rbenv|volta)|.*node_modules\/\.bin|.*\/?(\.?venv|env)\/bin|(\.\/)?vendor\/bin|(\.\/)?bin)\//.test(
      head.s,
    );
  // A program that this command itself put there is that file, whatever its name.
  if (head.s.includes('/') && isMadeHere(head.s, scope, machine)) return runFile(head, call.argv, call, undefined);
  const handler = local && !TABLE.has(name) && !isToolScript(name) ? undefined : HANDLERS.get(name);
  if (handler !== undefined) return handler(INTERPRETERS.has(name) ? withOwnVariables(call) : call);
  const api = ghApi(call);
  if (api !== undefined) return api;
  const tool = TABLE.get(name);
  if (tool !== undefined) {
    sendsSecretsOf(call);
    sqlInFlags(call);
    runTool(tool, name, call);
    if (listsContainers(tool.tool.system, call.argv)) return 'containers:listed';
    return SETUP_WORDS.test(call.argv.map((field) => field.s).join(' ')) ? SETUP : HOLE;
  }
  if (local || /\.(sh|bash|zsh|py|rb|pl|js|mjs|ts)$/.test(name)) {
    if (scope.written.has(head.s) || /[/.]/.test(head.s)) return runFile(head, call.argv, call, undefined);
  }
  // `bin/x`: kept beside installed programs by its name, but a file of this project all the same.
  if (!EVERYDAY.has(name) && isProjectFile(head.s, scope, machine)) return runFile(head, call.argv, call, undefined);
  if (EVERYDAY.has(name)) {
    harmlessRun(machine, 'catalog/everyday', name);
    return SETUP_WORDS.test(call.argv.map((field) => field.s).join(' ')) ? SETUP : HOLE;
  }
  runUnknown(name, call.argv, machine);
  return SETUP_WORDS.test(call.argv.map((field) => field.s).join(' ')) ? SETUP : HOLE;
}

/** Programs of other languages may set any variable for what they start. A shell's own are followed. */
function withOwnVariables(call: Call): Call {
  const script = lastName(call.argv[0]?.s ?? '');
  if (/^(sh|bash|zsh|dash|ksh|ash)$/.test(call.name) || isToolScript(script) || script === 'manage.py') return call;
  const scope = subscope(call.scope);
  scope.exports.set('*', true);
  return { ...call, scope };
}

/** `docker ps -aq`: what comes out names containers, whichever there are. */
function listsContainers(system: string, argv: readonly Field[]): boolean {
  const words = argv.map((field) => field.s);
  const lists = words[0] === 'ps' || (words[0] === 'container' && /^(ps|ls|list)$/.test(words[1] ?? ''));
  return system === 'docker' && lists && words.some((word) => word === '--quiet' || /^-[a-z]*q/.test(word));
}

function isProjectFile(written: string, scope: Scope, machine: Machine): boolean {
  if (!written.includes('/') || !isVisible(machine)) return false;
  const inside = insideWorkspace(resolvePath(written, scope.cwd), machine.context.workspace);
  return inside !== undefined && !/(^|\/)(node_modules\/\.bin|\.?venv\/bin|env\/bin)\//.test(inside);
}

/** Commands by which installed programs print set-up text for `eval`. */
const SETUP_WORDS =
  /^(init|hook|shellenv|env|completions?|activate|docker-env|export|shell-init|virtualenv-init|setup|login --print|gen|dircolors|print-env|minikube)\b|^-s$|^-b$|^(shell|mise|direnv|sdk) |^--print-env|^-- ?init/;

function isToolScript(name: string): boolean {
  return name === 'rails' || name === 'rake' || name === 'artisan' || name === 'console';
}

function nameOf(written: string): string {
  if (HANDLERS.has(written) || TABLE.has(written)) return written;
  const bare = written.toLowerCase().replace(/\.(exe|cmd|bat)$/, '');
  if (HANDLERS.has(bare) || TABLE.has(bare)) return bare;
  // `python3.12`, `mkfs.ext4`, `ruby3.2`
  const stem = bare.replace(/-?\d+(\.\d+)*$/, '');
  if (stem !== '' && (HANDLERS.has(stem) || TABLE.has(stem))) return stem;
  const dot = bare.split('.')[0] ?? bare;
  if (/^(mkfs|fsck|newfs|mke2fs)\./.test(bare)) return dot;
  return written;
}

/** `--command "drop table t"`: SQL in a flag of a tool that is no client of its own. */
function sqlInFlags(call: Call): void {
  for (const [index, field] of call.argv.entries()) {
    const glued = /^--(?:command|sql|query|execute|statement)=(.*)$/s.exec(field.s);
    const text =
      glued?.[1] ??
      (/^(-[qQec]|--(command|sql|query|execute|statement))$/.test(field.s) ? call.argv[index + 1]?.s : undefined);
    if (text !== undefined && /^\s*(select|insert|update|delete|drop|truncate|alter|create|with)\s/i.test(text))
      readSqlText(text, 'sqlite', call.scope, call.machine, `catalog/${call.name}`);
  }
}

function sendsSecretsOf(call: Call): void {
  const sub = call.argv.find((field) => !field.s.startsWith('-'))?.s;
  if (sub !== undefined && /^(cp|upload|put|push|sync|share|send|rcat|copy|copyto|s3|gist|storage|mv)$/.test(sub))
    sendsSecrets(call);
}

function unknownCommand(head: Field, argv: readonly Field[], scope: Scope, machine: Machine): string {
  opaque(
    machine,
    'shell/unknown-command',
    `runs a command whose name only the running shell would know (\`${shown(head.s)}\`)`,
  );
  // What stands after it may be a command of its own (`$SUDO rm -rf /`).
  const rest = argv.slice(1);
  const next = rest[0];
  if (next !== undefined && !hasHole(next.s) && (HANDLERS.has(next.s) || TABLE.has(next.s)))
    machine.run(rest, { ...subscope(scope), depth: scope.depth + 1 });
  return HOLE;
}

function callFunction(name: string, argv: readonly Field[], scope: Scope, machine: Machine): string {
  const body = scope.functions.get(name);
  if (body === undefined) return HOLE;
  if (scope.running.includes(body)) {
    if (scope.stdin !== undefined)
      machine.emit({
        verb: 'destroy',
        target: { system: 'host', kind: 'process', path: ['all'] },
        reversal: 'irreversible',
        source: 'shell/function',
        summary: `starts itself again and again (${name})`,
        max: 'unbounded',
      });
    return HOLE;
  }
  const inner: Scope = { ...scope, args: argv.slice(1), depth: scope.depth + 1, running: [...scope.running, body] };
  const held = machine.nested;
  machine.nested = true;
  const out = machine.walkNode(body, inner);
  machine.nested = held;
  scope.cwd = inner.cwd;
  return out;
}
