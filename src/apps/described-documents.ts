import path from 'node:path';
import { apiDifferences, openApiOfText } from '../languages/api-differences.ts';
import { type DescribedApi, type DescribedApis, describedApis } from '../languages/described-apis.ts';
import { schemaIndex } from '../languages/graphql/schema/read-schema.ts';
import type { ApiDocument, ApiDocuments } from '../ports/api-documents.ts';
import type { Clock } from '../ports/clock.ts';
import type { Paths } from './paths.ts';

/** A server of documents that is slow must not keep the daemon from starting: what it has not sent is not in effect. */
const FETCH_TIMEOUT_MS = 5_000;

/** Where documents are configured and kept. */
export function documentOptions(paths: Paths, clock: Clock) {
  return {
    folder: path.join(paths.config, 'apis'),
    cache: path.join(paths.state, 'apis'),
    clock,
    compare: apiDifferences,
    // In a system installation the cache is the daemon's own.
    keeps: paths.trust === 'advisory' || process.getuid?.() === paths.ownerUid,
  } as const;
}

/** Opens the documents for a daemon, and says which of the confirmed ones it cannot read. */
export async function openDescribed(
  open: (options: ReturnType<typeof documentOptions>, signal: AbortSignal) => Promise<ApiDocuments>,
  paths: Paths,
  clock: Clock,
): Promise<{ readonly documents: ApiDocuments; readonly described: DescribedDocuments }> {
  const documents = await open(documentOptions(paths, clock), AbortSignal.timeout(FETCH_TIMEOUT_MS));
  const described = describeDocuments(documents.documents, documents.githubHosts);
  for (const [name, why] of described.faults)
    process.stderr.write(`holdpoint: the document of \`${name}\` cannot be read: ${why}\n`);
  return { documents, described };
}

export interface DescribedDocuments {
  readonly apis: DescribedApis;
  /** Documents that are confirmed and cannot be read, by name. */
  readonly faults: ReadonlyMap<string, string>;
  /** The text of an operation, as its author wrote it. */
  textOf(api: string, operation: string): string | undefined;
}

/** Confirmed documents, ready to be judged by. */
export function describeDocuments(
  documents: readonly ApiDocument[],
  githubHosts: readonly string[],
): DescribedDocuments {
  const apis: DescribedApi[] = [];
  const faults = new Map<string, string>();
  for (const { name, hosts, kind, paths, trust, text } of documents) {
    if (kind === 'openapi') {
      const read = openApiOfText(text, hosts);
      if (read.ok) apis.push({ name, hosts, trust, index: { kind, openapi: read.index } });
      else faults.set(name, read.why);
    } else {
      const read = schemaIndex(text);
      if (read.ok) apis.push({ name, hosts, trust, index: { kind, schema: read.index, paths } });
      else faults.set(name, read.why);
    }
  }
  return {
    apis: describedApis(apis, githubHosts),
    faults,
    textOf(api, operation) {
      const index = apis.find((one) => one.name === api)?.index;
      if (index === undefined) return undefined;
      if (index.kind === 'openapi') {
        const found = index.openapi.operations.get(operation);
        if (found === undefined) return undefined;
        const parts = [found.isDeprecated ? '(deprecated)' : '', found.summary, found.description];
        return parts.filter((part) => part !== '').join(' — ');
      }
      const at = operation.lastIndexOf('.');
      return index.schema.types.get(operation.slice(0, at))?.get(operation.slice(at + 1))?.description;
    },
  };
}
