import path from 'node:path';
import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type { McpServerPlace } from '../../ports/mcp-servers.ts';
import { type HostFileReader, makeHostFileReader } from './host-file.ts';

/** Claude Code keeps its histories in the same file as its servers: several megabytes are common. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_FOLDERS = 64;

export type Members = { readonly [name: string]: Json | undefined };

/** One entry of a configuration, as written. */
export interface Definition {
  readonly entry: Members;
  /** The file that it stands in. */
  readonly file: string;
}

/** The parts of a configuration file that define servers. */
interface Sections {
  readonly servers: Members;
  readonly projects: ReadonlyMap<string, Members>;
}

export type FindDefinition = (name: string, place: McpServerPlace) => Promise<Tri<Definition>>;

export interface ClaudeCodeFiles {
  /** Absolute path of the home folder whose `.claude.json` counts. */
  readonly home: string;
  /** `managed-mcp.json` of the machine. */
  readonly managed: string;
}

/**
 * Finds what Claude Code's configuration calls `name`, in the order that its manual gives: a managed file alone where
 * there is one; else local (`projects` in `.claude.json`), project (`.mcp.json`), user (`.claude.json`).
 * Sources: https://code.claude.com/docs/en/mcp, https://code.claude.com/docs/en/managed-mcp
 *
 * Seen with 2.1.330: `.mcp.json` is read from every folder above too, the nearest first; a project's server that the
 * person has not approved is passed over for the user's one; a local one is kept under the repository's root. Since
 * approvals and the folder of the start are not seen from here, only a local definition for the workspace itself goes
 * before others: where others differ, the name is ambiguous. `mcpServers` in `settings.json` is not read by the host.
 */
export function makeClaudeCodeDefinitions(files: ClaudeCodeFiles, clock: Clock): FindDefinition {
  const read: HostFileReader<Sections> = makeHostFileReader(clock, MOST_BYTES, sectionsOf);

  return async (name, place) => {
    const managed = await read(files.managed);
    if ('unknown' in managed) return managed;
    if (managed.known !== undefined) {
      const only = inServers(managed.known.servers, name, files.managed);
      return 'unknown' in only ? only : oneOf(only.known, name);
    }
    const start = place.cwd || place.workspace;
    if (!path.isAbsolute(start)) return unknown('the working directory of the host is not known');
    const folders = foldersAbove(start);
    if (folders === undefined) return unknown('the working directory lies too deep');

    const userFile = path.join(files.home, '.claude.json');
    const user = await read(userFile);
    if ('unknown' in user) return user;
    const local: Definition[] = [];
    const nearest: Definition[] = [];
    const others: Definition[] = [];
    for (const [folder, servers] of user.known?.projects ?? []) {
      if (!folders.includes(path.normalize(folder))) continue;
      const found = inServers(servers, name, userFile);
      if ('unknown' in found) return found;
      local.push(...found.known);
      if (path.normalize(folder) === path.normalize(place.workspace)) nearest.push(...found.known);
    }
    if (nearest.length > 0) return oneOf(local, name);
    for (const folder of folders) {
      const file = path.join(folder, '.mcp.json');
      const project = await read(file);
      if ('unknown' in project) return project;
      const found = inServers(project.known?.servers ?? {}, name, file);
      if ('unknown' in found) return found;
      others.push(...found.known);
    }
    const found = inServers(user.known?.servers ?? {}, name, userFile);
    return 'unknown' in found ? found : oneOf([...local, ...others, ...found.known], name);
  };
}

function oneOf(definitions: readonly Definition[], name: string): Tri<Definition> {
  const [first] = definitions;
  if (first === undefined) return unknown(`no configuration on this machine that is read defines \`${name}\``);
  const differing = definitions.find((one) => JSON.stringify(one.entry) !== JSON.stringify(first.entry));
  if (differing === undefined) return known(first);
  return unknown(`\`${name}\` is defined differently in \`${first.file}\` and \`${differing.file}\``);
}

/** The entries that the host would call `name`: it writes `_` for what a tool's name may not have. */
function inServers(servers: Members, name: string, file: string): Tri<readonly Definition[]> {
  const found: Definition[] = [];
  for (const [written, entry] of Object.entries(servers)) {
    const called = written.replace(/[^A-Za-z0-9_-]/g, '_');
    // `mcp__a__b__c` is tool `b__c` of `a`, or tool `c` of `a__b`.
    if (called === `${name}_` || called.startsWith(`${name}__`))
      return unknown(`\`${name}\` could also be the beginning of \`${called}\` in \`${file}\``);
    if (called !== name) continue;
    if (!isMembers(entry)) return unknown(`\`${name}\` in \`${file}\` is not an object`);
    found.push({ entry, file });
  }
  return known(found);
}

function sectionsOf(bytes: Uint8Array, file: string): Tri<Sections> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return unknown(`\`${file}\` is not valid UTF-8`);
  }
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) return unknown(`\`${file}\`: ${parsed.error}`);
  if (!isMembers(parsed.value)) return unknown(`\`${file}\` is not a JSON object`);
  const servers = serversIn(parsed.value);
  const projects = own(parsed.value, 'projects') ?? {};
  if (servers === undefined || !isMembers(projects)) return unknown(`\`${file}\` has members of the wrong type`);
  const byFolder = new Map<string, Members>();
  for (const [folder, project] of Object.entries(projects)) {
    const inProject = isMembers(project) ? serversIn(project) : undefined;
    if (inProject === undefined) return unknown(`\`${file}\` has members of the wrong type`);
    if (Object.keys(inProject).length > 0) byFolder.set(folder, inProject);
  }
  return known({ servers, projects: byFolder });
}

function serversIn(members: Members): Members | undefined {
  const servers = own(members, 'mcpServers') ?? {};
  return isMembers(servers) ? servers : undefined;
}

/** The folder and those above it. */
function foldersAbove(start: string): readonly string[] | undefined {
  const folders: string[] = [];
  for (let folder = path.normalize(start).replace(/(?<=.)\/+$/, ''); ; folder = path.dirname(folder)) {
    folders.push(folder);
    if (folder === path.dirname(folder)) return folders;
    if (folders.length >= MOST_FOLDERS) return undefined;
  }
}

export function isMembers(value: Json | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function own(members: Members, name: string): Json | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
