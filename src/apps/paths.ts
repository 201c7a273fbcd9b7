import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

/** Where things are. All absolute. */
export interface Paths {
  readonly config: string;
  readonly state: string;
  readonly runtime: string;
  readonly socket: string;
  /** `system`: program, socket, keys and ledger belong to another user. `advisory`: all belong to the agent's own account. */
  readonly trust: 'system' | 'advisory';
  /** The only uid that may own the socket. */
  readonly ownerUid: number;
  /** Only where `trust` is `system`. */
  readonly system?: SystemPlaces;
}

export interface SystemPlaces {
  readonly gid: number;
  /** Root's copy of the program, with the hook's files. */
  readonly program: string;
  /** In a folder that only root and the daemon's account may enter: what comes through it may stop, erase and reopen. */
  readonly ownerSocket: string;
  /** The account that the agents run under. */
  readonly agent: { readonly uid: number; readonly name: string; readonly home: string };
  /** The account whose people registry counts. */
  readonly person: { readonly uid: number; readonly name: string };
}

/** The places of a system installation; constants, so that neither a variable nor a flag moves them. */
export const SYSTEM = {
  account: 'holdpoint',
  config: '/etc/holdpoint',
  state: '/var/lib/holdpoint',
  runtime: '/run/holdpoint',
  program: '/usr/local/lib/holdpoint',
  launcher: '/usr/local/bin/holdpoint',
  file: '/etc/holdpoint/system.json',
  units: '/etc/systemd/system',
} as const;

const systemSchema = z.strictObject({
  version: z.literal(1),
  uid: z.int().positive(),
  gid: z.int().positive(),
  agent: z.strictObject({ uid: z.int().positive(), name: z.string().min(1), home: z.string().startsWith('/') }),
  person: z.strictObject({ uid: z.int().nonnegative(), name: z.string().min(1) }),
});

/** `/etc/holdpoint/system.json`: announces a system installation. */
export type SystemFile = z.infer<typeof systemSchema>;

/**
 * A system installation, announced by a root-owned file, comes first: no variable of the agent's environment moves it.
 * Else the XDG base directories of this account. Source: https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function findPaths(env: NodeJS.ProcessEnv, uid = process.getuid?.() ?? 0): Paths {
  const system = readSystemFile();
  if (system !== undefined) return systemPaths(system);
  const home = env.HOME !== undefined && path.isAbsolute(env.HOME) ? env.HOME : homedir();
  const base = (name: string, fallback: string): string => {
    const value = env[name];
    return path.join(value !== undefined && path.isAbsolute(value) ? value : fallback, 'holdpoint');
  };
  const state = base('XDG_STATE_HOME', path.join(home, '.local/state'));
  const runtimeBase = env.XDG_RUNTIME_DIR;
  const usable = runtimeBase !== undefined && path.isAbsolute(runtimeBase) && existsSync(runtimeBase);
  let runtime = usable ? path.join(runtimeBase, 'holdpoint') : path.join(state, 'run');
  // A unix socket's path has room for about 100 bytes (sun_path in unix(7)).
  if (Buffer.byteLength(path.join(runtime, 'holdpoint.sock')) > 100) runtime = path.join(tmpdir(), `holdpoint-${uid}`);
  return {
    config: base('XDG_CONFIG_HOME', path.join(home, '.config')),
    state,
    runtime,
    socket: path.join(runtime, 'holdpoint.sock'),
    trust: 'advisory',
    ownerUid: uid,
  };
}

export function systemPaths(system: SystemFile): Paths {
  return {
    config: SYSTEM.config,
    state: SYSTEM.state,
    runtime: SYSTEM.runtime,
    socket: path.join(SYSTEM.runtime, 'holdpoint.sock'),
    trust: 'system',
    ownerUid: system.uid,
    system: {
      gid: system.gid,
      program: SYSTEM.program,
      ownerSocket: path.join(SYSTEM.state, 'owner.sock'),
      agent: system.agent,
      person: system.person,
    },
  };
}

export function readSystemFile(): SystemFile | undefined {
  try {
    // SECURITY: believed only as root's own file in root's own folder; anything else is ignored, so that it cannot redirect clients.
    for (const place of [SYSTEM.config, SYSTEM.file]) {
      const stat = lstatSync(place);
      if (stat.isSymbolicLink() || stat.uid !== 0 || (stat.mode & 0o022) !== 0) return undefined;
    }
    const parsed = systemSchema.safeParse(JSON.parse(readFileSync(SYSTEM.file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
