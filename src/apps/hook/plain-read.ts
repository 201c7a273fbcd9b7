import type { HookCall } from '../../protocols/hooks/hook.ts';

/** What the built-in list needs from the world. */
export interface ReadWorld {
  /** Absolute path after all symlinks; `undefined` where it does not exist or cannot be told. */
  realPath(path: string): string | undefined;
  readonly home: string;
}

/** The tools that may read while nobody judges. */
const READ_TOOLS: ReadonlySet<string> = new Set(['Read', 'ReadFile', 'NotebookRead', 'LS', 'Glob', 'Grep']);

const PLAIN_COMMANDS: ReadonlySet<string> = new Set(['cat', 'head', 'ls', 'pwd', 'tail', 'wc']);

/** Options that neither write a file nor start a program. Anything longer is not plain. */
const GIT_READS: { readonly [name: string]: ReadonlySet<string> | undefined } = {
  status: new Set(['-s', '-b', '-sb', '--short', '--branch', '--porcelain']),
  diff: new Set(['--stat', '--cached', '--staged', '--name-only', '--name-status', '--no-ext-diff', '--no-textconv']),
  log: new Set(['--oneline', '--stat', '--graph', '--all', '-n', '--no-ext-diff', '--no-textconv']),
};

/** Names of files whose content is worth more than the convenience of reading it unjudged. */
const SECRET_NAME =
  /^(\.env|\.git-credentials|\.netrc|\.npmrc|\.pypirc|\.pgpass|\.vault-token|\.ssh|\.aws|\.gnupg|\.kube|\.docker|\.azure|\.gcloud|\.config|\.terraform|id_[a-z0-9]+)(\..*)?$|secret|credential|passw|token|private|\.(pem|key|p12|pfx|jks|kdbx|age|gpg|tfstate)(\..*)?$/i;

/**
 * True for an act that reads inside the workspace and cannot do anything else, told from the text and the disk alone.
 * This is the list that stands in where the guard is dead: whatever is not plainly on it is refused.
 */
export function isPlainRead(call: HookCall, world: ReadWorld): boolean {
  if (call.event !== 'before') return false;
  if (call.action.kind === 'harmless-tool') return call.toolName !== 'WebSearch';
  const root = workspaceRoot(call, world);
  if (root === undefined) return false;
  if (call.action.kind === 'shell') {
    const command = new TextDecoder().decode(call.action.bytes);
    return (
      call.action.dialect === undefined &&
      call.notes.length === 0 &&
      isPlainCommand(command, call.action.cwd ?? '', root, world)
    );
  }
  if (call.action.kind !== 'file' || !READ_TOOLS.has(call.toolName)) return false;
  const { op, path } = JSON.parse(new TextDecoder().decode(call.action.bytes)) as {
    readonly op: string;
    readonly path: string;
  };
  // A search that prints lines would print those of secret files below it as well.
  if (call.toolName === 'Grep' && call.toolInput['output_mode'] === 'content') return false;
  return op === 'read' && mayRead(path, root, world);
}

/** Where reading is free: the real path of the workspace, unless that holds the home folder with everything in it. */
function workspaceRoot(call: HookCall, world: ReadWorld): string | undefined {
  const said = call.workspace ?? call.cwd;
  const root = said === '' ? undefined : world.realPath(said);
  const home = world.realPath(world.home) ?? world.home;
  return root === undefined || isInside(home, root) ? undefined : root;
}

function isPlainCommand(command: string, cwd: string, root: string, world: ReadWorld): boolean {
  // SECURITY: only characters that no shell expands, splits, quotes or redirects; one line, one command.
  if (!/^[A-Za-z0-9_./:,@+ -]+$/.test(command)) return false;
  if (!mayRead(cwd, root, world)) return false;
  const [name = '', ...words] = command.split(' ').filter((word) => word !== '');
  if (name === 'git') return isPlainGit(words, cwd, root, world);
  if (!PLAIN_COMMANDS.has(name)) return false;
  return words.every((word) =>
    word.startsWith('-')
      ? /^-[A-Za-z0-9]+$/.test(word)
      : /^[0-9]+$/.test(word) || mayRead(join(cwd, word), root, world),
  );
}

function isPlainGit(words: readonly string[], cwd: string, root: string, world: ReadWorld): boolean {
  const [name = '', ...rest] = words;
  const options = Object.hasOwn(GIT_READS, name) ? GIT_READS[name] : undefined;
  if (options === undefined) return false;
  return rest.every((word) =>
    word.startsWith('-')
      ? options.has(word) || /^-[0-9]+$/.test(word)
      : /^[0-9]+$/.test(word) || mayRead(join(cwd, word), root, world),
  );
}

/** Exists, lies inside the workspace after all symlinks, and no part of its name speaks of a secret. */
function mayRead(path: string, root: string, world: ReadWorld): boolean {
  const real = path.startsWith('/') ? world.realPath(path) : undefined;
  if (real === undefined || !isInside(real, root)) return false;
  const names = [...real.slice(root.length).split('/'), ...path.split('/').slice(-1)];
  return !names.some((name) => SECRET_NAME.test(name));
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
}

function join(cwd: string, word: string): string {
  return word.startsWith('/') ? word : `${cwd}/${word}`;
}
