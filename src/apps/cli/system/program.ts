import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SYSTEM } from '../../paths.ts';

/** One regular file of the program, and where root's copy of it lies. */
export interface ProgramFile {
  readonly from: string;
  readonly to: string;
  readonly mode: number;
}

export type ProgramFiles =
  | { readonly ok: true; readonly files: readonly ProgramFile[]; readonly root: string }
  | { readonly ok: false; readonly why: string };

const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
export const LAUNCHER_MARK = '# Written by `holdpoint init --system`.';

/** `[node, flags, program]` of the installed copy. */
export function installedCommand(): readonly string[] {
  return [path.join(SYSTEM.program, 'runtime/node'), ...NODE_FLAGS, path.join(SYSTEM.program, 'dist/cli.mjs')];
}

/** Folder of the package or checkout that this program runs from. */
export function packageRoot(): string {
  return path.dirname(fileURLToPath(new URL('../../../../package.json', import.meta.url)));
}

/**
 * What is copied: the built program and the Node that runs this. SECURITY: regular files only. The folder may be the
 * agent's, and a link in it would have root publish what it points at.
 */
export function programFiles(root: string, node = realpathSync(process.execPath)): ProgramFiles {
  const files: ProgramFile[] = [];
  const built = path.join(root, 'dist');
  for (const name of ['package.json', 'LICENSE']) {
    if (isRegular(path.join(root, name)))
      files.push({ from: path.join(root, name), to: path.join(SYSTEM.program, name), mode: 0o644 });
  }
  if (!isRegular(path.join(built, 'cli.mjs')) || !isRegular(path.join(built, 'hook-client.cjs')))
    return { ok: false, why: `there is no built program in \`${built}\`; run \`npm run build\` first` };
  for (const name of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
    const from = path.join(built, name);
    if (lstatSync(from).isDirectory()) continue;
    if (!isRegular(from)) return { ok: false, why: `\`${from}\` is not a regular file` };
    files.push({ from, to: path.join(SYSTEM.program, 'dist', name), mode: 0o644 });
  }
  if (!isRegular(node)) return { ok: false, why: `\`${node}\` is not a regular file` };
  files.push({ from: node, to: path.join(SYSTEM.program, 'runtime/node'), mode: 0o755 });
  return { ok: true, files, root };
}

/** Files of an older version below the installed `dist`. */
export function staleFiles(files: readonly ProgramFile[]): readonly string[] {
  const wanted = new Set(files.map((file) => file.to));
  const built = path.join(SYSTEM.program, 'dist');
  try {
    return readdirSync(built, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(built, name))
      .filter((file) => !lstatSync(file).isDirectory() && !wanted.has(file));
  } catch {
    return [];
  }
}

/** Variables that change what Node loads must not come with whoever calls, who may be root. */
export function launcherText(): string {
  const words = installedCommand().map((one) => `'${one}'`);
  return `#!/bin/sh
${LAUNCHER_MARK}
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
exec ${words.join(' ')} "$@"
`;
}

/** `free` and `ours` may be written; what somebody else put there stays. */
export function launcherState(): 'free' | 'ours' | 'taken' {
  try {
    const stat = lstatSync(SYSTEM.launcher);
    if (!stat.isFile() || stat.uid !== 0) return 'taken';
    return readFileSync(SYSTEM.launcher, 'utf8').includes(LAUNCHER_MARK) ? 'ours' : 'taken';
  } catch {
    return 'free';
  }
}

function isRegular(file: string): boolean {
  try {
    return lstatSync(file).isFile();
  } catch {
    return false;
  }
}
