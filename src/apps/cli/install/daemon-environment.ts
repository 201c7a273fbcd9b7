/**
 * Variables that the daemon starts with: those that name its places, and what finds a person's programs and authorities.
 * SECURITY: it may be started from an agent's environment. Any other variable there (`NODE_OPTIONS`, `LD_PRELOAD`,
 * `NODE_TLS_REJECT_UNAUTHORIZED`, a proxy) could put foreign code into it, or foreign answers before it.
 */
const KEPT: readonly string[] = [
  'HOME',
  'LANG',
  'LC_ALL',
  'LOGNAME',
  'NODE_EXTRA_CA_CERTS',
  'PATH',
  'TMPDIR',
  'USER',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'XDG_STATE_HOME',
];

export function daemonEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const name of KEPT) {
    const value = env[name];
    if (value !== undefined) clean[name] = value;
  }
  if (clean.PATH !== undefined) {
    // A relative folder would be looked for wherever the daemon happens to start.
    const folders = clean.PATH.split(':').filter((folder) => folder.startsWith('/'));
    if (folders.length === 0) delete clean.PATH;
    else clean.PATH = folders.join(':');
  }
  return clean;
}
