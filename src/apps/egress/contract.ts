import type { Outcome } from '../../core/receipt.ts';
import type { Certificates } from '../../ports/certificates.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Problem } from '../../protocols/http/problem.ts';
import type { UpstreamProxies } from './upstream-proxy.ts';

/** Who is behind a connection, as the gateway itself vouches for it. */
export interface GatewayIdentity {
  readonly agent: string;
  readonly task: string;
}

/** One request as it is judged; the same bytes are sent if it passes. */
export interface GatewayRequest {
  readonly connectionId: string;
  readonly identity: GatewayIdentity;
  readonly method: string;
  /** Absolute and canonical: lower-case host, no default port, no dot segments, no fragment. */
  readonly url: string;
  /** Lower-case names; values in order. Hop-by-hop and proxy headers, Host and Expect are not in it. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** After content decoding (`content-encoding` stays among the headers). Undefined where there is none, or it is too large. */
  readonly body?: Uint8Array;
  /** The body is larger than is judged. A `pass` then streams it unseen. */
  readonly bodyTooLarge: boolean;
  /** How it begins, where the meaning of the kind of request lies in its beginning (a push) and the whole is too large. */
  readonly bodyStart?: Uint8Array;
}

/** What became of a request that was let pass. `status` is the server's, where there was an answer. */
export interface GatewayOutcome {
  readonly outcome: Outcome;
  readonly status?: number;
  readonly detail?: string;
}

export type GatewayDecision =
  /** Given only after the intent receipt is durable. `done` is called exactly once. */
  | { readonly kind: 'pass'; done(outcome: GatewayOutcome): Promise<void> }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly problem: Problem;
      readonly retryAfterSeconds?: number;
    };

/** A refusal by the gateway itself, so that a receipt can be written. The judge's own refusals are not among these. */
export interface GatewayRefusal {
  readonly connectionId: string;
  readonly identity?: GatewayIdentity;
  /** 0 where the connection was cut without an answer. */
  readonly status: number;
  /** Short and stable, e.g. `framing`, `sni`, `address`. */
  readonly code: string;
  readonly detail: string;
  readonly method?: string;
  readonly url?: string;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface EgressOptions {
  readonly certificates: Certificates;
  readonly clock: Clock;
  /** Rejecting, or taking longer than `judgeTimeoutMs`, refuses the request. `signal` aborts when the client has gone. */
  judge(request: GatewayRequest, signal: AbortSignal): Promise<GatewayDecision>;
  /** From the proxy credentials (empty strings without any). `undefined` answers 407. */
  identify(user: string, password: string): GatewayIdentity | undefined;
  onRefusal?(refusal: GatewayRefusal): void;
  /** An outcome could not be recorded: the caller must get to know it, since nothing else can. */
  onRecordFailure?(error: unknown): void;
  /** Loopback address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any. */
  readonly port?: number;
  /** `host` or `host:port` to a declared address. The address guard applies to it as well. */
  readonly resolve?: ReadonlyMap<string, { readonly address: string; readonly port?: number }>;
  /** Default: the system's resolver. Asked only after a `pass`. */
  lookup?(host: string): Promise<readonly ResolvedAddress[]>;
  /** Addresses outside the public internet that may be reached: `ADDRESS[/BITS]`, also with `:PORT`. */
  readonly allowAddresses?: readonly string[];
  /** PEM of authorities that upstream servers may have besides the system's. */
  readonly extraCa?: readonly string[];
  /** The organisation's proxies, by the scheme of what is asked for. */
  readonly upstreamProxies?: UpstreamProxies;
  /** By `host` or `host:port`: what is shown to servers that ask who calls. */
  readonly clientCertificates?: ReadonlyMap<string, ClientCertificate>;
  readonly limits?: Partial<EgressLimits>;
}

/** PEM texts. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface EgressLimits {
  readonly judgedBodyBytes: number;
  /** Requests being judged or passed at one time. */
  readonly inFlight: number;
  readonly connections: number;
  /** Requests that wait their turn on one connection. */
  readonly pipelined: number;
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** A connection without a request for this long is closed. */
  readonly idleTimeoutMs: number;
  readonly judgeTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Until the head of the answer; an answer once begun may go on without end. */
  readonly answerTimeoutMs: number;
  /** After this long a client that stands it is told that its request is still being judged (102). */
  readonly progressMs: number;
  /** A client that takes nothing of an answer for this long is cut off. */
  readonly stallTimeoutMs: number;
}

export interface Egress {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The variables by which an agent of this task uses the gateway and trusts its certificates. */
  environmentFor(task: string, password?: string): Record<string, string>;
  /** Refuses what is new, cuts what is open, and resolves after the last outcome is recorded. */
  close(): Promise<void>;
}
