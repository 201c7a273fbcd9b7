/** A document about an API that a person confirmed, to the byte. */
export interface ApiDocument {
  readonly name: string;
  /** Lower case, with the port where it is not the scheme's own. */
  readonly hosts: readonly string[];
  readonly kind: 'openapi' | 'graphql';
  /** Of the GraphQL endpoint; none: every path of the hosts that is one by convention. */
  readonly paths: readonly string[];
  /** `fetched`: the server's own answer to introspection. */
  readonly trust: 'declared' | 'fetched';
  readonly text: string;
  readonly digest: string;
  /** File, URL, or `introspection of URL`. */
  readonly from: string;
  /** When this text was written or fetched, milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** How things stand with one file of the configuration. */
export interface ApiState {
  readonly file: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly kind: 'openapi' | 'graphql' | 'github' | 'unknown';
  readonly from: string;
  /**
   * `in-effect`: the text that is there is the confirmed one. `changed`: another is there; the confirmed one stays in effect
   * where it is still at hand (`document`). `unconfirmed`: nobody confirmed any. `unusable`: `why` says what is wrong.
   */
  readonly state: 'in-effect' | 'changed' | 'unconfirmed' | 'unusable';
  readonly why?: string;
  /** Of the text that is there now: what a person would write into the file to confirm it. */
  readonly digest?: string;
  readonly confirmed?: string;
  readonly atMs?: number;
  /** What the text that is there now says otherwise than the confirmed one. */
  readonly differences?: readonly string[];
}

/**
 * Documents about APIs, as a person configured them. Contract:
 * - `documents` never changes while the object lives: what is judged by is fixed at the start.
 * - A text takes effect only where its digest is the one that a person wrote down; every other text is shown, and nothing more.
 * - `refresh` resolves, never rejects for what the world does; it sends no credential and changes nothing but its cache.
 */
export interface ApiDocuments {
  readonly documents: readonly ApiDocument[];
  /** Hosts of GitHub Enterprise Servers. */
  readonly githubHosts: readonly string[];
  states(): readonly ApiState[];
  refresh(signal: AbortSignal): Promise<void>;
}
