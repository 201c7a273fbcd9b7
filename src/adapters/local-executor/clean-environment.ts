/**
 * SECURITY: variables by which the same bytes would do something else than what was judged. A shell reads some of them
 * as code before the first byte of the script, the loader maps foreign code into every program, git takes its
 * repository or its helpers from them.
 * Sources: bash(1) "Shell Variables" and "INVOCATION", ld.so(8) "ENVIRONMENT", dyld(1), git(1) "Environment Variables".
 */
const DROPPED = new Set([
  'BASH_ENV',
  'ENV',
  'SHELLOPTS',
  'BASHOPTS',
  'BASH_COMPAT',
  'BASH_XTRACEFD',
  'BASH_LOADABLES_PATH',
  'POSIXLY_CORRECT',
  'PROMPT_COMMAND',
  'PS0',
  'PS1',
  'PS2',
  'PS4',
  'CDPATH',
  'GLOBIGNORE',
  'EXECIGNORE',
  'IFS',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_EXEC_PATH',
  'GIT_TEMPLATE_DIR',
  'GIT_EXTERNAL_DIFF',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_PROXY_COMMAND',
]);
const DROPPED_PREFIXES = ['BASH_FUNC_', 'LD_', 'DYLD_', 'GIT_CONFIG'];

/** Used where nothing absolute is left of the caller's own. */
const PLAIN_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

/** The environment that the judged bytes run in: the caller's, without what would change their meaning. */
export function cleanEnvironment(env: { readonly [name: string]: string | undefined }): { [name: string]: string } {
  const clean: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || DROPPED.has(name) || DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix)))
      continue;
    clean[name] = value;
  }
  // SECURITY: an empty or relative entry means "whatever lies in the working directory".
  const path = (clean.PATH ?? '').split(':').filter((entry) => entry.startsWith('/'));
  clean.PATH = path.length === 0 ? PLAIN_PATH : path.join(':');
  return clean;
}
