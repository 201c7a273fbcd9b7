import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { digestOfBytes } from '../../core/digest.ts';
import type { ApiDocument, ApiDocuments, ApiState } from '../../ports/api-documents.ts';
import type { Clock } from '../../ports/clock.ts';
import { type DescribedConfiguration, DOCUMENT_LIMITS, readConfigurations } from './configuration.ts';
import { faultOfUrl, fetchDocument } from './fetch-document.ts';

export interface ApiDocumentsOptions {
  /** `<config>/apis`. */
  readonly folder: string;
  /** Fetched texts by digest; each is checked against its name when it is read. */
  readonly cache: string;
  readonly clock: Clock;
  /** What a new text says otherwise than the confirmed one, for people. */
  compare(kind: 'openapi' | 'graphql', confirmed: string, now: string, hosts: readonly string[]): readonly string[];
  readonly fetch?: typeof globalThis.fetch;
  /** False where the cache is another account's: what is fetched is then only looked at. */
  readonly keeps?: boolean;
}

/** As `openApiDocuments`, after fetching what a person confirmed and is not at hand yet. */
export async function readyApiDocuments(options: ApiDocumentsOptions, signal: AbortSignal): Promise<ApiDocuments> {
  const documents = openApiDocuments(options);
  const isMissing = documents.states().some((one) => one.confirmed !== undefined && one.state === 'unconfirmed');
  if (!isMissing) return documents;
  await documents.refresh(signal);
  return openApiDocuments(options);
}

interface Text {
  readonly text: string;
  readonly digest: string;
  readonly atMs: number;
}

/** Reads the configuration and what is at hand of its documents; nothing is fetched before `refresh`. */
export function openApiDocuments(options: ApiDocumentsOptions): ApiDocuments {
  const documents: ApiDocument[] = [];
  const githubHosts: string[] = [];
  const states = new Map<string, ApiState>();
  const remote: { readonly file: string; readonly configuration: DescribedConfiguration }[] = [];
  for (const result of readConfigurations(options.folder)) {
    const { file } = result;
    if (!result.ok) {
      states.set(file, {
        file,
        name: path.basename(file, '.json'),
        hosts: [],
        kind: 'unknown',
        from: file,
        state: 'unusable',
        why: result.why,
      });
      continue;
    }
    const { configuration } = result;
    if (configuration.kind === 'github') {
      githubHosts.push(...configuration.hosts);
      states.set(file, {
        file,
        name: configuration.name ?? 'github',
        hosts: configuration.hosts,
        kind: 'github',
        from: 'the built-in catalogue',
        state: 'in-effect',
      });
      continue;
    }
    const at = placeOf(configuration, options.folder);
    if (at.kind !== 'file') remote.push({ file, configuration });
    const now = at.kind === 'file' ? readText(at.path) : undefined;
    const confirmed = confirmedText(configuration, now, options);
    if (confirmed !== undefined)
      documents.push({
        name: configuration.name,
        hosts: configuration.hosts,
        kind: configuration.kind,
        paths: configuration.paths,
        trust: at.kind === 'introspection' ? 'fetched' : 'declared',
        from: at.words,
        ...confirmed,
      });
    states.set(
      file,
      stateOf({ file, configuration, from: at.words, now, confirmed, isFile: at.kind === 'file' }, options),
    );
  }

  return {
    documents,
    githubHosts,
    states: () => [...states.values()],
    async refresh(signal) {
      const fetch = options.fetch ?? globalThis.fetch;
      for (const { file, configuration } of remote) {
        const at = placeOf(configuration, options.folder);
        if (at.kind === 'file') continue;
        const confirmed = documents.find((one) => one.name === configuration.name);
        const parts = { file, configuration, from: at.words, confirmed, isFile: false };
        const fault = faultOfUrl(at.url);
        const fetched =
          fault === undefined
            ? await fetchDocument(at.url, at.kind === 'introspection' ? 'introspection' : 'document', fetch, signal)
            : ({ ok: false, why: fault } as const);
        const now = fetched.ok ? keepText(fetched.bytes, options) : fetched.why;
        states.set(file, stateOf({ ...parts, now }, options));
      }
      forgetOthers(options, [...states.values()]);
    },
  };
}

type Place =
  | { readonly kind: 'file'; readonly path: string; readonly words: string }
  | { readonly kind: 'url' | 'introspection'; readonly url: string; readonly words: string };

function placeOf({ source, hosts, paths }: DescribedConfiguration, folder: string): Place {
  if (source === 'introspection') {
    const [host = ''] = hosts;
    const isLoopback = /^(localhost|127\.0\.0\.1)(:|$)/.test(host);
    const url = `${isLoopback ? 'http' : 'https'}://${host}${paths[0] ?? '/graphql'}`;
    return { kind: 'introspection', url, words: `introspection of ${url}` };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return { kind: 'url', url: source, words: source };
  const file = path.resolve(folder, source);
  return { kind: 'file', path: file, words: file };
}

/** A text says why there is none. */
function readText(file: string): Text | string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return 'not a file';
    if (stat.size > DOCUMENT_LIMITS.documentBytes) return `larger than ${DOCUMENT_LIMITS.documentBytes} bytes`;
    return textOf(readFileSync(file), Math.floor(stat.mtimeMs));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function textOf(bytes: Uint8Array, atMs: number): Text | string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, digest: digestOfBytes(bytes), atMs };
  } catch {
    return 'not valid UTF-8';
  }
}

/** The text whose digest a person wrote down: as it is there, else as it was kept. */
function confirmedText(
  configuration: DescribedConfiguration,
  now: Text | string | undefined,
  options: ApiDocumentsOptions,
): Text | undefined {
  const { digest } = configuration;
  if (digest === undefined) return undefined;
  if (typeof now === 'object' && now.digest === digest) {
    keepFile(options, now);
    return now;
  }
  const kept = readText(path.join(options.cache, `${digest}.txt`));
  // INVARIANT: the cache is trusted for nothing but its digests.
  return typeof kept === 'object' && kept.digest === digest ? kept : undefined;
}

function keepText(bytes: Uint8Array, options: ApiDocumentsOptions): Text | string {
  const text = textOf(bytes, options.clock.nowMs());
  if (typeof text === 'object') keepFile(options, text);
  return text;
}

function keepFile({ cache, keeps = true }: ApiDocumentsOptions, text: Text): void {
  if (!keeps) return;
  try {
    const file = path.join(cache, `${text.digest}.txt`);
    const known = readText(file);
    if (typeof known === 'object' && known.digest === text.digest) return;
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, text.text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // Without a cache a document is judged by all the same; only a later change leaves nothing to fall back on.
  }
}

/** A server that answers otherwise each time must not fill the disk. */
function forgetOthers({ cache, keeps = true }: ApiDocumentsOptions, states: readonly ApiState[]): void {
  if (!keeps) return;
  const wanted = new Set(states.flatMap((one) => [`${one.digest ?? ''}.txt`, `${one.confirmed ?? ''}.txt`]));
  try {
    for (const name of readdirSync(cache)) if (!wanted.has(name)) rmSync(path.join(cache, name), { force: true });
  } catch {
    // No cache, nothing to forget.
  }
}

interface StateParts {
  readonly file: string;
  readonly configuration: DescribedConfiguration;
  readonly from: string;
  /** `undefined`: not fetched yet; a text: why there is none. */
  readonly now: Text | string | undefined;
  readonly confirmed: Text | undefined;
  readonly isFile: boolean;
}

function stateOf(
  { file, configuration, from, now, confirmed, isFile }: StateParts,
  options: ApiDocumentsOptions,
): ApiState {
  const { name, hosts, kind, digest } = configuration;
  const base = { file, name, hosts, kind, from, ...(digest === undefined ? {} : { confirmed: digest }) };
  const at = confirmed === undefined ? {} : { atMs: confirmed.atMs };
  if (typeof now === 'object') {
    const seen = { ...base, digest: now.digest };
    if (digest === undefined) return { ...seen, state: 'unconfirmed', atMs: now.atMs };
    if (now.digest === digest) return { ...seen, state: 'in-effect', ...at };
    const differences = confirmed === undefined ? [] : options.compare(kind, confirmed.text, now.text, hosts);
    return {
      ...seen,
      state: 'changed',
      ...at,
      differences,
      ...(confirmed === undefined ? { why: 'the confirmed text is not at hand, so none is in effect' } : {}),
    };
  }
  if (confirmed !== undefined)
    return {
      ...base,
      state: 'in-effect',
      ...at,
      ...(now === undefined ? {} : { why: `could not be looked at again: ${now}` }),
    };
  if (isFile && now !== undefined) return { ...base, state: 'unusable', why: now };
  return { ...base, state: 'unconfirmed', why: now ?? 'not fetched yet' };
}
