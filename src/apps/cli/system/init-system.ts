import { lstatSync } from 'node:fs';
import path from 'node:path';
import { type Paths, readSystemFile, SYSTEM, type SystemFile, systemPaths } from '../../paths.ts';
import { ask } from '../client.ts';
import { usage } from '../holds.ts';
import { confirm, hookFiles, type InitDeps, runInit } from '../init.ts';
import {
  askPreset,
  isPreset,
  newPolicyText,
  PRESETS,
  type Preset,
  type PresetPlan,
  planPreset,
  policyFile,
} from '../install/preset.ts';
import type { FoundTools } from '../install/probe.ts';
import { installFile } from '../install/record.ts';
import { presentAgents, type SettingsPlaces } from '../install/targets.ts';
import { EXIT, type Io } from '../io.ts';
import {
  faultOfDaemonAccount,
  findAccount,
  groupIds,
  makeAccountCommands,
  mayWrite,
  rootLikeGroups,
  type SystemAccount,
} from './accounts.ts';
import { hasSystemd, type Started, startSystemDaemon, stopSystemDaemon } from './control.ts';
import {
  installedCommand,
  launcherState,
  launcherText,
  type ProgramFile,
  packageRoot,
  programFiles,
  staleFiles,
} from './program.ts';
import {
  commandStep,
  fileStep,
  folderStep,
  type Owner,
  ROOT,
  readRegular,
  removeStep,
  type Step,
  statOf,
} from './steps.ts';
import { SERVICE_UNIT, SOCKET_UNIT, systemServiceUnit, systemSocketUnit } from './units.ts';

export interface SystemInitDeps {
  readonly nowMs: number;
  findTools(): Promise<FoundTools>;
}

interface Wanted {
  readonly agent: SystemAccount;
  readonly person: SystemAccount;
  readonly hookArgs: readonly string[];
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly preset: Preset | undefined;
}

/** The daemon's account, as the other steps see it once it is there. */
const DAEMON: Owner = { name: SYSTEM.account, ids: () => findAccount(SYSTEM.account) };

/** Settings that only root writes, so that nothing in an agent's home can switch the hooks off. */
const MANAGED_PLACES = {
  managedFile: '/etc/claude-code/managed-settings.json',
  cursorManagedFile: '/etc/cursor/hooks.json',
} as const;

const USAGE =
  'init --system: `holdpoint init --system --agent-user NAME [--person NAME] [--agent NAME]... [--managed-only] [--preset NAME] [--dry-run] [--yes]`';

/** `holdpoint init --system`: the guard under an account of its own. For root. */
export async function runSystemInit(args: readonly string[], io: Io, deps: SystemInitDeps): Promise<number> {
  if (process.platform !== 'linux') return refuse(io, 'a system installation is made on Linux only');
  const wanted = readArgs(args);
  if (typeof wanted === 'string') return usage(io, wanted);
  const program = programFiles(packageRoot());
  if (!program.ok) return refuse(io, program.why);
  const fault = faultOf(wanted);
  if (fault !== undefined) return refuse(io, fault);
  // Files that others have to read are made by root here, whatever root's own umask is.
  const umask = process.umask(0o022);
  try {
    return await install(wanted, program.files, io, deps);
  } catch (error) {
    return refuse(io, `${error instanceof Error ? error.message : String(error)}; run this again to go on from there`);
  } finally {
    process.umask(umask);
  }
}

async function install(wanted: Wanted, files: readonly ProgramFile[], io: Io, deps: SystemInitDeps): Promise<number> {
  for (const line of warnings(wanted, files)) io.err(`holdpoint: warning: ${line}\n`);
  const policy = planPreset(SYSTEM.config, wanted.preset);
  if (policy.kind === 'refused') return refuse(io, policy.why);
  // Asked last, where a person is at hand; until then it is the default.
  const chosen: { preset: Preset } = { preset: 'solo' };
  const steps = stepsFor(wanted, files, policy, chosen);
  const open = steps.filter((step) => !step.done());
  const nobody = { uid: 1, gid: 1 };
  const planned = systemPaths(recordFor(wanted, DAEMON.ids() ?? nobody));
  const hooks = await hookChange(planned, wanted, io, deps);
  if (hooks === undefined) return EXIT.failed;
  const running = await ask(planned, { op: 'status' });
  if (open.length === 0 && !hooks.changes && running.ok) {
    io.out('nothing changes: all is there already\n');
    return EXIT.ok;
  }
  for (const step of open) io.out(`${step.says}\n`);
  if (!running.ok) io.out(`start     the daemon, as ${SYSTEM.account}${hasSystemd() ? `, by ${SOCKET_UNIT}` : ''}\n`);
  if (hooks.changes) io.out(hooks.diff);
  if (wanted.dryRun) {
    io.out('dry run: nothing was written\n');
    return EXIT.ok;
  }
  if (!wanted.yes && !(await confirm(io))) return refuse(io, 'nothing was written; `--yes` installs without asking');

  if (policy.kind === 'absent' && !wanted.yes) chosen.preset = await askPreset(io);
  for (const step of open) step.apply();
  const record = readSystemFile();
  if (record === undefined) return refuse(io, `\`${SYSTEM.file}\` is not as it was written a moment ago`);
  const paths = systemPaths(record);
  // A running daemon has read program, accounts and places as they were.
  if (running.ok && open.length > 0) await stopSystemDaemon(paths);
  const started: Started =
    running.ok && open.length === 0 ? { ok: true } : await startSystemDaemon(paths, installedCommand());
  // The hooks come last: if the daemon cannot start, no agent is left with a guard that never answers.
  if (!started.ok) return refuse(io, `${started.why}; no hook was installed`);
  const done = await runInit(
    ['--yes', ...wanted.hookArgs],
    { ...io, out: () => undefined },
    initDeps(paths, wanted, deps),
  );
  if (done !== EXIT.ok) return done;
  io.out(closing(wanted, started.note));
  return EXIT.ok;
}

function readArgs(args: readonly string[]): Wanted | string {
  const flags = new Set<string>();
  const names = new Map<string, string>();
  const agents: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const value = args[i + 1];
    if (['--system', '--managed-only', '--dry-run', '--yes'].includes(arg)) flags.add(arg);
    else if (['--agent-user', '--person', '--agent', '--preset'].includes(arg) && value !== undefined) {
      if (arg === '--agent') agents.push('--agent', value);
      else names.set(arg, value);
      i += 1;
    } else return `${USAGE}; cannot use \`${arg}\``;
  }
  if (process.geteuid?.() !== 0) return 'init --system: only root can do that; use sudo';
  const agentName = names.get('--agent-user');
  if (agentName === undefined) return USAGE;
  const preset = names.get('--preset');
  if (preset !== undefined && !isPreset(preset))
    return `init --system: unknown preset \`${preset}\`; there are ${PRESETS.join(', ')}`;
  const agent = findAccount(agentName);
  if (agent === undefined) return `init --system: there is no account \`${agentName}\``;
  const personName = names.get('--person') ?? agentName;
  const person = findAccount(personName);
  if (person === undefined) return `init --system: there is no account \`${personName}\``;
  const present = agents.length > 0 ? agents : agentsOf(agent);
  return {
    agent,
    person,
    hookArgs: ['--managed', ...(flags.has('--managed-only') ? ['--managed-only'] : []), ...present],
    dryRun: flags.has('--dry-run'),
    yes: flags.has('--yes'),
    preset,
  };
}

function agentsOf(agent: SystemAccount): readonly string[] {
  const present = presentAgents(placesOf(agent));
  return [...new Set(['claude-code', ...present])].flatMap((name) => ['--agent', name]);
}

function placesOf(agent: SystemAccount): SettingsPlaces {
  return { home: agent.home, project: agent.home, ...MANAGED_PLACES };
}

/** What would make the separation an empty word. */
function faultOf({ agent, person }: Wanted): string | undefined {
  if (agent.uid === 0) return 'agents that run as root cannot be separated from anything: give them an account';
  const daemon = findAccount(SYSTEM.account);
  if (daemon !== undefined) {
    const fault = faultOfDaemonAccount(daemon);
    if (fault !== undefined) return `the account \`${SYSTEM.account}\` cannot be the daemon's: ${fault}`;
    if (daemon.uid === agent.uid || daemon.uid === person.uid)
      return `\`${SYSTEM.account}\` is the daemon's own account`;
  } else if (makeAccountCommands(SYSTEM.account, SYSTEM.state) === undefined) {
    return `there is neither \`useradd\` nor \`adduser\`; make a system account \`${SYSTEM.account}\` first`;
  }
  const own = path.join(agent.home, '.config/holdpoint/install.json');
  if (statOf(own) !== undefined)
    return `\`${agent.name}\` has an installation of their own (\`${own}\`): as ${agent.name}, run \`holdpoint uninstall\` first`;
  const gids = groupIds(agent);
  for (const place of [SYSTEM.config, SYSTEM.state, SYSTEM.runtime, SYSTEM.program, ...Object.values(MANAGED_PLACES)]) {
    for (let folder = path.dirname(place); ; folder = path.dirname(folder)) {
      const stat = statOf(folder);
      if (stat?.isSymbolicLink() === true && folder !== '/var/run') return `\`${folder}\` is a symbolic link`;
      if (stat !== undefined && mayWrite(stat, agent.uid, gids)) return `\`${agent.name}\` can write to \`${folder}\``;
      if (folder === path.dirname(folder)) break;
    }
  }
  return undefined;
}

function warnings({ agent }: Wanted, files: readonly ProgramFile[]): readonly string[] {
  const groups = rootLikeGroups(agent);
  const gids = groupIds(agent);
  const from = files.find(
    ({ from }) =>
      mayWrite(lstatSync(from), agent.uid, gids) || mayWrite(lstatSync(path.dirname(from)), agent.uid, gids),
  );
  return [
    ...(groups.length === 0
      ? []
      : [
          `\`${agent.name}\` is in ${groups.join(', ')} and can become root, which undoes the separation (sudo: at least ask for a password each time)`,
        ]),
    ...(from === undefined
      ? []
      : [
          `\`${agent.name}\` can write to \`${from.from}\`, which becomes root's program: install from a package that root put there`,
        ]),
  ];
}

function recordFor({ agent, person }: Wanted, ids: { readonly uid: number; readonly gid: number }): SystemFile {
  return {
    version: 1,
    uid: ids.uid,
    gid: ids.gid,
    agent: { uid: agent.uid, name: agent.name, home: agent.home },
    person: { uid: person.uid, name: person.name },
  };
}

function stepsFor(
  wanted: Wanted,
  files: readonly ProgramFile[],
  policy: PresetPlan,
  chosen: { readonly preset: Preset },
): readonly Step[] {
  const policyText = (): string => (policy.kind === 'set' ? policy.text : newPolicyText(chosen.preset));
  const accountIsThere = (): boolean => DAEMON.ids() !== undefined;
  const programFolders = [...new Set([SYSTEM.program, ...files.map((file) => path.dirname(file.to))])].sort();
  const systemRecord = (): string => {
    const ids = DAEMON.ids();
    return ids === undefined ? '' : `${JSON.stringify(recordFor(wanted, ids), undefined, 2)}\n`;
  };
  const units: readonly Step[] = !hasSystemd()
    ? []
    : [
        fileStep(path.join(SYSTEM.units, SOCKET_UNIT), 0o644, () =>
          systemSocketUnit(path.join(SYSTEM.runtime, 'holdpoint.sock')),
        ),
        fileStep(path.join(SYSTEM.units, SERVICE_UNIT), 0o644, () =>
          systemServiceUnit([...installedCommand(), 'up', '--foreground']),
        ),
        commandStep(['systemctl', 'daemon-reload'], unitsAreCurrent),
        commandStep(
          ['systemctl', 'enable', SOCKET_UNIT],
          () => statOf(path.join(SYSTEM.units, 'sockets.target.wants', SOCKET_UNIT)) !== undefined,
        ),
      ];
  function unitsAreCurrent(): boolean {
    return units.slice(0, 2).every((unit) => unit.done());
  }
  return [
    ...(accountIsThere()
      ? []
      : (makeAccountCommands(SYSTEM.account, SYSTEM.state) ?? []).map((one) => commandStep(one, () => false))),
    folderStep(SYSTEM.config, 0o755, ROOT),
    folderStep(SYSTEM.state, 0o700, DAEMON),
    ...programFolders.map((folder) => folderStep(folder, 0o755, ROOT)),
    ...files.map((file) => fileStep(file.to, file.mode, () => readRegular(file.from))),
    ...staleFiles(files).map(removeStep),
    ...(launcherState() === 'taken' ? [] : [fileStep(SYSTEM.launcher, 0o755, launcherText)]),
    fileStep(SYSTEM.file, 0o644, systemRecord),
    // Before the daemon starts, and for its account to read.
    ...(policy.kind === 'absent' || policy.kind === 'set'
      ? [fileStep(policyFile(SYSTEM.config), 0o644, policyText)]
      : []),
    ...units,
  ];
}

function initDeps(paths: Paths, { agent }: Wanted, deps: SystemInitDeps): InitDeps {
  const [node = ''] = installedCommand();
  return {
    paths,
    places: placesOf(agent),
    node,
    clientBundle: path.join(SYSTEM.program, 'dist/hook-client.cjs'),
    nowMs: deps.nowMs,
    findTools: deps.findTools,
  };
}

/** What `init` would change of the agents' settings; `undefined` where it refuses, having said why. */
async function hookChange(paths: Paths, wanted: Wanted, io: Io, deps: SystemInitDeps) {
  const said: string[] = [];
  const quiet: Io = { ...io, out: (text) => said.push(text) };
  const done = await runInit(['--dry-run', ...wanted.hookArgs], quiet, initDeps(paths, wanted, deps));
  if (done !== EXIT.ok) return undefined;
  const last = said.pop() ?? '';
  const { shim, client } = hookFiles(paths);
  const missing = [shim, client, installFile(paths.config)].some((file) => statOf(file) === undefined);
  const stale =
    !missing && !fileStep(client, 0o644, () => readRegular(path.join(packageRoot(), 'dist/hook-client.cjs'))).done();
  return { changes: missing || stale || last.startsWith('dry run'), diff: said.join('') };
}

function closing({ agent, person }: Wanted, note: string | undefined): string {
  const taken =
    launcherState() === 'taken'
      ? `note      \`${SYSTEM.launcher}\` is somebody else's and was left; the program is \`${installedCommand().join(' ')}\`\n`
      : '';
  return `installed: the daemon runs as ${SYSTEM.account}, which ${agent.name} cannot stop, read or replace
people    who may sign: \`sudo holdpoint people add NAME --generate --account ${person.name}\`
mode      shadow until \`sudo holdpoint enforce\`, unless it was on already
${hasSystemd() ? '' : 'boot      nothing starts the daemon at boot here: run `holdpoint up` as root then\n'}${note === undefined ? '' : `note      ${note}\n`}${taken}`;
}

function refuse(io: Io, why: string): number {
  io.err(`holdpoint: ${why}\n`);
  return EXIT.failed;
}
