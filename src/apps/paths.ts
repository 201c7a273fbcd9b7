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
}

const SYSTEM_FILE = '/etc/holdpoint/system.json';
const systemSchema = z.strictObject({
  uid: z.int().nonnegative(),
  config: z.string(),
  state: z.string(),
  runtime: z.string(),
});

/**
 * A system installation, announced by a root-owned file, comes first: no variable of the agent's environment moves it.
 * Else the XDG base directories of this account. Source: https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function findPaths(env: NodeJS.ProcessEnv, uid = process.getuid?.() ?? 0): Paths {
  const system = readSystemFile();
  if (system !== undefined) {
    return { ...system, socket: path.join(system.runtime, 'holdpoint.sock'), trust: 'system', ownerUid: system.uid };
  }
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

function readSystemFile(): z.infer<typeof systemSchema> | undefined {
  try {
    const stat = lstatSync(SYSTEM_FILE);
    // SECURITY: believed only as root's own file; anything else is ignored, so that it cannot redirect clients.
    if (!stat.isFile() || stat.uid !== 0 || (stat.mode & 0o022) !== 0) return undefined;
    const parsed = systemSchema.safeParse(JSON.parse(readFileSync(SYSTEM_FILE, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
