import { openApiOfText } from '../languages/api-differences.ts';
import { type DescribedApi, type DescribedApis, describedApis } from '../languages/described-apis.ts';
import { schemaIndex } from '../languages/graphql/schema/read-schema.ts';
import type { ApiDocument } from '../ports/api-documents.ts';

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
