import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../core/canonical-json.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { RegoSources } from '../../ports/policy-tools.ts';

/** Where a repository keeps its policy. */
export const REPOSITORY_POLICY = '.holdpoint/policy';

export const FOLDER_LIMITS = { files: 200, depth: 8, bytes: 1024 * 1024, entries: 10_000 } as const;

export type SourcesRead =
  | { readonly ok: true; readonly sources: RegoSources }
  | { readonly ok: false; readonly missing: boolean; readonly why: string };

/**
 * The policy in a folder of a repository: `**\/*.rego` without tests, and `data.json` at its top. SECURITY: whoever wrote the
 * folder may be an agent, so no link is followed and nothing but a regular file is opened.
 */
export function readRegoFolder(root: string, base: string): SourcesRead {
  const state = { files: [] as string[], entries: 0, bytes: 0 };
  try {
    for (let folder = path.join(root, base); folder !== root; folder = path.dirname(folder)) {
      const stat = lstatSync(folder, { throwIfNoEntry: false });
      if (stat === undefined) return { ok: false, missing: true, why: `\`${folder}\` does not exist` };
      if (!stat.isDirectory()) return no(`\`${folder}\` is not a folder`);
    }
    const fault = collect(path.join(root, base), '', 0, state);
    if (fault !== undefined) return no(fault);
    const modules = state.files
      .filter((name) => name.endsWith('.rego'))
      .sort()
      .map((name) => ({ name: `${base}/${name}`, text: readText(path.join(root, base, name), state) }));
    if (modules.length === 0) return { ok: false, missing: true, why: `\`${path.join(root, base)}\` holds no rules` };
    if (!state.files.includes('data.json')) return { ok: true, sources: { modules } };
    const data = parseStrictJson(readText(path.join(root, base, 'data.json'), state), LIMITS.jsonDepth);
    if (!data.ok) return no(`\`${base}/data.json\`: ${data.error}`);
    return isObject(data.value)
      ? { ok: true, sources: { modules, data: data.value } }
      : no(`\`${base}/data.json\` is not an object`);
  } catch (error) {
    return no(error instanceof Error ? error.message : String(error));
  }
}

function collect(
  folder: string,
  prefix: string,
  depth: number,
  state: { readonly files: string[]; entries: number },
): string | undefined {
  if (depth > FOLDER_LIMITS.depth) return `\`${folder}\` lies deeper than ${FOLDER_LIMITS.depth} folders`;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    state.entries += 1;
    if (state.entries > FOLDER_LIMITS.entries) return `more than ${FOLDER_LIMITS.entries} entries`;
    const name = `${prefix}${entry.name}`;
    const counts = name === 'data.json' || (entry.name.endsWith('.rego') && !entry.name.endsWith('_test.rego'));
    if (entry.isDirectory()) {
      const fault = collect(path.join(folder, entry.name), `${name}/`, depth + 1, state);
      if (fault !== undefined) return fault;
    } else if (counts && !entry.isFile()) return `\`${name}\` is not a regular file`;
    else if (counts) state.files.push(name);
    if (state.files.length > FOLDER_LIMITS.files) return `more than ${FOLDER_LIMITS.files} files of rules`;
  }
  return undefined;
}

function readText(file: string, state: { bytes: number }): string {
  const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new Error(`\`${file}\` is not a regular file`);
    state.bytes += stat.size;
    if (state.bytes > FOLDER_LIMITS.bytes) throw new Error(`more than ${FOLDER_LIMITS.bytes} bytes of rules`);
    const bytes = Buffer.alloc(stat.size + 1);
    const read = readSync(handle, bytes, 0, bytes.length, 0);
    if (read !== stat.size) throw new Error(`\`${file}\` changed while it was read`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, read));
  } finally {
    closeSync(handle);
  }
}

/** What a person signs of a policy: its texts, by their names, and its data. Not over the version of the engine. */
export function digestOfSources({ modules, data }: RegoSources): Digest {
  const sorted = modules
    .map(({ name, text }) => ({ name, text }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return digestOf({ type: 'holdpoint/policy-sources/v1', modules: sorted, data: data ?? {} });
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function no(why: string): SourcesRead {
  return { ok: false, missing: false, why };
}
