import { lookup as systemLookup } from 'node:dns/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type AllowedAddress, addressClass, mayConnect } from '../../protocols/http/address.ts';
import type { Authority, Scheme } from '../../protocols/http/target.ts';
import type { EgressOptions, ResolvedAddress } from './contract.ts';
import { ownRefusal, type Refusal } from './refusal.ts';

/** What all connections of one gateway share for reaching servers. */
export interface Reach {
  readonly options: EgressOptions;
  readonly allowed: readonly AllowedAddress[];
  /** The system's authorities and the extra ones, parsed once. */
  trust(): SecureContext;
  readonly connectTimeoutMs: number;
  /** The gateway's own port: a request to it would go round in a circle. */
  ownPort: number;
}

/** A destination whose addresses were checked; `lookup` gives these and asks nobody. */
export interface Reached {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
}

export type ReachResult =
  | { readonly ok: true; readonly reached: Reached }
  | { readonly ok: false; readonly refusal: Refusal; readonly code: string };

/** Checked addresses are used again for this long, so that a busy tunnel does not ask the resolver for each request. */
const ADDRESS_LIFETIME_MS = 30_000;
/** Servers close idle connections; ours go first, so that a request is not lost to that race. */
const IDLE_UPSTREAM_MS = 4_000;
const REMEMBERED = 64;

/**
 * The way out of one client connection. SECURITY: upstream connections are never shared between client connections, so
 * that neither an answer nor an authenticated connection can reach another task.
 */
export class Upstream {
  readonly #reach: Reach;
  readonly #known = new Map<string, { readonly reached: Reached; readonly atMs: number }>();
  #http: HttpAgent | undefined;
  #https: HttpsAgent | undefined;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  agentFor(scheme: Scheme): HttpAgent {
    const options = { keepAlive: true, maxSockets: 4, maxFreeSockets: 2, timeout: IDLE_UPSTREAM_MS };
    if (scheme === 'http') {
      this.#http ??= new HttpAgent(options);
      return this.#http;
    }
    this.#https ??= new HttpsAgent({ ...options, secureContext: this.#reach.trust() });
    return this.#https;
  }

  /** Finds and checks the addresses of a destination. Only to be called for a request that may pass. */
  async resolve(authority: Authority): Promise<ReachResult> {
    const key = `${authority.host} ${authority.port}`;
    const nowMs = this.#reach.options.clock.monotonicMs();
    const known = this.#known.get(key);
    if (known !== undefined && nowMs - known.atMs < ADDRESS_LIFETIME_MS) return { ok: true, reached: known.reached };
    const result = await reachAuthority(this.#reach, authority);
    if (result.ok) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(key, { reached: result.reached, atMs: nowMs });
    }
    return result;
  }

  destroy(): void {
    this.#http?.destroy();
    this.#https?.destroy();
  }
}

async function reachAuthority(reach: Reach, authority: Authority): Promise<ReachResult> {
  const { options } = reach;
  const declared = options.resolve?.get(`${authority.host}:${authority.port}`) ?? options.resolve?.get(authority.host);
  const port = declared?.port ?? authority.port;
  let addresses: readonly ResolvedAddress[];
  if (declared !== undefined) addresses = [literal(declared.address)];
  else if (isIP(authority.host) !== 0) addresses = [literal(authority.host)];
  else {
    const asking = options.lookup === undefined ? defaultLookup(authority.host) : options.lookup(authority.host);
    const found = await withTimeout(asking, reach.connectTimeoutMs);
    if (found === undefined || found.length === 0) {
      return denied(502, 'lookup', `the address of \`${authority.host}\` could not be found`);
    }
    addresses = found;
  }
  for (const { address } of addresses) {
    // SECURITY: one forbidden address among good ones refuses them all; a client may not choose among them by luck.
    if (!mayConnect(address, port, reach.allowed)) {
      return denied(
        403,
        'address',
        `\`${authority.host}\` leads to \`${address}\`, which is ${addressClass(address)} and was not declared`,
      );
    }
    if (port === reach.ownPort && addressClass(address) === 'loopback')
      return denied(508, 'loop', 'the gateway does not connect to itself');
  }
  const lookup: LookupFunction = (_host, asked, done) => {
    const fit =
      asked.family === 4 || asked.family === 6 ? addresses.filter((one) => one.family === asked.family) : addresses;
    const first = fit[0];
    if (first === undefined)
      done(Object.assign(new Error('no checked address of that family'), { code: 'ENOTFOUND' }), '', 4);
    else if (asked.all === true) done(null, [...fit]);
    else done(null, first.address, first.family);
  };
  const host = declared !== undefined && isIP(authority.host) !== 0 ? declared.address : authority.host;
  return { ok: true, reached: { host, port, lookup } };
}

async function defaultLookup(host: string): Promise<readonly ResolvedAddress[]> {
  const found = await systemLookup(host, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

function literal(address: string): ResolvedAddress {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

/** `undefined` for a failure as for a time-out: either way there is no address. */
async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([work.catch(() => undefined), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function denied(status: number, code: string, detail: string): ReachResult {
  return { ok: false, code, refusal: ownRefusal(status, code, detail) };
}
