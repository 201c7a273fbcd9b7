import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import { type HostFileReader, makeHostFileReader } from './host-file.ts';

const MOST_SCRIPT_BYTES = 16 * 1024 * 1024;
const MOST_ARGUMENTS = 256;

/** Programs that run what a file among their arguments says. */
const INTERPRETER =
  /^(node|nodejs|bun|bunx|deno|tsx|ts-node|npx|npm|pnpm|yarn|python[\d.]*|pypy[\d.]*|uv|uvx|pipx|ruby|perl|php|java|dotnet|bash|sh|zsh|dash|ash|ksh|fish|pwsh|powershell|env|sudo|nohup|cmd)(\.exe|\.cmd)?$/i;
const CODE = /\.(c?js|mjs|[cm]?ts|tsx|jsx|py|pyz|rb|pl|php|sh|bash|zsh|ps1|bat|cmd|jar|dll|exe|wasm|go|lua|r)$/i;

export interface Launch {
  /** By path as written: SHA-256 of a script; of the command itself, which may be large, what `stat` tells apart. */
  readonly files: { readonly [written: string]: string };
}

export type ReadLaunch = (command: string, args: readonly string[], folder: string) => Promise<Tri<Launch>>;

/**
 * The files that a launch names to be run and that exist: the command where it is a path, and for an interpreter each
 * argument that is a path to code. What these load in turn (packages, other modules) is not looked at. `folder`:
 * where relative paths begin; empty where that is not known.
 */
export function makeLaunchReader(clock: Clock): ReadLaunch {
  const digest: HostFileReader<string> = makeHostFileReader(clock, MOST_SCRIPT_BYTES, (bytes) =>
    known(createHash('sha256').update(bytes).digest('hex')),
  );
  return async (command, args, folder) => {
    if (args.length > MOST_ARGUMENTS) return unknown(`it is started with more than ${MOST_ARGUMENTS} arguments`);
    const files: { [written: string]: string } = {};
    const program = command.includes('/') ? absoluteOf(command, folder) : undefined;
    if (program !== undefined) {
      const state = await stateOf(program);
      if ('unknown' in state) return state;
      if (state.known !== undefined) files[command] = state.known;
    }
    for (const written of INTERPRETER.test(path.basename(command)) ? codeAmong(args) : []) {
      if (written.includes('${')) return unknown(`what it runs depends on a variable: \`${written}\``);
      const absolute = absoluteOf(written, folder);
      if (absolute === undefined) continue;
      const found = await digest(absolute);
      if ('known' in found) {
        if (found.known !== undefined) files[written] = found.known;
      } else if (CODE.test(written)) return unknown(`what it runs cannot be told: ${found.unknown}`);
    }
    return known({ files });
  };
}

function absoluteOf(written: string, folder: string): string | undefined {
  if (path.isAbsolute(written)) return written;
  return folder === '' ? undefined : path.resolve(folder, written);
}

async function stateOf(file: string): Promise<Tri<string | undefined>> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return known([dev, ino, size, mtimeNs, ctimeNs].join(':'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an internal error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return known(undefined);
    return unknown(`what it runs cannot be told: \`${file}\` cannot be read (${code})`);
  }
}

/** Arguments, and values of options (`--import=./x.mjs`), that an interpreter may run as code. */
function codeAmong(args: readonly string[]): ReadonlySet<string> {
  const named = new Set<string>();
  let isFirst = true;
  for (const arg of args) {
    const isOption = arg.startsWith('-');
    const value = isOption ? (/^-[^=]*=(.*)$/s.exec(arg)?.[1] ?? '') : arg;
    if (value === '' || value.includes('\0') || /^[a-z][a-z0-9+.-]*:\/\//i.test(value)) continue;
    const isScript = !isOption && isFirst;
    if (isScript) isFirst = false;
    if (isScript || CODE.test(value)) named.add(value);
  }
  return named;
}
