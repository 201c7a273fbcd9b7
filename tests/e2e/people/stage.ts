import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistryEntry, registryJson } from '../../fakes/people.ts';
import type { EntryPlace } from './entry.ts';

/** The account that person and agent share in these tests: no root, and nobody else's either. */
export const AGENT_UID = 65534;
const ENTRY = join(import.meta.dirname, 'entry.ts');

/** Why these tests cannot run here, or `false`. */
export function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) return "needs root, to start an agent under another account than the registry's owner";
  if (spawnSync('python3', ['-c', 'import pty']).status !== 0)
    return 'needs python3, which plays the person at a terminal';
  for (const tool of ['ssh-agent', 'ssh-keygen']) {
    if (spawnSync(tool, ['-?']).error !== undefined) return `needs ${tool}`;
  }
  const probe = spawnSync(process.execPath, ['--check', ENTRY], { uid: AGENT_UID, gid: AGENT_UID, env: {} });
  return probe.status === 0 ? false : 'the checkout cannot be read by another account';
}

export interface Stage {
  readonly folder: string;
  readonly home: string;
  readonly place: EntryPlace;
  readonly placeFile: string;
}

/** A root-owned registry folder beside a home that belongs to the agent's account. */
export function makeStage(people: readonly RegistryEntry[] | undefined, looksForAgents = false): Stage {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdpoint-stage-')));
  chmodSync(folder, 0o755);
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o755 });
  chownSync(home, AGENT_UID, AGENT_UID);
  const registryFile = join(folder, 'etc', 'people', `${AGENT_UID}.json`);
  const place: EntryPlace = {
    account: { uid: AGENT_UID, gid: AGENT_UID, home },
    registryFile,
    trustedOwnerUids: [0],
    stateDir: join(home, '.local/state/holdpoint'),
    keys: join(home, '.config/holdpoint/keys'),
    looksForAgents,
  };
  if (people !== undefined) {
    mkdirSync(join(folder, 'etc', 'people'), { recursive: true, mode: 0o755 });
    writeFileSync(registryFile, registryJson(people, AGENT_UID), { mode: 0o644 });
  }
  const placeFile = join(folder, 'place.json');
  writeFileSync(placeFile, JSON.stringify(place), { mode: 0o644 });
  return { folder, home, place, placeFile };
}

export type Who = 'root' | 'agent';

export function environment(stage: Stage, more: Record<string, string> = {}): Record<string, string> {
  return { HOME: stage.home, PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1', ...more };
}

/** Runs a program as the agent's account, without a terminal. */
export function runAs(
  who: Who,
  stage: Stage,
  argv: readonly string[],
  env: Record<string, string> = {},
): SpawnSyncReturns<string> {
  const [program = '', ...args] = argv;
  return spawnSync(program, args, {
    encoding: 'utf8',
    cwd: stage.home,
    env: environment(stage, env),
    input: '',
    timeout: 60_000,
    // A session of its own has no controlling terminal.
    ...(who === 'agent' ? { uid: AGENT_UID, gid: AGENT_UID } : {}),
  });
}

export function entryArgs(stage: Stage, args: readonly string[]): string[] {
  return [process.execPath, ENTRY, stage.placeFile, ...args];
}

export interface Played {
  readonly code: number;
  readonly shown: string;
  /** What was typed stood in some process's arguments or environment. */
  readonly leaked: boolean;
}

/** Runs the entry on a pseudo-terminal of its own; `dialogue` is what to wait for and what to type then. */
export function play(
  who: Who,
  stage: Stage,
  args: readonly string[],
  dialogue: readonly (readonly [string, string])[],
  env: Record<string, string> = {},
): Played {
  const job = {
    argv: entryArgs(stage, args),
    env: environment(stage, env),
    uid: who === 'agent' ? AGENT_UID : null,
    dialogue,
  };
  const done = spawnSync('python3', [join(import.meta.dirname, 'person.py')], {
    input: JSON.stringify(job),
    encoding: 'utf8',
    cwd: stage.home,
    timeout: 90_000,
  });
  if (done.status !== 0) throw new Error(`the player failed: ${done.stderr}`);
  return JSON.parse(done.stdout) as Played;
}
