import { RUNS_COMMANDS } from '../../catalog/git.ts';
import { avoidsGateway } from '../shell/guard-command.ts';
import { isVisible, type Machine, opaque, type Scope, subscope } from '../shell/machine.ts';
import { insideWorkspace } from '../shell/paths.ts';
import { contentAt } from '../shell/scripts.ts';
import { shown } from '../shell/value.ts';
import { bypass, SOURCE, type Sub } from './git-call.ts';

/** `-c name=value` and `git config name value`: settings that switch checks off or run programs. */
export function applySetting(text: string, machine: Machine, scope: Scope): void {
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
  else if (/^(http|https|http\..+|remote\..+)\.proxy$/.test(name) && value.trim() === '')
    avoidsGateway(machine, `git ${name}`);
  else if (/^include(if\..+)?\.path$/.test(name))
    opaque(machine, SOURCE, `takes further settings of git from ${shown(value)}`);
}

/** What an alias in the configuration of the repository stands for, where that can be read. */
export function aliasOf(
  name: string,
  dir: string,
  machine: Machine,
  scope: Scope,
): { readonly text: string; readonly top: string } | undefined {
  if (!isVisible(machine) || !dir.startsWith('/')) return undefined;
  let folder = dir;
  for (let up = 0; up < 8; up += 1) {
    const text = contentAt(`${folder === '/' ? '' : folder}/.git/config`, scope, machine);
    if (text !== undefined) {
      const alias = settingsIn(text).get(`alias.${name.toLowerCase()}`);
      return alias === undefined ? undefined : { text: alias, top: folder };
    }
    if (folder === machine.context.workspace || insideWorkspace(folder, machine.context.workspace) === undefined)
      return undefined;
    folder = folder.slice(0, folder.lastIndexOf('/')) || '/';
  }
  return undefined;
}

/** The top of the working tree, where the disk shows it and nothing in the command moves it. */
export function topOf(dir: string, machine: Machine, scope: Scope): string | undefined {
  if (!isVisible(machine) || !dir.startsWith('/') || scope.vars.has('GIT_DIR') || scope.vars.has('GIT_WORK_TREE'))
    return undefined;
  let folder = dir;
  for (let up = 0; up < 8; up += 1) {
    const at = `${folder === '/' ? '' : folder}/.git`;
    if (contentAt(`${at}/HEAD`, scope, machine) !== undefined || contentAt(at, scope, machine)?.startsWith('gitdir:'))
      return folder;
    if (folder === machine.context.workspace || insideWorkspace(folder, machine.context.workspace) === undefined)
      return undefined;
    folder = folder.slice(0, folder.lastIndexOf('/')) || '/';
  }
  return undefined;
}

/** Settings of a configuration file, names in lower case. Source: https://git-scm.com/docs/git-config#_syntax */
export function settingsIn(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, '').split(/\r?\n/)) {
    const header = /^\s*\[([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\]\s*(.*)$/.exec(line);
    if (header !== null) section = `${header[1] ?? ''}${header[2] === undefined ? '' : `.${header[2]}`}`.toLowerCase();
    const setting = /^\s*([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$/.exec(header === null ? line : (header[3] ?? ''));
    if (setting === null) continue;
    let value = '';
    let quoted = false;
    const raw = setting[2] ?? 'true';
    for (let i = 0; i < raw.length; i += 1) {
      const char = raw[i] ?? '';
      if (char === '"') quoted = !quoted;
      else if (char === '\\') {
        i += 1;
        value += { n: '\n', t: '\t', b: '\b' }[raw[i] ?? ''] ?? raw[i] ?? '';
      } else if (!quoted && (char === '#' || char === ';')) break;
      else value += char;
    }
    settings.set(`${section}.${(setting[1] ?? '').toLowerCase()}`, value.trim());
  }
  return settings;
}

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
      max: 1,
    });
};

const symbolicRef: Sub = (call) => {
  if (call.args.has('-d', '--delete'))
    for (const one of call.args.operands)
      call.lose('ref', one.s, `deletes ${shown(one.s)}, which says where the work tree stands`, { max: 1 });
};

export const CONFIG: ReadonlyMap<string, Sub> = new Map<string, Sub>([
  ['config', config],
  ['remote', remote],
  ['symbolic-ref', symbolicRef],
]);
