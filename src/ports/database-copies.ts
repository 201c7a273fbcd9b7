import type { Tri } from '../core/tri.ts';

/** How a database is reached. Whoever makes one has checked that host, port and names are nothing else. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** SECURITY: never in evidence, plans, receipts, messages or the arguments of a program. */
  readonly password: string;
  readonly sslMode: SslMode;
}

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** What a look at a database shows that stays the same from one minute to the next. */
export type DatabaseLook = {
  readonly major: number;
  readonly tables: number;
  /** A power of two that the database is not larger than. */
  readonly megabytes: number;
  readonly extensions: readonly string[];
};

export type CopyMeans =
  /** `unchecked`: why the copy cannot be restored once, to see whether it is good. */
  | { readonly can: true; readonly how: string; readonly unchecked?: string }
  | { readonly can: false; readonly why: string };

export interface DatabaseCopy {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256, lower-case hex, of the file as read back. */
  readonly sha256: string;
  readonly tables: number;
  readonly rows: number;
  /** The server that it was restored into, with the same tables and rows; absent where none could be had. */
  readonly restoredInto?: string;
}

export type CopyResult =
  | { readonly ok: true; readonly where: string; readonly copies: readonly DatabaseCopy[] }
  | { readonly ok: false; readonly why: string };

/**
 * Copies databases to a place that is the guard's. Contract:
 * - `look` only reads, and resolves to unknown with the reason where it cannot.
 * - `means` is deterministic for one state of this machine, so that the plan a person signed is made again.
 * - `copy` takes all or nothing, resolves only after every copy is durable, has been read back, and was restored once
 *   where `means` did not say that it cannot be; whatever fails leaves nothing behind.
 */
export interface DatabaseCopier {
  /** Absolute; where copies are kept. */
  readonly dir: string;
  look(address: DatabaseAddress, signal: AbortSignal): Promise<Tri<DatabaseLook>>;
  means(look: DatabaseLook): CopyMeans;
  /** `name`: two segments below `dir`. */
  copy(
    addresses: readonly { readonly address: DatabaseAddress; readonly about: string }[],
    name: readonly [attempt: string, effect: string],
  ): Promise<CopyResult>;
}
