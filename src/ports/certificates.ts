/** A private key and its chain, PEM. */
export interface Leaf {
  readonly key: string;
  /** The leaf certificate. */
  readonly cert: string;
}

/**
 * The certificate authority of one run. Contract:
 * - only files in the state directory are written, never a system store; the authority's key is in no file;
 * - `leafFor` gives the same object for the same host while that leaf is cached and valid, and rejects for a name that
 *   is neither a DNS name nor an IP address.
 */
export interface Certificates {
  readonly caCertificatePem: string;
  /** Absolute path of `caCertificatePem`. */
  readonly caFile: string;
  /** Absolute path of a bundle: what the system trusts, and `caCertificatePem`. */
  readonly bundleFile: string;
  /** Renews the authority and its files where it ends soon: before a client is told where they are. */
  ready(): Promise<void>;
  /** `host`: canonical, lower case, an IPv6 address without brackets. */
  leafFor(host: string): Promise<Leaf>;
}
