import type { Effect, Reversal } from '../core/effect.ts';
import type { ResourceRef } from '../core/resource.ts';
import { brief } from './api-actions.ts';
import type { SchemaIndex } from './graphql/schema/schema-index.ts';
import type { OpenApiIndex } from './http/openapi/openapi-index.ts';

/**
 * Who vouches for a document. `declared`: a person chose this text. `fetched`: the server said it about itself. Either
 * raises a classification; only a declared one says of an opaque call that it reads or creates. See docs/adr/0010.
 */
export type Trust = 'declared' | 'fetched';

export interface DescribedApi {
  /** Name by which its resources and operations are known: `system` of their references. */
  readonly name: string;
  /** Lower case; with the port where it is not the scheme's own. */
  readonly hosts: readonly string[];
  readonly trust: Trust;
  readonly index:
    | { readonly kind: 'openapi'; readonly openapi: OpenApiIndex }
    | { readonly kind: 'graphql'; readonly schema: SchemaIndex; readonly paths: readonly string[] };
}

/** What is known of APIs besides the catalogue, by host. Never changes while it is used. */
export interface DescribedApis {
  readonly byHost: ReadonlyMap<string, readonly DescribedApi[]>;
  /** Hosts of GitHub Enterprise Servers, as a person declared them. */
  readonly githubHosts: ReadonlySet<string>;
}

export const NO_APIS: DescribedApis = { byHost: new Map(), githubHosts: new Set() };

export function describedApis(apis: readonly DescribedApi[], githubHosts: readonly string[] = []): DescribedApis {
  const byHost = new Map<string, DescribedApi[]>();
  for (const api of apis)
    for (const host of api.hosts) {
      const known = byHost.get(host.toLowerCase());
      if (known === undefined) byHost.set(host.toLowerCase(), [api]);
      else known.push(api);
    }
  return { byHost, githubHosts: new Set(githubHosts.map((host) => host.toLowerCase())) };
}

/** The operation itself, for questions about its documentation. */
export function operationRef(api: string, operation: string): ResourceRef {
  return { system: 'api', kind: 'operation', path: [api, operation] };
}

const ROUGHLY: Record<Reversal, number> = {
  regenerable: 0,
  undoable: 1,
  safeguardable: 2,
  unknown: 3,
  irreversible: 4,
};

export function stricterReversal(a: Reversal, b: Reversal): Reversal {
  return ROUGHLY[a] >= ROUGHLY[b] ? a : b;
}

/** Verb, way back and words for a card, by what a document or a name says. */
export const DOCUMENTED_EFFECTS = {
  destroy: ['destroy', 'unknown', 'deletes'],
  grant: ['grant', 'unknown', 'gives access to'],
  expose: ['expose', 'irreversible', 'sends out'],
  change: ['change', 'unknown', 'changes'],
  create: ['create', 'unknown', 'creates'],
  read: ['read', 'regenerable', 'reads'],
} as const satisfies Record<string, readonly [Effect['verb'], Reversal, string]>;

export function targetWords(ref: ResourceRef): string {
  return `${ref.system} ${ref.kind} ${brief(ref.path.join('/'), 160)}`;
}
