import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { createTwoFilesPatch } from 'diff';
import { HOOK_AGENTS, type HookAgent, isHookAgent } from '../../protocols/hooks/hook.ts';
import type { Paths } from '../paths.ts';
import type { Reply } from './client.ts';
import { usage } from './holds.ts';
import { daemonEnvironment } from './install/daemon-environment.ts';
import {
  askPreset,
  isPreset,
  newPolicyText,
  PRESETS,
  type Preset,
  type PresetPlan,
  planPreset,
  policyFile,
} from './install/preset.ts';
import type { FoundTools } from './install/probe.ts';
import {
  type InstallRecord,
  type InstallTarget,
  installFile,
  readRecord,
  sha256,
  writeRecord,
} from './install/record.ts';
import { replaceFile } from './install/replace-file.ts';
import { addEntries, disablesHooks, removeEntries } from './install/settings-edit.ts';
import { shimText } from './install/shim.ts';
import {
  presentAgents,
  readSettings,
  type Scope,
  type SettingsPlaces,
  settingsFile,
  type TargetPlace,
} from './install/targets.ts';
import { ADVISORY, EXIT, type Io } from './io.ts';

export interface InitDeps {
  readonly paths: Paths;
  readonly places: SettingsPlaces;
  /** Absolute path of the Node that runs the fallback client. */
  readonly node: string;
  /** The bundled fallback client as built; it is copied, so that a package cache may go away. */
  readonly clientBundle: string;
  /** Starts the daemon and returns; left out where this account may not start it. */
  readonly start?: readonly string[];
  /** Gives the socket to the account's own systemd, and says so in a line; left out where there is none. */
  readonly installUnits?: () => Promise<string>;
  /** Has a running daemon read its policy anew; left out where none can run. */
  readonly reloadPolicy?: () => Promise<Reply>;
  readonly nowMs: number;
  findTools(): Promise<FoundTools>;
}

/** The shim gives up first, so that its refusal comes before the host's own time-out. */
const HOOK_TIMEOUT_S = 60;
const REPLY_TIMEOUT_S = 20;

interface Plan {
  readonly place: TargetPlace;
  readonly before: string | undefined;
  readonly after: string;
}

interface Wanted {
  readonly agents: readonly HookAgent[];
  readonly project: boolean;
  readonly managed: boolean;
  readonly managedOnly: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly preset: Preset | undefined;
}

/** Where init puts the program files of the hook. */
export function hookFiles(paths: Paths): { readonly shim: string; readonly client: string } {
  // The state of a system installation is closed to the accounts that run the hook.
  const base = paths.system?.program ?? paths.state;
  return { shim: path.join(base, 'hook/holdpoint-hook'), client: path.join(base, 'hook/hook-client.cjs') };
}

/** `holdpoint init [--agent NAME]... [--project | --managed [--managed-only]] [--preset NAME] [--dry-run] [--yes]` */
export async function runInit(args: readonly string[], io: Io, deps: InitDeps): Promise<number> {
  const wanted = readArgs(args, deps.places);
  if (typeof wanted === 'string') return usage(io, `init: ${wanted}`);
  if (wanted.agents.length === 0) {
    return refuse(io, `no settings folder of ${HOOK_AGENTS.join(' or ')} found; name the agent with \`--agent\``);
  }
  const read = readRecord(deps.paths.config);
  if (read.kind === 'broken') return refuse(io, `${read.why}; repair it or run \`holdpoint uninstall\` first`);
  const old = read.kind === 'record' ? read.record : undefined;

  const preset = planPreset(deps.paths.config, wanted.preset);
  if (preset.kind === 'refused' && wanted.preset !== undefined) return refuse(io, preset.why);
  const plans: Plan[] = [];
  for (const place of placesFor(wanted, deps.places)) {
    const plan = planFor(place, wanted, deps);
    if (typeof plan === 'string') return refuse(io, plan);
    plans.push(plan);
  }
  const changes = plans.filter((plan) => plan.after !== plan.before);
  for (const plan of changes) {
    io.out(
      createTwoFilesPatch(
        plan.place.file,
        plan.place.file,
        plan.before ?? '',
        plan.after,
        plan.before === undefined ? 'missing' : 'now',
        'after init',
      ),
    );
  }
  warnDisabled(wanted, io, deps);
  if (wanted.dryRun) {
    if (preset.kind === 'set')
      io.out(`policy    would be for \`${preset.preset}\` in ${policyFile(deps.paths.config)}\n`);
    io.out(changes.length === 0 && preset.kind !== 'set' ? 'nothing would change\n' : 'dry run: nothing was written\n');
    return EXIT.ok;
  }
  if (changes.length > 0 && !wanted.yes && !(await confirm(io)))
    return refuse(io, 'nothing was written; `--yes` installs without asking');

  const policy = await setPreset(preset, wanted, io, deps);
  const tools = await deps.findTools();
  const files = hookFiles(deps.paths);
  const record: InstallRecord = {
    version: 1,
    mode: old?.mode ?? 'shadow',
    socket: deps.paths.socket,
    ownerUid: deps.paths.ownerUid,
    ...(deps.start === undefined ? {} : { start: startCommand(deps.start, io.env) }),
    shim: files.shim,
    client: files.client,
    node: deps.node,
    ...(tools.nc === undefined ? {} : { nc: tools.nc, ncEndsInput: tools.ncEndsInput === true }),
    ...(tools.curl === undefined ? {} : { curl: tools.curl }),
    hookTimeoutS: HOOK_TIMEOUT_S,
    replyTimeoutS: REPLY_TIMEOUT_S,
    installedAtMs: old?.installedAtMs ?? deps.nowMs,
    targets: mergeTargets(old?.targets ?? [], plans, wanted, deps),
  };
  // Order: a hook entry must never point at a shim that is not there, and uninstall must know of every entry.
  replaceFile(files.client, readFileSync(deps.clientBundle), 0o644);
  replaceFile(
    files.shim,
    shimText({
      ...record,
      cat: tools.cat,
      installFile: installFile(deps.paths.config),
      owner: deps.paths.trust === 'system' ? 'other' : 'self',
    }),
    0o755,
  );
  writeRecord(deps.paths, record);
  for (const plan of changes) {
    // Everyone's client has to be able to read managed settings; a user's own may hold secrets.
    const isNewManaged = plan.before === undefined && plan.place.scope === 'managed';
    replaceFile(plan.place.file, plan.after, isNewManaged ? 0o644 : undefined);
  }
  const units = await deps.installUnits?.();
  tell(io, record, plans, changes.length, deps);
  io.out(policy);
  if (units !== undefined) io.out(`systemd   ${units}\n`);
  return EXIT.ok;
}

function readArgs(args: readonly string[], places: SettingsPlaces): Wanted | string {
  const agents: HookAgent[] = [];
  const flags = new Set<string>();
  let preset: string | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--agent') {
      i += 1;
      const name = args[i] ?? '';
      if (name === '') return `\`--agent\` takes ${HOOK_AGENTS.join(' or ')}`;
      if (!isHookAgent(name)) return `unknown agent \`${name}\`; known are ${HOOK_AGENTS.join(', ')}`;
      agents.push(name);
    } else if (arg === '--preset') {
      i += 1;
      preset = args[i];
      if (!isPreset(preset)) return `unknown preset \`${preset ?? ''}\`; there are ${PRESETS.join(', ')}`;
    } else if (['--project', '--managed', '--managed-only', '--dry-run', '--yes'].includes(arg)) flags.add(arg);
    else return `unknown argument \`${arg}\``;
  }
  if (flags.has('--project') && flags.has('--managed')) return '`--project` and `--managed` exclude each other';
  if (flags.has('--managed-only') && !flags.has('--managed')) return '`--managed-only` needs `--managed`';
  return {
    agents: agents.length > 0 ? [...new Set(agents)] : presentAgents(places),
    project: flags.has('--project'),
    managed: flags.has('--managed'),
    managedOnly: flags.has('--managed-only'),
    dryRun: flags.has('--dry-run'),
    yes: flags.has('--yes'),
    preset: isPreset(preset) ? preset : undefined,
  };
}

/** Writes which preset counts, and says so in a line. A system installation has written it before its daemon started. */
async function setPreset(plan: PresetPlan, wanted: Wanted, io: Io, deps: InitDeps): Promise<string> {
  const file = policyFile(deps.paths.config);
  switch (plan.kind) {
    case 'keep':
      return `policy    ${plan.preset}, as it was (${file})\n`;
    case 'refused':
      return `policy    ${plan.why}: the daemon does not start with it\n`;
    case 'absent':
    case 'set': {
      if (deps.paths.trust === 'system') return '';
      const preset = plan.kind === 'set' ? plan.preset : wanted.yes ? 'solo' : await askPreset(io);
      replaceFile(file, plan.kind === 'set' ? plan.text : newPolicyText(preset), 0o600);
      const reply = await deps.reloadPolicy?.();
      const not = reply === undefined || reply.ok || reply.down === true ? '' : `; not in force yet: ${reply.error}`;
      return `policy    ${preset} (${file})${not}\n`;
    }
    default:
      return plan satisfies never;
  }
}

function placesFor(wanted: Wanted, places: SettingsPlaces): readonly TargetPlace[] {
  return wanted.agents.flatMap((agent): TargetPlace[] => {
    const scopes: readonly Scope[] = wanted.managed ? ['managed', 'user'] : [wanted.project ? 'project' : 'user'];
    for (const scope of scopes) {
      const file = settingsFile(agent, scope, places);
      if (file !== undefined) return [{ agent, scope, file }];
    }
    return [];
  });
}

function planFor(place: TargetPlace, wanted: Wanted, deps: InitDeps): Plan | string {
  let before: string | undefined;
  try {
    before = readSettings(place.file);
  } catch (error) {
    return `cannot read \`${place.file}\`: ${error instanceof Error ? error.message : String(error)}; nothing was changed`;
  }
  const edited = addEntries(before ?? '', place.agent, {
    shim: hookFiles(deps.paths).shim,
    hookTimeoutS: HOOK_TIMEOUT_S,
    managedOnly: wanted.managedOnly && place.scope === 'managed',
  });
  if (!edited.ok) return `\`${place.file}\`: ${edited.why}; nothing was changed`;
  return { place, before, after: edited.text };
}

/** Keeps the first copy of a file that already has our entries; takes a new one of a file that has none. */
function mergeTargets(
  old: readonly InstallTarget[],
  plans: readonly Plan[],
  wanted: Wanted,
  deps: InitDeps,
): InstallTarget[] {
  const targets = old.filter((target) => !plans.some((plan) => plan.place.file === target.file));
  for (const plan of plans) {
    const known = old.find((target) => target.file === plan.place.file);
    const managedOnly = (known?.managedOnly ?? false) || (wanted.managedOnly && plan.place.scope === 'managed');
    if (known !== undefined && plan.after === plan.before) {
      targets.push({ ...known, managedOnly });
      continue;
    }
    const backup = plan.before === undefined ? undefined : backUp(plan.place, plan.before, deps);
    targets.push({
      agent: plan.place.agent,
      scope: plan.place.scope,
      file: plan.place.file,
      ...(backup === undefined ? {} : { backup }),
      installedSha256: sha256(plan.after),
      managedOnly,
    });
  }
  return targets;
}

/** Of a file that already has entries of ours (from an older shim), the copy is the text without them. */
function backUp(place: TargetPlace, text: string, deps: InitDeps): string {
  const backup = path.join(deps.paths.config, 'originals', `${sha256(place.file).slice(0, 12)}-${deps.nowMs}.json`);
  const without = removeEntries(text, place.agent, hookFiles(deps.paths).shim);
  replaceFile(backup, without.ok ? without.text : text, 0o600);
  return backup;
}

/**
 * The daemon that a hook starts has the places and the PATH of the install, and nothing of the hook's environment: that
 * one is the agent's.
 */
function startCommand(start: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const kept = Object.entries(daemonEnvironment(env)).map(([name, value]) => `${name}=${value}`);
  return ['/usr/bin/env', '-i', ...kept, ...start];
}

/** A project or user file that switches hooks off would make the installation look alive and be dead. */
function warnDisabled(wanted: Wanted, io: Io, deps: InitDeps): void {
  if (!wanted.agents.includes('claude-code') || wanted.managed) return;
  const files = [
    settingsFile('claude-code', 'user', deps.places),
    settingsFile('claude-code', 'project', deps.places),
    path.join(deps.places.project, '.claude/settings.local.json'),
  ];
  for (const file of files) {
    if (file === undefined || !existsSync(file)) continue;
    if (disablesHooks(readFileSync(file, 'utf8'))) {
      io.err(
        `holdpoint: warning: \`disableAllHooks\` in \`${file}\` switches these hooks off; \`init --managed\` is not affected by it\n`,
      );
    }
  }
}

export async function confirm(io: Io): Promise<boolean> {
  if (!io.interactive) return false;
  io.err('install these entries? [y/N] ');
  const lines = createInterface({ input: io.stdin });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}

function refuse(io: Io, why: string): number {
  io.err(`holdpoint: ${why}\n`);
  return EXIT.failed;
}

function tell(io: Io, record: InstallRecord, plans: readonly Plan[], changed: number, deps: InitDeps): void {
  for (const plan of plans)
    io.out(`${plan.after === plan.before ? 'already in' : 'installed in'} ${plan.place.file}\n`);
  const client =
    record.nc !== undefined ? 'nc' : record.curl !== undefined ? 'curl' : 'node (slower: no `nc -U` or `curl` found)';
  io.out(`shim      ${record.shim} by ${client}\n`);
  if (/[/\\]_npx[/\\]/.test(record.node) || record.start?.some((word) => /[/\\]_npx[/\\]/.test(word)) === true) {
    io.out(
      'note      this runs from a package cache that may be cleaned; install holdpoint for good and run init again\n',
    );
  }
  io.out(
    record.mode === 'shadow'
      ? 'mode      shadow: only catastrophic classes are stopped, the rest is noted; `holdpoint enforce` switches on\n'
      : 'mode      enforce\n',
  );
  if (deps.paths.trust === 'advisory') io.out(`trust     ${ADVISORY}\n`);
  if (changed > 0 && plans.every((plan) => plan.place.scope !== 'managed')) {
    io.out(
      'note      a project can still switch user hooks off (`disableAllHooks`); `init --managed` cannot be switched off by it\n',
    );
  }
}
