import { lstat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { PolicyProblem, RegoModule } from '../../ports/policy-layers.ts';
import { faultOfFolder, faultOfOwner, type Owners, readGuarded, realInside } from './guarded-file.ts';

export const FOLDER_LIMITS = {
  modules: 500,
  /** Of all files that are read. */
  bytes: 8 * 1024 * 1024,
  /** Looked at, whatever they are. */
  entries: 20_000,
  depth: 16,
} as const;

export interface FolderPolicy {
  readonly modules: readonly RegoModule[];
  readonly data: { readonly [name: string]: Json };
}

export type FolderRead =
  | { readonly ok: true; readonly value: FolderPolicy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

type Data = { [name: string]: Json };

interface Walk {
  readonly root: string;
  readonly owners: Owners;
  readonly modules: RegoModule[];
  readonly data: Data;
  readonly problems: PolicyProblem[];
  bytes: number;
  entries: number;
  /** A limit was passed: no more is read. */
  isOver: boolean;
}

/**
 * All `*.rego` below a folder, and each `data.json` at its place, as `opa run -b FOLDER` has them. What cannot be read, or
 * would be left out in silence though OPA reads it, is a problem. Names that begin with a dot are passed over.
 */
export async function readPolicyFolder(folder: string, owners: Owners): Promise<FolderRead> {
  const above = await faultOfFolder(folder, owners);
  if (above !== undefined) return { ok: false, problems: [problem(above.why)] };
  let root: string;
  try {
    root = await realpath(folder);
  } catch (error) {
    return { ok: false, problems: [problem(`\`${folder}\` cannot be read (${codeOf(error)})`)] };
  }
  const walk: Walk = { root, owners, modules: [], data: {}, problems: [], bytes: 0, entries: 0, isOver: false };
  await walkFolder(walk, '', 0);
  if (walk.problems.length > 0) return { ok: false, problems: walk.problems };
  if (!walk.modules.some((one) => !one.name.endsWith('_test.rego')))
    return { ok: false, problems: [problem(`\`${folder}\` holds no policy: there is no rego in it`)] };
  return { ok: true, value: { modules: walk.modules, data: walk.data } };
}

async function walkFolder(walk: Walk, below: string, depth: number): Promise<void> {
  const fault = (message: string, file: string): void => void walk.problems.push(problem(message, file));
  if (depth > FOLDER_LIMITS.depth) return fault(`is deeper than ${FOLDER_LIMITS.depth} folders`, below);
  let names: string[];
  try {
    names = (await readdir(path.join(walk.root, below))).sort();
  } catch (error) {
    return fault(`cannot be read (${codeOf(error)})`, below);
  }
  for (const name of names) {
    walk.entries += 1;
    walk.isOver = walk.entries > FOLDER_LIMITS.entries;
    if (walk.isOver) return fault(`holds more than ${FOLDER_LIMITS.entries} entries`, '.');
    if (name.startsWith('.')) continue;
    const file = below === '' ? name : `${below}/${name}`;
    const place = await placeOf(walk, file);
    if (typeof place === 'string') fault(place, file);
    else if (place.isFolder) await walkFolder(walk, file, depth + 1);
    else if (/^data\.ya?ml$/.test(name)) fault('is not read here: write it as data.json', file);
    else if (name.endsWith('.rego') || name === 'data.json') await readInto(walk, file, place.real);
    if (walk.isOver) return;
  }
}

/** What an entry is, behind links that stay inside. Text: why it cannot be told. */
async function placeOf(
  walk: Walk,
  file: string,
): Promise<{ readonly isFolder: boolean; readonly real: string } | string> {
  const place = path.join(walk.root, file);
  try {
    const stats = await lstat(place);
    if (!stats.isSymbolicLink()) {
      const fault = stats.isDirectory() ? faultOfOwner(place, stats, walk.owners) : undefined;
      return fault ?? { isFolder: stats.isDirectory(), real: place };
    }
    const real = await realInside(walk.root, place);
    if (!real.ok) return real.why;
    if ((await lstat(real.value)).isDirectory()) return 'is a link to a folder, which is not followed';
    return { isFolder: false, real: real.value };
  } catch (error) {
    return `cannot be read (${codeOf(error)})`;
  }
}

async function readInto(walk: Walk, file: string, real: string): Promise<void> {
  const fault = (message: string): void => void walk.problems.push(problem(message, file));
  const read = await readGuarded(real, FOLDER_LIMITS.bytes, walk.owners);
  if (!read.ok) return fault(read.why);
  walk.bytes += read.value.length;
  const isOneMore = file.endsWith('.rego') && walk.modules.length >= FOLDER_LIMITS.modules;
  walk.isOver = isOneMore || walk.bytes > FOLDER_LIMITS.bytes;
  if (isOneMore) return fault(`with this the folder has more than ${FOLDER_LIMITS.modules} files`);
  if (walk.isOver) return fault(`with this the folder has more than ${FOLDER_LIMITS.bytes} bytes of policy`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(read.value);
  } catch {
    return fault('is not UTF-8');
  }
  if (file.endsWith('.rego')) {
    walk.modules.push({ name: file, text });
    return;
  }
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) return fault(parsed.error);
  const mounted = mount(walk.data, file.split('/').slice(0, -1), parsed.value);
  if (mounted !== undefined) fault(mounted);
}

/** Puts a document at its place; two that speak of the same place are a conflict, as in OPA. */
function mount(data: Data, at: readonly string[], value: Json): string | undefined {
  if (!isObject(value)) return 'is not an object';
  let here = data;
  for (const part of at) {
    // Own members only: `constructor` is a name like any other.
    if (!Object.hasOwn(here, part)) define(here, part, {});
    const next: Json | undefined = here[part];
    if (!isObject(next)) return `conflicts with what another data.json says of \`${at.join('/')}\``;
    here = next;
  }
  return merge(here, value, at);
}

function merge(into: Data, from: Data, at: readonly string[]): string | undefined {
  for (const [name, value] of Object.entries(from)) {
    const there: Json | undefined = Object.hasOwn(into, name) ? into[name] : undefined;
    if (there === undefined) define(into, name, value);
    else if (!isObject(there) || !isObject(value))
      return `conflicts with what another data.json says of \`${[...at, name].join('/')}\``;
    else {
      const fault = merge(there, value, [...at, name]);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function define(into: Data, name: string, value: Json): void {
  Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true });
}

function isObject(value: Json | undefined): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function problem(message: string, file?: string): PolicyProblem {
  return file === undefined ? { code: 'policy_folder', message } : { code: 'policy_folder', message, file };
}
