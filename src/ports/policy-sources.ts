import type { PolicyEngine } from './policy-engine.ts';
import type { LayerInForce, PolicyLayer } from './policy-layers.ts';

export type Sourced<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

export interface OpaServerOptions {
  /** Where OPA answers, e.g. `https://opa.example.com:8181`. Plain http to loopback only. */
  readonly url: string;
  /** Below `/v1/data/`: the parent of the policies, or a package `main` as conftest has it. */
  readonly path: string;
  /** For all of one attempt: waiting for a connection, connecting, asking, reading. */
  readonly timeoutMs: number;
  /** Bearer token. */
  readonly token?: string;
  /** PEM of the authorities that may vouch for the server, in place of the system's. */
  readonly ca?: string;
  /** Policies (`production`) and rules (`production/deny`) without which an answer counts as undefined. */
  readonly expect?: readonly string[];
}

/**
 * An organisation's own OPA. Contract: as PolicyEngine; asked about every attempt, since nothing can be proven of a policy
 * that is not here; keeps no verdict. One opinion, of the layer `organisation`.
 */
export interface OpaServer extends PolicyEngine {
  /** The digest changes with what the server says of its bundles. */
  readonly inForce: LayerInForce;
  /** Why the last answer denied, where it was no answer; `undefined` once the server answers again. */
  readonly trouble: string | undefined;
  close(): Promise<void>;
}

/** Opens no connection yet: a server that is down denies, it does not stop the guard from starting. */
export type OpenOpaServer = (options: OpaServerOptions) => Sourced<OpaServer>;

export type ReadFile = (path: string, maxBytes: number) => Promise<Sourced<Uint8Array>>;

export interface BundleVerification {
  readonly keyId: string;
  /** `RS256`, `ES256`, `EdDSA`, ...: the asymmetric ones. */
  readonly algorithm: string;
  /** PEM. */
  readonly publicKey: string;
  readonly scope?: string;
}

export interface BundleOptions {
  /** `https://...` (plain http to loopback only), or an absolute path. */
  readonly source: string;
  /** A folder that only the guard's account writes: the last accepted bundle and its revision are kept there. */
  readonly stateDir: string;
  readonly verification?: BundleVerification;
  readonly token?: string;
  readonly ca?: string;
  /** How a source that is a path is read. */
  readonly readFile: ReadFile;
  readonly nowMs: () => number;
}

/** A state of the organisation's policy that could come into force. */
export interface PolicyCandidate {
  readonly layer: PolicyLayer;
  /** To be called once the layer is in force: what is older is refused from then on. The answer says what could not be kept. */
  accepted(): Promise<string | undefined>;
}

export type NextPolicy =
  | { readonly kind: 'same' }
  | { readonly kind: 'new'; readonly candidate: PolicyCandidate }
  | { readonly kind: 'refused'; readonly why: string };

/** Contract: what is refused changes nothing; the last good one goes on to be in force. Never rejects. */
export interface BundleFeed {
  /** The last accepted bundle, from disk and checked again; `undefined` where none was accepted yet. */
  lastGood(): Promise<Sourced<PolicyCandidate | undefined>>;
  /** `same`: as the last one that was given out by this feed. */
  next(): Promise<NextPolicy>;
  close(): Promise<void>;
}

export type OpenBundleFeed = (options: BundleOptions) => Sourced<BundleFeed>;
