import type { webcrypto } from 'node:crypto';
import type { Certificates, Leaf } from '../../ports/certificates.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  type AuthorityPaths,
  authorityPaths,
  prepareFolder,
  systemTrust,
  writePublicFiles,
} from './authority-files.ts';
import { type Authority, mintAuthority, mintKeyPair, mintLeaf } from './mint.ts';

export interface CertificatesOptions {
  /** Absolute path; made with mode 0700 where it is missing. */
  readonly directory: string;
  /** Where the files that clients read lie; `directory` where left out. What is there stays open to whom it is open. */
  readonly publicDirectory?: string;
  readonly clock: Clock;
  /** Leaves kept in memory; the least recently used goes first. */
  readonly cachedLeaves?: number;
  /** PEM of what clients should go on trusting beside our authority. Default: the system's bundle. */
  readonly trustedPem?: string;
}

/** In a long run it is replaced this long before it ends. */
const RENEW_IN_RUN_MS = 60 * 60 * 1000;
/** A cached leaf with less left than this is minted again. */
const LEAF_REFRESH_MS = 60 * 60 * 1000;

/**
 * Makes an authority for this run, and writes what clients need of it to `directory`. SECURITY: its key never leaves
 * the memory of this process, so what trusts it trusts nothing once the run is over. Rejects where a file cannot be written.
 */
export async function openCertificates(options: CertificatesOptions): Promise<Certificates> {
  const paths = authorityPaths(options.directory, options.publicDirectory);
  const trusted = options.trustedPem ?? (await systemTrust());
  const authority = await mintAuthority(options.clock.nowMs());
  await prepareFolder(paths);
  await writePublicFiles(paths, authority, trusted);
  return new CertificateCache(options, paths, trusted, authority, await mintKeyPair());
}

interface CachedLeaf {
  readonly leaf: Promise<Leaf & { readonly notAfterMs: number }>;
  /** Until this is known, the leaf is being minted. */
  notAfterMs: number;
}

class CertificateCache implements Certificates {
  readonly caFile: string;
  readonly bundleFile: string;
  readonly #options: CertificatesOptions;
  readonly #paths: AuthorityPaths;
  readonly #trusted: string;
  readonly #leafKeys: { readonly publicKey: webcrypto.CryptoKey; readonly keyPem: string };
  readonly #leaves = new Map<string, CachedLeaf>();
  #authority: Authority;
  #renewal: Promise<void> | undefined;

  constructor(
    options: CertificatesOptions,
    paths: AuthorityPaths,
    trusted: string,
    authority: Authority,
    leafKeys: { readonly publicKey: webcrypto.CryptoKey; readonly keyPem: string },
  ) {
    this.#options = options;
    this.#paths = paths;
    this.#trusted = trusted;
    this.#authority = authority;
    this.#leafKeys = leafKeys;
    this.caFile = paths.caFile;
    this.bundleFile = paths.bundleFile;
  }

  get caCertificatePem(): string {
    return this.#authority.certificatePem;
  }

  ready(): Promise<void> {
    return this.#renewIfNeeded();
  }

  async leafFor(host: string): Promise<Leaf> {
    await this.#renewIfNeeded();
    const nowMs = this.#options.clock.nowMs();
    const cached = this.#leaves.get(host);
    if (cached !== undefined && cached.notAfterMs - nowMs > LEAF_REFRESH_MS) {
      this.#leaves.delete(host);
      this.#leaves.set(host, cached);
      return cached.leaf;
    }
    const entry: CachedLeaf = { leaf: this.#mint(host, nowMs), notAfterMs: Number.POSITIVE_INFINITY };
    this.#leaves.set(host, entry);
    const limit = this.#options.cachedLeaves ?? 512;
    while (this.#leaves.size > limit) {
      const oldest = this.#leaves.keys().next();
      if (oldest.done === true) break;
      this.#leaves.delete(oldest.value);
    }
    try {
      const leaf = await entry.leaf;
      entry.notAfterMs = leaf.notAfterMs;
      return leaf;
    } catch (error) {
      if (this.#leaves.get(host) === entry) this.#leaves.delete(host);
      throw error;
    }
  }

  async #mint(host: string, nowMs: number): Promise<Leaf & { readonly notAfterMs: number }> {
    const minted = await mintLeaf(this.#authority, this.#leafKeys.publicKey, host, nowMs);
    return { key: this.#leafKeys.keyPem, cert: minted.certificatePem, notAfterMs: minted.notAfterMs };
  }

  async #renewIfNeeded(): Promise<void> {
    if (this.#authority.notAfterMs - this.#options.clock.nowMs() > RENEW_IN_RUN_MS) return;
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
  }

  async #renew(): Promise<void> {
    const authority = await mintAuthority(this.#options.clock.nowMs());
    await writePublicFiles(this.#paths, authority, this.#trusted);
    this.#authority = authority;
    this.#leaves.clear();
  }
}
