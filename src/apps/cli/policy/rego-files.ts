import type { Dirent, Stats } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Json } from '../../../core/canonical-json.ts';
import { LIMITS } from '../../../core/limits.ts';
import { parseStrictJson } from '../../../core/strict-json.ts';
import type { PolicyProblem, RegoModule } from '../../../ports/policy-layers.ts';
import type { Answered } from '../../../ports/policy-tools.ts';

export const REGO_FILE_LIMITS = {
  fileBytes: 2 * 1024 * 1024,
  totalBytes: 16 * 1024 * 1024,
  /** Names looked at in all folders together. */
  entries: 20_000,
  depth: 32,
} as const;

type JsonObject = { readonly [name: string]: Json };

export interface RegoFiles {
  readonly modules: readonly RegoModule[];
  readonly data: JsonObject;
  /** Absolute path of each module, by its name. */
  readonly files: ReadonlyMap<string, string>;
}

export interface RegoFileOptions {
  readonly cwd: string;
  /** `given`: as a person finds the file from here. `folder`: below the folder that was given, as a layer has it. */
  readonly names: 'given' | 'folder';
  /** Only `.rego`; a named file of another kind is refused. */
  readonly regoOnly?: boolean;
  /** As a layer has it: a `data.json` further down is refused, since it would not be read there. */
  readonly dataAtTop?: boolean;
}

const NOT_ENTERED: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/**
 * Reads what paths name: each `.rego` file of a folder and its `data.json`, which lies in `data` where its folder does, as
 * OPA has it; a `.json` file that is named itself lies at the top. All complaints at once.
 */
export async function readRegoFiles(paths: readonly string[], options: RegoFileOptions): Promise<Answered<RegoFiles>> {
  const reader = new Reader(options);
  for (const given of paths) await reader.read(given);
  return reader.done();
}

interface Place {
  readonly absolute: string;
  readonly shown: string;
  readonly below: readonly string[];
  readonly isNamed: boolean;
  /** Real paths of the folders that this lies in. */
  readonly within: readonly string[];
}

/** Lives while one command reads its files. */
class Reader {
  readonly #options: RegoFileOptions;
  readonly #modules: RegoModule[] = [];
  readonly #files = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #problems: PolicyProblem[] = [];
  #data: JsonObject = {};
  #bytes = 0;
  #entries = 0;

  constructor(options: RegoFileOptions) {
    this.#options = options;
  }

  async read(given: string): Promise<void> {
    const absolute = path.resolve(this.#options.cwd, given);
    await this.#place({ absolute, shown: path.normalize(given), below: [], isNamed: true, within: [] });
  }

  done(): Answered<RegoFiles> {
    if (this.#problems.length > 0) return { ok: false, problems: this.#problems };
    return { ok: true, value: { modules: this.#modules, data: this.#data, files: this.#files } };
  }

  async #place(place: Place): Promise<void> {
    const found = await this.#attempt(place, async () => ({
      real: await realpath(place.absolute),
      stats: await stat(place.absolute),
    }));
    if (found === undefined) return;
    if (found.stats.isDirectory()) await this.#folder(place, found.real);
    else await this.#file(place, found.real, found.stats);
  }

  async #folder(place: Place, real: string): Promise<void> {
    if (place.within.includes(real)) return this.#complain(place, 'the folder leads back into itself');
    if (place.within.length >= REGO_FILE_LIMITS.depth)
      return this.#complain(place, `folders are nested deeper than ${REGO_FILE_LIMITS.depth}`);
    const entries: Dirent[] | undefined = await this.#attempt(place, () =>
      readdir(place.absolute, { withFileTypes: true }),
    );
    if (entries === undefined) return;
    this.#entries += entries.length;
    if (this.#entries > REGO_FILE_LIMITS.entries)
      return this.#complain(place, `more than ${REGO_FILE_LIMITS.entries} files to look at`);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (NOT_ENTERED.has(entry.name)) continue;
      // A link may lead to a folder; what is plainly another file is not even looked at.
      if (!entry.isDirectory() && !entry.isSymbolicLink() && kindOf(entry.name) === undefined) continue;
      await this.#place({
        absolute: path.join(place.absolute, entry.name),
        shown: path.join(place.shown, entry.name),
        below: [...place.below, entry.name],
        isNamed: false,
        within: [...place.within, real],
      });
    }
  }

  async #file(place: Place, real: string, stats: Stats): Promise<void> {
    const kind = kindOf(path.basename(place.absolute));
    const isData = kind === 'data' || (place.isNamed && place.absolute.endsWith('.json'));
    if (kind === 'yaml' || (place.isNamed && /\.ya?ml$/.test(place.absolute)))
      return this.#options.regoOnly === true && !place.isNamed
        ? undefined
        : this.#complain(place, 'YAML is not read: write the data as JSON');
    if (kind !== 'rego' && (!isData || this.#options.regoOnly === true))
      return place.isNamed ? this.#complain(place, 'neither a folder nor a `.rego` file') : undefined;
    // The same file under two of the paths that were given is read once.
    if (this.#seen.has(real)) return undefined;
    this.#seen.add(real);
    if (!stats.isFile()) return this.#complain(place, 'not a regular file');
    if (stats.size > REGO_FILE_LIMITS.fileBytes)
      return this.#complain(place, `larger than ${REGO_FILE_LIMITS.fileBytes} bytes`);
    this.#bytes += stats.size;
    if (this.#bytes > REGO_FILE_LIMITS.totalBytes)
      return this.#complain(place, `all files together are larger than ${REGO_FILE_LIMITS.totalBytes} bytes`);
    const text = await this.#attempt(place, async () =>
      new TextDecoder('utf-8', { fatal: true }).decode(await readFile(place.absolute)),
    );
    if (text === undefined) return undefined;
    if (kind !== 'rego') return this.#addData(place, text);
    const inFolder = this.#options.names === 'folder' ? place.below.join('/') : '';
    const name = inFolder === '' ? (this.#options.names === 'folder' ? path.basename(real) : place.shown) : inFolder;
    if (this.#files.has(name)) return this.#complain(place, `two files are called \`${name}\``);
    this.#files.set(name, place.absolute);
    this.#modules.push({ name, text });
    return undefined;
  }

  #addData(place: Place, text: string): undefined {
    const parsed = parseStrictJson(text, LIMITS.jsonDepth);
    if (!parsed.ok) return this.#complain(place, parsed.error);
    const value = parsed.value;
    if (!isObject(value)) return this.#complain(place, 'the data is not a JSON object');
    const at = place.below.slice(0, -1);
    if (at.length > 0 && this.#options.dataAtTop === true)
      return this.#complain(place, 'a layer reads the `data.json` at its top alone');
    const nested = at.reduceRight<JsonObject>((inner, name) => Object.fromEntries([[name, inner]]), value);
    const merged = merge(this.#data, nested);
    if (typeof merged === 'string') return this.#complain(place, `\`${merged}\` is in another file of data too`);
    this.#data = merged;
    return undefined;
  }

  async #attempt<T>(place: Place, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#complain(place, whyUnreadable(error));
      return undefined;
    }
  }

  #complain(place: Place, message: string): undefined {
    this.#problems.push({ code: 'file_error', message, file: place.shown });
  }
}

function kindOf(name: string): 'rego' | 'data' | 'yaml' | undefined {
  if (name.endsWith('.rego')) return 'rego';
  if (name === 'data.json') return 'data';
  return name === 'data.yaml' || name === 'data.yml' ? 'yaml' : undefined;
}

export function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this account';
    case 'ELOOP':
      return 'the link leads in a circle';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'not UTF-8 text';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Both together, or the path of what is in both. */
function merge(a: JsonObject, b: JsonObject, at = ''): JsonObject | string {
  const members = new Map<string, Json | undefined>(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const before = members.get(name);
    const shown = at === '' ? name : `${at}.${name}`;
    if (before === undefined) members.set(name, value);
    else if (isObject(before) && isObject(value)) {
      const inner = merge(before, value, shown);
      if (typeof inner === 'string') return inner;
      members.set(name, inner);
    } else return shown;
  }
  // Not by assignment: a member called `__proto__` is a member like any other.
  return Object.fromEntries(members) as JsonObject;
}
